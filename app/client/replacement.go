package client

import (
	"context"
	"fmt"
)

// AcceptReplacement lets the next Login under a username ignore what this device remembers of its former user. Call it after ErrReplaced,
// and only if the person agrees: otherwise a lying server could make a device forget. It deletes nothing: the memory and the cache stay
// under the id of the former user, and count again if the server shows that user. It does nothing if the server still has the user whom
// this device knows.
func (c *Client) AcceptReplacement(ctx context.Context, username string) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	username = typedUsername(username)
	r, err := op.findRemembered(username)
	if err != nil || r.IsZero() {
		return err
	}
	answer, err := op.askKDF(username, r)
	if err != nil || !answer.Replaced {
		return err
	}
	return op.replaced(r)
}

// replaced notes that the username of a user belongs to another one.
func (op *operation) replaced(r Remembered) error {
	s, ok, err := r.state(r.Vault)
	if err != nil || !ok {
		return err
	}
	r.Replaced = true
	if err := op.memory.Store(s.Entry.Author.String(), r); err != nil {
		return fmt.Errorf("store what this device remembers: %w", err)
	}
	return nil
}

// findRemembered returns what this device remembers of the user of this name.
func (op *operation) findRemembered(username string) (Remembered, error) {
	r, err := op.memory.Find(username)
	if err == nil {
		err = r.Check()
	}
	if err != nil {
		return r, fmt.Errorf("read what this device remembers: %w", err)
	}
	return r, nil
}
