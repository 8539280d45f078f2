// Package sealing has what all sealed formats share: the body of a key, tokens, and the padding of plaintexts.
package sealing

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
)

// KeySize is the size of every key in bytes.
const KeySize = 32

const redacted = "[redacted key]"

// Errors of this package. Package seal and the packages of other formats name them too.
var (
	// ErrWrongKey: a wrapped key does not open. The key is wrong, or the token was altered.
	ErrWrongKey = errors.New("wrapped key does not open with this key")
	// ErrAltered: a token was not created by this vault, or not for this place.
	ErrAltered = errors.New("was changed outside this vault")
)

// Secret is the body of every key type. The func array makes == a compile error, because the time of == depends on the key.
// A key prints as "[redacted key]" on its own, in an exported field, in a slice and in a map. Package fmt ignores the methods
// of unexported fields, so never print a struct that has a key in one.
//
// A Secret has no method that reveals its bytes, because each key type embeds it, and so has all its methods.
type Secret struct {
	_ [0]func()
	b [KeySize]byte
}

func (Secret) String() string               { return redacted }
func (Secret) GoString() string             { return redacted }
func (Secret) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, redacted) }
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// New returns a random secret.
func New() Secret {
	var s Secret
	RandomBytes(s.b[:])
	return s
}

// Of returns the secret with these bytes.
func Of(b [KeySize]byte) Secret { return Secret{b: b} }

// Parse returns ErrWrongKey unless b is KeySize bytes that are not all zero.
func Parse(b []byte) (s Secret, err error) {
	if len(b) != KeySize || [KeySize]byte(b) == [KeySize]byte{} {
		return s, ErrWrongKey
	}
	copy(s.b[:], b)
	return s, nil
}

// Bytes panics for the zero key, which means that a key was never set or was wiped. The result shares memory with s.
func Bytes(s *Secret) []byte {
	if IsZero(s) {
		panic("seal: use of a zero key")
	}
	return s.b[:]
}

// IsZero reports whether a key was never set or was wiped.
func IsZero(s *Secret) bool { return s.b == [KeySize]byte{} }

// Equal compares in constant time.
func Equal(s, o *Secret) bool { return subtle.ConstantTimeCompare(s.b[:], o.b[:]) == 1 }

// Derive is HKDF-SHA256 (RFC 5869) with an empty salt: extract, then expand to 32 bytes.
func Derive(s *Secret, info string) Secret {
	extracted := Extract(s)
	defer Wipe(&extracted)
	return Expand(&extracted, info)
}

// Extract is the first half of Derive.
func Extract(s *Secret) Secret { return derived(hkdf.Extract(sha256.New, Bytes(s), nil)) }

// Expand is the second half of Derive, for an extracted secret.
func Expand(s *Secret, info string) Secret {
	return derived(hkdf.Expand(sha256.New, Bytes(s), info, KeySize))
}

func derived(b []byte, err error) (out Secret) {
	if err != nil {
		panic("seal: " + err.Error()) // the length is below the limit of 255 hashes
	}
	copy(out.b[:], b)
	clear(b)
	return out
}

// Wipe overwrites s with zeros.
func Wipe(s *Secret) { clear(s.b[:]) }

// RandomBytes fills b.
func RandomBytes(b []byte) {
	if _, err := rand.Read(b); err != nil {
		panic("seal: " + err.Error()) // documented never to happen
	}
}
