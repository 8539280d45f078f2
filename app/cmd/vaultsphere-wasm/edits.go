//go:build js && wasm

package main

import (
	"context"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	protocol "github.com/vaultsphere/vaultsphere/app/protocol/bridge/core"
)

func edited(ids []string, err error) (protocol.Edited, error) {
	return protocol.Edited{Changed: append([]string{}, ids...)}, err
}

const day = 24 * time.Hour

func (c *core) Archive(ctx context.Context, p protocol.Archiving, progress func(done, total int)) (protocol.Edited, error) {
	if p.Archived {
		return edited(c.client.Archive(ctx, p.IDs, progress))
	}
	return edited(c.client.Unarchive(ctx, p.IDs, progress))
}

func (c *core) Trash(ctx context.Context, p protocol.ToTrash, progress func(done, total int)) (protocol.Edited, error) {
	return edited(c.client.Trash(ctx, p.IDs, time.Duration(p.KeepDays)*day, progress))
}

func (c *core) Restore(ctx context.Context, p protocol.ItemIDs, progress func(done, total int)) (protocol.Edited, error) {
	return edited(c.client.Restore(ctx, p.IDs, progress))
}

func (c *core) Tag(ctx context.Context, p protocol.Tagging, progress func(done, total int)) (protocol.Edited, error) {
	return edited(c.client.Retag(ctx, p.IDs, p.Add, p.Remove, progress))
}

func (c *core) Mark(ctx context.Context, p protocol.Marking, progress func(done, total int)) (protocol.Edited, error) {
	return edited(c.client.Mark(ctx, p.IDs, p.Favourite, progress))
}

func (c *core) Ignore(ctx context.Context, p protocol.Ignoring, progress func(done, total int)) (protocol.Edited, error) {
	return edited(c.client.Ignore(ctx, p.IDs, p.Kind, p.Ignore, progress))
}

func (c *core) Duplicate(ctx context.Context, p protocol.Duplication) (item.Item, error) {
	if err := c.mayShow(p.ID); err != nil {
		return item.Item{}, err
	}
	return c.client.Duplicate(ctx, p.ID, p.Title)
}

func (c *core) EmptyTrash(ctx context.Context, progress func(done, total int)) error {
	return c.client.EmptyTrash(ctx, progress)
}

func (c *core) PurgeTrash(ctx context.Context) (protocol.Purged, error) {
	n, err := c.client.PurgeTrash(ctx, time.Now())
	return protocol.Purged{Purged: n}, err
}
