package replica

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

func TestReplicaFollowsWhatOtherDevicesDo(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	o.sync(t)
	o.shows(t, "[]")
	mail, bank := o.add("Mail"), o.add("Bank")
	o.sync(t)
	o.shows(t, "[Bank Mail]")
	o.rename(mail, "Post")
	o.remove(bank)
	gone := o.add("Gone")
	o.remove(gone)
	o.sync(t)
	o.shows(t, "[Post]")
	it, err := o.replica.Open(o.replica.Shown(mail))
	if err != nil || it.Password != "hunter2" || it.Base != "2.1" {
		t.Errorf("%+v, %v", it, err)
	}
	if o.replica.Revision() != o.State.Revision || o.replica.Log().Head.Hash() != o.State.Write {
		t.Errorf("at revision %d, want %d", o.replica.Revision(), o.State.Revision)
	}
}

func TestRecordsOfAllEpochsOpen(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	first := o.add("first epoch")
	o.Follow(o.DraftRotate())
	o.add("second epoch")
	o.Follow(o.DraftAccount(testvault.Renewal{Card: true, Epoch: true, AccountKey: true}))
	o.add("third epoch")
	o.sync(t)
	o.shows(t, "[first epoch second epoch third epoch]")
	o.Follow(o.DraftRotate())
	o.rename(first, "fourth epoch")
	o.sync(t)
	o.shows(t, "[fourth epoch second epoch third epoch]")
	// A record is sealed again under the newest epoch: a delete and a put of one version.
	at, _ := chain.ParseID(first)
	details := o.tokens[first][1]
	it := item.Item{ID: first, Password: "again"}.Normalise()
	o.Apply(o.Draft(testvault.Delete(details), o.Put(chain.RecordDetails, at, 1, string(it.Details()))))
	o.sync(t)
	if got, err := o.replica.Open(o.replica.Shown(first)); err != nil || got.Password != "again" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestOtherRecordsPassUntouched(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	pin, id := o.Put(chain.RecordPin, seal.NewID(), 1, "pin"), seal.NewID()
	chunks := testvault.Chunks("content")
	o.Apply(o.Draft(pin, o.Put(chain.RecordVault, o.ID, 1, "name"), testvault.Attach(id, chunks)))
	o.sync(t)
	o.shows(t, "[]")
	if l, live := o.replica.Attachment(id); !live || l.Version != 1 || len(o.replica.Attachments()) != 1 {
		t.Errorf("attachment: %+v, %v", l, live)
	}
	copied := reopened(t, o, o.whole(t, nil))
	if len(copied.others) != 2 || copied.others[pin.Line].token != pin.Token {
		t.Errorf("the cache has %d other records", len(copied.others))
	}
	o.change(t, func(ch *Change) error {
		ch.Detach(id)
		return nil
	})
	o.Apply(o.Draft(testvault.Delete(pin)))
	o.sync(t)
	if _, live := o.replica.Attachment(id); live || len(o.replica.others) != 1 {
		t.Errorf("after they were deleted: %v, %d others", live, len(o.replica.others))
	}
}

func TestChangesAreSignedAndTaken(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	o.sync(t)
	id := seal.NewID().String()
	it := item.Item{ID: id, Title: "Mail", Password: "p0"}.Normalise()
	first := o.change(t, func(ch *Change) error { return ch.Create(id, it.Overview(), it.Details()) })
	for n := range MaxHistory + 2 {
		it.Password = strings.Repeat("p", n+1)
		o.change(t, func(ch *Change) error { return ch.Update(o.replica.Shown(id), it.Overview(), it.Details()) })
	}
	e := o.replica.Shown(id)
	if len(e.overviews) != 1 || e.Versions() != MaxHistory+1 || o.replica.live.Count() != MaxHistory+2 {
		t.Errorf("%d overviews, %d details, %d lines", len(e.overviews), e.Versions(), o.replica.live.Count())
	}
	if got, err := o.replica.Open(e); err != nil || got.Password != it.Password {
		t.Errorf("%+v, %v", got, err)
	}
	if h, ok := o.replica.Log().At(o.replica.Revision()); !ok || h != o.replica.Log().Head.Hash() {
		t.Errorf("the newest write is %v, %v", h, ok)
	}
	o.holds(t, first, true)
	// A device that syncs sees the same.
	other := &owned{o.Vault, New(o.Owner.ID, o.ID), nil}
	other.sync(t)
	other.shows(t, "[Mail]")
	n := 0
	o.change(t, func(ch *Change) (err error) {
		n, err = ch.Remove([]string{id, "unknown"}, func(*Entry) bool { return true })
		return err
	})
	other.sync(t)
	other.shows(t, "[]")
	if n != 2 || o.replica.live.Count() != 0 {
		t.Errorf("removed %d, %d lines stay", n, o.replica.live.Count())
	}
}

// holds checks whether a write is in the verified history, as an answer with the path to its revision shows.
func (o *owned) holds(t *testing.T, s *Signed, want bool) {
	t.Helper()
	a, err := Parse(encoded(t, o.Answer(o.replica.Revision(), o.replica.After(), s.Write.Revision)))
	if err != nil {
		t.Fatal(err)
	}
	log := o.replica.Log()
	h, err := log.AtIn(a, s.Write.Revision)
	if err != nil {
		t.Fatal(err)
	}
	if got := h == s.Write.Hash(); got != want {
		t.Errorf("revision %d: holds is %v", s.Write.Revision, got)
	}
	if named, ok := log.At(s.Write.Revision); ok && named != h {
		t.Errorf("the last answer named another write at %d", s.Write.Revision)
	}
}

func TestLostWriteIsFoundInTheVault(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	mail := o.add("Mail")
	o.sync(t)
	created := lost(t, o, func(ch *Change) error {
		it := item.Item{Title: "New"}.Normalise()
		return ch.Create(seal.NewID().String(), it.Overview(), it.Details())
	})
	o.send(t, created)
	for _, title := range []string{"a", "b", "c", "d", "e"} {
		o.add(title)
		o.sync(t)
		o.holds(t, created, true)
	}
	deleted := lost(t, o, func(ch *Change) error {
		_, err := ch.Remove([]string{mail}, func(*Entry) bool { return true })
		return err
	})
	o.add("Third")
	o.sync(t)
	o.holds(t, deleted, false)
}

func TestPathToAnOlderWriteIsVerified(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	for _, title := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		o.add(title)
	}
	o.sync(t)
	honest := o.Answer(o.replica.Revision(), o.replica.After(), 3)
	other := newOwned(t)
	for range 7 {
		other.add("x")
	}
	for name, lie := range map[string]func(*protocol.VaultAnswer){
		"no path":          func(a *protocol.VaultAnswer) { a.Writes = nil },
		"a step left out":  func(a *protocol.VaultAnswer) { a.Writes = slices.Delete(slices.Clone(a.Writes), 1, 2) },
		"a shorter path":   func(a *protocol.VaultAnswer) { a.Writes = a.Writes[:1] },
		"from another":     func(a *protocol.VaultAnswer) { a.Writes = other.Answer(7, 1, 3).Writes },
		"in another order": func(a *protocol.VaultAnswer) { a.Writes = slices.Clone(a.Writes); slices.Reverse(a.Writes) },
	} {
		answer := honest
		lie(&answer)
		a, err := Parse(encoded(t, answer))
		if err != nil {
			continue // refused even earlier
		}
		if h, err := o.replica.Log().AtIn(a, 3); !errors.Is(err, ErrRolledBack) {
			t.Errorf("%s: %v, %v", name, h, err)
		}
	}
}

