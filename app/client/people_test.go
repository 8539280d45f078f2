package client_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// Two users of one server, each with the server's honest answers.
func TestTwoPeopleVerifyEachOther(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	anna, bob := newDevice(t, server), newDevice(t, server)
	if _, err := anna.OwnCard(); !errors.Is(err, client.ErrLocked) {
		t.Errorf("a locked vault has a card: %v", err)
	}
	anna.register(t, "anna")
	bob.register(t, "bob")
	own := must(bob.OwnCard())(t)
	f := anna.find(t, "Bob")
	if f.Username != "bob" || f.Fingerprint != own.Fingerprint || f.Standing != directory.Unknown || own.Generation != 1 {
		t.Errorf("bob is %+v, and has %+v", f, own)
	}
	anna.verify(t, "bob")
	list := must(anna.People())(t)
	if len(list.People) != 1 || list.People[0].How != "compared" || list.People[0].UserID != f.UserID || list.People[0].Since.IsZero() {
		t.Errorf("%+v", list)
	}
	if f := anna.find(t, "bob"); f.Standing != directory.Verified {
		t.Errorf("%+v", f)
	}
	// New keys that the verified ones signed count at once, and the pin goes on to them.
	bob.rotate(t, client.RotationRequest{Password: password})
	newest := must(bob.OwnCard())(t)
	if f := anna.find(t, "bob"); f.Standing != directory.Renewed || f.Standing.Err() != nil || f.Fingerprint != newest.Fingerprint || newest.Fingerprint == own.Fingerprint {
		t.Errorf("after a rotation %+v", f)
	}
	checked, err := anna.CheckPeople(t.Context(), nil)
	if err != nil || len(checked) != 1 || checked[0].Alarming() || checked[0].Generation != 2 || checked[0].Fingerprint != newest.Fingerprint {
		t.Errorf("%+v, %v", checked, err)
	}
	if got := anna.pins(t); !slices.Equal(got, []string{"bob " + newest.Fingerprint}) {
		t.Errorf("pinned %q", got)
	}
	if _, err := anna.FindPerson(t.Context(), "anna"); !errors.Is(err, client.ErrSelf) {
		t.Errorf("anna verifies anna: %v", err)
	}
	if _, err := anna.FindPerson(t.Context(), "carl"); !errors.Is(err, client.ErrNoUser) {
		t.Errorf("nobody: %v", err)
	}
	if err := bob.DeleteAccount(t.Context(), password, false); err != nil {
		t.Fatal(err)
	}
	if checked, err := anna.CheckPeople(t.Context(), nil); err != nil || checked[0].Standing != client.StandingGone || checked[0].Alarming() {
		t.Errorf("after the account was deleted: %+v, %v", checked, err)
	}
	if err := anna.ForgetPerson(t.Context(), f.UserID); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{f.UserID, "bob", ""} {
		if err := anna.ForgetPerson(t.Context(), id); !errors.Is(err, client.ErrNoUser) {
			t.Errorf("forgot %q twice: %v", id, err)
		}
	}
	if got := anna.pins(t); len(got) != 0 {
		t.Errorf("pinned %q", got)
	}
}

// Pins are in the vault with the items, and are none: nothing that lists, counts, exports or restores items knows them.
func TestPinsAreNotItems(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	d.save(t, login("Bank"))
	before := d.sync(t).Revision
	bob := testvault.NewPerson("bob")
	d.show(t, shown(bob.Cards...))
	d.verify(t, "bob")
	d.save(t, login("Mail"))
	want := []string{pinOf(bob.Card())}
	check := func(when string, d *device, titles ...string) {
		t.Helper()
		if got := d.titles(t, ""); !slices.Equal(got, titles) {
			t.Errorf("%s: lists %q", when, got)
		}
		if got := d.pins(t); !slices.Equal(got, want) {
			t.Errorf("%s: pinned %q", when, got)
		}
	}
	check("at first", d, "Bank", "Mail")
	if s := d.sync(t); s.Count != 2 || s.Trashed != 0 || len(s.Unreadable) != 0 {
		t.Errorf("%+v", s)
	}
	if items, problems, err := d.Export(t.Context(), client.ExportOptions{Trash: true, Files: true}, nil); err != nil || len(items) != 2 || len(problems) != 0 {
		t.Errorf("%d items in an export, %v, %v", len(items), problems, err)
	}
	if _, err := d.Rewind(t.Context(), client.Rewind{Revision: before}, nil); err != nil {
		t.Fatal(err)
	}
	check("after a restore", d, "Bank")
	if _, err := d.Rewind(t.Context(), client.Rewind{Revision: before + 1, Undo: true}, nil); err != nil {
		t.Fatal(err)
	}
	check("after the write of the pin was undone", d, "Bank")
	d.rotate(t, client.RotationRequest{Password: password})
	if done := d.reseal(t); done.Unreadable != 0 {
		t.Errorf("%+v", done)
	}
	if got := d.epochs(t); !slices.Equal(got, []int64{2}) {
		t.Errorf("epochs %v", got)
	}
	check("after a rotation", d, "Bank")
	// Without a server, the cache has them.
	off := d.cutOff(t, server)
	off.unlock(t)
	check("offline", off, "Bank")
	if err := off.ForgetPerson(t.Context(), bob.ID.String()); !errors.Is(err, client.ErrOffline) {
		t.Errorf("forgot without a server: %v", err)
	}
	if _, err := off.FindPerson(t.Context(), "bob"); !errors.Is(err, client.ErrOffline) {
		t.Errorf("found without a server: %v", err)
	}
	check("offline, after a change that failed", off, "Bank")
}

