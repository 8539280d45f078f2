package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// refusing is a server that answers writes with an error and stores them, to show them later.
type refusing struct {
	d    *device
	held []client.Request
}

// refuse answers the next n writes with a status and a code.
func (d *device) refuse(n, status int, code protocol.Code) *refusing {
	r := &refusing{d: d}
	d.wire.before = func(q *client.Request) (*client.Response, error) {
		if !isAt(*q, protocol.PathVaultWrites) || len(r.held) == n {
			return nil, nil
		}
		r.held = append(r.held, *q)
		return &client.Response{Status: status, Body: fmt.Appendf(nil, `{"code":%q,"message":"no","request_id":"r"}`, code)}, nil
	}
	return r
}

// show has the server take a write that it refused.
func (r *refusing) show(t *testing.T, i int) {
	t.Helper()
	answer, err := r.d.wire.Transport.Do(t.Context(), r.held[i])
	if err != nil || answer.Status/100 != 2 {
		t.Fatalf("status %d: %s, %v", answer.Status, answer.Body, err)
	}
}

// statements returns the different writes that the devices sent, by revision.
func statements(t *testing.T, devices ...*device) map[int64]map[chain.Hash]bool {
	t.Helper()
	all := map[int64]map[chain.Hash]bool{}
	for _, d := range devices {
		d.wire.mu.Lock()
		sent := slices.Clone(d.wire.sent)
		d.wire.mu.Unlock()
		for _, r := range sent {
			if !isAt(r, protocol.PathVaultWrites) {
				continue
			}
			var in protocol.WriteRequest
			if err := json.Unmarshal(r.Body, &in); err != nil {
				t.Fatal(err)
			}
			w := decodeObject(t, in.Write, chain.ParseWrite)
			if all[w.Revision] == nil {
				all[w.Revision] = map[chain.Hash]bool{}
			}
			all[w.Revision][w.Hash()] = true
		}
	}
	return all
}

func oneEach(t *testing.T, devices ...*device) {
	t.Helper()
	for revision, writes := range statements(t, devices...) {
		if len(writes) > 1 {
			t.Errorf("%d different writes of revision %d were signed", len(writes), revision)
		}
	}
}

// The server refuses an edit, keeps it, and shows it after all. By then another device has changed the item again.
func TestRefusedEditThatTheServerShowsLaterIsMadeOnce(t *testing.T) {
	t.Parallel()
	server, d, bank, _ := cachedVault(t)
	other := seenFrom(t, server)
	d.cut()
	bank.Notes = "mine"
	d.save(t, bank)
	r := d.refuse(2, 507, protocol.CodeStorageFull) // the write that was in flight, and its replacement
	if s := d.sync(t); s.Pending != 1 || len(s.Refused) != 1 {
		t.Fatalf("synced %+v", s)
	}
	r.show(t, 0)
	other.sync(t)
	theirs := other.get(t, bank.ID)
	if theirs.Notes != "mine" {
		t.Fatalf("the server shows %q", theirs.Notes)
	}
	theirs.Notes = "theirs"
	other.save(t, theirs)
	d = d.restarted(t, server)
	d.unlock(t)
	if s := d.sync(t); s.Pending != 0 {
		t.Errorf("synced %+v", s)
	}
	if got := d.titles(t, ""); !slices.Equal(got, []string{"bank", "mail"}) || d.get(t, bank.ID).Notes != "theirs" {
		t.Errorf("got %q, with %q", got, d.get(t, bank.ID).Notes)
	}
}

// The same, but the user has changed the refused edit: only what that adds is sent.
func TestWhatFollowsARefusedEditIsSentAlone(t *testing.T) {
	t.Parallel()
	server, d, bank, _ := cachedVault(t)
	other := seenFrom(t, server)
	d.cut()
	bank.Notes, bank.Username = "much too long", "mine"
	d.save(t, bank)
	r := d.refuse(2, 507, protocol.CodeStorageFull)
	d.sync(t)
	d.cut()
	bank = d.get(t, bank.ID)
	bank.Notes = "short"
	d.save(t, bank)
	r.show(t, 0)
	other.sync(t)
	theirs := other.get(t, bank.ID)
	theirs.Username = "theirs"
	other.save(t, theirs)
	d.reconnect()
	if s := d.sync(t); s.Pending != 0 {
		t.Errorf("synced %+v", s)
	}
	got := d.get(t, bank.ID)
	if titles := d.titles(t, ""); !slices.Equal(titles, []string{"bank", "mail"}) || got.Notes != "short" || got.Username != "theirs" {
		t.Errorf("got %q, with %q and %q", titles, got.Notes, got.Username)
	}
}

