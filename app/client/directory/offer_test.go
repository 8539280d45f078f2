package directory

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const origin = "https://vault.example.org"

func sampleOffer() Offer {
	return Offer{Origin: origin, User: filled[chain.ID](1), Username: "anna", Cards: []chain.Hash{filled[chain.Hash](2), filled[chain.Hash](3)},
		Invitee: "Bob, third floor", Expires: 1_767_225_600_000, Vaults: sampleVaults()}
}

func sampleVaults() []OfferedVault {
	return []OfferedVault{
		{Vault: filled[chain.ID](4), Genesis: filled[chain.Hash](5), Sequence: 7, Entry: filled[chain.Hash](6), Role: chain.Editor, Name: "Accounting"},
		{Vault: filled[chain.ID](7), Genesis: filled[chain.Hash](8), Entry: filled[chain.Hash](8), Role: chain.Owner},
	}
}

func TestOffersThatAreRefused(t *testing.T) {
	t.Parallel()
	if o, err := ParseOffer(sampleOffer().Encode(), origin); err != nil || o.Invitee != "Bob, third floor" || len(o.Pin(7).Cards) != 2 {
		t.Errorf("%+v, %v", o, err)
	}
	for name, edit := range map[string]func(o *Offer) []byte{
		"another origin":       func(o *Offer) []byte { o.Origin = "https://vault.example.com"; return o.Encode() },
		"no user":              func(o *Offer) []byte { o.User = chain.ID{}; return o.Encode() },
		"a name that lies":     func(o *Offer) []byte { o.Username = "a b"; return o.Encode() },
		"no cards":             func(o *Offer) []byte { o.Cards = nil; return o.Encode() },
		"a card of zeros":      func(o *Offer) []byte { o.Cards[1] = chain.Hash{}; return o.Encode() },
		"513 cards":            func(o *Offer) []byte { o.Cards = make([]chain.Hash, 513); return o.Encode() },
		"an invitee on lines":  func(o *Offer) []byte { o.Invitee = "a\nb"; return o.Encode() },
		"a time out of range":  func(o *Offer) []byte { o.Expires = chain.MaxNumber + 1; return o.Encode() },
		"a vault too few":      func(o *Offer) []byte { b := o.Encode(); return b[:len(b)-sizeOfLast] },
		"a vault too many":     func(o *Offer) []byte { b := o.Encode(); return append(b, b[len(b)-sizeOfLast:]...) },
		"vaults not in order":  func(o *Offer) []byte { slices.Reverse(o.Vaults); return o.Encode() },
		"a vault twice":        func(o *Offer) []byte { o.Vaults[1] = o.Vaults[0]; return o.Encode() },
		"21 vaults":            func(o *Offer) []byte { o.Vaults = manyVaults(21); return o.Encode() },
		"65,535 vaults":        func(o *Offer) []byte { o.Vaults = nil; b := o.Encode(); b[len(b)-1], b[len(b)-2] = 255, 255; return b },
		"no vault id":          func(o *Offer) []byte { o.Vaults[0].Vault = chain.ID{}; return o.Encode() },
		"no first entry":       func(o *Offer) []byte { o.Vaults[0].Genesis = chain.Hash{}; return o.Encode() },
		"no newest entry":      func(o *Offer) []byte { o.Vaults[0].Entry = chain.Hash{}; return o.Encode() },
		"two first entries":    func(o *Offer) []byte { o.Vaults[1].Entry[0]++; return o.Encode() },
		"entry 1 is the first": func(o *Offer) []byte { o.Vaults[1].Sequence = 1; return o.Encode() },
		"a sequence too high":  func(o *Offer) []byte { o.Vaults[0].Sequence = chain.MaxNumber + 1; return o.Encode() },
		"no role":              func(o *Offer) []byte { o.Vaults[0].Role = 0; return o.Encode() },
		"a role above owner":   func(o *Offer) []byte { o.Vaults[0].Role = 5; return o.Encode() },
		"a vault on lines":     func(o *Offer) []byte { o.Vaults[0].Name = "a\nb"; return o.Encode() },
		"one byte more":        func(o *Offer) []byte { return append(o.Encode(), 0) },
		"one byte less":        func(o *Offer) []byte { b := o.Encode(); return b[:len(b)-1] },
		"another format":       func(o *Offer) []byte { b := o.Encode(); b[0] = 1; return b },
		"nothing":              func(*Offer) []byte { return nil },
	} {
		o := sampleOffer()
		if got, err := ParseOffer(edit(&o), origin); !errors.Is(err, ErrOffer) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// sizeOfLast is the size of a vault without a name.
const sizeOfLast = 16 + 32 + 8 + 32 + 1 + 1

func manyVaults(n int) (list []OfferedVault) {
	for i := range n {
		v := sampleVaults()[1]
		v.Vault = filled[chain.ID](byte(i + 1))
		list = append(list, v)
	}
	return list
}

func TestOffersNameVaults(t *testing.T) {
	t.Parallel()
	o, err := ParseOffer(sampleOffer().Encode(), origin)
	if err != nil || !slices.Equal(o.Vaults, sampleVaults()) {
		t.Fatalf("%+v, %v", o, err)
	}
	want := VaultPin{Vault: filled[chain.ID](4), Genesis: filled[chain.Hash](5), Sequence: 7, Entry: filled[chain.Hash](6), Write: filled[chain.Hash](5)}
	if pin := o.Vaults[0].Pin(); pin != want || pin.Encode() == nil {
		t.Errorf("%+v", pin)
	}
	o.Vaults = manyVaults(MaxOfferedVaults)
	if o, err := ParseOffer(o.Encode(), origin); err != nil || len(o.Vaults) != MaxOfferedVaults {
		t.Errorf("%+v, %v", o, err)
	}
}

// The inviter's record alone decides which vaults, and with which roles.
func TestInvitationRecordsNameVaults(t *testing.T) {
	t.Parallel()
	sample := func() Invitation {
		return Invitation{Secret: protocol.NewJoinSecret(), Offer: filled[chain.Hash](4), Invitee: "Bob", Expires: 5, Accepted: filled[chain.ID](9),
			Vaults: []InvitedVault{{filled[chain.ID](1), chain.Reader}, {filled[chain.ID](2), chain.Owner}}}
	}
	i := sample()
	got, ok := ParseInvitation(i.Encode())
	if !ok || !slices.Equal(got.Vaults, i.Vaults) || got.Accepted != i.Accepted || got.Expires != 5 {
		t.Errorf("%+v, %v", got, ok)
	}
	without := len(Invitation{Secret: i.Secret, Invitee: "Bob"}.Encode())
	for n := range i.Encode() {
		if _, ok := ParseInvitation(i.Encode()[:n]); ok != (n == without) {
			t.Errorf("the first %d bytes: %v", n, ok)
		}
	}
	for name, edit := range map[string]func(i *Invitation) []byte{
		"no vault id":        func(i *Invitation) []byte { i.Vaults[0].Vault = chain.ID{}; return i.Encode() },
		"a vault twice":      func(i *Invitation) []byte { i.Vaults[1] = i.Vaults[0]; return i.Encode() },
		"not in order":       func(i *Invitation) []byte { slices.Reverse(i.Vaults); return i.Encode() },
		"no role":            func(i *Invitation) []byte { i.Vaults[0].Role = 0; return i.Encode() },
		"a role above owner": func(i *Invitation) []byte { i.Vaults[0].Role = 5; return i.Encode() },
		"21 vaults":          func(i *Invitation) []byte { i.Vaults = make([]InvitedVault, 21); return i.Encode() },
		"a list of none":     func(i *Invitation) []byte { i.Vaults = nil; return append(i.Encode(), make([]byte, 18)...) },
		"one byte more":      func(i *Invitation) []byte { return append(i.Encode(), 0) },
	} {
		i := sample()
		if got, ok := ParseInvitation(edit(&i)); ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func FuzzInvitation(f *testing.F) {
	i := Invitation{Secret: protocol.NewJoinSecret(), Offer: filled[chain.Hash](4), Invitee: "Bob", Expires: 5}
	f.Add(i.Encode())
	i.Vaults = []InvitedVault{{filled[chain.ID](1), chain.Reader}}
	f.Add(i.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if i, ok := ParseInvitation(b); ok && !bytes.Equal(i.Encode(), b) {
			t.Errorf("%x is taken for %x", b, i.Encode())
		}
	})
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
