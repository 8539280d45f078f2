package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Cache stores sealed data on this device, across runs, so that the vault opens offline. Each name (letters, digits, - and _) has
// a list of chunks; the newest chunk has a stamp of the same characters. Tabs and processes share a Cache. A writer names the
// stamp that it has seen, so that it never overwrites what another wrote.
type Cache interface {
	// Load returns the chunks of name; the zero Cached if there are none.
	Load(name string) (Cached, error)
	// Stamp returns the stamp of the newest chunk, much faster than Load; empty if there is none.
	Stamp(name string) (string, error)
	// Add appends a chunk; Replace replaces all chunks by one. Both are atomic, and return ErrCacheMoved if the stamp of the
	// newest chunk is not after (empty: there is no chunk).
	Add(name, after string, p Chunk) error
	Replace(name, after string, p Chunk) error
	// Forget deletes the chunks of name.
	Forget(name string) error
}

// Cached is the content of a Cache under one name.
type Cached struct {
	Stamp  string // of the newest chunk
	Chunks [][]byte
}

type Chunk struct {
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

func vaultName(home string) string   { return "vault-" + home }
func outboxName(home string) string  { return "queue-" + home }
func entryName(home string) string   { return "entry-" + home }   // see entryInFlight
func writeName(home string) string   { return "write-" + home }   // see operation.putWrite
func historyName(home string) string { return "history-" + home } // see deviceHistory

func beginningName(home string) string { return "begin-" + home } // see beginning

// namesOf returns the names of all that a device stores of a vault. The home of the personal one is the user.
func namesOf(home string) []string {
	return append(copiesOf(home), outboxName(home))
}

// copiesOf is namesOf without the outbox.
func copiesOf(home string) []string {
	return []string{vaultName(home), entryName(home), writeName(home), historyName(home), beginningName(home)}
}

// homeOf returns what the names of a shared vault contain.
func homeOf(user, vault string) string { return user + "-" + vault }

// homesOf returns those of all vaults of which a device may store something, as far as it remembers them.
func (op *operation) homesOf(user string) []string {
	homes := []string{user}
	remembered, _ := op.memory.Load(user) // a damaged one is an alarm elsewhere
	for _, seen := range remembered.Vaults {
		if seen.Vault != remembered.Vault {
			homes = append(homes, homeOf(user, seen.Vault))
		}
	}
	return homes
}

// namesOfUser is namesOf for all vaults of a user.
func (op *operation) namesOfUser(user string) (names []string) {
	for _, home := range op.homesOf(user) {
		names = append(names, namesOf(home)...)
	}
	return names
}

// newStamp returns a unique stamp.
func newStamp() string { return seal.NewID().String() }

// mayCache reports whether this device may have a cache.
func (op *operation) mayCache() bool { return op.cache != nil && !op.cacheOff }

// KeepCopy turns the cache and the outbox of this device on (the default) or off. Turning them off deletes both. If the outbox is
// not empty and force is false, KeepCopy does nothing and returns an *UnsentError.
func (c *Client) KeepCopy(ctx context.Context, on, force bool) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	if on || op.cache == nil {
		op.cacheOff = !on
		return nil
	}
	user, err := op.leave(force)
	if err != nil {
		return err
	}
	if err := op.wipe(user); err != nil {
		return err
	}
	op.cacheOff = true
	return nil
}

// leave returns the user of the cache, or an *UnsentError if deleting it would lose changes and force is false.
func (op *operation) leave(force bool) (string, error) {
	user, err := op.cachedUser()
	if err != nil || force {
		return user, err
	}
	n, err := op.unsent(user)
	if err == nil && n > 0 {
		err = &UnsentError{n}
	}
	return user, err
}

// cacheAccount stores the account that unlocks the vault offline. If the device has no space, work continues without it. The log of
// the vault must sign a: otherwise a server could replace the only key that opens the cache.
func (op *operation) cacheAccount(a protocol.UserAccount) error {
	if !op.mayCache() || sameAccount(op.cached, &a) {
		return nil
	}
	if err := op.replaceAccount(a); err != nil {
		op.cacheProblem = err.Error()
		return op.forgetAccount()
	}
	op.cached = &a
	return op.takeBack(a.UserID)
}

