package server_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

// resend leads the server to what the person's device has, without a session.
func (p *person) resend() answer {
	p.s.t.Helper()
	var state protocol.ResendState
	p.s.call("GET", p.vaultPath(protocol.PathVaultResend), nil).into(&state)
	nonce, err := base64.RawURLEncoding.DecodeString(state.Nonce)
	if err != nil {
		p.s.t.Fatal(err)
	}
	base, err := p.s.store.Head(p.s.t.Context(), p.v.ID)
	if err != nil {
		p.s.t.Fatal(err)
	}
	return p.s.call("POST", p.vaultPath(protocol.PathVaultResend), p.v.ResendRequest(base, chain.Nonce(nonce)))
}

func (s *site) wait(waits bool) {
	s.t.Helper()
	if err := s.store.SetWaiting(s.t.Context(), waits); err != nil {
		s.t.Fatal(err)
	}
}

func TestDeviceResendsWithoutASession(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	alice.save()
	alice.v.Apply(alice.item())
	alice.v.Follow(alice.v.DraftAccount(passwords[0]()))
	alice.v.Apply(alice.item())
	var out protocol.ResendAnswer
	alice.resend().into(&out)
	if len(out.Lost) != 0 {
		t.Errorf("lost %v", out.Lost)
	}
	// The session began with the password before.
	alice.call("GET", protocol.PathAccount, nil).want(401, protocol.CodeUnauthorized)
	alice.authKey, alice.phraseKey = alice.v.Owner.AuthKeys()
	alice.token = alice.mustLogin("").Token
	if got := alice.vault(""); got.Revision != 3 || got.Sequence != 2 || len(got.Records) != 3 {
		t.Errorf("at %d and %d with %d records", got.Revision, got.Sequence, len(got.Records))
	}
	alice.save()
}

// The operator has not looked at the restored server yet.
func TestRestoredServerWaits(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	alice.save()
	s.clock.move(60 * 1e9)
	s.wait(true)
	open := []string{"POST " + protocol.PathPrelogin, "POST " + protocol.PathVaultResend, "POST " + protocol.PathLogout}
	routes := s.srv.Routes()
	for _, route := range routes {
		method, path, _ := strings.Cut(route, " ")
		if method == http.MethodGet || slices.Contains(open, route) {
			continue
		}
		path = strings.NewReplacer("{vault}", alice.v.ID.String(), "{id}", sample.ID(), "{chunk}", "1").Replace(path)
		if a := alice.call(method, path, struct{}{}); a.status != 503 || a.code() != protocol.CodeWaiting || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %s", route, a.status, a.body)
		}
	}
	if len(routes) < 20 {
		t.Errorf("only %d routes", len(routes))
	}
	var ready protocol.Health
	s.call("GET", protocol.PathReady, nil).into(&ready)
	if !ready.OK || !strings.Contains(ready.Waiting, "waits for its operator") {
		t.Errorf("%+v", ready)
	}
	// Reads, and what devices send again.
	alice.vault("")
	s.call("POST", protocol.PathPrelogin, protocol.PreloginRequest{Username: "alice"}).want(200, "")
	alice.v.Apply(alice.item())
	alice.resend().want(200, "")
	alice.login("").want(503, protocol.CodeWaiting)
	alice.call("POST", protocol.PathLogout, nil).want(204, "")
	s.wait(false)
	alice.token = alice.mustLogin("").Token
	alice.save()
	ready = protocol.Health{}
	s.call("GET", protocol.PathReady, nil).into(&ready)
	if ready.Waiting != "" {
		t.Errorf("%+v", ready)
	}
	// A store that is closed under a running server is noticed.
	s.wait(true)
	s.clock.move(60 * 1e9)
	alice.send(alice.item()).want(503, protocol.CodeWaiting)
}

// Strangers cannot keep the server busy with re-sending.
func TestResendIsRateLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t, configured(func(c *server.Config) { c.AuthRate = 6 }))
	alice := s.register("alice")
	path := alice.vaultPath(protocol.PathVaultResend)
	large := []byte(`{"resend":"` + strings.Repeat("A", protocol.MaxBodyBytes) + `"}`)
	s.send("POST", path, large).want(413, protocol.CodeTooLarge)
	s.send("POST", path, []byte(`{"resend":"AgAA","tokens":[`+strings.Repeat(`"",`, chain.MaxOperations)+`""]}`)).want(400, protocol.CodeBadRequest)
	s.send("POST", path, bytes.Repeat([]byte("["), 9)).want(400, protocol.CodeBadRequest)
	s.call("GET", path, nil).want(200, "")
	s.call("POST", path, protocol.ResendRequest{}).want(400, protocol.CodeBadRequest)
	for range 3 {
		s.call("POST", path, protocol.ResendRequest{}).want(429, protocol.CodeThrottled)
		s.call("GET", path, nil).want(429, protocol.CodeThrottled)
	}
	await.Until(t, "the room of refused bodies that is given back", func() bool { return s.srv.HasRoom(server.BodyRoom) })
}
