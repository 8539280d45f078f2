package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// Attach adds a file to an item. It uploads the chunks and then saves the item with a reference to them, so a failed upload
// leaves the item as it was. The name loses its folders, and gets a number if the item already has it. progress (which may be
// nil) gets the number of bytes uploaded.
func (c *Client) Attach(ctx context.Context, itemID, name string, data []byte, progress func(done, total int)) (item.Item, error) {
	return c.attach(ctx, itemID, parcel.Attached{Name: name, Data: data}, progress, false)
}

// attach attaches a file; quiet as in saving.
func (c *Client) attach(ctx context.Context, itemID string, f parcel.Attached, progress func(done, total int), quiet bool) (item.Item, error) {
	data := f.Data
	it, err := c.Get(itemID)
	if err != nil {
		return item.Item{}, err
	}
	sum, key, id := sha256.Sum256(data), seal.NewAttachmentKey(), seal.NewID()
	defer key.Wipe()
	added := item.Attachment{
		ID: id.String(), Name: freeName(it.Attachments, baseName(f.Name)), SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data)),
		Key: key.Encode(), Unknown: f.Unknown,
	}
	with := func(it item.Item) item.Item {
		it.Attachments = append(slices.Clone(it.Attachments), added)
		return it
	}
	if err := with(it).Validate(); err != nil {
		return item.Item{}, err
	}
	chunks, err := c.upload(ctx, itemID, id, key, data, progress)
	if err == nil {
		it, err = c.Get(itemID) // it may have changed meanwhile
	}
	if err != nil {
		// The server drops chunks that no write puts.
		return item.Item{}, fmt.Errorf("upload %s: %w", added.Name, err)
	}
	return c.saveAs(ctx, with(it), quiet, outbox.NewAttached(id, chunks))
}

// Attachment downloads and opens a file of an item. It returns an *AttachmentAlteredError, or ErrAttachmentGone if the server
// does not have the file.
func (c *Client) Attachment(ctx context.Context, itemID, attachmentID string, progress func(done, total int)) ([]byte, error) {
	it, err := c.Get(itemID)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(it.Attachments, func(a item.Attachment) bool { return a.ID == attachmentID })
	if i < 0 {
		return nil, ErrNoAttachment
	}
	a := it.Attachments[i]
	if a.Size < 0 || a.Size > item.MaxAttachmentBytes {
		return nil, &UnreadableError{ID: itemID, Err: fmt.Errorf("attachment %s has %d bytes", a.Name, a.Size)}
	}
	if c.readsCopy() {
		return nil, ErrNotInCopy
	}
	id, err := chain.ParseID(a.ID)
	if err != nil {
		return nil, &UnreadableError{ID: itemID, Err: fmt.Errorf("attachment %s: %w", a.Name, err)}
	}
	key, err := seal.ParseAttachmentKey(a.Key)
	if err != nil {
		return nil, &UnreadableError{ID: itemID, Err: fmt.Errorf("attachment %s has no key: %w", a.Name, err)}
	}
	defer key.Wipe()
	data := make([]byte, 0, a.Size)
	count := chunkCount(a.Size)
	for n := 1; n <= count; n++ {
		content, err := c.download(ctx, itemID, a.Name, key, seal.Chunk{Attachment: id, Number: uint32(n), Count: uint32(count)}) // #nosec G115 -- at most protocol.MaxChunks
		if err != nil {
			return nil, err
		}
		data = append(data, content...)
		if progress != nil {
			progress(len(data), int(a.Size))
		}
	}
	if sum := sha256.Sum256(data); int64(len(data)) != a.Size || hex.EncodeToString(sum[:]) != a.SHA256 {
		return nil, &AttachmentAlteredError{a.Name, errors.New("it differs from the file that was attached")}
	}
	return data, nil
}

// RemoveAttachment removes a file from an item. The server keeps it as long as an older version of the item refers to it.
func (c *Client) RemoveAttachment(ctx context.Context, itemID, attachmentID string) (item.Item, error) {
	it, err := c.Get(itemID)
	if err != nil {
		return item.Item{}, err
	}
	rest := slices.DeleteFunc(slices.Clone(it.Attachments), func(a item.Attachment) bool { return a.ID == attachmentID })
	if len(rest) == len(it.Attachments) {
		return item.Item{}, ErrNoAttachment
	}
	it.Attachments = rest
	return c.Save(ctx, it)
}

// chunkCount returns the number of chunks of a file. An empty file has one empty chunk.
func chunkCount(size int64) int {
	return max(1, int((size+seal.ChunkBytes-1)/seal.ChunkBytes))
}

func chunkPath(vault string, c seal.Chunk) string {
	return strings.NewReplacer("{vault}", vault, "{id}", c.Attachment.String(), "{chunk}", strconv.Itoa(int(c.Number))).Replace(protocol.PathVaultChunk)
}

