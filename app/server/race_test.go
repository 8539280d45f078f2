package server_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

// beforeUpdate runs act once, after a request has read and checked a user but before it writes the user.
type beforeUpdate struct {
	vault.Store
	acted atomic.Bool
	act   func()
}

func (b *beforeUpdate) UpdateUser(ctx context.Context, u vault.User) error {
	if b.act != nil && !b.acted.Swap(true) { // act may itself call this method
		b.act()
	}
	return b.Store.UpdateUser(ctx, u)
}

func newBeforeUpdateSite(t *testing.T) (*site, *beforeUpdate) {
	b := &beforeUpdate{}
	return newSite(t, storedBy(func(inner vault.Store) vault.Store {
		b.Store = inner
		return b
	})), b
}

func TestSessionMadeDuringAPasswordChangeEnds(t *testing.T) {
	t.Parallel()
	s, b := newBeforeUpdateSite(t)
	alice := s.register("alice")
	var stranger protocol.SessionResponse
	b.act = func() { stranger = alice.mustLogin("") }
	change := protocol.PasswordRequest{CurrentAuthKey: alice.reg.AuthKey, KDF: alice.reg.KDF, AuthKey: sample.AuthKey(), WrappedKey: sample.Token(100)}
	alice.call("POST", protocol.PathAccountPassword, change).want(204, "")
	s.call("GET", protocol.PathAccount, nil, bearer(stranger.Token)).want(401, protocol.CodeUnauthorized)
	alice.call("GET", protocol.PathAccount, nil).want(200, "")
}

func TestConcurrentChangesOfOneAccountConflict(t *testing.T) {
	t.Parallel()
	s, b := newBeforeUpdateSite(t)
	alice := s.register("alice")
	phrase := func() protocol.RecoveryRequest {
		return protocol.RecoveryRequest{CurrentAuthKey: alice.reg.AuthKey, RecoveryAuthKey: sample.AuthKey(), RecoveryWrappedKey: sample.Token(100)}
	}
	first, second := phrase(), phrase()
	b.act = func() { alice.call("POST", protocol.PathAccountRecovery, first).want(204, "") }
	alice.call("POST", protocol.PathAccountRecovery, second).want(409, protocol.CodeConflict)
	s.call("POST", protocol.PathRecoveryOpen, protocol.RecoveryOpenRequest{Username: "alice", RecoveryAuthKey: first.RecoveryAuthKey}).want(200, "")
	s.call("POST", protocol.PathRecoveryOpen, protocol.RecoveryOpenRequest{Username: "alice", RecoveryAuthKey: second.RecoveryAuthKey}).want(401, protocol.CodeInvalidCredentials)
}
