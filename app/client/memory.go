package client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Memory stores what this device verified of a user, across runs. It is not secret, but it survives signing out and never goes back.
// Load returns the zero Remembered for an unknown user, and an error if there is something that it cannot read. Store is atomic; the
// zero Remembered deletes.
type Memory interface {
	Load(user string) (Remembered, error)
	// Find is Load for the user with this username, as somebody may type it.
	Find(username string) (Remembered, error)
	Store(user string, r Remembered) error
	// Lock waits until no other tab or process of this device holds the lock of the user. It ends with ctx. A tab or process that ends
	// loses the lock.
	Lock(ctx context.Context, user string) (unlock func(), err error)
}

// Remembered is what a device verified of a user. A server cannot take any of it back.
type Remembered struct {
	Username      string        `json:"username"`
	Vault         string        `json:"vault"`          // id of the personal vault
	KeyGeneration int64         `json:"key_generation"` // of the account key
	KDF           RememberedKDF `json:"kdf"`
	Card          string        `json:"card"` // hash of the user's newest card, base64url
	Vaults        []Seen        `json:"vaults"`
	Lost          []string      `json:"lost,omitempty"` // ids of attachments whose content the server lost
	// Replaced says that the username now belongs to another user, as far as somebody at this device has agreed. The rest still holds for
	// this user.
	Replaced bool `json:"replaced,omitempty"`
}

// RememberedKDF is how the master password was turned into a key.
type RememberedKDF struct {
	Salt string `json:"salt"` // base64url
	Cost int    `json:"cost"`
}

// Seen is the newest verified state of a vault.
type Seen struct {
	Vault string `json:"vault"` // id
	State string `json:"state"` // a chain.State, encoded, base64url
	Alarm Alarm  `json:"alarm,omitzero"`
	// Turns counts how often this device left its history for another: because the user accepted the server's, or because a write brought
	// both together. Only then may State go back.
	Turns int64 `json:"turns,omitempty"`
}

// ErrMemory: this device remembers something that it cannot read. It does not count as nothing, because a server could then show an
// old vault.
var ErrMemory = errors.New("what this device remembers of the vault is damaged, or of another version")

// IsZero reports whether nothing is remembered.
func (r Remembered) IsZero() bool { return r.Username == "" && len(r.Vaults) == 0 }

// Equal reports whether o is the same.
func (r Remembered) Equal(o Remembered) bool {
	return r.Username == o.Username && r.Vault == o.Vault && r.KeyGeneration == o.KeyGeneration && r.KDF == o.KDF && r.Card == o.Card &&
		slices.Equal(r.Vaults, o.Vaults) && slices.Equal(r.Lost, o.Lost) && r.Replaced == o.Replaced
}

// Check returns ErrMemory for a memory that this program did not write.
func (r Remembered) Check() error {
	for _, seen := range r.Vaults {
		if _, _, err := r.state(seen.Vault); err != nil {
			return err
		}
	}
	return nil
}

// with returns r with another state of a vault.
func (r Remembered) with(seen Seen) Remembered {
	r.Vaults = slices.Clone(r.Vaults)
	if i := r.index(seen.Vault); i >= 0 {
		r.Vaults[i] = seen
	} else {
		r.Vaults = append(r.Vaults, seen)
	}
	return r
}

// seen returns the remembered state of a vault, or the zero Seen.
func (r Remembered) seen(vault string) Seen {
	if i := r.index(vault); i >= 0 {
		return r.Vaults[i]
	}
	return Seen{Vault: vault}
}

func (r Remembered) index(vault string) int {
	return slices.IndexFunc(r.Vaults, func(s Seen) bool { return s.Vault == vault })
}

