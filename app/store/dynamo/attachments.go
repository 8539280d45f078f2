package dynamo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Attachments are rows of the passwords table: a small row for each attachment, for lists, and a row for each chunk. The chunks have
// no revision, so the index that Changes reads does not hold them. A write gives the row of an attachment a revision, when it makes it
// live and when it deletes it. A row of the vaults table has the size of all chunks: see chunksID.

// attachmentRow describes an attachment. It is written with the first chunk.
type attachmentRow struct {
	Vault     string            `dynamodbav:"vault_id"`
	RecordID  string            `dynamodbav:"record_id"`
	ID        string            `dynamodbav:"attachment_id"`
	Count     int               `dynamodbav:"chunk_count"`
	Chunks    int               `dynamodbav:"chunks"` // stored so far
	Bytes     int64             `dynamodbav:"chunk_bytes"`
	Uploaded  int64             `dynamodbav:"uploaded"`
	Hashes    map[string][]byte `dynamodbav:"hashes,omitempty"`     // chain.HashChunk of the chunks, by number
	Held      int64             `dynamodbav:"held,omitempty"`       // when a write renewed it: see planner.hold
	DeletedAt int64             `dynamodbav:"deleted_at,omitempty"` // when a write deleted it, as long as its chunks are kept
	Revision  int64             `dynamodbav:"revision,omitempty"`
	Operation []byte            `dynamodbav:"operation,omitempty"` // of that write, encoded
	// Deleted is set until the chunks are deleted, which is while DeletedAt is not set. If a write set it, the row remains as a tombstone.
	Deleted bool  `dynamodbav:"deleted,omitempty"`
	TTL     int64 `dynamodbav:"expires_at,omitempty"`
}

type chunkRow struct {
	Vault    string `dynamodbav:"vault_id"`
	RecordID string `dynamodbav:"record_id"`
	Count    int    `dynamodbav:"chunk_count"`
	Token    string `dynamodbav:"token"`
}

const (
	attachmentPrefix = "attachment#"
	// maxChunkDeletes keeps a transaction that deletes chunks below DynamoDB's limit of 4 MB.
	maxChunkDeletes = 12
)

func recordKey(vaultID, row string) item {
	return item{names.RecordsPartitionKey: str(vaultID), names.RecordsSortKey: str(row)}
}

func attachmentKey(vaultID, attachment string) item {
	return recordKey(vaultID, attachmentPrefix+attachment)
}

func chunkID(attachment string, number int) string {
	return fmt.Sprintf("chunk#%s#%03d", attachment, number)
}

func (r attachmentRow) pending() bool { return r.Revision == 0 && !r.Deleted }

func (r attachmentRow) live() bool { return r.Revision > 0 && !r.Deleted }

// lost reports whether r was sent again to a restored store, without chunks.
func (r attachmentRow) lost() bool { return r.live() && r.Chunks == 0 }

// keptAt reports whether a write deleted the attachment and its chunks are kept at now.
func (r attachmentRow) keptAt(now time.Time) bool {
	return r.Deleted && r.DeletedAt != 0 && kept(r.DeletedAt, now)
}

// gone reports whether nothing is to be read of the attachment, though some chunks may be there.
func (r attachmentRow) gone(now time.Time) bool { return r.Deleted && !r.keptAt(now) }

// expired reports whether the chunks of an attachment that is not live may go. A write that puts it holds it for a while.
func (r attachmentRow) expired(now time.Time) bool {
	if r.Deleted {
		return !r.keptAt(now) && now.After(fromMillis(r.Held).Add(vault.PendingLife))
	}
	return now.After(fromMillis(max(r.Uploaded, r.Held)).Add(vault.PendingLife))
}