func overview(title string) []byte {
	it := item.Item{Title: title}.Normalise()
	return it.Overview()
}

// lost signs a change that is not committed.
func lost(t *testing.T, o *owned, build func(*Change) error) *Signed {
	t.Helper()
	ch := o.replica.Change()
	if err := build(ch); err != nil {
		t.Fatal(err)
	}
	s, err := ch.Sign(o.author(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWriteThatMayNotComeIsNotSigned(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	o.sync(t)
	if _, err := o.replica.Change().Sign(o.author(), time.Now()); !errors.Is(err, chain.ErrOperations) {
		t.Errorf("an empty write: %v", err)
	}
	ch := o.replica.Change()
	it := item.Item{Title: "x"}.Normalise()
	if err := ch.Create(seal.NewID().String(), it.Overview(), it.Details()); err != nil {
		t.Fatal(err)
	}
	stranger := testvault.NewPerson("eve")
	if _, err := ch.Sign(Author{stranger.ID, stranger.Card().Hash(), stranger.CardKeys[0]}, time.Now()); !errors.Is(err, chain.ErrAuthor) {
		t.Errorf("a stranger signs: %v", err)
	}
}

func TestAlteredAnswersAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(o *owned, a *protocol.VaultAnswer)
		want   string
	}{
		"a record is missing":  {func(_ *owned, a *protocol.VaultAnswer) { a.Records = a.Records[1:] }, "the server left out 1 record"},
		"a record is repeated": {func(_ *owned, a *protocol.VaultAnswer) { a.Records = append(a.Records, a.Records[0]) }, "was repeated"},
		"a token of another":   {func(_ *owned, a *protocol.VaultAnswer) { a.Records[0].Token = a.Records[2].Token }, "was changed outside"},
		"another kind":         {func(_ *owned, a *protocol.VaultAnswer) { a.Records[0].Kind = "thing" }, "unknown kind"},
		"a malformed id":       {func(_ *owned, a *protocol.VaultAnswer) { a.Records[0].ItemID = "x" }, "malformed id"},
		"a later revision":     {func(_ *owned, a *protocol.VaultAnswer) { a.Records[0].Revision = 99 }, "claims revision 99"},
		"a token too large": {func(_ *owned, a *protocol.VaultAnswer) {
			a.Records[0].Token = strings.Repeat("A", protocol.MaxTokenBytes+1)
		}, "exceeds the size"},
		"an epoch too large": {func(_ *owned, a *protocol.VaultAnswer) { a.Records[0].Epoch = 1 << 40 }, "no version or epoch"},
		"a tombstone": {func(_ *owned, a *protocol.VaultAnswer) {
			a.Records[0].Token, a.Records[0].Deleted = "", true
		}, "is a tombstone"},
		"an older overview": {func(o *owned, a *protocol.VaultAnswer) {
			i := slices.IndexFunc(a.Records, func(r protocol.VaultRecord) bool { return r.Version == 2 })
			a.Records[i].Version = 1
		}, "was changed outside"},
		"another envelope":        {func(_ *owned, a *protocol.VaultAnswer) { a.Envelope = a.Envelope[4:] + "AAAA" }, "the key of the vault does not open"},
		"no log":                  {func(_ *owned, a *protocol.VaultAnswer) { a.Entries = []string{} }, "has no log"},
		"an entry is left out":    {func(_ *owned, a *protocol.VaultAnswer) { a.Entries = a.Entries[:1] }, "does not name the newest log entry"},
		"a broken write":          {func(_ *owned, a *protocol.VaultAnswer) { a.Writes[0] = a.Writes[0][:20] }, "breaks a rule"},
		"a broken card":           {func(_ *owned, a *protocol.VaultAnswer) { a.Cards[0] = a.Cards[0][:20] }, "breaks a rule"},
		"text instead of a write": {func(_ *owned, a *protocol.VaultAnswer) { a.Writes[0] = "A" }, "a write is malformed"},
		"a forged write": {func(_ *owned, a *protocol.VaultAnswer) {
			b, _ := base64.RawURLEncoding.DecodeString(a.Writes[0])
			b[len(b)-1] ^= 1
			a.Writes[0] = signed(b)
		}, "signature is wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOwned(t)
			mail := o.add("Mail")
			o.add("Bank")
			o.rename(mail, "Post")
			a := o.asked(true, chain.State{})
			c.change(o, &a)
			_, err := o.take(t, a, true, chain.State{})
			if !isAltered(err) || !strings.Contains(err.Error(), c.want) || o.replica.Loaded {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func signed(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func TestDroppedTombstonesShowInTheRoot(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	mail := o.add("Mail")
	o.sync(t)
	o.remove(mail)
	a := o.asked(false, chain.State{})
	a.Records = a.Records[:0]
	if _, err := o.take(t, a, false, chain.State{}); !isAltered(err) {
		t.Errorf("%v", err)
	}
	o.shows(t, "[Mail]")
	if _, err := o.take(t, o.asked(true, chain.State{}), true, chain.State{}); err != nil {
		t.Error(err)
	}
	o.shows(t, "[]")
}

func TestOlderVaultsAreRolledBack(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	o.add("Mail")
	fork := *o.Vault
	o.add("Bank")
	o.sync(t)
	seen := o.State
	restored := fork // a backup, which nobody has changed since
	other := &owned{&fork, New(o.Owner.ID, o.ID), map[string][]testvault.Operation{}}
	other.add("Forged")
	other.add("Forged too")
	for name, c := range map[string]struct {
		replica *Replica
		seen    chain.State
	}{
		"that it holds": {o.replica, chain.State{}}, "that it remembers": {New(o.Owner.ID, o.ID), seen}, "both": {o.replica, seen},
	} {
		w := &owned{other.Vault, c.replica, nil}
		_, err := w.take(t, w.asked(!c.replica.Loaded, c.seen), !c.replica.Loaded, c.seen)
		var back *RolledBackError
		if !errors.As(err, &back) || back.Seen != 2 {
			t.Errorf("%s: %v", name, err)
		}
	}
	o.shows(t, "[Bank Mail]")
	var back *RolledBackError
	same := &owned{&restored, o.replica, map[string][]testvault.Operation{}}
	twin := restored
	twinned := &owned{&twin, New(o.Owner.ID, o.ID), map[string][]testvault.Operation{}}
	twinned.add("Forged") // of the revision that the device has seen
	if _, err := twinned.take(t, twinned.Answer(2, o.replica.After(), 2), false, chain.State{}); err == nil {
		t.Error("a replica without records takes changes")
	}
	twinned.replica = o.replica
	if _, err := twinned.take(t, twinned.asked(false, chain.State{}), false, chain.State{}); !errors.As(err, &back) || back.Got != 2 {
		t.Errorf("another write of the same revision: %v", err)
	}
	w := same
	if _, err := w.take(t, w.asked(false, chain.State{}), false, chain.State{}); !errors.As(err, &back) || back.Got != 1 {
		t.Errorf("a restored backup: %v", err)
	}
}

// A device that remembers the newest write, but holds no records, asks for that write again.
func TestNewestWriteIsAskedForAgain(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	o.add("Mail")
	o.Follow(o.DraftRotate())
	o.add("Bank")
	if _, err := o.take(t, o.asked(true, o.State), true, o.State); err != nil {
		t.Fatal(err)
	}
	o.shows(t, "[Bank Mail]")
}

// Another tab has remembered a newer state than this replica holds.
func TestReplicaGoesOnFromWhatAnotherTabVerified(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	o.add("Mail")
	o.sync(t)
	o.add("Bank")
	o.Follow(o.DraftRotate())
	seen := o.State
	o.add("Shop")
	if _, err := o.take(t, o.asked(false, seen), false, seen); err != nil {
		t.Fatal(err)
	}
	o.shows(t, "[Bank Mail Shop]")
}

// The fork goes on from what this replica holds, but not from what another tab has seen since.
func TestForkThatAnotherTabSawIsRefused(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	o.add("Mail")
	o.sync(t)
	fork := *o.Vault
	o.add("Bank")
	other := &owned{&fork, o.replica, map[string][]testvault.Operation{}}
	other.add("Forged")
	other.add("Forged too")
	if _, err := other.take(t, other.asked(false, o.State), false, o.State); !errors.Is(err, ErrRolledBack) {
		t.Errorf("%v", err)
	}
	// The other tab saw the newest write, so no answer has it.
	if _, err := o.take(t, o.asked(false, o.State), false, o.State); err != nil || o.replica.Log().Headless() {
		t.Errorf("%v", err)
	}
	o.shows(t, "[Bank Mail]")
}

func TestAnotherWriteIsNotTheHead(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	fork := *o.Vault
	o.add("Mail")
	a, err := Parse(encoded(t, o.asked(true, o.State)))
	if err != nil {
		t.Fatal(err)
	}
	log, err := o.replica.Follow(a, o.State)
	if err != nil || !log.Headless() {
		t.Fatalf("%v", err)
	}
	other := &owned{&fork, nil, map[string][]testvault.Operation{}}
	other.add("Forged")
	forged, err := Parse(encoded(t, other.Answer(0, -1, 0)))
	if err != nil {
		t.Fatal(err)
	}
	if err := log.AddHead(forged); !errors.Is(err, ErrRolledBack) || !log.Headless() {
		t.Errorf("%v", err)
	}
}

func TestAnotherVaultIsRefused(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	o.replica = New(o.Owner.ID, seal.NewID())
	if _, err := o.take(t, o.asked(true, chain.State{}), true, chain.State{}); !isAltered(err) || !strings.Contains(err.Error(), "another vault") {
		t.Errorf("%v", err)
	}
}

// Between two syncs, a record is sealed again twice.
func TestRecordsMovedThroughEpochsInOneDelta(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	id := o.add("Mail")
	o.sync(t)
	at, _ := chain.ParseID(id)
	for range 2 {
		o.Follow(o.DraftRotate())
		before := o.tokens[id][0]
		after := o.Put(chain.RecordOverview, at, 1, string(overview("Mail")))
		o.Apply(o.Draft(testvault.Delete(before), after))
		o.tokens[id][0] = after
	}
	o.sync(t)
	o.shows(t, "[Mail]")
}
