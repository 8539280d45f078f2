package server_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

func (p *person) begin() protocol.TOTPBeginResponse {
	p.s.t.Helper()
	var out protocol.TOTPBeginResponse
	p.call("POST", protocol.PathTOTPBegin, protocol.TOTPBeginRequest{CurrentAuthKey: p.authKey}).into(&out)
	return out
}

// enrol enables a second factor and moves the clock to a new time step.
func (p *person) enrol() (secret string) {
	p.s.t.Helper()
	b := p.begin()
	code := codeAt(p.s.t, b.Secret, p.s.clock.Now())
	p.call("POST", protocol.PathTOTPConfirm, protocol.TOTPConfirmRequest{Enrolment: b.Enrolment, Code: code}).want(204, "")
	p.s.clock.move(2 * time.Minute)
	return b.Secret
}

func TestCodeWorksOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	secret := alice.enrol()
	now := s.clock.Now()
	alice.mustLogin(codeAt(t, secret, now))
	alice.login(codeAt(t, secret, now)).want(401, protocol.CodeTOTPInvalid)
	alice.login(codeAt(t, secret, now.Add(-30*time.Second))).want(401, protocol.CodeTOTPInvalid) // older than an accepted one
	alice.mustLogin(codeAt(t, secret, now.Add(30*time.Second)))
}

func TestCodesOfNeighbouringStepsAreAccepted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		off  time.Duration
		want protocol.Code
	}{
		{-60 * time.Second, protocol.CodeTOTPInvalid}, {-30 * time.Second, ""}, {0, ""}, {30 * time.Second, ""}, {60 * time.Second, protocol.CodeTOTPInvalid},
	} {
		t.Run(c.off.String(), func(t *testing.T) {
			s := newSite(t)
			alice := s.register("alice")
			secret := alice.enrol()
			if got := alice.login(codeAt(t, secret, s.clock.Now().Add(c.off))).code(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestConcurrentLoginsWithOneCodeMakeOneSession(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	code := codeAt(t, alice.enrol(), s.clock.Now())
	var mu sync.Mutex
	in := 0
	var wg sync.WaitGroup
	for range 4 { // fewer than the throttle limit
		wg.Go(func() {
			if alice.login(code).status == 200 {
				mu.Lock()
				in++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if in != 1 {
		t.Errorf("%d logins with one code succeeded", in)
	}
}

func TestSecondFactorIsAlwaysRequired(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	alice.enrol()
	for _, a := range []answer{alice.login(""), alice.login("000000")} {
		if a.status != 401 || strings.Contains(string(a.body), alice.v.Keys.Wraps[0]) || len(a.cookies) > 0 {
			t.Errorf("got %d %s", a.status, a.body)
		}
	}
	alice.login("12345").want(400, protocol.CodeBadRequest)
	alice.login("12345a").want(400, protocol.CodeBadRequest)
	right := alice.authKey
	alice.authKey = sample.AuthKey()
	alice.login("").want(401, protocol.CodeInvalidCredentials) // only the owner learns whether there is a second factor
	alice.authKey = right
}

func TestWrongCodesAreThrottled(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	secret := alice.enrol()
	for range 5 {
		alice.login("000000").want(401, protocol.CodeTOTPInvalid)
	}
	alice.login(codeAt(t, secret, s.clock.Now())).want(429, protocol.CodeThrottled)

	bob := s.register("bob")
	b := bob.begin()
	for range 5 {
		bob.call("POST", protocol.PathTOTPConfirm, protocol.TOTPConfirmRequest{Enrolment: b.Enrolment, Code: "000000"}).want(401, protocol.CodeTOTPInvalid)
	}
	bob.call("POST", protocol.PathTOTPConfirm, protocol.TOTPConfirmRequest{Enrolment: b.Enrolment, Code: "000000"}).want(429, protocol.CodeThrottled)
}

func TestEnrolmentIsBoundToUserUseAndTime(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice, mallory := s.register("alice"), s.register("mallory")
	b := alice.begin()
	confirm := func(p *person) answer {
		return p.call("POST", protocol.PathTOTPConfirm, protocol.TOTPConfirmRequest{Enrolment: b.Enrolment, Code: codeAt(t, b.Secret, s.clock.Now())})
	}
	confirm(mallory).want(409, protocol.CodeConflict)
	confirm(alice).want(204, "")
	alice.call("POST", protocol.PathTOTPBegin, protocol.TOTPBeginRequest{CurrentAuthKey: alice.authKey}).want(409, protocol.CodeConflict)
	alice.call("POST", protocol.PathTOTPRemove, protocol.TOTPRemoveRequest{CurrentAuthKey: sample.AuthKey()}).want(401, protocol.CodeInvalidCredentials)
	alice.call("POST", protocol.PathTOTPRemove, protocol.TOTPRemoveRequest{CurrentAuthKey: alice.authKey}).want(204, "")
	s.clock.move(time.Minute)
	confirm(alice).want(409, protocol.CodeConflict)
	alice.mustLogin("")

	b = alice.begin()
	s.clock.move(10 * time.Minute)
	confirm(alice).want(409, protocol.CodeConflict)
	alice.call("POST", protocol.PathTOTPConfirm, protocol.TOTPConfirmRequest{Enrolment: sample.Token(64), Code: "123456"}).want(409, protocol.CodeConflict)
}

// A login while both keys are listed seals the secret with the new key, so the old key can be removed.
func TestSecondFactorSurvivesKeyRotation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	secret := alice.enrol()
	next := vault.NewKey()
	both := s.serve(server.Config{Page: nothing, AuthRate: 1000, UserRate: 1000}, next+","+s.keys)
	callTo(t, both, "POST", protocol.PathLogin, alice.loginRequest(codeAt(t, secret, s.clock.Now()))).want(200, "")
	s.clock.move(time.Minute)
	alone := s.serve(server.Config{Page: nothing, AuthRate: 1000, UserRate: 1000}, next)
	callTo(t, alone, "POST", protocol.PathLogin, alice.loginRequest(codeAt(t, secret, s.clock.Now()))).want(200, "")
}
