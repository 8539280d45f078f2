package client_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// changedElsewhere returns a device whose session survives that another device has changed the password, and what the server had before.
func changedElsewhere(t *testing.T) (server string, d, other *device, before protocol.VaultAnswer) {
	t.Helper()
	server = startServer(t)
	other, d = newDevice(t, server), newDevice(t, server)
	other.register(t, "anna")
	other.save(t, login("bank"))
	d.login(t, "anna", "second device")
	d.sync(t)
	d.wire.SetBearer(other.wire.Bearer()) // that of the device that changes the password stays
	before = other.fetch(t)
	if err := other.ChangePassword(t.Context(), password, nextPassword); err != nil {
		t.Fatal(err)
	}
	return server, d.restarted(t, server), other, before
}

func TestAFormerPasswordIsRefusedWhileTheServerAnswers(t *testing.T) {
	t.Parallel()
	server, d, other, _ := changedElsewhere(t)
	refuses := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, client.ErrPasswordChanged) || client.Explain(err).Code != client.CodePasswordChanged || !d.Locked() {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := d.Unlock(t.Context(), password)
	refuses("at once", err)
	if _, err := d.Unlock(t.Context(), "never a password"); !errors.Is(err, client.ErrWrongPassword) || errors.Is(err, client.ErrPasswordChanged) {
		t.Errorf("a wrong password: %v", err)
	}
	// Without the server it opens what the device has: that is sealed for it.
	d = d.cutOff(t, server)
	d.unlockWith(t, password)
	if got := d.titles(t, ""); len(got) != 1 {
		t.Errorf("the cache has %q", got)
	}
	d.Lock()
	d.reconnect()
	_, err = d.Unlock(t.Context(), password)
	refuses("with the server again", err)

	// Something else happens after that.
	other.sync(t)
	other.save(t, login("mail"))
	_, err = d.Unlock(t.Context(), password)
	refuses("after a write", err)
	d.unlockWith(t, nextPassword)
	d.sync(t)
	if got := d.titles(t, ""); len(got) != 2 || !d.Alarm().IsZero() {
		t.Errorf("the vault has %q", got)
	}
	d.Lock()
	if _, err := d.Unlock(t.Context(), password); !errors.Is(err, client.ErrWrongPassword) {
		t.Errorf("after a sync: %v", err)
	}
}

// Nobody else can sign that the password was changed: a server that only says so locks nobody out.
func TestAServerCannotClaimThatThePasswordWasChanged(t *testing.T) {
	t.Parallel()
	vault := func(t *testing.T, change func(*protocol.VaultAnswer)) func(client.Request, *client.Response) {
		return edit(t, protocol.PathVault, change)
	}
	for name, lie := range map[string]func(t *testing.T, before protocol.VaultAnswer) func(client.Request, *client.Response){
		"without an entry": func(t *testing.T, before protocol.VaultAnswer) func(client.Request, *client.Response) {
			return vault(t, func(a *protocol.VaultAnswer) { *a = before })
		},
		"with a forged entry": func(t *testing.T, _ protocol.VaultAnswer) func(client.Request, *client.Response) {
			return vault(t, func(a *protocol.VaultAnswer) {
				last := &a.Entries[len(a.Entries)-1]
				*last = (*last)[:len(*last)-8] + "AAAAAAAA"
			})
		},
		"with a log that has no such entry": func(t *testing.T, _ protocol.VaultAnswer) func(client.Request, *client.Response) {
			return edit(t, protocol.PathAccount, func(a *protocol.UserAccount) {
				stranger := newDevice(t, startServer(t))
				stranger.register(t, "eve")
				a.Keys = stranger.account(t).Keys
			})
		},
		"and keeps the log back": func(*testing.T, protocol.VaultAnswer) func(client.Request, *client.Response) {
			return func(r client.Request, answer *client.Response) {
				if isAt(r, protocol.PathVault) {
					*answer = client.Response{Status: 503}
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, d, _, before := changedElsewhere(t)
			d.wire.lie(lie(t, before))
			d.unlockWith(t, password)
			if _, err := d.Sync(t.Context()); err == nil {
				t.Error("the lie passes a sync")
			}
			if got := d.titles(t, ""); len(got) != 1 {
				t.Errorf("the device shows %q", got)
			}
		})
	}
}

func TestAFormerPasswordIsNamedAtSignIn(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d, other := newDevice(t, server), newDevice(t, server)
	d.register(t, "anna")
	d.save(t, login("bank"))
	other.login(t, "anna", "second device")
	other.sync(t)
	signIn := func(d *device, password string) client.Code {
		t.Helper()
		_, err := d.Login(t.Context(), "Anna", password, "", "x")
		if err == nil {
			return ""
		}
		return client.Explain(err).Code
	}
	invalid := client.Code(protocol.CodeInvalidCredentials)
	// A server that refuses the password that counts does not make it a former one.
	d.wire.before = func(r *client.Request) (*client.Response, error) {
		if r.Path != protocol.PathLogin {
			return nil, nil
		}
		return &client.Response{Status: 401, Body: []byte(`{"code":"invalid_credentials","message":"x","request_id":"1"}`)}, nil
	}
	if got := signIn(d, password); got != invalid {
		t.Errorf("the lie of a server: %s", got)
	}
	d.losesNothing()
	if err := other.ChangePassword(t.Context(), password, nextPassword); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Sync(t.Context()); serverCode(err) != protocol.CodeUnauthorized {
		t.Fatal(err)
	}
	for typed, want := range map[string]client.Code{password: client.CodePasswordChanged, "never a password": invalid} {
		if got := signIn(d, typed); got != want {
			t.Errorf("%s: %s, want %s", strings.Fields(typed)[0], got, want)
		}
		if got := signIn(newDevice(t, server), typed); got != invalid { // a device that knows nothing
			t.Errorf("a new device, %s: %s", strings.Fields(typed)[0], got)
		}
	}
	if got := signIn(d, nextPassword); got != "" {
		t.Error(got)
	}
	d.sync(t)
}
