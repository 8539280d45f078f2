package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// snapshot begins a transaction that only reads.
func (s *Store) snapshot(ctx context.Context) (tx *sql.Tx, end func(), err error) {
	tx, err = s.reader.BeginTx(ctx, nil)
	return tx, func() { _ = tx.Rollback() }, storeError(err)
}

// LiveLines implements vault.Store.
func (s *Store) LiveLines(ctx context.Context, id chain.ID, buckets []byte) (map[byte][]chain.Line, error) {
	tx, end, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	stmt := tx.StmtContext(ctx, s.stmt.lines)
	all := make(map[byte][]chain.Line, len(buckets))
	for _, bucket := range buckets {
		var packed string
		first, last := []byte{bucket}, append([]byte{bucket}, strings.Repeat("\xff", len(id))...)
		if err := stmt.QueryRowContext(ctx, id[:], first, last).Scan(&packed); err != nil {
			return nil, storeError(err)
		}
		for line := range strings.SplitSeq(packed, "\n") {
			if line == "" {
				continue
			}
			l, _, err := unpackLine(line)
			if err != nil {
				return nil, storeError(err)
			}
			all[bucket] = append(all[bucket], l)
		}
	}
	return all, nil
}

// unpackLine reads what packedLine packs, and returns the rest. A tombstone has no hash.
func unpackLine(packed string) (l chain.Line, rest string, err error) {
	var kind, version, epoch int64
	packed, err = unpackNumbers(packed, &kind, &version, &epoch)
	if err != nil {
		return l, "", err
	}
	item, packed, _ := strings.Cut(packed, " ")
	hash, rest, _ := strings.Cut(packed, " ")
	l.Kind, l.Version, l.Epoch = chain.RecordKind(kind), uint32(version), uint32(epoch) // #nosec G115 -- as they were stored
	if err := unhex(l.ID[:], item); err != nil || hash == "" {
		return l, rest, err
	}
	return l, rest, unhex(l.Hash[:], hash)
}

// unhex decodes a text of exactly the right length.
func unhex(to []byte, text string) error {
	if len(text) != hex.EncodedLen(len(to)) {
		return errMalformed
	}
	_, err := hex.Decode(to, []byte(text))
	return err
}

// passOn calls write unless a record could not be read, which is a failure of the store.
func passOn[R any](err error, write func(R) error, r R) error {
	if err != nil {
		return storeError(err)
	}
	return write(r)
}

// packBytes is roughly how much readRecords reads at a time.
const packBytes = 256 << 10

// packOf returns how many records fit into packBytes if the last n had size bytes.
func packOf(n, size int) int { return min(max(1, n*packBytes/max(1, size)), chain.MaxOperations) }

// readRecords reads the records of a vault after since, each as one line. Passing a row from SQLite to database/sql costs
// more than reading it, and a full sync has thousands of records, so each row packs many records.
func readRecords(ctx context.Context, stmt *sql.Stmt, vault, since int64, each func(line string) (position, error)) error {
	at := position{revision: max(since, 0), num: math.MaxInt64}
	for n := 64; ; {
		var count int
		var packed string
		err := stmt.QueryRowContext(ctx, vault, at.revision, at.num, since > 0, n).Scan(&count, &packed)
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

func unpackRecord(packed string) (at position, r vault.Record, err error) {
	if packed, err = unpackNumbers(packed, &at.num, &at.revision); err != nil {
		return at, r, err
	}
	r.Line, r.Token, err = unpackLine(packed)
	r.Revision, r.Deleted = at.revision, r.Line.Hash == chain.Hash{}
	return at, r, err
}

// Changes implements vault.Store.
func (s *Store) Changes(ctx context.Context, id chain.ID, since int64, w vault.ChangeWriter) error {
	tx, end, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	defer end()
	num, head, err := readHead(ctx, tx.StmtContext(ctx, s.stmt.head), id)
	if err != nil {
		return err
	}
	if err := w.Begin(head); err != nil || since >= head.State.Revision {
		return err
	}
	return readRecords(ctx, tx.StmtContext(ctx, s.stmt.records), num, since, func(line string) (position, error) {
		at, r, err := unpackRecord(line)
		return at, passOn(err, w.Write, r)
	})
}

// Small implements vault.Store.
func (s *Store) Small(ctx context.Context, id chain.ID, since, limit int64) (bool, error) {
	return small(s.stmt.weight.QueryRowContext(ctx, id[:], since, smallRecords+1), limit)
}

// ApplyWrite implements vault.Store.
func (s *Store) ApplyWrite(ctx context.Context, c vault.WriteChange) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		v, err := s.lockVaultAt(ctx, tx, c.Base)
		if err != nil {
			return err
		}
		if err := s.purge(ctx, tx, c); err != nil {
			return err
		}
		state := c.Next.State
		if _, err := exec(ctx, tx, s.stmt.insertWrite, v.num, state.Revision, c.Write.Encode(), chain.EncodeOperations(c.Operations)); err != nil {
			return err
		}
		run := step{tx: tx, stmt: &s.stmt, vault: v.num, revision: state.Revision, now: c.Now, usage: v.usage}
		if err := run.checkChunks(ctx, c.Attachments, c.Operations, func() error { return run.run(ctx, c) }); err != nil {
			return err
		}
		if c.Branch != nil {
			if err := s.insertBranch(ctx, tx, v, c.Branch); err != nil {
				return err
			}
			run.usage.Branches += c.Branch.Size()
		}
		if err := c.Quota.Check(v.usage, run.usage, c.Replaces()); err != nil {
			return err
		}
		return s.finishWrite(ctx, tx, v, c, &run)
	})
}

