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
	"time"
	"unicode/utf8"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// orphanAge is the minimum age at which an attachment that no item refers to is deleted. Before that, another device may be about
// to save its item.
const orphanAge = 24 * time.Hour

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
	sum := sha256.Sum256(data)
	added := item.Attachment{
		ID: string(seal.NewAttachmentID()), Name: freeName(it.Attachments, baseName(f.Name)),
		SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data)), Unknown: f.Unknown,
	}
	with := func(it item.Item) item.Item {
		it.Attachments = append(slices.Clone(it.Attachments), added)
		return it
	}
	if err := with(it).Validate(); err != nil {
		return item.Item{}, err
	}
	err = c.upload(ctx, added.ID, data, progress)
	if err == nil {
		it, err = c.Get(itemID) // it may have changed meanwhile
	}
	if err != nil {
		// If this fails too, clearOrphans deletes the orphan later.
		_ = c.tell(context.WithoutCancel(ctx), methodDelete, attachmentPath(added.ID), nil)
		return item.Item{}, fmt.Errorf("upload %s: %w", added.Name, err)
	}
	return c.saveAs(ctx, with(it), quiet)
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
	data := make([]byte, 0, a.Size)
	count := chunkCount(a.Size)
	for n := 1; n <= count; n++ {
		content, err := c.download(ctx, a, n, count)
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
	return max(1, int((size+seal.PieceBytes-1)/seal.PieceBytes))
}

func attachmentPath(id string) string { return strings.Replace(protocol.PathAttachment, "{id}", id, 1) }

func chunkPath(id string, number int) string {
	return strings.NewReplacer("{id}", id, "{chunk}", strconv.Itoa(number)).Replace(protocol.PathChunk)
}

// upload is one operation for each chunk, so a large file does not block syncing and saving.
func (c *Client) upload(ctx context.Context, id string, data []byte, progress func(done, total int)) error {
	count := chunkCount(int64(len(data)))
	done := 0
	for n, content := range chunks(data) {
		err := c.putChunk(ctx, seal.Piece{Attachment: seal.AttachmentID(id), Number: n + 1, Count: count}, content)
		if err != nil {
			return err
		}
		done += len(content)
		if progress != nil {
			progress(done, len(data))
		}
	}
	return nil
}

func chunks(data []byte) [][]byte {
	if len(data) == 0 {
		return [][]byte{nil}
	}
	return slices.Collect(slices.Chunk(data, seal.PieceBytes))
}

// putChunk seals and sends a chunk. If the quota is full, attachments that no item refers to are deleted first.
func (c *Client) putChunk(ctx context.Context, p seal.Piece, content []byte) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	v, err := op.loaded()
	if err != nil {
		return err
	}
	p.User = v.User
	token, err := v.Key.SealPiece(p, content)
	if err != nil {
		return fmt.Errorf("seal chunk: %w", err)
	}
	send := func() error {
		return op.call(methodPut, chunkPath(string(p.Attachment), p.Number), protocol.Chunk{Count: p.Count, Token: token}, nil)
	}
	err = send()
	if hasCode(err, protocol.CodeQuotaReached) {
		cleared, clearErr := op.clearOrphans(v, nil, string(p.Attachment))
		if clearErr != nil || !cleared {
			return errors.Join(err, clearErr)
		}
		err = send()
	}
	return err
}

// download fetches and opens one chunk.
func (c *Client) download(ctx context.Context, a item.Attachment, number, count int) ([]byte, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer op.end()
	v, err := op.opened()
	if err != nil {
		return nil, err
	}
	var answer protocol.Chunk
	err = op.call(methodGet, chunkPath(a.ID, number), nil, &answer)
	if hasCode(err, protocol.CodeNotFound) {
		return nil, fmt.Errorf("%w: %s, chunk %d of %d", ErrAttachmentGone, a.Name, number, count)
	}
	if err != nil {
		return nil, err
	}
	content, err := v.Key.OpenPiece(seal.Piece{User: v.User, Attachment: seal.AttachmentID(a.ID), Number: number, Count: count}, answer.Token)
	if err != nil {
		return nil, &AttachmentAlteredError{a.Name, err}
	}
	return content, nil
}

// clearOrphans deletes attachments that no version of any item refers to: those in freed, and all that are older than orphanAge,
// except the upload in progress. It reports whether it deleted any.
//
// A device that has not synced may be about to save an item that another device has just deleted permanently. The item survives
// that (see Save), its attachments do not.
func (op *operation) clearOrphans(v *vault, freed map[string]bool, uploading string) (bool, error) {
	var answer struct {
		Attachments replica.CompleteList[wholeAttachment] `json:"attachments"`
		Quota       int64                                 `json:"quota"`
		Now         time.Time                             `json:"now"`
	}
	if err := op.callWithin(methodGet, protocol.PathAttachments, nil, &answer, maxVault); err != nil {
		return false, err
	}
	orphans := slices.DeleteFunc(answer.Attachments, func(a wholeAttachment) bool {
		return a.ID == uploading || !freed[a.ID] && answer.Now.Sub(a.Uploaded) < orphanAge
	})
	if len(orphans) == 0 {
		return false, nil
	}
	if _, err := op.sync(v); err != nil {
		return false, err
	}
	if len(v.outbox.Changes) > 0 { // the outbox may refer to an attachment
		return false, nil
	}
	var ids []string
	for _, a := range orphans {
		ids = append(ids, a.ID)
	}
	named, err := v.Mentioned(op.ctx, ids)
	if err != nil {
		return false, err
	}
	cleared := false
	for _, a := range orphans {
		if named[a.ID] {
			continue
		}
		err := op.call(methodDelete, attachmentPath(a.ID), nil, nil)
		if err != nil && !hasCode(err, protocol.CodeNotFound) {
			return cleared, err
		}
		cleared = true
	}
	return cleared, nil
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

type wholeAttachment protocol.Attachment

func (a wholeAttachment) Complete() bool { return a.ID != "" && a.Count > 0 && !a.Uploaded.IsZero() }
