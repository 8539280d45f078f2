package authenticators

import (
	"crypto/subtle"
	"encoding/binary"

	"golang.org/x/crypto/chacha20"
	"golang.org/x/crypto/poly1305" //nolint:staticcheck // the parts of a secretstream, which no package of Go's offers whole
)

const (
	streamHeader   = 24 // bytes
	streamOverhead = 1 + poly1305.TagSize
	streamFinal    = 3 // tag of the last message
	streamBlock    = 64
)

// openStream opens a crypto_secretstream_xchacha20poly1305 of libsodium with a single message. It returns nil if
// authentication fails, or the message is not the last.
//
// See https://doc.libsodium.org/secret-key_cryptography/secretstream.
func openStream(key, header, sealed []byte) []byte {
	if len(header) != streamHeader || len(sealed) < streamOverhead {
		return nil
	}
	inner, err := chacha20.HChaCha20(key, header[:16])
	if err != nil {
		return nil
	}
	nonce := append([]byte{1, 0, 0, 0}, header[16:]...) // the message counter, and the rest of the header
	stream, err := chacha20.NewUnauthenticatedCipher(inner, nonce)
	if err != nil {
		return nil
	}
	var macKey, first [streamBlock]byte
	stream.XORKeyStream(macKey[:], macKey[:])
	end := len(sealed) - poly1305.TagSize
	message, sum := sealed[1:end], sealed[end:]
	first[0] = sealed[0]
	stream.XORKeyStream(first[:], first[:])
	tag := first[0]
	first[0] = sealed[0]
	mac := poly1305.New((*[32]byte)(macKey[:32]))
	for _, part := range [][]byte{
		first[:], message, make([]byte, len(message)%16), // as in libsodium, instead of the padding to 16
		make([]byte, 8), binary.LittleEndian.AppendUint64(nil, uint64(streamBlock+len(message))),
	} {
		mac.Write(part) //nolint:errcheck // never fails (hash.Hash)
	}
	if subtle.ConstantTimeCompare(mac.Sum(nil), sum) == 0 || tag != streamFinal {
		return nil
	}
	plain := make([]byte, len(message))
	stream.XORKeyStream(plain, message)
	return plain
}
