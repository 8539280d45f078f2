package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Bring together: the history of this device and that of the server have parted after a common write. A write on top of the server's
// newest names the head of this device as another branch, and carries what the branch changed since the common write. It deletes nothing,
// and of an item that both sides changed both stay. Every device on the branch finds its way back over it.

var (
	// ErrNoCommon: this device does not know where the two histories parted.
	ErrNoCommon = errors.New("this device does not know where its history and the server's parted")
	// ErrLogParted: the logs themselves parted, and nothing brings them together.
	ErrLogParted = errors.New("the two histories have different log entries, which cannot be brought together")
	// ErrNothingToMerge: the server's vault has no item, and neither has the branch: there is nothing to write.
	ErrNothingToMerge = errors.New("there is nothing to bring together")
)

// errMoved: the server's vault has changed since its last answer.
var errMoved = errors.New("another device changed the server's vault")

// Together is the result of BringTogether.
type Together struct {
	Joined
	Unreadable []string `json:"unreadable"` // ids of items of this device that were not brought along, because they cannot be read
}

// BringTogether signs and sends the write that ends the alarm.
func (c *Client) BringTogether(ctx context.Context) (Together, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return Together{}, err
	}
	defer op.end()
	v, err := op.inAlarm()
	if err != nil {
		return Together{}, err
	}
	if !v.Loaded {
		return Together{}, ErrNoCommon
	}
	unlock, err := op.lockSigning(v)
	if err != nil {
		return Together{}, err
	}
	defer unlock()
	done := Together{Unreadable: []string{}}
	for range maxAttempts {
		joined, err := op.sendTogether(v, &done)
		if errors.Is(err, errMoved) {
			continue
		}
		if err != nil {
			return Together{}, err
		}
		if joined {
			if v.joined != nil {
				done.Joined = *v.joined
				v.joined = nil
			}
			return done, op.flush(v)
		}
	}
	return Together{}, ErrBusy
}

// sendTogether sends the write that is in flight, or signs one. It returns false if something else came first.
func (op *operation) sendTogether(v *vault, done *Together) (bool, error) {
	head := v.Log().State.Write
	s := op.writeInFlight(v)
	if s == nil || s.Write.Branch != head {
		var err error
		if s, err = op.signTogether(v, done); err != nil {
			return false, err
		}
	}
	err := op.postWrite(v, s)
	if err != nil && !hasCode(err, protocol.CodeRevisionConflict) {
		if op.lost(err) {
			return false, fmt.Errorf("%w: %w", ErrUncertain, err)
		}
		return false, errors.Join(err, op.dropWrite(v))
	}
	if err == nil {
		// The server took the write: what it shows now must lead on from the branch.
		if _, err := op.sync(v); err != nil {
			return false, err
		}
		return true, op.dropWrite(v)
	}
	// Something else came first: perhaps another device of the branch brought both together.
	if _, err := op.sync(v); err == nil {
		return true, op.dropWrite(v)
	} else if !raises(err) {
		return false, err
	}
	return false, op.dropWrite(v)
}

// signTogether signs the write that brings both histories together, and stores it.
func (op *operation) signTogether(v *vault, done *Together) (*writeInFlight, error) {
	other, err := op.otherVault(v)
	if err != nil {
		return nil, err
	}
	defer other.wipe()
	if !extends(other.Log(), v.Log().State.Entry) {
		return nil, ErrLogParted
	}
	branch, common, err := op.branchOf(v, other)
	if err != nil {
		return nil, err
	}
	m := merging{v: v, other: other, device: op.client.deviceName(), unreadable: []string{}}
	if m.common, err = v.at(branch); err != nil {
		return nil, err
	}
	if v.Log().State.Entry.Revision > common {
		return nil, ErrLogParted
	}
	if m.attachments, err = op.attachmentsOf(v, other); err != nil {
		return nil, err
	}
	ch, err := m.build(branch)
	if err != nil {
		return nil, err
	}
	if err := op.enqueueFirst(v, m.later); err != nil {
		return nil, err
	}
	done.Unreadable = m.unreadable
	ch.End = v.Log().State.Write
	for _, w := range slices.Backward(branch) {
		ch.Branch = append(ch.Branch, protocol.BranchWrite{Write: w.wire.Write, Operations: w.wire.Operations})
	}
	author, err := other.author()
	if err != nil {
		return nil, err
	}
	signed, err := ch.Sign(author, time.Now())
	if err != nil {
		return nil, fmt.Errorf("sign the change: %w", err)
	}
	w := &writeInFlight{Signed: signed}
	return w, op.putWrite(v, w)
}

