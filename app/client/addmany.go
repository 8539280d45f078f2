package client

import (
	"context"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// A change of this size stays well below protocol.MaxBodyBytes, including the JSON around the tokens.
const maxChangeBytes = protocol.MaxBodyBytes * 7 / 8

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
		it.ID = string(seal.NewAccountID())
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
		err := op.apply(v, func(ch *change) error {
			n, err = ch.addSome(op.ctx, rest)
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

func (c *change) addSome(ctx context.Context, items []item.Item) (int, error) {
	size := 0
	for n, it := range items {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		meta, secret := it.Overview(), it.Details()
		size += tokenBytes(meta) + tokenBytes(secret)
		if n > 0 && (len(c.puts)+2 > protocol.MaxChangeRecords || size > maxChangeBytes) {
			return n, nil
		}
		if err := c.writeParts(it.ID, meta, secret); err != nil {
			return 0, err
		}
	}
	return len(items), nil
}

// sealedBytes returns an upper bound of the item's size in a change.
func sealedBytes(it item.Item) int { return tokenBytes(it.Overview()) + tokenBytes(it.Details()) }

// tokenBytes returns an upper bound of a part's size in a change: sealing less than doubles it.
func tokenBytes(part []byte) int { return len(part)*2 + 512 }
