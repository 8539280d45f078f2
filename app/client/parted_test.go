package client_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// The server was restored to before a log entry of this device, and got another one since. It has no more entries and writes than this
// device knows, and refuses each write.
func TestALogThatPartedIsAnAlarm(t *testing.T) {
	t.Parallel()
	server, url := newBackedUp(t)
	d, other := newDevice(t, url), newDevice(t, url)
	d.register(t, "anna")
	d.save(t, login("mail"))
	other.login(t, "anna", "second device")
	other.sync(t)
	server.backup()
	if err := d.ChangePassword(t.Context(), password, newPassword); err != nil {
		t.Fatal(err)
	}
	at := server.restore()
	server.open()
	other.moved(t, at)
	if err := other.ChangePassword(t.Context(), password, nextPassword); err != nil {
		t.Fatal(err)
	}
	d.moved(t, at)
	d.wire.SetBearer(other.wire.Bearer()) // the backup lacks the session
	if _, err := d.Save(t.Context(), login("bank")); !errors.Is(err, client.ErrRolledBack) || d.Alarm().IsZero() {
		t.Errorf("save: %v, %+v", err, d.Alarm())
	}
	for range 2 {
		if _, err := d.Sync(t.Context()); !errors.Is(err, client.ErrRolledBack) || d.Alarm().IsZero() {
			t.Errorf("sync: %v, %+v", err, d.Alarm())
		}
	}
	if got := d.titles(t, ""); !slices.Equal(got, []string{"mail"}) {
		t.Errorf("the device shows %q", got)
	}
	state, err := d.OtherState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.BringTogether(t.Context()); !errors.Is(err, client.ErrLogParted) {
		t.Errorf("bring together: %v", err)
	}
	if err := d.AcceptServers(t.Context(), newPassword, state.Head); err != nil {
		t.Fatal(err)
	}
	d.sync(t)
	d.save(t, login("bank"))
	if got := d.titles(t, ""); !slices.Equal(got, []string{"bank", "mail"}) || !d.Alarm().IsZero() {
		t.Errorf("the device shows %q, %+v", got, d.Alarm())
	}
}
