package sqlite

import (
	"context"
	"database/sql"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

// AddEvent implements vault.Store. Each event deletes a few that have expired.
func (s *Store) AddEvent(ctx context.Context, e vault.Event) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := exec(ctx, tx, s.stmt.purgeEvents, e.Last.UnixMilli()); err != nil {
			return err
		}
		_, err := exec(ctx, tx, s.stmt.addEvent, string(e.ID), string(e.Kind), e.Time.UnixMilli(), e.Last.UnixMilli(), e.Count,
			string(e.Who), string(e.WhoID), string(e.Whom), string(e.WhomID), e.Host, e.Origin.Address, e.Device, e.Origin.Request,
			string(e.Invitation), e.Expires.UnixMilli())
		return err
	})
}

// Events implements vault.Store.
func (s *Store) Events(ctx context.Context, from, before vault.EventID, limit int) ([]vault.Event, error) {
	return readEvents(ctx, s.stmt.events, string(from), string(before), limit)
}

// UserEvents implements vault.Store.
func (s *Store) UserEvents(ctx context.Context, user vault.UserID, from, before vault.EventID, limit int) ([]vault.Event, error) {
	return readEvents(ctx, s.stmt.userEvents, string(user), string(from), string(before), limit)
}

func readEvents(ctx context.Context, stmt *sql.Stmt, args ...any) ([]vault.Event, error) {
	var all []vault.Event
	err := query(ctx, stmt, func(rows *sql.Rows) error {
		var e vault.Event
		var at, last int64
		err := rows.Scan(&e.ID, &e.Kind, &at, &last, &e.Count, &e.Who, &e.WhoID, &e.Whom, &e.WhomID, &e.Host, &e.Origin.Address,
			&e.Device, &e.Origin.Request, &e.Invitation)
		e.Time, e.Last = fromMillis(at), fromMillis(last)
		all = append(all, e)
		return err
	}, args...)
	return all, err
}
