package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// newAdministered returns a closed site with an administrator.
func newAdministered(t *testing.T, options ...siteOption) (*site, *person) {
	t.Helper()
	s := newSite(t, append(options, configured(closed))...)
	return s, s.join("root", s.inviteAs(true))
}

// join registers a person with an invitation.
func (s *site) join(username string, i *protocol.Invitation) *person {
	s.t.Helper()
	p, reg := s.newPerson(username)
	reg.Invitation = i
	p.enter(reg)
	return p
}

// about is the request of an administrator to change another user.
func (p *person) about(other *person) protocol.AdminUserRequest {
	return protocol.AdminUserRequest{CurrentAuthKey: p.authKey, Username: other.acc.Username, UserID: other.userID()}
}

// change changes another user.
func (p *person) change(path string, other *person) answer {
	p.s.t.Helper()
	return p.call("POST", path, p.about(other))
}

func (p *person) users(query string) protocol.AdminUsersResponse {
	p.s.t.Helper()
	var out protocol.AdminUsersResponse
	p.call("GET", protocol.PathAdminUsers+query, nil).into(&out)
	return out
}

func (p *person) invitations() []protocol.OpenInvitation {
	p.s.t.Helper()
	var out protocol.InvitationsResponse
	p.call("GET", protocol.PathAdminInvitations, nil).into(&out)
	return out.Invitations
}

// invite makes an invitation over the API.
func (p *person) invite() *protocol.Invitation {
	p.s.t.Helper()
	i := protocol.NewJoinSecret().Invitation()
	p.call("POST", protocol.PathAdminInvitations, protocol.NewInvitationRequest{ID: i.ID, ProofHash: protocol.HashProof(i.Proof)}).want(204, "")
	return &i
}

