package client

import (
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
)

// Get opens one item.
func (c *Client) Get(id string) (item.Item, error) {
	c.mu.Lock() // not RLock: Get marks the item as handed out
	defer c.mu.Unlock()
	if c.unlocked == nil {
		return item.Item{}, ErrLocked
	}
	v, e := c.unlocked.shown(id)
	if e == nil {
		return item.Item{}, ErrNotFound
	}
	it, err := v.Open(e)
	if err == nil {
		v.Lend(id)
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
	v, e := c.unlocked.shown(id)
	if e == nil {
		return nil, ErrNotFound
	}
	return v.History(e)
}

// shown returns the visible entry of an item with its vault; nil if there is none.
func (u *unlocked) shown(id string) (*vault, *replica.Entry) {
	v := u.owning(id)
	if v == nil {
		return nil, nil
	}
	return v, v.Shown(id)
}
