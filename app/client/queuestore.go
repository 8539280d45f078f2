package client

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// The outbox in the Cache is a sequence of pieces: the first holds all changes, each later piece a splice of the list before it.
// A change thus writes what it adds and not the whole outbox.

// keptQueue is one piece. Changes can be read without the key.
type keptQueue struct {
	Changes int    `json:"changes"` // with this piece
	Token   string `json:"token"`
}

// splice is the plaintext of all pieces but the first.
type splice struct {
	Before string   `json:"before"` // pieceDigest of the piece that it follows
	At     int      `json:"at"`
	Cut    int      `json:"cut"` // removed changes
	Put    []queued `json:"put"`
}

// pieceDigest binds a piece to the previous one, so no piece can be left out or moved.
func pieceDigest(piece []byte) string {
	sum := sha256.Sum256(piece)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// queueRow is what a vault knows about the pieces of its outbox.
type queueRow struct {
	stamp  string // of the newest
	digest string
	pieces int
	whole  int // bytes of the first
	more   int // bytes of the others
}

func rowOf(held Kept) queueRow {
	r := queueRow{stamp: held.Stamp, pieces: len(held.Pieces)}
	for i, p := range held.Pieces {
		if i == 0 {
			r.whole = len(p)
		} else {
			r.more += len(p)
		}
	}
	if r.pieces > 0 {
		r.digest = pieceDigest(held.Pieces[r.pieces-1])
	}
	return r
}

// maxQueuePieces bounds the number of small pieces on a device.
const maxQueuePieces = 1000

// full reports whether to rewrite the pieces as one: the later pieces have outgrown the first, or the outbox may soon exceed one
// piece. It must always fit into one, because sending marks every change.
func (r queueRow) full() bool {
	return r.pieces == 0 || r.pieces >= maxQueuePieces || r.more > r.whole || r.whole+r.more > seal.MaxQueueBytes
}

// difference returns the splice that turns before into after.
func difference(before, after []queued) splice {
	at := 0
	for at < len(before) && at < len(after) && before[at] == after[at] {
		at++
	}
	end := 0
	for end < len(before)-at && end < len(after)-at && before[len(before)-1-end] == after[len(after)-1-end] {
		end++
	}
	return splice{At: at, Cut: len(before) - end - at, Put: after[at : len(after)-end]}
}

func (s splice) nothing() bool { return s.Cut == 0 && len(s.Put) == 0 }

// loadQueue reads the outbox into v if another tab or process has changed it.
func (op *operation) loadQueue(v *vault) error {
	if !op.keeps() {
		return nil
	}
	stamp, err := op.cache.Stamp(queueName(v.User))
	if err == nil && stamp == v.queueRow.stamp {
		return nil
	}
	held, err := op.cache.Load(queueName(v.User))
	if err != nil {
		return fmt.Errorf("read the outbox: %w", err)
	}
	changes, err := v.openQueue(held.Pieces)
	if err != nil {
		return &VaultAlteredError{Problems: []error{replica.Found(bridge.Finding{Code: bridge.OutboxUnopened}, "the outbox cannot be decrypted")}, Err: err}
	}
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	v.setQueue(changes, rowOf(held))
	return nil
}

// openQueue returns the list of changes in the pieces.
func (v *vault) openQueue(pieces [][]byte) ([]queued, error) {
	var changes []queued
	for i, piece := range pieces {
		if i == 0 {
			if err := v.openPiece(piece, &changes); err != nil {
				return nil, err
			}
			continue
		}
		var s splice
		if err := v.openPiece(piece, &s); err != nil {
			return nil, err
		}
		if s.Before != pieceDigest(pieces[i-1]) || s.At < 0 || s.Cut < 0 || s.Cut > len(changes)-s.At {
			return nil, errors.New("a part is missing or out of place")
		}
		changes = slices.Replace(changes, s.At, s.At+s.Cut, s.Put...)
	}
	return changes, nil
}

func (v *vault) openPiece(piece []byte, out any) error {
	var kept keptQueue
	if err := decodeStrict(piece, &kept); err != nil {
		return err
	}
	plaintext, err := v.Key.OpenQueue(v.User, kept.Token)
	if err != nil {
		return err
	}
	return decodeStrict(plaintext, out)
}

func (v *vault) sealPiece(changes int, in any) ([]byte, error) {
	plaintext, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("encode the outbox: %w", err)
	}
	token, err := v.Key.SealQueue(v.User, plaintext)
	clear(plaintext)
	if err != nil {
		return nil, fmt.Errorf("write the outbox: %w", err)
	}
	return json.Marshal(keptQueue{changes, token})
}

// changeQueue replaces the outbox by the result of change. It calls change again if another tab or process was faster.
func (op *operation) changeQueue(v *vault, change func([]queued) []queued) error {
	for range maxAttempts {
		changes := change(slices.Clone(v.queue))
		row, err := op.writeQueue(v, changes)
		if errors.Is(err, ErrCacheMoved) {
			if err := op.loadQueue(v); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		op.client.mu.Lock()
		v.setQueue(changes, row)
		op.client.mu.Unlock()
		return nil
	}
	return ErrCacheMoved
}

// writeQueue writes the difference between the outbox of v and changes.
func (op *operation) writeQueue(v *vault, changes []queued) (queueRow, error) {
	row, s := v.queueRow, difference(v.queue, changes)
	if s.nothing() {
		return row, nil
	}
	s.Before = row.digest
	in, put := any(s), op.cache.Add
	whole := row.full() || len(s.Put) > len(changes)/2 || len(changes) == 0
	if whole {
		in, put = changes, op.cache.Replace
	}
	piece, err := v.sealPiece(len(changes), in)
	if err != nil {
		return row, err
	}
	stamp := newStamp()
	if err := put(queueName(v.User), row.stamp, Piece{stamp, piece}); err != nil {
		return row, fmt.Errorf("write the outbox: %w", err)
	}
	if whole {
		row = queueRow{whole: len(piece)}
	} else {
		row.more += len(piece)
	}
	row.stamp, row.digest = stamp, pieceDigest(piece)
	row.pieces++
	return row, nil
}

// Unsent returns the number of changes in this user's outbox, even while the vault is locked.
func (c *Client) Unsent(ctx context.Context) (int, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer op.end()
	user, err := op.keptUser()
	if err != nil {
		return 0, err
	}
	return op.unsent(user)
}

func (op *operation) unsent(user seal.UserID) (int, error) {
	if !op.keeps() || user == "" {
		return 0, nil
	}
	held, err := op.cache.Load(queueName(user))
	if err != nil {
		return 0, err
	}
	return countQueued(held)
}

// countQueued counts the changes without the key.
func countQueued(held Kept) (int, error) {
	if len(held.Pieces) == 0 {
		return 0, nil
	}
	var kept keptQueue
	if err := decodeStrict(held.Pieces[len(held.Pieces)-1], &kept); err != nil {
		return 0, fmt.Errorf("the outbox is damaged: %w", err)
	}
	return kept.Changes, nil
}
