package client

import (
	"encoding/binary"
	"sync"

	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Argon2id would take most of the time of these tests, so the key of a password and a salt is derived once for all of them.
func init() {
	type question struct {
		password string
		kdf      seal.KDF
	}
	var answers sync.Map
	argon2id = func(password string, kdf seal.KDF) (seal.PasswordKey, error) {
		answer, _ := answers.LoadOrStore(question{password, kdf}, sync.OnceValues(func() (seal.PasswordKey, error) {
			return seal.DerivePasswordKey(password, kdf)
		}))
		return answer.(func() (seal.PasswordKey, error))()
	}
}

// PrepareNth is PrepareRegistration for the nth account of a test. The nth accounts of all tests have one salt.
func (c *Client) PrepareNth(password string, n int64) (*Registration, error) {
	r := &Registration{
		phrase: seal.NewRecoveryPhrase(), kdf: seal.KDF{Cost: c.cost}, key: seal.NewAccountKey(), card: seal.NewCardKeys(), epoch: seal.NewEpochKey(),
	}
	binary.BigEndian.PutUint64(r.kdf.Salt[:], uint64(n)) //nolint:gosec // a count
	var err error
	r.password, err = derivePassword(password, r.kdf)
	return r, err
}
