package vault

import (
	"context"
	"errors"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// OpenPhrase returns what is needed to sign an account entry with the recovery phrase, to a caller who proves the phrase. It creates no
// session. Attempts are not counted: nobody guesses 256 random bits, and a counter would let strangers lock the owner out here too.
func (s *Service) OpenPhrase(ctx context.Context, in protocol.PhraseProof) (protocol.PhraseOpened, error) {
	asked := Asked{After: in.After, Revision: in.Revision}
	if err := asked.check(); err != nil {
		return protocol.PhraseOpened{}, err
	}
	proven, err := s.provePhrase(ctx, in.Username, in.RecoveryAuthKey)
	if err != nil {
		return protocol.PhraseOpened{}, err
	}
	u, head, err := s.store.Account(ctx, proven.Username)
	if errors.Is(err, ErrNotFound) || err == nil && (u.ID != proven.ID || u.Deleting) {
		return protocol.PhraseOpened{}, ErrInvalidCredentials
	}
	if err != nil {
		return protocol.PhraseOpened{}, err
	}
	member, err := u.ID.memberID()
	if err != nil {
		return protocol.PhraseOpened{}, err
	}
	log, err := s.log(ctx, head, member, asked)
	if err != nil {
		return protocol.PhraseOpened{}, err
	}
	return protocol.PhraseOpened{
		UserID: string(u.ID), Vault: head.Vault.String(), Keys: u.Keys.wire(), Log: log, TOTPEnabled: u.TOTPSecret != "",
	}, nil
}

func (s *Service) provePhrase(ctx context.Context, username protocol.Username, key protocol.AuthKey) (User, error) {
	name, err := CanonicalUsername(username)
	if err != nil {
		return User{}, err
	}
	if err := checkAuthKey("recovery_auth_key", key); err != nil {
		return User{}, err
	}
	u, err := s.prove(ctx, name, key, byPhrase)
	if err == nil && u.Standing.Suspended { // only the owner of the phrase learns it
		return User{}, errSuspended
	}
	return u, err
}

// PhraseEntry changes the account with the phrase. Every session ends and a new one begins.
func (s *Service) PhraseEntry(ctx context.Context, in protocol.PhraseEntryRequest, from Caller) (Entered, error) {
	a, err := parseAccountEntry(in.Change)
	if err != nil {
		return Entered{}, err
	}
	if err := checkFirst(checkDevice(in.Device), checkTransport(in.Transport)); err != nil {
		return Entered{}, err
	}
	u, err := s.provePhrase(ctx, in.Username, in.RecoveryAuthKey)
	if err != nil {
		return Entered{}, err
	}
	c, did, err := s.changeAccount(ctx, u, a)
	if err != nil {
		return Entered{}, err
	}
	if in.RemoveTOTP {
		c.Account.User.TOTPSecret, c.Account.User.TOTPLastStep = "", 0
	}
	if err := s.appendEnding(ctx, c, ""); err != nil {
		return Entered{}, err
	}
	_, counter := s.deviceOf(u.Username, from)
	if err := s.succeed(ctx, counter); err != nil {
		return Entered{}, err
	}
	now := c.Account.User
	now.Generation++
	s.record(ctx, protocol.AuditSignedInPhrase, u, in.Device)
	s.recordEntry(ctx, did, false, u, in.Device)
	if in.RemoveTOTP && u.TOTPSecret != "" {
		s.record(ctx, protocol.AuditSecondFactorOff, u, in.Device)
	}
	return s.enter(ctx, now, in.Device, from)
}
