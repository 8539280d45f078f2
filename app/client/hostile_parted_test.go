package client_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// partedLog returns the address of a server whose log parted from what a device knows, at the newest entry: it has as many entries, the same
// writes, and another entry in the newest place. back restores the server to the device's log. Nothing is signed in between, so each write
// on the way that a device might make is refused by refuseWrites.
func partedLog(t *testing.T) (d *device, url string, back func() string) {
	t.Helper()
	server, url := newBackedUp(t)
	d, other := newDevice(t, url), newDevice(t, url)
	d.register(t, "anna")
	d.save(t, login("mail"))
	other.login(t, "anna", "second device")
	other.sync(t)
	server.backup()
	before := server.file
	if err := d.RotateVault(t.Context(), password); err != nil {
		t.Fatal(err)
	}
	server.file = filepath.Join(t.TempDir(), "later.tar")
	server.backup()
	later := server.file
	restore := func(file string) string {
		server.file = file
		at := server.restore()
		server.open()
		return at
	}
	at := restore(before)
	other.moved(t, at)
	if err := other.RotateVault(t.Context(), password); err != nil {
		t.Fatal(err)
	}
	d.moved(t, at)
	return d, at, func() string { return restore(later) }
}

// A server that was restored to before a log entry of this device, and got another one since, has no more entries and writes than the device
// knows. A sync alone finds out, with or without a cache.
func TestALogThatPartedAtItsNewestEntryIsSeenByASync(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(t *testing.T, d *device, url string) *device{
		"in the same run": func(_ *testing.T, d *device, _ string) *device { return d },
		"with a cache":    func(t *testing.T, d *device, url string) *device { return d.reopened(t, url, password) },
		"with memory alone": func(t *testing.T, d *device, url string) *device {
			next := d.restarted(t, url)
			if err := next.KeepCopy(t.Context(), false, false); err != nil {
				t.Fatal(err)
			}
			next.login(t, "anna", "first device")
			return next
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, url, back := partedLog(t)
			d = start(t, d, url)
			for range 2 {
				_, err := d.Sync(t.Context())
				if !errors.Is(err, client.ErrRolledBack) {
					t.Fatalf("sync: %v", err)
				}
				if a := d.Alarm(); a.Object != "entry" || a.Number != 2 {
					t.Errorf("the alarm is %+v", a)
				}
			}
			if got := d.titles(t, ""); name != "with memory alone" && !slices.Equal(got, []string{"mail"}) {
				t.Errorf("the device shows %q", got)
			}
			d.moved(t, back())
			if name == "with memory alone" { // the backup lacks its session
				d.login(t, "anna", "first device")
			}
			d.sync(t)
			if got := d.titles(t, ""); !slices.Equal(got, []string{"mail"}) || !d.Alarm().IsZero() {
				t.Errorf("with its own log, the device shows %q, %+v", got, d.Alarm())
			}
			d.save(t, login("bank"))
		})
	}
}

// An open page learns from the first event of a stream that there is something to find out: the numbers are those that it knows.
func TestAnEventTellsOfALogThatParted(t *testing.T) {
	t.Parallel()
	d, _, back := partedLog(t)
	first := func() (n client.Notice) {
		ctx, cancel := context.WithCancel(t.Context())
		if err := d.Follow(ctx, func(now client.Notice) { n = now; cancel() }); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		return n
	}
	state := client.Notice{Revision: 1, Sequence: 2, Parted: true}
	if got := first(); got != state {
		t.Errorf("the server that parted announces %+v", got)
	}
	d.moved(t, back())
	state.Parted = false
	if got := first(); got != state {
		t.Errorf("the server with the log of the device announces %+v", got)
	}
}

// What an answer says of the newest write and the newest entry is compared with what it proves, so that no server keeps a device busy with a
// state that it does not show.
func TestAnAnswerThatNamesAnotherStateIsRefused(t *testing.T) {
	t.Parallel()
	other := strings.Repeat("A", 43)
	server, d, _, _ := cachedVault(t)
	for name, lie := range map[string]func(v *protocol.VaultAnswer){
		"another write":    func(v *protocol.VaultAnswer) { v.Head = other },
		"another entry":    func(v *protocol.VaultAnswer) { v.Entry = other },
		"no entry":         func(v *protocol.VaultAnswer) { v.Entry = "" },
		"more writes":      func(v *protocol.VaultAnswer) { v.Revision++ },
		"more entries":     func(v *protocol.VaultAnswer) { v.Sequence++ },
		"another spelling": func(v *protocol.VaultAnswer) { v.Entry += "=" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, d := range map[string]*device{"a known device": d.restarted(t, server), "a new one": newDevice(t, server)} {
				d.login(t, "anna", "victim")
				d.wire.lie(edit(t, protocol.PathVault, lie))
				if _, err := d.Sync(t.Context()); err == nil {
					t.Error("the device takes it")
				}
				d.wire.lie(nil)
				d.sync(t)
				if !d.Alarm().IsZero() {
					t.Errorf("the alarm stays: %+v", d.Alarm())
				}
			}
		})
	}
}

// The comparison costs a sync less than a hundred bytes.
func TestASyncWithoutNewsIsSmall(t *testing.T) {
	t.Parallel()
	_, d, _, _ := cachedVault(t)
	var body []byte
	d.wire.lie(func(r client.Request, answer *client.Response) {
		if isAt(r, protocol.PathVault) {
			body = answer.Body
		}
	})
	d.sync(t)
	if len(body) > 250 || !strings.Contains(string(body), `,"entry":"`) {
		t.Errorf("a sync without news has %d bytes: %s", len(body), body)
	}
}