// purge deletes the markers of deleted records and the kept tokens and chunks whose time is over.
func (s *Store) purge(ctx context.Context, tx *sql.Tx, c vault.WriteChange) error {
	tombstones := c.Now.AddDate(0, 0, -vault.TombstoneDays).UnixMilli()
	if _, err := exec(ctx, tx, s.stmt.purgeTombstones, tombstones); err != nil {
		return err
	}
	return s.purgeKept(ctx, tx, c.Now, len(c.Operations))
}

// finishWrite counts what the write keeps, and moves the head.
func (s *Store) finishWrite(ctx context.Context, tx *sql.Tx, v lockedVault, c vault.WriteChange, run *step) error {
	if err := run.keep(ctx, c.Write.AuthorCard, run.kept, c.Kept); err != nil {
		return err
	}
	state := c.Next.State
	_, err := exec(ctx, tx, s.stmt.moveWrite, v.num, state.Revision, run.usage.Items, run.usage.Bytes, run.usage.Branches,
		c.Next.Count, state.Encode(), encodeBuckets(c.Next))
	if err != nil {
		return err
	}
	return s.appendChange(ctx, tx, c.Next.Moved())
}

// step carries out the operations of one write.
type step struct {
	tx       *sql.Tx
	stmt     *statements
	vault    int64
	revision int64
	now      time.Time
	usage    vault.Usage
	kept     int64 // bytes
}

func (s *step) run(ctx context.Context, c vault.WriteChange) error {
	tokens := c.Tokens
	for _, o := range c.Operations {
		var err error
		switch {
		case o.Delete:
			err = s.delete(ctx, o.Line)
		case o.Kind == chain.Attachment:
			err = s.put(ctx, o.Line, nil)
		case len(tokens) == 0:
			err = fmt.Errorf("%w: a token is missing", vault.ErrInvalidChange)
		default:
			err = s.put(ctx, o.Line, &tokens[0])
			tokens = tokens[1:]
		}
		if err != nil {
			return err
		}
	}
	if len(tokens) > 0 {
		return fmt.Errorf("%w: %d tokens too many", vault.ErrInvalidChange, len(tokens))
	}
	return nil
}

func (s *step) count(l chain.Line, sign, bytes int64) {
	if !l.Kind.Sealed() {
		return
	}
	s.usage.Bytes += sign * (vault.RecordWeight + bytes)
	if l.Kind == chain.RecordOverview {
		s.usage.Items += sign
	}
}

// place is the beginning of the arguments of a statement with atPlace.
func (s *step) place(l chain.Line, more ...any) []any {
	return append([]any{s.vault, l.ID[:], l.Kind, l.Version, l.Epoch}, more...)
}

// put adds a live line, with the token of a sealed record.
func (s *step) put(ctx context.Context, l chain.Line, token *string) error {
	if _, err := exec(ctx, s.tx, s.stmt.dropTombstone, s.place(l)...); err != nil {
		return err
	}
	n, err := exec(ctx, s.tx, s.stmt.putRecord, s.place(l, s.revision, l.Hash[:], token)...)
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("%w: a place is live already", vault.ErrInvalidChange)
	}
	if token != nil {
		s.count(l, 1, int64(len(*token)))
		return nil
	}
	return s.putAttachment(ctx, l)
}

// putAttachment makes an attachment live that is pending or kept.
func (s *step) putAttachment(ctx context.Context, l chain.Line) error {
	n, err := exec(ctx, s.tx, s.stmt.makeLive, s.vault, l.ID[:], l.Version, keptSince(s.now))
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: a chunk of an attachment is missing", vault.ErrInvalidChange)
	}
	return err
}

// delete turns a live line into a tombstone.
func (s *step) delete(ctx context.Context, l chain.Line) error {
	var num, bytes int64
	err := s.tx.StmtContext(ctx, s.stmt.liveRecord).QueryRowContext(ctx, s.place(l, l.Hash[:])...).Scan(&num, &bytes)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w: a deleted line is not live", vault.ErrInvalidChange)
	}
	if err != nil {
		return err
	}
	s.count(l, -1, bytes)
	if err := s.keepLine(ctx, l, num, bytes); err != nil {
		return err
	}
	_, err = exec(ctx, s.tx, s.stmt.deleteRecord, num, s.revision, s.now.UnixMilli())
	return err
}
