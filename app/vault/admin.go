package vault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Administrator is a user with a session who was an administrator when the request came. Only Service.Administrator makes one.
type Administrator struct {
	user    User
	session Session
}

// event returns an event that the administrator caused.
func (a Administrator) event(kind protocol.AuditKind, e Event) Event {
	e.Kind, e.Who, e.WhoID, e.Device = kind, a.user.Username, a.user.ID, a.session.Device
	return e
}

// ID returns the administrator's user ID.
func (a Administrator) ID() UserID { return a.user.ID }

var (
	errNotAdministrator = &Error{Code: protocol.CodeNotAdministrator, Message: "only administrators may do this"}
	errNoUser           = &Error{Code: protocol.CodeNotFound, Message: "no such user: list the users again"}
)

// Administrator returns the administrator of a session. CodeNotAdministrator for another user.
func (s *Service) Administrator(ctx context.Context, session Session) (Administrator, error) {
	u, err := s.user(ctx, session)
	if err != nil {
		return Administrator{}, err
	}
	if !u.Standing.Administrator {
		return Administrator{}, errNotAdministrator
	}
	return Administrator{u, session}, nil
}

// Users lists the users after a name, at most protocol.MaxListedUsers.
func (s *Service) Users(ctx context.Context, _ Administrator, after protocol.Username) (protocol.AdminUsersResponse, error) {
	if after != "" {
		if _, err := CanonicalUsername(after); err != nil {
			return protocol.AdminUsersResponse{}, err
		}
	}
	list, err := s.store.Directory(ctx, Username(after), protocol.MaxListedUsers+1)
	if err != nil {
		return protocol.AdminUsersResponse{}, err
	}
	out := protocol.AdminUsersResponse{More: len(list) > protocol.MaxListedUsers, Users: []protocol.AdminUser{}}
	for _, l := range list[:min(len(list), protocol.MaxListedUsers)] {
		out.Users = append(out.Users, l.Wire())
	}
	return out, nil
}

// Wire returns what an administrator sees of a user.
func (l Listed) Wire() protocol.AdminUser {
	return protocol.AdminUser{
		Username: string(l.User.Username), UserID: string(l.User.ID), Created: l.User.Created, LastSeen: l.LastSeen,
		Administrator: l.User.Standing.Administrator, Suspended: l.User.Standing.Suspended, TOTPEnabled: l.User.TOTPSecret != "",
		Items: l.Items, Bytes: l.Bytes, Deletion: l.User.Standing.deletion(),
	}
}

// Day returns the midnight before t, in UTC: stores remember when a user was last seen to the day.
func Day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// SuspendUser ends all sessions of a user, who cannot sign in again before ResumeUser.
func (s *Service) SuspendUser(ctx context.Context, by Administrator, in protocol.AdminUserRequest) error {
	return s.changeUser(ctx, by, in, Suspend, protocol.AuditSuspended)
}

// ResumeUser lets a suspended user sign in again.
func (s *Service) ResumeUser(ctx context.Context, by Administrator, in protocol.AdminUserRequest) error {
	return s.changeUser(ctx, by, in, Resume, protocol.AuditResumed)
}

// RemoveUser suspends a user, whom DeleteDue deletes after protocol.RemovalDays. ResumeUser takes it back.
func (s *Service) RemoveUser(ctx context.Context, by Administrator, in protocol.AdminUserRequest) error {
	return s.changeUser(ctx, by, in, Remove(s.now), protocol.AuditRemoved)
}

// DeleteUser deletes a user with the personal vault.
func (s *Service) DeleteUser(ctx context.Context, by Administrator, in protocol.AdminUserRequest) error {
	return s.changeUser(ctx, by, in, Delete, protocol.AuditDeleted)
}

// UnthrottleUser forgets the wrong passwords that make a user wait before the next sign-in.
func (s *Service) UnthrottleUser(ctx context.Context, by Administrator, in protocol.AdminUserRequest) error {
	return s.changeUser(ctx, by, in, Unthrottle, protocol.AuditUnthrottled)
}

// PromoteUser makes a user an administrator.
func (s *Service) PromoteUser(ctx context.Context, by Administrator, in protocol.AdminUserRequest) error {
	return s.changeUser(ctx, by, in, Promote, protocol.AuditPromoted)
}

// DemoteUser makes an administrator a plain user.
func (s *Service) DemoteUser(ctx context.Context, by Administrator, in protocol.AdminUserRequest) error {
	return s.changeUser(ctx, by, in, Demote, protocol.AuditDemoted)
}

// userChange changes a user. An empty ID is any.
type userChange = func(ctx context.Context, store Store, name Username, id UserID) error

