package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// vacate rejects a username in use before any hashing, and finishes a deletion that failed half way: its user is gone and
// cannot retry it.
func (s *Service) vacate(ctx context.Context, name Username) error {
	deleting, err := s.isFree(ctx, name)
	if deleting {
		err = s.store.DeleteUser(ctx, name)
	}
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// isFree returns nil if the username is unused, or if its user's deletion is unfinished. ErrUsernameTaken.
func (s *Service) isFree(ctx context.Context, name Username) (deleting bool, err error) {
	u, err := s.store.User(ctx, name)
	switch {
	case errors.Is(err, ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case u.Deleting:
		return true, nil
	}
	return false, ErrUsernameTaken
}

// Login creates a session. A wrong password and an unknown user get the same answer after the same work.
func (s *Service) Login(ctx context.Context, in protocol.LoginRequest, from Caller) (Entered, error) {
	name, err := CanonicalUsername(in.Username)
	if err != nil {
		return Entered{}, err
	}
	if err := checkFirst(
		checkAuthKey("auth_key", in.AuthKey), checkDevice(in.Device), checkTransport(in.Transport),
	); err != nil {
		return Entered{}, err
	}
	if in.TOTPCode != "" {
		if err := checkCode("totp_code", in.TOTPCode); err != nil {
			return Entered{}, err
		}
	}
	var entered Entered
	_, counter := s.deviceOf(name, from)
	err = s.attempt(ctx, counter, func() error {
		entered, err = s.login(ctx, name, in, counter, from)
		return err
	})
	return entered, err
}

func (s *Service) login(ctx context.Context, name Username, in protocol.LoginRequest, counter string, from Caller) (Entered, error) {
	u, err := s.prove(ctx, name, in.AuthKey, byPassword)
	if err != nil {
		return Entered{}, err
	}
	var entered Entered
	var passed string // the sealed secret whose code was accepted: a retry of the login must not ask for another
	err = s.retryConflict(ctx, &u, func() error {
		if u.TOTPSecret != "" && u.TOTPSecret != passed {
			if err := s.passSecondFactor(ctx, &u, in.TOTPCode); err != nil {
				if errors.Is(err, ErrTOTPInvalid) {
					s.record(ctx, protocol.AuditSecondFactorFailed, u, "")
				}
				return err
			}
			passed = u.TOTPSecret
		}
		if err := s.succeed(ctx, counter); err != nil {
			return err
		}
		entered, err = s.enter(ctx, u, in.Device, from)
		return err
	})
	switch {
	case err == nil:
		s.record(ctx, protocol.AuditSignedIn, u, in.Device)
	case errors.Is(err, ErrSuspended):
		s.record(ctx, protocol.AuditSuspendedSignIn, u, "")
	}
	return entered, err
}

// retryConflict runs f again with the current user if another request changed the user in between. If the password changed too,
// the proof is void.
func (s *Service) retryConflict(ctx context.Context, u *User, f func() error) error {
	for range 3 {
		err := f()
		if !errors.Is(err, ErrConflict) {
			if errors.Is(err, ErrNotFound) { // deleted in between
				return ErrInvalidCredentials
			}
			return err
		}
		now, err := s.store.User(ctx, u.Username)
		if errors.Is(err, ErrNotFound) || err == nil && (now.Deleting || now.ID != u.ID) {
			return ErrInvalidCredentials
		}
		if err != nil {
			return err
		}
		if err := requireSamePassword(*u, now); err != nil {
			return err
		}
		*u = now
	}
	return fmt.Errorf("log in: %w", ErrConflict)
}

func requireSamePassword(before, now User) error {
	same, err := samePassword(before, now)
	if err == nil && !same {
		err = ErrInvalidCredentials
	}
	return err
}

// checkFirst returns the first error.
func checkFirst(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
