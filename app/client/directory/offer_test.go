package directory

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const origin = "https://vault.example.org"

func sampleOffer() Offer {
	return Offer{Origin: origin, User: filled[chain.ID](1), Username: "anna", Cards: []chain.Hash{filled[chain.Hash](2), filled[chain.Hash](3)},
		Invitee: "Bob, third floor", Expires: 1_767_225_600_000}
}

func TestOffersThatAreRefused(t *testing.T) {
	t.Parallel()
	if o, err := ParseOffer(sampleOffer().Encode(), origin); err != nil || o.Invitee != "Bob, third floor" || len(o.Pin(7).Cards) != 2 {
		t.Errorf("%+v, %v", o, err)
	}
	for name, edit := range map[string]func(o *Offer) []byte{
		"another origin":      func(o *Offer) []byte { o.Origin = "https://vault.example.com"; return o.Encode() },
		"no user":             func(o *Offer) []byte { o.User = chain.ID{}; return o.Encode() },
		"a name that lies":    func(o *Offer) []byte { o.Username = "a b"; return o.Encode() },
		"no cards":            func(o *Offer) []byte { o.Cards = nil; return o.Encode() },
		"a card of zeros":     func(o *Offer) []byte { o.Cards[1] = chain.Hash{}; return o.Encode() },
		"513 cards":           func(o *Offer) []byte { o.Cards = make([]chain.Hash, 513); return o.Encode() },
		"an invitee on lines": func(o *Offer) []byte { o.Invitee = "a\nb"; return o.Encode() },
		"a time out of range": func(o *Offer) []byte { o.Expires = chain.MaxNumber + 1; return o.Encode() },
		"a vault":             func(o *Offer) []byte { b := o.Encode(); b[len(b)-1] = 1; return b },
		"one byte more":       func(o *Offer) []byte { return append(o.Encode(), 0) },
		"one byte less":       func(o *Offer) []byte { b := o.Encode(); return b[:len(b)-1] },
		"another format":      func(o *Offer) []byte { b := o.Encode(); b[0] = 1; return b },
		"nothing":             func(*Offer) []byte { return nil },
	} {
		o := sampleOffer()
		if got, err := ParseOffer(edit(&o), origin); !errors.Is(err, ErrOffer) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestInvitationRecords(t *testing.T) {
	t.Parallel()
	i := Invitation{Secret: protocol.NewJoinSecret(), Offer: filled[chain.Hash](4), Invitee: "Bob", Expires: 5}
	got, ok := ParseInvitation(i.Encode())
	if !ok || !got.Secret.Equal(i.Secret) || got.Offer != i.Offer || got.Invitee != "Bob" || got.Expires != 5 {
		t.Errorf("%+v, %v", got, ok)
	}
	for n := range i.Encode() {
		if _, ok := ParseInvitation(i.Encode()[:n]); ok {
			t.Errorf("the first %d bytes are taken", n)
		}
	}
	i.Offer = chain.Hash{}
	if _, ok := ParseInvitation(i.Encode()); ok {
		t.Error("no offer is taken")
	}
}

func TestValidInvitee(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"": true, "Anna from accounting": true, "anna@example.org": true, " Anna": false, "Anna\n": false, "a\x1b[2J": false,
		"an\u202ena": false, "\xff": false, strings.Repeat("a", 255): true, strings.Repeat("a", 256): false,
	} {
		if got := ValidInvitee(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

// Whatever ParseOffer takes, Encode writes.
func FuzzOffer(f *testing.F) {
	f.Add(sampleOffer().Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if o, err := ParseOffer(b, origin); err == nil && !bytes.Equal(o.Encode(), b) {
			t.Errorf("%x is taken for %x", b, o.Encode())
		}
	})
}
