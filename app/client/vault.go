package client

import (
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// vault is an unlocked account with its personal vault. It is read under Client.mu. Only an operation writes it, also under
// Client.mu.
type vault struct {
	*replica.Replica
	user       chain.ID
	account    protocol.UserAccount // from which the keys were opened
	keys       accountKeys
	proven     bool // the log, which was verified, signs account
	shownOther bool // the server showed another account at the unlock: see compareAccount

	readOnly   bool          // a cache opened by OpenCopy, without a server
	remembered Remembered    // the device's memory
	turns      int64         // Seen.Turns of the history that the replica holds
	joined     *Joined       // until a Sync reports it
	resends    resendLimit   // until the server shows all that this device remembers
	cached     string        // stamp of the cache; empty: unknown
	closed     chan struct{} // closed when the keys are wiped

	entry *entryInFlight // signed, with an unknown fate; see op.inFlight
	next  *nextKey       // the account key of entry; nil: it does not change
	write *writeInFlight // the same of a write; see op.writeInFlight

	refused []outbox.Change // the last edits that were given up without the outbox
	absent  map[string]bool // statements of the outbox that the verified history does not have

	unopened map[chain.Line]bool // records of earlier epochs that do not open, so that Reseal leaves them

	confirmed map[string]time.Time // when the master password was entered for an item

	outbox outbox.Outbox
	stayed []string // items whose deletion was given up, until a Sync reports them
}

// newVault returns the empty vault of an account. Nothing is verified yet: the log must sign the account.
func newVault(a protocol.UserAccount, k accountKeys) (*vault, error) {
	id, err := chain.ParseID(a.Vault)
	if err != nil {
		return nil, &AnswerError{Path: protocol.PathAccount, Err: fmt.Errorf("id of the vault: %w", err)}
	}
	user := k.identity.User
	return &vault{Replica: replica.New(user, id), user: user, account: a, keys: k, closed: make(chan struct{}),
		unopened: map[chain.Line]bool{}, confirmed: map[string]time.Time{}, absent: map[string]bool{}}, nil
}

// Wipe overwrites all keys.
func (v *vault) Wipe() {
	v.keys.wipe()
	v.forgetNext()
	v.Replica.Wipe()
}

// owner opens and seals the outbox.
func (v *vault) owner() outbox.Owner {
	return outbox.Owner{User: v.user, Key: v.keys.key, Former: v.keys.identity.Former}
}

// setOutbox replaces the outbox. It is called under Client.mu.
func (v *vault) setOutbox(o outbox.Outbox) {
	before := v.outbox.Changes
	v.outbox = o
	o.Show(v.Replica, before)
}
