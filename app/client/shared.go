package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
)

// Shared vaults come from the pins of the personal vault, never from the server, which could otherwise give a user a vault that somebody else
// reads. A fault in one vault does not stop the others.

var (
	// ErrVaultWithheld: the server says that the user is not a member of a pinned vault, and shows no entry that says so.
	ErrVaultWithheld = errors.New("the server does not show this vault, although nothing says that you left it")
	// ErrVaultAwaited: the user was invited to the vault, and the inviter has not accepted the answer yet.
	ErrVaultAwaited = errors.New("you are not a member of this vault until your inviter accepts you")
	// ErrVaultLeft: a signed entry of the log ended the user's membership.
	ErrVaultLeft = errors.New("you are no longer a member of this vault")
	// ErrVaultRole: the user's role in the vault does not allow this.
	ErrVaultRole = errors.New("your role in this vault does not allow this")
	// ErrVaultClosed: an owner closed the vault permanently.
	ErrVaultClosed = errors.New("this vault is closed: nothing in it can be changed")
)

// sharedVaults implements sharing.
type sharedVaults struct{}

func (sharedVaults) sync(op *operation, u *unlocked) (bool, error) { return op.syncShared(u) }

func (sharedVaults) open(op *operation, u *unlocked) error { return op.openShared(u) }

func (sharedVaults) prove(op *operation, v *vault, log *replica.Log) error {
	return op.provePinned(v, log)
}

func (sharedVaults) removed(op *operation, v *vault, log *replica.Log) error {
	return op.removed(v, log)
}

func (sharedVaults) takePins(op *operation, v *vault, ch *replica.Change) error {
	return op.takePins(v, ch)
}

func (sharedVaults) lists(u *unlocked, vault string) lister { return u.set(vault) }

func (sharedVaults) find(op *operation, u *unlocked, matches func(*vault) bool) (*vault, error) {
	if err := op.repin(u); err != nil {
		return nil, err
	}
	for _, v := range u.shared {
		if matches(v) {
			return v, op.load(v)
		}
	}
	return nil, nil
}

// openShared fills the shared vaults from the cache and their outboxes.
func (op *operation) openShared(u *unlocked) error {
	if err := op.repin(u); err != nil {
		return err
	}
	for _, s := range u.shared {
		if err := op.openCache(s); err != nil {
			s.trouble = err
			continue
		}
		s.trouble = op.loadOutbox(s)
	}
	return op.ctx.Err()
}

// repin finds the shared vaults in the pins.
func (op *operation) repin(u *unlocked) error {
	at := stateStamp(u.personal.Log().State)
	if at == u.pinnedAt {
		return nil
	}
	u.pinnedAt = at
	var shared []*vault
	for _, pins := range directory.OpenVaults(u.personal.Replica).Vaults {
		v := u.sharedVault(pins.Vault)
		if v == nil {
			v = u.vault(pins.Vault)
			seen, err := v.seen()
			if err != nil {
				return err
			}
			v.turns, v.left = v.remembered.seen(v.id()).Turns, seen.Entry != nil && seen.Entry.Member(v.user) == nil
		}
		v.pins = pins
		shared = append(shared, v)
	}
	var unpinned []*vault
	for _, v := range u.shared {
		if !slices.Contains(shared, v) {
			unpinned = append(unpinned, v)
		}
	}
	op.client.mu.Lock()
	u.shared = shared
	for _, v := range unpinned {
		v.Wipe()
	}
	op.client.mu.Unlock()
	for _, v := range unpinned {
		if err := op.forgetCopies(v); err != nil {
			return err
		}
	}
	return nil
}

// sharedVault returns the shared vault with an id, or nil.
func (u *unlocked) sharedVault(id chain.ID) *vault {
	for _, v := range u.shared {
		if v.Vault == id {
			return v
		}
	}
	return nil
}

// forgetCopies deletes what this device has of a vault, except the outbox.
func (op *operation) forgetCopies(v *vault) error {
	v.cached, v.write, v.entry, v.history = "", nil, nil, nil
	if !op.mayCache() {
		return nil
	}
	return op.forgetNames(copiesOf(v.home())...)
}

