package seal

import (
	"bytes"
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// envelopeCase is an envelope in the roster of a log entry, and the member's keys.
type envelopeCase struct {
	keys     CardKeys
	card     *chain.Card
	key      EpochKey
	entry    *chain.Entry
	envelope []byte
}

func newEnvelopeCase(t testing.TB) envelopeCase {
	t.Helper()
	keys, cards := fixedCards(t, fixedID("user"), 1)
	c := envelopeCase{keys: keys[0], card: cards[0], key: fixedEpochKey("epoch 3")}
	vault := fixedID("vault")
	var err error
	if c.envelope, err = c.key.SealEnvelope(vault, 3, c.card); err != nil {
		t.Fatal(err)
	}
	c.entry = &chain.Entry{Vault: vault, Epoch: 3, Commitment: c.key.Commitment(vault, 3)}
	c.enter(c.envelope)
	return c
}

// enter puts an envelope into the roster.
func (c *envelopeCase) enter(envelope []byte) {
	c.envelope = envelope
	c.entry.Roster = []chain.Member{{
		User: c.card.User, Card: c.card.Hash(), Role: chain.Owner, Envelope: chain.HashOf(chain.HashEnvelope, envelope),
	}}
}

func (c *envelopeCase) addressee() addressee {
	return addressee{c.entry.Vault, c.entry.Epoch, c.card.User, c.card.Hash()}
}

func (c *envelopeCase) open() (EpochKey, error) {
	return c.keys.KEM.OpenEnvelope(c.entry, c.card.User, c.envelope)
}

func TestEnvelopesCarryTheEpochKey(t *testing.T) {
	t.Parallel()
	c := newEnvelopeCase(t)
	if got, err := c.open(); err != nil || !got.Equal(c.key) || len(c.envelope) != EnvelopeBytes {
		t.Errorf("%d bytes, %v", len(c.envelope), err)
	}
	again, err := c.key.SealEnvelope(c.entry.Vault, 3, c.card)
	if err != nil || bytes.Equal(again, c.envelope) {
		t.Errorf("two envelopes are equal, %v", err)
	}
}

// Each is refused although the roster names the envelope: its author is at fault.
func TestEnvelopesOfTheRosterAreRefused(t *testing.T) {
	t.Parallel()
	to := func(change func(*addressee)) func(*envelopeCase) []byte {
		return func(c *envelopeCase) []byte {
			a := c.addressee()
			change(&a)
			return sealByHand(t, c.card.KEMKey, "e", a, a.encode(c.key))
		}
	}
	// The info of HPKE is right, and the plaintext names something else.
	inside := func(change func(*addressee)) func(*envelopeCase) []byte {
		return func(c *envelopeCase) []byte {
			a := c.addressee()
			change(&a)
			return sealByHand(t, c.card.KEMKey, "e", c.addressee(), a.encode(c.key))
		}
	}
	plain := func(change func(b []byte) []byte) func(*envelopeCase) []byte {
		return func(c *envelopeCase) []byte {
			return sealByHand(t, c.card.KEMKey, "e", c.addressee(), change(c.addressee().encode(c.key)))
		}
	}
	other := fixedID("other")
	for name, test := range map[string]struct {
		envelope func(*envelopeCase) []byte
		want     error
	}{
		"another vault":        {to(func(a *addressee) { a.vault = other }), ErrAltered},
		"another epoch":        {to(func(a *addressee) { a.epoch = 2 }), ErrAltered},
		"another user":         {to(func(a *addressee) { a.to = other }), ErrAltered},
		"another card":         {to(func(a *addressee) { a.card = fixedHash("other") }), ErrAltered},
		"another vault inside": {inside(func(a *addressee) { a.vault = other }), ErrMisplaced},
		"another epoch inside": {inside(func(a *addressee) { a.epoch = 2 }), ErrMisplaced},
		"another user inside":  {inside(func(a *addressee) { a.to = other }), ErrMisplaced},
		"another card inside":  {inside(func(a *addressee) { a.card = fixedHash("other") }), ErrMisplaced},
		"another member's": {func(c *envelopeCase) []byte {
			return sealByHand(t, fixedCardKeys("other").KEM.Public(), "e", c.addressee(), c.addressee().encode(c.key))
		}, ErrAltered},
		"another key": {func(c *envelopeCase) []byte {
			return sealByHand(t, c.card.KEMKey, "e", c.addressee(), c.addressee().encode(fixedEpochKey("other")))
		}, ErrCommitment},
		"zero key":      {plain(func(b []byte) []byte { clear(b[len(b)-sealing.KeySize:]); return b }), ErrAltered},
		"format 1":      {plain(func(b []byte) []byte { b[0] = 1; return b }), ErrAltered},
		"another type":  {plain(func(b []byte) []byte { b[1] = plainWrap; return b }), ErrAltered},
		"cut inside":    {plain(func(b []byte) []byte { return b[:len(b)-1] }), ErrAltered},
		"longer inside": {plain(func(b []byte) []byte { return append(b, 0) }), ErrAltered},
		"no X25519 key": {func(c *envelopeCase) []byte {
			b := bytes.Clone(c.envelope)
			clear(b[encapsulatedSize-32 : encapsulatedSize])
			return b
		}, ErrAltered},
		"encapsulation changed": {func(c *envelopeCase) []byte { b := bytes.Clone(c.envelope); b[7] ^= 1; return b }, ErrAltered},
		"token changed":         {func(c *envelopeCase) []byte { b := bytes.Clone(c.envelope); b[encapsulatedSize+40] ^= 1; return b }, ErrAltered},
		"token with stray bits": {func(c *envelopeCase) []byte {
			return append(bytes.Clone(c.envelope[:encapsulatedSize]), strayBits(string(c.envelope[encapsulatedSize:]))...)
		}, ErrAltered},
		"truncated":          {func(c *envelopeCase) []byte { return c.envelope[:len(c.envelope)-4] }, ErrAltered},
		"trailing byte":      {func(c *envelopeCase) []byte { return append(bytes.Clone(c.envelope), '\n') }, ErrAltered},
		"encapsulation only": {func(c *envelopeCase) []byte { return c.envelope[:encapsulatedSize] }, ErrAltered},
		"empty":              {func(*envelopeCase) []byte { return nil }, ErrAltered},
	} {
		c := newEnvelopeCase(t)
		c.enter(test.envelope(&c))
		if got, err := c.open(); !errors.Is(err, test.want) || !sealing.IsZero(&got.secret) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

func TestEnvelopesOutsideTheRosterAreRefused(t *testing.T) {
	t.Parallel()
	c := newEnvelopeCase(t)
	again, err := c.key.SealEnvelope(c.entry.Vault, 3, c.card)
	if err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]struct {
		run  func() (EpochKey, error)
		want error
	}{
		"a valid one that the roster does not name": {func() (EpochKey, error) {
			return c.keys.KEM.OpenEnvelope(c.entry, c.card.User, again)
		}, ErrAltered},
		"a user who is not a member": {func() (EpochKey, error) {
			return c.keys.KEM.OpenEnvelope(c.entry, fixedID("other"), c.envelope)
		}, ErrNotMember},
		"another member's keys": {func() (EpochKey, error) {
			return fixedCardKeys("other").KEM.OpenEnvelope(c.entry, c.card.User, c.envelope)
		}, ErrAltered},
		"a commitment to another key": {func() (EpochKey, error) {
			e := *c.entry
			e.Commitment = fixedEpochKey("other").Commitment(e.Vault, e.Epoch)
			return c.keys.KEM.OpenEnvelope(&e, c.card.User, c.envelope)
		}, ErrCommitment},
	} {
		if got, err := open.run(); !errors.Is(err, open.want) || !sealing.IsZero(&got.secret) {
			t.Errorf("%s: %v, want %v", name, err, open.want)
		}
	}
}

func TestEnvelopesAreNotSealedToBadCards(t *testing.T) {
	t.Parallel()
	c := newEnvelopeCase(t)
	card := *c.card
	for name, key := range map[string][]byte{"short": card.KEMKey[:len(card.KEMKey)-1], "zero X25519 half": append(bytes.Clone(card.KEMKey[:1184]), make([]byte, 32)...)} {
		card.KEMKey = key
		if b, err := c.key.SealEnvelope(c.entry.Vault, 3, &card); err == nil {
			t.Errorf("%s: %d bytes", name, len(b))
		}
	}
}
