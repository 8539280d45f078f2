// Package client implements an account on a device, for the browser (as WebAssembly) and the command line: it registers, unlocks,
// syncs, changes and recovers a vault. It trusts the server only to be available.
package client

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Seen is the newest state of a vault that this device has verified.
type Seen struct {
	Revision int64  `json:"revision"`
	Digest   string `json:"digest"` // hex; empty: no state was seen yet
}

// Memory stores Seen on this device, across runs. Load returns the zero Seen for an unknown user. Store is atomic; the zero Seen
// deletes the user's state.
type Memory interface {
	Load(user string) (Seen, error)
	Store(user string, s Seen) error
}

// Client is one user on one device. It is safe for concurrent use. Methods that read the vault do not wait for the server.
type Client struct {
	transport Transport
	memory    Memory
	cache     Cache // nil: nothing is stored on this device

	// turn serializes the operations that talk to the server or replace the vault.
	turn chan struct{}

	// The state of the cache, guarded by the turn.
	keepNothing   bool
	kept          *protocol.Account // what is known to be in the cache
	copyProblem   string            // why the vault could not be cached
	outboxProblem string            // why the outbox found at sign-in is not used
	away          bool              // the server did not answer the last request

	mu      sync.RWMutex
	stop    context.CancelFunc // of the operation that holds turn
	account *protocol.Account  // nil: signed out, as far as is known
	device  string             // the name of this device; empty if unknown
	vault   *vault             // nil: locked
	pending *pendingLogin
	date    time.Time // of the server, in its last answer
	dated   time.Time // when that came
}

// New returns the client of a device. Without a Cache (nil), the vault cannot be read or changed offline.
func New(t Transport, m Memory, c Cache) *Client {
	return &Client{transport: t, memory: m, cache: c, turn: make(chan struct{}, 1)}
}

// begin waits for the turn. Lock cancels the returned context.
func (c *Client) begin(ctx context.Context) (context.Context, func(), error) {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	ctx, cancel := context.WithCancel(ctx)
	c.mu.Lock()
	c.stop = cancel
	c.mu.Unlock()
	return ctx, func() {
		c.mu.Lock()
		c.stop = nil
		c.mu.Unlock()
		cancel()
		<-c.turn
	}, nil
}

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
		case c.turn <- struct{}{}:
			c.forget()
			<-c.turn
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// forget needs the turn.
func (c *Client) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.vault != nil {
		close(c.vault.closed)
		c.vault.key.Wipe()
		c.vault.manifest.Wipe()
		c.vault = nil
	}
	if c.pending != nil {
		c.pending.master.Wipe()
		c.pending = nil
	}
}

// Locked reports whether Unlock is needed.
func (c *Client) Locked() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.vault == nil
}

// opened returns the unlocked vault; it needs the turn.
func (c *Client) opened() (*vault, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.vault == nil {
		return nil, ErrLocked
	}
	return c.vault, nil
}

// Account describes the signed-in user.
type Account struct {
	Username    string      `json:"username"`
	UserID      string      `json:"-"`
	TOTPEnabled bool        `json:"totp_enabled"`
	Revision    int64       `json:"revision"` // of the vault at the last sync
	Count       int         `json:"count"`    // items outside the trash
	Params      seal.Params `json:"kdf"`
	Offline     bool        `json:"offline"` // from the cache, because the server cannot be reached
}

// Account returns the account from the server, and the state of the vault on this device.
func (c *Client) Account(ctx context.Context) (Account, error) {
	ctx, done, err := c.begin(ctx)
	if err != nil {
		return Account{}, err
	}
	defer done()
	a, away, err := c.fetchOrKept(ctx)
	if err != nil {
		return Account{}, err
	}
	out := Account{Username: a.Username, UserID: a.UserID, TOTPEnabled: a.TOTPEnabled, Params: params(a.KDF), Offline: away != nil}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.vault != nil {
		out.Revision = c.vault.revision
		out.Count, _ = c.vault.counts()
	}
	return out, nil
}

// fetchAccount rejects the account of any user other than the unlocked one. It needs the turn.
func (c *Client) fetchAccount(ctx context.Context) (protocol.Account, error) {
	var a protocol.Account
	if err := c.call(ctx, methodGet, protocol.PathAccount, nil, &a); err != nil {
		if hasCode(err, protocol.CodeUnauthorized) {
			return a, fmt.Errorf("%w: %w", ErrSignedOut, err)
		}
		return a, err
	}
	if _, err := seal.ParseUserID(a.UserID); err != nil {
		return a, &AnswerError{Path: protocol.PathAccount, Err: err}
	}
	if err := c.meet(a); err != nil {
		return a, err
	}
	return a, c.refreshAccount(a)
}

// meet sets the account of this session.
func (c *Client) meet(a protocol.Account) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.vault != nil && string(c.vault.user) != a.UserID {
		return altered(found(bridge.Finding{Code: bridge.OtherUser}, "the server answered for a different user"))
	}
	// These never change within a session: a change of the password ends all other sessions.
	if known := c.account; known != nil && known.SessionID == a.SessionID && known.KDF != a.KDF {
		return fmt.Errorf("%w: the server sent different parameters earlier in this session", seal.ErrKDFMismatch)
	}
	c.account = &a
	return nil
}

func params(k protocol.KDF) seal.Params {
	return seal.Params{MemoryKiB: k.MemoryKiB, Time: k.Time, Threads: k.Threads}
}

func wireKDF(salt seal.Salt, p seal.Params) protocol.KDF {
	return protocol.KDF{Salt: salt.String(), MemoryKiB: p.MemoryKiB, Time: p.Time, Threads: p.Threads}
}
