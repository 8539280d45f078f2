package server_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

var (
	nothing  = fstest.MapFS{}
	loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
)

func TestLoginEndsThePreviousSession(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	var out protocol.UserSession
	s.call("POST", protocol.PathLogin, alice.loginRequest(""), bearer(alice.token)).into(&out)
	if out.Token == alice.token {
		t.Error("the token stayed the same")
	}
	alice.call("GET", protocol.PathAccount, nil).want(401, protocol.CodeUnauthorized)
	s.call("GET", protocol.PathAccount, nil, bearer(out.Token)).want(200, "")
}

func TestPasswordChangeEndsOtherSessions(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	other := alice.mustLogin("")
	old := alice.authKey
	alice.renew(passwords[0]())
	alice.call("GET", protocol.PathAccount, nil).want(200, "")
	s.call("GET", protocol.PathAccount, nil, bearer(other.Token)).want(401, protocol.CodeUnauthorized)
	again := alice.renewal(passwords[1]())
	alice.authKey = old
	again.send().want(401, protocol.CodeInvalidCredentials)
}

func TestSessionLivesThirtyDaysFromItsLastUse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	start := s.clock.Now()
	lastSeen := func() time.Time {
		var out protocol.SessionsResponse
		alice.call("GET", protocol.PathSessions, nil).into(&out)
		return out.Sessions[0].LastSeen
	}
	s.clock.move(4 * time.Minute)
	if !lastSeen().Equal(start) {
		t.Error("last seen moved within five minutes")
	}
	s.clock.move(time.Minute)
	if !lastSeen().Equal(start.Add(5 * time.Minute)) {
		t.Error("last seen did not move after five minutes")
	}
	s.clock.move(29 * 24 * time.Hour)
	alice.call("GET", protocol.PathAccount, nil).want(200, "")
	s.clock.move(29 * 24 * time.Hour)
	alice.call("GET", protocol.PathAccount, nil).want(200, "")
	s.clock.move(30*24*time.Hour + time.Second)
	alice.call("GET", protocol.PathAccount, nil).want(401, protocol.CodeUnauthorized)
}

func TestSessionsSurviveKeyRotation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	next := vault.NewKey()
	both := s.serve(server.Config{Page: nothing, AuthRate: 1000, UserRate: 1000}, next+","+s.keys)
	callTo(t, both, "GET", protocol.PathAccount, nil, bearer(alice.token)).want(200, "")
	var out protocol.UserSession
	callTo(t, both, "POST", protocol.PathLogin, alice.loginRequest("")).into(&out)
	alone := s.serve(server.Config{Page: nothing, AuthRate: 1000, UserRate: 1000}, next)
	callTo(t, alone, "GET", protocol.PathAccount, nil, bearer(out.Token)).want(200, "")
	callTo(t, alone, "GET", protocol.PathAccount, nil, bearer(alice.token)).want(401, protocol.CodeUnauthorized)
}

func TestInvalidSessionTokensAreRejected(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	enrolment := alice.begin().Enrolment
	for name, token := range map[string]string{
		"none": "", "noise": "hello", "another key's": sample.Token(32), "an enrolment": enrolment,
		"altered": alice.token[:40] + "AAAA" + alice.token[44:], "longer": alice.token + "A", "line broken": alice.token[:8] + " " + alice.token[8:],
		"the public id": alice.acc.SessionID, "huge": strings.Repeat("A", 20_000),
	} {
		t.Run(name, func(t *testing.T) {
			s.call("GET", protocol.PathAccount, nil, bearer(token)).want(401, protocol.CodeUnauthorized)
		})
	}
}

func TestUsersCannotReachEachOther(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice, mallory := s.register("alice"), s.register("mallory")
	alice.save()
	mallory.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: mallory.authKey, ID: alice.acc.SessionID}).want(404, protocol.CodeNotFound)
	mallory.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: mallory.authKey}).want(204, "")
	alice.call("GET", protocol.PathAccount, nil).want(200, "")
	if v := mallory.vault(""); len(v.Records) != 0 {
		t.Errorf("mallory reads %d records", len(v.Records))
	}
}

func TestCookieOverHTTPSHasTheHostPrefix(t *testing.T) {
	t.Parallel()
	s := newSite(t, configured(func(c *server.Config) { c.TrustedProxies = loopback }))
	https := header("X-Forwarded-Proto", "https")
	reg := registration("alice")
	reg.Transport = protocol.SessionCookie
	a := s.call("POST", protocol.PathUsers, reg, https)
	if len(a.cookies) != 2 || !strings.HasPrefix(a.cookies[1].Name, "__Secure-vaultsphere-device-") || !a.cookies[1].Secure || a.cookies[1].Domain != "" {
		t.Fatalf("the device's cookie: %s", a.header["Set-Cookie"])
	}
	if a.cookies[0].Name != "__Host-vaultsphere" || !a.cookies[0].Secure || a.cookies[0].Path != "/" || a.cookies[0].Domain != "" {
		t.Fatalf("cookie: %s", a.header.Get("Set-Cookie"))
	}
	if a.header.Get("Strict-Transport-Security") == "" {
		t.Error("no Strict-Transport-Security over HTTPS")
	}
	value := a.cookies[0].Value
	s.call("GET", protocol.PathAccount, nil, https, header("Cookie", "__Host-vaultsphere="+value)).want(200, "")
	s.call("GET", protocol.PathAccount, nil, https, header("Cookie", "vaultsphere="+value)).want(401, protocol.CodeUnauthorized)
	if b := s.call("GET", protocol.PathHealth, nil); b.header.Get("Strict-Transport-Security") != "" {
		t.Error("Strict-Transport-Security over plain HTTP")
	}
}

func TestCrossSiteRequestWithACookieIsRejected(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	reg := registration("alice")
	reg.Transport = protocol.SessionCookie
	a := s.call("POST", protocol.PathUsers, reg)
	cookie := header("Cookie", a.cookies[0].Name+"="+a.cookies[0].Value)
	s.call("POST", protocol.PathLogout, nil, cookie, header("Origin", "https://evil.example")).want(http.StatusForbidden, protocol.CodeForbidden)
	s.call("POST", protocol.PathLogout, nil, cookie, header("Sec-Fetch-Site", "same-origin")).want(http.StatusNoContent, "")
}

// A stolen session must not be able to end the owner's sessions, neither one nor all of them.
func TestStolenSessionCannotEndOthers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	stolen := bearer(alice.mustLogin("").Token)
	for _, id := range []string{"", alice.acc.SessionID} {
		wrong := protocol.EndSessionsRequest{CurrentAuthKey: sample.AuthKey(), ID: id}
		s.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{ID: id}, stolen).want(400, protocol.CodeBadRequest)
		s.call("POST", protocol.PathSessionsEnd, wrong, stolen).want(401, protocol.CodeInvalidCredentials)
		s.call("POST", protocol.PathSessionsEnd, wrong).want(401, protocol.CodeUnauthorized)
	}
	s.send("DELETE", protocol.PathSessions, nil, stolen).want(405, protocol.CodeMethodNotAllowed)
	if a := s.send("DELETE", "/api/v1/sessions/"+alice.acc.SessionID, nil, stolen); a.status < 400 {
		t.Errorf("the session was ended: %d", a.status)
	}
	alice.call("GET", protocol.PathAccount, nil).want(200, "")
}
