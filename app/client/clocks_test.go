package client_test

import (
	"errors"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
)

// dated makes the server's clock say something else.
func (d *device) dated(date time.Time) {
	d.wire.lie(func(_ client.Request, answer *client.Response) { answer.Date = date })
}

func TestTheTrashGivesUpOnlyWhatAllClocksCallDue(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	past, future := daysAgo(1), daysAgo(-1)
	for name, c := range map[string]struct {
		it     item.Item
		server time.Time
		purged bool
	}{
		"due":                                  {item.Item{Trashed: daysAgo(31), Purge: past}, time.Now(), true},
		"not due":                              {item.Item{Trashed: daysAgo(1), Purge: future}, time.Now(), false},
		"kept until the trash is empty":        {item.Item{Trashed: daysAgo(50)}, time.Now(), false},
		"the server's clock is behind":         {item.Item{Trashed: daysAgo(31), Purge: past}, daysAgo(5), false},
		"the device's clock is behind":         {item.Item{Trashed: daysAgo(1), Purge: future}, daysAgo(-9), false},
		"put there by a clock that was behind": {item.Item{Trashed: daysAgo(1031), Purge: daysAgo(1001)}, time.Now(), false},
		"not in the trash":                     {item.Item{Purge: past}, time.Now(), false},
	} {
		c.it.Title, c.it.Password, c.it.Created, c.it.Modified = name, "x", daysAgo(99), daysAgo(50)
		d.dated(c.server)
		ids, err := d.AddMany(t.Context(), []item.Item{c.it}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.PurgeTrash(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Get(ids[0]); errors.Is(err, client.ErrNotFound) != c.purged {
			t.Errorf("%s: purged is %t: %v", name, !c.purged, err)
		}
		if err := d.EmptyTrash(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// A device whose clock is behind would otherwise put things into the trash for a time that is over for all others.
func TestTrashGoesByTheLaterClock(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	saved := d.save(t, login("One"))
	d.dated(daysAgo(-500))
	d.sync(t)
	if _, err := d.Trash(t.Context(), []string{saved.ID}, time.Hour, nil); err != nil {
		t.Fatal(err)
	}
	if got := d.get(t, saved.ID).Trashed; got.Before(daysAgo(-499)) {
		t.Errorf("trashed at %s", got)
	}
}