// unchanged is the condition that an attachment that is not live is as r says.
func (r attachmentRow) unchanged() condition {
	held := attribute("held").AttributeNotExists()
	if r.Held != 0 {
		held = attribute("held").Equal(value(r.Held))
	}
	if r.Deleted {
		return held.And(attribute("deleted_at").Equal(value(r.DeletedAt)))
	}
	return held.And(attribute("chunks").Equal(value(r.Chunks)), attribute("revision").AttributeNotExists(), attribute("deleted").AttributeNotExists())
}

func (r attachmentRow) attachment() (vault.Attachment, error) {
	a := vault.Attachment{
		Count: r.Count, Chunks: make([]chain.Hash, r.Count), Bytes: r.Bytes, Created: fromMillis(r.Uploaded), Live: r.live(),
	}
	if r.Deleted {
		a.Deleted = fromMillis(r.DeletedAt)
	}
	var err error
	if a.ID, err = chain.ParseID(r.ID); err != nil {
		return a, fmt.Errorf("%w: unreadable attachment: %w", vault.ErrStoreUnavailable, err)
	}
	for number, hash := range r.Hashes {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > r.Count || len(hash) != len(chain.Hash{}) {
			return a, fmt.Errorf("%w: unreadable hash of a chunk", vault.ErrStoreUnavailable)
		}
		a.Chunks[n-1] = chain.Hash(hash)
	}
	return a, nil
}

// rolledForward rolls a pending write of a vault forward, which may change its attachments. The vault may be unknown.
func (s *Store) rolledForward(ctx context.Context, id chain.ID) error {
	_, err := s.upToDateHead(ctx, id)
	if errors.Is(err, vault.ErrNotFound) {
		return nil
	}
	return err
}

// attachmentRowOf reads the row of an attachment.
func (s *Store) attachmentRowOf(ctx context.Context, id, attachment chain.ID) (r attachmentRow, found bool, err error) {
	if err := s.rolledForward(ctx, id); err != nil {
		return r, false, err
	}
	found, err = s.rowAt(ctx, s.table.Passwords, attachmentKey(id.String(), attachment.String()), &r)
	return r, found, err
}

func (s *Store) attachmentRows(ctx context.Context, id chain.ID) ([]attachmentRow, error) {
	if err := s.rolledForward(ctx, id); err != nil {
		return nil, err
	}
	return rowsUnder[attachmentRow](ctx, s, s.table.Passwords, id.String(), attachmentPrefix)
}

// addChunks changes the size of all chunks of a vault.
func (s *Store) addChunks(id string, size int64, when ...condition) write {
	exists := attribute(names.VaultsPartitionKey).AttributeExists()
	for _, w := range when {
		exists = exists.And(w)
	}
	return update(s.table.Vaults, vaultKey(id, chunksID), nil, expression.Add(attribute("attachment_bytes"), value(size)), exists)
}

// PutChunk implements vault.Store.
func (s *Store) PutChunk(ctx context.Context, id chain.ID, c vault.Chunk, now time.Time, quota int64) error {
	cleared := c.Number == 1
	if cleared {
		if err := s.clearAttachments(ctx, id, now); err != nil {
			return err
		}
	}
	err := s.putChunk(ctx, id, c, now, quota)
	if errors.Is(err, vault.ErrQuotaReached) && !cleared {
		if err := s.clearAttachments(ctx, id, now); err != nil {
			return err
		}
		return s.putChunk(ctx, id, c, now, quota)
	}
	return err
}

func (s *Store) putChunk(ctx context.Context, id chain.ID, c vault.Chunk, now time.Time, quota int64) error {
	for try := 1; ; try++ {
		row, found, err := s.attachmentRowOf(ctx, id, c.Attachment)
		if err != nil {
			return err
		}
		hash := chain.HashOf(chain.HashChunk, []byte(c.Token))
		if found {
			if stored, err := row.holds(c, hash, now); stored || err != nil {
				return err
			}
		}
		size := int64(len(c.Token))
		err = s.transact(ctx,
			s.addChunks(id.String(), size, attribute("attachment_bytes").LessThanEqual(value(quota-size))),
			s.growAttachment(id, c, hash, now, found),
			put(s.table.Passwords, chunkRow{
				Vault: id.String(), RecordID: chunkID(c.Attachment.String(), c.Number), Count: c.Count, Token: c.Token,
			}, isNew(names.RecordsSortKey)),
		)
		if err == nil {
			return nil
		}
		if err := uploadRefused(err); err != nil {
			return err
		}
		if try == readTries {
			return fmt.Errorf("%w: the attachment keeps changing", vault.ErrStoreUnavailable)
		}
	}
}

