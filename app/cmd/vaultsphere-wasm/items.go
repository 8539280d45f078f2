//go:build js && wasm

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	protocol "github.com/vaultsphere/vaultsphere/app/protocol/bridge/core"
)

func (c *core) Sync(ctx context.Context) (client.Synced, error) { return c.client.Sync(ctx) }

func (c *core) Follow(ctx context.Context, report func(client.Notice)) error {
	return c.client.Follow(ctx, report)
}

func (c *core) Waiting(context.Context) (client.Waiting, error) { return c.client.Waiting() }

func (c *core) Index(ctx context.Context, progress func(done, total int)) error {
	return c.client.Index(ctx, progress)
}

func (c *core) List(_ context.Context, p protocol.ListParams) (bridge.JSON[protocol.ListResult], error) {
	return c.client.SearchJSON(query(p), p.Offset, p.Limit)
}

func (c *core) Closest(_ context.Context, p protocol.ListParams) (protocol.Closest, error) {
	items, err := c.client.Closest(query(p))
	return protocol.Closest{Items: append([]client.Summary{}, items...)}, err
}

func query(p protocol.ListParams) client.Query {
	return client.Query{Text: p.Query, Type: p.Type, Tag: p.Tag, Favourite: p.Favourite, Archive: p.Archive, Trash: p.Trash, Sort: p.Sort, Reverse: p.Reverse}
}

func (c *core) Get(_ context.Context, p protocol.ItemID) (item.Item, error) {
	if err := c.mayShow(p.ID); err != nil {
		return item.Item{}, err
	}
	return c.client.Get(p.ID)
}

func (c *core) mayShow(id string) error { return c.client.MayShow(id, time.Now()) }

func (c *core) ConfirmItem(ctx context.Context, p protocol.Confirmation) error {
	return c.client.Confirm(ctx, p.ID, p.Password, time.Now())
}

func (c *core) History(_ context.Context, p protocol.ItemID) (protocol.History, error) {
	if err := c.mayShow(p.ID); err != nil {
		return protocol.History{}, err
	}
	versions, err := c.client.History(p.ID)
	return protocol.History{Versions: versions}, err
}

func (c *core) RestoreVersion(ctx context.Context, p protocol.VersionOf) (item.Item, error) {
	if err := c.mayShow(p.ID); err != nil {
		return item.Item{}, err
	}
	return c.client.RestoreVersion(ctx, p.ID, p.Version)
}

func (c *core) Code(_ context.Context, p protocol.CodeOf) (client.OneTimeCode, error) {
	if err := c.mayShow(p.ID); err != nil {
		return client.OneTimeCode{}, err
	}
	if p.ID != "" {
		return c.client.Code(p.ID, time.Now())
	}
	return client.CodeOf(p.TOTP, time.Now())
}

func (c *core) NextCode(ctx context.Context, p protocol.ItemID) (client.OneTimeCode, error) {
	if err := c.mayShow(p.ID); err != nil {
		return client.OneTimeCode{}, err
	}
	return c.client.NextCode(ctx, p.ID, time.Now())
}

func (c *core) Save(ctx context.Context, p protocol.Changed) (item.Item, error) {
	shown := c.mayShow(p.Item.ID)
	saved, err := c.client.Save(ctx, p.Item)
	if err == nil && shown == nil && saved.Reprompt {
		err = c.client.KeepShown(saved.ID, time.Now())
	}
	return saved, err
}

func (c *core) AddMany(ctx context.Context, p protocol.Items, progress func(done, total int)) (protocol.Added, error) {
	ids, err := c.client.AddMany(ctx, p.Items, progress)
	if err != nil && len(ids) > 0 {
		err = fmt.Errorf("%d of %d were added: %w", len(ids), len(p.Items), err)
	}
	return protocol.Added{Added: len(ids)}, err
}

func (c *core) SealDraft(_ context.Context, p protocol.Changed) (protocol.Draft, error) {
	token, err := c.client.SealDraft(p.Item)
	return protocol.Draft{Token: token}, err
}

func (c *core) OpenDraft(_ context.Context, p protocol.Draft) (item.Item, error) {
	return c.client.OpenDraft(p.Token)
}

func (c *core) Remove(ctx context.Context, p protocol.ItemIDs) error {
	return c.client.Delete(ctx, p.IDs)
}
