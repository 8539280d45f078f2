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
	revision   int64
	usage      vault.Usage
}

func (s *Store) lockUser(ctx context.Context, tx *sql.Tx, name vault.Username) (lockedUser, error) {
	var u lockedUser
	err := tx.StmtContext(ctx, s.stmt.lockUser).QueryRowContext(ctx, string(name)).Scan(
		&u.num, &u.id, &u.generation, &u.revision, &u.usage.Items, &u.usage.Bytes)
	if errors.Is(err, sql.ErrNoRows) {
		return u, fmt.Errorf("user: %w", vault.ErrNotFound)
	}
	return u, err
}

// CreateUser implements vault.Store.
func (s *Store) CreateUser(ctx context.Context, u vault.User) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return s.createUser(ctx, tx, u) })
}

func (s *Store) createUser(ctx context.Context, tx *sql.Tx, u vault.User) error {
	switch _, err := s.lockUser(ctx, tx, u.Username); {
	case err == nil:
		return vault.ErrUsernameTaken
	case !errors.Is(err, vault.ErrNotFound):
		return err
	}
	if err := s.admit(ctx, tx, u); err != nil {
		return err
	}
	if n, err := exec(ctx, tx, s.stmt.useID, string(u.ID)); err != nil {
		return err
	} else if n == 0 {
		return vault.ErrUserIDTaken
	}
	_, err := exec(ctx, tx, s.stmt.insertUser, string(u.Username), string(u.ID), u.Created.UnixMilli(),
		u.KDF.Salt, u.KDF.MemoryKiB, u.KDF.Time, u.KDF.Threads, notNull(u.AuthHash), notNull(u.RecoveryAuthHash),
		u.WrappedKey, u.RecoveryWrappedKey, u.TOTPSecret, u.TOTPLastStep, u.Manifest)
	return err
}

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
func scanUser(row *sql.Row, more ...any) (vault.User, error) {
	var u vault.User
	var created int64
	var wraps string
	var personal []byte
	err := row.Scan(append([]any{
		&u.Username, &u.ID, &created,
		&u.KDF.Salt, &u.KDF.MemoryKiB, &u.KDF.Time, &u.KDF.Threads, &u.AuthHash, &u.RecoveryAuthHash,
		&u.WrappedKey, &u.RecoveryWrappedKey, &u.TOTPSecret, &u.TOTPLastStep, &u.Generation, &u.Revision, &u.Manifest,
		&u.Keys.Document, &u.Keys.Identity, &wraps, &personal,
	}, more...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return vault.User{}, fmt.Errorf("user: %w", vault.ErrNotFound)
	}
	if err != nil {
		return vault.User{}, storeError(err)
	}
	u.Created = fromMillis(created)
	if personal == nil {
		u.Keys = vault.Keys{}
		return u, nil
	}
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
		_, err = exec(ctx, tx, s.stmt.updateUser, stored.num, u.KDF.Salt, u.KDF.MemoryKiB, u.KDF.Time, u.KDF.Threads,
			notNull(u.AuthHash), notNull(u.RecoveryAuthHash), u.WrappedKey, u.RecoveryWrappedKey, u.TOTPSecret, u.TOTPLastStep)
		return err
	})
}

// DeleteUser implements vault.Store. It is one transaction: foreign keys delete records and sessions too, and
// vault.User.Deleting is never set.
func (s *Store) DeleteUser(ctx context.Context, name vault.Username) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		n, err := exec(ctx, tx, s.stmt.deleteUser, string(name))
		if err == nil && n == 0 {
			return fmt.Errorf("user: %w", vault.ErrNotFound)
		}
		return err
	})
}
