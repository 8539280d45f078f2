package client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// During an alarm the server has another history of the vault. otherVault verifies it from its first entry on, as a device without memory
// does, and apart from what this device holds.

var (
	// ErrOtherIdentity: the server's history is not under the card that this device remembers, or its successor. Nobody can accept it.
	ErrOtherIdentity = errors.New("the server's history of this vault is not signed by the identity that this device knows")
	// ErrNoAlarm: the vault is not in alarm.
	ErrNoAlarm = errors.New("the vault is not in alarm")
	// ErrOtherHead: the server shows something else than when the differences were listed.
	ErrOtherHead = errors.New("the server shows another state of the vault than before: look at the differences again")
)

// otherVault downloads and verifies the server's history. The caller wipes the result.
func (op *operation) otherVault(v *vault) (*vault, error) {
	a, err := op.fetchAccount()
	if err != nil {
		return nil, err
	}
	user, parts, err := parseAccount(a)
	if err != nil {
		return nil, err
	}
	if user != v.user || a.Vault != v.account.Vault {
		return nil, accountProblem(chain.ErrVault)
	}
	if known, ok := v.remembered.kdf(); ok && parts.document.Cost < known.Cost || parts.document.KeyGeneration < v.keys.generation {
		return nil, fmt.Errorf("%w: its account keys are older", ErrOtherIdentity)
	}
	keys, err := parts.openIdentity(user, v.keys.key, v.keys.generation)
	if errors.Is(err, seal.ErrWrongKey) || errors.Is(err, seal.ErrAltered) {
		return nil, fmt.Errorf("%w: %w", ErrOtherIdentity, err)
	}
	if err != nil {
		return nil, err
	}
	other, err := newVault(a, keys)
	if err != nil {
		return nil, err
	}
	if err := op.verifyOther(v, other); err != nil {
		other.wipe()
		return nil, err
	}
	return other, nil
}

func (op *operation) verifyOther(v, other *vault) error {
	answer, _, err := op.ask(other, 0, -1, chain.State{})
	if err != nil {
		return err
	}
	log, err := other.Follow(answer, chain.State{})
	if err != nil {
		return err
	}
	if err := other.keys.check(other.account, log); err != nil {
		return accountProblem(err)
	}
	if err := v.knows(other.keys.document.Card, log.Cards); err != nil {
		return err
	}
	next, err := other.Verify(op.ctx, log, other.keys.identity, answer.Records, true)
	if err != nil {
		return err
	}
	next.Commit()
	other.proven = true
	return nil
}

// knows returns an error unless a card is the remembered one or succeeds it.
func (u *unlocked) knows(card chain.Hash, cards *chain.Cards) error {
	b, err := base64.RawURLEncoding.Strict().DecodeString(u.remembered.Card)
	if err != nil || len(b) != len(chain.Hash{}) {
		return ErrMemory
	}
	for c := cards.Get(card); c != nil; c = cards.Get(c.Previous) {
		if c.Hash() == chain.Hash(b) {
			return nil
		}
	}
	return ErrOtherIdentity
}

// OtherState is the server's history during an alarm, verified by this device.
type OtherState struct {
	Head     string `json:"head"` // hash of the newest write: what AcceptServers accepts
	Revision int64  `json:"revision"`
	// Verified is the revision that this device verified last.
	Verified    int64                `json:"verified"`
	Author      string               `json:"author,omitempty"` // of the newest write; empty before the first
	Differences []replica.Difference `json:"differences"`      // what the items of the server differ in
	// Mergeable reports whether BringTogether may work: the log of the server has the newest entry that this device knows.
	Mergeable bool `json:"mergeable"`
}

