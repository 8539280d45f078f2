package server_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server"
	"github.com/vaultsphere/vaultsphere/app/vault"
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

func TestPausesDoubleAfterFiveFreeAttempts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	right := alice.authKey
	alice.authKey = sample.AuthKey()
	for range 5 {
		alice.login("").want(401, protocol.CodeInvalidCredentials)
	}
	for i := range 12 {
		a := alice.login("").want(429, protocol.CodeThrottled)
		want := min(time.Second<<i, 15*time.Minute)
		if got := retryAfter(t, a); got != want {
			t.Errorf("pause %d is %s, want %s", i, got, want)
		}
		s.clock.move(want)
		alice.login("").want(401, protocol.CodeInvalidCredentials)
	}
	alice.authKey = right
	alice.login("").want(429, protocol.CodeThrottled)
	s.clock.move(15 * time.Minute)
	alice.mustLogin("")
	alice.authKey = sample.AuthKey() // success reset the counter
	for range 5 {
		alice.login("").want(401, protocol.CodeInvalidCredentials)
	}
}

// A burst must not pass because all attempts read the counter before any of them writes it.
func TestConcurrentAttemptsAreAllCounted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	alice.authKey = sample.AuthKey()
	var mu sync.Mutex
	tried := 0
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			if alice.login("").code() == protocol.CodeInvalidCredentials {
				mu.Lock()
				tried++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if tried != 5 {
		t.Errorf("%d concurrent attempts were tried, want 5", tried)
	}
}

func TestPasswordConfirmationsCountAsAttempts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	wrong := protocol.DeleteAccountRequest{CurrentAuthKey: sample.AuthKey()}
	for range 5 {
		alice.call("POST", protocol.PathAccountDelete, wrong).want(401, protocol.CodeInvalidCredentials)
	}
	retryAfter(t, alice.call("POST", protocol.PathAccountDelete, wrong).want(429, protocol.CodeThrottled))
	alice.call("POST", protocol.PathTOTPRemove, protocol.TOTPRemoveRequest{CurrentAuthKey: alice.authKey}).want(429, protocol.CodeThrottled)

	alice.login("").want(200, "") // has a separate counter
	alice.call("GET", alice.vaultPath(protocol.PathVault), nil).want(200, "")
}

// A thief with one session must not keep the user's other sessions from ending it.
func TestStolenSessionDoesNotLockOutTheOwner(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	stolen := alice.mustLogin("")
	wrong := protocol.EndSessionsRequest{CurrentAuthKey: sample.AuthKey()}
	for range 5 {
		s.call("POST", protocol.PathSessionsEnd, wrong, bearer(stolen.Token)).want(401, protocol.CodeInvalidCredentials)
	}
	s.call("POST", protocol.PathSessionsEnd, wrong, bearer(stolen.Token)).want(429, protocol.CodeThrottled)

	alice.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: alice.authKey, ID: stolen.Account.SessionID}).want(204, "")
	s.call("GET", protocol.PathAccount, nil, bearer(stolen.Token)).want(401, protocol.CodeUnauthorized)
}

// Wrong recovery phrases are not counted: the phrase has 256 bits, and a counter would let strangers block the owner's last
// way in.
func TestRecoveryAttemptsAreNotCounted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	for range 8 {
		alice.fail(6)
		s.call("POST", protocol.PathRecoveryOpen, protocol.PhraseProof{Username: "ALICE", RecoveryAuthKey: sample.AuthKey(), After: -1}).want(401, protocol.CodeInvalidCredentials)
	}
	alice.login("").want(429, protocol.CodeThrottled)
	s.call("POST", protocol.PathRecoveryOpen, protocol.PhraseProof{Username: "alice", RecoveryAuthKey: alice.phraseKey, After: -1}).want(200, "")
	finish := alice.renewal(passwords[0]()).recovery(false)
	finish.RecoveryAuthKey = sample.AuthKey()
	for range 8 {
		s.call("POST", protocol.PathRecoveryFinish, finish).want(401, protocol.CodeInvalidCredentials)
	}
	finish.RecoveryAuthKey = alice.phraseKey
	s.call("POST", protocol.PathRecoveryFinish, finish).want(200, "")
}

// fail tries n logins with a wrong password, as a stranger does. Some may be throttled.
func (p *person) fail(n int) {
	p.s.t.Helper()
	wrong := p.loginRequest("")
	wrong.AuthKey = sample.AuthKey()
	for range n {
		if c := p.s.call("POST", protocol.PathLogin, wrong).code(); c != protocol.CodeInvalidCredentials && c != protocol.CodeThrottled {
			p.s.t.Fatalf("wrong password: got %s", c)
		}
	}
}

