package server_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/api"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

// beforeUpdate acts between the moment a request has read and checked a user and the moment it writes the user.
type beforeUpdate struct {
	vault.Store
	acted atomic.Bool
	act   func()
}

func (b *beforeUpdate) UpdateUser(ctx context.Context, u vault.User) error {
	if b.act != nil && !b.acted.Swap(true) { // the act may come here itself
		b.act()
	}
	return b.Store.UpdateUser(ctx, u)
}

func newBeforeUpdateSite(t *testing.T) (*site, *beforeUpdate) {
	b := &beforeUpdate{}
	return newSite(t, keptBy(func(inner vault.Store) vault.Store {
		b.Store = inner
		return b
	})), b
}

func TestSessionMadeWhileThePasswordChangesEndsWithIt(t *testing.T) {
	t.Parallel()
	s, b := newBeforeUpdateSite(t)
	alice := s.register("alice")
	var stranger api.SessionResponse
	b.act = func() { stranger = alice.mustLogin("") }
	change := api.PasswordRequest{CurrentAuthKey: alice.reg.AuthKey, KDF: alice.reg.KDF, AuthKey: sample.AuthKey(), WrappedKey: sample.Token(100)}
	alice.call("POST", api.PathAccountPassword, change).want(204, "")
	s.call("GET", api.PathAccount, nil, bearer(stranger.Token)).want(401, api.CodeUnauthorized)
	alice.call("GET", api.PathAccount, nil).want(200, "")
}

func TestTwoChangesOfOneAccountAtOnceAreToldApart(t *testing.T) {
	t.Parallel()
	s, b := newBeforeUpdateSite(t)
	alice := s.register("alice")
	phrase := func() api.RecoveryRequest {
		return api.RecoveryRequest{CurrentAuthKey: alice.reg.AuthKey, RecoveryAuthKey: sample.AuthKey(), RecoveryWrappedKey: sample.Token(100)}
	}
	first, second := phrase(), phrase()
	b.act = func() { alice.call("POST", api.PathAccountRecovery, first).want(204, "") }
	alice.call("POST", api.PathAccountRecovery, second).want(409, api.CodeConflict)
	s.call("POST", api.PathRecoveryOpen, api.RecoveryOpenRequest{Username: "alice", RecoveryAuthKey: first.RecoveryAuthKey}).want(200, "")
	s.call("POST", api.PathRecoveryOpen, api.RecoveryOpenRequest{Username: "alice", RecoveryAuthKey: second.RecoveryAuthKey}).want(401, api.CodeInvalidCredentials)
}
