package vault

import (
	"context"
	"errors"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// confirm asks for the password again: a stolen session alone must not be enough to take over or destroy the account.
func (s *Service) confirm(ctx context.Context, session Session, currentAuthKey string) (User, error) {
	if err := checkAuthKey("current_auth_key", currentAuthKey); err != nil {
		return User{}, err
	}
	var u User
	counter := proofThrottle(session)
	err := s.attempt(ctx, counter, func() (err error) {
		if u, err = s.user(ctx, session); err != nil {
			return err
		}
		right, err := s.hash.matches(ctx, u.AuthHash, currentAuthKey)
		if err == nil && !right {
			err = ErrInvalidCredentials
		}
		if err != nil {
			return err
		}
		return s.succeed(ctx, counter)
	})
	return u, err
}

// ChangePassword replaces the password and ends every other session.
func (s *Service) ChangePassword(ctx context.Context, session Session, in protocol.PasswordRequest) error {
	if err := checkFirst(
		checkKDF(in.KDF),
		checkAuthKey("auth_key", in.AuthKey),
		checkToken("wrapped_key", in.WrappedKey, protocol.MaxSmallTokenBytes),
	); err != nil {
		return err
	}
	u, err := s.confirm(ctx, session, in.CurrentAuthKey)
	if err != nil {
		return err
	}
	u.KDF, u.WrappedKey = in.KDF, in.WrappedKey
	return s.setPassword(ctx, &u, in.AuthKey, session.Hash)
}

// ChangeRecovery replaces the recovery phrase.
func (s *Service) ChangeRecovery(ctx context.Context, session Session, in protocol.RecoveryRequest) error {
	if err := checkFirst(
		checkAuthKey("recovery_auth_key", in.RecoveryAuthKey),
		checkToken("recovery_wrapped_key", in.RecoveryWrappedKey, protocol.MaxSmallTokenBytes),
	); err != nil {
		return err
	}
	u, err := s.confirm(ctx, session, in.CurrentAuthKey)
	if err != nil {
		return err
	}
	if u.RecoveryAuthHash, err = s.hash.hash(ctx, in.RecoveryAuthKey); err != nil {
		return err
	}
	u.RecoveryWrappedKey = in.RecoveryWrappedKey
	return s.update(ctx, &u)
}

// DeleteAccount removes the user, the vault and all sessions. If the store fails half way, the account is closed all the same,
// and the next login or registration under the name finishes the deletion.
func (s *Service) DeleteAccount(ctx context.Context, session Session, in protocol.DeleteAccountRequest) error {
	u, err := s.confirm(ctx, session, in.CurrentAuthKey)
	if err != nil {
		return err
	}
	err = s.store.DeleteUser(ctx, u.Username)
	s.watchers.changed(u.ID)
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

// Apply makes one change to the vault.
func (s *Service) Apply(ctx context.Context, session Session, in protocol.ChangeRequest) (protocol.ChangeResponse, error) {
	c, err := parseChange(in, s.limits.Records)
	if err != nil {
		return protocol.ChangeResponse{}, err
	}
	revision, err := s.store.Apply(ctx, session.Username, c)
	s.watchers.changed(session.UserID)
	if err != nil {
		return protocol.ChangeResponse{}, signedOut(err)
	}
	return protocol.ChangeResponse{Revision: revision}, nil
}
