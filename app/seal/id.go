package seal

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
)

const idSize = 16

// idEncoding is strict: with stray bits or line breaks allowed, one id would have several spellings, and a store
// that compares text would take them for several users.
var idEncoding = base64.RawURLEncoding.Strict()

// UserID names a user for ever: 16 random bytes, base64url without padding (22 characters). It is no secret.
type UserID string

// AccountID names one entry of a vault, in the form of a UserID. It is no secret.
type AccountID string

// AttachmentID names one attachment, in the form of a UserID. It is no secret.
type AttachmentID string

// Salt is the 16 byte salt of one master key. It is no secret.
type Salt struct{ b [idSize]byte }

func NewUserID() UserID             { return UserID(newID()) }
func NewAccountID() AccountID       { return AccountID(newID()) }
func NewAttachmentID() AttachmentID { return AttachmentID(newID()) }

// NewSalt is random; a user gets a new one with every change of the password.
func NewSalt() Salt {
	var s Salt
	randomBytes(s.b[:])
	return s
}

// ParseUserID takes the one canonical spelling of an id. ErrBadID.
func ParseUserID(s string) (UserID, error) {
	if _, err := decodeID(s); err != nil {
		return "", fmt.Errorf("user id: %w", err)
	}
	return UserID(s), nil
}

// ParseAccountID takes the one canonical spelling of an id. ErrBadID.
func ParseAccountID(s string) (AccountID, error) {
	if _, err := decodeID(s); err != nil {
		return "", fmt.Errorf("account id: %w", err)
	}
	return AccountID(s), nil
}

// ParseSalt takes 16 bytes in base64url without padding. The all-zero salt is refused with ErrBadID: no client makes
// it, and a server that hands it out wants one precomputation to serve for many users.
func ParseSalt(s string) (Salt, error) {
	b, err := decodeID(s)
	if err != nil {
		return Salt{}, fmt.Errorf("salt: %w", err)
	}
	salt := Salt{b}
	return salt, salt.check()
}

// String is base64url without padding, as ParseSalt reads it.
func (s Salt) String() string { return idEncoding.EncodeToString(s.b[:]) }

func (s Salt) check() error {
	if s.b == [idSize]byte{} {
		return fmt.Errorf("salt: all bytes are zero: %w", ErrBadID)
	}
	return nil
}

// newID never begins with a hyphen: as an argument of a command, that is a flag.
func newID() string {
	for {
		var b [idSize]byte
		randomBytes(b[:])
		if id := idEncoding.EncodeToString(b[:]); id[0] != '-' {
			return id
		}
	}
}

func decodeID(s string) (b [idSize]byte, err error) {
	if len(s) != idEncoding.EncodedLen(idSize) {
		return b, ErrBadID
	}
	// A line break is skipped even by a strict decoder; then fewer than 16 bytes come out.
	if n, err := idEncoding.Decode(b[:], []byte(s)); err != nil || n != idSize {
		return b, ErrBadID
	}
	return b, nil
}

func randomBytes(b []byte) {
	if _, err := rand.Read(b); err != nil {
		panic("seal: " + err.Error()) // documented never to happen: crypto/rand ends the program itself
	}
}
