package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
)

// Synced is the result of a Sync.
type Synced struct {
	Revision   int64        `json:"revision"`
	Changed    bool         `json:"changed"`
	Count      int          `json:"count"`   // items outside the trash
	Trashed    int          `json:"trashed"` // items in the trash
	Unreadable []Unreadable `json:"unreadable"`
	Waiting                 // the outbox after the Sync
	Undeleted  []string     `json:"kept"` // items that were deleted here but not on the server, because another device changed them
	// CopyProblem says in English why this device has no cache, or has set an outbox aside; empty if nothing is wrong.
	CopyProblem string `json:"-"`
}

// Unreadable is an authentic item that this client cannot read.
type Unreadable struct {
	ID      string         `json:"id"`
	Finding bridge.Finding `json:"finding"`
	Message string         `json:"-"` // in English
}

// Sync downloads the vault, or its changes since the last Sync, and then sends the outbox, the oldest change first. It verifies
// the download against the sealed manifest and against what this device has seen before; if they do not match, it returns a
// *VaultAlteredError or *RolledBackError and changes nothing. Changes that the server rejects, or is too busy for, stay in the
// outbox.
func (c *Client) Sync(ctx context.Context) (Synced, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return Synced{}, err
	}
	defer op.end()
	v, err := op.opened()
	if err != nil {
		return Synced{}, err
	}
	stamp := v.outbox.Stamp
	changed, err := op.sync(v)
	if err != nil {
		return Synced{}, err
	}
	if err := op.flush(v); err != nil {
		return Synced{}, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	stayed := v.stayed
	v.stayed = nil // only operations use it
	out := Synced{Revision: v.Revision, Changed: changed || v.outbox.Stamp != stamp, Unreadable: []Unreadable{},
		Waiting: v.waiting(), Undeleted: append([]string{}, stayed...), CopyProblem: cmp.Or(op.outboxProblem, op.cacheProblem)}
	out.Count, out.Trashed = v.Counts()
	for _, e := range v.All() {
		if e.Err != nil {
			out.Unreadable = append(out.Unreadable, Unreadable{e.ID, findingOf(&UnreadableError{ID: e.ID, Err: e.Err}), e.Err.Error()})
		}
	}
	return out, nil
}

// loaded returns the unlocked vault, after it was synced or opened from the cache.
func (op *operation) loaded() (*vault, error) {
	v, err := op.opened()
	if err == nil && !v.Loaded {
		if _, err = op.sync(v); v.Loaded && unreachable(err) {
			err = nil
		}
	}
	return v, err
}

// sync reports whether the revision changed.
func (op *operation) sync(v *vault) (bool, error) {
	if err := op.recall(v); err != nil {
		return false, err
	}
	before := v.Revision
	if !v.Loaded {
		// If the cache is missing or damaged, the whole vault is downloaded and verified in the same way.
		_ = op.openCache(v)
		if op.ctx.Err() != nil {
			return false, op.ctx.Err()
		}
	}
	if err := op.loadOutbox(v); err != nil {
		return false, err
	}
	if v.Revision > 0 {
		err := op.pull(v, false)
		var wrong *VaultAlteredError
		if !errors.As(err, &wrong) {
			return v.Revision != before, err
		}
		// A delta to an old state may not match the manifest, because the server drops old tombstones. The whole vault must match.
	}
	err := op.pull(v, true)
	return v.Revision != before, err
}

// pull downloads the vault, or its changes, and verifies and applies them.
func (op *operation) pull(v *vault, full bool) error {
	since := v.Revision
	if full {
		since = 0
	}
	body, err := op.exchange(methodGet, protocol.PathVault+"?since="+strconv.FormatInt(since, 10), nil, maxVault)
	if hasCode(err, protocol.CodeUnavailable) { // a server that is too busy counts as offline
		err = fmt.Errorf("%w: %w", ErrOffline, err)
	}
	if err != nil {
		return err
	}
	answer, err := replica.Parse(body)
	if err != nil {
		return op.answerError(methodGet, protocol.PathVault, err)
	}
	before := v.Revision
	if err := op.take(v, answer, full); err != nil {
		return err
	}
	if full {
		err = op.cacheWhole(v, body)
	} else {
		err = op.cacheDelta(v, before, body)
	}
	if err != nil {
		return err
	}
	// Write the cache first: one that is newer than Seen raises no alarm.
	return op.remember(v)
}

// take verifies an answer and applies it.
func (op *operation) take(v *vault, answer protocol.VaultResponse, full bool) error {
	next, err := v.Verify(op.ctx, v.seen, answer, full)
	if err != nil {
		return err
	}
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	next.Commit(answer.Revision, answer.Manifest)
	return nil
}
