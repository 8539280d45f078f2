package client

import (
	"context"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
)

// operation is a Client that talks to the server or replaces the vault. One runs at a time. Only an operation reaches the state
// and changes the vault, so it may read the vault without Client.mu.
type operation struct {
	*state
	client *Client
	ctx    context.Context // Lock cancels it
	cancel context.CancelFunc

	signing   bool     // it holds the lock: see lockSigning
	caughtUp  []*vault // inside that lock
	rekeyed   bool     // the keys are no longer those of the account: end locks the vault
	overtaken bool     // something of another device came before a write since the last giveWay
}

// state is what a device stores, and what is known of it.
type state struct {
	memory Memory
	cache  Cache // nil: nothing is stored on this device

	cacheOff      bool                  // the cache is turned off
	cached        *protocol.UserAccount // the account in the cache, if known
	cacheProblem  string                // why the vault could not be cached
	outboxProblem string                // why the outbox found at sign-in is not used
	resent        *Resent               // a restored server was led back; until a Sync reports it
	recovered     bool                  // a recovery was finished from another session; until a Sync reports it
	offline       bool                  // the server did not answer the last request
}

// begin waits until no other operation runs. The caller must call end.
func (c *Client) begin(ctx context.Context) (*operation, error) {
	op := &operation{client: c}
	select {
	case op.state = <-c.idle:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	op.ctx, op.cancel = context.WithCancel(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stop = op.cancel
	return op, nil
}

func (op *operation) end() {
	if op.rekeyed {
		op.forget()
	}
	op.client.mu.Lock()
	op.client.stop = nil
	op.client.mu.Unlock()
	op.cancel()
	op.client.idle <- op.state
}

// opened returns the personal vault of the unlocked account.
func (op *operation) opened() (*vault, error) { return op.client.personal() }

// forget wipes the keys and everything decrypted.
func (op *operation) forget() {
	c := op.client
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unlocked != nil {
		close(c.unlocked.closed)
		c.unlocked.wipe()
		c.unlocked = nil
	}
	if c.pending != nil {
		c.pending.key.Wipe()
		c.pending = nil
	}
	c.raise = nil
}

// fetchAccount rejects the account of any user other than the unlocked one. It is not proven: see proveAccount.
func (op *operation) fetchAccount() (protocol.UserAccount, error) {
	var a protocol.UserAccount
	if err := op.call(methodGet, protocol.PathAccount, nil, &a); err != nil {
		if hasCode(err, protocol.CodeUnauthorized) {
			return a, fmt.Errorf("%w: %w", ErrSignedOut, err)
		}
		return a, err
	}
	if _, err := chain.ParseID(a.UserID); err != nil {
		return a, &AnswerError{Path: protocol.PathAccount, Err: err}
	}
	if err := op.meet(a); err != nil {
		return a, err
	}
	return a, op.refreshAccount(a)
}

// meet sets the account of this session.
func (op *operation) meet(a protocol.UserAccount) error {
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	if u := op.client.unlocked; u != nil && (u.user.String() != a.UserID || u.account.Vault != a.Vault) {
		return replica.Altered(replica.Found(bridge.Finding{Code: bridge.OtherUser}, "the server answered for a different user"))
	}
	op.client.account = &a
	return nil
}