// device returns the edit that adds the device cookie from the answer to a login.
func device(t *testing.T, a answer) edit {
	t.Helper()
	for _, c := range a.cookies {
		if strings.HasPrefix(c.Name, "vaultsphere-device-") {
			if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != protocol.PathLogin || c.MaxAge < 300*24*60*60 {
				t.Errorf("cookie: %s", c)
			}
			return header("Cookie", "other=1; "+c.Name+"="+c.Value)
		}
	}
	t.Fatalf("no device cookie in %v", a.header["Set-Cookie"])
	return nil
}

func TestStrangersDoNotLockOutAKnownDevice(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice, reg := s.newPerson("alice")
	known := device(t, s.call("POST", protocol.PathUsers, reg).want(200, ""))
	alice.fail(20)
	alice.login("").want(429, protocol.CodeThrottled)
	again := s.call("POST", protocol.PathLogin, alice.loginRequest(""), known).want(200, "")
	s.call("POST", protocol.PathLogin, alice.loginRequest(""), device(t, again)).want(200, "")
	alice.login("").want(429, protocol.CodeThrottled) // the strangers' counter was not reset

	// A known device has a separate counter, and is known for one user only.
	bob := s.register("bob")
	bob.fail(20)
	s.call("POST", protocol.PathLogin, bob.loginRequest(""), known).want(429, protocol.CodeThrottled)
	wrong := alice.loginRequest("")
	wrong.AuthKey = sample.AuthKey()
	for range 5 {
		s.call("POST", protocol.PathLogin, wrong, known).want(401, protocol.CodeInvalidCredentials)
	}
	s.call("POST", protocol.PathLogin, alice.loginRequest(""), known).want(429, protocol.CodeThrottled)
	s.clock.move(time.Minute)
	s.call("POST", protocol.PathLogin, alice.loginRequest(""), known).want(200, "")

	// A device token is not a session token, and no other sealed token counts as a device token.
	r := &http.Request{Header: http.Header{}}
	known(r)
	token := r.Cookies()[1].Value
	s.call("GET", protocol.PathAccount, nil, bearer(token)).want(401, protocol.CodeUnauthorized)
	alice.fail(20)
	for _, forged := range []string{alice.token, sample.Token(40), token[:60] + "AAAA" + token[64:], ""} {
		s.call("POST", protocol.PathLogin, alice.loginRequest(""), header("Cookie", "vaultsphere-device-00="+forged)).want(429, protocol.CodeThrottled)
	}
}

// full is a store whose logins can fail as if the store or the hash queue were overloaded.
type full struct {
	vault.Store
	err atomic.Pointer[error]
}

func (f *full) User(ctx context.Context, name vault.Username) (vault.User, error) {
	if err := f.err.Load(); err != nil {
		return vault.User{}, *err
	}
	return f.Store.User(ctx, name)
}

func (f *full) PutSession(ctx context.Context, v vault.Session) error {
	if err := f.err.Load(); err != nil {
		return *err
	}
	return f.Store.PutSession(ctx, v)
}

// Five such answers must not throttle the right password.
func TestBusyAnswersDoNotCountAsWrongPasswords(t *testing.T) {
	t.Parallel()
	store := &full{}
	s := newSite(t, storedBy(func(inner vault.Store) vault.Store { store.Store = inner; return store }))
	alice := s.register("alice")
	for _, busy := range []error{vault.ErrBusy, vault.ErrStoreUnavailable, vault.ErrStoreFull, context.DeadlineExceeded, errors.New("a fault")} {
		store.err.Store(&busy)
		for range 4 {
			if a := alice.login(""); a.status < 500 {
				t.Fatalf("%v: got %d", busy, a.status)
			}
			if a := alice.call("POST", protocol.PathAccountDelete, protocol.DeleteAccountRequest{CurrentAuthKey: sample.AuthKey()}); a.status < 500 {
				t.Fatalf("%v: got %d", busy, a.status)
			}
		}
	}
	store.err.Store(nil)
	alice.mustLogin("")
	alice.call("POST", protocol.PathAccountDelete, protocol.DeleteAccountRequest{CurrentAuthKey: sample.AuthKey()}).want(401, protocol.CodeInvalidCredentials)

	// Real guesses still count, however many busy answers come between.
	alice.fail(4)
	busy := error(vault.ErrBusy)
	for range 6 {
		store.err.Store(&busy)
		alice.login("").want(503, protocol.CodeUnavailable)
		store.err.Store(nil)
	}
	alice.fail(1)
	alice.login("").want(429, protocol.CodeThrottled)
}

func TestRightPasswordWithoutACodeIsNotCounted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	secret := alice.enrol()
	for range 12 {
		alice.login("").want(401, protocol.CodeTOTPRequired)
	}
	s.clock.move(time.Minute)
	alice.mustLogin(codeAt(t, secret, s.clock.Now()))
	for range 5 {
		alice.login("000000").want(401, protocol.CodeTOTPInvalid)
	}
	alice.login("000000").want(429, protocol.CodeThrottled)
}

