package vault

import (
	"context"
	"errors"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// OpenRecovery returns the vault key wrapped under the recovery phrase to a caller who proves the phrase. It creates no
// session. Attempts are not counted: nobody guesses 256 random bits, and a counter would let strangers lock the owner out here
// too.
func (s *Service) OpenRecovery(ctx context.Context, in protocol.RecoveryOpenRequest) (protocol.RecoveryOpenResponse, error) {
	name, err := CanonicalUsername(in.Username)
	if err != nil {
		return protocol.RecoveryOpenResponse{}, err
	}
	if err := checkAuthKey("recovery_auth_key", in.RecoveryAuthKey); err != nil {
		return protocol.RecoveryOpenResponse{}, err
	}
	u, err := s.prove(ctx, name, in.RecoveryAuthKey, byPhrase)
	if err != nil {
		return protocol.RecoveryOpenResponse{}, err
	}
	return protocol.RecoveryOpenResponse{
		UserID: string(u.ID), RecoveryWrappedKey: u.RecoveryWrappedKey, TOTPEnabled: u.TOTPSecret != "",
	}, nil
}

// FinishRecovery sets a new password with the phrase. Every session ends and a new one begins.
func (s *Service) FinishRecovery(ctx context.Context, in protocol.RecoveryFinishRequest, from Caller) (Entered, error) {
	name, err := CanonicalUsername(in.Username)
	if err != nil {
		return Entered{}, err
	}
	if err := checkFirst(
		checkAuthKey("recovery_auth_key", in.RecoveryAuthKey),
		checkKDF(in.KDF),
		checkAuthKey("auth_key", in.AuthKey),
		checkToken("wrapped_key", in.WrappedKey, protocol.MaxSmallTokenBytes),
		checkDevice(in.Device),
		checkTransport(in.Transport),
	); err != nil {
		return Entered{}, err
	}
	u, err := s.prove(ctx, name, in.RecoveryAuthKey, byPhrase)
	if err != nil {
		return Entered{}, err
	}
	u.KDF, u.WrappedKey = in.KDF, in.WrappedKey
	if in.RemoveTOTP {
		u.TOTPSecret, u.TOTPLastStep = "", 0
	}
	if err := s.setPassword(ctx, &u, in.AuthKey, ""); err != nil {
		return Entered{}, err
	}
	_, counter := s.deviceOf(name, from)
	if err := s.succeed(ctx, counter); err != nil {
		return Entered{}, err
	}
	return s.enter(ctx, u, in.Device, from)
}

// setPassword stores u with the hash of authKey and ends all sessions but keep. It also ends them before the update: if the
// store fails there, nothing has changed yet. After the update the old password cannot make a session, so the second pass
// leaves none behind.
func (s *Service) setPassword(ctx context.Context, u *User, authKey string, keep SessionHash) error {
	var err error
	if u.AuthHash, err = s.hash.hash(ctx, authKey); err != nil {
		return err
	}
	if err := s.endSessions(ctx, u.ID, keep); err != nil {
		return err
	}
	if err := s.update(ctx, u); err != nil {
		return err
	}
	return s.endSessions(ctx, u.ID, keep)
}

func (s *Service) update(ctx context.Context, u *User) error {
	err := s.store.UpdateUser(ctx, *u)
	if errors.Is(err, ErrNotFound) { // deleted in between
		return ErrUnauthorized
	}
	if err != nil {
		return err
	}
	u.Generation++
	return nil
}
