package client

import (
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// Get opens one item.
func (c *Client) Get(id string) (item.Item, error) {
	c.mu.Lock() // not RLock: Get marks the item as handed out
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

// Version is an older password of an item.
type Version struct {
	Version  int64     `json:"version"`           // below zero: from Item.PasswordHistory
	Modified time.Time `json:"modified,omitzero"` // when it was saved; zero: unknown
	Until    time.Time `json:"until,omitzero"`    // when it was replaced; zero: unknown
	Password string    `json:"password"`
}

// History opens the older passwords of an item, the newest first, followed by imported ones. It leaves out versions that did not
// change the password.
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
	newer, until := now.Password, now.Modified
	for i := len(e.secrets) - 1; i >= 0; i-- {
		secret, err := c.vault.secret(id, e.secrets[i])
		if err != nil {
			return nil, &UnreadableError{id, err}
		}
		if secret.Password != newer && secret.Password != "" {
			out = append(out, Version{e.secrets[i].version, secret.Modified, until, secret.Password})
		}
		newer, until = secret.Password, secret.Modified
	}
	for i, old := range now.PasswordHistory {
		out = append(out, Version{Version: -1 - int64(i), Until: old.Until, Password: old.Password})
	}
	return out, nil
}
