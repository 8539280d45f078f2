package client

import (
	"context"
	"errors"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/members"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// entryOf signs the next entry of a shared vault.
type entryOf func(*members.Signer) (*members.Signed, error)

// changeMembers signs an entry of a shared vault and sends it. If others come first, it signs again, so that what they changed is shown too.
func (c *Client) changeMembers(ctx context.Context, id string, shown int64, prepare func(*operation, *vault) (entryOf, error)) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	v, err := op.joinedVault(id)
	if err != nil {
		return err
	}
	entry, err := prepare(op, v)
	if err != nil {
		return err
	}
	return op.signMembers(v, shown, entry)
}

func (op *operation) signMembers(v *vault, shown int64, entry entryOf) error {
	if v.readOnly {
		return ErrReadOnly
	}
	unlock, err := op.lockSigning(v)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := op.conclude(v); err != nil {
		return err
	}
	if _, err := op.sync(v); err != nil { // what others changed is shown before it is signed, and not after a conflict
		return err
	}
	for range maxAttempts {
		held, err := op.signOnce(v, shown, entry)
		if held || !hasCode(err, protocol.CodeRevisionConflict) {
			return err
		}
		if _, err := op.sync(v); err != nil {
			return err
		}
	}
	return ErrBusy
}

// signOnce makes one attempt. It rotates the keys first if somebody left.
func (op *operation) signOnce(v *vault, shown int64, entry entryOf) (held bool, err error) {
	signed, err := op.signEntry(v, shown, entry)
	if errors.Is(err, members.ErrRotateFirst) {
		if held, err := op.signOnce(v, shown, (*members.Signer).Rotate); err != nil || !held {
			return false, err
		}
		signed, err = op.signEntry(v, shown, entry)
	}
	if err != nil {
		return false, err
	}
	request, parts := signed.Request()
	if err := op.sendEntry(v, signed.Entry, vaultPath(v, protocol.PathVaultEntries), request, parts...); err != nil {
		return false, err
	}
	if v.left {
		return true, nil
	}
	return true, op.forwardPins(v.unlocked)
}

func (op *operation) signEntry(v *vault, shown int64, entry entryOf) (*members.Signed, error) {
	switch {
	case v.left || v.Log().State.Entry == nil:
		return nil, ErrVaultLeft
	case v.alarmed() != nil:
		return nil, v.alarmed()
	}
	s := &members.Signer{Log: v.Log(), Identity: v.keys.identity, Book: directory.Open(v.personal.Replica), Shown: max(shown, v.shownBelow()), Time: now()}
	s.Keys, _ = v.KeysBefore() // without the newest, only entries that carry no key are signed
	signed, err := entry(s)
	var unseen *members.UnseenError
	if errors.As(err, &unseen) {
		return nil, &UnseenMembersError{Vault: v.id(), Changes: changesOf(unseen.Changes), Shown: unseen.Shown}
	}
	return signed, err
}

// noteOwn notes that the user made an entry, and had to be shown those before it.
func (v *vault) noteOwn(e *chain.Entry) {
	if v != v.personal && (members.NeedsLook(e.Op) || v.shownBelow() >= e.Sequence) {
		v.shown = max(v.shown, e.Sequence+1)
	}
}
