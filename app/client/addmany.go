package client

import (
	"context"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// A change of this many bytes stays well below protocol.MaxBodyBytes with the places around the tokens.
const maxChangeBytes = protocol.MaxBodyBytes * 7 / 8

// AddMany adds items in changes of as many as the server takes at once, each whole or not at all, and calls progress
// (which may be nil) after each. It returns the IDs of those that were added, the first of items, also when it fails.
// All items are checked before anything is sent.
func (c *Client) AddMany(ctx context.Context, items []item.Item, progress func(done, total int)) ([]string, error) {
	for i, it := range items {
		if err := makeable(it); err != nil {
			return nil, fmt.Errorf("item %d: %w", i+1, err)
		}
	}
	return c.addMany(ctx, items, progress)
}

// makeable refuses a type that this version cannot make, although it keeps and copies items of it.
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
	ctx, done, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	v, err := c.loaded(ctx)
	if err != nil {
		return nil, err
	}
	var added []string
	for len(added) < len(ready) {
		rest := ready[len(added):]
		n := 0
		err := c.apply(ctx, v, func(ch *change) error {
			n, err = ch.addSome(ctx, rest)
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

// sealedBytes is at least what the item takes in a change.
func sealedBytes(it item.Item) int { return tokenBytes(it.Overview()) + tokenBytes(it.Details()) }

// tokenBytes is at least what a part takes in a change: its sealed form is less than twice as long.
func tokenBytes(part []byte) int { return len(part)*2 + 512 }
