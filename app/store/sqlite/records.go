package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Changes implements vault.Store.
func (s *Store) Changes(ctx context.Context, name vault.Username, since int64, w vault.ChangeWriter) error {
	_, head, err := readHead(ctx, s.stmt.head, name)
	if err != nil {
		return err
	}
	if since >= head.Revision {
		return w.Begin(head)
	}
	// One transaction is one snapshot: read the user again inside it.
	tx, err := s.reader.BeginTx(ctx, nil)
	if err != nil {
		return storeError(err)
	}
	defer func() { _ = tx.Rollback() }()
	num, head, err := readHead(ctx, tx.StmtContext(ctx, s.stmt.head), name)
	if err != nil {
		return err
	}
	if err := w.Begin(head); err != nil {
		return err
	}
	return readRecords(ctx, tx.StmtContext(ctx, s.stmt.records), num, since, func(line string) (position, error) {
		at, r, err := unpackRecord(line)
		return at, passOn(err, w.Write, r)
	})
}

// passOn calls write unless a record could not be read, which is a failure of the store.
func passOn[R any](err error, write func(R) error, r R) error {
	if err != nil {
		return storeError(err)
	}
	return write(r)
}

func readHead(ctx context.Context, stmt *sql.Stmt, name vault.Username) (num int64, h vault.Head, err error) {
	err = stmt.QueryRowContext(ctx, string(name)).Scan(&num, &h.Revision, &h.Manifest)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, vault.Head{}, fmt.Errorf("user: %w", vault.ErrNotFound)
	}
	return num, h, storeError(err)
}

// packBytes is roughly how much readRecords reads at a time.
const packBytes = 256 << 10

// packOf returns how many records fit into packBytes if the last n had size bytes.
func packOf(n, size int) int { return min(max(1, n*packBytes/max(1, size)), protocol.MaxChangeRecords) }

// readRecords reads the records of a user or a vault after since, each as one line. Passing a row from SQLite to database/sql costs
// more than reading it, and a full sync has thousands of records, so each row packs many records.
func readRecords(ctx context.Context, stmt *sql.Stmt, owner, since int64, each func(line string) (position, error)) error {
	at := position{revision: max(since, 0), num: math.MaxInt64}
	for n := 64; ; {
		var count int
		var packed string
		err := stmt.QueryRowContext(ctx, owner, at.revision, at.num, since > 0, n).Scan(&count, &packed)
		if err != nil {
			return storeError(err)
		}
		if at, err = unpack(packed, at, each); err != nil || count < n {
			return err
		}
		n = packOf(n, len(packed))
	}
}

// position is the place of a record in the order of reading.
type position struct{ revision, num int64 }

// unpack passes on the records of one row and returns the position of the last one.
func unpack(packed string, at position, each func(line string) (position, error)) (position, error) {
	for packed != "" {
		var line string
		line, packed, _ = strings.Cut(packed, "\n")
		next, err := each(line)
		if err != nil {
			return at, err
		}
		if next.revision < at.revision {
			return at, storeError(errors.New("records are out of order"))
		}
		at = next
	}
	return at, nil
}

// smallRecords is the maximum number of records that count as small.
const smallRecords = 200

// Small implements vault.Store.
func (s *Store) Small(ctx context.Context, name vault.Username, since, limit int64) (bool, error) {
	return small(s.stmt.weight.QueryRowContext(ctx, string(name), since, smallRecords+1), limit)
}

func small(row *sql.Row, limit int64) (bool, error) {
	var count, bytes int64
	if err := row.Scan(&count, &bytes); err != nil {
		return false, storeError(err)
	}
	return count <= smallRecords && bytes <= limit, nil
}

var errMalformed = errors.New("malformed packed record")

// unpackNumbers reads numbers, each with a space after it, and returns the rest.
func unpackNumbers(packed string, numbers ...*int64) (rest string, err error) {
	for _, to := range numbers {
		number, rest, ok := strings.Cut(packed, " ")
		if *to, err = strconv.ParseInt(number, 10, 64); err != nil || !ok {
			return "", errMalformed
		}
		packed = rest
	}
	return packed, nil
}

// unpackRecord reads "num revision kind version account_id token". Only a tombstone's token is empty, and no token has a line
// break: vault.Change guarantees both.
func unpackRecord(packed string) (at position, r protocol.Record, err error) {
	var kind int64
	rest, err := unpackNumbers(packed, &at.num, &at.revision, &kind, &r.Version)
	if err != nil {
		return at, r, err
	}
	var ok bool
	if r.ItemID, r.Token, ok = strings.Cut(rest, " "); !ok {
		return at, r, errMalformed
	}
	r.Revision, r.Deleted, r.Kind = at.revision, r.Token == "", protocol.KindDetails
	if kind == kindOverview {
		r.Kind = protocol.KindOverview
	}
	return at, r, nil
}

// Apply implements vault.Store.
func (s *Store) Apply(ctx context.Context, name vault.Username, c vault.Change) (int64, error) {
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
		now := time.Now()
		if _, err := exec(ctx, tx, s.stmt.purgeTombstones, now.AddDate(0, 0, -vault.TombstoneDays).UnixMilli()); err != nil {
			return err
		}
		if err := s.writeRecords(ctx, tx, user.num, revision, now, c); err != nil {
			return err
		}
		after, err := s.lockUser(ctx, tx, name)
		if err != nil {
			return err
		}
		return c.Quota.Check(user.usage, after.usage, c.Replaces(after.usage.Items-user.usage.Items))
	})
	if err != nil {
		return 0, err
	}
	return revision, nil
}

// writeRecords applies the puts and deletes of a change.
func (s *Store) writeRecords(ctx context.Context, tx *sql.Tx, user, revision int64, now time.Time, c vault.Change) error {
	for _, p := range c.Puts {
		put := s.stmt.putDetails
		if p.Kind == protocol.KindOverview {
			put = s.stmt.putOverview
		}
		if n, err := exec(ctx, tx, put, user, p.ItemID, p.Version, revision, p.Token); err != nil {
			return err
		} else if n == 0 {
			return vault.PlaceUsed(p.Place)
		}
	}
	for _, p := range c.Deletes {
		del := s.stmt.deleteDetails
		if p.Kind == protocol.KindOverview {
			del = s.stmt.deleteOverview
		}
		if n, err := exec(ctx, tx, del, user, p.ItemID, p.Version, revision, now.UnixMilli()); err != nil {
			return err
		} else if n == 0 {
			return vault.PlaceNotLive(p)
		}
	}
	return nil
}
