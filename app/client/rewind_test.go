package client_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// registered returns a device with an account, and its server.
func registered(t *testing.T) (*device, string) {
	t.Helper()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	return d, server
}

func (d *device) rewind(t *testing.T, r client.Rewind) client.Rewound {
	t.Helper()
	out, err := d.Rewind(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (d *device) preview(t *testing.T, r client.Rewind) client.Rewound {
	t.Helper()
	before := d.sync(t).Revision
	out, err := d.PreviewRewind(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if after := d.sync(t).Revision; after != before {
		t.Errorf("the preview changed the vault from revision %d to %d", before, after)
	}
	return out
}

// effects describes what a restoration does, by title.
func effects(r client.Rewound) []string {
	var out []string
	for _, it := range r.Items {
		out = append(out, fmt.Sprintf("%s %s %v%s", it.Change, it.Title, it.Fields, it.Problem))
	}
	slices.Sort(out)
	return out
}

func expect(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestVersionsOfAnItemComeBack(t *testing.T) {
	t.Parallel()
	d, server := registered(t)
	it := d.save(t, login("Bank"))
	d.save(t, login("Other"))
	it.Password, it.Notes = "second", "note"
	it = d.save(t, it)
	other := newDevice(t, server)
	other.login(t, "anna", "second device")
	other.sync(t)
	if _, err := other.Mark(t.Context(), []string{it.ID}, true, nil); err != nil {
		t.Fatal(err)
	}
	h, err := d.Versions(t.Context(), it.ID)
	if err != nil || len(h.Versions) != 3 || h.More {
		t.Fatalf("%+v, %v", h, err)
	}
	for i, want := range []client.ItemVersion{
		{Revision: 4, Change: client.ItemChanged, Fields: []string{"favourite"}},
		{Revision: 3, Change: client.ItemChanged, Fields: []string{"password", "notes"}},
		{Revision: 1, Change: client.ItemAdded, Fields: []string{}},
	} {
		got := h.Versions[i]
		if got.Revision != want.Revision || got.Change != want.Change || !slices.Equal(got.Fields, want.Fields) ||
			!got.Available || got.Author != "anna" || got.Time.IsZero() || got.Title != "Bank" {
			t.Errorf("version %d: %+v", i, got)
		}
	}
	out := d.rewind(t, client.Rewind{Revision: 1, IDs: []string{it.ID}})
	expect(t, "restored", effects(out), []string{"changed Bank [favourite password notes]"})
	got := d.get(t, it.ID)
	if got.Password != "secret of Bank" || got.Notes != "" || got.Favourite || !got.Created.Equal(it.Created) || !got.Modified.After(it.Modified) {
		t.Errorf("%+v", got)
	}
	old, err := d.History(it.ID)
	if err != nil || len(old) != 2 || old[0].Password != "second" {
		t.Errorf("older passwords: %+v, %v", old, err)
	}
	other.sync(t)
	if got := other.get(t, it.ID); got.Password != "secret of Bank" {
		t.Errorf("on the other device: %+v", got)
	}
	if again := d.rewind(t, client.Rewind{Revision: 1, IDs: []string{it.ID}}); len(again.Items) != 0 {
		t.Errorf("a second restoration: %+v", again)
	}
	if _, err := d.Versions(t.Context(), seal.NewID().String()); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("an unknown item: %v", err)
	}
}

func TestDeletedItemsComeBackWithTheirFiles(t *testing.T) {
	t.Parallel()
	d, _ := registered(t)
	it := d.save(t, login("Bank"))
	it.Password = "second"
	it = d.save(t, it)
	it, err := d.Attach(t.Context(), it.ID, "key.pem", []byte("content"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Trash(t.Context(), []string{it.ID}, 0, nil); err != nil {
		t.Fatal(err)
	}
	if err := d.Delete(t.Context(), []string{it.ID}); err != nil {
		t.Fatal(err)
	}
	gone, err := d.Deleted(t.Context())
	if err != nil || len(gone) != 1 || gone[0].ID != it.ID || gone[0].Title != "Bank" || gone[0].Author != "anna" {
		t.Fatalf("%+v, %v", gone, err)
	}
	expect(t, "restored", effects(d.rewind(t, client.Rewind{Revision: gone[0].Revision, IDs: []string{it.ID}})), []string{"added Bank []"})
	got := d.get(t, it.ID)
	if got.Password != "second" || !got.Trashed.IsZero() {
		t.Errorf("%+v", got)
	}
	if old, err := d.History(it.ID); err != nil || len(old) != 1 || old[0].Password != "secret of Bank" {
		t.Errorf("older passwords: %+v, %v", old, err)
	}
	if content, err := d.Attachment(t.Context(), it.ID, got.Attachments[0].ID, nil); err != nil || string(content) != "content" {
		t.Errorf("the file: %q, %v", content, err)
	}
	if gone, err := d.Deleted(t.Context()); err != nil || len(gone) != 0 {
		t.Errorf("still deleted: %+v, %v", gone, err)
	}
	h, err := d.Versions(t.Context(), it.ID)
	if err != nil || h.Versions[0].Change != client.ItemAdded || h.Versions[1].Change != client.ItemDeleted || h.More {
		t.Errorf("%+v, %v", h, err)
	}
}

// history makes a vault where an item was added, one changed and one deleted since a revision.
func history(t *testing.T, d *device) (then int64) {
	t.Helper()
	changed, deleted := d.save(t, login("changed")), d.save(t, login("deleted"))
	d.save(t, login("same"))
	then = d.sync(t).Revision
	changed.Title = "changed since"
	d.save(t, changed)
	d.save(t, login("added"))
	if err := d.Delete(t.Context(), []string{deleted.ID}); err != nil {
		t.Fatal(err)
	}
	return then
}

func TestTheWholeVaultGoesBackAndForth(t *testing.T) {
	t.Parallel()
	d, server := registered(t)
	then := history(t, d)
	now := d.sync(t).Revision
	want := []string{"added deleted []", "changed changed [title]", "deleted added []"}
	expect(t, "preview", effects(d.preview(t, client.Rewind{Revision: then})), want)
	expect(t, "restored", effects(d.rewind(t, client.Rewind{Revision: then})), want)
	expect(t, "titles", d.titles(t, ""), []string{"changed", "deleted", "same"})
	// What the restoration replaced and deleted is kept too.
	d.rewind(t, client.Rewind{Revision: now})
	expect(t, "titles", d.titles(t, ""), []string{"added", "changed since", "same"})
	other := newDevice(t, server)
	other.login(t, "anna", "other")
	other.sync(t)
	expect(t, "titles on another device", other.titles(t, ""), []string{"added", "changed since", "same"})
	for _, r := range []client.Rewind{{Revision: 0}, {Revision: -1}, {Revision: 1000}} {
		if _, err := d.Rewind(t.Context(), r, nil); !errors.Is(err, client.ErrNoRevision) {
			t.Errorf("revision %d: %v", r.Revision, err)
		}
	}
}

func TestOneChangeIsUndone(t *testing.T) {
	t.Parallel()
	d, _ := registered(t)
	first := d.save(t, login("first"))
	ids, err := d.AddMany(t.Context(), []item.Item{login("a"), login("b")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	imported := d.sync(t).Revision
	first.Title = "first again"
	d.save(t, first)
	if _, err := d.Trash(t.Context(), append(ids, first.ID), 0, nil); err != nil {
		t.Fatal(err)
	}
	trashed := d.sync(t).Revision
	expect(t, "the trash", effects(d.rewind(t, client.Rewind{Revision: trashed, Undo: true})),
		[]string{"changed a [trashed]", "changed b [trashed]", "changed first again [trashed]"})
	expect(t, "titles", d.titles(t, ""), []string{"a", "b", "first again"})
	expect(t, "the import", effects(d.rewind(t, client.Rewind{Revision: imported, Undo: true})), []string{"deleted a []", "deleted b []"})
	expect(t, "titles", d.titles(t, ""), []string{"first again"})
	d.rewind(t, client.Rewind{Revision: 1, Undo: true})
	expect(t, "titles", d.titles(t, ""), nil)
}

// hostile answers about the past. The rest of the restoration goes on.
func TestItemsThatCannotComeBackStay(t *testing.T) {
	t.Parallel()
	d, _ := registered(t)
	var ids []string
	for _, title := range []string{"a", "b", "c"} {
		ids = append(ids, d.save(t, login(title)).ID)
	}
	then := d.sync(t).Revision
	if err := d.Delete(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
	slices.Sort(ids)
	d.wire.lie(edit(t, protocol.PathVaultTokens, func(a *protocol.TokensAnswer) {
		a.Tokens[0], a.Tokens[2], a.Tokens[3] = "", a.Tokens[4], a.Tokens[5]
	}))
	out := d.rewind(t, client.Rewind{Revision: then})
	var problems []client.RewindProblem
	for _, it := range out.Items {
		problems = append(problems, it.Problem)
	}
	if !slices.Equal(problems, []client.RewindProblem{client.RewindExpired, client.RewindAltered, ""}) {
		t.Fatalf("%+v", out.Items)
	}
	if found := d.titles(t, ""); len(found) != 1 {
		t.Errorf("%q", found)
	}
	d.wire.lie(edit(t, protocol.PathVaultTokens, func(a *protocol.TokensAnswer) { clear(a.Tokens) }))
	if gone, err := d.Deleted(t.Context()); err != nil || len(gone) != 0 {
		t.Errorf("%+v, %v", gone, err)
	}
	d.wire.lie(nil)
	d.rewind(t, client.Rewind{Revision: then})
	expect(t, "titles", d.titles(t, ""), []string{"a", "b", "c"})
	if err := d.Delete(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
	d.wire.lie(edit(t, protocol.PathVaultTokens, func(a *protocol.TokensAnswer) { a.Tokens = a.Tokens[1:] }))
	var altered *client.VaultAlteredError
	if _, err := d.Rewind(t.Context(), client.Rewind{Revision: then}, nil); !errors.As(err, &altered) {
		t.Errorf("fewer tokens than asked for: %v", err)
	}
}

// many returns a device whose vault lost 150 items, and the revision that has them: more than one write restores.
func many(t *testing.T) (d *device, server string, then int64) {
	t.Helper()
	d, server = registered(t)
	items := make([]item.Item, 150)
	for i := range items {
		items[i] = login(fmt.Sprint("item ", i))
	}
	ids, err := d.AddMany(t.Context(), items, nil)
	if err != nil {
		t.Fatal(err)
	}
	then = d.sync(t).Revision
	if err := d.Delete(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
	return d, server, then
}

func TestAnInterruptedRestorationGoesOn(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(w *wire, r *client.Request) (*client.Response, error){
		"before the server has the second write": func(*wire, *client.Request) (*client.Response, error) { return nil, client.ErrOffline },
		"after it": func(w *wire, r *client.Request) (*client.Response, error) {
			if _, err := w.Transport.Do(t.Context(), *r); err != nil {
				return nil, err
			}
			return nil, client.ErrOffline
		},
	} {
		d, server, then := many(t)
		writes := 0
		broken := false
		d.wire.before = func(r *client.Request) (*client.Response, error) {
			if broken {
				return nil, client.ErrOffline
			}
			if isAt(*r, protocol.PathVaultWrites) {
				if writes++; writes == 2 {
					broken = true
					return fail(d.wire, r)
				}
			}
			return nil, nil
		}
		out, err := d.Rewind(t.Context(), client.Rewind{Revision: then}, nil)
		if !errors.Is(err, client.ErrOffline) || len(out.Items) != 100 {
			t.Fatalf("%s: %v, %d items", name, err, len(out.Items))
		}
		d = d.restarted(t, server)
		if _, err := d.Unlock(t.Context(), password); err != nil {
			t.Fatal(err)
		}
		d.rewind(t, client.Rewind{Revision: then})
		if n := len(d.titles(t, "")); n != 150 {
			t.Errorf("%s: %d items", name, n)
		}
		if rest := d.preview(t, client.Rewind{Revision: then}); len(rest.Items) != 0 {
			t.Errorf("%s: still to do: %q", name, effects(rest))
		}
	}
}

func TestAFullQuotaStopsARestoration(t *testing.T) {
	t.Parallel()
	d, _ := registered(t)
	then := history(t, d)
	d.wire.before = func(r *client.Request) (*client.Response, error) {
		if isAt(*r, protocol.PathVaultWrites) {
			return &client.Response{Status: 403, Body: []byte(`{"code":"kept_quota","message":"full","request_id":"r"}`)}, nil
		}
		return nil, nil
	}
	_, err := d.Rewind(t.Context(), client.Rewind{Revision: then}, nil)
	if got := client.Explain(err).Code; got != client.Code(protocol.CodeKeptQuota) {
		t.Errorf("%v: code %s", err, got)
	}
	d.wire.before = nil
	expect(t, "titles", d.titles(t, ""), []string{"added", "changed since", "same"})
	d.rewind(t, client.Rewind{Revision: then})
	expect(t, "titles", d.titles(t, ""), []string{"changed", "deleted", "same"})
}

func TestWhatChangedAfterThePreviewStays(t *testing.T) {
	t.Parallel()
	d, server := registered(t)
	then := history(t, d)
	seen := d.preview(t, client.Rewind{Revision: then}).Seen
	other := newDevice(t, server)
	other.login(t, "anna", "other")
	other.sync(t)
	it := other.get(t, other.found1(t, "changed since"))
	it.Notes = "new"
	other.save(t, it)
	other.save(t, login("newest"))
	expect(t, "restored", effects(d.rewind(t, client.Rewind{Revision: then, Seen: seen})),
		[]string{"added deleted []", "changed changed [title notes]changed", "deleted added []", "deleted newest []changed"})
	expect(t, "titles", d.titles(t, ""), []string{"changed since", "deleted", "newest", "same"})
}

func TestLostFilesAreNamed(t *testing.T) {
	t.Parallel()
	d, _ := registered(t)
	it := d.save(t, login("Bank"))
	it, err := d.Attach(t.Context(), it.ID, "key.pem", []byte("content"), nil)
	if err != nil {
		t.Fatal(err)
	}
	then := d.sync(t).Revision
	if err := d.Delete(t.Context(), []string{it.ID}); err != nil {
		t.Fatal(err)
	}
	d.wire.before = func(r *client.Request) (*client.Response, error) {
		if isAt(*r, protocol.PathVaultWrites) && changesItem(t, *r, it.Attachments[0].ID) {
			return &client.Response{Status: 400, Body: []byte(`{"code":"bad_request","message":"gone","request_id":"r"}`)}, nil
		}
		return nil, nil
	}
	out := d.rewind(t, client.Rewind{Revision: then, IDs: []string{it.ID}})
	if len(out.Items) != 1 || out.Items[0].Problem != "" || !slices.Equal(out.Items[0].LostFiles, []string{"key.pem"}) {
		t.Errorf("%+v", out)
	}
	if got := d.get(t, it.ID); got.Password != it.Password {
		t.Errorf("%+v", got)
	}
}

// An item whose time in the trash is over would be deleted again as soon as it is back.
func TestAnItemIsNotPurgedAgain(t *testing.T) {
	t.Parallel()
	d, _ := registered(t)
	it := login("Bank")
	it.Created, it.Trashed, it.Purge = daysAgo(99), daysAgo(31), daysAgo(1)
	if _, err := d.AddMany(t.Context(), []item.Item{it}, nil); err != nil {
		t.Fatal(err)
	}
	then := d.sync(t).Revision
	if n, err := d.PurgeTrash(t.Context(), time.Now()); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	d.rewind(t, client.Rewind{Revision: then})
	if n, err := d.PurgeTrash(t.Context(), time.Now()); err != nil || n != 0 {
		t.Error(n, err)
	}
	expect(t, "titles", d.titles(t, ""), []string{"Bank"})
}

func TestAnItemInTheOutboxStays(t *testing.T) {
	t.Parallel()
	d, _ := registered(t)
	it := d.save(t, login("Bank"))
	then := d.sync(t).Revision
	it.Notes = "first"
	it = d.save(t, it)
	d.wire.before = func(r *client.Request) (*client.Response, error) {
		if isAt(*r, protocol.PathVaultWrites) && changesItem(t, *r, it.ID) {
			return nil, client.ErrOffline
		}
		return nil, nil
	}
	it.Notes = "second"
	d.save(t, it)
	out, err := d.Rewind(t.Context(), client.Rewind{Revision: then}, nil)
	if err == nil && (len(out.Items) != 1 || out.Items[0].Problem != client.RewindWaiting) {
		t.Errorf("%+v", out)
	}
	d.wire.before = func(r *client.Request) (*client.Response, error) {
		if isAt(*r, protocol.PathVaultWrites) && changesItem(t, *r, it.ID) {
			return &client.Response{Status: 403, Body: []byte(`{"code":"record_quota_reached","message":"full","request_id":"r"}`)}, nil
		}
		return nil, nil
	}
	expect(t, "restored", effects(d.rewind(t, client.Rewind{Revision: then})), []string{"changed Bank [notes]waiting"})
	d.wire.before = nil
	if got := d.get(t, it.ID); got.Notes != "second" {
		t.Errorf("%+v", got)
	}
}