// upload is one operation for each chunk, so a large file does not block syncing and saving. It returns the hashes of the chunks.
func (c *Client) upload(
	ctx context.Context, itemID string, id chain.ID, key seal.AttachmentKey, data []byte, progress func(done, total int),
) ([]chain.Hash, error) {
	count := uint32(chunkCount(int64(len(data)))) // #nosec G115 -- at most protocol.MaxChunks
	done := 0
	var hashes []chain.Hash
	for n, content := range chunks(data) {
		chunk := seal.Chunk{Attachment: id, Number: uint32(n) + 1, Count: count} // #nosec G115 -- at most protocol.MaxChunks
		token, err := key.Seal(chunk, content)
		if err != nil {
			return nil, fmt.Errorf("seal chunk: %w", err)
		}
		if err := c.putChunk(ctx, itemID, chunk, token); err != nil {
			return nil, err
		}
		hashes = append(hashes, chain.HashOf(chain.HashChunk, []byte(token)))
		done += len(content)
		if progress != nil {
			progress(done, len(data))
		}
	}
	return hashes, nil
}

func chunks(data []byte) [][]byte {
	if len(data) == 0 {
		return [][]byte{nil}
	}
	return slices.Collect(slices.Chunk(data, seal.ChunkBytes))
}

// putChunk sends a chunk. If the quota is full, attachments that no item refers to are deleted first.
func (c *Client) putChunk(ctx context.Context, itemID string, chunk seal.Chunk, token string) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	v, err := op.loadedWith(itemID)
	if err == nil {
		err = v.mayWrite()
	}
	if err != nil {
		return err
	}
	send := func() error {
		return op.call(methodPut, chunkPath(v.id(), chunk), protocol.Chunk{Count: int(chunk.Count), Token: token}, nil)
	}
	err = send()
	if hasCode(err, protocol.CodeQuotaReached) {
		cleared, clearErr := op.clearOrphans(v)
		if clearErr != nil || !cleared {
			return errors.Join(err, clearErr)
		}
		err = send()
	}
	return err
}

// download fetches and opens one chunk.
func (c *Client) download(ctx context.Context, itemID, name string, key seal.AttachmentKey, chunk seal.Chunk) ([]byte, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer op.end()
	v, err := op.loadedWith(itemID)
	if err != nil {
		return nil, err
	}
	var answer protocol.Chunk
	err = op.call(methodGet, chunkPath(v.id(), chunk), nil, &answer)
	if hasCode(err, protocol.CodeNotFound) {
		return nil, fmt.Errorf("%w: %s, chunk %d of %d", ErrAttachmentGone, name, chunk.Number, chunk.Count)
	}
	if err != nil {
		return nil, err
	}
	content, err := key.Open(chunk, answer.Token)
	if err != nil {
		return nil, &AttachmentAlteredError{name, err}
	}
	return content, nil
}

// maxDetached bounds the attachments that one write deletes.
const maxDetached = 500

// clearOrphans deletes the live attachments that no version of any item refers to, and reports whether there were any. An attachment
// becomes live in the write that saves its item, so no other device can be about to refer to it.
//
// A device that has not synced may be about to save an item that another device has just deleted permanently. The item survives
// that (see Save), its attachments do not.
func (op *operation) clearOrphans(v *vault) (bool, error) {
	if _, err := op.sync(v); err != nil {
		return false, err
	}
	if len(v.outbox.Changes) > 0 { // the outbox may refer to an attachment
		return false, nil
	}
	cleared := false
	err := op.apply(v, noEdits, func(ch *replica.Change) error {
		cleared = false
		orphans, err := op.orphans(v)
		for _, id := range orphans[:min(len(orphans), maxDetached)] {
			ch.Detach(id)
			cleared = true
		}
		return err
	})
	return cleared, err
}

func (op *operation) orphans(v *vault) ([]chain.ID, error) {
	var ids []string
	var all []chain.ID
	for _, l := range v.Attachments() {
		ids, all = append(ids, l.ID.String()), append(all, l.ID)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	named, err := v.Mentioned(op.ctx, ids)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(id chain.ID) bool { return named[id.String()] }), nil
}

// baseName returns the last part of a path with the separators of any system.
func baseName(name string) string {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	if base == "." || base == "/" {
		return ""
	}
	return base
}

// freeName returns name, or the name with "(2)" and so on before its extension.
func freeName(taken []item.Attachment, name string) string {
	extension := path.Ext(name)
	stem := strings.TrimSuffix(name, extension)
	free := name
	for n := 2; slices.ContainsFunc(taken, func(a item.Attachment) bool { return a.Name == free }); n++ {
		number := fmt.Sprintf(" (%d)", n)
		short := []rune(stem)
		if over := utf8.RuneCountInString(name) + len(number) - item.MaxAttachmentName; over > 0 && over < len(short) {
			short = short[:len(short)-over]
		}
		free = string(short) + number + extension
	}
	return free
}
