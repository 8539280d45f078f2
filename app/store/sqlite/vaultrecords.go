package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
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

// LiveLines implements vault.VaultStore.
func (s *Store) LiveLines(ctx context.Context, id chain.ID, buckets []byte) (map[byte][]chain.Line, error) {
	tx, end, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	stmt := tx.StmtContext(ctx, s.stmt.vaults.lines)
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

func unpackVaultRecord(packed string) (at position, r vault.VaultRecord, err error) {
	if packed, err = unpackNumbers(packed, &at.num, &at.revision); err != nil {
		return at, r, err
	}
	r.Line, r.Token, err = unpackLine(packed)
	r.Revision, r.Deleted = at.revision, r.Line.Hash == chain.Hash{}
	return at, r, err
}

// VaultChanges implements vault.VaultStore.
func (s *Store) VaultChanges(ctx context.Context, id chain.ID, since int64, w vault.VaultWriter) error {
	tx, end, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	defer end()
	num, head, err := readVaultHead(ctx, tx.StmtContext(ctx, s.stmt.vaults.head), id)
	if err != nil {
		return err
	}
	if err := w.Begin(head); err != nil || since >= head.State.Revision {
		return err
	}
	return readRecords(ctx, tx.StmtContext(ctx, s.stmt.vaults.records), num, since, func(line string) (position, error) {
		at, r, err := unpackVaultRecord(line)
		return at, passOn(err, w.Write, r)
	})
}

// SmallVault implements vault.VaultStore.
func (s *Store) SmallVault(ctx context.Context, id chain.ID, since, limit int64) (bool, error) {
	return small(s.stmt.vaults.weight.QueryRowContext(ctx, id[:], since, smallRecords+1), limit)
}

// ApplyWrite implements vault.VaultStore.
func (s *Store) ApplyWrite(ctx context.Context, c vault.WriteChange) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		v, err := s.lockVaultAt(ctx, tx, c.Base)
		if err != nil {
			return err
		}
		tombstones := c.Now.AddDate(0, 0, -vault.TombstoneDays).UnixMilli()
		if _, err := exec(ctx, tx, s.stmt.vaults.purgeTombstones, tombstones); err != nil {
			return err
		}
		state := c.Next.State
		if _, err := exec(ctx, tx, s.stmt.vaults.insertWrite, v.num, state.Revision, c.Write.Encode(), chain.EncodeOperations(c.Operations)); err != nil {
			return err
		}
		step := vaultStep{tx: tx, stmt: &s.stmt.vaults, vault: v.num, revision: state.Revision, now: c.Now, usage: v.usage}
		if err := step.run(ctx, c); err != nil {
			return err
		}
		if err := c.Quota.Check(v.usage, step.usage, c.Replaces()); err != nil {
			return err
		}
		_, err = exec(ctx, tx, s.stmt.vaults.moveWrite, v.num, state.Revision, step.usage.Items, step.usage.Bytes, c.Next.Count, state.Encode(),
			encodeBuckets(c.Next))
		return err
	})
}

// vaultStep carries out the operations of one write.
type vaultStep struct {
	tx       *sql.Tx
	stmt     *vaultStatements
	vault    int64
	revision int64
	now      time.Time
	usage    vault.Usage
}

func (s *vaultStep) run(ctx context.Context, c vault.WriteChange) error {
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

func (s *vaultStep) count(l chain.Line, sign, bytes int64) {
	if !l.Kind.Sealed() {
		return
	}
	s.usage.Bytes += sign * (vault.RecordWeight + bytes)
	if l.Kind == chain.RecordOverview {
		s.usage.Items += sign
	}
}

// place is the beginning of the arguments of a statement with atPlace.
func (s *vaultStep) place(l chain.Line, more ...any) []any {
	return append([]any{s.vault, l.ID[:], l.Kind, l.Version, l.Epoch}, more...)
}

// put adds a live line, with the token of a sealed record.
func (s *vaultStep) put(ctx context.Context, l chain.Line, token *string) error {
	if _, err := exec(ctx, s.tx, s.stmt.dropTombstone, s.place(l)...); err != nil {
		return err
	}
	n, err := exec(ctx, s.tx, s.stmt.put, s.place(l, s.revision, l.Hash[:], token)...)
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
	if n, err = exec(ctx, s.tx, s.stmt.makeLive, s.vault, l.ID[:], l.Version); err == nil && n == 0 {
		err = fmt.Errorf("%w: a chunk of an attachment is missing", vault.ErrInvalidChange)
	}
	return err
}

// delete turns a live line into a tombstone.
func (s *vaultStep) delete(ctx context.Context, l chain.Line) error {
	var num, bytes int64
	err := s.tx.StmtContext(ctx, s.stmt.liveRecord).QueryRowContext(ctx, s.place(l, l.Hash[:])...).Scan(&num, &bytes)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w: a deleted line is not live", vault.ErrInvalidChange)
	}
	if err != nil {
		return err
	}
	s.count(l, -1, bytes)
	if _, err := exec(ctx, s.tx, s.stmt.deleteRecord, num, s.revision, s.now.UnixMilli()); err != nil || l.Kind != chain.Attachment {
		return err
	}
	_, err = exec(ctx, s.tx, s.stmt.deleteAttachment, s.vault, l.ID[:])
	return err
}
