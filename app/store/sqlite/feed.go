package sqlite

import (
	"context"
	"database/sql"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

// feedRows is how many changes the file keeps. A reader that is further behind begins again. The newest stays, so no number is used
// twice.
const feedRows = 4096

// appendChange appends to the change feed. SQLite has one writer at a time, so changes are numbered in the order of their commits and
// without gaps: a transaction that fails gives its numbers back.
func (s *Store) appendChange(ctx context.Context, tx *sql.Tx, c vault.Change) error {
	var err error
	if c.Ended != "" {
		_, err = exec(ctx, tx, s.stmt.insertChange, nil, nil, nil, nil, string(c.Ended))
	} else {
		_, err = exec(ctx, tx, s.stmt.insertChange, c.Vault[:], c.Revision, c.Sequence, c.Members, nil)
	}
	if err == nil {
		_, err = exec(ctx, tx, s.stmt.purgeFeed, feedRows)
	}
	return err
}

// feed is a vault.Feed.
type feed struct {
	store *Store
	begun bool
	last  int64 // the newest change that was returned
}

// Feed implements vault.Store.
func (s *Store) Feed() vault.Feed { return &feed{store: s} }

// Next implements vault.Feed.
func (f *feed) Next(ctx context.Context) ([]vault.Change, error) {
	if !f.begun {
		return nil, f.begin(ctx)
	}
	var all []vault.Change
	last, gap := f.last, false
	err := query(ctx, f.store.stmt.feedRows, func(rows *sql.Rows) error {
		var num int64
		var id []byte
		var revision, sequence sql.NullInt64
		var members sql.NullBool
		var ended sql.NullString
		if err := rows.Scan(&num, &id, &revision, &sequence, &members, &ended); err != nil {
			return err
		}
		gap = gap || num != last+1
		last = num
		c := vault.Change{Revision: revision.Int64, Sequence: sequence.Int64, Members: members.Bool, Ended: vault.UserID(ended.String)}
		all = append(all, c)
		if ended.Valid {
			return nil
		}
		return blob(all[len(all)-1].Vault[:], id)
	}, f.last)
	if err != nil {
		return nil, err
	}
	f.last = last
	if gap {
		return nil, vault.ErrFeedGap
	}
	return all, nil
}

func (f *feed) begin(ctx context.Context) error {
	if err := f.store.stmt.feedEnd.QueryRowContext(ctx).Scan(&f.last); err != nil {
		return storeError(err)
	}
	f.begun = true
	return nil
}