// A new item whose refused write the server takes when the user saves again.
func TestRefusedNewItemIsNotThereTwice(t *testing.T) {
	t.Parallel()
	_, d, _, _ := cachedVault(t)
	for code, status := range map[protocol.Code]int{protocol.CodeStorageFull: 507, protocol.CodeThrottled: 429} {
		r := d.refuse(1, status, code)
		title := string(code)
		if _, err := d.Save(t.Context(), login(title)); client.Explain(err).Code != client.Code(code) {
			t.Fatalf("the first save: %v", err)
		}
		r.show(t, 0)
		saved := d.save(t, login(title))
		if got := d.titles(t, title); !slices.Equal(got, []string{title}) || saved.Title != title {
			t.Errorf("%s: got %q", code, got)
		}
	}
}

// The answer does not say that the server will never take the write. So the same bytes are sent again, and nothing else is signed.
func TestRefusalThatIsNotForGoodChangesNothing(t *testing.T) {
	t.Parallel()
	server, d, bank, _ := cachedVault(t)
	for code, status := range map[protocol.Code]int{
		protocol.CodeRevisionConflict: 409, protocol.CodeThrottled: 429, protocol.CodeUnauthorized: 401, protocol.CodeNotFound: 404,
	} {
		d.refuse(2, status, code)
		bank.Notes = string(code)
		if _, err := d.Save(t.Context(), bank); err == nil {
			t.Fatalf("%s: the save succeeded", code)
		}
		if _, err := d.Save(t.Context(), login("another item")); err == nil {
			t.Fatalf("%s: another item was saved while the first write was open", code)
		}
		d.save(t, login("after "+string(code)))
		bank = d.get(t, bank.ID)
		if bank.Notes != string(code) {
			t.Errorf("%s: the edit is %q", code, bank.Notes)
		}
		d.sync(t)
	}
	oneEach(t, d)
	if got := seenFrom(t, server).titles(t, "another item"); len(got) != 0 {
		t.Errorf("an edit that was never signed: %q", got)
	}
}

// The program ends between storing a write and sending it, and another device is faster.
func TestEndBeforeSendingLosesNothing(t *testing.T) {
	t.Parallel()
	server, d, bank, _ := cachedVault(t)
	other := seenFrom(t, server)
	errEnded := errors.New("the program ended")
	for name, change := range map[string]func() (item.Item, string){
		"an edit":   func() (item.Item, string) { bank.Notes = "mine"; return bank, "bank" },
		"a new one": func() (item.Item, string) { return login("new"), "new" },
	} {
		it, title := change()
		d.wire.before = func(r *client.Request) (*client.Response, error) {
			if isAt(*r, protocol.PathVaultWrites) {
				return nil, errEnded
			}
			return nil, nil
		}
		d.cache.before = func(name string) error { // ends with it
			if d.wire.count(protocol.PathVaultWrites) > 0 {
				return errEnded
			}
			return nil
		}
		d.wire.sent = nil
		if _, err := d.Save(t.Context(), it); err == nil {
			t.Fatalf("%s: saved", name)
		}
		d.cache.before = nil
		other.save(t, login("faster than "+title))
		d = d.restarted(t, server)
		d.unlock(t)
		if s := d.sync(t); s.Pending != 0 {
			t.Errorf("%s: synced %+v", name, s)
		}
		other.sync(t)
		if got := other.titles(t, ""); !slices.Contains(got, title) || name == "an edit" && other.get(t, bank.ID).Notes != "mine" {
			t.Errorf("%s: got %q", name, got)
		}
		bank = d.get(t, bank.ID)
	}
}

func (w *wire) count(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, r := range w.sent {
		if isAt(r, path) {
			n++
		}
	}
	return n
}

