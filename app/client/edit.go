package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
)

// The methods below change many items in as few changes of the vault as possible. Each change is all or nothing. They return the
// IDs of the items that differ now, even if they fail, so callers can undo the edit. progress may be nil. While the server cannot
// be reached, the changes wait in the outbox.

// Trash moves items to the trash. They may be deleted permanently after keep; 0: never automatically.
func (c *Client) Trash(ctx context.Context, ids []string, keep time.Duration, progress func(done, total int)) ([]string, error) {
	now := c.laterTime()
	return c.edit(ctx, ids, progress, func(it *item.Item) {
		if !it.Trashed.IsZero() {
			return
		}
		it.Trashed = now
		if keep > 0 {
			it.Purge = now.Add(keep)
		}
	})
}

// Restore takes items out of the trash.
func (c *Client) Restore(ctx context.Context, ids []string, progress func(done, total int)) ([]string, error) {
	return c.edit(ctx, ids, progress, func(it *item.Item) { it.Trashed, it.Purge = time.Time{}, time.Time{} })
}

// Archive moves items to the archive.
func (c *Client) Archive(ctx context.Context, ids []string, progress func(done, total int)) ([]string, error) {
	now := c.laterTime()
	return c.edit(ctx, ids, progress, func(it *item.Item) {
		if it.Archived.IsZero() {
			it.Archived = now
		}
	})
}

// Unarchive takes items out of the archive.
func (c *Client) Unarchive(ctx context.Context, ids []string, progress func(done, total int)) ([]string, error) {
	return c.edit(ctx, ids, progress, func(it *item.Item) { it.Archived = time.Time{} })
}

// Mark adds the items to the favourites, or removes them.
func (c *Client) Mark(ctx context.Context, ids []string, favourite bool, progress func(done, total int)) ([]string, error) {
	return c.edit(ctx, ids, progress, func(it *item.Item) { it.Favourite = favourite })
}

// editing is one edit of the overviews of items.
type editing struct {
	v     *vault
	alter func(*item.Item)
	now   time.Time
	keys  editKeys
	edits []edit // that build made last
}

// editKeys are the keys of the edits of some items, the same in each attempt, by the id of the item.
type editKeys map[string]string

func (k editKeys) of(v *vault, id string) string {
	if k[id] == "" {
		k[id] = v.NewName()
	}
	return k[id]
}

func (c *Client) edit(ctx context.Context, ids []string, progress func(done, total int), alter func(*item.Item)) ([]string, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer op.end()
	var changed []string
	return changed, op.eachVault(ids, progress, func(v *vault, ids []string, progress func(done, total int)) error {
		some, err := op.edit(v, ids, progress, alter)
		changed = append(changed, some...)
		return err
	})
}

// eachVault calls do for the items of each vault.
func (op *operation) eachVault(ids []string, progress func(done, total int), do func(*vault, []string, func(done, total int)) error) error {
	var order []*vault
	of := map[*vault][]string{}
	for _, id := range ids {
		v, err := op.loadedWith(id)
		if err != nil {
			return err
		}
		if of[v] == nil {
			order = append(order, v)
		}
		of[v] = append(of[v], id)
	}
	before := 0
	for _, v := range order {
		err := do(v, of[v], func(done, _ int) {
			if progress != nil {
				progress(before+done, len(ids))
			}
		})
		if err != nil {
			return err
		}
		before += len(of[v])
	}
	return nil
}

// edit edits the items of one vault.
func (op *operation) edit(v *vault, ids []string, progress func(done, total int), alter func(*item.Item)) ([]string, error) {
	ed := editing{v: v, alter: alter, now: time.Now(), keys: editKeys{}}
	if err := ed.check(ids); err != nil {
		return nil, err
	}
	there, err := op.reach(v)
	if err != nil {
		return nil, err
	}
	if !there || len(v.outbox.Changes) > 0 {
		changed, err := op.enqueueEdit(&ed, ids, false)
		if err == nil && there {
			_ = op.flush(v) // if sending fails, the next Sync reports why
		}
		return changed, err
	}
	var changed []string
	for rest := ids; len(rest) > 0; {
		var n int
		var some []string
		if err := op.giveWay(); err != nil {
			return changed, err
		}
		err := op.apply(v, func() ([]edit, error) { return ed.edits, nil }, func(ch *replica.Change) error {
			n, some, err = ed.build(op.ctx, ch, rest)
			return err
		})
		if op.mayWait(err) {
			waiting, err := op.enqueueEdit(&ed, rest, errors.Is(err, ErrUncertain))
			return append(changed, waiting...), err
		}
		if err != nil {
			return changed, err
		}
		changed, rest = append(changed, some...), rest[n:]
		progress(len(ids)-len(rest), len(ids))
	}
	return changed, nil
}

