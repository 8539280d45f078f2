package server_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/api"
	"github.com/vaultsphere/vaultsphere/app/server"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

func retryAfter(t *testing.T, a answer) time.Duration {
	t.Helper()
	n, err := strconv.Atoi(a.header.Get("Retry-After"))
	if err != nil || n < 1 {
		t.Fatalf("Retry-After: %q", a.header.Get("Retry-After"))
	}
	return time.Duration(n) * time.Second
}

func TestFiveFreeAttemptsThenLongerAndLongerPauses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	right := alice.reg.AuthKey
	alice.reg.AuthKey = sample.AuthKey()
	for range 5 {
		alice.login("").want(401, api.CodeInvalidCredentials)
	}
	for i := range 12 {
		a := alice.login("").want(429, api.CodeThrottled)
		want := min(time.Second<<i, 15*time.Minute)
		if got := retryAfter(t, a); got != want {
			t.Errorf("pause %d is %s, want %s", i, got, want)
		}
		s.clock.move(want)
		alice.login("").want(401, api.CodeInvalidCredentials)
	}
	alice.reg.AuthKey = right
	alice.login("").want(429, api.CodeThrottled)
	s.clock.move(15 * time.Minute)
	alice.mustLogin("")
	alice.reg.AuthKey = sample.AuthKey() // success cleared the count
	for range 5 {
		alice.login("").want(401, api.CodeInvalidCredentials)
	}
}

// TestAttemptsAtOnceAreCountedOneByOne: a burst must not pass because all of it read the count before any wrote it.
func TestAttemptsAtOnceAreCountedOneByOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	alice.reg.AuthKey = sample.AuthKey()
	var mu sync.Mutex
	tried := 0
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			if alice.login("").code() == api.CodeInvalidCredentials {
				mu.Lock()
				tried++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if tried != 5 {
		t.Errorf("%d attempts were tried at once, want 5", tried)
	}
}

func TestRecoveryAndProofsCountAsAttempts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	wrong := api.DeleteAccountRequest{CurrentAuthKey: sample.AuthKey()}
	for range 5 {
		alice.call("POST", api.PathAccountDelete, wrong).want(401, api.CodeInvalidCredentials)
	}
	retryAfter(t, alice.call("POST", api.PathAccountDelete, wrong).want(429, api.CodeThrottled))
	alice.call("POST", api.PathTOTPRemove, api.TOTPRemoveRequest{CurrentAuthKey: alice.reg.AuthKey}).want(429, api.CodeThrottled)

	for range 5 {
		s.call("POST", api.PathRecoveryOpen, api.RecoveryOpenRequest{Username: "ALICE", RecoveryAuthKey: sample.AuthKey()}).want(401, api.CodeInvalidCredentials)
	}
	alice.login("").want(429, api.CodeThrottled)
	alice.call("GET", api.PathVault, nil).want(200, "") // a session is not touched by any of this
}

func TestAddressesAreLimitedBeforeAnythingIsLookedUp(t *testing.T) {
	t.Parallel()
	s := newSite(t, configured(func(c *server.Config) { c.AuthRate = 3; c.TrustedProxies = loopback }))
	ask := func(from string) answer {
		return s.call("POST", api.PathPrelogin, api.PreloginRequest{Username: "alice"}, header("X-Forwarded-For", from))
	}
	for range 3 {
		ask("2001:db8:1:2::1").want(200, "")
	}
	if wait := retryAfter(t, ask("2001:db8:1:2:ffff::9").want(429, api.CodeThrottled)); wait > 20*time.Second {
		t.Errorf("told to wait %s at three a minute", wait)
	}
	ask("2001:db8:1:3::1").want(200, "")
	ask("203.0.113.7").want(200, "")
	ask("198.51.100.1, 203.0.113.8").want(200, "") // the right-most stranger counts, not what it claims
	ask("198.51.100.2, 203.0.113.8").want(200, "")
	ask("198.51.100.3, 203.0.113.8").want(200, "")
	ask("198.51.100.4, 203.0.113.8").want(429, api.CodeThrottled)
	// Some proxies add the port, or brackets.
	ask("203.0.113.8:50123").want(429, api.CodeThrottled)
	ask("198.51.100.9, 203.0.113.8:1").want(429, api.CodeThrottled)
	ask("[2001:db8:1:2::5]:443").want(429, api.CodeThrottled)
	ask("[2001:db8:1:2::5]").want(429, api.CodeThrottled)
	ask("203.0.113.9:443").want(200, "")
}

func TestForwardedAddressesOfStrangersAreNotBelieved(t *testing.T) {
	t.Parallel()
	s := newSite(t, configured(func(c *server.Config) { c.AuthRate = 1 }))
	ask := func(from string) answer {
		return s.call("POST", api.PathPrelogin, api.PreloginRequest{Username: "alice"},
			header("X-Forwarded-For", from), header("X-Forwarded-Proto", "https"))
	}
	a := ask("203.0.113.1").want(200, "")
	if a.header.Get("Strict-Transport-Security") != "" {
		t.Error("a stranger's X-Forwarded-Proto was believed")
	}
	ask("203.0.113.2").want(429, api.CodeThrottled)
}
