//go:build js && wasm

package main

import (
	"context"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/item"
)

func (c *core) attach(ctx context.Context, p struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}, r request) (item.Item, error) {
	if r.file == nil { // else an empty one would be attached
		return item.Item{}, fmt.Errorf("%w: attach takes the content of the file", errInput)
	}
	return c.client.Attach(ctx, p.ID, p.Name, r.file, r.counted())
}

// attached names an attachment of an item.
type attached struct {
	ID         string `json:"id"`
	Attachment string `json:"attachment"`
}

func (c *core) attachment(ctx context.Context, r request) (answer, error) {
	var p attached
	if err := strict(r.params, &p); err != nil {
		return answer{}, fmt.Errorf("%w: %w", errInput, err)
	}
	content, err := c.client.Attachment(ctx, p.ID, p.Attachment, r.counted())
	return answer{json: []byte("{}"), file: content}, err
}

func (c *core) removeAttachment(ctx context.Context, p attached) (item.Item, error) {
	return c.client.RemoveAttachment(ctx, p.ID, p.Attachment)
}
