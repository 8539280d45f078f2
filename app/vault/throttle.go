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
	throttleMemory   = 24 * time.Hour // an attacker gains nothing by waiting for less
	swapTries        = 16
	giveBackTimeout  = 5 * time.Second
)

// A throttle key is a hash: the store need not hold names that were only guessed. Logins from a device that has signed in
// before are counted separately (deviceOf), and so are password confirmations, per session: strangers who guess at the login,
// or a thief in one session, must not keep the owner out, or from changing the password or ending the attack. A thief gains no
// guesses from this, because another session requires the password.
func loginThrottle(name Username) string { return throttleKey("login", name) }
func proofThrottle(s Session) string     { return throttleKey("proof\x00"+string(s.Hash), s.Username) }

func throttleKey(purpose string, name Username) string {
	sum := sha256.Sum256([]byte(purpose + "\x00" + string(name)))
	return hex.EncodeToString(sum[:])
}

// attempt counts f as a wrong guess before it runs, so a hundred concurrent guesses count as a hundred. It takes the count back
// if f did not check a guess (the queue was full, the store failed, a code is still missing): otherwise a busy server would lock out the
// right password. f clears the count itself when it succeeds.
func (s *Service) attempt(ctx context.Context, key string, f func() error) error {
	version, err := s.reserve(ctx, key)
	if err != nil {
		return err
	}
	err = f()
	if err != nil && !errors.Is(err, ErrInvalidCredentials) && !errors.Is(err, ErrTOTPInvalid) {
		s.giveBack(ctx, key, version)
	}
	return err
}

// giveBack takes back one attempt, and its pause unless another attempt followed: version is that of the attempt. It runs even
// if the caller has gone. If the store fails, the attempt stays counted.
func (s *Service) giveBack(ctx context.Context, key string, version int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBackTimeout)
	defer cancel()
	for range swapTries {
		now := s.now()
		t, err := s.store.Throttle(ctx, key, now)
		if err != nil || t.Attempts == 0 {
			return
		}
		next := Throttle{Attempts: t.Attempts - 1, BlockedUntil: t.BlockedUntil, Expires: t.Expires}
		if t.Version == version {
			next.BlockedUntil = time.Time{}
		}
		if err := s.store.SwapThrottle(ctx, key, t.Version, next, now); !errors.Is(err, ErrConflict) {
			return
		}
	}
}

// reserve counts an attempt, or rejects it, and returns the version of the counter.
func (s *Service) reserve(ctx context.Context, key string) (int64, error) {
	for range swapTries {
		now := s.now()
		t, err := s.store.Throttle(ctx, key, now)
		if err != nil {
			return 0, err
		}
		// A longer pause was set by a clock that ran ahead.
		if pause := t.BlockedUntil.Sub(now); pause > 0 && pause <= maxThrottleDelay {
			return 0, throttled(pause)
		}
		next := Throttle{Attempts: t.Attempts + 1, Expires: now.Add(throttleMemory)}
		if d := throttleDelay(next.Attempts); d > 0 {
			next.BlockedUntil = now.Add(d)
		}
		err = s.store.SwapThrottle(ctx, key, t.Version, next, now)
		if !errors.Is(err, ErrConflict) {
			return t.Version + 1, err
		}
	}
	// Only many simultaneous attempts on one account get here.
	return 0, throttled(time.Second)
}

// throttleDelay is the pause after consecutive failed attempts: none up to freeAttempts, then 1 s, 2 s, 4 s …
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