// OtherState verifies the server's history of a vault in alarm, and lists what differs. Nothing of it is shown as an item.
func (c *Client) OtherState(ctx context.Context) (OtherState, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return OtherState{}, err
	}
	defer op.end()
	v, err := op.inAlarm()
	if err != nil {
		return OtherState{}, err
	}
	other, err := op.otherVault(v)
	if err != nil {
		return OtherState{}, err
	}
	defer other.wipe()
	log := other.Log()
	out := OtherState{Head: log.State.Write.String(), Revision: other.Revision(), Verified: v.seenRevision(),
		Differences: v.Differences(other.Replica), Mergeable: v.Loaded && extends(log, v.Log().State.Entry)}
	if log.Head != nil {
		out.Author = log.AuthorOf(log.Head)
	}
	return out, op.nameAuthor(v, out)
}

// nameAuthor adds to the alarm whose write the server shows, if the contradiction itself does not say.
func (op *operation) nameAuthor(v *vault, o OtherState) error {
	seen := v.remembered.seen(v.id())
	if seen.Alarm.Author != "" || o.Author == "" {
		return nil
	}
	seen.Alarm.Object, seen.Alarm.Number, seen.Alarm.Author = string(chain.KindWrite), o.Revision, o.Author
	return op.storeSeen(v, seen)
}

// seenRevision returns the remembered revision.
func (v *vault) seenRevision() int64 {
	s, err := v.seen()
	if err != nil {
		return 0
	}
	return s.Revision
}

// extends reports whether a log has an entry.
func extends(log *replica.Log, e *chain.Entry) bool {
	return e != nil && e.Sequence < int64(len(log.Entries)) && log.Entries[e.Sequence].Hash() == e.Hash()
}

// inAlarm returns the unlocked vault, which must be in alarm, with what this device holds of it.
func (op *operation) inAlarm() (*vault, error) {
	v, err := op.opened()
	if err != nil {
		return nil, err
	}
	if err := op.recall(v); err != nil {
		return nil, err
	}
	if v.alarm().IsZero() {
		return nil, ErrNoAlarm
	}
	if !v.Loaded {
		_ = op.openCache(v) // without one, everything of the server's differs
	}
	return v, op.loadOutbox(v)
}

// AcceptServers makes this device remember the server's history: a roll-back with consent. head is OtherState.Head, which
// the user has seen with its differences. The sealed cache of the former history goes into quarantine; the outbox stays, and its changes
// are sent from now on.
func (c *Client) AcceptServers(ctx context.Context, password, head string) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	v, err := op.inAlarm()
	if err != nil {
		return err
	}
	opened, key, err := openWith(v.account, password, v.remembered)
	key.Wipe()
	if err != nil {
		return err
	}
	opened.wipe()
	other, err := op.otherVault(v)
	if err != nil {
		return err
	}
	if other.Log().State.Write.String() != head {
		other.wipe()
		return ErrOtherHead
	}
	return op.accept(v, other)
}

// accept sets the old cache aside first, then moves the memory. If the program ends in between, the alarm stays and the cache is in
// quarantine; if it ends after, the next sync downloads the vault.
func (op *operation) accept(v, other *vault) error {
	if op.mayCache() {
		name := vaultName(v.home())
		held, err := op.cache.Load(name)
		if err != nil {
			return fmt.Errorf("read the cache: %w", err)
		}
		if len(held.Chunks) > 0 {
			if err := op.moveAside(v.account, name, held); err != nil {
				return err
			}
		}
		if err := op.forgetNames(writeName(v.home()), entryName(v.home())); err != nil {
			return err
		}
	}
	other.remembered, other.turns = v.remembered, v.turns+1
	if err := op.storeMemory(other, other.Log().State); err != nil {
		return err
	}
	if err := op.cacheAccount(other.account); err != nil {
		return err
	}
	op.become(v, other)
	if err := op.cacheWhole(v, nil); err != nil {
		return err
	}
	return op.loadOutbox(v)
}

// become replaces the vault by another history of it.
func (op *operation) become(v, other *vault) {
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	v.keys.wipe()
	v.forgetNext()
	v.Wipe()
	other.Known = v.known
	v.Replica, v.keys, v.account, v.proven = other.Replica, other.keys, other.account, true
	v.remembered, v.turns, v.cached, v.write, v.entry, v.outbox = other.remembered, other.turns, "", nil, nil, outbox.Outbox{}
}
