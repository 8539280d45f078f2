package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

// PutSession implements vault.Store.
func (s *Store) PutSession(ctx context.Context, v vault.Session) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		user, err := s.lockUser(ctx, tx, v.Username)
		if err != nil {
			return err
		}
		if user.id != v.UserID {
			return fmt.Errorf("user: %w", vault.ErrNotFound)
		}
		if user.standing.Suspended {
			return vault.ErrSuspended
		}
		if v.Generation != 0 && v.Generation != user.generation {
			return vault.ErrConflict
		}
		if _, err := exec(ctx, tx, s.stmt.purgeSessions, v.Created.UnixMilli()); err != nil {
			return err
		}
		n, err := exec(ctx, tx, s.stmt.insertSession, string(v.Hash), user.num, v.Device,
			v.Created.UnixMilli(), v.LastSeen.UnixMilli(), v.Expires.UnixMilli())
		if err == nil && n == 0 {
			return fmt.Errorf("session: %w", vault.ErrConflict)
		}
		if err != nil {
			return err
		}
		return s.see(ctx, tx, v.Hash, v.LastSeen)
	})
}

// see remembers the day on which a session was used.
func (s *Store) see(ctx context.Context, tx *sql.Tx, hash vault.SessionHash, now time.Time) error {
	_, err := exec(ctx, tx, s.stmt.seeUser, string(hash), vault.Day(now).UnixMilli())
	return err
}

func scanSession(row interface{ Scan(...any) error }) (vault.Session, error) {
	var v vault.Session
	var created, lastSeen, expires int64
	if err := row.Scan(&v.Hash, &v.UserID, &v.Username, &v.Device, &created, &lastSeen, &expires); err != nil {
		return vault.Session{}, err
	}
	v.Created, v.LastSeen, v.Expires = fromMillis(created), fromMillis(lastSeen), fromMillis(expires)
	return v, nil
}

// Session implements vault.Store.
func (s *Store) Session(ctx context.Context, hash vault.SessionHash, now time.Time) (vault.Session, error) {
	v, err := scanSession(s.stmt.session.QueryRowContext(ctx, string(hash), now.UnixMilli()))
	if errors.Is(err, sql.ErrNoRows) {
		return vault.Session{}, fmt.Errorf("session: %w", vault.ErrNotFound)
	}
	return v, storeError(err)
}

// TouchSession implements vault.Store.
func (s *Store) TouchSession(ctx context.Context, hash vault.SessionHash, lastSeen, expires time.Time) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		n, err := exec(ctx, tx, s.stmt.touchSession, string(hash), lastSeen.UnixMilli(), expires.UnixMilli())
		if err == nil && n == 0 {
			return fmt.Errorf("session: %w", vault.ErrNotFound)
		}
		if err != nil {
			return err
		}
		return s.see(ctx, tx, hash, lastSeen)
	})
}

// Sessions implements vault.Store.
func (s *Store) Sessions(ctx context.Context, id vault.UserID, now time.Time) ([]vault.Session, error) {
	rows, err := s.stmt.sessions.QueryContext(ctx, string(id), now.UnixMilli())
	if err != nil {
		return nil, storeError(err)
	}
	defer func() { _ = rows.Close() }()
	var all []vault.Session
	for rows.Next() {
		v, err := scanSession(rows)
		if err != nil {
			return nil, storeError(err)
		}
		all = append(all, v)
	}
	return all, storeError(rows.Err())
}

// DeleteSession implements vault.Store.
func (s *Store) DeleteSession(ctx context.Context, id vault.UserID, hash vault.SessionHash) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		n, err := exec(ctx, tx, s.stmt.deleteSession, string(id), string(hash))
		if err == nil && n == 0 {
			return fmt.Errorf("session: %w", vault.ErrNotFound)
		}
		if err != nil {
			return err
		}
		return s.appendChange(ctx, tx, vault.Change{Ended: id})
	})
}

// DeleteSessions implements vault.Store.
func (s *Store) DeleteSessions(ctx context.Context, id vault.UserID, keep vault.SessionHash) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		n, err := exec(ctx, tx, s.stmt.deleteSessions, string(id), string(keep))
		if err != nil || n == 0 {
			return err
		}
		return s.appendChange(ctx, tx, vault.Change{Ended: id})
	})
}
