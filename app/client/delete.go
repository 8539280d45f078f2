package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/api"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Delete removes items with their history. An item that another device changed at the same time is kept, and named in a
// *KeptError; one that it deleted is gone anyway.
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
		e := v.entries[id]
		if e == nil {
			return fmt.Errorf("%w: %s", ErrNotFound, id)
		}
		seen[id] = e.base()
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
		if err != nil {
			return err
		}
		kept = append(kept, keep...)
		ids = ids[n:]
	}
	if len(kept) > 0 {
		return &KeptError{kept}
	}
	return nil
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
