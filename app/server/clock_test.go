package server_test

import (
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

// A server whose clock ran ahead has stored a time step and a pause in the far future. Neither may lock a user out once the
// clock is right again, and a code must still work only once.
func TestClockThatRanAheadLocksNobodyOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, ahead := range []time.Duration{5 * time.Minute, 24 * time.Hour, 280 * 365 * 24 * time.Hour} {
		alice := s.register("alice-" + ahead.String())
		secret := alice.enrol()
		s.clock.move(ahead)
		alice.login(codeAt(t, secret, s.clock.Now())).want(200, "")
		s.clock.move(-ahead + time.Minute)
		code := codeAt(t, secret, s.clock.Now())
		alice.login(code).want(200, "")
		alice.login(code).want(401, protocol.CodeTOTPInvalid)
		alice.login(codeAt(t, secret, s.clock.Now().Add(30*time.Second))).want(200, "")

		bob := s.register("bob-" + ahead.String())
		right := bob.authKey
		s.clock.move(ahead)
		bob.authKey = sample.AuthKey()
		for range 5 {
			bob.login("").want(401, protocol.CodeInvalidCredentials)
		}
		bob.login("").want(429, protocol.CodeThrottled)
		s.clock.move(-ahead)
		bob.authKey = right
		if ahead > 15*time.Minute {
			bob.login("").want(200, "")
		}
	}
}