func TestWideNetworksAreLimitedToo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		address func(n int) string
		room    int // at one request per minute and /64
	}{
		{"a /56", func(n int) string { return fmt.Sprintf("2001:db8:1:%x::1", n) }, 4},
		{"a /48", func(n int) string { return fmt.Sprintf("2001:db8:1:%x::1", n<<8) }, 16},
		{"all", func(n int) string { return fmt.Sprintf("2001:db8:%x::1", n) }, 40},
		{"IPv4", func(n int) string { return fmt.Sprintf("203.0.113.%d", n) }, 40},
		{"mapped IPv4", func(n int) string { return fmt.Sprintf("::ffff:203.0.113.%d", n) }, 40},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, configured(func(c *server.Config) { c.AuthRate = 1; c.TrustedProxies = loopback }))
			passed := 0
			for n := range 40 {
				if s.call("POST", protocol.PathPrelogin, protocol.PreloginRequest{Username: "alice"}, header("X-Forwarded-For", c.address(n))).status == 200 {
					passed++
				}
			}
			if passed != c.room {
				t.Errorf("%d of %d requests passed, want %d", passed, 40, c.room)
			}
		})
	}
}

func TestUntrustedProxyIsLoggedOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trusted []netip.Prefix
		header  string
		want    int
	}{
		"not trusted": {nil, "X-Forwarded-For", 1}, "its protocol": {nil, "X-Forwarded-Proto", 1}, "Forwarded": {nil, "Forwarded", 1},
		"trusted": {loopback, "X-Forwarded-For", 0}, "no proxy": {nil, "X-Other", 0},
	} {
		s := newSite(t, configured(func(cfg *server.Config) { cfg.TrustedProxies = c.trusted }))
		for range 3 {
			s.call("GET", protocol.PathHealth, nil, header(c.header, "203.0.113.7"))
		}
		if n := strings.Count(s.log.String(), "ignored forwarding headers"); n != c.want {
			t.Errorf("%s: %d warnings, want %d", name, n, c.want)
		}
		if c.want > 0 && (!strings.Contains(s.log.String(), `"from":"127.0.0.1"`) || !strings.Contains(s.log.String(), "TRUSTED_PROXIES")) {
			t.Errorf("%s: %s", name, s.log)
		}
	}
}

func TestAddressesAreLimitedBeforeAnyLookup(t *testing.T) {
	t.Parallel()
	s := newSite(t, configured(func(c *server.Config) { c.AuthRate = 3; c.TrustedProxies = loopback }))
	ask := func(from string) answer {
		return s.call("POST", protocol.PathPrelogin, protocol.PreloginRequest{Username: "alice"}, header("X-Forwarded-For", from))
	}
	for range 3 {
		ask("2001:db8:1:2::1").want(200, "")
	}
	if wait := retryAfter(t, ask("2001:db8:1:2:ffff::9").want(429, protocol.CodeThrottled)); wait > 20*time.Second {
		t.Errorf("wait of %s at three requests per minute", wait)
	}
	ask("2001:db8:1:3::1").want(200, "")
	ask("203.0.113.7").want(200, "")
	ask("198.51.100.1, 203.0.113.8").want(200, "") // the right-most untrusted address counts, not what it claims
	ask("198.51.100.2, 203.0.113.8").want(200, "")
	ask("198.51.100.3, 203.0.113.8").want(200, "")
	ask("198.51.100.4, 203.0.113.8").want(429, protocol.CodeThrottled)
	// Some proxies add the port, or brackets.
	ask("203.0.113.8:50123").want(429, protocol.CodeThrottled)
	ask("198.51.100.9, 203.0.113.8:1").want(429, protocol.CodeThrottled)
	ask("[2001:db8:1:2::5]:443").want(429, protocol.CodeThrottled)
	ask("[2001:db8:1:2::5]").want(429, protocol.CodeThrottled)
	ask("203.0.113.9:443").want(200, "")
}

func TestStrangersCannotForgeForwardedAddresses(t *testing.T) {
	t.Parallel()
	s := newSite(t, configured(func(c *server.Config) { c.AuthRate = 1 }))
	ask := func(from string) answer {
		return s.call("POST", protocol.PathPrelogin, protocol.PreloginRequest{Username: "alice"},
			header("X-Forwarded-For", from), header("X-Forwarded-Proto", "https"))
	}
	a := ask("203.0.113.1").want(200, "")
	if a.header.Get("Strict-Transport-Security") != "" {
		t.Error("a stranger's X-Forwarded-Proto was trusted")
	}
	ask("203.0.113.2").want(429, protocol.CodeThrottled)
}