// uploadRefused explains why an upload failed. It returns nil if another change of the attachment came first.
func uploadRefused(err error) error {
	if errors.Is(err, errBusy) {
		return nil
	}
	var r *refused
	if !errors.As(err, &r) {
		return err
	}
	row, ok := r.at(0)
	switch {
	case !ok:
		return nil
	case len(row) == 0:
		return errNoVault
	}
	return vault.ErrQuotaReached
}

// holds reports whether this very chunk is stored. It returns vault.ErrChunkTaken if it can never be.
func (r attachmentRow) holds(c vault.Chunk, hash chain.Hash, now time.Time) (bool, error) {
	stored, taken := r.Hashes[strconv.Itoa(c.Number)]
	switch {
	case !r.gone(now) && r.Count == c.Count && bytes.Equal(stored, hash[:]):
		return true, nil
	case taken || !r.pending() || r.Count != c.Count:
		return false, vault.ErrChunkTaken
	}
	return false, nil
}

// growAttachment adds a chunk to the row of an attachment, which exists if found is set.
func (s *Store) growAttachment(id chain.ID, c vault.Chunk, hash chain.Hash, now time.Time, found bool) write {
	key := attachmentKey(id.String(), c.Attachment.String())
	number, size := strconv.Itoa(c.Number), int64(len(c.Token))
	if !found {
		return put(s.table.Passwords, attachmentRow{
			Vault: id.String(), RecordID: attachmentPrefix + c.Attachment.String(), ID: c.Attachment.String(),
			Count: c.Count, Chunks: 1, Bytes: size, Uploaded: now.UnixMilli(), Hashes: map[string][]byte{number: hash[:]},
		}, isNew(names.RecordsSortKey))
	}
	return update(s.table.Passwords, key, nil,
		expression.Add(attribute("chunks"), value(1)).Add(attribute("chunk_bytes"), value(size)).Set(attribute("hashes."+number), value(hash[:])),
		attribute("chunk_count").Equal(value(c.Count)).And(
			attribute("revision").AttributeNotExists(), attribute("deleted").AttributeNotExists(), attribute("hashes."+number).AttributeNotExists()))
}

// Chunk implements vault.Store. The chunks of an attachment that is gone may still be there.
func (s *Store) Chunk(ctx context.Context, id, attachment chain.ID, number int, now time.Time) (vault.Chunk, error) {
	row, found, err := s.attachmentRowOf(ctx, id, attachment)
	if err != nil {
		return vault.Chunk{}, err
	}
	if !found || row.gone(now) || row.lost() {
		return vault.Chunk{}, fmt.Errorf("attachment: %w", vault.ErrNotFound)
	}
	var stored chunkRow
	found, err = s.rowAt(ctx, s.table.Passwords, recordKey(id.String(), chunkID(attachment.String(), number)), &stored)
	if err == nil && !found {
		err = fmt.Errorf("chunk: %w", vault.ErrNotFound)
	}
	if err != nil {
		return vault.Chunk{}, err
	}
	return vault.Chunk{Attachment: attachment, Number: number, Count: stored.Count, Token: stored.Token}, nil
}

// Attachment implements vault.Store.
func (s *Store) Attachment(ctx context.Context, id, attachment chain.ID, now time.Time) (vault.Attachment, error) {
	row, found, err := s.attachmentRowOf(ctx, id, attachment)
	if err != nil {
		return vault.Attachment{}, err
	}
	if !found || row.gone(now) || row.lost() {
		return vault.Attachment{}, fmt.Errorf("attachment: %w", vault.ErrNotFound)
	}
	return row.attachment()
}

