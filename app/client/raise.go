package client

import (
	"context"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// raise is what a sign-in leaves for RaiseCost.
type raise struct {
	password string
	current  seal.AuthKey
}

// due returns nil unless the account has a lower cost than this release.
func (p *pendingLogin) due() *raise {
	if p.text == "" {
		return nil
	}
	return &raise{p.text, p.key.AuthKey()}
}

func (op *operation) noteRaise(due *raise) {
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	op.client.raise = due
}

// RaiseCost raises the cost of the account's key derivation to that of this release, if the last Login found a lower one. The derivation
// is slow, so call it after the first Sync and not during sign-in. After an error, the next Login tries again.
func (c *Client) RaiseCost(ctx context.Context) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	due := op.takeRaise()
	if due == nil {
		return nil
	}
	// An account that another device has raised, or whose password it changed, costs no derivation.
	v, err := op.current()
	if err != nil || v.keys.document.Cost >= c.cost {
		return err
	}
	fresh, err := passwordWrap(due.password, c.cost)
	if err != nil {
		return err
	}
	unlock, err := op.lockSigning(v)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := op.conclude(v); err != nil {
		return err
	}
	err = op.changeAccount(v, due.current, func(d *accountDraft) { d.setPassword(fresh) }, func(r *protocol.AccountEntryRequest) {
		r.Change.AuthKey, r.SamePassword = fresh.auth.Encode(), true
	})
	if v, openErr := op.opened(); openErr == nil && v.proven && v.keys.document.Cost >= c.cost {
		return nil // another device was faster
	}
	return err
}

func (op *operation) takeRaise() *raise {
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	due := op.client.raise
	op.client.raise = nil
	return due
}
