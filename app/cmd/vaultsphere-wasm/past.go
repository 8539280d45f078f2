//go:build js && wasm

package main

import (
	"context"

	"github.com/vaultsphere/vaultsphere/app/client"
	protocol "github.com/vaultsphere/vaultsphere/app/protocol/bridge/core"
)

func (c *core) ItemHistory(ctx context.Context, p protocol.ItemID) (client.ItemHistory, error) {
	if err := c.mayShow(p.ID); err != nil {
		return client.ItemHistory{}, err
	}
	return c.client.Versions(ctx, p.ID)
}

func (c *core) DeletedItems(ctx context.Context) (protocol.DeletedItems, error) {
	items, err := c.client.Deleted(ctx)
	return protocol.DeletedItems{Items: items}, err
}

func (c *core) VaultLog(ctx context.Context, p protocol.LogLimit) (protocol.VaultLog, error) {
	lines, more, err := c.client.Log(ctx, p.Limit)
	return protocol.VaultLog{Lines: append([]client.LogLine{}, lines...), More: more}, err
}

func (c *core) PreviewRewind(ctx context.Context, p client.Rewind, progress func(done, total int)) (client.Rewound, error) {
	return c.client.PreviewRewind(ctx, p, progress)
}

func (c *core) Rewind(ctx context.Context, p client.Rewind, progress func(done, total int)) (client.Rewound, error) {
	return c.client.Rewind(ctx, p, progress)
}
