package server_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

const removalTime = protocol.RemovalDays * 24 * time.Hour

// deleteDue does what the server does from time to time.
func (s *site) deleteDue() {
	s.t.Helper()
	if err := s.vault.DeleteDue(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// renewSession signs in again, long after the session of a person has expired.
func (p *person) renewSession() {
	p.s.t.Helper()
	p.token = p.mustLogin("").Token
}

func TestRemovedUserIsDeletedAfter30Days(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	bob := s.join("bob", root.invite())
	bob.save()
	root.change(protocol.PathAdminUsersRemove, bob).want(204, "")
	bob.call("GET", protocol.PathAccount, nil).want(401, protocol.CodeUnauthorized)
	bob.login("").want(403, protocol.CodeSuspended)
	reg := registration("bob")
	reg.Invitation = root.invite()
	s.call("POST", protocol.PathUsers, reg).want(409, protocol.CodeUsernameTaken)
	removed := s.clock.Now()
	if u := root.users("").Users[0]; !u.Suspended || !u.Deletion.Equal(removed.Add(removalTime)) || u.Items != 1 {
		t.Errorf("%+v", u)
	}

	// Removing again does not move the date.
	s.clock.move(removalTime - time.Hour)
	s.deleteDue()
	root.renewSession()
	root.change(protocol.PathAdminUsersRemove, bob).want(204, "")
	root.change(protocol.PathAdminUsersSuspend, bob).want(204, "")
	if u := root.users("").Users[0]; !u.Deletion.Equal(removed.Add(removalTime)) {
		t.Errorf("%+v", u)
	}
	s.clock.move(time.Hour)
	s.deleteDue()
	if list := root.users("").Users; len(list) != 1 || list[0].Username != "root" {
		t.Errorf("%+v", list)
	}
	wantSummary(t, root.audit("kind=deleted"), " deleted bob")
	if e := root.audit("kind=deleted")[0]; !e.Host || e.WhomID != bob.userID() {
		t.Errorf("%+v", e)
	}
	reg.Invitation = root.invite()
	s.call("POST", protocol.PathUsers, reg).want(200, "")
	s.deleteDue() // the next user of this name stays
	if list := root.users("").Users; len(list) != 2 {
		t.Errorf("%+v", list)
	}
}

func TestRemovalIsTakenBack(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	bob := s.join("bob", root.invite())
	bob.save()
	root.change(protocol.PathAdminUsersRemove, bob).want(204, "")
	s.clock.move(removalTime) // and the server has not deleted him yet
	root.renewSession()
	root.change(protocol.PathAdminUsersResume, bob).want(204, "")
	s.deleteDue()
	bob.renewSession()
	bob.save()
	if u := root.users("").Users[0]; u.Suspended || !u.Deletion.IsZero() || u.Items != 2 {
		t.Errorf("%+v", u)
	}

	// Suspension alone deletes nobody, and at once is at once.
	root.change(protocol.PathAdminUsersSuspend, bob).want(204, "")
	s.clock.move(10 * removalTime)
	s.deleteDue()
	root.renewSession()
	root.change(protocol.PathAdminUsersDelete, bob).want(204, "")
	root.change(protocol.PathAdminUsersResume, bob).want(404, protocol.CodeNotFound)
	wantSummary(t, root.audit("user=bob", "kind=deleted"), "root deleted bob")
}

// A restored backup may say that a user is due who was brought back after it.
func TestRestoredServerDeletesNobody(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	bob := s.join("bob", root.invite())
	root.change(protocol.PathAdminUsersRemove, bob).want(204, "")
	s.clock.move(removalTime)
	if err := s.store.SetWaiting(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	s.deleteDue()
	if _, err := s.store.User(t.Context(), "bob"); err != nil {
		t.Error(err)
	}
	if err := s.store.SetWaiting(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	s.deleteDue()
	if _, err := s.store.User(t.Context(), "bob"); err == nil {
		t.Error("an opened server deletes nobody")
	}
}

// The last administrator cannot be removed, so nobody can lock all of them out by waiting.
func TestLastAdministratorIsNotRemoved(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	bob := s.join("bob", s.inviteAs(true))
	root.change(protocol.PathAdminUsersRemove, bob).want(204, "")
	root.change(protocol.PathAdminUsersRemove, root).want(409, protocol.CodeLastAdministrator)
	s.clock.move(removalTime)
	s.deleteDue()
	root.renewSession()
	if list := root.users("").Users; len(list) != 1 || list[0].Username != "root" {
		t.Errorf("%+v", list)
	}
}

func TestAdministratorFreesAThrottledName(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	bob := s.join("bob", root.invite())
	right := bob.authKey
	bob.authKey = sample.AuthKey()
	for range 5 {
		bob.login("").want(401, protocol.CodeInvalidCredentials)
	}
	bob.authKey = right
	bob.login("").want(429, protocol.CodeThrottled)

	// A user cannot free a name, and neither can a session of an administrator alone.
	bob.change(protocol.PathAdminUsersUnthrottle, bob).want(403, protocol.CodeNotAdministrator)
	wrong := root.about(bob)
	wrong.CurrentAuthKey = sample.AuthKey()
	root.call("POST", protocol.PathAdminUsersUnthrottle, wrong).want(401, protocol.CodeInvalidCredentials)
	bob.login("").want(429, protocol.CodeThrottled)
	other := root.about(bob)
	other.UserID = sample.ID()
	root.call("POST", protocol.PathAdminUsersUnthrottle, other).want(404, protocol.CodeNotFound)

	root.change(protocol.PathAdminUsersUnthrottle, bob).want(204, "")
	bob.mustLogin("")
	wantSummary(t, root.audit("kind=unthrottled"), "root unthrottled bob")
	wantSummary(t, bob.ownEvents(url.Values{"kind": {string(protocol.AuditUnthrottled)}}), "root unthrottled bob")
	if err := vault.Unthrottle(t.Context(), s.store, "nobody", ""); err == nil {
		t.Error("a name that nobody has was freed")
	}
}
