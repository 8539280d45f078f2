package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// keptSince is the time of the newest deletion that has expired at now.
func keptSince(now time.Time) int64 { return now.Add(-vault.KeptLife).UnixMilli() }

var errHistoryEnd = errors.New("enough history")

// History implements vault.Store. Writes never change, so it needs no transaction.
func (s *Store) History(ctx context.Context, id chain.ID, from, to int64) (writes, operations [][]byte, err error) {
	size := 0
	err = query(ctx, s.stmt.history, func(rows *sql.Rows) error {
		if size >= vault.HistoryBytes {
			return errHistoryEnd
		}
		var revision int64
		var w, ops []byte
		if err := rows.Scan(&revision, &w, &ops); err != nil {
			return err
		}
		if want := from + int64(len(writes)); revision != want {
			return fmt.Errorf("write %d is missing", want)
		}
		writes, operations = append(writes, w), append(operations, ops)
		size += len(w) + len(ops)
		return nil
	}, id[:], from, to)
	if errors.Is(err, errHistoryEnd) {
		err = nil
	}
	return writes, operations, err
}

// Tokens implements vault.Store.
func (s *Store) Tokens(ctx context.Context, id chain.ID, lines []chain.Line, now time.Time) ([]string, error) {
	// In one state, because a write may move a token in between.
	tx, end, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	stmt := tx.StmtContext(ctx, s.stmt.keptToken)
	tokens := make([]string, len(lines))
	for i, l := range lines {
		err := stmt.QueryRowContext(ctx, id[:], l.ID[:], l.Kind, l.Version, l.Epoch, l.Hash[:], keptSince(now)).Scan(&tokens[i])
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, storeError(err)
		}
	}
	return tokens, nil
}

// purgedAtOnce is how many expired rows a transaction deletes besides those that it may add.
const purgedAtOnce = 64

// purgeKept deletes some of what has expired, so that no transaction takes long.
func (s *Store) purgeKept(ctx context.Context, tx *sql.Tx, now time.Time, more int) error {
	if _, err := exec(ctx, tx, s.stmt.purgeKept, keptSince(now), purgedAtOnce+more); err != nil {
		return err
	}
	_, err := exec(ctx, tx, s.stmt.purgeKeptAttachments, keptSince(now), 0)
	return err
}

// keepLine moves the token of a record to those that are kept, or the chunks of an attachment.
func (s *step) keepLine(ctx context.Context, l chain.Line, num, bytes int64) error {
	if l.Kind == chain.Attachment {
		var chunks int64
		err := s.tx.StmtContext(ctx, s.stmt.deleteAttachment).QueryRowContext(ctx, s.vault, l.ID[:], s.now.UnixMilli()).Scan(&chunks)
		s.kept += chunks
		if errors.Is(err, sql.ErrNoRows) { // it was lost: see vault.ResentRecord
			return nil
		}
		return err
	}
	if !vault.Keeps(l.Kind) {
		return nil
	}
	s.kept += vault.RecordWeight + bytes
	_, err := exec(ctx, s.tx, s.stmt.keepToken, num, s.now.UnixMilli())
	return err
}

// keep counts bytes that are kept on the quota of an author's card; 0 means unlimited.
func (s *step) keep(ctx context.Context, card chain.Hash, bytes, quota int64) error {
	if bytes == 0 {
		return nil
	}
	first := vault.FirstKeptDay(s.now)
	if _, err := exec(ctx, s.tx, s.stmt.purgeKeptDays, s.vault, first); err != nil {
		return err
	}
	var before int64
	if err := s.tx.StmtContext(ctx, s.stmt.keptBytes).QueryRowContext(ctx, s.vault, card[:], first).Scan(&before); err != nil {
		return err
	}
	if quota > 0 && before+bytes > quota {
		return vault.ErrKeptQuota
	}
	_, err := exec(ctx, s.tx, s.stmt.keepBytes, s.vault, card[:], vault.KeptDay(s.now), bytes)
	return err
}

// checkChunks checks the quota of attachments if operations put one again that was deleted: the others count since they were uploaded.
func (s *step) checkChunks(ctx context.Context, quota int64, ops []chain.Operation, run func() error) error {
	puts := func(o chain.Operation) bool { return o.Kind == chain.Attachment && !o.Delete }
	if !slices.ContainsFunc(ops, puts) {
		return run()
	}
	before, err := s.chunks(ctx)
	if err != nil {
		return err
	}
	if err := run(); err != nil {
		return err
	}
	after, err := s.chunks(ctx)
	if err == nil && after > before && after > quota {
		err = vault.ErrQuotaReached
	}
	return err
}

func (s *step) chunks(ctx context.Context) (bytes int64, err error) {
	err = s.tx.StmtContext(ctx, s.stmt.chunkBytes).QueryRowContext(ctx, s.vault).Scan(&bytes)
	return bytes, err
}