// changeUser confirms the administrator's password, and then changes another user.
func (s *Service) changeUser(ctx context.Context, by Administrator, in protocol.AdminUserRequest, change userChange, kind protocol.AuditKind) error {
	if err := checkID("user_id", in.UserID); err != nil {
		return err
	}
	name, err := CanonicalUsername(in.Username)
	if err != nil {
		return err
	}
	if err := s.confirmAdministrator(ctx, by, in.CurrentAuthKey); err != nil {
		return err
	}
	err = change(ctx, s.store, name, UserID(in.UserID))
	s.watchers.changed(Change{Ended: UserID(in.UserID)})
	if err == nil {
		s.trail.record(ctx, by.event(kind, Event{Whom: name, WhomID: UserID(in.UserID)}))
	}
	return err
}

// confirmAdministrator checks the administrator's password, as confirm does.
func (s *Service) confirmAdministrator(ctx context.Context, by Administrator, currentAuthKey protocol.AuthKey) error {
	u, err := s.confirm(ctx, by.session, currentAuthKey)
	if err == nil && !u.Standing.Administrator { // no longer
		err = errNotAdministrator
	}
	return err
}

// The following functions are those of administrators, and also of the operator on the server's host. An empty ID is any.

// Suspend ends all sessions of a user. It fails with ErrLastAdministrator. If the store fails, some sessions may be left: try again.
func Suspend(ctx context.Context, store Store, name Username, id UserID) error {
	return changeStanding(ctx, store, name, id, func(s *Standing) { s.Suspended = true })
}

// Resume lets a suspended or removed user sign in again.
func Resume(ctx context.Context, store Store, name Username, id UserID) error {
	return changeStanding(ctx, store, name, id, func(s *Standing) { s.Suspended, s.Removed = false, 0 })
}

// Promote makes a user an administrator.
func Promote(ctx context.Context, store Store, name Username, id UserID) error {
	return changeStanding(ctx, store, name, id, func(s *Standing) { s.Administrator = true })
}

// Demote makes an administrator a plain user. It fails with ErrLastAdministrator.
func Demote(ctx context.Context, store Store, name Username, id UserID) error {
	return changeStanding(ctx, store, name, id, func(s *Standing) { s.Administrator = false })
}

// Remove returns the change that suspends a user, to be deleted later. It fails with ErrLastAdministrator.
func Remove(now func() time.Time) func(context.Context, Store, Username, UserID) error {
	return func(ctx context.Context, store Store, name Username, id UserID) error {
		return changeStanding(ctx, store, name, id, func(s *Standing) {
			s.Suspended = true
			if s.Removed == 0 { // removing again moves nothing
				s.Removed = now().UnixMilli()
			}
		})
	}
}

// Delete deletes a user at once. It fails with ErrLastAdministrator.
func Delete(ctx context.Context, store Store, name Username, id UserID) error {
	if _, err := userOf(ctx, store, name, id, true); err != nil {
		return err
	}
	err := store.DeleteUser(ctx, name)
	if errors.Is(err, ErrNotFound) {
		return errNoUser
	}
	return err
}

// Unthrottle clears the counter of wrong passwords that strangers' devices share.
func Unthrottle(ctx context.Context, store Store, name Username, id UserID) error {
	if _, err := userOf(ctx, store, name, id, false); err != nil {
		return err
	}
	return store.ClearThrottle(ctx, loginThrottle(name))
}

// userOf reads a user. errNoUser if the name belongs to another ID, or to a user whose deletion has begun unless that is wanted.
func userOf(ctx context.Context, store Store, name Username, id UserID, deleting bool) (User, error) {
	u, err := store.User(ctx, name)
	if errors.Is(err, ErrNotFound) || err == nil && (u.Deleting && !deleting || id != "" && u.ID != id) {
		return User{}, errNoUser
	}
	return u, err
}

const standingTries = 3

func changeStanding(ctx context.Context, store Store, name Username, id UserID, change func(*Standing)) error {
	for range standingTries {
		u, err := userOf(ctx, store, name, id, false)
		if err != nil {
			return err
		}
		next := u.Standing
		change(&next)
		switch err := setStanding(ctx, store, u, next); {
		case errors.Is(err, ErrNotFound):
			return errNoUser
		case !errors.Is(err, ErrConflict):
			return err
		}
	}
	return fmt.Errorf("change a user: %w", ErrConflict)
}

// setStanding stores a standing. PutSession rejects a suspended user, so no session begins after the suspension, and those that exist
// end after it. It also ends them before: if the store fails there, nothing has changed yet. The last administrator keeps them.
func setStanding(ctx context.Context, store Store, u User, next Standing) error {
	if next.Suspended && !u.Standing.Suspended && !u.Standing.Administrator {
		if err := store.DeleteSessions(ctx, u.ID, ""); err != nil {
			return err
		}
	}
	if next != u.Standing {
		if err := store.SetStanding(ctx, u, next); err != nil {
			return err
		}
	}
	if next.Suspended {
		return store.DeleteSessions(ctx, u.ID, "")
	}
	return nil
}
