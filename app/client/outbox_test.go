package client_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// marked lists the titles of items with pending changes.
func (d *device) marked(t testing.TB) []string {
	t.Helper()
	found, err := d.Search(client.Query{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range found {
		if s.Pending {
			out = append(out, s.Title)
		}
	}
	return out
}

// seenFrom returns another device of the same user, after a sync.
func seenFrom(t *testing.T, server string) *device {
	t.Helper()
	other := newDevice(t, server)
	other.login(t, "anna", "other")
	other.sync(t)
	return other
}

// The server controls the label of a session, so the label must not get into the sealed title of a copy.
func TestServersDeviceNameIsNotInTitles(t *testing.T) {
	t.Parallel()
	server, d, bank, _ := cachedVault(t)
	other := seenFrom(t, server)
	d = d.cutOff(t, server)
	d.SetDevice("")
	d.unlock(t)
	bank.Notes = "here"
	d.save(t, bank)
	bank.Notes = "there"
	other.save(t, bank)
	d.wire.mu.Lock()
	d.wire.before = func(r *client.Request) (*client.Response, error) {
		if r.Path == protocol.PathSessions {
			t.Error("the server was asked what this device is called")
		}
		return nil, nil
	}
	d.wire.mu.Unlock()
	d.sync(t)
	if got := d.titles(t, ""); !slices.Equal(got, []string{"bank", "bank (conflict from another device)", "mail"}) {
		t.Errorf("titles are %q", got)
	}
}

func TestOfflineChangesAreShownAndSentLater(t *testing.T) {
	t.Parallel()
	server, d, bank, mail := cachedVault(t)
	d.cut()
	cloud := d.save(t, login("cloud"))
	bank.Password, bank.Favourite = "newer", true
	bank = d.save(t, bank)
	bank.Notes = "and a note"
	bank = d.save(t, bank)
	if err := d.Delete(t.Context(), []string{mail.ID}); err != nil {
		t.Fatal(err)
	}
	gone := d.save(t, login("made and deleted"))
	if err := d.Delete(t.Context(), []string{gone.ID}); err != nil {
		t.Fatal(err)
	}

	show := func(d *device) {
		t.Helper()
		if got := d.titles(t, ""); !slices.Equal(got, []string{"bank", "cloud"}) || !slices.Equal(d.marked(t), got) {
			t.Errorf("the list shows %q, marked %q", got, d.marked(t))
		}
		if got := d.get(t, bank.ID); got.Password != "newer" || got.Notes != "and a note" || !got.Favourite {
			t.Errorf("got %+v", got)
		}
		if older, err := d.History(bank.ID); err != nil || len(older) != 1 || older[0].Password != "secret of bank" {
			t.Errorf("history %+v %v", older, err)
		}
		if _, err := d.Get(mail.ID); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("the deleted item: %v", err)
		}
		if w := d.waiting(t); w.Pending != 3 || len(w.Refused) != 0 {
			t.Errorf("waiting: %+v", w)
		}
		sameForPage(t, d, client.Query{Favourite: true})
	}
	show(d)
	d.Lock()
	d.unlock(t)
	show(d)
	d = d.cutOff(t, server)
	d.unlock(t)
	show(d)

	d.reconnect()
	before := len(d.wire.sent)
	if s := d.sync(t); s.Pending != 0 || s.Count != 2 || !s.Changed || len(d.marked(t)) != 0 {
		t.Errorf("synced %+v, still marked %q", s, d.marked(t))
	}
	changes := 0
	for _, r := range d.wire.sent[before:] {
		if isAt(r, protocol.PathVaultWrites) {
			changes++
		}
	}
	if changes != 3 {
		t.Errorf("%d changes were sent", changes)
	}
	for _, other := range []*device{d, seenFrom(t, server)} {
		if got := other.titles(t, ""); !slices.Equal(got, []string{"bank", "cloud"}) {
			t.Errorf("got %q", got)
		}
		if got := other.get(t, bank.ID); got.Password != "newer" || got.Notes != "and a note" || !got.Favourite {
			t.Errorf("got %+v", got)
		}
		if got := other.get(t, cloud.ID); got.Password != "secret of cloud" {
			t.Errorf("got %+v", got)
		}
	}
}

// The form was opened on a pending change, which is sent before the form is saved.
func TestEditBasedOnThePendingStateIsMerged(t *testing.T) {
	t.Parallel()
	_, d, bank, _ := cachedVault(t)
	d.cut()
	bank.Notes = "first"
	d.save(t, bank)
	form := d.get(t, bank.ID)
	d.reconnect()
	d.sync(t)
	form.Notes = "second"
	if got := d.save(t, form); got.Notes != "second" || len(d.titles(t, "")) != 2 {
		t.Errorf("got %+v among %q", got, d.titles(t, ""))
	}
}

func TestPendingChangesMergeWithAnotherDevice(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	remove := func(t *testing.T, d *device, it item.Item) {
		if err := d.Delete(ctx, []string{it.ID}); err != nil {
			t.Error(err)
		}
	}
	notes := func(text string) func(*testing.T, *device, item.Item) {
		return func(t *testing.T, d *device, it item.Item) {
			it.Notes = text
			d.save(t, it)
		}
	}
	for name, c := range map[string]struct {
		here, there func(*testing.T, *device, item.Item)
		want        []string // titles
		notes       string
		undeleted   int
	}{
		"other fields are merged": {notes("here"), func(t *testing.T, d *device, it item.Item) {
			it.Title = "the bank"
			d.save(t, it)
		}, []string{"mail", "the bank"}, "here", 0},
		"the same field keeps both":          {notes("here"), notes("there"), []string{"bank", "bank (conflict from first device)", "mail"}, "there", 0},
		"the same change is one":             {notes("both"), notes("both"), []string{"bank", "mail"}, "both", 0},
		"an edit wins against a deletion":    {notes("here"), remove, []string{"bank", "mail"}, "here", 0},
		"a deletion gives way to an edit":    {remove, notes("there"), []string{"bank", "mail"}, "there", 1},
		"deleted on both":                    {remove, remove, []string{"mail"}, "", 0},
		"edited and then deleted, like that": {func(t *testing.T, d *device, it item.Item) { notes("x")(t, d, it); remove(t, d, it) }, func(*testing.T, *device, item.Item) {}, []string{"mail"}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			server, d, bank, _ := cachedVault(t)
			other := seenFrom(t, server)
			d.cut()
			c.here(t, d, bank)
			c.there(t, other, other.get(t, bank.ID))
			d.reconnect()
			if s := d.sync(t); s.Pending != 0 || len(s.Undeleted) != c.undeleted {
				t.Errorf("synced %+v", s)
			}
			other.sync(t)
			for _, d := range []*device{d, other} {
				got := d.titles(t, "")
				if !slices.Equal(got, c.want) {
					t.Fatalf("got %q, want %q", got, c.want)
				}
				for _, title := range []string{"bank", "the bank"} {
					if slices.Contains(got, title) && c.notes != d.notesOf(t, title) {
						t.Errorf("%s has the notes %q", title, d.notesOf(t, title))
					}
				}
			}
		})
	}
}