// syncShared syncs the shared vaults and sends their outboxes, and reports whether any changed. A fault of a vault is in its trouble.
func (op *operation) syncShared(u *unlocked) (changed bool, err error) {
	if err := op.repin(u); err != nil || len(u.shared) == 0 {
		return false, err
	}
	for _, v := range u.shared {
		moved, err := op.syncOne(v)
		changed = changed || moved || (err == nil) != (v.trouble == nil)
		if stopsAll(op.ctx, err) {
			return changed, err
		}
		op.client.mu.Lock()
		v.trouble = err
		op.client.mu.Unlock()
	}
	return changed, op.forwardPins(u)
}

// stopsAll reports whether an error is of the session and not of one vault.
func stopsAll(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, ErrLocked) || errors.Is(err, ErrSignedOut) || hasCode(err, protocol.CodeUnauthorized)
}

func (op *operation) syncOne(v *vault) (bool, error) {
	if v.left {
		if back, err := op.isBack(v); err != nil || !back {
			return false, errors.Join(err, op.forgetCopies(v), op.loadOutbox(v))
		}
		op.empty(v, v.replica(v.Vault))
	}
	if err := op.settleBeginning(v); err != nil {
		return false, err
	}
	changed, err := op.syncAndFlush(v)
	if hasCode(err, protocol.CodeNotFound) {
		withheld := ErrVaultWithheld
		if v.awaited() {
			withheld = ErrVaultAwaited
		}
		err = fmt.Errorf("%w: %w", withheld, err)
	}
	return changed, err
}

// awaited reports whether all that is known of the vault is the offer of an invitation, so that the user need not be a member yet.
func (v *vault) awaited() bool {
	return v.Log().State.Entry == nil && v.pins.Shown() == 0 && len(v.pins.Revisions()) == 0
}

// isBack reports whether the server says that the user is a member again. The log must say so too.
func (op *operation) isBack(v *vault) (bool, error) {
	var answer protocol.SharedVaults
	if err := op.call(methodGet, protocol.PathVaults, nil, &answer); err != nil {
		return false, err
	}
	return slices.ContainsFunc(answer.Vaults, func(s protocol.SharedVault) bool { return s.Vault == v.id() }), nil
}

// provePinned checks that a verified log is of a shared vault, and contains what its pins name.
func (op *operation) provePinned(v *vault, log *replica.Log) error {
	if log.State.Entry.Type != chain.Shared {
		return replica.Altered(replica.Found(bridge.Finding{Code: bridge.OtherVault}, "the server shows a personal vault in place of a shared one"))
	}
	if slices.Equal(v.reached, v.pins.Pins) {
		return nil // the log goes on from one that contains them
	}
	err := v.pins.Reaches(log, func(revision int64) (chain.Hash, error) { return op.writeIn(v, log, revision) })
	if errors.Is(err, directory.ErrVaultParted) {
		return &RolledBackError{Seen: pinnedRevision(v.pins), Got: log.State.Revision, Err: err}
	}
	return err
}

func pinnedRevision(p directory.PinnedVault) (newest int64) {
	for _, revision := range p.Revisions() {
		newest = max(newest, revision)
	}
	return newest
}

// writeIn returns the hash of the write at a revision of a log that the replica need not have yet. It returns errMoved if the server has a
// newer one by now.
func (op *operation) writeIn(v *vault, log *replica.Log, revision int64) (chain.Hash, error) {
	if h, ok := log.At(revision); ok {
		return h, nil
	}
	s := log.State
	answer, _, err := op.ask(v, s.Revision, s.Entry.Sequence, chain.State{Revision: revision})
	if err != nil {
		return chain.Hash{}, err
	}
	if answer.Revision != s.Revision || answer.Sequence != s.Entry.Sequence {
		return chain.Hash{}, errMoved
	}
	return log.AtIn(answer, revision)
}

