package client_test

import (
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server/daemon"
	"github.com/vaultsphere/vaultsphere/internal/testenv/daemontest"
)

// backedUp is a server that can be restored from a backup.
type backedUp struct {
	t      *testing.T
	config daemon.Config
	stop   func()
	file   string
}

func newBackedUp(t *testing.T) (b *backedUp, url string) {
	t.Helper()
	c, err := daemon.ConfigFromEnv([]string{
		"LISTEN_ADDR=127.0.0.1:0", "METRICS_ADDR=off", "AUTH_RATE=100000", "REGISTRATION=open", "DATA_DIR=" + t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	b = &backedUp{t: t, config: c, file: filepath.Join(t.TempDir(), "backup.tar")}
	return b, b.start()
}

func (b *backedUp) start() (url string) {
	b.t.Helper()
	url, b.stop = daemontest.Run(b.t, daemon.New(b.config, slog.New(slog.NewTextHandler(io.Discard, nil))))
	b.t.Cleanup(b.stop)
	return url
}

func (b *backedUp) backup() {
	b.t.Helper()
	if err := b.config.Backup(b.t.Context(), b.file); err != nil {
		b.t.Fatal(err)
	}
}

// restore restores the backup, and starts the server. It waits for its operator.
func (b *backedUp) restore() (url string) {
	b.t.Helper()
	b.stop()
	if err := b.config.Restore(b.t.Context(), b.file, true, io.Discard); err != nil {
		b.t.Fatal(err)
	}
	return b.start()
}

func (b *backedUp) open() {
	b.t.Helper()
	if err := b.config.Open(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// reopened returns the device after a restart of the program, unlocked.
func (d *device) reopened(t *testing.T, url, password string) *device {
	t.Helper()
	next := d.restarted(t, url)
	if _, err := next.Unlock(t.Context(), password); err != nil {
		t.Fatal(err)
	}
	return next
}

func TestRestoredServerIsLedBack(t *testing.T) {
	t.Parallel()
	server, url := newBackedUp(t)
	d := newDevice(t, url)
	d.register(t, "anna")
	mail := d.save(t, login("mail"))
	server.backup()
	bank := d.save(t, login("bank"))
	mail.Password = "a newer secret"
	mail = d.save(t, mail)
	bank.Title = "the bank"
	d.save(t, bank)
	want := d.titles(t, "")

	at := server.restore()
	d = d.reopened(t, at, password)
	synced := d.sync(t)
	if synced.Resent == nil || synced.Resent.Writes != 3 || synced.Resent.Since == 0 || len(synced.Resent.Lost) != 0 {
		t.Fatalf("%+v", synced.Resent)
	}
	if again := d.sync(t); again.Resent != nil {
		t.Error("said twice")
	}
	// The server waits for its operator: the change stays on the device.
	_, err := d.Save(t.Context(), login("new"))
	var answer *client.ServerError
	if !errors.As(err, &answer) || answer.Code != protocol.CodeWaiting {
		t.Errorf("save: %v", err)
	}
	server.open()
	d.save(t, login("new"))
	fresh := newDevice(t, at)
	fresh.login(t, "anna", "another device")
	fresh.sync(t)
	if got := fresh.titles(t, ""); !slices.Equal(got, append(slices.Clone(want), "new")) || fresh.get(t, mail.ID).Password != "a newer secret" {
		t.Errorf("the server has %q, want %q and new", got, want)
	}
	if !d.Alarm().IsZero() {
		t.Error("an alarm")
	}
}