// Attachments implements vault.Store.
func (s *Store) Attachments(ctx context.Context, id chain.ID) ([]vault.Attachment, error) {
	rows, err := s.attachmentRows(ctx, id)
	if err != nil {
		return nil, err
	}
	list := make([]vault.Attachment, 0, len(rows))
	for _, r := range rows {
		if r.Deleted || r.lost() {
			continue
		}
		a, err := r.attachment()
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b vault.Attachment) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return list, nil
}

// clearAttachments deletes attachments that were pending or kept for too long, and finishes deletions.
func (s *Store) clearAttachments(ctx context.Context, id chain.ID, now time.Time) error {
	rows, err := s.attachmentRows(ctx, id)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := s.clearRow(ctx, r, now); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) clearRow(ctx context.Context, r attachmentRow, now time.Time) (err error) {
	switch expired := r.expired(now); {
	case r.pending() && expired:
		r.Deleted, err = s.dropPending(ctx, r)
	case r.DeletedAt != 0 && expired:
		err = s.dropKept(ctx, &r)
	}
	if err != nil || !r.Deleted || r.DeletedAt != 0 || r.Chunks == 0 {
		return err
	}
	return s.clearAttachment(ctx, r)
}

// dropPending marks a pending attachment as deleted. dropped is false if it changed meanwhile.
func (s *Store) dropPending(ctx context.Context, r attachmentRow) (dropped bool, err error) {
	err = s.transact(ctx,
		s.addChunks(r.Vault, -r.Bytes),
		update(s.table.Passwords, attachmentKey(r.Vault, r.ID), nil, expression.Set(attribute("deleted"), value(true)), r.unchanged()),
	)
	var changed *refused
	if errors.As(err, &changed) || errors.Is(err, errBusy) {
		return false, nil
	}
	return err == nil, err
}

// dropKept ends the time of an attachment whose chunks are kept, so that no write puts it again. If a write did meanwhile, it stays.
func (s *Store) dropKept(ctx context.Context, r *attachmentRow) error {
	err := s.transact(ctx, update(s.table.Passwords, attachmentKey(r.Vault, r.ID), nil, expression.Remove(attribute("deleted_at")), r.unchanged()))
	var changed *refused
	if errors.As(err, &changed) || errors.Is(err, errBusy) {
		return nil
	}
	if err == nil {
		r.DeletedAt = 0
	}
	return err
}

// clearAttachment deletes the chunks of a deleted attachment. If a write deleted it, the row remains as a tombstone.
func (s *Store) clearAttachment(ctx context.Context, r attachmentRow) error {
	if err := s.deleteChunks(ctx, r); err != nil {
		return err
	}
	key, deleted := attachmentKey(r.Vault, r.ID), attribute("deleted").AttributeExists()
	change := remove(s.table.Passwords, key, deleted)
	if r.Revision > 0 {
		expires := ttl(time.Now().AddDate(0, 0, vault.TombstoneDays))
		change = update(s.table.Passwords, key, nil,
			expression.Set(attribute("chunks"), value(0)).Set(attribute(names.TTLAttribute), value(expires)), deleted)
	}
	err := s.transact(ctx, change)
	var gone *refused
	if errors.As(err, &gone) {
		return nil // another process did it
	}
	if errors.Is(err, errBusy) {
		return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
	}
	return err
}

func (s *Store) deleteChunks(ctx context.Context, row attachmentRow) error {
	keys := make([]item, row.Count)
	for i := range keys {
		keys[i] = recordKey(row.Vault, chunkID(row.ID, i+1))
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
func (s *Store) deleteAllChunks(ctx context.Context, vaultID string) error {
	rows, err := rowsUnder[attachmentRow](ctx, s, s.table.Passwords, vaultID, attachmentPrefix)
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
