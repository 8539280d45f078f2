package client

import (
	"context"
	"time"
)

// repromptAfter is how long the master password counts for an item that asks for it.
const repromptAfter = 5 * time.Minute

// Confirm checks the master password. MayShow then allows the item until repromptAfter has passed or the vault is locked.
func (c *Client) Confirm(ctx context.Context, id, password string, now time.Time) error {
	if err := c.CheckPassword(ctx, password); err != nil {
		return err
	}
	return c.KeepShown(id, now)
}

// KeepShown makes MayShow allow an item that was on the screen when it began to ask for the master password.
func (c *Client) KeepShown(id string, now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unlocked == nil {
		return ErrLocked
	}
	c.unlocked.confirmed[id] = now.Round(0) // the clock of the wall: others stop while a device sleeps
	return nil
}

// MayShow returns ErrReprompt for an item that asks for the master password first. It stops a person at an unlocked screen. It
// does not stop malware: the keys are in memory, and Get does not ask.
func (c *Client) MayShow(id string, now time.Time) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.unlocked == nil {
		return ErrLocked
	}
	_, e := c.unlocked.shown(id)
	if e == nil || !e.Overview.Reprompt {
		return nil
	}
	if age := now.Round(0).Sub(c.unlocked.confirmed[id]); age < 0 || age >= repromptAfter {
		return ErrReprompt
	}
	return nil
}
