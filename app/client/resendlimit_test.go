package client_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/httptransport"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// moved makes the device use a server at another address. It stays unlocked.
func (d *device) moved(t *testing.T, server string) {
	t.Helper()
	transport, err := httptransport.New(server)
	if err != nil {
		t.Fatal(err)
	}
	transport.SetBearer(d.wire.Bearer())
	d.wire.Transport = transport
}

// resends reports whether a request sends again what a server lost.
func resends(r client.Request) bool {
	return r.Method == http.MethodPost && isAt(r, protocol.PathVaultResend)
}

func (d *device) resendsSent() (n int) {
	for _, r := range d.wire.sent {
		if resends(r) {
			n++
		}
	}
	return n
}

// resendState is what the real server says that it has.
func (d *device) resendState(t *testing.T) protocol.ResendState {
	t.Helper()
	return fetch[protocol.ResendState](t, d, vaultOf(protocol.PathVaultResend, d.account(t).Vault))
}

// The operator restores the same backup once more, while a device that stays unlocked leads the server back.
func TestServerThatIsRestoredAgainIsLedBack(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]func(d *device){
		"before it says that it has all": func(d *device) {
			sent := false
			d.intercept(func(r *client.Request) (*client.Response, error) {
				if sent {
					return nil, errCut
				}
				sent = resends(*r)
				return nil, nil
			})
		},
		"before it answers": func(d *device) {
			d.wire.lie(func(r client.Request, a *client.Response) {
				if resends(r) {
					*a = client.Response{Status: 502}
				}
			})
		},
		"after it has all": func(*device) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, url := newBackedUp(t)
			d := newDevice(t, url)
			d.register(t, "anna")
			server.backup()
			d.save(t, login("mail"))
			d.save(t, login("bank"))
			for range 2 {
				d.moved(t, server.restore())
				fails(d)
				_, _ = d.Sync(t.Context()) // the server may stop in between
				d.reconnect()
				d.wire.lie(nil)
			}
			if n := d.resendsSent(); n != 2 {
				t.Fatalf("it was sent %d times", n)
			}
			at := server.restore()
			d.moved(t, at)
			if s := d.sync(t); s.Resent == nil || s.Resent.Writes != 2 || !d.Alarm().IsZero() {
				t.Errorf("%+v, %+v", s.Resent, d.Alarm())
			}
			server.open()
			d.save(t, login("new"))
			fresh := newDevice(t, at)
			fresh.login(t, "anna", "another device")
			fresh.sync(t)
			if got := fresh.titles(t, ""); !slices.Equal(got, []string{"bank", "mail", "new"}) {
				t.Errorf("the server has %q", got)
			}
		})
	}
}

// A server that asks again and again, and keeps nothing, gets it ever more rarely.
func TestServerThatKeepsNothingGetsItRarely(t *testing.T) {
	t.Parallel()
	const syncs, most = 64, 7 // with the syncs 1, 2, 3, 5, 9, 17 and 33
	instead := func(d *device, answer *client.Response, err error) {
		d.intercept(func(r *client.Request) (*client.Response, error) {
			if resends(*r) {
				return answer, err
			}
			return nil, nil
		})
	}
	taken := &client.Response{Status: 200, Body: []byte(`{"lost":[]}`)}
	for name, lie := range map[string]func(t *testing.T, d *device, all protocol.ResendState){
		"it takes it": func(_ *testing.T, d *device, _ protocol.ResendState) { instead(d, taken, nil) },
		"it says that it has all": func(t *testing.T, d *device, all protocol.ResendState) {
			instead(d, taken, nil)
			before := 0
			d.wire.lie(edit(t, protocol.PathVaultResend, func(s *protocol.ResendState) {
				if n := d.resendsSent(); n > before {
					before, *s = n, all
				}
			}))
		},
		"it refuses it": func(_ *testing.T, d *device, _ protocol.ResendState) {
			instead(d, refusal(400, protocol.CodeBadRequest), nil)
		},
		"it says that another device was faster": func(_ *testing.T, d *device, _ protocol.ResendState) {
			instead(d, refusal(409, protocol.CodeRevisionConflict), nil)
		},
		"it does not answer": func(_ *testing.T, d *device, _ protocol.ResendState) { instead(d, nil, errCut) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, url := newBackedUp(t)
			d := newDevice(t, url)
			d.register(t, "anna")
			server.backup()
			d.save(t, login("mail"))
			d.save(t, login("bank"))
			all := d.resendState(t)
			d.moved(t, server.restore())
			lie(t, d, all)
			for range syncs {
				if _, err := d.Sync(t.Context()); err == nil {
					t.Fatal("no error")
				}
			}
			if n := d.resendsSent(); n != most {
				t.Errorf("it was sent %d times with %d syncs, want %d", n, syncs, most)
			}
			if d.Alarm().IsZero() {
				t.Error("no alarm")
			}
			// Somebody who unlocks the vault does not wait for a server that is honest again.
			d.reconnect()
			d.wire.lie(nil)
			d.Lock()
			d.unlock(t)
			if s := d.sync(t); s.Resent == nil || s.Resent.Writes != 2 || !d.Alarm().IsZero() {
				t.Errorf("%+v, %+v", s.Resent, d.Alarm())
			}
		})
	}
}

// A server that seems to gain an entry while it loses a write, and the other way round, makes no progress.
func TestServerThatGoesInACircleGetsItRarely(t *testing.T) {
	t.Parallel()
	server, url := newBackedUp(t)
	d := newDevice(t, url)
	d.register(t, "anna")
	server.backup()
	before := d.resendState(t)
	d.save(t, login("mail"))
	write := d.resendState(t)
	if err := d.ChangePassword(t.Context(), password, newPassword); err != nil {
		t.Fatal(err)
	}
	entry := before
	entry.Sequence = d.resendState(t).Sequence
	d.moved(t, server.restore())
	asked := 0
	d.wire.lie(edit(t, protocol.PathVaultResend, func(s *protocol.ResendState) {
		*s = []protocol.ResendState{write, entry}[asked%2]
		asked++
	}))
	d.intercept(func(r *client.Request) (*client.Response, error) {
		if resends(*r) {
			return &client.Response{Status: 200, Body: []byte(`{"lost":[]}`)}, nil
		}
		return nil, nil
	})
	for range 64 {
		if _, err := d.Sync(t.Context()); !errors.Is(err, client.ErrRolledBack) {
			t.Fatalf("%v", err)
		}
	}
	if n := d.resendsSent(); n < 2 || n > 14 {
		t.Errorf("it was sent %d times", n)
	}
}