// branchOf returns the writes of this device since the last common one, the newest first, and the common revision.
func (op *operation) branchOf(v, other *vault) ([]branchWrite, int64, error) {
	h, err := op.openHistory(v)
	if err != nil {
		return nil, 0, err
	}
	back := h.back(v.Log().State.Write)
	if len(back) > protocol.MaxBranchWrites {
		back = back[:protocol.MaxBranchWrites]
	}
	// back[:n] is the branch for the lowest n so that the server has the write before.
	low, high := 1, len(back)+1
	for low < high {
		n := (low + high) / 2
		before := back[n-1].Write
		same, err := op.has(other, before.Revision-1, before.Previous)
		if err != nil {
			return nil, 0, err
		}
		if same {
			high = n
		} else {
			low = n + 1
		}
	}
	if low > len(back) {
		return nil, 0, ErrNoCommon
	}
	return back[:low], back[low-1].Revision - 1, nil
}

// has reports whether the server's verified history has this write at a revision.
func (op *operation) has(other *vault, revision int64, write chain.Hash) (bool, error) {
	s := other.Log().State
	if revision > s.Revision {
		return false, nil
	}
	answer, _, err := op.ask(other, s.Revision, s.Entry.Sequence, chain.State{Revision: revision})
	if err != nil {
		return false, err
	}
	if answer.Revision != s.Revision {
		return false, errMoved
	}
	var path []*chain.Write
	for _, text := range answer.Writes {
		w, err := replica.ParseWrite(text)
		if err != nil {
			return false, err
		}
		path = append(path, w)
	}
	is, err := chain.Lead(other.Vault, s.Write, s.Revision, revision, path)
	if err != nil {
		return false, &RolledBackError{Seen: s.Revision, Got: answer.Revision, Err: err}
	}
	return is == write, nil
}

// at returns what was live before a branch of this vault, the newest write first.
func (v *vault) at(branch []branchWrite) (*chain.Live, error) {
	live := v.Live()
	for _, w := range branch {
		if live.Root() != w.Root {
			return nil, w.refuse()
		}
		if err := live.Undo(w.operations); err != nil {
			return nil, err
		}
	}
	return live, nil
}

func (w branchWrite) refuse() error {
	return &chain.Error{Kind: chain.KindWrite, Number: w.Revision, Author: w.Author, Err: chain.ErrRoot}
}

// merging brings the changes of a branch into the server's vault.
type merging struct {
	v, other   *vault
	common     *chain.Live
	device     string
	unreadable []string
	later      []outbox.Change // that do not fit into one write
	// attachments of the branch that the server has, and that are not live there.
	attachments []chain.Line
}

// build returns the change of the server's vault.
func (m *merging) build(branch []branchWrite) (*replica.Change, error) {
	ch := m.other.Change()
	if err := directory.Open(m.other.Replica).Bring(ch, directory.Open(m.v.Replica)); err != nil {
		return nil, err
	}
	if err := directory.OpenVaults(m.other.Replica).Bring(ch, directory.OpenVaults(m.v.Replica)); err != nil {
		return nil, err
	}
	if err := m.bringInvitations(ch); err != nil {
		return nil, err
	}
	for _, id := range changedItems(branch) {
		q := m.change(id)
		if q == nil {
			continue
		}
		if ch.Operations() > replica.MaxOperations {
			m.later = append(m.later, *q)
			continue
		}
		s, err := outbox.Replay(m.other.Replica, q, m.device)
		if err != nil {
			return nil, err
		}
		if err := s.Build(ch); err != nil {
			return nil, err
		}
	}
	for _, l := range m.attachments {
		ch.AttachLine(l)
	}
	if ch.Operations() == 0 {
		return ch, m.touch(ch)
	}
	return ch, nil
}

// bringInvitations adds the links that were made on the branch, as far as there is room. One that the server's vault has had was accepted or
// revoked there.
func (m *merging) bringInvitations(ch *replica.Change) error {
	for _, r := range m.v.Records(chain.RecordInvitation) {
		if r.Err != nil || hasLines(m.common, r.ID) || hasLines(m.other.Live(), r.ID) || ch.Operations() >= replica.MaxOperations {
			continue
		}
		if err := ch.Put(chain.RecordInvitation, r.ID, r.Content); err != nil {
			return err
		}
	}
	return nil
}

