package client

import (
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// unlocked is an account while it is unlocked. It is read under Client.mu. Only an operation writes it, also under Client.mu.
type unlocked struct {
	user       chain.ID
	account    protocol.UserAccount // from which the keys were opened
	keys       accountKeys
	proven     bool // the log of the personal vault, which was verified, signs account
	shownOther bool // the server showed another account at the unlock: see compareAccount

	personal *vault
	shared   []*vault           // that are pinned, in the order of their ids; only as a whole replaced: see repin
	known    *replica.Knowledge // about passwords, of all vaults
	pinnedAt string             // stamp of the personal vault from which shared comes
	pinned   time.Time          // when a write last took the pins along: see takePins

	readOnly   bool          // a cache opened by OpenCopy, without a server
	remembered Remembered    // the device's memory
	closed     chan struct{} // closed when the keys are wiped
	next       *nextKey      // the account key of the entry in flight; nil: it does not change

	confirmed map[string]time.Time // when the master password was entered for an item
}

// vault is a vault of an unlocked account. It is read and written as the account is. Everything here works on any vault; what only the
// personal one has is in unlocked.
type vault struct {
	*unlocked
	*replica.Replica

	// Of a shared vault:
	pins      directory.PinnedVault
	reached   []directory.VaultPin // that the history of the replica contains
	shown     int64                // as in directory.VaultPin; the pin follows
	trouble   error                // why it is not as the server has it; nil: it is
	left      bool                 // a verified entry ended the membership: only the outbox is left
	beginning *beginning           // this device creates it; see op.readBeginning

	turns   int64       // Seen.Turns of the history that the replica holds
	joined  *Joined     // until a Sync reports it
	resends resendLimit // until the server shows all that this device remembers
	cached  string      // stamp of the cache; empty: unknown

	entry *entryInFlight // signed, with an unknown fate; see op.inFlight
	write *writeInFlight // the same of a write; see op.writeInFlight

	refused []outbox.Change // the last edits that were given up without the outbox
	absent  map[string]bool // statements of the outbox that the verified history does not have

	unopened map[chain.Line]bool // records of earlier epochs that do not open, so that Reseal leaves them

	history *historyPlace // where it ends on this device; nil: not read since the unlock

	outbox outbox.Outbox
	stayed []string // items whose deletion was given up, until a Sync reports them
}

// newVault returns the empty personal vault of an account. Nothing is verified yet: the log must sign the account.
func newVault(a protocol.UserAccount, k accountKeys) (*vault, error) {
	id, err := chain.ParseID(a.Vault)
	if err != nil {
		return nil, &AnswerError{Path: protocol.PathAccount, Err: fmt.Errorf("id of the vault: %w", err)}
	}
	u := &unlocked{user: k.identity.User, account: a, keys: k, closed: make(chan struct{}), confirmed: map[string]time.Time{}}
	u.personal = u.vault(id)
	return u.personal, nil
}

// vault returns an empty vault of the account.
func (u *unlocked) vault(id chain.ID) *vault {
	return &vault{unlocked: u, Replica: u.replica(id), unopened: map[chain.Line]bool{}, absent: map[string]bool{}}
}

// replica returns the empty replica of a vault of the account.
func (u *unlocked) replica(id chain.ID) *replica.Replica {
	r := replica.New(u.user, id)
	if id.String() != u.account.Vault {
		r = replica.NewShared(u.user, id)
	}
	if u.known == nil {
		u.known = r.Known
	}
	r.Known = u.known
	return r
}

// wipe overwrites all keys, those of its vaults too.
func (u *unlocked) wipe() {
	u.keys.wipe()
	u.forgetNext()
	for _, v := range u.vaults() {
		v.Wipe()
	}
}

// vaults returns all vaults, the personal one first.
func (u *unlocked) vaults() []*vault { return append([]*vault{u.personal}, u.shared...) }

// set returns the vaults that a list shows: the one with an id, or all.
func (u *unlocked) set(id string) replica.Set {
	var set replica.Set
	for _, v := range u.vaults() {
		if id == "" || v.id() == id {
			set = append(set, v.Replica)
		}
	}
	return set
}

// withID returns the vault with an id, or nil.
func (u *unlocked) withID(id chain.ID) *vault {
	if u.personal.Vault == id {
		return u.personal
	}
	return u.sharedVault(id)
}

// id returns that of the vault, as the server and the memory of this device name it.
func (v *vault) id() string { return v.Vault.String() }

// home is what the names of the vault in a Cache contain.
func (v *vault) home() string {
	if v == v.personal {
		return v.account.UserID
	}
	return homeOf(v.account.UserID, v.id())
}

// owner opens and seals the outbox.
func (v *vault) owner() outbox.Owner {
	return outbox.Owner{User: v.user, Key: v.keys.key, Former: v.keys.identity.Former, Owns: v.Owns}
}

// setOutbox replaces the outbox. It is called under Client.mu.
func (v *vault) setOutbox(o outbox.Outbox) {
	before := v.outbox.Changes
	v.outbox = o
	o.Show(v.Replica, before)
}
