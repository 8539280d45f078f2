package seal

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// A plaintext begins with the format and its type, so that two types are never confused, even under the same key.
const (
	format byte = 1

	holdsRecord   byte = 1
	holdsVaultKey byte = 2
	holdsManifest byte = 3
	holdsQueue    byte = 4
	holdsPiece    byte = 5
	holdsDraft    byte = 6
)

// appendField appends the length in one byte, and the bytes. Different lists of fields never have the same encoding.
func appendField[T string | []byte](b []byte, field T) []byte {
	return append(append(b, byte(len(field))), field...) // #nosec G115 -- fields are ids, keys and short names
}

// cutField reverses appendField. ok is false if b is too short.
func cutField(b []byte) (field, rest []byte, ok bool) {
	if len(b) == 0 || len(b)-1 < int(b[0]) {
		return nil, nil, false
	}
	n := 1 + int(b[0])
	return b[1:n], b[n:], true
}

const (
	smallestBucket = 256
	lengthSize     = 4
)

// bucket returns the length of the ciphertext for a plaintext of n bytes: the next of 256, 320, 384, 448, 512, 640, 768, 896,
// 1024, 1280 … (four steps per doubling) that leaves at least one byte for Fernet's PKCS #7 padding. The length of a token
// reveals only one of 30 classes to the server; nearly all passwords are in the first.
func bucket(n int) int {
	n = max(n+1, smallestBucket)
	step := 1 << (bits.Len(uint(n-1)) - 3) // #nosec G115 -- n is at least 256
	return (n + step - 1) / step * step
}

// framePlaced encodes a plaintext that belongs to a place: format, type, place, length of the content (4 bytes, big-endian),
// content, zeros up to one byte less than the bucket.
func framePlaced(holds byte, place, content []byte) []byte {
	n := 2 + len(place) + lengthSize + len(content)
	b := make([]byte, 0, bucket(n)-1)
	b = append(b, format, holds)
	b = append(b, place...)
	return appendPadded(b, content)
}

// appendPadded appends the length of content, content, and zeros up to the capacity of b.
func appendPadded(b, content []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(content))) // #nosec G115 -- callers bound it
	b = append(b, content...)
	return b[:cap(b)]
}

// parsePlaced reverses framePlaced. It accepts only plaintexts that framePlaced can produce. cut splits off the place, which
// the caller must compare with the expected one. The results share memory with b.
func parsePlaced(b []byte, holds byte, cut func([]byte) (place, rest []byte, ok bool)) (place, content []byte, ok bool) {
	if len(b) < 2 || b[0] != format || b[1] != holds {
		return nil, nil, false
	}
	place, rest, ok := cut(b[2:])
	if !ok {
		return nil, nil, false
	}
	content, ok = cutPadded(b, len(b)-len(rest))
	return place, content, ok
}

// cutPadded reverses appendPadded. In b, head bytes precede the length. The result shares memory with b.
func cutPadded(b []byte, head int) (content []byte, ok bool) {
	rest := b[head:]
	if len(rest) < lengthSize {
		return nil, false
	}
	n := binary.BigEndian.Uint32(rest)
	rest = rest[lengthSize:]
	if uint64(n) > uint64(len(rest)) {
		return nil, false
	}
	content, zeros := rest[:n:n], rest[n:]
	if len(b) != bucket(len(b)-len(zeros))-1 || len(bytes.TrimRight(zeros, "\x00")) != 0 {
		return nil, false
	}
	return content, true
}