// check returns why the edit is impossible for one of the items.
func (ed *editing) check(ids []string) error {
	for _, id := range ids {
		e := ed.v.Shown(id)
		if e == nil {
			return fmt.Errorf("%w: %s", ErrNotFound, id)
		}
		if _, _, err := ed.result(e); err != nil {
			return err
		}
	}
	return nil
}

// result returns the overview of an item after the edit, and whether it differs from before.
func (ed *editing) result(e *replica.Entry) (item.Item, bool, error) {
	if e.Err != nil {
		return item.Item{}, false, &UnreadableError{ID: e.ID, Err: e.Err}
	}
	it := e.Overview.Clone()
	ed.alter(&it)
	it = it.Normalise()
	if it.SameOverview(e.Overview) {
		return it, false, nil
	}
	it.Modified = ed.now
	it = it.Normalise()
	return it, true, it.Validate()
}

// build edits the first of the items, as many as fit into one change. It returns their number, and which of them differ now. An
// item that another device deleted at the same time stays deleted.
func (ed *editing) build(ctx context.Context, ch *replica.Change, ids []string) (n int, changed []string, err error) {
	size := 0
	ed.edits = nil
	for n, id := range ids {
		if ctx.Err() != nil {
			return 0, nil, ctx.Err()
		}
		e := ed.v.Verified(id)
		if e == nil {
			continue
		}
		it, differs, err := ed.result(e)
		if err != nil {
			return 0, nil, err
		}
		if !differs {
			continue
		}
		meta := it.Overview()
		q, editErr := ed.edit(e, it)
		size += replica.TokenBytes(meta) + q.Bytes()
		if len(changed) > 0 && (ch.Operations()+e.UpdateOperations(false) > replica.MaxOperations || size > replica.MaxChangeBytes) {
			return n, changed, nil
		}
		if err := ch.Update(e, meta, nil); err != nil {
			return 0, nil, err
		}
		changed = append(changed, id)
		if editErr == nil { // without its details, an edit cannot wait
			ed.edits = append(ed.edits, edit{q, id})
		}
	}
	return len(ids), changed, nil
}

// edit returns the edit of an item as it would wait in the outbox.
func (ed *editing) edit(e *replica.Entry, result item.Item) (outbox.Change, error) {
	before, err := ed.v.Open(e)
	if err != nil {
		return outbox.Change{}, err
	}
	return outbox.Change{Key: ed.keys.of(ed.v, e.ID), ID: e.ID, At: ed.now.UnixMilli(), Base: e.Base(),
		Before: replica.ContentsOf(before), After: replica.ContentsOf(item.Join(result, before)), Sent: true}, nil
}

// enqueueEdit appends the edit of items to the outbox.
func (op *operation) enqueueEdit(ed *editing, ids []string, sent bool) ([]string, error) {
	var edits []outbox.Change
	var changed []string
	for _, id := range ids {
		e := ed.v.Shown(id)
		if e == nil {
			continue
		}
		meta, differs, err := ed.result(e)
		if err != nil {
			return nil, err
		}
		if !differs {
			continue
		}
		q, err := ed.edit(e, meta)
		if err != nil {
			return nil, err
		}
		q.Sent = sent
		ed.v.noteSent(&q)
		edits = append(edits, q)
		changed = append(changed, id)
	}
	if len(edits) == 0 {
		return nil, nil
	}
	if err := op.enqueue(ed.v, edits); err != nil {
		return nil, err
	}
	return changed, nil
}

// Duplicate adds a copy of an item under another title. Its files and its older passwords remain with the original.
func (c *Client) Duplicate(ctx context.Context, id, title string) (item.Item, error) {
	it, err := c.Get(id)
	if err != nil {
		return item.Item{}, err
	}
	vault, err := c.VaultOf(id)
	if err != nil {
		return item.Item{}, err
	}
	it.ID, it.Base, it.Title = "", "", shorten(title, item.MaxTitle)
	it.Created, it.Modified, it.Archived, it.Trashed, it.Purge = time.Time{}, time.Time{}, time.Time{}, time.Time{}, time.Time{}
	it.Attachments, it.PasswordHistory = nil, nil
	return c.saveTo(ctx, vault, it, saving{})
}

func shorten(text string, most int) string {
	r := []rune(text)
	return string(r[:min(len(r), most)])
}
