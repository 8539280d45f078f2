package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

// others reports whether there are active administrators beside a user, and whether the user is alone.
func (s *Store) others(ctx context.Context, tx *sql.Tx, num int64) (administrators, alone bool, err error) {
	var users bool
	err = tx.StmtContext(ctx, s.stmt.others).QueryRowContext(ctx, num).Scan(&administrators, &users)
	return administrators, !users, err
}

// SetStanding implements vault.Store.
func (s *Store) SetStanding(ctx context.Context, u vault.User, next vault.Standing) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		stored, err := s.lockUser(ctx, tx, u.Username)
		if err != nil {
			return err
		}
		switch {
		case stored.id != u.ID:
			return fmt.Errorf("user: %w", vault.ErrNotFound)
		case stored.standing != u.Standing:
			return vault.ErrConflict
		}
		if stored.standing.Active() && !next.Active() {
			others, _, err := s.others(ctx, tx, stored.num)
			if err != nil {
				return err
			}
			if !others {
				return vault.ErrLastAdministrator
			}
		}
		_, err = exec(ctx, tx, s.stmt.setStanding, stored.num, next.Administrator, next.Suspended, next.Removed)
		return err
	})
}

// Directory implements vault.Store.
func (s *Store) Directory(ctx context.Context, after vault.Username, limit int) ([]vault.Listed, error) {
	var all []vault.Listed
	err := query(ctx, s.stmt.directory, func(rows *sql.Rows) error {
		var l vault.Listed
		var seen int64
		var err error
		l.User, err = scanUser(rows, &seen, &l.Items, &l.Bytes)
		l.LastSeen = fromMillis(seen)
		all = append(all, l)
		return err
	}, string(after), limit)
	return all, err
}
