package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
)

// Delete permanently deletes items with their history and attachments. An item that another device changed at the same time
// stays, and is named in a *ConflictError. While the server cannot be reached, the items only disappear from the list, and the
// deletion waits in the outbox under the same rule.
func (c *Client) Delete(ctx context.Context, ids []string) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	return op.deleteAll(ids, nil)
}

// EmptyTrash deletes the items in the trash, as Delete does. progress may be nil.
func (c *Client) EmptyTrash(ctx context.Context, progress func(done, total int)) error {
	_, err := c.deleteTrashed(ctx, progress, func(item.Item) bool { return true })
	return err
}

// PurgeTrash deletes the items whose time in the trash is over, and returns their number. now is this device's clock; the
// server's clock must agree.
func (c *Client) PurgeTrash(ctx context.Context, now time.Time) (int, error) {
	n, err := c.deleteTrashed(ctx, nil, func(it item.Item) bool { return c.isDue(it, now) })
	var conflict *ConflictError
	if errors.As(err, &conflict) {
		return n - len(conflict.IDs), nil
	}
	if err != nil {
		return 0, err
	}
	return n, nil
}

// deleteTrashed deletes the wanted items in the trash of each vault in which the user may write, and returns their number.
func (c *Client) deleteTrashed(ctx context.Context, progress func(done, total int), wanted func(item.Item) bool) (int, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer op.end()
	personal, err := op.loaded()
	if err != nil {
		return 0, err
	}
	var ids []string
	for _, v := range personal.vaults() {
		if v == personal || v.trouble == nil && v.mayWrite() == nil {
			ids = append(ids, v.Trashed(wanted)...)
		}
	}
	return len(ids), op.deleteAll(ids, progress)
}

// deleteAll deletes items in any vaults.
func (op *operation) deleteAll(ids []string, progress func(done, total int)) error {
	if _, err := op.loaded(); err != nil { // also without items
		return err
	}
	var stay []string
	err := op.eachVault(ids, progress, func(v *vault, ids []string, progress func(done, total int)) error {
		err := op.delete(v, ids, progress)
		var conflict *ConflictError
		if errors.As(err, &conflict) {
			stay, err = append(stay, conflict.IDs...), nil
		}
		return err
	})
	return errors.Join(err, conflictError(stay))
}

// shownBases returns which state of each item is shown, and the attachments that are free without the items.
func (v *vault) shownBases(ids []string) (seen map[string]string, freed map[string]bool, err error) {
	seen, freed = map[string]string{}, map[string]bool{}
	for _, id := range ids {
		e := v.Shown(id)
		if e == nil {
			return nil, nil, fmt.Errorf("%w: %s", ErrNotFound, id)
		}
		seen[id] = e.Base()
		_ = v.AttachmentsOf(e, freed) // an unreadable item frees nothing
	}
	return seen, freed, nil
}

// delete deletes items of one vault.
func (op *operation) delete(v *vault, ids []string, progress func(done, total int)) error {
	seen, freed, err := v.shownBases(ids)
	if err != nil {
		return err
	}
	there, err := op.reach(v)
	switch {
	case err != nil:
		return err
	case !there:
		return op.enqueueDelete(v, ids, editKeys{}, false)
	case len(v.outbox.Changes) > 0:
		return op.deleteBehind(v, ids)
	}
	var changed []string
	keys, now := editKeys{}, time.Now()
	for total := len(ids); len(ids) > 0; {
		n := 0
		var keep []string
		var edits []edit
		if err := op.giveWay(); err != nil {
			return err
		}
		err := op.apply(v, func() ([]edit, error) { return edits, nil }, func(ch *replica.Change) error {
			keep, edits = nil, nil
			n, err = ch.Remove(ids, func(e *replica.Entry) bool {
				if e.Base() == seen[e.ID] {
					q := outbox.Change{Key: keys.of(v, e.ID), ID: e.ID, At: now.UnixMilli(), Base: e.Base(), Sent: true}
					edits = append(edits, edit{q, e.ID})
					return true
				}
				keep = append(keep, e.ID)
				return false
			})
			return err
		})
		if op.mayWait(err) {
			return errors.Join(op.enqueueDelete(v, ids, keys, errors.Is(err, ErrUncertain)), conflictError(changed))
		}
		if err != nil {
			return err
		}
		changed = append(changed, keep...)
		ids = ids[n:]
		progress(total-len(ids), total)
	}
	if len(freed) > 0 {
		_, _ = op.clearOrphans(v) // the items are gone; a later call deletes the attachments that remain
	}
	return conflictError(changed)
}

func conflictError(ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return &ConflictError{ids}
}

// deleteBehind appends the deletion to the outbox and sends it.
func (op *operation) deleteBehind(v *vault, ids []string) error {
	if err := op.enqueueDelete(v, ids, editKeys{}, false); err != nil {
		return err
	}
	// The items are marked as deleted on this device. If sending fails, the next Sync reports why.
	_ = op.flush(v)
	var changed, others []string
	for _, id := range v.stayed {
		if slices.Contains(ids, id) {
			changed = append(changed, id)
		} else {
			others = append(others, id)
		}
	}
	v.stayed = others
	return conflictError(changed)
}
