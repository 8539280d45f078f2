package client

import (
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// Get opens one item.
func (c *Client) Get(id string) (item.Item, error) {
	c.mu.Lock() // not RLock: the item is marked as handed out
	defer c.mu.Unlock()
	if c.vault == nil {
		return item.Item{}, ErrLocked
	}
	e := c.vault.shown(id)
	if e == nil {
		return item.Item{}, ErrNotFound
	}
	it, err := c.vault.whole(e)
	if err == nil {
		c.vault.handed[id] = true
	}
	return it, err
}

// Version is an older secret part of an item.
type Version struct {
	Version  int64
	Modified time.Time // when it was saved
	Password string
}

// History opens the older passwords of an item, the newest first. A version that changed something else than the password
// is left out.
func (c *Client) History(id string) ([]Version, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.vault == nil {
		return nil, ErrLocked
	}
	e := c.vault.shown(id)
	if e == nil {
		return nil, ErrNotFound
	}
	out := []Version{}
	now, err := c.vault.whole(e)
	if err != nil {
		return nil, err
	}
	newer := now.Password
	for i := len(e.secrets) - 1; i >= 0; i-- {
		secret, err := c.vault.secret(id, e.secrets[i])
		if err != nil {
			return nil, &UnreadableError{id, err}
		}
		if secret.Password != newer && secret.Password != "" {
			out = append(out, Version{e.secrets[i].version, secret.Modified, secret.Password})
		}
		newer = secret.Password
	}
	return out, nil
}
