package vault

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"
)

const (
	freeAttempts     = 5
	maxThrottleDelay = 15 * time.Minute
	throttleMemory   = 24 * time.Hour // an attacker gains nothing by waiting less than this
	swapTries        = 16
)

// A throttle key is a hash, because the store need not hold the names that were only guessed. Log-in and recovery share
// one key. A session's owner, who has to prove the password again, is counted apart: strangers who guess at the log-in
// must not keep the owner from changing a password or ending the attack.
func loginThrottle(name Username) string { return throttleKey("login", name) }
func proofThrottle(name Username) string { return throttleKey("proof", name) }

func throttleKey(purpose string, name Username) string {
	sum := sha256.Sum256([]byte(purpose + "\x00" + string(name)))
	return hex.EncodeToString(sum[:])
}

// reserve counts an attempt before it is tried, so that a hundred guesses sent at once are counted a hundred times.
func (s *Service) reserve(ctx context.Context, key string) error {
	for range swapTries {
		now := s.now()
		t, err := s.store.Throttle(ctx, key, now)
		if err != nil {
			return err
		}
		// A longer pause was set by a clock that was ahead.
		if pause := t.BlockedUntil.Sub(now); pause > 0 && pause <= maxThrottleDelay {
			return throttled(pause)
		}
		next := Throttle{Attempts: t.Attempts + 1, Expires: now.Add(throttleMemory)}
		if d := throttleDelay(next.Attempts); d > 0 {
			next.BlockedUntil = now.Add(d)
		}
		err = s.store.SwapThrottle(ctx, key, t.Version, next, now)
		if !errors.Is(err, ErrConflict) {
			return err
		}
	}
	// Only many attempts on one account at the same instant get here.
	return throttled(time.Second)
}

// throttleDelay is the pause after so many attempts in a row without success: none up to freeAttempts, then 1 s, 2 s, 4 s …
func throttleDelay(attempts int) time.Duration {
	if attempts < freeAttempts {
		return 0
	}
	shift := attempts - freeAttempts
	if shift > 10 { // 2^10 s is past the maximum already, and larger shifts overflow
		return maxThrottleDelay
	}
	return min(time.Second<<shift, maxThrottleDelay)
}

func (s *Service) succeed(ctx context.Context, key string) error {
	return s.store.ClearThrottle(ctx, key)
}
