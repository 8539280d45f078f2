package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Cache stores sealed data on this device, across runs, so that the vault opens offline. Each name (letters, digits, - and _) has
// a list of pieces; the newest piece has a stamp of the same characters. Tabs and processes share a Cache. A writer names the
// stamp that it has seen, so that it never overwrites what another wrote.
type Cache interface {
	// Load returns the pieces of name; the zero Kept if there are none.
	Load(name string) (Kept, error)
	// Stamp returns the stamp of the newest piece, much faster than Load; empty if there is none.
	Stamp(name string) (string, error)
	// Add appends a piece; Replace replaces all pieces by one. Both are atomic, and return ErrCacheMoved if the stamp of the
	// newest piece is not after (empty: there is no piece).
	Add(name, after string, p Piece) error
	Replace(name, after string, p Piece) error
	// Forget deletes the pieces of name.
	Forget(name string) error
}

// Kept is the content of a Cache under one name.
type Kept struct {
	Stamp  string // of the newest piece
	Pieces [][]byte
}

type Piece struct {
	Stamp string
	Data  []byte
}

// ErrCacheMoved: another tab or process has written to the Cache in the meantime.
var ErrCacheMoved = errors.New("another tab or process changed the cache at the same time")

// errNoCopy: the device has no cache of the vault.
var errNoCopy = errors.New("this device has no cache of the vault")

// The names in a Cache. "account" belongs to the signed-in user; the vault and the outbox of a user stay when the session ends
// (quarantine.go).
const accountName = "account"

func vaultName(user seal.UserID) string  { return "vault-" + string(user) }
func outboxName(user seal.UserID) string { return "queue-" + string(user) }

// newStamp returns a unique stamp.
func newStamp() string { return string(seal.NewAccountID()) }

// keeps reports whether this device may have a cache.
func (op *operation) keeps() bool { return op.cache != nil && !op.keepsNothing }

// KeepCopy turns the cache and the outbox of this device on (the default) or off. Turning them off deletes both. If the outbox is
// not empty and force is false, KeepCopy does nothing and returns an *UnsentError.
func (c *Client) KeepCopy(ctx context.Context, on, force bool) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	if on || op.cache == nil {
		op.keepsNothing = !on
		return nil
	}
	user, err := op.leave(force)
	if err != nil {
		return err
	}
	if err := op.wipe(user); err != nil {
		return err
	}
	op.keepsNothing = true
	return nil
}

// leave returns the user of the cache, or an *UnsentError if deleting it would lose changes and force is false.
func (op *operation) leave(force bool) (seal.UserID, error) {
	user, err := op.keptUser()
	if err != nil || force {
		return user, err
	}
	n, err := op.unsent(user)
	if err == nil && n > 0 {
		err = &UnsentError{n}
	}
	return user, err
}

// keepAccount stores the account that unlocks the vault offline. If the device has no space, work continues without it. The
// password must have opened the vault key of a: otherwise a server could replace the only key that opens the cache.
func (op *operation) keepAccount(a protocol.Account) error {
	a.Revision = 0 // it changes often, and the cached vault has its own
	if !op.keeps() || op.cached != nil && *op.cached == a {
		return nil
	}
	if err := op.replaceAccount(a); err != nil {
		op.cacheProblem = err.Error()
		return op.forgetAccount()
	}
	op.cached = &a
	return op.takeBack(seal.UserID(a.UserID))
}

// sameKey reports whether two accounts unlock the same key with the same password.
func sameKey(a, b *protocol.Account) bool {
	return a != nil && b != nil && a.UserID == b.UserID && a.KDF == b.KDF && a.WrappedKey == b.WrappedKey
}

// refreshAccount stores the other data of the account if its key is unchanged.
func (op *operation) refreshAccount(a protocol.Account) error {
	if v, _ := op.opened(); v != nil && sameKey(&a, &v.account) {
		return op.keepAccount(a)
	}
	before, _ := op.keptAccount() // an unlock replaces a damaged one
	if !sameKey(&a, before) {
		return nil
	}
	return op.keepAccount(a)
}

// replaceAccount replaces the stored account. If two tabs do this at the same time, the last one wins.
func (op *operation) replaceAccount(a protocol.Account) error {
	before, err := op.keptAccount()
	switch {
	case err != nil, before == nil:
	case *before == a:
		return nil
	case before.UserID != a.UserID:
		if err := op.putAside(*before); err != nil {
			return err
		}
	}
	data, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encode account: %w", err)
	}
	for range maxAttempts {
		held, err := op.cache.Load(accountName)
		if err != nil {
			return err
		}
		if err := op.cache.Replace(accountName, held.Stamp, Piece{newStamp(), data}); !errors.Is(err, ErrCacheMoved) {
			return err
		}
	}
	return ErrCacheMoved
}

// keptAccount returns the account in the cache, nil if there is none.
func (op *operation) keptAccount() (*protocol.Account, error) {
	if !op.keeps() {
		return nil, nil
	}
	held, err := op.cache.Load(accountName)
	if err != nil || len(held.Pieces) == 0 {
		return nil, err
	}
	var a protocol.Account
	err = decodeStrict(held.Pieces[len(held.Pieces)-1], &a)
	if err == nil {
		_, err = seal.ParseUserID(a.UserID)
	}
	if err != nil {
		return nil, fmt.Errorf("the cached account is damaged: %w", err)
	}
	return &a, nil
}

