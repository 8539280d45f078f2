//go:build js && wasm

package main

import (
	"context"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/client"
	wire "github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	protocol "github.com/vaultsphere/vaultsphere/app/protocol/bridge/core"
)

func (c *core) Users(ctx context.Context, p protocol.UsersAfter) (wire.AdminUsersResponse, error) {
	page, err := c.client.UsersAfter(ctx, p.After)
	page.Users = append([]wire.AdminUser{}, page.Users...)
	return page, err
}

var userChanges = map[protocol.UserAct]client.UserChange{
	protocol.ActSuspend: client.SuspendUser,
	protocol.ActResume:  client.ResumeUser,
	protocol.ActRemove:  client.RemoveUser,
	protocol.ActDelete:  client.DeleteUser,
	protocol.ActPromote: client.PromoteUser,
	protocol.ActDemote:  client.DemoteUser,

	protocol.ActUnthrottle: client.UnthrottleUser,
}

func (c *core) ChangeUser(ctx context.Context, p protocol.UserChange) error {
	change, ok := userChanges[p.Act]
	if !ok {
		return fmt.Errorf("%w: act", bridge.ErrInput)
	}
	return c.client.ChangeUser(ctx, change, wire.AdminUser{Username: p.Username, UserID: p.UserID}, p.Password)
}

func (c *core) Invitations(ctx context.Context) (wire.InvitationsResponse, error) {
	list, err := c.client.Invitations(ctx)
	return wire.InvitationsResponse{Invitations: append([]wire.OpenInvitation{}, list...)}, err
}

func (c *core) Invite(ctx context.Context, p protocol.NewInvitation) (protocol.Invited, error) {
	terms := client.InvitationTerms{Invitee: p.Invitee, Days: p.Days}
	var secret wire.JoinSecret
	var err error
	if p.Administrator {
		secret, err = c.client.InviteAdministrator(ctx, terms, p.Password)
	} else {
		secret, err = c.client.InvitePerson(ctx, terms)
	}
	if err != nil {
		return protocol.Invited{}, err
	}
	return protocol.Invited{Link: secret.JoinLink()}, nil
}

func (c *core) RevokeInvitation(ctx context.Context, p protocol.InvitationID) error {
	return c.client.RevokeInvitation(ctx, p.ID)
}
