package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Entries implements vault.Store.
func (s *Store) Entries(ctx context.Context, id chain.ID, after int64, limit int) (entries [][]byte, err error) {
	if limit == 0 {
		limit = -1
	}
	size := 0
	err = query(ctx, s.stmt.entries, func(rows *sql.Rows) error {
		if size >= vault.LogBytes {
			return errHistoryEnd
		}
		var b []byte
		err := rows.Scan(&b)
		entries, size = append(entries, b), size+len(b)
		return err
	}, id[:], after, limit)
	if errors.Is(err, errHistoryEnd) {
		err = nil
	}
	return entries, err
}

// Cards implements vault.Store.
func (s *Store) Cards(ctx context.Context, user chain.ID) ([][]byte, error) {
	return readBlobs(ctx, s.stmt.cards, user.String())
}

// Writes implements vault.Store. Writes never change, so it needs no transaction.
func (s *Store) Writes(ctx context.Context, id chain.ID, revisions []int64) ([][]byte, error) {
	writes := make([][]byte, 0, len(revisions))
	for _, n := range revisions {
		w, err := readBlob(ctx, "write", s.stmt.writeAt, id[:], n)
		if err != nil {
			return nil, err
		}
		writes = append(writes, w)
	}
	return writes, nil
}

// Operations implements vault.Store.
func (s *Store) Operations(ctx context.Context, id chain.ID, revision int64) ([]byte, error) {
	return readBlob(ctx, "write", s.stmt.operationsAt, id[:], revision)
}

// Branch implements vault.Store.
func (s *Store) Branch(ctx context.Context, id chain.ID, revision int64, hash chain.Hash) (vault.Branch, error) {
	var found *vault.Branch
	err := query(ctx, s.stmt.branches, func(rows *sql.Rows) error {
		var joined, common int64
		var writes []byte
		if err := rows.Scan(&joined, &common, &writes); err != nil {
			return err
		}
		b, err := vault.ParseBranch(common, joined, writes)
		if err == nil && found == nil && b.Has(revision, hash) {
			found = &b
		}
		return err
	}, id[:], revision)
	if err != nil {
		return vault.Branch{}, err
	}
	if found == nil {
		return vault.Branch{}, fmt.Errorf("branch: %w", vault.ErrNotFound)
	}
	return *found, nil
}

func (s *Store) insertBranch(ctx context.Context, tx *sql.Tx, v lockedVault, b *vault.Branch) error {
	_, err := exec(ctx, tx, s.stmt.insertBranch, v.num, b.Join, b.Common, b.Tip(), b.EncodeWrites())
	return err
}

// Envelope implements vault.Store.
func (s *Store) Envelope(ctx context.Context, id chain.ID, hash chain.Hash) ([]byte, error) {
	return readBlob(ctx, "envelope", s.stmt.envelope, id[:], hash[:])
}

func readBlob(ctx context.Context, what string, stmt *sql.Stmt, args ...any) ([]byte, error) {
	var b []byte
	err := stmt.QueryRowContext(ctx, args...).Scan(&b)
	return b, orNotFound(what, err)
}

// query runs each for every row.
func query(ctx context.Context, stmt *sql.Stmt, each func(*sql.Rows) error, args ...any) error {
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return storeError(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := each(rows); err != nil {
			return storeError(err)
		}
	}
	return storeError(rows.Err())
}

func readBlobs(ctx context.Context, stmt *sql.Stmt, args ...any) (all [][]byte, err error) {
	err = query(ctx, stmt, func(rows *sql.Rows) error {
		var b []byte
		err := rows.Scan(&b)
		all = append(all, b)
		return err
	}, args...)
	return all, err
}
