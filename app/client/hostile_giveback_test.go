package client_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// strings of a JSON document.
func texts(t *testing.T, body []byte) []string {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	var out []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			out = append(out, v)
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(v)
	return out
}

// A server that claims to be restored, to learn something, gets only what it was sent before, and one signed statement.
func TestServerThatClaimsARestoreLearnsNothing(t *testing.T) {
	t.Parallel()
	server, url := newBackedUp(t)
	d := newDevice(t, url)
	d.register(t, "anna")
	server.backup()
	d.login(t, "anna", "after the backup")
	if err := d.ChangePassword(t.Context(), password, newPassword); err != nil {
		t.Fatal(err)
	}
	it := d.save(t, login("mail"))
	it.Notes = "a secret note"
	d.save(t, it)
	known := map[string]bool{}
	for _, r := range d.wire.sent {
		if len(r.Body) > 0 {
			for _, s := range texts(t, r.Body) {
				known[s] = true
			}
		}
	}
	d = d.restarted(t, server.restore())
	server.open()
	before := len(d.wire.sent)
	if _, err := d.Login(t.Context(), "anna", newPassword, "", "again"); err != nil {
		t.Fatal(err)
	}
	sent := 0
	for _, r := range d.wire.sent[before:] {
		if !isAt(r, protocol.PathVaultResend) || r.Method != http.MethodPost {
			continue
		}
		sent++
		var in protocol.ResendRequest
		if err := json.Unmarshal(r.Body, &in); err != nil {
			t.Fatal(err)
		}
		for _, s := range texts(t, r.Body) {
			if s != in.Resend && !known[s] {
				t.Errorf("the server did not have %.40s", s)
			}
		}
		for _, secret := range []string{"secret", password, newPassword, "anna"} {
			if strings.Contains(string(r.Body), secret) {
				t.Errorf("%q was sent", secret)
			}
		}
	}
	if sent != 1 {
		t.Errorf("%d requests", sent)
	}
	for _, r := range d.wire.sent[before:] {
		if isAt(r, protocol.PathLogin) {
			break
		}
		if strings.Contains(string(r.Body), "auth_key") {
			t.Error("an auth key was sent before the server was led back")
		}
	}
}

// Only a server whose history is the device's own gets anything. Otherwise there is an alarm.
func TestServerWithAnotherHistoryIsNotLedBack(t *testing.T) {
	t.Parallel()
	for name, lie := range map[string]func(t *testing.T) func(client.Request, *client.Response){
		"another head": func(t *testing.T) func(client.Request, *client.Response) {
			return edit(t, protocol.PathVaultResend, func(s *protocol.ResendState) { s.Head = base64.RawURLEncoding.EncodeToString(make([]byte, 32)) })
		},
		"a later revision": func(t *testing.T) func(client.Request, *client.Response) {
			return edit(t, protocol.PathVaultResend, func(s *protocol.ResendState) { s.Revision = 99 })
		},
		"a later entry": func(t *testing.T) func(client.Request, *client.Response) {
			return edit(t, protocol.PathVaultResend, func(s *protocol.ResendState) { s.Sequence = 99 })
		},
		"a negative revision": func(t *testing.T) func(client.Request, *client.Response) {
			return edit(t, protocol.PathVaultResend, func(s *protocol.ResendState) { s.Revision, s.Sequence = -1, -1 })
		},
		"no nonce": func(t *testing.T) func(client.Request, *client.Response) {
			return edit(t, protocol.PathVaultResend, func(s *protocol.ResendState) { s.Nonce = "AAAA" })
		},
		"an endless answer": func(*testing.T) func(client.Request, *client.Response) {
			return func(r client.Request, a *client.Response) {
				if isAt(r, protocol.PathVaultResend) {
					a.Body = make([]byte, 2<<20)
				}
			}
		},
		"no such path": func(*testing.T) func(client.Request, *client.Response) {
			return func(r client.Request, a *client.Response) {
				if isAt(r, protocol.PathVaultResend) {
					*a = client.Response{Status: 404, Body: []byte(`{"code":"not_found","message":"not found","request_id":"7f25dcca024ce079"}`)}
				}
			}
		},
		"that it is back, and shows the old vault again": func(t *testing.T) func(client.Request, *client.Response) {
			return func(r client.Request, a *client.Response) {
				if isAt(r, protocol.PathVaultResend) {
					edit(t, protocol.PathVaultResend, func(s *protocol.ResendState) { s.Revision, s.Sequence = 3, 1 })(r, a)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, url := newBackedUp(t)
			d := newDevice(t, url)
			d.register(t, "anna")
			d.save(t, login("mail"))
			server.backup()
			d.save(t, login("bank"))
			d.save(t, login("post"))
			at := server.restore()
			d = d.reopened(t, at, password)
			d.wire.lie(lie(t))
			_, err := d.Sync(t.Context())
			if !errors.Is(err, client.ErrRolledBack) || d.Alarm().IsZero() {
				t.Errorf("%v", err)
			}
			for _, r := range d.wire.sent {
				if r.Method == http.MethodPost && isAt(r, protocol.PathVaultResend) {
					t.Error("something was sent")
				}
			}
			if got := d.titles(t, ""); len(got) != 3 {
				t.Errorf("the device shows %q", got)
			}
			// An honest answer ends the alarm.
			d.wire.lie(nil)
			if s := d.sync(t); s.Resent == nil || s.Resent.Writes != 2 || !d.Alarm().IsZero() {
				t.Errorf("%+v", s.Resent)
			}
		})
	}
}

// A device that does not have what the server lost raises the alarm.
func TestDeviceWithoutHistoryRaisesTheAlarm(t *testing.T) {
	t.Parallel()
	server, url := newBackedUp(t)
	d := newDevice(t, url)
	d.register(t, "anna")
	server.backup()
	d.save(t, login("mail"))
	d.cache.mu.Lock()
	for name := range d.cache.stored {
		if strings.HasPrefix(name, "history-") {
			delete(d.cache.stored, name)
		}
	}
	d.cache.mu.Unlock()
	d = d.reopened(t, server.restore(), password)
	if _, err := d.Sync(t.Context()); !errors.Is(err, client.ErrRolledBack) || d.Alarm().IsZero() {
		t.Errorf("%v", err)
	}
}

// The server takes 4 MiB at a time. Each part ends where the device has everything that is live.
func TestLargeHistoryIsSentInParts(t *testing.T) {
	t.Parallel()
	server, url := newBackedUp(t)
	d := newDevice(t, url)
	d.register(t, "anna")
	server.backup()
	it := login("large")
	for range 170 {
		large := login("large")
		large.Notes = strings.Repeat("many words ", 1700)
		it = d.save(t, large)
	}
	it.Title = "changed"
	d.save(t, it)
	d = d.reopened(t, server.restore(), password)
	last := d.sync(t)
	if last.Resent == nil || last.Resent.Writes != 171 {
		t.Fatalf("%+v", last.Resent)
	}
	posts := 0
	for _, r := range d.wire.sent {
		if r.Method == http.MethodPost && isAt(r, protocol.PathVaultResend) {
			posts++
			if len(r.Body) > protocol.MaxBodyBytes {
				t.Errorf("%d bytes", len(r.Body))
			}
		}
	}
	if posts < 2 || posts > 3 {
		t.Errorf("%d parts", posts)
	}
}
