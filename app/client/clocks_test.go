package client_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// dated sets the server's clock.
func (d *device) dated(date time.Time) {
	d.wire.lie(func(_ client.Request, answer *client.Response) { answer.Date = date })
}

func TestTrashDeletesOnlyWhenAllClocksAgree(t *testing.T) {
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

// Otherwise a device whose clock is behind would set a purge time that has already passed for all other devices.
func TestTrashGoesByTheLaterClock(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	saved := d.save(t, login("One"))
	ahead := time.Now().Add(20 * time.Hour)
	d.dated(ahead)
	d.sync(t)
	if _, err := d.Trash(t.Context(), []string{saved.ID}, time.Hour, nil); err != nil {
		t.Fatal(err)
	}
	if got := d.get(t, saved.ID).Trashed; got.Before(ahead.Add(-time.Minute)) {
		t.Errorf("trashed at %s", got)
	}
}

// For any date that a server sends, a trashed item can still be opened, encoded as JSON, listed and restored.
func TestNoDateOfAServerMakesAnItemUnopenable(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	for _, date := range []time.Time{
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), time.Unix(0, 0), daysAgo(-2), daysAgo(2),
	} {
		saved := d.save(t, login("One"))
		d.dated(date)
		d.sync(t)
		if _, err := d.Trash(t.Context(), []string{saved.ID}, 100*365*24*time.Hour, nil); err != nil {
			t.Fatal(err)
		}
		got := d.get(t, saved.ID)
		if _, err := json.Marshal(got); err != nil {
			t.Errorf("%s: %v", date, err)
		}
		if off := time.Since(got.Trashed); off < -time.Minute || off > time.Minute {
			t.Errorf("%s: trashed at %s", date, got.Trashed)
		}
		if list, err := d.SearchJSON(client.Query{Trash: true}, 0, 0); err != nil || !json.Valid(list) {
			t.Errorf("%s: %s, %v", date, list, err)
		}
		if _, err := d.Restore(t.Context(), []string{saved.ID}, nil); err != nil {
			t.Errorf("%s: %v", date, err)
		}
	}
}

// A session with malformed members must stay in the list, because users end sessions there.
func TestNoTimeOfAServerHidesTheSessions(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	for _, value := range []string{
		`"10000-01-01T00:00:00Z"`, `"-0001-01-01T00:00:00Z"`, `"0000-00-00T00:00:00Z"`, `"NaN"`, `""`, `1e300`, `1e999`, `-1E+99999`, `123456789012345678901234567890`, `-1.5`, `null`, `{}`, `"\u0000"`,
	} {
		d.wire.lie(func(r client.Request, answer *client.Response) {
			if r.Path == protocol.PathSessions {
				answer.Body = []byte(`{"sessions":[{"id":"x","device":"y","created":` + value + `,"last_seen":` + value + `,"current":true}]}`)
			}
		})
		list, err := d.Sessions(t.Context())
		if err != nil || len(list) != 1 || list[0].ID != "x" || !list[0].Current || !list[0].Created.IsZero() {
			t.Errorf("%s: %v, %v", value, list, err)
		}
	}
	for name, row := range map[string]string{
		"invalid UTF-8":       "\"device\":\"a\xffb\",\"current\":true",
		"half of a character": `"device":"a\ud800b","current":true`,
		"numbers":             `"device":1e999,"current":-0`,
		"lists":               `"device":["a"],"current":{}`,
		"nothing":             `"device":null,"current":null`,
	} {
		d.wire.lie(func(r client.Request, answer *client.Response) {
			if r.Path == protocol.PathSessions {
				answer.Body = []byte(`{"sessions":[{"id":7,"device":1},{"id":"x",` + row + `}]}`)
			}
		})
		list, err := d.Sessions(t.Context())
		if err != nil || len(list) != 2 || list[1].ID != "x" || !utf8.ValidString(list[1].Device) {
			t.Errorf("%s: %v, %v", name, list, err)
		}
	}
}
