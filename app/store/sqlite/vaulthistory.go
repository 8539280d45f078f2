package sqlite

import (
	"context"
	"database/sql"

	"github.com/vaultsphere/vaultsphere/app/chain"
)

// Entries implements vault.VaultStore.
func (s *Store) Entries(ctx context.Context, id chain.ID, after int64) ([][]byte, error) {
	return readBlobs(ctx, s.stmt.vaults.entries, id[:], after)
}

// Cards implements vault.VaultStore.
func (s *Store) Cards(ctx context.Context, user chain.ID) ([][]byte, error) {
	return readBlobs(ctx, s.stmt.vaults.cards, user.String())
}

// Writes implements vault.VaultStore. Writes never change, so it needs no transaction.
func (s *Store) Writes(ctx context.Context, id chain.ID, revisions []int64) ([][]byte, error) {
	writes := make([][]byte, 0, len(revisions))
	for _, n := range revisions {
		w, err := readBlob(ctx, "write", s.stmt.vaults.write, id[:], n)
		if err != nil {
			return nil, err
		}
		writes = append(writes, w)
	}
	return writes, nil
}

// Operations implements vault.VaultStore.
func (s *Store) Operations(ctx context.Context, id chain.ID, revision int64) ([]byte, error) {
	return readBlob(ctx, "write", s.stmt.vaults.operations, id[:], revision)
}

// Envelope implements vault.VaultStore.
func (s *Store) Envelope(ctx context.Context, id chain.ID, hash chain.Hash) ([]byte, error) {
	return readBlob(ctx, "envelope", s.stmt.vaults.envelope, id[:], hash[:])
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