// keptUser returns the user of the cache, as far as is known; empty if there is no cache.
func (op *operation) keptUser() (seal.UserID, error) {
	op.client.mu.RLock()
	a := op.client.account
	op.client.mu.RUnlock()
	var err error
	if a == nil {
		if a, err = op.keptAccount(); a == nil {
			return "", err
		}
	}
	return seal.UserID(a.UserID), nil
}

func (op *operation) forgetAccount() error {
	if !op.keeps() {
		return nil
	}
	op.cached = nil
	if err := op.cache.Forget(accountName); err != nil {
		return fmt.Errorf("delete the cache: %w", err)
	}
	return nil
}

// wipe deletes everything that this device stores about a user: the cache, the outbox, and their quarantine.
func (op *operation) wipe(user seal.UserID) error {
	if !op.keeps() {
		return nil
	}
	op.client.mu.Lock()
	if op.client.vault != nil {
		op.client.vault.setOutbox(outbox.Outbox{})
		op.client.vault.copied = notCopied
	}
	op.client.mu.Unlock()
	kept, err := op.keptAccount()
	if err == nil && kept != nil && kept.UserID != string(user) {
		err = op.setAside() // another user's
	} else {
		err = op.forgetAccount() // a damaged one too
	}
	if user == "" {
		return err
	}
	return errors.Join(err, op.forgetNames(vaultName(user), outboxName(user)), op.forgetQuarantined(user))
}

func (op *operation) forgetNames(names ...string) error {
	for _, name := range names {
		if err := op.cache.Forget(name); err != nil {
			return fmt.Errorf("delete the cache: %w", err)
		}
	}
	return nil
}

// notCopied is the revision of a vault without a cache.
const notCopied = -1

func revisionStamp(revision int64) string { return strconv.FormatInt(revision, 10) }

// keepDelta appends the changes since another revision to the cache.
func (op *operation) keepDelta(v *vault, from int64, piece []byte) error {
	if !op.keeps() || v.copied == v.Revision {
		return nil
	}
	if v.copied == from && v.Revision != from {
		err := op.cache.Add(vaultName(v.User), revisionStamp(from), Piece{revisionStamp(v.Revision), piece})
		if !errors.Is(err, ErrCacheMoved) {
			return op.copied(v, err)
		}
	}
	return op.keepWhole(v, nil)
}

// keepWhole replaces the cache, unless another tab or process has written a newer one. piece is the vault as one answer of the
// server; nil: keepWhole encodes it.
func (op *operation) keepWhole(v *vault, piece []byte) error {
	if !op.keeps() {
		return nil
	}
	name := vaultName(v.User)
	for range maxAttempts {
		held, err := op.cache.Load(name)
		if err != nil {
			return op.copied(v, err)
		}
		if revision, err := strconv.ParseInt(held.Stamp, 10, 64); err == nil && revision > v.Revision {
			v.copied = notCopied
			return nil
		}
		if piece == nil {
			if piece, err = json.Marshal(v.Answer()); err != nil {
				return fmt.Errorf("encode the cache: %w", err)
			}
		}
		if err := op.cache.Replace(name, held.Stamp, Piece{revisionStamp(v.Revision), piece}); !errors.Is(err, ErrCacheMoved) {
			return op.copied(v, err)
		}
	}
	return op.copied(v, ErrCacheMoved)
}

// copied records the result of writing the cache. A device without space works on: the vault is safe on the server, and Synced
// reports the problem to the user.
func (op *operation) copied(v *vault, err error) error {
	if err == nil {
		v.copied = v.Revision
		if op.cached != nil {
			op.cacheProblem = ""
		}
		return nil
	}
	op.cacheProblem = err.Error()
	// An old cache that remains would look like a rollback.
	if dropErr := op.cache.Forget(vaultName(v.User)); dropErr != nil {
		return fmt.Errorf("write the cache: %w", errors.Join(err, dropErr))
	}
	v.copied = notCopied
	return nil
}

// maxPieces is the number of pieces at which a cache is rewritten as one.
const maxPieces = 64

// openCopy fills v from the cache, which it verifies like an answer of the server. It returns errNoCopy if there is no cache.
func (op *operation) openCopy(v *vault) error {
	if !op.keeps() {
		return errNoCopy
	}
	name := vaultName(v.User)
	held, err := op.cache.Load(name)
	if err != nil {
		return fmt.Errorf("read the cache: %w", err)
	}
	if len(held.Pieces) == 0 {
		return errNoCopy
	}
	if v.seen.Digest == "" {
		// It is unknown how new the cache is: the user made this device forget its state, and wants the vault of the server.
		return errors.Join(errNoCopy, op.moveAside(v.account, name, held))
	}
	answer, err := op.takePieces(v, held.Pieces)
	if err != nil {
		return err
	}
	v.copied = v.Revision
	if len(held.Pieces) > maxPieces {
		whole, err := json.Marshal(answer)
		if err != nil {
			return fmt.Errorf("encode the cache: %w", err)
		}
		err = op.cache.Replace(name, held.Stamp, Piece{held.Stamp, whole})
		if err != nil && !errors.Is(err, ErrCacheMoved) {
			return op.copied(v, err)
		}
	}
	return nil
}

// takePieces fills v from the pieces of a cache.
func (op *operation) takePieces(v *vault, pieces [][]byte) (protocol.VaultResponse, error) {
	answer, err := replica.Join(pieces)
	if err != nil {
		return answer, &VaultAlteredError{Problems: []error{replica.Found(bridge.Finding{Code: bridge.CacheDamaged}, "the copy on this device is damaged")}, Err: err}
	}
	err = op.take(v, answer, true)
	var back *RolledBackError
	if errors.As(err, &back) {
		back.Copy = true
	}
	return answer, err
}
