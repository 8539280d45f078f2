package core

import (
	"context"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Administration is for administrators of the server. Anybody else gets the code "not_administrator".
type Administration interface {
	// Users returns the users after a name, at most protocol.MaxListedUsers.
	Users(context.Context, UsersAfter) (protocol.AdminUsersResponse, error)
	ChangeUser(context.Context, UserChange) error
	Invitations(context.Context) (protocol.InvitationsResponse, error)
	// Invite makes an invitation. Only the result has its secret.
	Invite(context.Context, NewInvitation) (Invited, error)
	RevokeInvitation(context.Context, InvitationID) error
}

type UsersAfter struct {
	After string `json:"after"` // a username; empty: from the first
}

// UserAct is what an administrator does to a user.
type UserAct string

const (
	ActSuspend UserAct = "suspend"
	ActResume  UserAct = "resume"
	ActRemove  UserAct = "remove"
	ActDelete  UserAct = "delete"
	ActPromote UserAct = "promote"
	ActDemote  UserAct = "demote"

	ActUnthrottle UserAct = "unthrottle"
)

type UserChange struct {
	Act      UserAct `json:"act"`
	Username string  `json:"username"`
	UserID   string  `json:"user_id"`
	Password string  `json:"password"` // the administrator's master password
}

type NewInvitation struct {
	Invitee       string `json:"invitee"`       // what the administrator calls the new user; may be empty
	Days          int    `json:"days"`          // for which the link works
	Administrator bool   `json:"administrator"` // the user will be one
	Password      string `json:"password"`      // the administrator's master password; only with Administrator
}

type Invited struct {
	Link string `json:"link"` // what follows the server's origin
}

type InvitationID struct {
	ID string `json:"id"`
}
