package client

import (
	"time"

	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// vault is an unlocked vault: its replica, and what this device has of it. It is read under Client.mu. Only an operation writes
// it, also under Client.mu.
type vault struct {
	*replica.Replica
	account        protocol.Account // from which the vault key was unwrapped
	readOnly       bool             // a cache opened by OpenCopy, without a server
	seen           Seen             // of the device's memory
	cachedRevision int64            // revision of the cache; notCopied: unknown
	closed         chan struct{}    // closed when the key is wiped

	confirmed map[string]time.Time // when the master password was entered for an item

	outbox outbox.Outbox
	stayed []string // items whose deletion was given up, until a Sync reports them
}

func newVault(user seal.UserID, key seal.VaultKey) *vault {
	return &vault{Replica: replica.New(user, key), cachedRevision: notCached, closed: make(chan struct{}), confirmed: map[string]time.Time{}}
}

// setOutbox replaces the outbox. It is called under Client.mu.
func (v *vault) setOutbox(o outbox.Outbox) {
	before := v.outbox.Changes
	v.outbox = o
	o.Show(v.Replica, before)
}
