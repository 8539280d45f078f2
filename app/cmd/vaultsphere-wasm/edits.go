//go:build js && wasm

package main

import (
	"context"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// edited is the items that are different now.
type edited struct {
	Changed []string `json:"changed"`
}

func editedOf(ids []string, err error) (edited, error) {
	if ids == nil {
		ids = []string{}
	}
	return edited{ids}, err
}

const day = 24 * time.Hour

func (c *core) trash(ctx context.Context, p struct {
	IDs      []string `json:"ids"`
	KeepDays int      `json:"keep_days"` // 0: until somebody empties the trash
}, progress func(done, total int)) (edited, error) {
	return editedOf(c.client.Trash(ctx, p.IDs, time.Duration(p.KeepDays)*day, progress))
}

func (c *core) restore(ctx context.Context, p struct {
	IDs []string `json:"ids"`
}, progress func(done, total int)) (edited, error) {
	return editedOf(c.client.Restore(ctx, p.IDs, progress))
}

func (c *core) tag(ctx context.Context, p struct {
	IDs    []string `json:"ids"`
	Tag    string   `json:"tag"`
	Remove bool     `json:"remove"`
}, progress func(done, total int)) (edited, error) {
	if p.Remove {
		return editedOf(c.client.RemoveTag(ctx, p.IDs, p.Tag, progress))
	}
	return editedOf(c.client.AddTag(ctx, p.IDs, p.Tag, progress))
}

func (c *core) mark(ctx context.Context, p struct {
	IDs       []string `json:"ids"`
	Favourite bool     `json:"favourite"`
}, progress func(done, total int)) (edited, error) {
	return editedOf(c.client.Mark(ctx, p.IDs, p.Favourite, progress))
}

func (c *core) duplicate(ctx context.Context, p struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}) (item.Item, error) {
	return c.client.Duplicate(ctx, p.ID, p.Title)
}

func (c *core) emptyTrash(ctx context.Context, _ none, progress func(done, total int)) (none, error) {
	return none{}, c.client.EmptyTrash(ctx, progress)
}

type purged struct {
	Purged int `json:"purged"`
}

func (c *core) purgeTrash(ctx context.Context, _ none) (purged, error) {
	n, err := c.client.PurgeTrash(ctx, time.Now())
	return purged{n}, err
}

type draft struct {
	Token string `json:"token"`
}

func (c *core) sealDraft(_ context.Context, p struct {
	Item item.Item `json:"item"`
}) (draft, error) {
	token, err := c.client.SealDraft(p.Item)
	return draft{token}, err
}

func (c *core) openDraft(_ context.Context, p draft) (item.Item, error) {
	return c.client.OpenDraft(p.Token)
}
