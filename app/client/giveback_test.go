package client_test

import (
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
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
	if synced.Resent == nil || synced.Resent.Writes != 3 || synced.Resent.Since == 0 || len(synced.Lost) != 0 {
		t.Fatalf("%+v", synced.Resent)
	}
	if again := d.sync(t); again.Resent != nil {
		t.Error("said twice")
	}
	// The server waits for its operator: the change stays on the device.
	d.save(t, login("new"))
	if s := d.sync(t); s.Pending != 1 {
		t.Errorf("%d changes wait", s.Pending)
	}
	server.open()
	if s := d.sync(t); s.Pending != 0 {
		t.Errorf("%d changes wait", s.Pending)
	}
	fresh := newDevice(t, at)
	fresh.login(t, "anna", "another device")
	fresh.sync(t)
	if got := fresh.titles(t, ""); !slices.Equal(got, []string{want[0], "new", want[1]}) || fresh.get(t, mail.ID).Password != "a newer secret" {
		t.Errorf("the server has %q, want %q and new", got, want)
	}
	if !d.Alarm().IsZero() {
		t.Error("an alarm")
	}
}

// No device keeps the content of an attachment. A backup without it loses it, and its user hears of it until the item no longer has it.
func TestAttachmentsThatABackupLacksAreNamed(t *testing.T) {
	t.Parallel()
	server, url := newBackedUp(t)
	d := newDevice(t, url)
	d.register(t, "anna")
	it := d.save(t, login("mail"))
	attach := func(d *device, id, name string) item.Item {
		t.Helper()
		it, err := d.Attach(t.Context(), id, name, []byte("content of "+name), nil)
		if err != nil {
			t.Fatal(err)
		}
		return it
	}
	attach(d, it.ID, "before.txt")
	server.backup()
	attach(d, it.ID, "zebra.txt")
	it = attach(d, it.ID, "after.txt")
	other := attach(d, d.save(t, login("bank")).ID, "key.pem")

	at := server.restore()
	server.open()
	d = d.reopened(t, at, password)
	names := func(s client.Synced) (names []string) {
		for _, f := range s.Lost {
			names = append(names, f.Title+"/"+f.Name)
		}
		return names
	}
	want := []string{"bank/key.pem", "mail/after.txt", "mail/zebra.txt"}
	s := d.sync(t)
	if got := names(s); !slices.Equal(got, want) || s.Lost[0].Item != other.ID {
		t.Fatalf("lost %q, want %q", got, want)
	}
	if _, err := d.Attachment(t.Context(), it.ID, it.Attachments[2].ID, nil); !errors.Is(err, client.ErrAttachmentGone) {
		t.Errorf("%v", err)
	}
	if _, err := d.Attachment(t.Context(), it.ID, it.Attachments[0].ID, nil); err != nil {
		t.Errorf("one that the backup has: %v", err)
	}
	// The user may not look at once: the next run says it again, until the item no longer has the file.
	d = d.reopened(t, at, password)
	if got := names(d.sync(t)); !slices.Equal(got, want) {
		t.Errorf("lost %q, want %q", got, want)
	}
	attach(d, other.ID, "key.pem")
	for id, a := range map[string]string{other.ID: other.Attachments[0].ID, it.ID: it.Attachments[1].ID} {
		if _, err := d.RemoveAttachment(t.Context(), id, a); err != nil {
			t.Fatal(err)
		}
	}
	if got := names(d.sync(t)); !slices.Equal(got, want[1:2]) {
		t.Errorf("lost %q, want %q", got, want[1:2])
	}
}

const newPassword = "another horse, another staple"

// The backup knows an older password, and no session of the device.
func TestRestoredServerLearnsTheNewPassword(t *testing.T) {
	t.Parallel()
	server, url := newBackedUp(t)
	d := newDevice(t, url)
	d.register(t, "anna")
	d.save(t, login("mail"))
	server.backup()
	d.login(t, "anna", "after the backup") // with a session that the backup does not have
	if err := d.ChangePassword(t.Context(), password, newPassword); err != nil {
		t.Fatal(err)
	}
	d.save(t, login("bank"))
	at := server.restore()
	d = d.restarted(t, at)
	if _, err := d.Unlock(t.Context(), newPassword); err == nil {
		t.Fatal("there is no session")
	}
	_, err := d.Login(t.Context(), "anna", newPassword, "", "again")
	var answer *client.ServerError
	if !errors.As(err, &answer) || answer.Code != protocol.CodeWaiting {
		t.Fatalf("%v", err)
	}
	server.open()
	stranger := newDevice(t, at)
	if _, err := stranger.Login(t.Context(), "anna", password, "", "a thief"); err == nil {
		t.Error("the old password signs in")
	}
	if _, err := d.Login(t.Context(), "anna", newPassword, "", "again"); err != nil {
		t.Fatal(err)
	}
	if synced := d.sync(t); synced.Resent == nil || synced.Resent.Writes != 1 {
		t.Errorf("%+v", synced.Resent)
	}
	if got := d.titles(t, ""); !slices.Equal(got, []string{"bank", "mail"}) || !d.Alarm().IsZero() {
		t.Errorf("%q", got)
	}
}

// A session that the backup has opens the vault with the new password too.
func TestUnlockAtARestoredServer(t *testing.T) {
	t.Parallel()
	server, url := newBackedUp(t)
	d := newDevice(t, url)
	d.register(t, "anna")
	server.backup()
	if err := d.ChangePassword(t.Context(), password, newPassword); err != nil {
		t.Fatal(err)
	}
	d.save(t, login("bank"))
	d = d.restarted(t, server.restore())
	if _, err := d.Unlock(t.Context(), password); !errors.Is(err, client.ErrPasswordChanged) {
		t.Errorf("the former password, which the server has: %v", err)
	}
	d.unlockWith(t, newPassword)
	_, err := d.Sync(t.Context()) // the session began with the former password
	var answer *client.ServerError
	if !errors.As(err, &answer) || answer.Code != protocol.CodeUnauthorized {
		t.Fatalf("%v", err)
	}
	server.open()
	if _, err := d.Login(t.Context(), "anna", newPassword, "", "again"); err != nil {
		t.Fatal(err)
	}
	d.sync(t)
	if got := d.titles(t, ""); !slices.Equal(got, []string{"bank"}) || !d.Alarm().IsZero() {
		t.Errorf("%q", got)
	}
}

// A device that is behind another leads the server to where it is, and the other from there.
func TestTwoDevicesLeadBack(t *testing.T) {
	t.Parallel()
	server, url := newBackedUp(t)
	ahead, behind := newDevice(t, url), newDevice(t, url)
	ahead.register(t, "anna")
	behind.login(t, "anna", "second device")
	behind.sync(t)
	server.backup()
	ahead.save(t, login("mail"))
	behind.sync(t)
	ahead.save(t, login("bank"))
	at := server.restore()
	server.open()
	behind, ahead = behind.reopened(t, at, password), ahead.reopened(t, at, password)
	if s := behind.sync(t); s.Resent == nil || s.Resent.Writes != 1 {
		t.Errorf("%+v", s.Resent)
	}
	if s := ahead.sync(t); s.Resent == nil || s.Resent.Writes != 1 {
		t.Errorf("%+v", s.Resent)
	}
	if s := behind.sync(t); s.Resent != nil {
		t.Errorf("%+v", s.Resent)
	}
	if got := behind.titles(t, ""); !slices.Equal(got, []string{"bank", "mail"}) || !behind.Alarm().IsZero() {
		t.Errorf("%q", got)
	}
}
