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
		right, err := s.proves(ctx, &u, currentAuthKey, byPassword)
		if err == nil && !right {
			s.recordIn(ctx, protocol.AuditPasswordRefused, session)
			err = ErrInvalidCredentials
		}
		if err != nil {
			return err
		}
		return s.succeed(ctx, counter)
	})
	return u, err
}

// DeleteAccount removes the user, the vault and all sessions. If the store fails half way, the account is closed all the same,
// and the next login or registration under the name finishes the deletion.
func (s *Service) DeleteAccount(ctx context.Context, session Session, in protocol.DeleteAccountRequest) error {
	u, err := s.confirm(ctx, session, in.CurrentAuthKey)
	if err != nil {
		return err
	}
	err = s.store.DeleteUser(ctx, u.Username)
	s.watchers.changed(Change{Ended: u.ID})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	s.recordIn(ctx, protocol.AuditAccountDeleted, session)
	return nil
}
