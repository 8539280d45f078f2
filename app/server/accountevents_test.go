package server_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

func (p *person) ownEventsPage(query url.Values) protocol.AuditResponse {
	p.s.t.Helper()
	var out protocol.AuditResponse
	p.call("GET", protocol.PathAccountEvents+"?"+query.Encode(), nil).into(&out)
	return out
}

// ownEvents reads all events of the account.
func (p *person) ownEvents(query url.Values) []protocol.AuditEvent {
	p.s.t.Helper()
	var all []protocol.AuditEvent
	for {
		page := p.ownEventsPage(query)
		all = append(all, page.Events...)
		if page.Next == "" {
			return all
		}
		query.Set("before", page.Next)
	}
}

func TestUsersSeeTheirOwnEvents(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	bob := s.join("bob", root.invite())
	s.join("carol", root.invite()).save()
	wrong := bob.loginRequest("")
	wrong.AuthKey = sample.AuthKey()
	for range 3 {
		s.call("POST", protocol.PathLogin, wrong).want(401, protocol.CodeInvalidCredentials)
	}
	bob.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: bob.authKey}).want(204, "")
	root.change(protocol.PathAdminUsersPromote, bob).want(204, "")
	root.change(protocol.PathAdminUsersDemote, bob).want(204, "")
	s.clock.move(time.Hour)
	bob.mustLogin("")
	all := bob.ownEvents(url.Values{})
	wantSummary(t, all, "bob registered", "bob invitation_used root", "bob sign_in_failed x3", "bob sessions_ended", "root promoted bob", "root demoted bob", "bob signed_in")
	if !slices.IsSortedFunc(all, func(a, b protocol.AuditEvent) int { return strings.Compare(b.ID, a.ID) }) {
		t.Error("the newest is not first")
	}
	for _, e := range all {
		if e.Who == "bob" && (e.Address != "127.0.0.1" || e.RequestID == "" || e.WhoID != bob.userID()) {
			t.Errorf("%+v", e)
		}
	}
	wantSummary(t, bob.ownEvents(url.Values{"kind": {"sign_in_failed"}}), "bob sign_in_failed x3")
	wantSummary(t, bob.ownEvents(url.Values{"since": {s.clock.Now().Format(time.RFC3339)}}), "bob signed_in")
	if before := bob.ownEvents(url.Values{"until": {s.clock.Now().Format(time.RFC3339)}}); len(before) != len(all)-1 {
		t.Errorf("%q", summary(before))
	}
}

// A user tries to read about others: by name, by the place of another's event, by what another did to the own account, and by
// registering a name that was another user's.
func TestNobodySeesEventsOfOthers(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	carol, bob := s.join("carol", root.invite()), s.join("bob", root.invite())
	carol.token = carol.mustLogin("").Token
	root.change(protocol.PathAdminUsersPromote, bob).want(204, "")
	root.change(protocol.PathAdminUsersDemote, bob).want(204, "")
	own := []string{"bob registered", "bob invitation_used root", "root promoted bob", "root demoted bob"}
	for _, query := range []string{"user=carol", "user=root", "user=", "user=bob", "who_id=" + carol.userID(), "user_id=" + carol.userID(), "after=1", "limit=1"} {
		bob.call("GET", protocol.PathAccountEvents+"?"+query, nil).want(400, protocol.CodeBadRequest)
	}
	for _, e := range root.audit() {
		for _, seen := range bob.ownEventsPage(url.Values{"before": {e.ID}}).Events {
			if seen.ID >= e.ID || seen.WhoID != bob.userID() && seen.WhomID != bob.userID() {
				t.Errorf("before %s: %+v", e.ID, seen)
			}
		}
	}
	wantSummary(t, bob.ownEvents(url.Values{}), own...)
	for _, e := range bob.ownEvents(url.Values{}) {
		if e.Who == "root" && (e.Address != "" || e.Device != "" || e.RequestID != "" || e.WhoID != "") {
			t.Errorf("where the administrator was: %+v", e)
		}
	}

	// An administrator sees all of it elsewhere, and here only the own events.
	for _, e := range root.ownEvents(url.Values{}) {
		if e.WhoID != root.userID() && e.WhomID != root.userID() {
			t.Errorf("%+v", e)
		}
		if e.Kind == protocol.AuditInvitationUsed && e.Who == "bob" && (e.Address != "" || e.Device != "") {
			t.Errorf("where the invited user was: %+v", e)
		}
	}

	s.clock.move(time.Hour)
	root.change(protocol.PathAdminUsersDelete, carol).want(204, "")
	carol.call("GET", protocol.PathAccountEvents, nil).want(401, protocol.CodeUnauthorized)
	again := s.join("carol", root.invite())
	wantSummary(t, again.ownEvents(url.Values{}), "carol registered", "carol invitation_used root")
	root.change(protocol.PathAdminUsersSuspend, bob).want(204, "")
	bob.call("GET", protocol.PathAccountEvents, nil).want(401, protocol.CodeUnauthorized)
	s.call("GET", protocol.PathAccountEvents, nil).want(401, protocol.CodeUnauthorized)
}

// The number of other users' events must not make a user's own slow, and no cursor tells when they were.
func TestOwnEventsReadNoOthers(t *testing.T) {
	t.Parallel()
	d := &deep{}
	s, root := newAdministered(t, storedBy(func(inner vault.Store) vault.Store {
		d.Store = inner
		return d
	}))
	bob := s.join("bob", s.inviteAs(false))
	if page := bob.ownEventsPage(url.Values{"kind": {"signed_out"}}); len(page.Events) != 0 || page.Next != "" || d.reads != 0 {
		t.Errorf("%+v after %d reads of all events", page, d.reads)
	}
	for range 120 {
		root.invite()
	}
	first := root.ownEventsPage(url.Values{})
	if len(first.Events) != protocol.MaxAuditEvents || first.Next != first.Events[len(first.Events)-1].ID || d.reads != 0 {
		t.Errorf("%d events, %s, %d reads of all events", len(first.Events), first.Next, d.reads)
	}
}
