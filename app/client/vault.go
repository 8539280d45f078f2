package client

import (
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// vault is an unlocked vault: its replica, and what this device has of it. It is read under Client.mu. Only an operation writes
// it, also under Client.mu.
type vault struct {
	*replica.Replica
	account  protocol.Account // from which the vault key was unwrapped
	readOnly bool             // a cache opened by OpenCopy, without a server
	seen     Seen             // of the device's memory
	copied   int64            // revision of the cache; notCopied: unknown
	closed   chan struct{}    // closed when the key is wiped

	confirmed map[string]time.Time // when the master password was entered for an item

	queue    []queued // the oldest first
	stayed   []string // items whose deletion was given up, until a Sync reports them
	queueRow queueRow
}

func newVault(user seal.UserID, key seal.VaultKey) *vault {
	return &vault{Replica: replica.New(user, key), copied: notCopied, closed: make(chan struct{}), confirmed: map[string]time.Time{}}
}

// setQueue replaces the outbox. It is called under Client.mu.
func (v *vault) setQueue(changes []queued, row queueRow) {
	s := difference(v.queue, changes)
	var touched []string
	for _, q := range slices.Concat(v.queue[s.At:s.At+s.Cut], s.Put) {
		touched = append(touched, q.ID)
	}
	v.queue, v.queueRow = changes, row
	var newest map[string]*replica.Contents
	if len(touched) > 1 {
		newest = make(map[string]*replica.Contents, len(changes))
		for _, q := range changes {
			newest[q.ID] = q.After
		}
	}
	v.Overlay(touched, func(id string) (*replica.Contents, bool) {
		if newest != nil {
			after, ok := newest[id]
			return after, ok
		}
		if i := last(changes, id); i >= 0 {
			return changes[i].After, true
		}
		return nil, false
	})
}
