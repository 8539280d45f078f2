package client

import (
	"context"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// AddMany adds items in as few changes as the server accepts. Each change is all or nothing, and progress (which may be nil) is
// called after each. It returns the IDs of the items it added, a prefix of items, even if it fails. All items are checked before
// anything is sent.
func (c *Client) AddMany(ctx context.Context, items []item.Item, progress func(done, total int)) ([]string, error) {
	for i, it := range items {
		if err := makeable(it); err != nil {
			return nil, fmt.Errorf("item %d: %w", i+1, err)
		}
	}
	return c.addMany(ctx, items, progress)
}

// makeable rejects a type that this version cannot create, although it preserves and copies items of that type.
func makeable(it item.Item) error {
	if it.Type != "" && !it.Type.Known() {
		return &item.FieldError{Field: "type", Rule: item.RuleForm, Reason: "must be " + item.TypeList()}
	}
	return nil
}

func (c *Client) addMany(ctx context.Context, items []item.Item, progress func(done, total int)) ([]string, error) {
	now := time.Now()
	ready := make([]item.Item, len(items))
	for i, it := range items {
		it.ID = seal.NewID().String()
		it.Modified = timeOr(it.Modified, now)
		it.Created = timeOr(it.Created, it.Modified)
		it = it.Normalise()
		if err := it.Validate(); err != nil {
			return nil, fmt.Errorf("item %d: %w", i+1, err)
		}
		ready[i] = it
	}
	op, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer op.end()
	v, err := op.loaded()
	if err != nil {
		return nil, err
	}
	var added []string
	for len(added) < len(ready) {
		rest := ready[len(added):]
		n := 0
		if err := op.giveWay(); err != nil {
			return added, err
		}
		err := op.apply(v, noEdits, func(ch *replica.Change) error {
			n, err = addSome(op.ctx, ch, rest)
			return err
		})
		if err != nil {
			return added, err
		}
		for _, it := range rest[:n] {
			added = append(added, it.ID)
		}
		if progress != nil {
			progress(len(added), len(ready))
		}
	}
	return added, nil
}

func timeOr(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}

// addSome creates the first of the items, as many as fit into one change, and returns their number.
func addSome(ctx context.Context, ch *replica.Change, items []item.Item) (int, error) {
	size := 0
	for n, it := range items {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		overview, details := it.Overview(), it.Details()
		size += replica.TokenBytes(overview) + replica.TokenBytes(details)
		if n > 0 && (ch.Operations()+replica.CreateOperations > replica.MaxOperations || size > replica.MaxChangeBytes) {
			return n, nil
		}
		if err := ch.Create(it.ID, overview, details); err != nil {
			return 0, err
		}
	}
	return len(items), nil
}

// sealedBytes returns an upper bound of the item's size in a change.
func sealedBytes(it item.Item) int {
	return replica.TokenBytes(it.Overview()) + replica.TokenBytes(it.Details())
}
