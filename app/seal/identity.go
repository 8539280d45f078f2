package seal

import (
	"encoding/binary"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

const (
	// MaxCardKeys bounds the generations of a card, so that a sealed identity is not larger than any other token.
	MaxCardKeys = 512
	// MaxFormerKeys bounds the earlier account keys in an identity.
	MaxFormerKeys = 16
)

// Identity is what a user's devices share: sealed under the account key, and sealed again by every account entry.
type Identity struct {
	User          chain.ID
	KeyGeneration int64      // of the account key that seals it
	Genesis       chain.Hash // of the first log entry of the personal vault
	// Before is the hash of the log entry before the account entry that names this identity. At registration it is Genesis.
	Before chain.Hash
	Cards  []CardKeys   // of all generations, the first first
	Former []AccountKey // the account keys of the generations before, the newest first
}

const cardKeysSize = 2 * sealing.KeySize

func (i *Identity) encode() []byte {
	b := append(make([]byte, 0, 128+cardKeysSize*len(i.Cards)+sealing.KeySize*len(i.Former)), chain.Format, plainIdentity)
	b = append(b, i.User[:]...)
	b = appendNumber(b, i.KeyGeneration)
	b = append(b, i.Genesis[:]...)
	b = append(b, i.Before[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(i.Cards))) // #nosec G115 -- at most MaxCardKeys
	for _, c := range i.Cards {
		b = append(b, sealing.Bytes(&c.Signing.secret)...)
		b = append(b, sealing.Bytes(&c.KEM.secret)...)
	}
	b = append(b, byte(len(i.Former))) // #nosec G115 -- at most MaxFormerKeys
	for _, k := range i.Former {
		b = append(b, sealing.Bytes(&k.secret)...)
	}
	return b
}

// parseIdentity reverses encode. It accepts only plaintexts that encode can produce.
func parseIdentity(b []byte) (*Identity, bool) {
	in := read(b, plainIdentity)
	i := &Identity{User: in.ID(), KeyGeneration: in.number(), Genesis: in.Hash(), Before: in.Hash()}
	cards := int(in.Uint16())
	if cards*cardKeysSize > in.Left() { // bounds the memory
		return nil, false
	}
	for range cards {
		i.Cards = append(i.Cards, CardKeys{Signing{in.key()}, KEMPrivate{in.key()}})
	}
	for range int(in.Byte()) {
		i.Former = append(i.Former, AccountKey{in.key()})
	}
	return i, in.OK() && i.check() == nil
}

func (i *Identity) check() error {
	switch {
	case i.User == chain.ID{}:
		return fmt.Errorf("user id: %w", ErrBadID)
	case !validNumber(i.KeyGeneration) || i.Genesis == chain.Hash{} || i.Before == chain.Hash{}:
		return fmt.Errorf("%w: a field is empty", ErrBadPlace)
	case len(i.Cards) < 1 || len(i.Former) > MaxFormerKeys || int64(len(i.Former)) >= i.KeyGeneration:
		return fmt.Errorf("%w: number of keys", ErrBadPlace)
	case len(i.Cards) > MaxCardKeys:
		return ErrTooLarge
	}
	return nil
}

// SealIdentity encrypts the identity with a random IV. The key must have the generation that the identity names. It returns
// ErrTooLarge for more than MaxCardKeys, and ErrBadID or ErrBadPlace for an identity that OpenIdentity would reject.
func (k AccountKey) SealIdentity(i *Identity) (string, error) {
	if err := i.check(); err != nil {
		return "", fmt.Errorf("seal identity: %w", err)
	}
	b := i.encode()
	defer clear(b)
	return sealing.SealToken(k.identityKey(i.User), b)
}

// OpenIdentity decrypts a token of SealIdentity. generation is that of the account key. It returns ErrAltered if the token was truncated,
// altered, or sealed under another key or for another user; ErrWrongUser or ErrOldKey if the identity names another user or generation,
// which only a faulty client with the account key can produce.
func (k AccountKey) OpenIdentity(user chain.ID, generation int64, token string) (*Identity, error) {
	b, err := sealing.OpenToken(k.identityKey(user), token)
	if err != nil {
		return nil, fmt.Errorf("identity %w", ErrAltered)
	}
	defer clear(b)
	i, ok := parseIdentity(b)
	switch {
	case !ok:
		return nil, fmt.Errorf("identity %w", ErrAltered)
	case i.User != user:
		return nil, fmt.Errorf("identity %w", ErrWrongUser)
	case i.KeyGeneration != generation:
		return nil, fmt.Errorf("identity %w", ErrOldKey)
	}
	return i, nil
}

// Keys returns the private keys of one of the user's cards. It returns ErrCardKeys if the identity does not have them.
func (i *Identity) Keys(c *chain.Card) (CardKeys, error) {
	if c.User != i.User || c.Generation < 1 || c.Generation > int64(len(i.Cards)) {
		return CardKeys{}, ErrCardKeys
	}
	keys := i.Cards[c.Generation-1]
	return keys, keys.Fit(c)
}

// Anchor returns what a device without memory needs to verify the log of the personal vault. newest comes from the server. It returns
// ErrCardKeys unless newest is the card of the newest generation.
func (i *Identity) Anchor(newest *chain.Card) (chain.Anchor, error) {
	if newest.Generation != int64(len(i.Cards)) {
		return chain.Anchor{}, ErrCardKeys
	}
	if _, err := i.Keys(newest); err != nil {
		return chain.Anchor{}, err
	}
	return chain.Anchor{Genesis: i.Genesis, Before: i.Before, Card: newest}, nil
}

// Wipe overwrites all keys with zeros.
func (i *Identity) Wipe() {
	for n := range i.Cards {
		i.Cards[n].Wipe()
	}
	for n := range i.Former {
		i.Former[n].Wipe()
	}
}
