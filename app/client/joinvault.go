package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/members"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// A server can list any vault, also one whose other members are its own. So a listed vault that is not pinned is an invitation at most, and
// counts only if its log proves that somebody whom the user has verified added the user.

// VaultInvitation is a shared vault that the user was added to, and has not joined.
type VaultInvitation struct {
	Vault       string        `json:"vault"`
	Role        protocol.Role `json:"role"`
	By          string        `json:"by"`          // the username of the member who added the user
	Fingerprint string        `json:"fingerprint"` // of By
	Members     int           `json:"members"`
	// Verified says that the user has verified By. Other invitations cannot be accepted.
	Verified bool `json:"verified"`

	state chain.State
}

// maxVaultInvitations bounds the vaults of a server's list that are looked at.
const maxVaultInvitations = 20

// ErrNotInvited: nobody whom the user has verified has added the user to this vault.
var ErrNotInvited = errors.New("nobody whom you verified has added you to this vault")

// VaultInvitations lists the shared vaults that the user can join. Vaults whose log is not valid are left out.
func (c *Client) VaultInvitations(ctx context.Context) ([]VaultInvitation, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer op.end()
	v, err := op.loaded()
	if err != nil {
		return nil, err
	}
	if err := op.repin(v.unlocked); err != nil {
		return nil, err
	}
	var answer protocol.SharedVaults
	if err := op.call(methodGet, protocol.PathVaults, nil, &answer); err != nil {
		return nil, err
	}
	out, looked := []VaultInvitation{}, 0
	for _, s := range answer.Vaults {
		if looked == maxVaultInvitations {
			break
		}
		id, err := chain.ParseID(s.Vault)
		if err != nil || v.sharedVault(id) != nil || slices.ContainsFunc(out, func(i VaultInvitation) bool { return i.Vault == s.Vault }) {
			continue
		}
		looked++
		i, err := op.readInvitation(v.unlocked, id)
		if stopsAll(op.ctx, err) || unreachable(err) {
			return nil, err
		}
		if err == nil {
			out = append(out, i)
		}
	}
	return out, nil
}

// readInvitation verifies the log of a vault that no pin vouches for.
func (op *operation) readInvitation(u *unlocked, id chain.ID) (VaultInvitation, error) {
	v := u.vault(id)
	log, _, _, err := op.askLog(v, 0, chain.State{})
	if err != nil {
		return VaultInvitation{}, err
	}
	newest := log.State.Entry
	me := newest.Member(u.user)
	if newest.Type != chain.Shared || me == nil {
		return VaultInvitation{}, ErrNotInvited
	}
	book := directory.Open(u.personal.Replica)
	by, verified := members.AddedBy(log, book, u.user)
	return VaultInvitation{Vault: id.String(), Role: me.Role.Wire(), By: by.Username, Fingerprint: by.Fingerprint, Members: len(newest.Roster),
		Verified: verified, state: log.State}, nil
}

// JoinVault pins a shared vault to which somebody whom the user has verified added the user. It returns ErrNotInvited if nobody did.
func (c *Client) JoinVault(ctx context.Context, vault string) (Vault, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return Vault{}, err
	}
	defer op.end()
	v, err := op.loaded()
	if err != nil {
		return Vault{}, err
	}
	id, err := chain.ParseID(vault)
	if err != nil || id == v.Vault {
		return Vault{}, fmt.Errorf("%w: %s", ErrNoVault, vault)
	}
	if err := op.repin(v.unlocked); err != nil {
		return Vault{}, err
	}
	if v.sharedVault(id) == nil {
		if err := op.pinInvited(v, id); err != nil {
			return Vault{}, err
		}
	}
	s := v.sharedVault(id)
	if s == nil {
		return Vault{}, directory.ErrNoVaultPin
	}
	if _, err := op.syncOne(s); err != nil {
		return Vault{}, err
	}
	return op.describe(s), nil
}

// pinInvited pins a vault to which somebody whom the user has verified added the user.
func (op *operation) pinInvited(v *vault, id chain.ID) error {
	i, err := op.readInvitation(v.unlocked, id)
	if err != nil {
		return err
	}
	if !i.Verified {
		return ErrNotInvited
	}
	err = op.changeRecords(v, func(ch *replica.Change) error {
		return directory.OpenVaults(v.Replica).Pin(ch, directory.PinOf(i.state, 0))
	})
	if err != nil {
		return err
	}
	return op.repin(v.unlocked)
}
