package seal

import (
	"bytes"
	"crypto/ed25519"
	"fmt"

	"github.com/cloudflare/circl/kem/xwing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// Signing is the seed of an Ed25519 key (RFC 8032 §5.1.5). It implements chain.Signer.
type Signing struct{ secret }

// KEMPrivate is the seed of an MLKEM768X25519 key, to which members seal epoch keys.
type KEMPrivate struct{ secret }

// CardKeys are the private keys of one generation of a user's card.
type CardKeys struct {
	Signing Signing
	KEM     KEMPrivate
}

// NewCardKeys returns random keys.
func NewCardKeys() CardKeys {
	return CardKeys{Signing{sealing.New()}, KEMPrivate{sealing.New()}}
}

// Sign returns the signature of message.
func (k Signing) Sign(message []byte) chain.Signature {
	private := ed25519.NewKeyFromSeed(sealing.Bytes(&k.secret))
	defer clear(private)
	return chain.Signature(ed25519.Sign(private, message))
}

// Public returns the key that verifies.
func (k Signing) Public() [ed25519.PublicKeySize]byte {
	private := ed25519.NewKeyFromSeed(sealing.Bytes(&k.secret))
	defer clear(private)
	return [ed25519.PublicKeySize]byte(private[ed25519.SeedSize:])
}

// Public returns the key to encapsulate to.
func (k KEMPrivate) Public() []byte {
	_, public := xwing.DeriveKeyPairPacked(sealing.Bytes(&k.secret))
	return public
}

// Equal compares in constant time.
func (k Signing) Equal(o Signing) bool       { return sealing.Equal(&k.secret, &o.secret) }
func (k KEMPrivate) Equal(o KEMPrivate) bool { return sealing.Equal(&k.secret, &o.secret) }

// Wipe does what MasterKey.Wipe does.
func (k *Signing) Wipe() { sealing.Wipe(&k.secret) }

// Wipe does what MasterKey.Wipe does.
func (k *KEMPrivate) Wipe() { sealing.Wipe(&k.secret) }

// Wipe does what MasterKey.Wipe does.
func (k *CardKeys) Wipe() {
	k.Signing.Wipe()
	k.KEM.Wipe()
}

// Fit returns ErrCardKeys unless the card has the public halves of k.
func (k CardKeys) Fit(c *chain.Card) error {
	if k.Signing.Public() != c.SigningKey || !bytes.Equal(k.KEM.Public(), c.KEMKey) {
		return ErrCardKeys
	}
	return nil
}

// FirstCard returns the card of generation 1 of a user, signed by its keys. It returns chain.ErrCard for a username that a card cannot
// have.
func FirstCard(user chain.ID, username string, keys CardKeys) (*chain.Card, error) {
	c := &chain.Card{User: user, Username: username, Generation: 1}
	return keys.issue(c, nil)
}

// NextCard returns the card that replaces before, signed by its own keys and by those of before. A card that only changes the username
// keeps the keys. It returns ErrCardKeys if former are not the keys of before, and chain.ErrCard as FirstCard does.
func NextCard(before *chain.Card, former CardKeys, username string, keys CardKeys) (*chain.Card, error) {
	if err := former.Fit(before); err != nil {
		return nil, err
	}
	c := &chain.Card{User: before.User, Username: username, Generation: before.Generation + 1, Previous: before.Hash()}
	return keys.issue(c, former.Signing)
}

func (k CardKeys) issue(c *chain.Card, before chain.Signer) (*chain.Card, error) {
	if len(c.Username) > 255 { // its length has one byte
		return nil, fmt.Errorf("%w: username", chain.ErrCard)
	}
	c.SigningKey, c.KEMKey = k.Signing.Public(), k.KEM.Public()
	c.Sign(k.Signing, before)
	return chain.ParseCard(c.Encode())
}
