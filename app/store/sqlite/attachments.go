package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// PutChunk implements vault.Store.
func (s *Store) PutChunk(ctx context.Context, id chain.ID, c vault.Chunk, now time.Time, quota int64) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		v, err := s.lockVault(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := exec(ctx, tx, s.stmt.purgePending, now.Add(-vault.PendingLife).UnixMilli(), v.num); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, s.stmt.purgeKeptAttachments, keptSince(now), v.num); err != nil {
			return err
		}
		if stored, err := s.checkChunk(ctx, tx, v, c); stored || err != nil {
			return err
		}
		var used int64
		if err := tx.StmtContext(ctx, s.stmt.chunkBytes).QueryRowContext(ctx, v.num).Scan(&used); err != nil {
			return err
		}
		size := int64(len(c.Token))
		if used+size > quota {
			return vault.ErrQuotaReached
		}
		_, err = exec(ctx, tx, s.stmt.growAttachment, v.num, c.Attachment[:], c.Count, size, now.UnixMilli())
		if err != nil {
			return err
		}
		hash := chain.HashOf(chain.HashChunk, []byte(c.Token))
		_, err = exec(ctx, tx, s.stmt.insertChunk, v.num, c.Attachment[:], c.Number, hash[:], c.Token)
		return err
	})
}

// checkChunk reports whether this very chunk is stored. It returns vault.ErrChunkTaken if it can never be.
func (s *Store) checkChunk(ctx context.Context, tx *sql.Tx, v lockedVault, c vault.Chunk) (stored bool, err error) {
	var count int
	var token string
	err = tx.StmtContext(ctx, s.stmt.writerChunk).QueryRowContext(ctx, v.num, c.Attachment[:], c.Number).Scan(&count, &token)
	switch {
	case errors.Is(err, sql.ErrNoRows): // the first chunk
		var deleted bool
		err := tx.StmtContext(ctx, s.stmt.attachmentDeleted).QueryRowContext(ctx, v.num, c.Attachment[:], chain.Attachment).Scan(&deleted)
		if err == nil && deleted {
			err = vault.ErrChunkTaken
		}
		return false, err
	case err != nil:
		return false, err
	case count == c.Count && token == c.Token:
		return true, nil
	case count != c.Count || token != "":
		return false, vault.ErrChunkTaken
	}
	return false, nil
}

// Chunk implements vault.Store.
func (s *Store) Chunk(ctx context.Context, id, attachment chain.ID, number int, now time.Time) (vault.Chunk, error) {
	c := vault.Chunk{Attachment: attachment, Number: number}
	err := s.stmt.chunk.QueryRowContext(ctx, id[:], attachment[:], number, keptSince(now)).Scan(&c.Count, &c.Token)
	if err != nil {
		return vault.Chunk{}, orNotFound("chunk", err)
	}
	return c, nil
}

// Attachment implements vault.Store.
func (s *Store) Attachment(ctx context.Context, id, attachment chain.ID, now time.Time) (vault.Attachment, error) {
	list, err := readAttachments(ctx, s.stmt.attachment, id[:], attachment[:], keptSince(now))
	if err != nil {
		return vault.Attachment{}, err
	}
	if len(list) == 0 {
		return vault.Attachment{}, fmt.Errorf("attachment: %w", vault.ErrNotFound)
	}
	return list[0], nil
}

// Attachments implements vault.Store.
func (s *Store) Attachments(ctx context.Context, id chain.ID) ([]vault.Attachment, error) {
	return readAttachments(ctx, s.stmt.attachments, id[:])
}

// readAttachments reads rows of attachmentsOf, of which those of one attachment follow each other.
func readAttachments(ctx context.Context, stmt *sql.Stmt, args ...any) (list []vault.Attachment, err error) {
	err = query(ctx, stmt, func(rows *sql.Rows) error {
		var a vault.Attachment
		var id, hash []byte
		var created, deleted int64
		var number int
		if err := rows.Scan(&id, &a.Count, &a.Bytes, &created, &a.Live, &deleted, &number, &hash); err != nil {
			return err
		}
		if err := blob(a.ID[:], id); err != nil {
			return err
		}
		if len(list) == 0 || list[len(list)-1].ID != a.ID {
			a.Created, a.Chunks = fromMillis(created), make([]chain.Hash, a.Count)
			if deleted > 0 {
				a.Deleted = fromMillis(deleted)
			}
			list = append(list, a)
		}
		if number < 1 || number > a.Count {
			return fmt.Errorf("chunk %d of %d", number, a.Count)
		}
		return blob(list[len(list)-1].Chunks[number-1][:], hash)
	}, args...)
	return list, err
}
