package client_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
)

// A program crashes while it changes many items at once, and another device writes before it starts again. Once the write is stored on the
// device, the edits of all items happen, on what the other device wrote, and once.
func TestEditsOfManySurviveACrashAtEveryStep(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(d *device, ids []string, n int) error
		made func(d *device, id string, n int) bool
	}{
		"tag": {
			func(d *device, ids []string, n int) error {
				_, err := d.Retag(t.Context(), ids, []string{fmt.Sprint("tag ", n)}, nil, nil)
				return err
			},
			func(d *device, id string, n int) bool {
				it, err := d.Get(id)
				return err == nil && slices.Contains(it.Tags, fmt.Sprint("tag ", n))
			},
		},
		"trash": {
			func(d *device, ids []string, _ int) error {
				_, err := d.Trash(t.Context(), ids, month, nil)
				return err
			},
			func(d *device, id string, _ int) bool {
				it, err := d.Get(id)
				return err == nil && !it.Trashed.IsZero()
			},
		},
		"delete": {
			func(d *device, ids []string, _ int) error { return d.Delete(t.Context(), ids) },
			func(d *device, id string, _ int) bool {
				_, err := d.Get(id)
				return errors.Is(err, client.ErrNotFound)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			d, other := newDevice(t, server), newDevice(t, server)
			d.register(t, "anna")
			other.login(t, "anna", "second device")
			overtaken, finished := 0, false
			for n := 1; !finished; n++ {
				var ids []string
				for _, title := range []string{"bank", "mail", "shop"} {
					ids = append(ids, d.save(t, login(fmt.Sprint(title, " ", n))).ID)
				}
				crashes := &crash{}
				d = d.crashing(t, server, crashes)
				crashes.left = n
				err := c.do(d, ids, n)
				if finished = !crashes.dead; finished && err != nil {
					t.Fatal(err)
				}
				d.cache.before = nil
				stored := slices.Contains(d.cache.names(), "write")
				other.sync(t)
				taken := c.made(other, ids[0], n)
				between := other.save(t, login(fmt.Sprint("between ", n)))
				if !taken && name != "delete" { // a deletion leaves what another device has changed
					theirs := other.get(t, ids[1])
					theirs.Notes = "from the other device"
					other.save(t, theirs)
				}

				d = d.restarted(t, server)
				d.unlockWith(t, password)
				if s := d.sync(t); s.Pending != 0 || len(s.Undeleted) != 0 {
					t.Errorf("step %d: %+v", n, s)
				}
				other.sync(t)
				for i, id := range ids {
					if made := c.made(other, id, n); stored && !made || made != c.made(other, ids[0], n) {
						t.Errorf("step %d: item %d: made %v, stored %v", n, i, made, stored)
					}
				}
				if stored && !taken {
					overtaken++
				}
				if !taken && name != "delete" {
					if got := other.get(t, ids[1]); got.Notes != "from the other device" || got.Password != "secret of "+fmt.Sprint("mail ", n) {
						t.Errorf("step %d: %+v", n, got)
					}
				}
				other.get(t, between.ID)
				conflicts := slices.DeleteFunc(other.titles(t, ""), func(title string) bool { return len(title) < 20 })
				if len(conflicts) > 0 || slices.Contains(d.cache.names(), "write") {
					t.Errorf("step %d: %q, stored %q", n, conflicts, d.cache.names())
				}
			}
			if overtaken == 0 {
				t.Error("no stored write was overtaken")
			}
		})
	}
}

// The answer to a write of many items is lost, and the device goes on: nothing waits twice.
func TestEditsOfManyWaitOnce(t *testing.T) {
	t.Parallel()
	for name, arrive := range map[string]bool{"the answer is lost": true, "the request is lost": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			d := newDevice(t, server)
			d.register(t, "anna")
			var ids []string
			for _, it := range []item.Item{login("bank"), login("mail"), login("old"), login("older")} {
				ids = append(ids, d.save(t, it).ID)
			}
			d.loses(arrive)
			if _, err := d.Mark(t.Context(), ids[:2], true, nil); err != nil {
				t.Fatal(err)
			}
			if err := d.Delete(t.Context(), ids[2:]); err != nil {
				t.Fatal(err)
			}
			d = d.restarted(t, server)
			d.unlockWith(t, password)
			sent := d.changes()
			if s := d.sync(t); s.Pending != 0 || len(s.Undeleted) != 0 {
				t.Errorf("synced %+v", s)
			}
			if n := d.changes() - sent; n > 4 {
				t.Errorf("%d writes", n)
			}
			other := seenFrom(t, server)
			if got := other.found(t, client.Query{Favourite: true}); !slices.Equal(got, []string{"bank", "mail"}) {
				t.Errorf("favourites %q", got)
			}
			if got := other.titles(t, ""); !slices.Equal(got, []string{"bank", "mail"}) {
				t.Errorf("the vault has %q", got)
			}
		})
	}
}
