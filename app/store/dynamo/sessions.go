package dynamo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// A session is a row of the sessions table, with its hash as the key, and an entry under its user: a row of the vaults table, under
// the ID of the user, with the sort key "session#" + hash. One
// transaction writes both. Entries are read with strong consistency. A global index by user lags by seconds, and a session
// missing from it would survive a password change.
const sessionEntry = "session#"

// An entry must outlive its session. A day is well above any clock error.
const entryGrace = 24 * time.Hour

type sessionRow struct {
	Hash     string `dynamodbav:"session_hash"`
	UserID   string `dynamodbav:"user_id"`
	Username string `dynamodbav:"username"`
	Device   string `dynamodbav:"device"`
	Created  int64  `dynamodbav:"created"`
	sessionTimes
}

// sessionTimes are the attributes that TouchSession updates.
type sessionTimes struct {
	LastSeen int64 `dynamodbav:"last_seen"`
	Expires  int64 `dynamodbav:"expires"`    // milliseconds
	TTL      int64 `dynamodbav:"expires_at"` // seconds, rounded up; DynamoDB deletes up to days later
}

func timesOf(lastSeen, expires time.Time) sessionTimes {
	return sessionTimes{LastSeen: lastSeen.UnixMilli(), Expires: expires.UnixMilli(), TTL: ttl(expires)}
}

func (r sessionRow) session() vault.Session {
	return vault.Session{
		Hash: vault.SessionHash(r.Hash), UserID: vault.UserID(r.UserID), Username: vault.Username(r.Username), Device: r.Device,
		Created: fromMillis(r.Created), LastSeen: fromMillis(r.LastSeen), Expires: fromMillis(r.Expires),
	}
}

// ttl returns the first whole second at or after t.
func ttl(t time.Time) int64 { return t.Add(time.Second - time.Nanosecond).Unix() }

func sessionKey(hash string) item { return item{names.SessionsKey: str(hash)} }

func entryKey(userID, hash string) item {
	return vaultKey(userID, sessionEntry+hash)
}

func (s *Store) putEntry(userID, hash string, expires time.Time) write {
	row := entryKey(userID, hash)
	row[names.TTLAttribute] = num(ttl(expires.Add(entryGrace)))
	return put(s.table.Vaults, row)
}

// PutSession implements vault.Store.
func (s *Store) PutSession(ctx context.Context, v vault.Session) error {
	row := sessionRow{
		Hash: string(v.Hash), UserID: string(v.UserID), Username: string(v.Username), Device: v.Device,
		Created: v.Created.UnixMilli(), sessionTimes: timesOf(v.LastSeen, v.Expires),
	}
	user := isUser(v.UserID).And(attribute("suspended").Equal(value(false)))
	if v.Generation != 0 {
		user = user.And(isGeneration(v.Generation))
	}
	u, err := s.userRow(ctx, v.Username)
	if err != nil {
		return err
	}
	entering := require(s.table.Users, userKey(v.Username), user)
	if day := vault.Day(v.LastSeen); day.UnixMilli() > u.LastSeen {
		entering = s.seen(v.Username, day, user)
	}
	err = s.transact(ctx,
		entering,
		put(s.table.Sessions, row, isNew(names.SessionsKey)),
		s.putEntry(string(v.UserID), string(v.Hash), v.Expires),
	)
	return sessionConflict(err, v.UserID)
}

// sessionConflict is userConflict for a user who must not be suspended.
func sessionConflict(err error, id vault.UserID) error {
	var r *refused
	if !errors.As(err, &r) {
		return userConflict(err, id)
	}
	var u userRow
	row, _ := r.at(0)
	if err := decode(row, &u); err != nil {
		return err
	}
	if u.ID == string(id) && u.Suspended {
		return fmt.Errorf("session: %w", vault.ErrSuspended)
	}
	return userConflict(err, id)
}

func (s *Store) sessionRow(ctx context.Context, hash vault.SessionHash, now time.Time) (sessionRow, error) {
	var row sessionRow
	found, err := s.get(ctx, s.table.Sessions, names.SessionsKey, string(hash), &row)
	if err != nil {
		return sessionRow{}, err
	}
	if !found || row.Expires <= now.UnixMilli() {
		return sessionRow{}, fmt.Errorf("session: %w", vault.ErrNotFound)
	}
	return row, nil
}

