package daemon_test

import (
	"net/http"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// No other test would notice a setting that is parsed but not used.
func TestSettingsReachTheServer(t *testing.T) {
	t.Parallel()
	r := start(t, "AUTH_RATE=4", "USER_RATE=60", "MAX_SESSIONS=1", "MAX_ITEMS=1", "BREACH_ADDRESS=https://ranges.example.org")
	url := "http://" + r.addr
	alice := newUser(t, url)
	var second protocol.UserSession
	login := protocol.LoginRequest{Username: "alice", AuthKey: alice.authKey, Device: "second", Transport: protocol.SessionBearer}
	exchange(t, http.MethodPost, url+protocol.PathLogin, "", login, &second)
	if status, _ := exchange(t, http.MethodGet, url+protocol.PathAccount, alice.token, nil, nil); status != http.StatusUnauthorized {
		t.Errorf("MAX_SESSIONS: the first of two sessions got %d", status)
	}
	var settings protocol.Settings
	exchange(t, http.MethodGet, url+protocol.PathSettings, second.Token, nil, &settings)
	if settings.BreachAddress != "https://ranges.example.org" {
		t.Errorf("BREACH_ADDRESS: %q", settings.BreachAddress)
	}
	alice.token = second.Token
	if _, code := alice.save(t, url, 2); code != protocol.CodeItemQuotaReached {
		t.Errorf("MAX_ITEMS: %s", code)
	}
	throttled := func(method, path, token string, in any) bool {
		for range 600 { // far above the rate, even on a slow machine
			if _, code := exchange(t, method, url+path, token, in, nil); code == protocol.CodeThrottled {
				return true
			}
		}
		return false
	}
	if !throttled(http.MethodGet, protocol.PathAccount, second.Token, nil) {
		t.Error("USER_RATE does not limit a user")
	}
	if !throttled(http.MethodPost, protocol.PathPrelogin, "", protocol.PreloginRequest{Username: "alice"}) {
		t.Error("AUTH_RATE does not limit an address")
	}
}
