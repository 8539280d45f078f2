package client_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// renewed returns the person with one more card, as after a change of the encryption keys.
func renewed(t testing.TB, p *testvault.Person, username string) *testvault.Person {
	t.Helper()
	next := *p
	keys := seal.NewCardKeys()
	card, err := seal.NextCard(p.Card(), p.CardKeys[len(p.CardKeys)-1], username, keys)
	if err != nil {
		t.Fatal(err)
	}
	next.Cards, next.CardKeys, next.Username = append(slices.Clone(p.Cards), card), append(slices.Clone(p.CardKeys), keys), username
	return &next
}

// shown is what a server shows as the cards of a user.
func shown(cards ...*chain.Card) protocol.UserCards {
	out := protocol.UserCards{Cards: []protocol.Signed{}}
	for _, c := range cards {
		out.Cards = append(out.Cards, base64.RawURLEncoding.EncodeToString(c.Encode()))
	}
	return out
}

// show makes the server of a device answer every request for cards in this way.
func (d *device) show(t testing.TB, answer protocol.UserCards) {
	t.Helper()
	body, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	d.intercept(func(r *client.Request) (*client.Response, error) {
		if isAt(*r, protocol.PathCards) {
			return &client.Response{Status: 200, Body: body}, nil
		}
		return nil, nil
	})
}

