package server_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// beforeEntry runs act once, after a request has read and checked an account but before it changes the account.
type beforeEntry struct {
	vault.Store
	acted atomic.Bool
	act   func()
}

func (b *beforeEntry) AppendEntry(ctx context.Context, c vault.EntryChange) error {
	if b.act != nil && !b.acted.Swap(true) { // act may itself call this method
		b.act()
	}
	return b.Store.AppendEntry(ctx, c)
}

func newBeforeEntrySite(t *testing.T) (*site, *beforeEntry) {
	b := &beforeEntry{}
	return newSite(t, storedBy(func(inner vault.Store) vault.Store {
		b.Store = inner
		return b
	})), b
}

func TestSessionMadeDuringAPasswordChangeEnds(t *testing.T) {
	t.Parallel()
	s, b := newBeforeEntrySite(t)
	alice := s.register("alice")
	var stranger protocol.UserSession
	b.act = func() { stranger = alice.mustLogin("") }
	alice.renew(passwords[0]())
	s.call("GET", protocol.PathAccount, nil, bearer(stranger.Token)).want(401, protocol.CodeUnauthorized)
	alice.call("GET", protocol.PathAccount, nil).want(200, "")
}

func TestConcurrentChangesOfOneAccountConflict(t *testing.T) {
	t.Parallel()
	s, b := newBeforeEntrySite(t)
	alice := s.register("alice")
	first, second := alice.renewal(newPhrase()), alice.renewal(newPhrase())
	b.act = func() { first.send().want(204, "") }
	second.send().want(409, protocol.CodeRevisionConflict)
	s.call("POST", protocol.PathRecoveryOpen, alice.phraseProof()).want(200, "")
	proof := alice.phraseProof()
	proof.RecoveryAuthKey = second.entry.Change().RecoveryAuthKey
	s.call("POST", protocol.PathRecoveryOpen, proof).want(401, protocol.CodeInvalidCredentials)
}

// A second factor that is enabled in between must not be lost.
func TestEntryDuringAnotherChangeOfTheAccount(t *testing.T) {
	t.Parallel()
	s, b := newBeforeEntrySite(t)
	alice := s.register("alice")
	entry := alice.renewal(passwords[0]())
	b.act = func() { alice.enrol() }
	entry.send().want(409, protocol.CodeConflict)
	alice.login("").want(401, protocol.CodeTOTPRequired)
}