// The server refuses nothing silently: a pin whose answer was lost is sent again, once.
func TestAPinSurvivesALostAnswer(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	bob := testvault.NewPerson("bob")
	d.show(t, shown(bob.Cards...))
	f := d.find(t, "bob")
	d.wire.lie(func(r client.Request, a *client.Response) {
		if isAt(r, protocol.PathVaultWrites) {
			*a = client.Response{Status: 502}
			d.cut()
		}
	})
	if err := d.VerifyPerson(t.Context(), f); !errors.Is(err, client.ErrUncertain) {
		t.Errorf("a lost answer: %v", err)
	}
	d = d.restarted(t, server)
	d.unlock(t)
	d.save(t, login("Mail")) // concludes the write in flight
	if got := d.pins(t); !slices.Equal(got, []string{pinOf(bob.Card())}) {
		t.Errorf("pinned %q", got)
	}
	pins := 0
	for _, r := range d.fetch(t).Records {
		if r.Kind == protocol.RecordPin {
			pins++
		}
	}
	if pins != 1 {
		t.Errorf("the server has %d pins", pins)
	}
}

// Both devices of a fork have pinned somebody. Bringing together loses none, and one who was pinned differently is in conflict.
func TestPinsAreBroughtTogether(t *testing.T) {
	t.Parallel()
	_, a, b, _ := twoDevices(t)
	bob, carl := testvault.NewPerson("bob"), testvault.NewPerson("carl")
	carl2 := renewed(t, carl, "carl")
	dave := testvault.NewPerson("dave")
	daveA, daveB := renewed(t, dave, "dave"), renewed(t, dave, "dave")
	b.show(t, shown(carl.Cards...))
	first := b.find(t, "carl")
	b.show(t, shown(bob.Cards...))
	onlyB := b.find(t, "bob")
	b.show(t, shown(daveB.Cards...))
	forked := b.find(t, "dave")
	b.swallow()
	link := b.invite(t, "Erin")
	for _, f := range []*client.FoundPerson{first, onlyB, forked} {
		if err := b.VerifyPerson(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	b.reconnect()
	a.show(t, shown(carl2.Cards...))
	a.verify(t, "carl")
	a.show(t, shown(daveA.Cards...))
	a.verify(t, "dave")
	if _, err := b.Sync(t.Context()); !errors.Is(err, client.ErrRolledBack) {
		t.Fatalf("sync: %v", err)
	}
	if _, err := b.FindPerson(t.Context(), "bob"); !errors.Is(err, client.ErrAlarm) {
		t.Errorf("somebody is looked up during an alarm: %v", err)
	}
	if err := b.VerifyPerson(t.Context(), onlyB); !errors.Is(err, client.ErrAlarm) {
		t.Errorf("somebody is pinned during an alarm: %v", err)
	}
	if _, err := b.BringTogether(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.sync(t)
	a.sync(t)
	want := []string{pinOf(bob.Card()), pinOf(carl2.Card()), pinOf(daveA.Card()), pinOf(daveB.Card())}
	slices.Sort(want)
	for name, d := range map[string]*device{"a": a, "b": b} {
		got := d.pins(t)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s pins\n%q, want\n%q", name, got, want)
		}
		for _, v := range must(d.People())(t).People {
			if v.Conflict != (v.Username == "dave") {
				t.Errorf("%s: %+v", name, v)
			}
		}
	}
	a.reconnect()
	if got := a.links(t); len(got) != 1 || got[0].ID != link.Invitation().ID {
		t.Errorf("the link of the branch: %+v", got)
	}
	a.show(t, shown(daveA.Cards...))
	if f := a.find(t, "dave"); f.Standing != directory.Parted || len(f.Known) != 2 {
		t.Errorf("%+v", f)
	}
	a.verify(t, "dave")
	if f := a.find(t, "dave"); f.Standing != directory.Verified {
		t.Errorf("after comparing: %+v", f)
	}
}

// Somebody who may be pinned in a record that this version cannot read is not taken for unknown.
func TestAnUnreadablePin(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	d.show(t, shown(testvault.NewPerson("carl").Cards...))
	d.verify(t, "carl")
	putRecords(t, d.wire.Transport, func(put func(id chain.ID, kind chain.RecordKind, version uint32, content string)) {
		put(seal.NewID(), chain.RecordPin, 1, "\x02\x01\x00")
		put(seal.NewID(), chain.RecordPin, 1, "\x02\x02") // of something else than a person
	})
	d.sync(t)
	list := must(d.People())(t)
	if list.Unreadable != 1 || len(list.People) != 1 {
		t.Errorf("%+v", list)
	}
	if f := d.find(t, "carl"); f.Standing != directory.Verified {
		t.Errorf("%+v", f)
	}
	d.show(t, shown(testvault.NewPerson("bob").Cards...))
	f := d.find(t, "bob")
	if f.Standing != directory.Unsure || !errors.Is(f.Standing.Err(), directory.ErrPin) {
		t.Errorf("%+v", f)
	}
	if err := d.VerifyPerson(t.Context(), f); !errors.Is(err, directory.ErrPin) {
		t.Errorf("verified: %v", err)
	}
}
