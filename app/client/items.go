package client

import (
	"github.com/vaultsphere/vaultsphere/app/item"
)

// Get opens one item.
func (c *Client) Get(id string) (item.Item, error) {
	c.mu.Lock() // not RLock: Get marks the item as handed out
	defer c.mu.Unlock()
	if c.unlocked == nil {
		return item.Item{}, ErrLocked
	}
	e := c.unlocked.personal.Shown(id)
	if e == nil {
		return item.Item{}, ErrNotFound
	}
	it, err := c.unlocked.personal.Open(e)
	if err == nil {
		c.unlocked.personal.Lend(id)
	}
	return it, err
}

// History opens the older passwords of an item, the newest first, followed by imported ones. It leaves out versions that did not
// change the password.
func (c *Client) History(id string) ([]Version, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.unlocked == nil {
		return nil, ErrLocked
	}
	e := c.unlocked.personal.Shown(id)
	if e == nil {
		return nil, ErrNotFound
	}
	return c.unlocked.personal.History(e)
}