func TestAdministratorsSeeUsersAndNoContent(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	bob := s.join("bob", root.invite())
	for range 3 {
		bob.save()
	}
	secret := bob.enrol()
	s.clock.move(48 * time.Hour)
	bob.mustLogin(codeAt(t, secret, s.clock.Now()))
	list := root.users("")
	if len(list.Users) != 2 || list.More {
		t.Fatalf("%+v", list)
	}
	got, admin := list.Users[0], list.Users[1]
	want := protocol.AdminUser{
		Username: "bob", UserID: bob.userID(), Created: got.Created, LastSeen: vault.Day(s.clock.Now()), TOTPEnabled: true, Items: 3, Bytes: got.Bytes,
	}
	if got != want || got.Bytes < 3*vault.RecordWeight || got.Created.IsZero() {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !admin.Administrator || admin.Username != "root" || admin.Items != 0 {
		t.Errorf("%+v", admin)
	}
	if next := root.users("?after=bob"); len(next.Users) != 1 || next.Users[0].Username != "root" {
		t.Errorf("after bob: %+v", next)
	}
	for _, bad := range []string{"?after=", "?after=a&after=b", "?before=a", "?after=a%23b"} {
		root.call("GET", protocol.PathAdminUsers+bad, nil).want(400, protocol.CodeBadRequest)
	}
}

func TestUsersAreListedInPages(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	for n := range protocol.MaxListedUsers {
		v, f := testvault.NewPerson(fmt.Sprintf("user%03d", n)).Found()
		u := v.User()
		u.Created = s.clock.Now()
		if err := s.store.CreateAccount(t.Context(), u, f); err != nil {
			t.Fatal(err)
		}
	}
	first := root.users("")
	if len(first.Users) != protocol.MaxListedUsers || !first.More {
		t.Fatalf("%d users, %v", len(first.Users), first.More)
	}
	last := root.users("?after=" + first.Users[protocol.MaxListedUsers-1].Username)
	if len(last.Users) != 1 || last.More || last.Users[0].Username == first.Users[protocol.MaxListedUsers-1].Username {
		t.Errorf("%+v", last)
	}
}

// Every way to make a session is closed to a suspended user, and every request of a session that lives is refused.
func TestSuspensionEndsAccessAtOnce(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	bob := s.join("bob", root.invite())
	bob.save()
	second := bob.mustLogin("")
	stream := bob.follow()
	stream.want(revision("1"))
	root.change(protocol.PathAdminUsersSuspend, bob).want(204, "")

	if e := stream.next(); e.name != protocol.EventEnded || !strings.Contains(e.data, `"code":"unauthorized"`) {
		t.Errorf("the last event is %+v", e)
	}
	stream.want(event{}) // the end
	for _, token := range []string{bob.token, second.Token} {
		for _, route := range s.srv.Routes() {
			method, path, _ := strings.Cut(route, " ")
			if !slices.Contains(guests, path) {
				s.call(method, bob.fill(path, sample.ID()), nil, bearer(token)).want(401, protocol.CodeUnauthorized)
			}
		}
	}
	bob.login("").want(403, protocol.CodeSuspended)
	proof := bob.phraseProof()
	s.call("POST", protocol.PathRecoveryOpen, proof).want(403, protocol.CodeSuspended)
	recovery := bob.renewal(passwords[0]()).recovery(true)
	s.call("POST", protocol.PathRecoveryFinish, recovery).want(403, protocol.CodeSuspended)

	ahead := *bob
	ahead.v = bob.v.Fork()
	ahead.v.Apply(ahead.item())
	ahead.resend().want(403, protocol.CodeSuspended) // with the keys of the device, and without a session

	// Strangers do not learn it.
	right := bob.authKey
	bob.authKey = sample.AuthKey()
	bob.login("").want(401, protocol.CodeInvalidCredentials)
	bob.authKey = right
	proof.RecoveryAuthKey, recovery.RecoveryAuthKey = sample.AuthKey(), sample.AuthKey()
	s.call("POST", protocol.PathRecoveryOpen, proof).want(401, protocol.CodeInvalidCredentials)
	s.call("POST", protocol.PathRecoveryFinish, recovery).want(401, protocol.CodeInvalidCredentials)

	if u := root.users("").Users[0]; !u.Suspended || u.Items != 1 {
		t.Errorf("%+v", u)
	}
	root.change(protocol.PathAdminUsersSuspend, bob).want(204, "") // again
	root.change(protocol.PathAdminUsersResume, bob).want(204, "")
	bob.call("GET", protocol.PathAccount, nil).want(401, protocol.CodeUnauthorized)
	bob.token = bob.mustLogin("").Token
	bob.save()
}

// A suspended user with a second factor is asked for the code first: a thief of the password alone learns nothing more.
func TestSuspensionShowsAfterTheSecondFactor(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	bob := s.join("bob", root.invite())
	secret := bob.enrol()
	root.change(protocol.PathAdminUsersSuspend, bob).want(204, "")
	bob.login("").want(401, protocol.CodeTOTPRequired)
	bob.login("000000").want(401, protocol.CodeTOTPInvalid)
	bob.login(codeAt(t, secret, s.clock.Now())).want(403, protocol.CodeSuspended)
}

// adminRoutes lists the routes of administrators.
func adminRoutes(s *site) (routes []string) {
	for _, route := range s.srv.Routes() {
		if strings.Contains(route, "/admin/") {
			routes = append(routes, route)
		}
	}
	return routes
}

// adminBody returns a request that an administrator could make.
func (p *person) adminBody(route string, other *person) any {
	switch {
	case strings.HasPrefix(route, "GET "):
		return nil
	case strings.HasSuffix(route, protocol.PathAdminInvitationsRevoke):
		return protocol.RevokeInvitationRequest{ID: sample.ID()}
	case strings.HasSuffix(route, protocol.PathAdminInvitations):
		return protocol.NewInvitationRequest{ID: sample.ID(), ProofHash: protocol.HashProof(sample.ID())}
	}
	return p.about(other)
}

func TestOnlyAdministratorsAdminister(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	bob := s.join("bob", root.invite())
	demoted := s.join("eve", s.inviteAs(true))
	root.change(protocol.PathAdminUsersDemote, demoted).want(204, "")
	routes := adminRoutes(s)
	if len(routes) != 13 {
		t.Errorf("%d routes of administrators", len(routes))
	}
	before := root.users("")
	for _, route := range routes {
		method, path, _ := strings.Cut(route, " ")
		for _, p := range []*person{bob, demoted} {
			for _, other := range []*person{root, bob} {
				p.call(method, path, p.adminBody(route, other)).want(403, protocol.CodeNotAdministrator)
			}
			p.call(method, path, nil).want(403, protocol.CodeNotAdministrator)
		}
		s.call(method, path, root.adminBody(route, bob)).want(401, protocol.CodeUnauthorized)
	}
	if after := root.users(""); !slices.Equal(after.Users, before.Users) || len(root.invitations()) != 0 {
		t.Errorf("users were %+v and are %+v", before, after)
	}
}

// A stolen session of an administrator changes nobody.
func TestAdministratorsProveTheirPassword(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	bob := s.join("bob", root.invite())
	before := root.users("")
	for _, path := range []string{
		protocol.PathAdminUsersSuspend, protocol.PathAdminUsersResume, protocol.PathAdminUsersRemove, protocol.PathAdminUsersDelete,
		protocol.PathAdminUsersUnthrottle, protocol.PathAdminUsersPromote, protocol.PathAdminUsersDemote,
	} {
		wrong := root.about(bob)
		wrong.CurrentAuthKey = sample.AuthKey()
		s.clock.move(time.Hour) // the pause after wrong passwords
		root.call("POST", path, wrong).want(401, protocol.CodeInvalidCredentials)
		wrong.CurrentAuthKey = ""
		root.call("POST", path, wrong).want(400, protocol.CodeBadRequest)
	}
	for name, change := range map[string]func(*protocol.AdminUserRequest){
		"another id": func(r *protocol.AdminUserRequest) { r.UserID = sample.ID() }, "no user": func(r *protocol.AdminUserRequest) { r.Username = "nobody" },
	} {
		r := root.about(bob)
		change(&r)
		s.clock.move(time.Hour) // the pause after wrong passwords
		if a := root.call("POST", protocol.PathAdminUsersRemove, r); a.code() != protocol.CodeNotFound {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if after := root.users(""); !slices.Equal(after.Users, before.Users) {
		t.Errorf("users were %+v and are %+v", before, after)
	}
}

// A stolen session must not become a second administrator, who stays when the session ends.
func TestSessionAloneInvitesNoAdministrator(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	invite := func(authKey protocol.AuthKey) (*protocol.Invitation, answer) {
		i := protocol.NewJoinSecret().Invitation()
		return &i, root.call("POST", protocol.PathAdminInvitations, protocol.NewInvitationRequest{
			ID: i.ID, ProofHash: protocol.HashProof(i.Proof), Administrator: true, CurrentAuthKey: authKey,
		})
	}
	_, a := invite("")
	a.want(400, protocol.CodeBadRequest)
	_, a = invite(sample.AuthKey())
	a.want(401, protocol.CodeInvalidCredentials)
	if list := root.invitations(); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	s.clock.move(time.Hour) // the pause after wrong passwords
	i, a := invite(root.authKey)
	a.want(204, "")
	if list := root.invitations(); len(list) != 1 || !list[0].Administrator || list[0].By != "root" {
		t.Errorf("%+v", list)
	}
	eve := s.join("eve", i)
	if !eve.acc.Administrator || s.join("bob", eve.invite()).acc.Administrator {
		t.Error("the account does not say who is an administrator")
	}
	root.change(protocol.PathAdminUsersDemote, eve).want(204, "")
	var now protocol.UserAccount
	eve.call("GET", protocol.PathAccount, nil).into(&now)
	if now.Administrator {
		t.Error("the account says that a demoted user is an administrator")
	}
}

func TestLastAdministratorStays(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	bob := s.join("bob", root.invite())
	last := []string{protocol.PathAdminUsersSuspend, protocol.PathAdminUsersRemove, protocol.PathAdminUsersDemote, protocol.PathAdminUsersDelete}
	for _, path := range last {
		root.change(path, root).want(409, protocol.CodeLastAdministrator)
	}
	root.call("POST", protocol.PathAccountDelete, protocol.DeleteAccountRequest{CurrentAuthKey: root.authKey}).want(409, protocol.CodeLastAdministrator)
	root.save() // the session is alive

	root.change(protocol.PathAdminUsersPromote, bob).want(204, "")
	bob.change(protocol.PathAdminUsersSuspend, root).want(204, "")
	for _, path := range last {
		bob.change(path, bob).want(409, protocol.CodeLastAdministrator)
	}
	bob.change(protocol.PathAdminUsersDelete, root).want(204, "")
	bob.change(protocol.PathAdminUsersDelete, root).want(404, protocol.CodeNotFound)
	if list := bob.users(""); len(list.Users) != 1 {
		t.Errorf("%+v", list)
	}
	// Alone, even the administrator may go.
	bob.call("POST", protocol.PathAccountDelete, protocol.DeleteAccountRequest{CurrentAuthKey: bob.authKey}).want(204, "")
}

func TestInvitationsAreRevoked(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	first := root.invite()
	s.clock.move(time.Hour)
	second := s.inviteAs(true)
	list := root.invitations()
	if len(list) != 2 || list[0].ID != first.ID || list[0].By != "root" || list[0].Administrator || list[1].By != "" || !list[1].Administrator ||
		!list[0].Expires.Equal(list[0].Created.Add(7*24*time.Hour)) {
		t.Errorf("%+v", list)
	}
	known := protocol.NewInvitationRequest{ID: first.ID, ProofHash: protocol.HashProof(sample.ID())}
	root.call("POST", protocol.PathAdminInvitations, known).want(409, protocol.CodeConflict)
	for _, bad := range []protocol.NewInvitationRequest{{}, {ID: sample.ID()}, {ID: sample.ID(), ProofHash: sample.ID()}, {ProofHash: known.ProofHash},
		{ID: sample.ID(), ProofHash: known.ProofHash, Days: -1}, {ID: sample.ID(), ProofHash: known.ProofHash, Days: protocol.MaxInvitationDays + 1}} {
		root.call("POST", protocol.PathAdminInvitations, bad).want(400, protocol.CodeBadRequest)
	}
	for _, i := range []*protocol.Invitation{first, second} {
		root.call("POST", protocol.PathAdminInvitationsRevoke, protocol.RevokeInvitationRequest{ID: i.ID}).want(204, "")
		root.call("POST", protocol.PathAdminInvitationsRevoke, protocol.RevokeInvitationRequest{ID: i.ID}).want(404, protocol.CodeNotFound)
		reg := registration("mallory")
		reg.Invitation = i
		s.call("POST", protocol.PathUsers, reg).want(403, protocol.CodeInvitationInvalid)
	}
	root.call("POST", protocol.PathAdminInvitationsRevoke, protocol.RevokeInvitationRequest{ID: "x"}).want(400, protocol.CodeBadRequest)
}

// An administrator who lost the role must not come in again, or let others in, by a link made before.
func TestInvitationEndsWithItsAdministrator(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	for _, path := range []string{protocol.PathAdminUsersSuspend, protocol.PathAdminUsersDemote, protocol.PathAdminUsersDelete, protocol.PathAdminUsersRemove} {
		eve := s.join("eve"+path[len(path)-6:], s.inviteAs(true))
		i := eve.invite()
		root.change(path, eve).want(204, "")
		s.call("POST", protocol.PathRegisterCheck, protocol.RegisterCheckRequest{Invitation: i}).want(403, protocol.CodeInvitationInvalid)
		reg := registration("again")
		reg.Invitation = i
		s.call("POST", protocol.PathUsers, reg).want(403, protocol.CodeInvitationInvalid)
	}
}

func TestOpenInvitationsAreBounded(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	for range protocol.MaxInvitations {
		s.inviteAs(false)
	}
	more := protocol.NewInvitationRequest{ID: sample.ID(), ProofHash: protocol.HashProof(sample.ID())}
	root.call("POST", protocol.PathAdminInvitations, more).want(403, protocol.CodeInvitationQuota)
	s.clock.move(7 * 24 * time.Hour)
	root.call("POST", protocol.PathAdminInvitations, more).want(204, "")
}

// With open registration, too, the first user on this machine is the administrator, and nobody else.
func TestFirstUserOfAnOpenServerAdministers(t *testing.T) {
	t.Parallel()
	s := newSite(t, configured(func(c *server.Config) { c.Door = vault.Door{Open: true, First: true} }))
	first, second := s.register("first"), s.register("second")
	first.users("")
	second.call("GET", protocol.PathAdminUsers, nil).want(403, protocol.CodeNotAdministrator)

	s = newSite(t, configured(func(c *server.Config) { c.Door = vault.Door{Open: true, First: true} }))
	proxied, reg := s.newPerson("mallory")
	var out protocol.UserSession
	s.call("POST", protocol.PathUsers, reg, header("X-Forwarded-For", "203.0.113.7")).into(&out)
	proxied.token = out.Token
	proxied.call("GET", protocol.PathAdminUsers, nil).want(403, protocol.CodeNotAdministrator)
}