// refreshAccount stores the other data of the account if its keys are unchanged.
func (op *operation) refreshAccount(a protocol.UserAccount) error {
	if v, _ := op.opened(); v != nil && v.proven && sameKeys(&a, &v.account) {
		return op.cacheAccount(a)
	}
	before, _ := op.cachedAccount() // an unlock replaces a damaged one
	if !sameKeys(&a, before) {
		return nil
	}
	return op.cacheAccount(a)
}

// replaceAccount replaces the stored account. If two tabs do this at the same time, the last one wins.
func (op *operation) replaceAccount(a protocol.UserAccount) error {
	before, err := op.cachedAccount()
	switch {
	case err != nil, before == nil:
	case sameAccount(before, &a):
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
		if err := op.cache.Replace(accountName, held.Stamp, Chunk{newStamp(), data}); !errors.Is(err, ErrCacheMoved) {
			return err
		}
	}
	return ErrCacheMoved
}

// cachedAccount returns the account in the cache, nil if there is none.
func (op *operation) cachedAccount() (*protocol.UserAccount, error) {
	if !op.mayCache() {
		return nil, nil
	}
	held, err := op.cache.Load(accountName)
	if err != nil || len(held.Chunks) == 0 {
		return nil, err
	}
	var a protocol.UserAccount
	err = decodeStrict(held.Chunks[len(held.Chunks)-1], &a)
	for _, id := range []string{a.UserID, a.Vault} {
		if err == nil {
			_, err = chain.ParseID(id)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the cached account is damaged: %w", err)
	}
	return &a, nil
}

// cachedUser returns the user of the cache, as far as is known; empty if there is no cache.
func (op *operation) cachedUser() (string, error) {
	op.client.mu.RLock()
	a := op.client.account
	op.client.mu.RUnlock()
	var err error
	if a == nil {
		if a, err = op.cachedAccount(); a == nil {
			return "", err
		}
	}
	return a.UserID, nil
}

func (op *operation) forgetAccount() error {
	if !op.mayCache() {
		return nil
	}
	op.cached = nil
	if err := op.cache.Forget(accountName); err != nil {
		return fmt.Errorf("delete the cache: %w", err)
	}
	return nil
}

// wipe deletes everything that this device stores about a user: the cache, the outbox, and their quarantine.
func (op *operation) wipe(user string) error {
	if !op.mayCache() {
		return nil
	}
	op.client.mu.Lock()
	if op.client.unlocked != nil {
		for _, v := range op.client.unlocked.vaults() {
			v.setOutbox(outbox.Outbox{})
			v.cached = ""
		}
	}
	op.client.mu.Unlock()
	cached, err := op.cachedAccount()
	if err == nil && cached != nil && cached.UserID != user {
		err = op.setAside() // another user's
	} else {
		err = op.forgetAccount() // a damaged one too
	}
	if user == "" {
		return err
	}
	return errors.Join(err, op.forgetNames(op.namesOfUser(user)...), op.forgetQuarantined(user))
}

func (op *operation) forgetNames(names ...string) error {
	for _, name := range names {
		if err := op.cache.Forget(name); err != nil {
			return fmt.Errorf("delete the cache: %w", err)
		}
	}
	return nil
}

// stateStamp is the stamp of a cache at a state: its revision and the number of its newest log entry.
func stateStamp(s chain.State) string {
	if s.Entry == nil {
		return ""
	}
	return fmt.Sprintf("%d-%d", s.Revision, s.Entry.Sequence)
}

// parseStamp reverses stateStamp. It returns zeros for another stamp.
func parseStamp(stamp string) (revision, sequence int64) {
	first, second, _ := strings.Cut(stamp, "-")
	revision, errRevision := strconv.ParseInt(first, 10, 64)
	sequence, errSequence := strconv.ParseInt(second, 10, 64)
	if errors.Join(errRevision, errSequence) != nil {
		return 0, 0
	}
	return revision, sequence
}

// newerStamp reports whether a is the stamp of a later state than b.
func newerStamp(a, b string) bool {
	revision, sequence := parseStamp(a)
	other, otherSequence := parseStamp(b)
	return revision > other || revision == other && sequence > otherSequence
}

// cacheDelta appends an answer of the server to the cache: the changes from a state with this stamp to the state of v.
func (op *operation) cacheDelta(v *vault, from string, answer []byte) error {
	stamp := stateStamp(v.Log().State)
	if !op.mayCache() || v.cached == stamp {
		return nil
	}
	if v.cached == from && from != "" {
		err := op.cache.Add(vaultName(v.home()), from, Chunk{stamp, answer})
		if !errors.Is(err, ErrCacheMoved) {
			return op.cacheWritten(v, err)
		}
	}
	return op.cacheWhole(v, nil)
}

// cacheWhole replaces the cache by the state of v, unless another tab or process has written a newer one. a is the answer of the server
// from which the state comes; nil: cacheWhole encodes it.
func (op *operation) cacheWhole(v *vault, a *replica.Answer) error {
	if !op.mayCache() {
		return nil
	}
	name, stamp := vaultName(v.home()), stateStamp(v.Log().State)
	var chunk []byte
	for range maxAttempts {
		held, err := op.cache.Load(name)
		if err != nil {
			return op.cacheWritten(v, err)
		}
		if newerStamp(held.Stamp, stamp) {
			v.cached = ""
			return nil
		}
		if chunk == nil {
			if chunk, err = v.Whole(a); err != nil {
				return fmt.Errorf("encode the cache: %w", err)
			}
		}
		if err := op.cache.Replace(name, held.Stamp, Chunk{stamp, chunk}); !errors.Is(err, ErrCacheMoved) {
			return op.cacheWritten(v, err)
		}
	}
	return op.cacheWritten(v, ErrCacheMoved)
}

// cacheWritten records the result of writing the cache. A device without space works on: the vault is safe on the server, and Synced
// reports the problem to the user.
func (op *operation) cacheWritten(v *vault, err error) error {
	if err == nil {
		v.cached = stateStamp(v.Log().State)
		if op.cached != nil {
			op.cacheProblem = ""
		}
		return nil
	}
	op.cacheProblem = err.Error()
	// An old cache that remains would look like a rollback.
	if dropErr := op.cache.Forget(vaultName(v.home())); dropErr != nil {
		return fmt.Errorf("write the cache: %w", errors.Join(err, dropErr))
	}
	v.cached = ""
	return nil
}

// maxChunks is the number of chunks at which a cache is rewritten as one.
const maxChunks = 64

// openCache fills v from the cache, which it verifies like an answer of the server. It returns errNoCopy if there is no cache.
func (op *operation) openCache(v *vault) error {
	if !op.mayCache() {
		return errNoCopy
	}
	name := vaultName(v.home())
	held, err := op.cache.Load(name)
	if err != nil {
		return fmt.Errorf("read the cache: %w", err)
	}
	if len(held.Chunks) == 0 {
		return errNoCopy
	}
	seen, err := v.seen()
	if err != nil {
		return err
	}
	if seen.Entry == nil && v != v.personal {
		return errNoCopy
	}
	if seen.Entry == nil {
		// It is unknown how new the cache is: the user made this device forget its state, and wants the vault of the server.
		return errors.Join(errNoCopy, op.moveAside(v.account, name, held))
	}
	if err := op.takeChunks(v, held.Chunks, seen); err != nil {
		return err
	}
	v.cached = held.Stamp
	if len(held.Chunks) > maxChunks {
		whole, err := v.Whole(nil)
		if err != nil {
			return fmt.Errorf("encode the cache: %w", err)
		}
		err = op.cache.Replace(name, held.Stamp, Chunk{held.Stamp, whole})
		if err != nil && !errors.Is(err, ErrCacheMoved) {
			return op.cacheWritten(v, err)
		}
	}
	return nil
}

// takeChunks fills v from the chunks of a cache, which must lead to what this device has seen.
func (op *operation) takeChunks(v *vault, chunks [][]byte, seen chain.State) error {
	held, err := replica.ParseCopy(chunks)
	if err != nil {
		return err
	}
	log, err := v.FollowCopy(held, seen)
	if err != nil {
		return err
	}
	if v == v.personal {
		if err := v.proveCached(log); err != nil {
			return err
		}
	}
	if v == v.personal && log.State.Entry.Roster[0].Card != v.keys.document.Card {
		// The program ended before the account of a rotation was stored. Only the server has its identity.
		return fmt.Errorf("%w of these keys", errNoCopy)
	}
	next, err := v.Verify(op.ctx, log, v.keys.identity, held.Records(), true)
	if err != nil {
		return err
	}
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	next.Commit()
	return nil
}
