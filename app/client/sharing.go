package client

import (
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
)

// sharing is what a Client does with shared vaults. A Client without it has only the personal vault. The linker drops it
// from a program that never calls ShareVaults, such as the page's core, which is part of the first load.
type sharing interface {
	// sync syncs the shared vaults and sends their outboxes, and reports whether any changed. A fault of a vault is in its trouble.
	sync(*operation, *unlocked) (changed bool, err error)
	// open opens them from the cache.
	open(*operation, *unlocked) error
	// find returns the shared vault that matches, synced or from the cache; nil: there is none.
	find(*operation, *unlocked, func(*vault) bool) (*vault, error)
	// prove checks what a verified log does not say of itself: that it is that of this vault.
	prove(*operation, *vault, *replica.Log) error
	// removed deletes what this device has of a vault, after a verified entry ended the membership.
	removed(*operation, *vault, *replica.Log) error
	// takePins adds the newest pins to a change of the personal vault that is made anyway.
	takePins(*operation, *vault, *replica.Change) error
	// offer returns what the offer and the record of an invitation say of vaults.
	offer(*operation, []InvitedVault) ([]directory.OfferedVault, []directory.InvitedVault, error)
	// add makes a person a member of vaults, without those that have the person already.
	add(*operation, *directory.Person, []directory.InvitedVault) error
	// lists returns what lists the items of the vault with an id, or of all.
	lists(u *unlocked, vault string) lister
}

// ShareVaults makes the client open the shared vaults of its user. Call it before anything else.
func (c *Client) ShareVaults() { c.sharing = sharedVaults{} }

// lister lists the items of one or several vaults.
type lister interface {
	Search(Query) []Summary
	SearchJSON(q Query, offset, limit int) []byte
	ForPage(page string, registrable func(host string) (string, error)) []Summary
	Hints(Query) []Hint
	Closest(Query) []Summary
}

// lists returns what lists the items of the vault with an id, or of all vaults.
func (c *Client) lists(vault string) lister {
	if c.sharing == nil || len(c.unlocked.shared) == 0 && vault == "" {
		return c.unlocked.personal.Replica
	}
	return c.sharing.lists(c.unlocked, vault)
}

// findShared returns the shared vault that matches; nil: there is none.
func (op *operation) findShared(u *unlocked, matches func(*vault) bool) (*vault, error) {
	if op.client.sharing == nil {
		return nil, nil
	}
	return op.client.sharing.find(op, u, matches)
}

// proveLog checks what a verified log does not say of itself: that it is that of this vault, and signs the account.
func (op *operation) proveLog(v *vault, log *replica.Log) error {
	if v == v.personal {
		return op.proveAccount(v, log)
	}
	return op.client.sharing.prove(op, v, log)
}
