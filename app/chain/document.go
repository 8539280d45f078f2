package chain

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"slices"
)

// Method is a way to unlock an account.
type Method byte

const (
	MethodPassword Method = 1
	MethodPhrase   Method = 2
	MethodPasskey  Method = 3
)

const (
	// MaxWraps bounds the ways to unlock an account.
	MaxWraps = 64
	// MaxCost is the highest step of the key derivation that this release knows.
	MaxCost = 3
	// CurrentCost is the step for new passwords, to which a sign-in raises older accounts. It is the same for all devices: a cost that
	// each device measures would tell the names of accounts that exist from those that do not.
	CurrentCost = 1
	// SaltSize is the size of the salt of the password.
	SaltSize = 16
)

// Wrap names one wrapped account key.
type Wrap struct {
	Method  Method
	Passkey ID // zero unless Method is MethodPasskey
	Hash    Hash
	// AuthKey is HashAuthKey of what proves the password or the phrase to the server. Zero for a passkey.
	AuthKey Hash
}

// Document is the annex of a personal vault: all that the server stores for the account besides the vault. An account entry signs
// it, so neither the server nor a thief of a session can replace a part.
type Document struct {
	KeyGeneration int64 // of the account key
	Salt          [SaltSize]byte
	Cost          byte // the step of the key derivation, from 1
	Identity      Hash // HashIdentity of the sealed identity
	Card          Hash // of the newest card
	Wraps         []Wrap
}

const wrapSize = 1 + idSize + hashSize + hashSize

func (w Wrap) append(b []byte) []byte {
	b = append(b, byte(w.Method))
	b = append(b, w.Passkey[:]...)
	b = append(b, w.Hash[:]...)
	return append(b, w.AuthKey[:]...)
}

// Encode returns the only encoding. Wraps must be in ascending order of method and passkey.
func (d *Document) Encode() []byte {
	b := append(make([]byte, 0, 128+wrapSize*len(d.Wraps)), Format)
	b = appendNumber(b, d.KeyGeneration)
	b = append(b, d.Salt[:]...)
	b = append(b, d.Cost)
	b = append(b, d.Identity[:]...)
	b = append(b, d.Card[:]...)
	b = append(b, byte(len(d.Wraps))) // #nosec G115 -- bounded by check
	for _, w := range d.Wraps {
		b = w.append(b)
	}
	return b
}

// Hash returns what an entry names in Annex.
func (d *Document) Hash() Hash { return HashOf(HashAnnex, d.Encode()) }

// ParseDocument reads what Encode returned.
func ParseDocument(b []byte) (*Document, error) {
	r := NewDecoder(b)
	d := &Document{KeyGeneration: r.Number(), Salt: [SaltSize]byte(r.Take(SaltSize)), Cost: r.Byte(), Identity: r.Hash(), Card: r.Hash()}
	for range int(r.Byte()) {
		if r.bad {
			break
		}
		d.Wraps = append(d.Wraps, Wrap{Method: Method(r.Byte()), Passkey: r.ID(), Hash: r.Hash(), AuthKey: r.Hash()})
	}
	if !r.OK() {
		return nil, fmt.Errorf("account document: %w", ErrEncoding)
	}
	return d, d.check()
}

func (d *Document) check() error {
	switch {
	case d.KeyGeneration < 1 || d.KeyGeneration > MaxNumber:
		return fmt.Errorf("%w: generation", ErrDocument)
	case d.Salt == [SaltSize]byte{}:
		return fmt.Errorf("%w: salt", ErrDocument)
	case d.Cost < 1 || d.Cost > MaxCost:
		return fmt.Errorf("%w: cost", ErrDocument)
	case d.Identity == Hash{} || d.Card == Hash{}:
		return fmt.Errorf("%w: identity", ErrDocument)
	case len(d.Wraps) < 1 || len(d.Wraps) > MaxWraps:
		return fmt.Errorf("%w: number of wraps", ErrDocument)
	}
	for i, w := range d.Wraps {
		passkey := w.Method == MethodPasskey
		if w.Method < MethodPassword || w.Method > MethodPasskey || passkey == (w.Passkey == ID{}) || passkey == (w.AuthKey != Hash{}) || w.Hash == (Hash{}) {
			return fmt.Errorf("%w: wrap %d", ErrDocument, i)
		}
		if i > 0 && bytes.Compare(d.Wraps[i-1].append(nil)[:1+idSize], w.append(nil)[:1+idSize]) >= 0 {
			return fmt.Errorf("%w: wraps are not ordered", ErrDocument)
		}
	}
	return nil
}

// Wrap returns the wrap of a method, or nil.
func (d *Document) Wrap(m Method, passkey ID) *Wrap {
	i := slices.IndexFunc(d.Wraps, func(w Wrap) bool { return w.Method == m && w.Passkey == passkey })
	if i < 0 {
		return nil
	}
	return &d.Wraps[i]
}

// Annexed returns ErrDocument unless d is the annex of e and names the card that the owner has from e on.
func (d *Document) Annexed(e *Entry) error {
	if d.Hash() != e.Annex || e.Type != Personal || d.Card != e.Roster[0].Card {
		return e.refuse(ErrDocument)
	}
	return nil
}

// Anchor is what the sealed identity of a user says about the log of the personal vault. A device without memory has nothing else.
type Anchor struct {
	Genesis Hash  // the hash of the first entry
	Before  Hash  // of the entry before the account entry that names this identity
	Card    *Card // the newest
}

// Check refuses an account entry that does not follow the entry in the identity, whose document does not name this sealed identity,
// or that the newest card did not sign.
func (a Anchor) Check(e *Entry, d *Document, identity string) error {
	if err := d.Annexed(e); err != nil {
		return err
	}
	last := len(e.Signatures) - 1
	switch {
	case e.Op != OpAccount:
		return e.refuse(ErrOp)
	case e.Previous != a.Before:
		return e.refuse(ErrPredecessor)
	case d.Identity != HashOf(HashIdentity, []byte(identity)):
		return e.refuse(ErrDocument)
	case d.Card != a.Card.Hash():
		return e.refuse(ErrAuthor)
	case last != 1 || !ed25519.Verify(a.Card.SigningKey[:], e.Message(), e.Signatures[last][:]):
		return e.refuse(ErrSignature)
	}
	return nil
}

// Resume returns the state at an account entry that Check accepts. path is as in the function Resume.
func (a Anchor) Resume(e *Entry, d *Document, identity string, path []*Write) (State, error) {
	if err := a.Check(e, d, identity); err != nil {
		return State{}, err
	}
	return Resume(a.Genesis, e, false, path)
}
