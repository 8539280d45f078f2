package sqlite

import (
	"context"
	"database/sql"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Waiting implements vault.Store.
func (s *Store) Waiting(ctx context.Context) (waits bool, err error) {
	err = s.stmt.waiting.QueryRowContext(ctx).Scan(&waits)
	return waits, storeError(err)
}

// SetWaiting implements vault.Store.
func (s *Store) SetWaiting(ctx context.Context, waits bool) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		stmt := s.stmt.open
		if waits {
			stmt = s.stmt.wait
		}
		_, err := exec(ctx, tx, stmt)
		return err
	})
}

// Users implements vault.Store.
func (s *Store) Users(ctx context.Context, each func(vault.User) error) error {
	var users []vault.User // the callback may read the store
	err := query(ctx, s.stmt.allUsers, func(rows *sql.Rows) error {
		u, err := scanUser(rows)
		users = append(users, u)
		return err
	})
	if err != nil {
		return err
	}
	for _, u := range users {
		if err := each(u); err != nil {
			return err
		}
	}
	return nil
}
