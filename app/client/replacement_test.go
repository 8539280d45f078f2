package client_test

import (
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// reregistered returns a device that knows an account whose name somebody else has registered since.
func reregistered(t *testing.T) (server string, d *device) {
	t.Helper()
	server = startServer(t)
	owner, d := newDevice(t, server), newDevice(t, server)
	owner.register(t, "anna")
	owner.save(t, login("Old"))
	d.login(t, "anna", "other")
	d.sync(t)
	if err := owner.DeleteAccount(t.Context(), password, false); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Sync(t.Context()); client.Explain(err).Code != client.Code(protocol.CodeUnauthorized) {
		t.Fatalf("the session of the deleted account: %v", err)
	}
	somebody := newDevice(t, server)
	somebody.register(t, "anna")
	somebody.save(t, login("New"))
	return server, d
}

func TestAnAccountWhoseNameWasRegisteredAgainNeedsConsent(t *testing.T) {
	t.Parallel()
	server, d := reregistered(t)
	user, before := d.memory.only(t)
	d = d.restarted(t, server)
	for range 2 {
		if _, err := d.Login(t.Context(), "anna", password, "", "x"); !errors.Is(err, client.ErrReplaced) || client.Explain(err).Code != client.CodeAccountReplaced {
			t.Fatalf("got %v", err)
		}
	}
	d.sentNone(t, protocol.PathLogin)
	if _, r := d.memory.only(t); !r.Equal(before) {
		t.Errorf("remembered %+v, before %+v", r, before)
	}

	if err := d.AcceptReplacement(t.Context(), " Anna"); err != nil {
		t.Fatal(err)
	}
	d.login(t, "anna", "x")
	d.sync(t)
	if got := d.titles(t, ""); len(got) != 1 || got[0] != "New" {
		t.Errorf("items %v", got)
	}
	// The memory of the former user is still there.
	former, err := d.memory.Load(user)
	if err != nil || !former.Replaced || former.Vault != before.Vault || former.Vaults[0] != before.Vaults[0] {
		t.Errorf("remembered %+v, %v", former, err)
	}
	old := d.copies(t)
	if len(old) != 2 || old[1].Username != "anna" {
		t.Fatalf("copies %+v", old)
	}
	reader := d.restarted(t, server)
	if opened := reader.open(t, old[1].ID); opened.Username != "anna" || reader.titles(t, "")[0] != "Old" {
		t.Errorf("%+v with %v", opened, reader.titles(t, ""))
	}
	d = d.restarted(t, server)
	d.login(t, "anna", "x")
	d.sync(t)
}

func TestADeletedAccountIsSaidToBeGone(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	owner, d := newDevice(t, server), newDevice(t, server)
	owner.register(t, "anna")
	d.login(t, "anna", "other")
	d.sync(t)
	if err := owner.DeleteAccount(t.Context(), password, false); err != nil {
		t.Fatal(err)
	}
	d = d.restarted(t, server)
	if _, err := d.Login(t.Context(), "anna", password, "", "x"); !errors.Is(err, client.ErrReplaced) {
		t.Errorf("got %v", err)
	}
	// Registering the name is consent.
	d.register(t, "anna")
	d = d.restarted(t, server)
	d.login(t, "anna", "x")
	d.sync(t)
}

// A hostile server would make a device forget what it knows, and then show an old vault or learn an auth key for its own salt.
func TestAServerThatOnlyClaimsThatTheAccountIsGone(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	d.save(t, login("First"))
	old := d.fetch(t)
	d.save(t, login("Second"))
	_, before := d.memory.only(t)
	gone := edit(t, protocol.PathPrelogin, func(k *protocol.PasswordKDF) { k.Replaced = true })

	d = d.restarted(t, server)
	d.wire.lie(gone)
	if _, err := d.Login(t.Context(), "anna", password, "", "x"); !errors.Is(err, client.ErrReplaced) {
		t.Errorf("got %v", err)
	}
	d.sentNone(t, protocol.PathLogin)
	d.wire.lie(nil)
	if err := d.AcceptReplacement(t.Context(), "anna"); err != nil { // the server has the user
		t.Error(err)
	}
	if _, r := d.memory.only(t); !r.Equal(before) {
		t.Errorf("consent to nothing changed the memory: %+v", r)
	}

	// The device has agreed to a new user. If the server then shows the former one, it must still match what the device remembers.
	d.wire.lie(gone)
	if err := d.AcceptReplacement(t.Context(), "anna"); err != nil {
		t.Fatal(err)
	}
	d = d.restarted(t, server)
	d.login(t, "anna", "x")
	d.wire.lie(edit(t, protocol.PathVault, func(v *protocol.VaultAnswer) { *v = old }))
	if _, err := d.Sync(t.Context()); !errors.Is(err, client.ErrRolledBack) {
		t.Errorf("an old vault after consent: %v", err)
	}
	d = d.restarted(t, server)
	d.login(t, "anna", "x")
	d.sync(t)
	if _, r := d.memory.only(t); r.Replaced || len(d.titles(t, "")) != 2 {
		t.Errorf("remembered %+v, items %v", r, d.titles(t, ""))
	}
}
