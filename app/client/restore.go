package client

import (
	"context"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// RestoreVersion makes an older password of History the current one again. The replaced password becomes part of the history.
func (c *Client) RestoreVersion(ctx context.Context, id string, version int64) (item.Item, error) {
	versions, err := c.History(id)
	if err != nil {
		return item.Item{}, err
	}
	it, err := c.Get(id)
	if err != nil {
		return item.Item{}, err
	}
	for _, v := range versions {
		if v.Version == version {
			it.Password = v.Password
			return c.Save(ctx, it)
		}
	}
	return item.Item{}, ErrNotFound
}
