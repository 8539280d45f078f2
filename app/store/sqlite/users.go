package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// lockedUser is the state of a user that a write reads first.
type lockedUser struct {
	num        int64
	id         vault.UserID
	generation int64
	standing   vault.Standing
}

func (s *Store) lockUser(ctx context.Context, tx *sql.Tx, name vault.Username) (lockedUser, error) {
	var u lockedUser
	err := tx.StmtContext(ctx, s.stmt.lockUser).QueryRowContext(ctx, string(name)).Scan(&u.num, &u.id, &u.generation, &u.standing.Administrator, &u.standing.Suspended,
		&u.standing.Removed)
	if errors.Is(err, sql.ErrNoRows) {
		return u, fmt.Errorf("user: %w", vault.ErrNotFound)
	}
	return u, err
}

// createUser stores the row of a user and returns its number.
func (s *Store) createUser(ctx context.Context, tx *sql.Tx, u vault.User) (num int64, err error) {
	switch _, err := s.lockUser(ctx, tx, u.Username); {
	case err == nil:
		return 0, vault.ErrUsernameTaken
	case !errors.Is(err, vault.ErrNotFound):
		return 0, err
	}
	if err := s.admit(ctx, tx, u); err != nil {
		return 0, err
	}
	if n, err := exec(ctx, tx, s.stmt.useID, string(u.ID)); err != nil {
		return 0, err
	} else if n == 0 {
		return 0, vault.ErrUserIDTaken
	}
	_, err = exec(ctx, tx, s.stmt.insertUser, string(u.Username), string(u.ID), u.Created.UnixMilli(), notNull(u.AuthHash),
		notNull(u.RecoveryAuthHash), u.TOTPSecret, u.TOTPLastStep, notNull(u.Keys.Document), u.Keys.Identity, joinWraps(u.Keys),
		u.Admission.Administrator, vault.Day(u.Created).UnixMilli())
	if err != nil {
		return 0, err
	}
	created, err := s.lockUser(ctx, tx, u.Username)
	return created.num, err
}

// joinWraps returns the column of the wrapped keys. They are tokens, which have no line breaks.
func joinWraps(k vault.Keys) string { return strings.Join(k.Wraps, "\n") }

// notNull prevents a nil slice from becoming NULL.
func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// User implements vault.Store.
func (s *Store) User(ctx context.Context, name vault.Username) (vault.User, error) {
	return scanUser(s.stmt.user.QueryRowContext(ctx, string(name)))
}

// scanUser reads userColumns, and then more.
func scanUser(row interface{ Scan(to ...any) error }, more ...any) (vault.User, error) {
	var u vault.User
	var created int64
	var wraps string
	var personal []byte
	err := row.Scan(append([]any{
		&u.Username, &u.ID, &created,
		&u.AuthHash, &u.RecoveryAuthHash, &u.TOTPSecret, &u.TOTPLastStep, &u.Generation,
		&u.Standing.Administrator, &u.Standing.Suspended, &u.Standing.Removed, &u.Keys.Document, &u.Keys.Identity, &wraps, &personal,
	}, more...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return vault.User{}, fmt.Errorf("user: %w", vault.ErrNotFound)
	}
	if err != nil {
		return vault.User{}, storeError(err)
	}
	u.Created = fromMillis(created)
	u.Keys.Wraps = strings.Split(wraps, "\n")
	return u, storeError(blob(u.Keys.Vault[:], personal))
}

// UpdateUser implements vault.Store.
func (s *Store) UpdateUser(ctx context.Context, u vault.User) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		stored, err := s.lockUser(ctx, tx, u.Username)
		if err != nil {
			return err
		}
		if stored.id != u.ID {
			return fmt.Errorf("user: %w", vault.ErrNotFound)
		}
		if stored.generation != u.Generation {
			return vault.ErrConflict
		}
		return s.updateUser(ctx, tx, stored.num, u)
	})
}

// updateUser replaces hashes and second factor.
func (s *Store) updateUser(ctx context.Context, tx *sql.Tx, num int64, u vault.User) error {
	_, err := exec(ctx, tx, s.stmt.updateUser, num, notNull(u.AuthHash), notNull(u.RecoveryAuthHash), u.TOTPSecret, u.TOTPLastStep)
	return err
}

// DeleteUser implements vault.Store. It is one transaction: foreign keys delete the vault and the sessions too, and
// vault.User.Deleting is never set.
func (s *Store) DeleteUser(ctx context.Context, name vault.Username) error {
	return s.deleteIf(ctx, name, func(lockedUser) error { return nil })
}

// DeleteRemoved implements vault.Store.
func (s *Store) DeleteRemoved(ctx context.Context, u vault.User) error {
	return s.deleteIf(ctx, u.Username, func(stored lockedUser) error {
		switch {
		case stored.id != u.ID:
			return fmt.Errorf("user: %w", vault.ErrNotFound)
		case stored.standing != u.Standing:
			return vault.ErrConflict
		}
		return nil
	})
}

func (s *Store) deleteIf(ctx context.Context, name vault.Username, may func(lockedUser) error) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		u, err := s.lockUser(ctx, tx, name)
		if err != nil {
			return err
		}
		if err := may(u); err != nil {
			return err
		}
		if u.standing.Active() {
			if others, alone, err := s.others(ctx, tx, u.num); err != nil {
				return err
			} else if !others && !alone {
				return vault.ErrLastAdministrator
			}
		}
		if _, err := exec(ctx, tx, s.stmt.dropLonely, u.num); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, s.stmt.deleteUser, string(name)); err != nil {
			return err
		}
		return s.appendChange(ctx, tx, vault.Change{Ended: u.id})
	})
}

// ServerKey implements vault.Store.
func (s *Store) ServerKey(ctx context.Context, fresh []byte) (key []byte, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := exec(ctx, tx, s.stmt.putServerKey, notNull(fresh)); err != nil {
			return err
		}
		return tx.StmtContext(ctx, s.stmt.serverKey).QueryRowContext(ctx).Scan(&key)
	})
	return key, err
}