// state returns the remembered state of a vault, and whether there is one.
func (r Remembered) state(vault string) (chain.State, bool, error) {
	i := r.index(vault)
	if i < 0 {
		return chain.State{}, false, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(r.Vaults[i].State)
	if err != nil {
		return chain.State{}, false, ErrMemory
	}
	s, err := chain.ParseState(b)
	if err != nil {
		return chain.State{}, false, fmt.Errorf("%w: %w", ErrMemory, err)
	}
	if s.Entry.Vault.String() != vault {
		return chain.State{}, false, fmt.Errorf("%w: it names another vault", ErrMemory)
	}
	return s, true, nil
}

// Head returns the remembered revision of the personal vault and the hash of its newest write, in hex; empty if nothing is remembered.
func (r Remembered) Head() (revision int64, write string) {
	s, ok, err := r.state(r.Vault)
	if err != nil || !ok {
		return 0, ""
	}
	return s.Revision, s.Write.String()
}

// Named reports whether this is the memory of the user with this name, as somebody may type it.
func (r Remembered) Named(username string) bool {
	return !r.Replaced && canonicalUsername(r.Username) == canonicalUsername(username)
}

// Merge returns r with what newer has seen since. Two tabs or processes may store in another order than they verified, so it takes the
// newer state of each vault. It returns a *RolledBackError if the two saw different histories, which only a lying server can show.
func (r Remembered) Merge(newer Remembered) (Remembered, error) {
	out := newer
	out.KeyGeneration = max(r.KeyGeneration, newer.KeyGeneration)
	for _, seen := range r.Vaults {
		old, _, err := r.state(seen.Vault)
		if err != nil {
			return r, err
		}
		s, ok, err := newer.state(seen.Vault)
		if err != nil {
			return r, err
		}
		turned := newer.seen(seen.Vault).Turns - r.seen(seen.Vault).Turns
		switch {
		case !ok || turned < 0: // newer is not newer here
		case turned > 0:
			continue
		case parted(old, s):
			return r, &RolledBackError{Seen: old.Revision, Got: s.Revision}
		case s.Revision >= old.Revision && s.Entry.Sequence >= old.Entry.Sequence:
			continue
		}
		out = out.with(seen)
		if seen.Vault == r.Vault {
			out.Username, out.KDF, out.Card = r.Username, r.KDF, r.Card
		}
	}
	return out, nil
}

// parted reports whether two states cannot be of one history.
func parted(a, b chain.State) bool {
	return a.Revision == b.Revision && a.Write != b.Write || a.Entry.Sequence == b.Entry.Sequence && a.Entry.Hash() != b.Entry.Hash() ||
		a.Revision < b.Revision && a.Entry.Sequence > b.Entry.Sequence || a.Revision > b.Revision && a.Entry.Sequence < b.Entry.Sequence
}

// rememberedOf returns what this device remembers of a user.
func (op *operation) rememberedOf(user chain.ID) (Remembered, error) {
	r, err := op.memory.Load(user.String())
	if err == nil {
		err = r.Check()
	}
	if err != nil {
		// Going on without would let the server show an older vault.
		return r, fmt.Errorf("read what this device remembers: %w", err)
	}
	return r, nil
}

// recall reads into v what this device remembers of its user.
func (op *operation) recall(v *vault) (err error) {
	if v.remembered, err = op.rememberedOf(v.user); err != nil {
		return err
	}
	if turns := v.remembered.seen(v.id()).Turns; turns != v.turns {
		op.changeHistory(v, turns)
	}
	return nil
}

// changeHistory drops what v holds of a history that this device has left.
func (op *operation) changeHistory(v *vault, turns int64) {
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	fresh := v.replica(v.Vault)
	if v.Loaded {
		v.Wipe()
	}
	v.reached = nil
	v.Replica, v.turns, v.cached, v.outbox, v.write, v.entry = fresh, turns, "", outbox.Outbox{}, nil, nil
}

// remember stores that the state of v was verified, with the account that its log signs. The caller has written the cache: one that is
// newer than the memory raises no alarm.
func (op *operation) remember(v *vault) error {
	if err := op.cacheAccount(v.account); err != nil {
		return err
	}
	return op.storeMemory(v, v.Log().State)
}

func (op *operation) storeMemory(v *vault, s chain.State) error {
	d := v.keys.document
	r := Remembered{
		Username: v.account.Username, Vault: v.account.Vault, KeyGeneration: max(d.KeyGeneration, v.remembered.KeyGeneration),
		Card:   encodeHash(d.Card),
		KDF:    RememberedKDF{Salt: chain.ID(d.Salt).String(), Cost: int(d.Cost)},
		Vaults: v.remembered.Vaults, Lost: v.remembered.Lost,
	}
	seen := Seen{Vault: s.Entry.Vault.String(), State: base64.RawURLEncoding.EncodeToString(s.Encode()), Turns: v.turns}
	r = r.with(seen)
	if r.Equal(v.remembered) {
		return nil
	}
	if err := op.memory.Store(v.user.String(), r); err != nil {
		return fmt.Errorf("store what this device remembers: %w", err)
	}
	v.remembered = r
	return nil
}

// seen returns the state of v's vault that this device remembers; the zero State if there is none.
func (v *vault) seen() (chain.State, error) {
	s, _, err := v.remembered.state(v.id())
	return s, err
}

func encodeHash(h chain.Hash) string { return base64.RawURLEncoding.EncodeToString(h[:]) }

// kdf returns the remembered salt and cost, and whether there are any.
func (r Remembered) kdf() (seal.KDF, bool) {
	salt, err := chain.ParseID(r.KDF.Salt)
	if err != nil || r.KDF.Cost < 1 || r.KDF.Cost > chain.MaxCost {
		return seal.KDF{}, false
	}
	return seal.KDF{Salt: salt, Cost: byte(r.KDF.Cost)}, true
}

// recollect sets what this device remembers of the user of a fresh v.
func (v *vault) recollect(r Remembered) { v.remembered, v.turns = r, r.seen(v.id()).Turns }
