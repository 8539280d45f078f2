package seal

import (
	"encoding/base64"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

const idSize = 16

// idEncoding is strict: otherwise one id would have several spellings, and a store that compares text would see several users.
var idEncoding = base64.RawURLEncoding.Strict()

// UserID identifies a user: 16 random bytes, base64url without padding (22 characters). It is not secret and never changes.
type UserID string

// AccountID identifies an item of a vault, in the same form. It is not secret.
type AccountID string

// AttachmentID identifies an attachment, in the same form. It is not secret.
type AttachmentID string

// Salt is the salt of a master key, 16 bytes. It is not secret.
type Salt struct{ b [idSize]byte }

func NewUserID() UserID             { return UserID(newID()) }
func NewAccountID() AccountID       { return AccountID(newID()) }
func NewAttachmentID() AttachmentID { return AttachmentID(newID()) }

// NewSalt returns a random salt. Every change of the password needs a new one.
func NewSalt() Salt {
	var s Salt
	sealing.RandomBytes(s.b[:])
	return s
}

// ParseUserID accepts only the canonical spelling of an id. It returns ErrBadID for any other text.
func ParseUserID(s string) (UserID, error) {
	if _, err := decodeID(s); err != nil {
		return "", fmt.Errorf("user id: %w", err)
	}
	return UserID(s), nil
}

// ParseAccountID accepts only the canonical spelling of an id. It returns ErrBadID for any other text.
func ParseAccountID(s string) (AccountID, error) {
	if _, err := decodeID(s); err != nil {
		return "", fmt.Errorf("account id: %w", err)
	}
	return AccountID(s), nil
}

// ParseSalt reads 16 bytes in base64url without padding. It rejects the all-zero salt with ErrBadID: clients never create it,
// and a hostile server could use it to attack many users with one precomputation.
func ParseSalt(s string) (Salt, error) {
	b, err := decodeID(s)
	if err != nil {
		return Salt{}, fmt.Errorf("salt: %w", err)
	}
	salt := Salt{b}
	return salt, salt.check()
}

// String returns base64url without padding, the form that ParseSalt reads.
func (s Salt) String() string { return idEncoding.EncodeToString(s.b[:]) }

func (s Salt) check() error {
	if s.b == [idSize]byte{} {
		return fmt.Errorf("salt: all bytes are zero: %w", ErrBadID)
	}
	return nil
}

// newID never begins with a hyphen, because a command would read such an argument as a flag.
func newID() string {
	for {
		var b [idSize]byte
		sealing.RandomBytes(b[:])
		if id := idEncoding.EncodeToString(b[:]); id[0] != '-' {
			return id
		}
	}
}

func decodeID(s string) (b [idSize]byte, err error) {
	if len(s) != idEncoding.EncodedLen(idSize) {
		return b, ErrBadID
	}
	// Even a strict decoder skips line breaks, and then returns fewer than 16 bytes.
	if n, err := idEncoding.Decode(b[:], []byte(s)); err != nil || n != idSize {
		return b, ErrBadID
	}
	return b, nil
}
