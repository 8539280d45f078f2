package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

func readThrottle(ctx context.Context, stmt *sql.Stmt, key string, now time.Time) (vault.Throttle, error) {
	var t vault.Throttle
	var blockedUntil, expires int64
	err := stmt.QueryRowContext(ctx, key, now.UnixMilli()).Scan(&t.Attempts, &blockedUntil, &expires, &t.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return vault.Throttle{}, nil
	}
	if err != nil {
		return vault.Throttle{}, storeError(err)
	}
	t.BlockedUntil, t.Expires = fromMillis(blockedUntil), fromMillis(expires)
	return t, nil
}

// Throttle implements vault.Store.
func (s *Store) Throttle(ctx context.Context, key string, now time.Time) (vault.Throttle, error) {
	return readThrottle(ctx, s.stmt.throttle, key, now)
}

// SwapThrottle implements vault.Store.
func (s *Store) SwapThrottle(ctx context.Context, key string, old int64, next vault.Throttle, now time.Time) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		stored, err := readThrottle(ctx, tx.StmtContext(ctx, s.stmt.writerThrottle), key, now)
		if err != nil {
			return err
		}
		if stored.Version != old {
			return vault.ErrConflict
		}
		if _, err := exec(ctx, tx, s.stmt.purgeThrottles, now.UnixMilli()); err != nil {
			return err
		}
		_, err = exec(ctx, tx, s.stmt.putThrottle, key, next.Attempts, next.BlockedUntil.UnixMilli(), next.Expires.UnixMilli(), old+1)
		return err
	})
}

// ClearThrottle implements vault.Store.
func (s *Store) ClearThrottle(ctx context.Context, key string) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := exec(ctx, tx, s.stmt.clearThrottle, key)
		return err
	})
}
