package client_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

// twoDevices returns two devices that have both synced a vault with one item.
func twoDevices(t *testing.T) (server string, a, b *device, id string) {
	t.Helper()
	server = startServer(t)
	a, b = newDevice(t, server), newDevice(t, server)
	a.register(t, "anna")
	b.login(t, "anna", "phone")
	it := a.save(t, item.Item{Title: "bank", Username: "anna", Password: "p0", Notes: "n0", Tags: []string{"x"}, URLs: []string{"u1"}})
	b.sync(t)
	return server, a, b, it.ID
}

func TestTwoDevicesChangeTheSameItem(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		first, second func(*item.Item) // the edits of a and then b, both based on the same state
		want          func(*item.Item)
		history       []string
		copy          func(*item.Item) // nil: no copy
	}{
		"different fields are merged": {
			first:  func(i *item.Item) { i.Title, i.Notes = "the bank", "n1" },
			second: func(i *item.Item) { i.Username, i.Favourite = "bert", true },
			want: func(i *item.Item) {
				i.Title, i.Notes, i.Username, i.Favourite = "the bank", "n1", "bert", true
			},
		},
		"tags and addresses are merged as sets": {
			first:  func(i *item.Item) { i.Tags, i.URLs = []string{"x", "y"}, []string{"u2"} },
			second: func(i *item.Item) { i.Tags, i.URLs = []string{"z"}, []string{"u1", "u3"} },
			want:   func(i *item.Item) { i.Tags, i.URLs = []string{"y", "z"}, []string{"u2", "u3"} },
		},
		"of two passwords the later is in force and the other in the history": {
			first:   func(i *item.Item) { i.Password = "p1" },
			second:  func(i *item.Item) { i.Password = "p2" },
			want:    func(i *item.Item) { i.Password = "p2" },
			history: []string{"p1", "p0"},
		},
		"the same change twice is one": {
			first:   func(i *item.Item) { i.Password, i.Title = "p1", "t1" },
			second:  func(i *item.Item) { i.Password, i.Title = "p1", "t1" },
			want:    func(i *item.Item) { i.Password, i.Title = "p1", "t1" },
			history: []string{"p0"},
		},
		"one field changed to two values keeps both": {
			first:  func(i *item.Item) { i.Notes, i.Username = "n1", "bert" },
			second: func(i *item.Item) { i.Notes, i.Favourite = "n2", true },
			want:   func(i *item.Item) { i.Notes, i.Username, i.Favourite = "n1", "bert", true },
			copy:   func(i *item.Item) { i.Title, i.Notes, i.Favourite = "bank (conflict from phone)", "n2", true },
		},
		"custom fields changed to two values keep both": {
			first:  func(i *item.Item) { i.Fields = []item.Field{{Name: "a", Value: "1"}} },
			second: func(i *item.Item) { i.Fields = []item.Field{{Name: "a", Value: "2"}}; i.Password = "p2" },
			want:   func(i *item.Item) { i.Fields = []item.Field{{Name: "a", Value: "1"}}; i.Password = "p2" },
			copy: func(i *item.Item) {
				i.Title, i.Fields, i.Password = "bank (conflict from phone)", []item.Field{{Name: "a", Value: "2"}}, "p2"
			},
			history: []string{"p0"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server, a, b, id := twoDevices(t)
			start := a.get(t, id)
			first, second := start.Clone(), b.get(t, id)
			c.first(&first)
			c.second(&second)
			a.save(t, first)
			b.save(t, second)

			fresh := newDevice(t, server)
			fresh.login(t, "anna", "x")
			fresh.sync(t)
			a.sync(t)
			want := start.Clone()
			c.want(&want)
			for _, d := range []*device{a, b, fresh} {
				got := d.get(t, id)
				if !got.SameOverview(want) || !got.SameDetails(want) {
					t.Errorf("got %+v, want %+v", got, want)
				}
				history, err := d.History(id)
				if err != nil {
					t.Fatal(err)
				}
				var older []string
				for _, v := range history {
					older = append(older, v.Password)
				}
				if !slices.Equal(older, c.history) {
					t.Errorf("history %q, want %q", older, c.history)
				}
				found, err := d.Search(client.Query{Text: "conflict"})
				if err != nil {
					t.Fatal(err)
				}
				if c.copy == nil {
					if len(found) != 0 {
						t.Errorf("there is a copy: %+v", found)
					}
					continue
				}
				if len(found) != 1 {
					t.Fatalf("%d copies", len(found))
				}
				wantCopy := start.Clone()
				c.copy(&wantCopy)
				if got := d.get(t, found[0].ID); !got.SameOverview(wantCopy) || !got.SameDetails(wantCopy) {
					t.Errorf("copy %+v, want %+v", got, wantCopy)
				}
			}
		})
	}
}

// The page may sync while a form is open. The edit is based on the state before the sync.
func TestAnEditThatBeganBeforeASyncIsMerged(t *testing.T) {
	t.Parallel()
	_, a, b, id := twoDevices(t)
	form := b.get(t, id)
	first := a.get(t, id)
	first.Title = "the bank"
	a.save(t, first)
	b.sync(t)
	b.get(t, id) // the page shows the new state behind the form
	form.Notes = "n1"
	if got := b.save(t, form); got.Title != "the bank" || got.Notes != "n1" {
		t.Errorf("got %+v", got)
	}
}

