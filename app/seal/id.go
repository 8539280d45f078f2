package seal

import (
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// NewID returns a random id. Its text never begins with a hyphen, because a command would read such an argument as a flag.
func NewID() chain.ID {
	for {
		var id chain.ID
		sealing.RandomBytes(id[:])
		if id.String()[0] != '-' {
			return id
		}
	}
}

// Salt is the salt of a password, 16 bytes. It is not secret.
type Salt struct{ b [chain.SaltSize]byte }

// NewSalt returns a random salt. Every change of the password needs a new one.
func NewSalt() Salt {
	var s Salt
	sealing.RandomBytes(s.b[:])
	return s
}

// ParseSalt reads 16 bytes in base64url without padding. It rejects the all-zero salt with ErrBadID: clients never create it,
// and a hostile server could use it to attack many users with one precomputation.
func ParseSalt(s string) (Salt, error) {
	id, err := chain.ParseID(s)
	if err != nil {
		return Salt{}, fmt.Errorf("salt: %w", ErrBadID)
	}
	salt := Salt{id}
	return salt, salt.check()
}

// String returns base64url without padding, the form that ParseSalt reads.
func (s Salt) String() string { return chain.ID(s.b).String() }

func (s Salt) check() error {
	if s.b == [chain.SaltSize]byte{} {
		return fmt.Errorf("salt: all bytes are zero: %w", ErrBadID)
	}
	return nil
}