func (d *device) ids(t *testing.T) []string {
	t.Helper()
	found, err := d.Search(client.Query{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range found {
		out = append(out, s.ID)
	}
	return out
}

func (d *device) notesOf(t *testing.T, title string) string {
	t.Helper()
	found, err := d.Search(client.Query{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(found, func(s client.Summary) bool { return s.Title == title })
	return d.get(t, found[i].ID).Notes
}

// The program ends at every step of sending the outbox: before each request, after the server has accepted it, and before each
// write to the cache. After a restart nothing is lost or duplicated.
func TestAnEndWhileSendingLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	errEnded := errors.New("the program ended")
	server, d, _, _ := cachedVault(t)
	other := seenFrom(t, server)
	for step := 1; ; step++ {
		if err := other.Delete(t.Context(), other.ids(t)); err != nil {
			t.Fatal(err)
		}
		bank, mail, third := other.save(t, login("bank")), other.save(t, login("mail")), other.save(t, login("third"))
		d.sync(t)
		bank, mail = d.get(t, bank.ID), d.get(t, mail.ID)
		d.cut()
		d.save(t, login("new"))
		bank.Notes = "here"
		d.save(t, bank)
		mail.Username = "new name"
		d.save(t, mail)
		if err := d.Delete(t.Context(), []string{third.ID}); err != nil {
			t.Fatal(err)
		}
		theirs := other.get(t, bank.ID)
		theirs.Notes = "there"
		other.save(t, theirs)

		d.reconnect()
		steps := 0
		end := func() error {
			if steps++; steps >= step {
				return errEnded
			}
			return nil
		}
		d.wire.before = func(*client.Request) (*client.Response, error) { return nil, end() }
		d.cache.before = func(string) error { return end() }
		d.wire.lie(func(_ client.Request, answer *client.Response) {
			if end() != nil {
				*answer = client.Response{Status: 502}
			}
		})
		_, err := d.Sync(t.Context())
		d.cache.before = nil
		finished := err == nil && steps < step

		d = d.restarted(t, server)
		d.unlock(t)
		if s := d.sync(t); s.Pending != 0 {
			t.Fatalf("step %d: synced %+v", step, s)
		}
		other.sync(t)
		for _, d := range []*device{d, other} {
			if got := d.titles(t, ""); !slices.Equal(got, []string{"bank", "bank (conflict from first device)", "mail", "new"}) {
				t.Fatalf("step %d: got %q", step, got)
			}
			if got := d.get(t, mail.ID); got.Username != "new name" || d.notesOf(t, "bank") != "there" ||
				d.notesOf(t, "bank (conflict from first device)") != "here" {
				t.Errorf("step %d: got %+v", step, got)
			}
		}
		if finished {
			if step < 10 {
				t.Errorf("there were only %d steps", step)
			}
			return
		}
	}
}

// The answer to a change is lost and the server becomes unreachable, so the client does not know whether the change was accepted.
// The user goes on editing.
func TestGoingOnAfterALostAnswer(t *testing.T) {
	t.Parallel()
	server, d, bank, _ := cachedVault(t)
	d.wire.lie(func(r client.Request, answer *client.Response) {
		if isAt(r, protocol.PathVaultWrites) {
			d.cut()
			*answer = client.Response{Status: 502}
		}
	})
	bank.Notes = "first"
	bank = d.save(t, bank)
	if w := d.waiting(t); w.Pending != 1 {
		t.Errorf("waiting: %+v", w)
	}
	bank.Notes = "second"
	d.save(t, bank)
	d.wire.lie(nil)
	d.reconnect()
	d.sync(t)
	other := seenFrom(t, server)
	if got := other.get(t, bank.ID); got.Notes != "second" || len(other.titles(t, "")) != 2 {
		t.Errorf("got %+v among %q", got, other.titles(t, ""))
	}
}

// A rejected change stays in the outbox with the server's reason. The changes behind it are sent.
func TestARefusedChangeStaysAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	server, d, bank, mail := cachedVault(t)
	d.cut()
	bank.Notes = "too much"
	bank = d.save(t, bank)
	mail.Notes = "fine"
	d.save(t, mail)
	d.reconnect()
	refused := 0
	d.wire.before = func(r *client.Request) (*client.Response, error) {
		if changesItem(t, *r, bank.ID) {
			refused++
			return &client.Response{Status: 507, Body: fmt.Appendf(nil, `{"code":%q,"message":"the vault is full","request_id":"r"}`, protocol.CodeStorageFull)}, nil
		}
		return nil, nil
	}
	want := []client.Refused{{ID: bank.ID, Title: "bank", Code: client.Code(protocol.CodeStorageFull), Message: "the vault is full"}}
	if s := d.sync(t); s.Pending != 1 || !slices.Equal(s.Refused, want) || refused != 2 { // the write that was in flight, and its replacement
		t.Fatalf("synced %+v after %d tries", s, refused)
	}
	if got := seenFrom(t, server).get(t, mail.ID); got.Notes != "fine" {
		t.Errorf("got %+v", got)
	}
	d = d.cutOff(t, server)
	d.unlock(t)
	if w := d.waiting(t); !slices.Equal(w.Refused, want) || !slices.Equal(d.marked(t), []string{"bank"}) {
		t.Errorf("after a restart: %+v", w)
	}

	// The user shortens the notes, and the change is sent.
	d.reconnect()
	d.sync(t)
	bank = d.get(t, bank.ID)
	bank.Notes = "less"
	d.save(t, bank)
	if w := d.waiting(t); w.Pending != 0 {
		t.Errorf("waiting: %+v", w)
	}
	if got := seenFrom(t, server).get(t, bank.ID); got.Notes != "less" {
		t.Errorf("got %+v", got)
	}
}

// Two tabs of one browser share one outbox.
func TestTwoTabsWaitTogether(t *testing.T) {
	t.Parallel()
	server, a, bank, _ := cachedVault(t)
	b := a.cutOff(t, server)
	b.unlock(t)
	a.cut()
	a.save(t, login("from a"))
	b.save(t, login("from b"))
	bank.Notes = "from a"
	a.save(t, bank)
	if w := a.waiting(t); w.Pending != 3 {
		t.Errorf("a knows of %+v", w)
	}
	a.reconnect()
	b.reconnect()
	a.sync(t)
	if s := b.sync(t); s.Pending != 0 || s.Count != 4 {
		t.Errorf("b has %+v", s)
	}
	other := seenFrom(t, server)
	if got := other.titles(t, ""); !slices.Equal(got, []string{"bank", "from a", "from b", "mail"}) || other.get(t, bank.ID).Notes != "from a" {
		t.Errorf("got %q", got)
	}
}

// An online save is sent after the pending changes.
func TestSaveAfterPendingChanges(t *testing.T) {
	t.Parallel()
	server, d, bank, mail := cachedVault(t)
	d.cut()
	bank.Notes = "first"
	bank = d.save(t, bank)
	d.reconnect()
	bank.Notes = "second"
	d.save(t, bank)
	if err := d.Delete(t.Context(), []string{mail.ID}); err != nil {
		t.Fatal(err)
	}
	if w := d.waiting(t); w.Pending != 0 {
		t.Errorf("waiting: %+v", w)
	}
	other := seenFrom(t, server)
	if got := other.titles(t, ""); !slices.Equal(got, []string{"bank"}) || other.get(t, bank.ID).Notes != "second" {
		t.Errorf("got %q", got)
	}
}

// An altered outbox is neither ignored nor deleted, because it holds the user's edits.
func TestTamperedOutboxIsReportedAndStays(t *testing.T) {
	t.Parallel()
	server, d, _, _ := cachedVault(t)
	d.cut()
	d.save(t, login("new"))
	d.cache.change(t, "queue", func(p [][]byte) [][]byte {
		return [][]byte{[]byte(strings.Replace(string(p[0]), "gAAAA", "gAAAB", 1))}
	})
	d = d.cutOff(t, server)
	if _, err := d.Unlock(t.Context(), password); client.Explain(err).Code != client.CodeVaultAltered {
		t.Errorf("without a server: %v", err)
	}
	d.reconnect()
	d.unlock(t)
	if _, err := d.Sync(t.Context()); client.Explain(err).Code != client.CodeVaultAltered {
		t.Errorf("with a server: %v", err)
	}
	if got := d.cache.names(); !slices.Contains(got, "queue") {
		t.Errorf("the cache has %q", got)
	}
}
