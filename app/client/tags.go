package client

import (
	"context"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// Tags returns the number of items outside the trash for each tag. Tags of items in the trash alone have none.
func (c *Client) Tags() (map[string]int, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.unlocked == nil {
		return nil, ErrLocked
	}
	count := map[string]int{}
	for _, v := range c.unlocked.vaults() {
		for _, tag := range v.Tags() {
			count[tag] += 0
		}
		for _, e := range v.All() {
			if e.Overview.Trashed.IsZero() {
				for _, tag := range e.Overview.Tags {
					count[tag]++
				}
			}
		}
	}
	return count, nil
}

// Tagged returns the ids of the items with a tag, also of those in the trash.
func (c *Client) Tagged(tag string) ([]string, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.unlocked == nil {
		return nil, ErrLocked
	}
	var ids []string
	for _, v := range c.unlocked.vaults() {
		for _, e := range v.All() {
			if slices.Contains(e.Overview.Tags, tag) {
				ids = append(ids, e.ID)
			}
		}
	}
	return ids, nil
}

// Retag removes tags from items and then adds others. The added ones take the place of the first one that was removed, so replacing
// a tag by another renames it.
func (c *Client) Retag(ctx context.Context, ids, add, remove []string, progress func(done, total int)) ([]string, error) {
	return c.edit(ctx, ids, progress, func(it *item.Item) {
		it.Tags = retagged(it.Tags, add, remove)
	})
}

func retagged(tags, add, remove []string) []string {
	var before, after []string // the place of the added ones
	place := &before
	for _, t := range tags {
		if slices.Contains(remove, t) {
			place = &after
		} else {
			*place = append(*place, t)
		}
	}
	for _, t := range add {
		if !slices.Contains(before, t) && !slices.Contains(after, t) {
			before = append(before, t)
		}
	}
	return append(before, after...)
}