// Two tabs of one browser share memory and cache. They never sign two writes of one revision.
func TestTabsSignOneAfterTheOther(t *testing.T) {
	t.Parallel()
	server, a, bank, _ := cachedVault(t)
	b := a.restarted(t, server)
	b.unlock(t)
	b.sync(t)
	const each = 6
	var wait sync.WaitGroup
	for i, d := range []*device{a, b} {
		wait.Go(func() {
			for n := range each {
				if _, err := d.Save(t.Context(), login(fmt.Sprintf("item %d of tab %d", n, i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	oneEach(t, a, b)
	for i, d := range []*device{a, b} { // what one tab leaves in flight, the other sends again
		r := d.refuse(1, 429, protocol.CodeThrottled)
		it := d.get(t, bank.ID)
		it.Notes = fmt.Sprint("from tab ", i)
		if _, err := d.Save(t.Context(), it); err == nil || len(r.held) != 1 {
			t.Errorf("saved: %v", err)
		}
		next := []*device{b, a}[i]
		next.save(t, login(fmt.Sprint("after tab ", i)))
		if got := next.get(t, bank.ID).Notes; got != it.Notes {
			t.Errorf("the other tab has %q", got)
		}
		d.sync(t)
	}
	oneEach(t, a, b)
	if got := seenFrom(t, server).titles(t, ""); len(got) != 2+2*each+2 {
		t.Errorf("got %q", got)
	}
}

// The answer to an edit of many items is lost, and another device goes on from it.
func TestEditOfManyItemsIsMadeOnce(t *testing.T) {
	t.Parallel()
	server, d, bank, mail := cachedVault(t)
	other := seenFrom(t, server)
	d.wire.lie(func(r client.Request, answer *client.Response) {
		if isAt(r, protocol.PathVaultWrites) {
			d.cut()
			*answer = client.Response{Status: 502}
		}
	})
	if _, err := d.Archive(t.Context(), []string{bank.ID, mail.ID}, nil); err != nil {
		t.Fatal(err)
	}
	if w := d.waiting(t); w.Pending != 2 {
		t.Fatalf("waiting: %+v", w)
	}
	other.sync(t)
	if _, err := other.Unarchive(t.Context(), []string{bank.ID}, nil); err != nil {
		t.Fatal(err)
	}
	d.wire.lie(nil)
	d.reconnect()
	if s := d.sync(t); s.Pending != 0 {
		t.Errorf("synced %+v", s)
	}
	if !d.get(t, bank.ID).Archived.IsZero() || d.get(t, mail.ID).Archived.IsZero() {
		t.Error("the edit took effect twice")
	}
}

// The server says that the password is wrong, and keeps the entry. A second entry at its place would part the log permanently.
func TestRefusedAccountEntryIsSentAgain(t *testing.T) {
	t.Parallel()
	server, d, _, _ := cachedVault(t)
	passwords := [2]string{password, "another correct horse"}
	for code, status := range map[protocol.Code]int{
		protocol.CodeInvalidCredentials: 401, protocol.CodeThrottled: 429, protocol.CodeRevisionConflict: 409, protocol.CodeConflict: 409,
	} {
		refused := 0
		d.wire.before = func(r *client.Request) (*client.Response, error) {
			if !isAt(*r, protocol.PathAccountEntry) || refused > 0 {
				return nil, nil
			}
			refused++
			return &client.Response{Status: status, Body: fmt.Appendf(nil, `{"code":%q,"message":"no","request_id":"r"}`, code)}, nil
		}
		from, to := passwords[0], passwords[1]
		err := d.ChangePassword(t.Context(), from, to)
		if err != nil {
			err = d.ChangePassword(t.Context(), from, to)
		}
		if err != nil || refused != 1 {
			t.Errorf("%s: %v after %d refusals", code, err, refused)
		}
		passwords[0], passwords[1] = to, from
	}
	entries := map[int64]map[chain.Hash]bool{}
	for _, r := range d.wire.sent {
		if !isAt(r, protocol.PathAccountEntry) {
			continue
		}
		var in protocol.AccountEntryRequest
		if err := json.Unmarshal(r.Body, &in); err != nil {
			t.Fatal(err)
		}
		e := decodeObject(t, in.Change.Entry, chain.ParseEntry)
		if entries[e.Sequence] == nil {
			entries[e.Sequence] = map[chain.Hash]bool{}
		}
		entries[e.Sequence][e.Hash()] = true
	}
	for sequence, all := range entries {
		if len(all) > 1 {
			t.Errorf("%d different entries were signed at %d", len(all), sequence)
		}
	}
	if len(entries) != 4 {
		t.Errorf("%d entries", len(entries))
	}
	seenFrom(t, server)
}
