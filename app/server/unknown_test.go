package server_test

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

// shape returns an answer without the parts that differ between any two requests.
func shape(a answer) string {
	h := maps.Clone(a.header)
	h.Del("Date")
	h.Del("X-Request-Id")
	out := http.StatusText(a.status) + "\n"
	for _, name := range slices.Sorted(maps.Keys(h)) {
		out += name + ": " + h.Get(name) + "\n"
	}
	return out + regexp.MustCompile(`"request_id":"[0-9a-f]{16}"`).ReplaceAllString(string(a.body), "")
}

// The test sends the same wrong requests for a known and an unknown user, until both are throttled.
func TestUnknownUsersLookLikeKnownOnes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	known := s.register("known")
	wrongKey := sample.AuthKey()
	ask := func(name string, i int) answer {
		if i%2 == 0 {
			return s.call("POST", protocol.PathLogin, protocol.LoginRequest{Username: name, AuthKey: wrongKey, Device: "d", Transport: protocol.SessionBearer})
		}
		return s.call("POST", protocol.PathRecoveryOpen, protocol.PhraseProof{Username: name, RecoveryAuthKey: wrongKey, After: -1})
	}
	var codes []protocol.Code
	for i := range 12 {
		known, unknown := ask("known", i), ask("unknown", i)
		if shape(known) != shape(unknown) {
			t.Errorf("attempt %d:\n%s\nbut for an unknown user:\n%s", i, shape(known), shape(unknown))
		}
		codes = append(codes, known.code())
	}
	if !slices.Contains(codes, protocol.CodeInvalidCredentials) || !slices.Contains(codes, protocol.CodeThrottled) {
		t.Errorf("codes: %v", codes)
	}
	finish := func(name string) answer {
		request := known.renewal(passwords[0]()).recovery(false)
		request.Username, request.RecoveryAuthKey = name, wrongKey
		return s.call("POST", protocol.PathRecoveryFinish, request)
	}
	s.clock.move(24 * 60 * 60 * 1e9)
	if k, u := finish("known"), finish("unknown"); shape(k) != shape(u) || k.code() != protocol.CodeInvalidCredentials {
		t.Errorf("recovery:\n%s\nbut for an unknown user:\n%s", shape(k), shape(u))
	}
}

// The salt stays the same on another replica and with new session keys.
func TestSaltOfUnknownUsersIsStable(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.register("known")
	ask := func(base, name string) protocol.PasswordKDF {
		var out protocol.PasswordKDF
		callTo(t, base, "POST", protocol.PathPrelogin, protocol.PreloginRequest{Username: name}).into(&out)
		return out
	}
	first := ask(s.url, "unknown")
	if first.Cost != 1 || len(first.Salt) != len(sample.ID()) {
		t.Errorf("an unknown user has %+v", first)
	}
	replica := s.serve(server.Config{Page: nothing, AuthRate: 100}, s.keys)
	rotated := s.serve(server.Config{Page: nothing, AuthRate: 100}, vault.NewKey())
	for _, base := range []string{s.url, replica, rotated} {
		if got := ask(base, "UNKNOWN"); got != first {
			t.Errorf("%+v, was %+v", got, first)
		}
		if got := ask(base, "unknown2"); got.Salt == first.Salt {
			t.Error("two unknown users share a salt")
		}
	}
	known := s.call("POST", protocol.PathPrelogin, protocol.PreloginRequest{Username: "known"})
	unknown := s.call("POST", protocol.PathPrelogin, protocol.PreloginRequest{Username: "unknown"})
	salt := regexp.MustCompile(`"salt":"[A-Za-z0-9_-]{22}"`)
	if salt.ReplaceAllString(shape(known), "") != salt.ReplaceAllString(shape(unknown), "") {
		t.Errorf("%s\n%s", shape(known), shape(unknown))
	}
}
