package client

import (
	"github.com/vaultsphere/vaultsphere/app/item"
)

// Get opens one item.
func (c *Client) Get(id string) (item.Item, error) {
	c.mu.Lock() // not RLock: Get marks the item as handed out
	defer c.mu.Unlock()
	if c.vault == nil {
		return item.Item{}, ErrLocked
	}
	e := c.vault.Shown(id)
	if e == nil {
		return item.Item{}, ErrNotFound
	}
	it, err := c.vault.Open(e)
	if err == nil {
		c.vault.Lend(id)
	}
	return it, err
}

// History opens the older passwords of an item, the newest first, followed by imported ones. It leaves out versions that did not
// change the password.
func (c *Client) History(id string) ([]Version, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.vault == nil {
		return nil, ErrLocked
	}
	e := c.vault.Shown(id)
	if e == nil {
		return nil, ErrNotFound
	}
	return c.vault.History(e)
}
