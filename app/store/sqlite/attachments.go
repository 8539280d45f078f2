package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// PutChunk implements vault.Store.
func (s *Store) PutChunk(ctx context.Context, name vault.Username, p vault.Chunk, now time.Time, quota int64) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		user, err := s.lockUser(ctx, tx, name)
		if err != nil {
			return err
		}
		var count int
		var token string
		err = tx.StmtContext(ctx, s.stmt.writerChunk).QueryRowContext(ctx, user.num, p.Attachment, p.Number).Scan(&count, &token)
		switch {
		case errors.Is(err, sql.ErrNoRows): // the first chunk
		case err != nil:
			return err
		case count != p.Count || token != "" && token != p.Token:
			return vault.ErrChunkTaken
		case token == p.Token:
			return nil
		}
		var used int64
		if err := tx.StmtContext(ctx, s.stmt.attachmentBytes).QueryRowContext(ctx, user.num).Scan(&used); err != nil {
			return err
		}
		size := int64(len(p.Token))
		if used+size > quota {
			return vault.ErrQuotaReached
		}
		if _, err := exec(ctx, tx, s.stmt.growAttachment, user.num, p.Attachment, p.Count, size, now.UnixMilli()); err != nil {
			return err
		}
		_, err = exec(ctx, tx, s.stmt.insertChunk, user.num, p.Attachment, p.Number, p.Token)
		return err
	})
}

// Chunk implements vault.Store.
func (s *Store) Chunk(ctx context.Context, id vault.UserID, attachment string, number int) (protocol.Chunk, error) {
	var p protocol.Chunk
	err := s.stmt.chunk.QueryRowContext(ctx, string(id), attachment, number).Scan(&p.Count, &p.Token)
	if errors.Is(err, sql.ErrNoRows) {
		return protocol.Chunk{}, fmt.Errorf("chunk: %w", vault.ErrNotFound)
	}
	return p, storeError(err)
}

// Attachments implements vault.Store.
func (s *Store) Attachments(ctx context.Context, id vault.UserID) ([]protocol.Attachment, error) {
	rows, err := s.stmt.attachments.QueryContext(ctx, string(id))
	if err != nil {
		return nil, storeError(err)
	}
	defer func() { _ = rows.Close() }()
	var list []protocol.Attachment
	for rows.Next() {
		var a protocol.Attachment
		var uploaded int64
		if err := rows.Scan(&a.ID, &a.Count, &a.Chunks, &a.Bytes, &uploaded); err != nil {
			return nil, storeError(err)
		}
		a.Uploaded = fromMillis(uploaded)
		list = append(list, a)
	}
	return list, storeError(rows.Err())
}

// DeleteAttachment implements vault.Store. It is one transaction: foreign keys delete the chunks too.
func (s *Store) DeleteAttachment(ctx context.Context, name vault.Username, attachment string) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		user, err := s.lockUser(ctx, tx, name)
		if err != nil {
			return err
		}
		n, err := exec(ctx, tx, s.stmt.deleteAttachment, user.num, attachment)
		if err == nil && n == 0 {
			return fmt.Errorf("attachment: %w", vault.ErrNotFound)
		}
		return err
	})
}
