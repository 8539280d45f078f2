package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/api"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Changes implements vault.Store.
func (s *Store) Changes(ctx context.Context, name vault.Username, since int64) (api.VaultResponse, error) {
	_, r, err := readHead(ctx, s.stmt.head, name)
	if err != nil || since >= r.Revision {
		return r, err
	}
	// One transaction, one snapshot: the user is read again inside it.
	tx, err := s.reader.BeginTx(ctx, nil)
	if err != nil {
		return api.VaultResponse{}, storeError(err)
	}
	defer func() { _ = tx.Rollback() }()
	num, r, err := readHead(ctx, tx.StmtContext(ctx, s.stmt.head), name)
	if err != nil {
		return api.VaultResponse{}, err
	}
	if since <= 0 {
		r.Records, err = readRecords(ctx, tx.StmtContext(ctx, s.stmt.liveRecords), num)
	} else {
		r.Records, err = readRecords(ctx, tx.StmtContext(ctx, s.stmt.changes), num, since)
	}
	if err != nil {
		return api.VaultResponse{}, storeError(err)
	}
	return r, nil
}

func readHead(ctx context.Context, stmt *sql.Stmt, name vault.Username) (num int64, r api.VaultResponse, err error) {
	err = stmt.QueryRowContext(ctx, string(name)).Scan(&num, &r.Revision, &r.Manifest)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, api.VaultResponse{}, fmt.Errorf("user: %w", vault.ErrNotFound)
	}
	if err != nil {
		return 0, api.VaultResponse{}, storeError(err)
	}
	r.Records = []api.Record{}
	return num, r, nil
}

func readRecords(ctx context.Context, stmt *sql.Stmt, args ...any) ([]api.Record, error) {
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	records := []api.Record{}
	for rows.Next() {
		var revision int64
		var packed string
		if err := rows.Scan(&revision, &packed); err != nil {
			return nil, err
		}
		for line := range strings.SplitSeq(packed, "\n") {
			r, err := unpackRecord(line)
			if err != nil {
				return nil, err
			}
			r.Revision = revision
			records = append(records, r)
		}
	}
	return records, rows.Err()
}

// unpackRecord reads "kind version account_id token". A tombstone's token is empty, which no record's is; no token has a
// line break: vault.Change.Check sees to both.
func unpackRecord(packed string) (api.Record, error) {
	kind, rest, _ := strings.Cut(packed, " ")
	version, rest, _ := strings.Cut(rest, " ")
	account, token, ok := strings.Cut(rest, " ")
	n, err := strconv.ParseInt(version, 10, 64)
	if !ok || err != nil {
		return api.Record{}, errors.New("a record does not unpack")
	}
	r := api.Record{Place: api.Place{AccountID: account, Kind: api.KindPassword, Version: n}, Token: token, Deleted: token == ""}
	if kind == kindAccount {
		r.Kind = api.KindAccount
	}
	return r, nil
}

// Apply implements vault.Store.
func (s *Store) Apply(ctx context.Context, name vault.Username, c vault.Change) (int64, error) {
	if err := c.Check(); err != nil {
		return 0, err
	}
	revision := c.Base + 1
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		user, err := s.lockUser(ctx, tx, name)
		if err != nil {
			return err
		}
		if user.revision != c.Base {
			return fmt.Errorf("%w: at %d, the change is for %d", vault.ErrRevisionConflict, user.revision, c.Base)
		}
		if _, err := exec(ctx, tx, s.stmt.moveRevision, user.num, revision, c.Manifest); err != nil {
			return err
		}
		for _, p := range c.Puts {
			put := s.stmt.putPassword
			if p.Kind == api.KindAccount {
				put = s.stmt.putAccount
			}
			if n, err := exec(ctx, tx, put, user.num, p.AccountID, p.Version, revision, p.Token); err != nil {
				return err
			} else if n == 0 {
				return vault.PlaceUsed(p.Place)
			}
		}
		for _, p := range c.Deletes {
			del := s.stmt.deletePassword
			if p.Kind == api.KindAccount {
				del = s.stmt.deleteAccount
			}
			if n, err := exec(ctx, tx, del, user.num, p.AccountID, p.Version, revision); err != nil {
				return err
			} else if n == 0 {
				return vault.PlaceNotLive(p)
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return revision, nil
}
