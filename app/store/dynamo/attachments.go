package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Attachments are rows of the passwords table: a small row for each attachment, for lists, and a row for each chunk. They
// have no revision, so the index that Changes reads does not hold them. The user's row has the size of all chunks; PutChunk
// and DeleteAttachment update it.

// attachmentRow describes an attachment. It is written with the first chunk and deleted after the last.
type attachmentRow struct {
	UserID   string `dynamodbav:"user_id"`
	RecordID string `dynamodbav:"record_id"`
	ID       string `dynamodbav:"attachment_id"`
	Count    int    `dynamodbav:"piece_count"`
	Chunks   int    `dynamodbav:"pieces"`
	Bytes    int64  `dynamodbav:"piece_bytes"`
	Uploaded int64  `dynamodbav:"uploaded"`
}

type chunkRow struct {
	UserID   string `dynamodbav:"user_id"`
	RecordID string `dynamodbav:"record_id"`
	Count    int    `dynamodbav:"piece_count"`
	Token    string `dynamodbav:"token"`
}

const (
	attachmentPrefix = "attachment#"
	// maxChunkDeletes keeps a transaction that deletes chunks below DynamoDB's limit of 4 MB.
	maxChunkDeletes = 12
)

func attachmentKey(userID, attachment string) item {
	return item{"user_id": str(userID), "record_id": str(attachmentPrefix + attachment)}
}

func chunkID(attachment string, number int) string {
	return fmt.Sprintf("piece#%s#%03d", attachment, number)
}

func chunkKey(userID, attachment string, number int) item {
	return item{"user_id": str(userID), "record_id": str(chunkID(attachment, number))}
}

// PutChunk implements vault.Store.
func (s *Store) PutChunk(ctx context.Context, name vault.Username, p vault.Chunk, now time.Time, quota int64) error {
	u, err := s.userRow(ctx, name)
	if err != nil {
		return err
	}
	row := chunkRow{UserID: u.ID, RecordID: chunkID(p.Attachment, p.Number), Count: p.Count, Token: p.Token}
	size := int64(len(p.Token))
	room := quota - size
	fits := attribute("attachment_bytes").LessThanEqual(value(room))
	if room >= 0 {
		fits = fits.Or(attribute("attachment_bytes").AttributeNotExists())
	}
	head := struct {
		ID       string `dynamodbav:"attachment_id"`
		Count    int    `dynamodbav:"piece_count"`
		Uploaded int64  `dynamodbav:"uploaded"`
	}{p.Attachment, p.Count, now.UnixMilli()}
	err = s.transact(ctx,
		update(s.table.Users, userKey(name), nil, expression.Add(attribute("attachment_bytes"), value(size)), isUser(vault.UserID(u.ID)).And(fits)),
		update(s.table.Passwords, attachmentKey(u.ID, p.Attachment), head,
			expression.Add(attribute("pieces"), value(1)).Add(attribute("piece_bytes"), value(size)),
			isNew(names.RecordsSortKey).Or(attribute("piece_count").Equal(value(p.Count)))),
		put(s.table.Passwords, row, isNew(names.RecordsSortKey)),
	)
	var r *refused
	switch {
	case errors.As(err, &r):
		return s.chunkRefused(ctx, u, p, r)
	case errors.Is(err, errBusy):
		return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
	}
	return err
}

// chunkRefused explains why PutChunk's transaction failed. It checks the chunk itself first: a chunk that is already stored is
// not a failure, even if the quota is exceeded by now.
func (s *Store) chunkRefused(ctx context.Context, u userRow, p vault.Chunk, r *refused) error {
	held, err := s.Chunk(ctx, vault.UserID(u.ID), p.Attachment, p.Number)
	switch {
	case err == nil && held.Count == p.Count && held.Token == p.Token:
		return nil
	case err == nil:
		return vault.ErrChunkTaken
	case !errors.Is(err, vault.ErrNotFound):
		return err
	}
	if _, ok := r.at(0); !ok {
		return vault.ErrChunkTaken // the attachment has another count
	}
	if err := userConflict(r, vault.UserID(u.ID)); !errors.Is(err, vault.ErrConflict) {
		return err
	}
	return vault.ErrQuotaReached
}

// Chunk implements vault.Store.
func (s *Store) Chunk(ctx context.Context, id vault.UserID, attachment string, number int) (protocol.Chunk, error) {
	var row chunkRow
	if err := s.passwordsRow(ctx, chunkKey(string(id), attachment, number), &row); err != nil {
		return protocol.Chunk{}, fmt.Errorf("chunk: %w", err)
	}
	return protocol.Chunk{Count: row.Count, Token: row.Token}, nil
}

// passwordsRow reads a row of the passwords table. It returns ErrNotFound if there is none.
func (s *Store) passwordsRow(ctx context.Context, key item, out any) error {
	r, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table.Passwords, Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return storeError(err)
	}
	if len(r.Item) == 0 {
		return vault.ErrNotFound
	}
	return decode(r.Item, out)
}

// Attachments implements vault.Store.
func (s *Store) Attachments(ctx context.Context, id vault.UserID) ([]protocol.Attachment, error) {
	rows, err := s.attachmentRows(ctx, string(id))
	if err != nil {
		return nil, err
	}
	list := make([]protocol.Attachment, 0, len(rows))
	for _, r := range rows {
		list = append(list, protocol.Attachment{
			ID: r.ID, Count: r.Count, Chunks: r.Chunks, Bytes: r.Bytes, Uploaded: fromMillis(r.Uploaded),
		})
	}
	return list, nil
}

func (s *Store) attachmentRows(ctx context.Context, userID string) ([]attachmentRow, error) {
	return rowsUnder[attachmentRow](ctx, s, s.table.Passwords, userID, attachmentPrefix)
}

// DeleteAttachment implements vault.Store. It deletes the attachment's row last, because a retry needs it to find the
// remaining chunks.
func (s *Store) DeleteAttachment(ctx context.Context, name vault.Username, attachment string) error {
	u, err := s.userRow(ctx, name)
	if err != nil {
		return err
	}
	key := attachmentKey(u.ID, attachment)
	var row attachmentRow
	if err := s.passwordsRow(ctx, key, &row); err != nil {
		return fmt.Errorf("attachment: %w", err)
	}
	if err := s.deleteChunks(ctx, row); err != nil {
		return err
	}
	err = s.transact(ctx,
		update(s.table.Users, userKey(name), nil, expression.Add(attribute("attachment_bytes"), value(-row.Bytes)), isUser(vault.UserID(u.ID))),
		// Otherwise a chunk stored meanwhile would have no attachment.
		remove(s.table.Passwords, key, attribute("pieces").Equal(value(row.Chunks))),
	)
	return userConflict(err, vault.UserID(u.ID))
}

func (s *Store) deleteChunks(ctx context.Context, row attachmentRow) error {
	keys := make([]item, row.Count)
	for i := range keys {
		keys[i] = chunkKey(row.UserID, row.ID, i+1)
	}
	for len(keys) > 0 {
		n := min(len(keys), maxChunkDeletes)
		if err := s.deleteRows(ctx, s.table.Passwords, keys[:n]); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

// deleteAllChunks deletes the chunks of all attachments. The sweep of the table deletes the attachments' rows.
func (s *Store) deleteAllChunks(ctx context.Context, userID string) error {
	rows, err := s.attachmentRows(ctx, userID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := s.deleteChunks(ctx, row); err != nil {
			return err
		}
	}
	return nil
}
