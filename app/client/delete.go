package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/api"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Delete removes items with their history. An item that another device changed at the same time is kept, and named in a
// *KeptError; one that it deleted is gone anyway. While the server cannot be reached they only go from the list, and wait
// to be deleted by the same rule.
func (c *Client) Delete(ctx context.Context, ids []string) error {
	ctx, done, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	v, err := c.loaded(ctx)
	if err != nil {
		return err
	}
	seen := map[string]string{}
	for _, id := range ids {
		e := v.shown(id)
		if e == nil {
			return fmt.Errorf("%w: %s", ErrNotFound, id)
		}
		seen[id] = e.base()
	}
	there, err := c.reach(ctx, v)
	if err != nil {
		return err
	}
	if !there {
		return c.enqueueDelete(v, ids, false)
	}
	if len(v.queue) > 0 {
		return c.deleteBehind(ctx, v, ids)
	}
	var kept []string
	for len(ids) > 0 {
		n := 0
		var keep []string
		err := c.apply(ctx, v, func(ch *change) error {
			keep = nil
			n, err = ch.remove(ids, func(e *entry) bool {
				if e.base() == seen[e.id] {
					return true
				}
				keep = append(keep, e.id)
				return false
			})
			return err
		})
		if c.mayWait(err) {
			return errors.Join(c.enqueueDelete(v, ids, errors.Is(err, ErrUncertain)), keptError(kept))
		}
		if err != nil {
			return err
		}
		kept = append(kept, keep...)
		ids = ids[n:]
	}
	return keptError(kept)
}

func keptError(ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return &KeptError{ids}
}

// deleteBehind deletes after the changes that wait, and sends them all. It needs the turn.
func (c *Client) deleteBehind(ctx context.Context, v *vault, ids []string) error {
	if err := c.enqueueDelete(v, ids, false); err != nil {
		return err
	}
	// They are marked here. What keeps that from the server, a Sync will say.
	_ = c.flush(ctx, v)
	var kept, others []string
	for _, id := range v.stayed {
		if slices.Contains(ids, id) {
			kept = append(kept, id)
		} else {
			others = append(others, id)
		}
	}
	v.stayed = others
	return keptError(kept)
}

var errTooManyVersions = errors.New("item has more versions than one change can delete")

// remove deletes as many of the items, from the first on, as fit in one change, and returns their number.
func (c *change) remove(ids []string, wanted func(*entry) bool) (int, error) {
	for n, id := range ids {
		e := c.v.entries[id]
		if e == nil {
			continue
		}
		if len(c.deletes)+1+len(e.secrets) > api.MaxChangeRecords {
			if n == 0 {
				return 0, errTooManyVersions
			}
			return n, nil
		}
		if !wanted(e) {
			continue
		}
		if e.meta.version != 0 {
			if err := c.erase(id, seal.KindAccount, e.meta.version); err != nil {
				return 0, err
			}
		}
		for _, s := range e.secrets {
			if err := c.erase(id, seal.KindPassword, s.version); err != nil {
				return 0, err
			}
		}
	}
	return len(ids), nil
}
