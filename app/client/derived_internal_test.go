package client

import (
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

var sharedKDF = sync.OnceValue(seal.NewKDF)

// PrepareShared is PrepareRegistration with a salt that is the same for all accounts, so that its key is derived once.
func (c *Client) PrepareShared(password string) (*Registration, error) {
	r := &Registration{
		phrase: seal.NewRecoveryPhrase(), kdf: sharedKDF(), key: seal.NewAccountKey(), card: seal.NewCardKeys(), epoch: seal.NewEpochKey(),
	}
	var err error
	r.password, err = derivePassword(password, r.kdf)
	return r, err
}
