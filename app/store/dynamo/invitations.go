package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// invitationRow is a row of the sessions table, which has a TTL and is read by key, under "invitation#" + ID.
type invitationRow struct {
	Key     string `dynamodbav:"session_hash"`
	Hash    []byte `dynamodbav:"secret_hash"`
	Created int64  `dynamodbav:"created"`
	Expires int64  `dynamodbav:"expires"`
	TTL     int64  `dynamodbav:"expires_at"`
}

func invitationKey(id vault.InvitationID) string { return "invitation#" + string(id) }

// inhabited is the key of the row in the users table that exists once a user has registered. No username begins with '#'.
const inhabited = "#inhabited"

// Inhabited implements vault.Store.
func (s *Store) Inhabited(ctx context.Context) (bool, error) {
	return s.get(ctx, s.table.Users, names.UsersKey, inhabited, &struct{}{})
}

// PutInvitation implements vault.Store.
func (s *Store) PutInvitation(ctx context.Context, i vault.Invitation) error {
	err := s.transact(ctx, put(s.table.Sessions, invitationRow{
		Key: invitationKey(i.ID), Hash: i.Hash, Created: i.Created.UnixMilli(), Expires: i.Expires.UnixMilli(), TTL: ttl(i.Expires),
	}, isNew(names.SessionsKey)))
	var r *refused
	if errors.As(err, &r) || errors.Is(err, errBusy) {
		return fmt.Errorf("invitation: %w", vault.ErrConflict)
	}
	return err
}

// Invitation implements vault.Store.
func (s *Store) Invitation(ctx context.Context, id vault.InvitationID, now time.Time) (vault.Invitation, error) {
	var row invitationRow
	found, err := s.get(ctx, s.table.Sessions, names.SessionsKey, invitationKey(id), &row)
	if err != nil {
		return vault.Invitation{}, err
	}
	if !found || row.Expires <= now.UnixMilli() {
		return vault.Invitation{}, vault.ErrNoInvitation
	}
	return vault.Invitation{ID: id, Hash: row.Hash, Created: fromMillis(row.Created), Expires: fromMillis(row.Expires)}, nil
}

// check is a write with the error to return if its condition fails.
type check struct {
	write
	refusal error
}

// first returns the error of the first failed condition.
func (r *refused) first(checks []check) error {
	for i, c := range checks {
		if _, ok := r.at(i); ok {
			return c.refusal
		}
	}
	return vault.ErrConflict
}

// admit returns the conditions for storing u, besides a free name and ID. If the transaction fails for another reason, the
// invitation stays unused.
func (s *Store) admit(ctx context.Context, u vault.User) ([]check, error) {
	var checks []check
	// Do not write an existing row again: all registrations would collide on it.
	there, err := s.Inhabited(ctx)
	if err != nil {
		return nil, err
	}
	if there && u.Admission.First {
		return nil, vault.ErrNotFirst
	}
	if !there {
		mark := put(s.table.Users, userKey(inhabited))
		if u.Admission.First {
			mark = put(s.table.Users, userKey(inhabited), isNew(names.UsersKey))
		}
		checks = append(checks, check{mark, vault.ErrNotFirst})
	}
	if u.Admission.Invitation != "" {
		use := remove(s.table.Sessions, sessionKey(invitationKey(u.Admission.Invitation)),
			attribute("expires").GreaterThan(value(u.Created.UnixMilli())))
		checks = append(checks, check{use, vault.ErrNoInvitation})
	}
	return checks, nil
}
