package client_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// A server that never ends its list must not keep the client busy.
func TestListOfUsersIsBounded(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	page := func(from, n int) (users []protocol.AdminUser) {
		for i := range n {
			users = append(users, protocol.AdminUser{Username: fmt.Sprintf("user%09d", from+i)})
		}
		return users
	}
	asked := 0
	for name, lie := range map[string]func(a *protocol.AdminUsersResponse){
		"an empty page, and more":   func(a *protocol.AdminUsersResponse) { a.Users, a.More = nil, true },
		"a short page, and more":    func(a *protocol.AdminUsersResponse) { a.More = true },
		"the same page":             func(a *protocol.AdminUsersResponse) { a.Users, a.More = page(0, protocol.MaxListedUsers), true },
		"a page that is too long":   func(a *protocol.AdminUsersResponse) { a.Users = page(0, protocol.MaxListedUsers+1) },
		"users that are not sorted": func(a *protocol.AdminUsersResponse) { a.Users = append(page(1, 1), page(0, 1)...) },
		"pages without end": func(a *protocol.AdminUsersResponse) {
			a.Users, a.More = page(asked*protocol.MaxListedUsers, protocol.MaxListedUsers), true
		},
	} {
		asked = 0
		change := edit(t, protocol.PathAdminUsers, lie)
		d.wire.lie(func(r client.Request, a *client.Response) {
			path, _, _ := strings.Cut(r.Path, "?")
			r.Path = path
			change(r, a)
			asked++
		})
		var bad *client.AnswerError
		if _, err := d.Users(t.Context()); !errors.As(err, &bad) || asked > 1001 {
			t.Errorf("%s: %v after %d requests", name, err, asked)
		}
		asked = 0
		if _, err := d.FindUser(t.Context(), "zoe"); !errors.As(err, &bad) || asked > 1001 {
			t.Errorf("%s, searched: %v after %d requests", name, err, asked)
		}
	}
	d.wire.lie(edit(t, protocol.PathAdminUsers, func(a *protocol.AdminUsersResponse) { a.Users = page(0, 1) }))
	var bad *client.AnswerError
	if _, err := d.UsersAfter(t.Context(), ""); err != nil {
		t.Error(err)
	}
	d.wire.lie(func(r client.Request, a *client.Response) {
		path, query, _ := strings.Cut(r.Path, "?")
		if r.Path = path; query == "after=user000000000" {
			edit(t, protocol.PathAdminUsers, func(a *protocol.AdminUsersResponse) { a.Users = page(0, 1) })(r, a)
		}
	})
	if _, err := d.UsersAfter(t.Context(), "user000000000"); !errors.As(err, &bad) {
		t.Errorf("the same page again: %v", err)
	}
	d.wire.lie(edit(t, protocol.PathAdminInvitations, func(a *protocol.InvitationsResponse) {
		a.Invitations = make([]protocol.OpenInvitation, protocol.MaxInvitations+1)
	}))
	if _, err := d.Invitations(t.Context()); !errors.As(err, &bad) {
		t.Errorf("too many invitations: %v", err)
	}
}

// A later offer is sealed under the secret, so no server may see it.
func TestNoServerSeesTheSecretOfAnInvitation(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d, invited := newDevice(t, server), newDevice(t, server)
	d.register(t, "anna")
	var sent strings.Builder
	listen := func(r client.Request, _ *client.Response) { sent.WriteString(r.Path + " " + string(r.Body) + "\n") }
	d.wire.lie(listen)
	invited.wire.lie(listen)
	secret, err := d.InvitePerson(t.Context(), client.InvitationTerms{})
	if err != nil {
		t.Fatal(err)
	}
	proof := secret.Invitation().Proof
	if strings.Contains(sent.String(), proof) {
		t.Error("the server could use the invitation")
	}
	if err := invited.CheckRegistration(t.Context(), "bob", &secret); err != nil {
		t.Fatal(err)
	}
	r, err := invited.PrepareRegistration(password)
	if err != nil {
		t.Fatal(err)
	}
	r.Invitation = &secret
	if _, err := invited.Register(t.Context(), r, "bob", "x"); err != nil {
		t.Fatal(err)
	}
	if open, err := d.Invitations(t.Context()); err != nil || len(open) != 0 {
		t.Errorf("the invitation was not used: %+v, %v", open, err)
	}
	if text := sent.String(); strings.Contains(text, strings.TrimPrefix(secret.JoinLink(), "/#join/")) || strings.Count(text, proof) != 3 {
		t.Errorf("sent:\n%.2000s", text)
	}
}

// A server that never ends the audit trail, or repeats it, must not keep the client busy.
func TestAuditTrailIsBounded(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	id := func(n int) string { return fmt.Sprintf("%014d-0000000000000000", n) }
	page := func(from, n int) (events []protocol.AuditEvent) {
		for i := range n {
			events = append(events, protocol.AuditEvent{ID: id(from - i)})
		}
		return events
	}
	const high = 1_000_000_000
	asked := 0
	for _, trail := range []client.Trail{client.ServerTrail, client.AccountTrail} {
		path := string(trail)
		for name, lie := range map[string]func(a *protocol.AuditResponse){
			"empty pages without end":       func(a *protocol.AuditResponse) { a.Events, a.Next = nil, id(high-asked) },
			"an empty page again and again": func(a *protocol.AuditResponse) { a.Events, a.Next = nil, id(high) },
			"the same page":                 func(a *protocol.AuditResponse) { a.Events, a.Next = page(high, 2), id(high-1) },
			"events that are not sorted":    func(a *protocol.AuditResponse) { a.Events = append(page(1, 1), page(2, 1)...) },
			"a next page above":             func(a *protocol.AuditResponse) { a.Events, a.Next = page(5, 2), id(high) },
			"too many events":               func(a *protocol.AuditResponse) { a.Events = page(high, protocol.MaxAuditEvents+1) },
		} {
			asked = 0
			change := edit(t, path, lie)
			d.wire.lie(func(r client.Request, a *client.Response) {
				r.Path, _, _ = strings.Cut(r.Path, "?")
				change(r, a)
				asked++
			})
			var bad *client.AnswerError
			if _, _, err := d.AuditEvents(t.Context(), trail, client.AuditFilter{}, 1000); !errors.As(err, &bad) || asked > 1000 {
				t.Errorf("%s of %s: %v after %d requests", name, path, err, asked)
			}
		}
		d.wire.lie(func(r client.Request, a *client.Response) {
			r.Path, _, _ = strings.Cut(r.Path, "?")
			asked++
			edit(t, path, func(a *protocol.AuditResponse) { a.Events, a.Next = page(high-100*asked, 100), id(high-100*asked-99) })(r, a)
		})
		asked = 0
		if events, more, err := d.AuditEvents(t.Context(), trail, client.AuditFilter{}, 250); err != nil || len(events) != 250 || !more || asked != 3 {
			t.Errorf("%s: %d events, %v, %v after %d requests", path, len(events), more, err, asked)
		}
	}
}
