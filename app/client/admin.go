package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// maxUsers bounds what a server may list.
const maxUsers = 100_000

var (
	errUserOrder = errors.New("the users are not in order")
	errShortPage = errors.New("there are more users, but the page is not full")
	errLongPage  = errors.New("the page has too many users")
)

// ErrNoUser means that the server has no user with this name.
var ErrNoUser = errors.New("the server has no such user")

// Users lists the users of the server, for an administrator, in the order of their names' bytes.
func (c *Client) Users(ctx context.Context) ([]protocol.AdminUser, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer op.end()
	var all []protocol.AdminUser
	err = op.eachUser(func(u protocol.AdminUser) bool {
		all = append(all, u)
		return true
	})
	return all, err
}

// eachUser passes on users until each returns false.
func (op *operation) eachUser(each func(protocol.AdminUser) bool) error {
	for n, after := 0, ""; ; {
		page, err := op.userPage(after)
		if err != nil {
			return err
		}
		if n += len(page.Users); n > maxUsers {
			return &AnswerError{Path: protocol.PathAdminUsers, Err: fmt.Errorf("more than %d users", maxUsers)}
		}
		for _, u := range page.Users {
			after = u.Username
			if !each(u) {
				return nil
			}
		}
		if !page.More {
			return nil
		}
	}
}

// UsersAfter lists the users after a name, empty for the first, for an administrator: at most protocol.MaxListedUsers, in the order of
// their names' bytes.
func (c *Client) UsersAfter(ctx context.Context, after string) (protocol.AdminUsersResponse, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return protocol.AdminUsersResponse{}, err
	}
	defer op.end()
	return op.userPage(after)
}

// userPage gets the users after a name, in order: a server could otherwise repeat a page forever.
func (op *operation) userPage(after string) (page protocol.AdminUsersResponse, err error) {
	path := protocol.PathAdminUsers
	if after != "" {
		path += "?after=" + url.QueryEscape(after)
	}
	if err = op.call(methodGet, path, nil, &page); err != nil {
		return page, err
	}
	if len(page.Users) > protocol.MaxListedUsers {
		return page, &AnswerError{Path: path, Err: errLongPage}
	}
	if page.More && len(page.Users) < protocol.MaxListedUsers {
		return page, &AnswerError{Path: path, Err: errShortPage}
	}
	for _, u := range page.Users {
		if u.Username <= after {
			return page, &AnswerError{Path: path, Err: errUserOrder}
		}
		after = u.Username
	}
	return page, nil
}

// UserChange is what an administrator can do to a user: the path of the request.
type UserChange string

const (
	SuspendUser UserChange = protocol.PathAdminUsersSuspend
	ResumeUser  UserChange = protocol.PathAdminUsersResume
	RemoveUser  UserChange = protocol.PathAdminUsersRemove
	DeleteUser  UserChange = protocol.PathAdminUsersDelete
	PromoteUser UserChange = protocol.PathAdminUsersPromote
	DemoteUser  UserChange = protocol.PathAdminUsersDemote

	UnthrottleUser UserChange = protocol.PathAdminUsersUnthrottle
)

// FindUser returns one user, for an administrator. It returns ErrNoUser if there is none with this name.
func (c *Client) FindUser(ctx context.Context, username string) (protocol.AdminUser, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return protocol.AdminUser{}, err
	}
	defer op.end()
	name := canonicalUsername(username)
	var found *protocol.AdminUser
	err = op.eachUser(func(u protocol.AdminUser) bool {
		if u.Username == name {
			found = &u
		}
		return u.Username < name
	})
	if err == nil && found == nil {
		err = ErrNoUser
	}
	if err != nil {
		return protocol.AdminUser{}, err
	}
	return *found, nil
}

// ChangeUser changes a user that FindUser returned. password is the administrator's master password.
func (c *Client) ChangeUser(ctx context.Context, change UserChange, u protocol.AdminUser, password string) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	auth, err := op.currentAuth(password)
	if err != nil {
		return err
	}
	return op.call(methodPost, string(change), protocol.AdminUserRequest{CurrentAuthKey: auth, Username: u.Username, UserID: u.UserID}, nil)
}

// Invitations lists the open invitations, for an administrator.
func (c *Client) Invitations(ctx context.Context) ([]protocol.OpenInvitation, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer op.end()
	var answer protocol.InvitationsResponse
	err = op.call(methodGet, protocol.PathAdminInvitations, nil, &answer)
	if err == nil && len(answer.Invitations) > protocol.MaxInvitations {
		err = &AnswerError{Path: protocol.PathAdminInvitations, Err: fmt.Errorf("more than %d invitations", protocol.MaxInvitations)}
	}
	return answer.Invitations, err
}