// Session implements vault.Store.
func (s *Store) Session(ctx context.Context, hash vault.SessionHash, now time.Time) (vault.Session, error) {
	row, err := s.sessionRow(ctx, hash, now)
	if err != nil {
		return vault.Session{}, err
	}
	return row.session(), nil
}

// TouchSession implements vault.Store.
func (s *Store) TouchSession(ctx context.Context, hash vault.SessionHash, lastSeen, expires time.Time) error {
	row, err := s.sessionRow(ctx, hash, lastSeen)
	if err != nil {
		return err
	}
	times := timesOf(lastSeen, expires)
	// A missing row has no last_seen to compare.
	notLater := attribute("last_seen").LessThanEqual(value(times.LastSeen)).And(attribute("expires").LessThanEqual(value(times.Expires)))
	writes := []write{
		update(s.table.Sessions, sessionKey(row.Hash), times, expression.UpdateBuilder{}, notLater),
		s.putEntry(row.UserID, row.Hash, expires),
	}
	if day := vault.Day(lastSeen); day.After(fromMillis(row.LastSeen)) { // the first use on a day
		writes = append(writes, s.seen(vault.Username(row.Username), day, isUser(vault.UserID(row.UserID))))
	}
	err = s.transact(ctx, writes...)
	var r *refused
	switch {
	case errors.As(err, &r):
		if stored, _ := r.at(0); len(stored) == 0 {
			return fmt.Errorf("session: %w", vault.ErrNotFound)
		}
		return nil // a later touch came first
	case errors.Is(err, errBusy):
		return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
	}
	return err
}

// sessionHashes lists the hashes in the session entries of a user.
func (s *Store) sessionHashes(ctx context.Context, id vault.UserID) ([]string, error) {
	entries, err := rowsUnder[signedRow](ctx, s, s.table.Vaults, string(id), sessionEntry)
	hashes := make([]string, len(entries))
	for i, entry := range entries {
		hashes[i] = strings.TrimPrefix(entry.Row, sessionEntry)
	}
	return hashes, err
}

// Sessions implements vault.Store.
func (s *Store) Sessions(ctx context.Context, id vault.UserID, now time.Time) ([]vault.Session, error) {
	hashes, err := s.sessionHashes(ctx, id)
	if err != nil {
		return nil, err
	}
	keys := make([]item, len(hashes))
	for i, hash := range hashes {
		keys[i] = sessionKey(hash)
	}
	rows, err := getAll[sessionRow](ctx, s, s.table.Sessions, keys, "")
	if err != nil {
		return nil, err
	}
	var all []vault.Session
	for _, r := range rows {
		if r.Expires > now.UnixMilli() {
			all = append(all, r.session())
		}
	}
	slices.SortFunc(all, func(a, b vault.Session) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.Hash, b.Hash))
	})
	return all, nil
}

// DeleteSession implements vault.Store.
func (s *Store) DeleteSession(ctx context.Context, id vault.UserID, hash vault.SessionHash) error {
	err := s.transact(ctx,
		remove(s.table.Sessions, sessionKey(string(hash)), attribute("user_id").Equal(value(id))),
		remove(s.table.Vaults, entryKey(string(id), string(hash))),
		appends(vault.Change{Ended: id}),
	)
	var r *refused
	switch {
	case errors.As(err, &r):
		return fmt.Errorf("session: %w", vault.ErrNotFound)
	case errors.Is(err, errBusy):
		return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
	}
	return err
}

// DeleteSessions implements vault.Store. It removes sessions before their entries: a concurrent touch either comes first or
// finds its session gone, so it cannot bring an entry back.
func (s *Store) DeleteSessions(ctx context.Context, id vault.UserID, keep vault.SessionHash) error {
	hashes, err := s.sessionHashes(ctx, id)
	if err != nil {
		return err
	}
	var sessions, entries []item
	for _, hash := range hashes {
		if hash != string(keep) {
			sessions = append(sessions, sessionKey(hash))
			entries = append(entries, entryKey(string(id), hash))
		}
	}
	if err := s.deleteRows(ctx, s.table.Sessions, sessions, appends(vault.Change{Ended: id})); err != nil {
		return err
	}
	return s.deleteRows(ctx, s.table.Vaults, entries)
}
