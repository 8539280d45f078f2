package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/proxy"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

func closed(c *server.Config) { c.Door = vault.Door{} }

func firstOnly(c *server.Config) { c.Door = vault.Door{First: true} }

func (s *site) invite() *protocol.Invitation {
	s.t.Helper()
	return s.inviteAs(false)
}

func (s *site) inviteAs(administrator bool) *protocol.Invitation {
	s.t.Helper()
	secret, err := vault.Invite(s.t.Context(), s.store, administrator, s.clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	i := secret.Invitation()
	return &i
}

func TestStrangersNeedAnInvitation(t *testing.T) {
	t.Parallel()
	s := newSite(t, configured(closed))
	check := func(i *protocol.Invitation, name string) answer {
		return s.call("POST", protocol.PathRegisterCheck, protocol.RegisterCheckRequest{Invitation: i, Username: name})
	}
	reg := registration("alice")
	check(nil, "").want(403, protocol.CodeInvitationRequired)
	check(nil, "alice").want(403, protocol.CodeInvitationRequired)
	s.call("POST", protocol.PathUsers, reg).want(403, protocol.CodeInvitationRequired)

	invitation := s.invite()
	wrong := *invitation
	wrong.Proof = sample.ID()
	unknown := *invitation
	unknown.ID = sample.ID()
	for _, bad := range []protocol.Invitation{wrong, unknown} {
		check(&bad, "alice").want(403, protocol.CodeInvitationInvalid)
		reg.Invitation = &bad
		s.call("POST", protocol.PathUsers, reg).want(403, protocol.CodeInvitationInvalid)
	}
	for _, bad := range []protocol.Invitation{{}, {ID: invitation.ID}, {ID: "#inhabited", Proof: invitation.Proof}, {ID: invitation.ID, Proof: invitation.Proof + "="}} {
		check(&bad, "alice").want(400, protocol.CodeBadRequest)
	}
	check(invitation, "").want(204, "")
	check(invitation, "alice").want(204, "")
	check(invitation, "al ice").want(400, protocol.CodeBadRequest)

	reg.Invitation = invitation
	s.call("POST", protocol.PathUsers, reg).want(200, "")
	check(invitation, "bob").want(403, protocol.CodeInvitationInvalid)
	bob := registration("bob")
	bob.Invitation = invitation
	s.call("POST", protocol.PathUsers, bob).want(403, protocol.CodeInvitationInvalid)

	// Only a caller who may register learns whether a name is taken, and a taken name does not use up an invitation.
	s.call("POST", protocol.PathUsers, registration("alice")).want(403, protocol.CodeInvitationRequired)
	second := s.invite()
	check(second, "alice").want(409, protocol.CodeUsernameTaken)
	again := registration("alice")
	again.Invitation = second
	s.call("POST", protocol.PathUsers, again).want(409, protocol.CodeUsernameTaken)
	s.clock.move(7*24*time.Hour - time.Second)
	bob.Invitation = second
	check(second, "bob").want(204, "")
	s.clock.move(time.Second)
	check(second, "bob").want(403, protocol.CodeInvitationInvalid)
	s.call("POST", protocol.PathUsers, bob).want(403, protocol.CodeInvitationInvalid)
	if log := s.log.String(); strings.Contains(log, invitation.Proof) || strings.Contains(log, second.Proof) {
		t.Error("the log contains the secret of an invitation")
	}
}

func TestInvitationAdmitsOneOfConcurrentUsers(t *testing.T) {
	t.Parallel()
	s := newSite(t, configured(closed))
	invitation := s.invite()
	var wg sync.WaitGroup
	codes := make(chan protocol.Code, 8)
	for n := range cap(codes) {
		wg.Go(func() {
			reg := registration("user" + string(rune('a'+n)))
			reg.Invitation = invitation
			codes <- s.call("POST", protocol.PathUsers, reg).code()
		})
	}
	wg.Wait()
	close(codes)
	in := 0
	for c := range codes {
		if c == "" {
			in++
		} else if c != protocol.CodeInvitationInvalid {
			t.Errorf("rejected with %s", c)
		}
	}
	if in != 1 {
		t.Errorf("%d users registered with one invitation", in)
	}
}

func TestFirstUserOfThisMachineNeedsNoInvitation(t *testing.T) {
	t.Parallel()
	s := newSite(t, configured(firstOnly))
	s.call("POST", protocol.PathRegisterCheck, protocol.RegisterCheckRequest{Username: "alice"}).want(204, "")
	s.register("alice")
	s.call("POST", protocol.PathRegisterCheck, protocol.RegisterCheckRequest{}).want(403, protocol.CodeInvitationRequired)
	s.call("POST", protocol.PathUsers, registration("mallory")).want(403, protocol.CodeInvitationRequired)
}

// Each request reaches an empty server over loopback, as a stranger's request does through a proxy on this machine.
func TestStrangersBehindAProxyAreNotTheFirstUser(t *testing.T) {
	t.Parallel()
	s := newSite(t, configured(firstOnly))
	host := func(name string) edit { return func(r *http.Request) { r.Host = name } }
	for name, e := range map[string]edit{
		"X-Forwarded-For": header("X-Forwarded-For", "203.0.113.7"), "empty header": header("X-Forwarded-For", ""), "Forwarded": header("Forwarded", "for=_hidden"),
		"X-Real-IP": header("X-Real-IP", "203.0.113.7"), "Via": header("Via", "1.1 varnish"), "Cloudflare": header("CF-Connecting-IP", "203.0.113.7"),
		"public name": host("vault.example.org"), "rebound name": host("127.0.0.1.rebind.example:80"), "public address": host("203.0.113.7:443"),
	} {
		for path, body := range map[string]any{protocol.PathUsers: registration("mallory"), protocol.PathRegisterCheck: protocol.RegisterCheckRequest{}} {
			if a := s.call("POST", path, body, e); a.code() != protocol.CodeInvitationRequired {
				t.Errorf("%s, %s: %d %s", name, path, a.status, a.body)
			}
		}
	}

	target, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(proxy.To(target))
	t.Cleanup(front.Close)
	callTo(t, front.URL, "POST", protocol.PathUsers, registration("mallory")).want(403, protocol.CodeInvitationRequired)

	// By default, nginx sends HTTP/1.0 with the name of its upstream as Host, and no forwarding headers.
	plain := httptest.NewRequestWithContext(t.Context(), "POST", s.url+protocol.PathRegisterCheck, nil)
	plain.Header.Set("Content-Type", "application/json")
	plain.RemoteAddr = "127.0.0.1:50000"
	for proto, want := range map[int]int{0: 403, 1: 204} {
		plain.ProtoMinor = proto
		r := plain.Clone(t.Context())
		r.Body = io.NopCloser(strings.NewReader("{}"))
		w := httptest.NewRecorder()
		if s.srv.ServeHTTP(w, r); w.Code != want {
			t.Errorf("HTTP/1.%d: %d %s", proto, w.Code, w.Body)
		}
	}
	s.register("alice")
}
