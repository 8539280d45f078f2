package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Authenticate returns the live session of a token and extends it. ErrUnauthorized.
func (s *Service) Authenticate(ctx context.Context, token string) (Session, error) {
	return s.authenticate(ctx, token, touchEvery)
}

func (s *Service) authenticate(ctx context.Context, token string, touch time.Duration) (Session, error) {
	hash, ok := s.keys.openSession(token)
	if !ok {
		return Session{}, ErrUnauthorized
	}
	now := s.now()
	session, err := s.store.Session(ctx, hash, now)
	if errors.Is(err, ErrNotFound) || err == nil && !session.lasts(now) {
		return Session{}, ErrUnauthorized
	}
	if err != nil {
		return Session{}, err
	}
	// A write per request would cost more than the request.
	if now.Sub(session.LastSeen) >= touch {
		session.LastSeen, session.Expires = now, expiry(session.Created, now)
		err := s.store.TouchSession(ctx, hash, session.LastSeen, session.Expires)
		if errors.Is(err, ErrNotFound) {
			return Session{}, ErrUnauthorized
		}
		if err != nil {
			return Session{}, err
		}
	}
	return session, nil
}

// expiry returns when a session used at now ends.
func expiry(created, now time.Time) time.Time {
	end := created.Add(sessionEnd)
	if used := now.Add(sessionLife); used.Before(end) {
		return used
	}
	return end
}

// lasts reports whether a session is within its maximum age. Older servers set no such limit.
func (s Session) lasts(now time.Time) bool { return now.Before(s.Created.Add(sessionEnd)) }

// Entered is a new session. Token and Device go to the client; the server does not store them.
type Entered struct {
	Token   string
	Device  string // device token for the next login
	Account protocol.UserAccount
}

func (s *Service) enter(ctx context.Context, u User, label string, from Caller) (Entered, error) {
	if old, ok := s.keys.openSession(from.Session); ok {
		if err := s.end(ctx, old); err != nil {
			return Entered{}, err
		}
	}
	token, hash, err := s.keys.newSession()
	if err != nil {
		return Entered{}, fmt.Errorf("make a session token: %w", err)
	}
	device, err := s.knownDevice(u.Username, from)
	if err != nil {
		return Entered{}, err
	}
	now := s.now()
	err = s.store.PutSession(ctx, Session{
		Hash: hash, UserID: u.ID, Username: u.Username, Device: label,
		Created: now, LastSeen: now, Expires: expiry(now, now), Generation: u.Generation,
	})
	if err == nil {
		err = s.endOldest(ctx, u.ID, hash)
	}
	if err != nil {
		return Entered{}, err
	}
	return Entered{Token: token, Device: device, Account: account(u, hash)}, nil
}

// endOldest ends the sessions above the limit, least recently used first. A concurrent login sees at least its own session and
// the earlier ones, so together they keep to the limit.
func (s *Service) endOldest(ctx context.Context, id UserID, newest SessionHash) error {
	list, err := s.store.Sessions(ctx, id, s.now())
	if err != nil || len(list) <= s.limits.Sessions {
		return err
	}
	list = slices.DeleteFunc(list, func(v Session) bool { return v.Hash == newest })
	slices.SortFunc(list, func(a, b Session) int { return b.LastSeen.Compare(a.LastSeen) })
	for _, v := range list[s.limits.Sessions-1:] {
		if err := s.store.DeleteSession(ctx, id, v.Hash); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	s.watchers.changed(Change{Ended: id})
	return nil
}

func (s *Service) end(ctx context.Context, hash SessionHash) error {
	session, err := s.store.Session(ctx, hash, s.now())
	if err == nil {
		err = s.store.DeleteSession(ctx, session.UserID, hash)
		s.watchers.changed(Change{Ended: session.UserID})
	}
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// endSessions ends all sessions of a user except keep.
func (s *Service) endSessions(ctx context.Context, id UserID, keep SessionHash) error {
	err := s.store.DeleteSessions(ctx, id, keep)
	s.watchers.changed(Change{Ended: id})
	return err
}

// Logout ends the session.
func (s *Service) Logout(ctx context.Context, session Session) error {
	err := s.end(ctx, session.Hash)
	if err == nil {
		s.recordIn(ctx, protocol.AuditSignedOut, session)
	}
	return err
}

// Sessions lists the live sessions of the session's user, newest first.
func (s *Service) Sessions(ctx context.Context, session Session) (protocol.SessionsResponse, error) {
	list, err := s.store.Sessions(ctx, session.UserID, s.now())
	if err != nil {
		return protocol.SessionsResponse{}, err
	}
	out := protocol.SessionsResponse{Sessions: make([]protocol.Session, 0, len(list))}
	for _, v := range list {
		if !v.lasts(s.now()) {
			continue
		}
		out.Sessions = append(out.Sessions, protocol.Session{
			ID: string(v.Hash), Device: v.Device, Created: v.Created, LastSeen: v.LastSeen, Current: v.Hash == session.Hash,
		})
	}
	return out, nil
}

// EndSessions ends one session of the same user, or all but the current one. The error for another user's session is the same
// as for an unknown one.
func (s *Service) EndSessions(ctx context.Context, session Session, in protocol.EndSessionsRequest) error {
	if in.ID != "" {
		if err := checkSessionID(in.ID); err != nil {
			return err
		}
	}
	if _, err := s.confirm(ctx, session, in.CurrentAuthKey); err != nil {
		return err
	}
	var err error
	if in.ID == "" {
		err = s.endSessions(ctx, session.UserID, session.Hash)
	} else {
		err = s.store.DeleteSession(ctx, session.UserID, SessionHash(in.ID))
		s.watchers.changed(Change{Ended: session.UserID})
	}
	if errors.Is(err, ErrNotFound) {
		return &Error{Code: protocol.CodeNotFound, Message: "no such session"}
	}
	if err == nil {
		s.recordIn(ctx, protocol.AuditSessionsEnded, session)
	}
	return err
}

// user returns the user of a session, and ErrUnauthorized if the user is suspended, deleted, or being deleted.
func (s *Service) user(ctx context.Context, session Session) (User, error) {
	u, err := s.store.User(ctx, session.Username)
	if errors.Is(err, ErrNotFound) || err == nil && (u.ID != session.UserID || u.Deleting || u.Standing.Suspended) {
		return User{}, ErrUnauthorized
	}
	return u, err
}

// Account returns what the session's client needs to unlock its vaults.
func (s *Service) Account(ctx context.Context, session Session) (protocol.UserAccount, error) {
	u, err := s.user(ctx, session)
	if err != nil {
		return protocol.UserAccount{}, err
	}
	return account(u, session.Hash), nil
}

func account(u User, hash SessionHash) protocol.UserAccount {
	return protocol.UserAccount{
		Username: string(u.Username), UserID: string(u.ID), Vault: u.Keys.Vault.String(), Keys: u.Keys.wire(),
		TOTPEnabled: u.TOTPSecret != "", SessionID: string(hash), Administrator: u.Standing.Administrator,
	}
}
