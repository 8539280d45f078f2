// Package testvault builds users and personal vaults of format 2 with real keys, seals and signatures, as an honest client does. It
// panics where an honest client would not get an error.
package testvault

import (
	"sync"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Password is that of every Person. All persons of a process share one salt too, so that it is derived only once.
const Password = "correct horse battery staple"

var derived = sync.OnceValues(func() (seal.KDF, seal.PasswordKey) {
	kdf := seal.NewKDF(chain.CurrentCost)
	return kdf, must(seal.DerivePasswordKey(Password, kdf))
})

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic("testvault: " + err.Error())
	}
}

// Person is a user with all keys.
type Person struct {
	ID            chain.ID
	Username      string
	KDF           seal.KDF
	PasswordKey   seal.PasswordKey
	Phrase        seal.RecoveryPhrase
	AccountKey    seal.AccountKey
	KeyGeneration int64
	Former        []seal.AccountKey // the newest first
	Cards         []*chain.Card
	CardKeys      []seal.CardKeys // of Cards
}

// NewPerson returns a user with a card, an account key and a recovery phrase.
func NewPerson(username string) *Person {
	kdf, password := derived()
	p := &Person{
		ID: seal.NewID(), Username: username, KDF: kdf, PasswordKey: password, Phrase: seal.NewRecoveryPhrase(),
		AccountKey: seal.NewAccountKey(), KeyGeneration: 1, CardKeys: []seal.CardKeys{seal.NewCardKeys()},
	}
	p.Cards = []*chain.Card{must(seal.FirstCard(p.ID, username, p.CardKeys[0]))}
	return p
}

// Card returns the newest card.
func (p *Person) Card() *chain.Card { return p.Cards[len(p.Cards)-1] }

func (p *Person) keys() seal.CardKeys { return p.CardKeys[len(p.CardKeys)-1] }

// AuthKeys returns what proves the password and the phrase to the server.
func (p *Person) AuthKeys() (password, phrase protocol.AuthKey) {
	return p.PasswordKey.AuthKey().Encode(), p.Phrase.AuthKey().Encode()
}

// seal returns the account's keys, sealed, and their document. The identity names the log entry before.
func (p *Person) seal(vaultID chain.ID, genesis, before chain.Hash) (vault.Keys, *chain.Document) {
	phrase := p.Phrase
	identity := must(p.AccountKey.SealIdentity(&seal.Identity{
		User: p.ID, KeyGeneration: p.KeyGeneration, Genesis: genesis, Before: before, Cards: p.CardKeys, Former: p.Former,
	}))
	wraps := []string{
		must(p.PasswordKey.WrapKey().Wrap(p.AccountKey, p.ID, p.KeyGeneration)),
		must(phrase.WrapKey().Wrap(p.AccountKey, p.ID, p.KeyGeneration)),
	}
	d := &chain.Document{
		KeyGeneration: p.KeyGeneration, Salt: p.KDF.Salt, Cost: p.KDF.Cost, Identity: chain.HashOf(chain.HashIdentity, []byte(identity)),
		Card: p.Card().Hash(),
		Wraps: []chain.Wrap{
			{Method: chain.MethodPassword, Hash: chain.HashOf(chain.HashWrap, []byte(wraps[0])), AuthKey: p.PasswordKey.AuthKey().Hash()},
			{Method: chain.MethodPhrase, Hash: chain.HashOf(chain.HashWrap, []byte(wraps[1])), AuthKey: phrase.AuthKey().Hash()},
		},
	}
	return vault.Keys{Document: d.Encode(), Identity: identity, Wraps: wraps, Vault: vaultID}, d
}