func TestAnEditFromAnUnknownStateKeepsBoth(t *testing.T) {
	t.Parallel()
	_, a, b, id := twoDevices(t)
	form := b.get(t, id)
	first := a.get(t, id)
	first.Title = "the bank"
	a.save(t, first)
	// Locking the vault discards the state that the form is based on.
	b.Lock()
	if _, err := b.Unlock(t.Context(), password); err != nil {
		t.Fatal(err)
	}
	b.sync(t)
	form.Notes = "n1"
	b.save(t, form)
	if got := b.titles(t, ""); !slices.Equal(got, []string{"bank (conflict from phone)", "the bank"}) {
		t.Errorf("got %q", got)
	}
}

func TestEditWinsAgainstDelete(t *testing.T) {
	t.Parallel()
	t.Run("deleted first", func(t *testing.T) {
		_, a, b, id := twoDevices(t)
		form := b.get(t, id)
		if err := a.Delete(t.Context(), []string{id}); err != nil {
			t.Fatal(err)
		}
		form.Notes = "n1"
		saved := b.save(t, form)
		a.sync(t)
		for _, d := range []*device{a, b} {
			if got := d.titles(t, ""); !slices.Equal(got, []string{"bank"}) {
				t.Fatalf("got %q", got)
			}
			if got := d.get(t, saved.ID); got.Notes != "n1" || got.Password != "p0" {
				t.Errorf("got %+v", got)
			}
		}
	})
	t.Run("edited first", func(t *testing.T) {
		_, a, b, id := twoDevices(t)
		other := b.save(t, login("other"))
		edited := a.get(t, id)
		edited.Notes = "n1"
		a.save(t, edited)
		err := b.Delete(t.Context(), []string{id, other.ID})
		var conflict *client.ConflictError
		if !errors.As(err, &conflict) || !slices.Equal(conflict.IDs, []string{id}) {
			t.Fatalf("got %v", err)
		}
		a.sync(t)
		for _, d := range []*device{a, b} {
			if got := d.titles(t, ""); !slices.Equal(got, []string{"bank"}) || d.get(t, id).Notes != "n1" {
				t.Errorf("got %q", got)
			}
		}
	})
	t.Run("deleted on both", func(t *testing.T) {
		_, a, b, id := twoDevices(t)
		if err := a.Delete(t.Context(), []string{id}); err != nil {
			t.Fatal(err)
		}
		if err := b.Delete(t.Context(), []string{id}); err != nil {
			t.Fatal(err)
		}
		if got := b.titles(t, ""); len(got) != 0 {
			t.Errorf("got %q", got)
		}
	})
}

func TestDeleteTakesManyItemsWithTheirHistory(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	ids, err := d.AddMany(t.Context(), sample.Logins(600), nil)
	if err != nil {
		t.Fatal(err)
	}
	it := d.get(t, ids[0])
	it.Password = "new"
	d.save(t, it)
	if err := d.Delete(t.Context(), ids[:599]); err != nil {
		t.Fatal(err)
	}
	fresh := newDevice(t, server)
	fresh.login(t, "anna", "x")
	if s := fresh.sync(t); s.Count != 1 || len(fresh.fetch(t).Records) != 2 {
		t.Errorf("%d items are left", s.Count)
	}
	if err := d.Delete(t.Context(), ids[:1]); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("an item that is gone: %v", err)
	}
}

// Both devices write as fast as they can. No added item is lost, every password that was set is current or in the history, and
// both devices see the same vault.
func TestRacingDevicesLoseNothing(t *testing.T) {
	t.Parallel()
	const rounds = 25
	server, a, b, id := twoDevices(t)
	var wg sync.WaitGroup
	set := make([][]string, 2)
	for n, d := range []*device{a, b} {
		wg.Go(func() {
			for i := range rounds {
				title := fmt.Sprintf("device %d round %d", n, i)
				if _, err := d.Save(t.Context(), login(title)); err != nil {
					t.Errorf("add: %v", err)
					return
				}
				if i%5 == 0 {
					it, err := d.Get(id)
					if err != nil {
						t.Errorf("get: %v", err)
						return
					}
					it.Password = title
					if _, err := d.Save(t.Context(), it); err != nil {
						t.Errorf("save: %v", err)
						return
					}
					set[n] = append(set[n], title)
				}
			}
		})
	}
	wg.Wait()
	fresh := newDevice(t, server)
	fresh.login(t, "anna", "x")
	var all [][]string
	for _, d := range []*device{a, b, fresh} {
		if s := d.sync(t); s.Count != 2*rounds+1 {
			t.Errorf("%d items, want %d", s.Count, 2*rounds+1)
		}
		all = append(all, d.titles(t, ""))
		passwords := []string{d.get(t, id).Password}
		history, err := d.History(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range history {
			passwords = append(passwords, v.Password)
		}
		for _, p := range slices.Concat(set...) {
			if !slices.Contains(passwords, p) {
				t.Errorf("password %q is lost; the item has %q", p, passwords)
			}
		}
	}
	if !slices.Equal(all[0], all[2]) || !slices.Equal(all[1], all[2]) {
		t.Error("the devices see different vaults")
	}
}