// removed deletes what this device has of a vault, because a verified entry says that the user is no longer a member. Changes that wait stay:
// they are the user's own, and nobody else has them.
func (op *operation) removed(v *vault, log *replica.Log) error {
	if w := op.writeInFlight(v); w != nil {
		keep := func(changes []outbox.Change, _ *outbox.Change) []outbox.Change { return changes }
		if err := op.queueWrite(v, w, keep); err != nil {
			return err
		}
	}
	// The memory first: if the program ends here, the next run knows what to delete.
	if err := op.storeMemory(v, log.State); err != nil {
		return err
	}
	without := v.Along(log)
	without.Known, without.Loaded = v.known, true
	op.empty(v, without)
	op.client.mu.Lock()
	v.left = true
	op.client.mu.Unlock()
	return op.forgetCopies(v)
}

// empty replaces the replica of a vault by one without items. The changes that wait stay.
func (op *operation) empty(v *vault, by *replica.Replica) {
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	changes := v.outbox
	v.Wipe()
	v.Replica, v.outbox, v.reached = by, outbox.Outbox{}, nil
	v.setOutbox(changes)
}

// mayWrite returns why nothing can be written to the vault now, as far as this device knows.
func (v *vault) mayWrite() error {
	if err := v.alarmed(); err != nil || v == v.personal {
		return err
	}
	s := v.Log().State
	switch {
	case v.left:
		return ErrVaultLeft
	case s.Entry == nil:
		return nil // it was not synced yet
	case s.Closed:
		return ErrVaultClosed
	}
	if m := s.Entry.Member(v.user); m == nil || m.Role < chain.Editor {
		return ErrVaultRole
	}
	return nil
}

// forwardPins moves the pins of vaults whose log has moved, so that no device can be shown an earlier roster.
func (op *operation) forwardPins(u *unlocked) error {
	ready := u.pinnable()
	mayWrite := u.personal.mayWrite() == nil && !u.readOnly
	if !mayWrite || !slices.ContainsFunc(ready, (*vault).behind) {
		return nil
	}
	u.pinned = time.Now()
	err := op.apply(u.personal, noEdits, func(ch *replica.Change) error { return op.forward(ch, ready) })
	if err != nil && !later(err) {
		return err
	}
	return op.repin(u)
}

// pinnable returns the shared vaults that were synced without a fault.
func (u *unlocked) pinnable() []*vault {
	return slices.DeleteFunc(slices.Clone(u.shared), func(v *vault) bool {
		return v.trouble != nil || v.left || !v.Loaded || v.Log().State.Entry == nil || !v.alarm().IsZero()
	})
}

// behind reports whether the log has entries that no pin names, or there are several pins.
func (v *vault) behind() bool {
	e := v.Log().State.Entry
	return e != nil && (len(v.pins.Pins) != 1 || v.pins.Pins[0].Sequence < e.Sequence || v.pins.Shown() < v.shown)
}

// forward adds the newest pins of vaults to a change of the personal vault. One that parted is left for its next sync, which raises the alarm.
func (op *operation) forward(ch *replica.Change, vaults []*vault) error {
	book := directory.OpenVaults(vaults[0].personal.Replica)
	for _, v := range vaults {
		log := v.Log()
		_, err := book.Forward(ch, log, v.shown, func(revision int64) (chain.Hash, error) { return op.writeIn(v, log, revision) })
		switch {
		case err == nil, errors.Is(err, directory.ErrVaultParted), errors.Is(err, directory.ErrNoVaultPin), errors.Is(err, errMoved):
		default:
			return err
		}
	}
	return nil
}

// pinEvery is how often a write of the personal vault takes the newest writes of the shared ones along. More often would tell the server which
// vaults a user works in.
const pinEvery = 24 * time.Hour

// takePins adds the newest pins to a change of the personal vault that is made anyway.
func (op *operation) takePins(v *vault, ch *replica.Change) error {
	if v != v.personal || len(v.shared) == 0 || ch.Operations() == 0 || ch.Operations()+2*len(v.shared) > replica.MaxOperations || time.Since(v.pinned) < pinEvery {
		return nil
	}
	ready := v.pinnable()
	if len(ready) == 0 {
		return nil
	}
	if op.forward(ch, ready) == nil { // otherwise the next write may take them: this one must not fail because of another vault
		v.pinned = time.Now()
	}
	return nil
}
