//go:build js && wasm

package main

import (
	"context"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	protocol "github.com/vaultsphere/vaultsphere/app/protocol/bridge/core"
)

func (c *core) Attach(ctx context.Context, p protocol.NewAttachment, f bridge.File, progress func(done, total int)) (item.Item, error) {
	if f == nil { // otherwise an empty file would be attached
		return item.Item{}, fmt.Errorf("%w: attach takes the content of the file", bridge.ErrInput)
	}
	return c.client.Attach(ctx, p.ID, p.Name, f, progress)
}

func (c *core) Attachment(ctx context.Context, p protocol.AttachmentOf, progress func(done, total int)) (bridge.File, error) {
	if err := c.mayShow(p.ID); err != nil {
		return nil, err
	}
	return c.client.Attachment(ctx, p.ID, p.Attachment, progress)
}

func (c *core) RemoveAttachment(ctx context.Context, p protocol.AttachmentOf) (item.Item, error) {
	return c.client.RemoveAttachment(ctx, p.ID, p.Attachment)
}
