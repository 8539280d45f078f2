package sealing

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// AppendField appends the length in one byte, and the bytes. Different lists of fields never have the same encoding.
func AppendField[T string | []byte](b []byte, field T) []byte {
	return append(append(b, byte(len(field))), field...) // #nosec G115 -- fields are ids, keys and short names
}

// CutField reverses AppendField. ok is false if b is too short.
func CutField(b []byte) (field, rest []byte, ok bool) {
	if len(b) == 0 || len(b)-1 < int(b[0]) {
		return nil, nil, false
	}
	n := 1 + int(b[0])
	return b[1:n], b[n:], true
}

const (
	smallestBucket = 256
	LengthSize     = 4 // of the length before the content
)

// MaxCiphertext is the largest bucket whose token is at most protocol.MaxTokenBytes long: see TestLargestToken of package seal.
const MaxCiphertext = 40960

// Bucket returns the length of the ciphertext for a plaintext of n bytes: the next of 256, 320, 384, 448, 512, 640, 768, 896,
// 1024, 1280 … (four steps per doubling) that leaves at least one byte for Fernet's PKCS #7 padding. The length of a token
// reveals only one of 30 classes to the server; nearly all passwords are in the first.
func Bucket(n int) int {
	n = max(n+1, smallestBucket)
	step := 1 << (bits.Len(uint(n-1)) - 3) // #nosec G115 -- n is at least 256
	return (n + step - 1) / step * step
}

// AppendPadded appends the length of content, content, and zeros up to the capacity of b.
func AppendPadded(b, content []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(content))) // #nosec G115 -- callers bound it
	b = append(b, content...)
	return b[:cap(b)]
}

// CutPadded reverses AppendPadded. In b, head bytes precede the length. The result shares memory with b.
func CutPadded(b []byte, head int) (content []byte, ok bool) {
	rest := b[head:]
	if len(rest) < LengthSize {
		return nil, false
	}
	n := binary.BigEndian.Uint32(rest)
	rest = rest[LengthSize:]
	if uint64(n) > uint64(len(rest)) {
		return nil, false
	}
	content, zeros := rest[:n:n], rest[n:]
	if len(b) != Bucket(len(b)-len(zeros))-1 || len(bytes.TrimRight(zeros, "\x00")) != 0 {
		return nil, false
	}
	return content, true
}
