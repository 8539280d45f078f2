// Package client implements an account on a device, for the browser (as WebAssembly) and the command line: it registers, unlocks,
// syncs, changes and recovers a vault. It trusts the server only to be available.
package client

import (
	"context"
	"sync"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Client is one user on one device. It is safe for concurrent use. Methods that read the vault do not wait for the server.
type Client struct {
	transport Transport

	// idle holds the state that only an operation may use, while no operation runs.
	idle chan *state

	mu       sync.RWMutex
	stop     context.CancelFunc    // of the running operation
	account  *protocol.UserAccount // nil: signed out, as far as is known
	device   string                // the name of this device; empty if unknown
	unlocked *unlocked             // nil: locked
	sharing  sharing               // nil: the client has no shared vaults
	pending  *pendingLogin
	date     time.Time // of the server, in its last answer
	dated    time.Time // when that came

	cost  byte   // for new passwords, unless the account has a higher one
	raise *raise // nil: the cost does not have to rise

	pause func(context.Context, time.Duration) error
}

// New returns the client of a device. Without a Cache (nil), the vault cannot be read or changed offline.
func New(t Transport, m Memory, c Cache) *Client {
	client := &Client{transport: t, idle: make(chan *state, 1), cost: chain.CurrentCost, pause: pause}
	client.idle <- &state{memory: m, cache: c}
	return client
}

// SetCost replaces chain.CurrentCost as the cost of new passwords. Call it before anything else.
func (c *Client) SetCost(step byte) { c.cost = step }

// Lock cancels the running operation and wipes the keys and everything decrypted. The session remains.
func (c *Client) Lock() {
	for {
		c.mu.Lock()
		if c.stop != nil {
			c.stop()
		}
		c.mu.Unlock()
		// Another operation may have begun in between: cancel it a moment later.
		select {
		case s := <-c.idle:
			(&operation{client: c, state: s}).forget()
			c.idle <- s
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// Locked reports whether Unlock is needed.
func (c *Client) Locked() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.unlocked == nil
}

// personal returns the personal vault of the unlocked account. Only an operation may use its state without Client.mu.
func (c *Client) personal() (*vault, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.unlocked == nil {
		return nil, ErrLocked
	}
	return c.unlocked.personal, nil
}

// Account describes the signed-in user.
type Account struct {
	Username    string `json:"username"`
	UserID      string `json:"-"`
	Vault       string `json:"-"`
	TOTPEnabled bool   `json:"totp_enabled"`
	Revision    int64  `json:"revision"` // of the vault at the last sync
	Count       int    `json:"count"`    // items outside the trash
	Cost        int    `json:"kdf_cost"` // step of the key derivation
	Offline     bool   `json:"offline"`  // from the cache, because the server cannot be reached
	// Administrator says which screens and commands to offer.
	Administrator bool `json:"administrator"`
}

// Account returns the account from the server, and the state of the vault on this device.
func (c *Client) Account(ctx context.Context) (Account, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return Account{}, err
	}
	defer op.end()
	a, offline, err := op.fetchOrCached()
	if err != nil {
		return Account{}, err
	}
	_, parts, err := parseAccount(a)
	if err != nil {
		return Account{}, err
	}
	out := Account{Username: a.Username, UserID: a.UserID, Vault: a.Vault, TOTPEnabled: a.TOTPEnabled, Cost: int(parts.document.Cost), Offline: offline != nil,
		Administrator: a.Administrator}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.unlocked != nil {
		out.Revision = c.unlocked.personal.Revision()
		out.Count, _ = c.unlocked.personal.Counts()
	}
	return out, nil
}