// find returns the person whom the server shows under a name.
func (d *device) find(t testing.TB, username string) *client.FoundPerson {
	t.Helper()
	f, err := d.FindPerson(t.Context(), username)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// verify pins the person whom the server shows under a name.
func (d *device) verify(t testing.TB, username string) {
	t.Helper()
	if err := d.VerifyPerson(t.Context(), d.find(t, username)); err != nil {
		t.Fatal(err)
	}
}

// pins returns the fingerprints of the verified persons, by username.
func (d *device) pins(t testing.TB) []string {
	t.Helper()
	list, err := d.People()
	if err != nil || list.Unreadable != 0 {
		t.Fatalf("%+v, %v", list, err)
	}
	out := []string{}
	for _, v := range list.People {
		out = append(out, v.Username+" "+v.Fingerprint)
	}
	return out
}

func pinOf(c *chain.Card) string { return c.Username + " " + c.Fingerprint() }

// A server shows cards that are not those of one person with the name that was asked for.
func TestCardsThatAreNotOnePersonsAreRefused(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	bob, eve := testvault.NewPerson("bob"), testvault.NewPerson("eve")
	bob2 := renewed(t, bob, "bob")
	bob3 := renewed(t, bob2, "bob")
	sister := testvault.NewPerson("bob")
	forged := *renewed(t, bob, "bob").Card()
	forged.Before = forged.Own // not signed by the card before
	altered := shown(bob.Card())
	altered.Cards[0] = strings.Replace(altered.Cards[0], altered.Cards[0][40:44], "AAAA", 1)
	unpadded := shown(bob.Card())
	unpadded.Cards[0] += "\n"
	small := *bob.Card()
	small.SigningKey = [32]byte{1} // small order
	many := slices.Repeat([]*chain.Card{bob.Card()}, protocol.MaxCards+1)
	for name, answer := range map[string]protocol.UserCards{
		"no cards":                     shown(),
		"the card of somebody else":    shown(eve.Card()),
		"the name in other letters":    shown(testvault.NewPerson("Bob").Card()),
		"a look-alike":                 shown(testvault.NewPerson("bоb").Card()),
		"a former name":                shown(bob.Card(), renewed(t, bob, "rob").Card()),
		"without the first":            shown(bob3.Cards[1:]...),
		"without one between":          shown(bob3.Cards[0], bob3.Cards[2]),
		"the newest first":             shown(bob2.Cards[1], bob2.Cards[0]),
		"one twice":                    shown(bob.Card(), bob.Card()),
		"two of one generation":        shown(bob2.Cards[0], bob2.Cards[1], renewed(t, bob, "bob").Card()),
		"of another user behind":       shown(bob.Card(), renewed(t, sister, "bob").Card()),
		"two users with one name":      shown(sister.Card(), bob2.Cards[1]),
		"not signed by the one before": shown(bob.Card(), &forged),
		"a bit flipped":                altered,
		"a line break":                 unpadded,
		"a signing key of small order": shown(&small),
		"more than a user can have":    shown(many...),
		"something malformed":          {Cards: []protocol.Signed{"AgAA"}},
	} {
		d.show(t, answer)
		if _, err := d.FindPerson(t.Context(), "bob"); !errors.Is(err, directory.ErrCards) || client.Explain(err).Code != client.CodeCardsInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	d.show(t, shown(bob3.Cards...))
	if f := d.find(t, " BOB "); f.Fingerprint != bob3.Card().Fingerprint() || f.Generation != 3 || f.Standing != directory.Unknown {
		t.Errorf("%+v", f)
	}
}

// A server shows another card of a person who is pinned. Each case goes on from a pin of the second card.
func TestAServerCannotReplaceAVerifiedPerson(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	bob := renewed(t, testvault.NewPerson("bob"), "bob")
	d.show(t, shown(bob.Cards...))
	d.verify(t, "bob")
	pinned := []string{pinOf(bob.Card())}
	first := &testvault.Person{Cards: bob.Cards[:1], CardKeys: bob.CardKeys[:1]}
	forked := renewed(t, first, "bob")
	for name, c := range map[string]struct {
		shows    protocol.UserCards
		standing directory.Standing
		err      error
	}{
		"another user of this name":     {shown(testvault.NewPerson("bob").Card()), directory.OtherUser, directory.ErrParted},
		"a fork, signed by an old key":  {shown(forked.Cards...), directory.Parted, directory.ErrParted},
		"a fork that went on":           {shown(renewed(t, forked, "bob").Cards...), directory.Parted, directory.ErrParted},
		"another beginning of the user": {shown(twin(t, bob.ID).Card()), directory.Parted, directory.ErrParted},
		"an older card":                 {shown(bob.Cards[0]), directory.Older, directory.ErrOlder},
	} {
		d.show(t, c.shows)
		f := d.find(t, "bob")
		if f.Standing != c.standing || !errors.Is(f.Standing.Err(), c.err) || len(f.Known) != 1 || f.Known[0].Fingerprint != bob.Card().Fingerprint() {
			t.Errorf("%s: %+v", name, f)
		}
		checked, err := d.CheckPeople(t.Context(), nil)
		if err != nil || len(checked) != 1 || !checked[0].Alarming() || checked[0].Standing != string(c.standing) || checked[0].Shown != f.Fingerprint {
			t.Errorf("%s, checked: %+v, %v", name, checked, err)
		}
		if got := d.pins(t); !slices.Equal(got, pinned) {
			t.Errorf("%s: pinned %q", name, got)
		}
	}
	// The user does not get around a card that the server hides.
	d.show(t, shown(bob.Cards[0]))
	if err := d.VerifyPerson(t.Context(), d.find(t, "bob")); !errors.Is(err, directory.ErrOlder) {
		t.Errorf("verified an older card: %v", err)
	}
	d.show(t, protocol.UserCards{Cards: []protocol.Signed{"AAAA"}})
	if checked, err := d.CheckPeople(t.Context(), nil); err != nil || !checked[0].Alarming() {
		t.Errorf("malformed cards: %+v, %v", checked, err)
	}
	// A device without memory has the pin from the vault, and finds the same.
	other := newDevice(t, server)
	other.login(t, "anna", "other")
	other.sync(t)
	other.show(t, shown(forked.Cards...))
	if f := other.find(t, "bob"); f.Standing != directory.Parted {
		t.Errorf("another device: %+v", f)
	}
	// After comparing, the fork counts, and the card before is an alarm.
	if err := other.VerifyPerson(t.Context(), other.find(t, "bob")); err != nil {
		t.Fatal(err)
	}
	if got := other.pins(t); !slices.Equal(got, []string{pinOf(forked.Card())}) {
		t.Errorf("pinned %q", got)
	}
	other.show(t, shown(bob.Cards...))
	if f := other.find(t, "bob"); f.Standing != directory.Parted {
		t.Errorf("%+v", f)
	}
}

// twin is somebody who claims the id of another user.
func twin(t testing.TB, id chain.ID) *testvault.Person {
	t.Helper()
	keys := seal.NewCardKeys()
	card, err := seal.FirstCard(id, "bob", keys)
	if err != nil {
		t.Fatal(err)
	}
	return &testvault.Person{ID: id, Cards: []*chain.Card{card}, CardKeys: []seal.CardKeys{keys}}
}

// What the user confirmed is what is pinned, whatever the server shows meanwhile.
func TestTheComparedCardIsPinned(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	bob, eve := testvault.NewPerson("bob"), testvault.NewPerson("bob")
	d.show(t, shown(bob.Card()))
	f := d.find(t, "bob")
	if err := f.Check(eve.Card().Fingerprint()); !errors.Is(err, directory.ErrFingerprint) {
		t.Errorf("other digits: %v", err)
	}
	if err := f.Check(strings.ReplaceAll(bob.Card().Fingerprint(), " ", "-\n")); err != nil {
		t.Errorf("the same digits: %v", err)
	}
	d.show(t, shown(eve.Card()))
	if err := d.VerifyPerson(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if got := d.pins(t); !slices.Equal(got, []string{pinOf(bob.Card())}) {
		t.Errorf("pinned %q", got)
	}
}

// Two devices verify one person at the same time, and a server shows them different cards.
func TestPinsOnlyGoForward(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	a, b := newDevice(t, server), newDevice(t, server)
	a.register(t, "anna")
	b.login(t, "anna", "b")
	b.sync(t)
	bob := testvault.NewPerson("bob")
	bob2 := renewed(t, bob, "bob")
	a.show(t, shown(bob.Cards...))
	early := a.find(t, "bob")
	b.show(t, shown(bob2.Cards...))
	b.verify(t, "bob")
	// a signs on top of what b wrote: the later card stays.
	if err := a.VerifyPerson(t.Context(), early); err != nil {
		t.Fatal(err)
	}
	want := []string{pinOf(bob2.Card())}
	b.sync(t)
	if got := [][]string{a.pins(t), b.pins(t)}; !slices.Equal(got[0], want) || !slices.Equal(got[1], want) {
		t.Errorf("pinned %q", got)
	}
	// Two cards of one person: the second device must look again.
	eve := testvault.NewPerson("carl")
	forged := &testvault.Person{Cards: []*chain.Card{eve.Card()}, CardKeys: eve.CardKeys}
	a.show(t, shown(renewed(t, forged, "carl").Cards...))
	first := a.find(t, "carl")
	b.show(t, shown(renewed(t, forged, "carl").Cards...))
	b.verify(t, "carl")
	if err := a.VerifyPerson(t.Context(), first); !errors.Is(err, directory.ErrMoved) {
		t.Errorf("a pinned another card than b: %v", err)
	}
	a.sync(t)
	if f := a.find(t, "carl"); f.Standing != directory.Parted {
		t.Errorf("%+v", f)
	}
}

// A server that answers without end, or asks for much work, is cut off.
func TestAnswersWithCardsAreBounded(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	for name, body := range map[string]string{
		"three megabytes":   `{"cards":["` + strings.Repeat("A", 3<<20) + `"]}`,
		"a million cards":   `{"cards":[` + strings.Repeat(`"",`, 1_000_000) + `""]}`,
		"an unknown member": `{"cards":["AAAA"],"trusted":true}`,
		"no list":           `{}`,
		"not JSON":          `<html>`,
	} {
		d.intercept(func(r *client.Request) (*client.Response, error) {
			if isAt(*r, protocol.PathCards) {
				return &client.Response{Status: 200, Body: []byte(body)}, nil
			}
			return nil, nil
		})
		var bad *client.AnswerError
		if _, err := d.FindPerson(t.Context(), "bob"); !errors.As(err, &bad) && !errors.Is(err, directory.ErrCards) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"", " ", "a b", "a#b", strings.Repeat("a", 129), "a\x00b"} {
		if _, err := d.FindPerson(t.Context(), name); !errors.Is(err, client.ErrUsername) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
