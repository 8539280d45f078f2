package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Resend implements vault.Store.
func (s *Store) Resend(ctx context.Context, c vault.ResendChange) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		v, err := s.lockVaultAt(ctx, tx, c.Base)
		if err != nil {
			return err
		}
		if err := s.insertPart(ctx, tx, v, c); err != nil {
			return err
		}
		usage, err := s.replaceRecords(ctx, tx, v, c)
		if err != nil {
			return err
		}
		if err := c.Quota.Check(v.usage, usage, false); err != nil {
			return err
		}
		state := c.Next.State
		_, err = exec(ctx, tx, s.stmt.moveWrite, v.num, state.Revision, usage.Items, usage.Bytes, usage.Branches, c.Next.Count, state.Encode(),
			encodeBuckets(c.Next))
		if err == nil {
			_, err = exec(ctx, tx, s.stmt.moveEntry, v.num, state.Entry.Sequence, state.Encode())
		}
		if err == nil && c.Account != nil {
			err = s.changeAccount(ctx, tx, v, *c.Account)
		}
		if err == nil {
			err = s.appendChange(ctx, tx, c.Next.Moved())
		}
		return err
	})
}

// insertPart adds what is kept forever.
func (s *Store) insertPart(ctx context.Context, tx *sql.Tx, v lockedVault, c vault.ResendChange) error {
	for i, w := range c.Writes {
		if _, err := exec(ctx, tx, s.stmt.insertWrite, v.num, w.Revision, w.Encode(), chain.EncodeOperations(c.Operations[i])); err != nil {
			return err
		}
	}
	for _, e := range c.Entries {
		if err := s.insertEntry(ctx, tx, v, e); err != nil {
			return err
		}
	}
	for hash, envelope := range c.Envelopes {
		if err := s.insertEnvelope(ctx, tx, v, hash, envelope); err != nil {
			return err
		}
	}
	for _, card := range c.Cards {
		if _, err := exec(ctx, tx, s.stmt.insertCard, v.owner, card.Generation, card.Encode()); err != nil {
			return err
		}
	}
	return nil
}

// replaceRecords carries out the newest operation at each place, and returns the usage after it.
func (s *Store) replaceRecords(ctx context.Context, tx *sql.Tx, v lockedVault, c vault.ResendChange) (vault.Usage, error) {
	run := step{tx: tx, stmt: &s.stmt, vault: v.num, now: c.Now, usage: v.usage}
	err := run.checkChunks(ctx, c.Attachments, slices.Concat(c.Operations...), func() error { return s.runResent(ctx, &run, c) })
	return run.usage, err
}

func (s *Store) runResent(ctx context.Context, run *step, c vault.ResendChange) error {
	// Places are cleared first: an attachment can be put with another number of chunks, which is another place with the same chunks' ID.
	kept := map[chain.Hash]int64{}
	for _, r := range c.Records {
		run.kept = 0
		if err := run.clear(ctx, r); err != nil {
			return err
		}
		kept[c.Card(r)] += run.kept
	}
	for card, bytes := range kept {
		if err := run.keep(ctx, card, bytes, c.Kept); err != nil {
			return err
		}
	}
	for _, r := range c.Records {
		if r.Delete {
			continue
		}
		run.revision = r.Revision
		if err := run.putResent(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// clear removes what the store has at the place of a record, and leaves a tombstone if the newest operation is a delete.
func (s *step) clear(ctx context.Context, r vault.ResentRecord) error {
	var num, size int64
	var live bool
	var hash []byte
	err := s.tx.StmtContext(ctx, s.stmt.recordAt).QueryRowContext(ctx, s.place(r.Line)...).Scan(&num, &size, &live, &hash)
	if err != nil {
		return err
	}
	if live {
		s.count(r.Line, -1, size)
	}
	if live && (r.Delete || !bytes.Equal(hash, r.Hash[:])) {
		if err := s.keepLine(ctx, r.Line, num, size); err != nil {
			return err
		}
	}
	if _, err := exec(ctx, s.tx, s.stmt.dropRecord, s.place(r.Line)...); err != nil || !r.Delete {
		return err
	}
	_, err = exec(ctx, s.tx, s.stmt.insertTombstone, s.place(r.Line, r.Revision, s.now.UnixMilli())...)
	return err
}

// putResent adds a live line.
func (s *step) putResent(ctx context.Context, r vault.ResentRecord) error {
	var token *string
	if r.Kind.Sealed() {
		token = &r.Token
		s.count(r.Line, 1, int64(len(r.Token)))
	}
	if _, err := exec(ctx, s.tx, s.stmt.putRecord, s.place(r.Line, r.Revision, r.Hash[:], token)...); err != nil {
		return err
	}
	switch {
	case r.Kind.Sealed():
		return nil
	case r.Lost:
		return s.dropPending(ctx, r.ID)
	}
	return s.putAttachment(ctx, r.Line)
}

// dropPending deletes the chunks of a lost attachment, which are pending or were kept for too long. Those that are live or kept stay.
func (s *step) dropPending(ctx context.Context, id chain.ID) error {
	if _, err := exec(ctx, s.tx, s.stmt.dropPending, s.vault, id[:], keptSince(s.now)); err != nil {
		return err
	}
	var stored bool
	err := s.tx.StmtContext(ctx, s.stmt.hasAttachment).QueryRowContext(ctx, s.vault, id[:]).Scan(&stored)
	if err == nil && stored {
		err = fmt.Errorf("%w: a lost attachment has chunks", vault.ErrInvalidChange)
	}
	return err
}
