package chain

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// forged is a card with a signing key of small order, and a signature that nobody needed a private key for. It fits some of the
// messages, so an attacker varies the content until it fits.
func forged(t *testing.T, key, signature string) *Card {
	t.Helper()
	c := *newPerson(t, "eve").card()
	k, err := hex.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	c.SigningKey = [32]byte(k)
	s, err := hex.DecodeString(signature)
	if err != nil {
		t.Fatal(err)
	}
	c.Own = Signature{} // S = 0
	copy(c.Own[:], s)
	for i := range 256 {
		c.Username = fmt.Sprint("eve", i)
		if ed25519.Verify(c.SigningKey[:], c.Message(), c.Own[:]) {
			return &c
		}
	}
	t.Fatalf("crypto/ed25519 rejects every signature for the key %s", key)
	return nil
}

func TestKeysOfSmallOrder(t *testing.T) {
	t.Parallel()
	const (
		identity = "0100000000000000000000000000000000000000000000000000000000000000"
		two      = "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
		four     = "0000000000000000000000000000000000000000000000000000000000000000"
		four2    = "0000000000000000000000000000000000000000000000000000000000000080"
		eight    = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
		eight2   = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"
		eight3   = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
		eight4   = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"
		// The same points in a second spelling: y + p, or x = 0 with a sign.
		identity2 = "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
		identity3 = "0100000000000000000000000000000000000000000000000000000000000080"
		two2      = "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		four3     = "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
		four4     = "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	)
	for _, key := range []string{identity, two, four, four2, eight, eight2, eight3, eight4, identity2, identity3, two2, four3, four4} {
		c := forged(t, key, identity)
		_, err := ParseCard(c.Encode())
		want(t, key, err, ErrCard)
	}
}

func TestCardsThatNobodyTakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit func(c *Card)
		err  error
	}{
		"no user":              {func(c *Card) { c.User = ID{} }, ErrCard},
		"no username":          {func(c *Card) { c.Username = "" }, ErrCard},
		"a username of spaces": {func(c *Card) { c.Username = "anna anna" }, ErrCard},
		"a control character":  {func(c *Card) { c.Username = "anna\x1b" }, ErrCard},
		"invisible text":       {func(c *Card) { c.Username = "an\u202ena" }, ErrCard},
		"invalid UTF-8":        {func(c *Card) { c.Username = "anna\xff" }, ErrCard},
		"a long username":      {func(c *Card) { c.Username = strings.Repeat("a", 129) }, ErrCard},
		"generation 0":         {func(c *Card) { c.Generation = 0 }, ErrCard},
		"generation 0 after 1": {func(c *Card) { c.Generation, c.Previous = 0, fixed("card") }, ErrCard},
		"a predecessor":        {func(c *Card) { c.Previous = fixed("card") }, ErrCard},
		"no predecessor":       {func(c *Card) { c.Generation = 2 }, ErrCard},
		"an X25519 half of 0":  {func(c *Card) { clear(c.KEMKey[kemKeySize-x25519Size:]) }, ErrCard},
		"an X25519 half of order 8": {func(c *Card) {
			low, _ := hex.DecodeString("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")
			copy(c.KEMKey[kemKeySize-x25519Size:], low)
		}, ErrCard},
		"an X25519 half in a second spelling": {func(c *Card) { c.KEMKey[kemKeySize-1] |= 0x80 }, ErrCard},
		"an X25519 half above the modulus": {func(c *Card) {
			copy(c.KEMKey[kemKeySize-x25519Size:], bytes.Repeat([]byte{0xff}, x25519Size))
			c.KEMKey[kemKeySize-1] = 0x7f
		}, ErrCard},
		"an ML-KEM half above the modulus": {func(c *Card) { copy(c.KEMKey, bytes.Repeat([]byte{0xff}, 32)) }, ErrCard},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, "anna")
			card := *p.card()
			card.KEMKey = bytes.Clone(card.KEMKey)
			c.edit(&card)
			card.Sign(p.signer(), p.signer())
			_, err := ParseCard(card.Encode())
			want(t, name, err, c.err)
			var cards Cards
			want(t, name, cards.Add(&card), c.err)
		})
	}
	p := newPerson(t, "anna")
	short := *p.card()
	short.KEMKey = short.KEMKey[:100]
	var cards Cards
	want(t, "a short key", cards.Add(&short), ErrCard)
	c := *p.card()
	c.Username = "eve"
	_, err := ParseCard(c.Encode())
	want(t, "a name that was swapped", err, ErrSignature)
}

func TestTwoCardsOfOneGeneration(t *testing.T) {
	t.Parallel()
	p := newPerson(t, "anna")
	var cards Cards
	first := p.card()
	if err := cards.Add(first); err != nil {
		t.Fatal(err)
	}
	second := *first
	second.Username = "anna2"
	second.Sign(p.signer(), nil)
	want(t, "second", cards.Add(&second), ErrTwoCards)
	want(t, "first again", cards.Add(first), nil)
	if cards.Get(first.Hash()) != first || cards.Get(second.Hash()) != nil {
		t.Error("the first card is lost")
	}
}

// Two people who work together cannot extend the chain of cards of one of them.
func TestCardsOfTwoPeople(t *testing.T) {
	t.Parallel()
	rita, dora := newPerson(t, "rita"), newPerson(t, "dora")
	issue := func(p *person, generation int64, before *Card, signed signer) *Card {
		c := *p.card()
		c.Generation, c.Previous = generation, before.Hash()
		c.Sign(p.signer(), signed)
		return &c
	}
	second := issue(dora, 2, rita.card(), rita.signer())
	third := issue(rita, 3, second, dora.signer())
	var cards Cards
	for _, c := range []*Card{rita.card(), second, third} {
		if err := cards.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := cards.Descends(third.Hash(), rita.card().Hash()); !errors.Is(err, ErrCard) {
		t.Errorf("descends: %v", err)
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	got := newPerson(t, "anna").card().Fingerprint()
	if groups := strings.Split(got, " "); len(groups) != 12 || strings.Trim(strings.Join(groups, ""), "0123456789") != "" || len(got) != 71 {
		t.Errorf("fingerprint %q", got)
	}
	if got == newPerson(t, "eve").card().Fingerprint() {
		t.Error("two people have one fingerprint")
	}
}