// changedItems returns the items of which a branch put something, in the order of their ids.
func changedItems(branch []branchWrite) []chain.ID {
	var ids []chain.ID
	for _, w := range branch {
		for _, o := range w.operations {
			if !o.Delete && (o.Kind == chain.RecordOverview || o.Kind == chain.RecordDetails) {
				ids = append(ids, o.ID)
			}
		}
	}
	sort.Slice(ids, func(i, j int) bool { return bytes.Compare(ids[i][:], ids[j][:]) < 0 })
	return slices.Compact(ids)
}

// change returns what the branch made of an item as a change for the outbox; nil if there is nothing to do.
func (m *merging) change(id chain.ID) *outbox.Change {
	e := m.v.Verified(m.v.Name(id))
	if e == nil || sameLines(m.v.Live(), m.common, id) {
		return nil // deleted, or as before: nothing is deleted, and there is nothing to do
	}
	it, readable := m.open(e)
	if !readable {
		return nil
	}
	head := m.v.Log().State.Write
	sum := sha256.Sum256(append(head[:], id[:]...))
	q := &outbox.Change{Key: m.v.Name(chain.ID(sum[:16])), ID: e.ID, At: it.Modified.UnixMilli(), After: replica.ContentsOf(it), Sent: true}
	theirs := m.other.Verified(e.ID)
	switch {
	case theirs == nil && !hasLines(m.common, id): // new on the branch
	case theirs != nil && sameLines(m.other.Live(), m.common, id):
		q.Base = theirs.Base()
	default:
		q.Base = bothChanged
	}
	return q
}

// open opens an item of the branch. One that cannot be read stays out, and is named.
func (m *merging) open(e *replica.Entry) (item.Item, bool) {
	it, err := m.v.Open(e)
	if err != nil {
		m.unreadable = append(m.unreadable, e.ID)
	}
	return it, err == nil
}

// bothChanged is the base of an item that both sides changed: no version has it.
const bothChanged = "0.0"

func linesOf(l *chain.Live, id chain.ID) []chain.Line {
	return slices.DeleteFunc(l.Lines(chain.Bucket(id)), func(l chain.Line) bool { return l.ID != id })
}

func sameLines(a, b *chain.Live, id chain.ID) bool {
	return slices.Equal(linesOf(a, id), linesOf(b, id))
}
func hasLines(l *chain.Live, id chain.ID) bool { return len(linesOf(l, id)) > 0 }

// attachmentsOf returns the live attachments of this device that are not live at the server, but whose chunks it has. The others are lost
// with the server's: their items say so.
func (op *operation) attachmentsOf(v, other *vault) ([]chain.Line, error) {
	var missing []chain.Line
	for _, l := range v.Attachments() {
		if _, live := other.Attachment(l.ID); !live {
			missing = append(missing, l)
		}
	}
	if len(missing) == 0 {
		return nil, nil
	}
	var answer protocol.VaultAttachments
	if err := op.call(methodGet, vaultPath(v, protocol.PathVaultAttachments), nil, &answer); err != nil {
		return nil, err
	}
	stored := map[protocol.ID]bool{}
	for _, a := range answer.Attachments {
		stored[a.ID] = a.Chunks == a.Count
	}
	missing = slices.DeleteFunc(missing, func(l chain.Line) bool { return !stored[l.ID.String()] })
	return missing[:min(len(missing), maxDetached)], nil
}

// touch seals an overview again, because a write has operations: the branch has nothing that the server's vault lacks.
func (m *merging) touch(ch *replica.Change) error {
	for _, e := range m.other.All() {
		if e.Err == nil {
			return ch.Update(e, e.Overview.Overview(), nil)
		}
	}
	return ErrNothingToMerge
}

// enqueueFirst puts changes before those that wait. One that is there already, from an earlier attempt, is replaced.
func (op *operation) enqueueFirst(v *vault, first []outbox.Change) error {
	if len(first) == 0 {
		return nil
	}
	return op.changeOutbox(v, func(changes []outbox.Change) []outbox.Change {
		rest := slices.DeleteFunc(changes, func(q outbox.Change) bool {
			return slices.ContainsFunc(first, func(o outbox.Change) bool { return o.Key == q.Key })
		})
		return slices.Concat(first, rest)
	})
}
