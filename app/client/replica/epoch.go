package replica

import (
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// WithCard returns a copy that has one more card.
func (l *Log) WithCard(c *chain.Card) (*Log, error) {
	next := *l
	next.Cards, next.cards = &chain.Cards{}, append(slices.Clone(l.cards), c)
	for _, known := range next.cards {
		if err := next.Cards.Add(known); err != nil {
			return nil, fmt.Errorf("add card: %w", err)
		}
	}
	return &next, nil
}

// BeginEpoch fills in what a new epoch changes in e, which is about to be signed: its number, its commitment, the keys before, and the
// envelopes of the roster that e has. It returns the envelopes. cards has the cards of that roster.
func (v *Replica) BeginEpoch(e *chain.Entry, cards *chain.Cards) ([][]byte, error) {
	before, err := v.KeysBefore()
	if err != nil {
		return nil, err
	}
	return seal.BeginEpoch(e, before, cards)
}

// maxCarried bounds the keys that an entry carries: the server takes tokens of 4 KB. The entry after carries the rest.
const maxCarried = 64

// KeysBefore returns the keys that an entry carries which begins an epoch: that of the newest epoch first, then all that do not follow from
// it, because an earlier entry carries wrong ones. It returns ErrNoEpochKey if the newest is missing.
func (v *Replica) KeysBefore() ([]seal.PreviousKey, error) {
	newest := v.log.State.Entry.Epoch
	key, ok := v.keys[newest]
	if !ok {
		return nil, ErrNoEpochKey
	}
	out := []seal.PreviousKey{{Epoch: newest, Key: key}}
	known := map[uint32]seal.EpochKey{newest: key}
	v.log.carry(known)
	for epoch, key := range v.keys {
		if _, follows := known[epoch]; !follows && epoch < newest {
			out = append(out, seal.PreviousKey{Epoch: epoch, Key: key})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Epoch > out[j].Epoch })
	return out[:min(len(out), maxCarried)], nil
}

// Outdated returns the number of records under the keys of earlier epochs, without those to skip.
func (v *Replica) Outdated(skip map[chain.Line]bool) int {
	n := 0
	v.outdated(func(l chain.Line) bool {
		if !skip[l] {
			n++
		}
		return true
	})
	return n
}

// outdated calls yield for each record under the key of an earlier epoch, until yield returns false.
func (v *Replica) outdated(yield func(chain.Line) bool) {
	if v.log.State.Entry == nil || v.log.State.Entry.Epoch == 1 {
		return
	}
	for bucket := range 256 {
		for _, l := range v.live.Lines(byte(bucket)) {
			if l.Kind.Sealed() && l.Epoch < v.log.State.Entry.Epoch && !yield(l) {
				return
			}
		}
	}
}

// Reseal seals records of earlier epochs again under the newest key, as many as fit into one change, without those to skip. It returns
// the records that do not open, which stay as they are.
func (c *Change) Reseal(skip map[chain.Line]bool) (unopened []chain.Line, err error) {
	c.opened = true // their content stays
	size := 0
	c.v.outdated(func(l chain.Line) bool {
		if skip[l] {
			return true
		}
		held := c.v.record(l)
		if size += len(held.token); len(c.operations)+2 > MaxOperations || size > MaxChangeBytes {
			return false
		}
		var r sealed
		if r, err = c.reseal(l, held); err != nil {
			unopened, err = append(unopened, l), nil
			return true
		}
		name := c.v.Name(l.ID)
		c.erase(name, l.ID, l.Kind, l.Version)
		err = c.add(name, l.ID, l.Kind, r)
		return err == nil
	})
	return unopened, err
}

// record returns the record of a live line.
func (v *Replica) record(l chain.Line) sealed {
	if list := (&Entry{}).records(l.Kind); list == nil {
		return v.others[l]
	}
	e := v.entries[v.Name(l.ID)]
	if e == nil {
		return sealed{}
	}
	list := *e.records(l.Kind)
	if i, found := slices.BinarySearchFunc(list, l.Version, byVersion); found {
		return list[i]
	}
	return sealed{}
}

// reseal opens a record and seals it under the key of the newest epoch. It names the write that the content comes from.
func (c *Change) reseal(l chain.Line, held sealed) (sealed, error) {
	newest := c.log.State.Entry
	key, ok := c.keys[l.Epoch]
	next, known := c.keys[newest.Epoch]
	if !ok || !known {
		return sealed{}, ErrNoEpochKey
	}
	opened, err := key.Open(c.place(l.ID, l.Kind, held), held.token)
	if err != nil {
		return sealed{}, err
	}
	defer clear(opened.Content)
	if opened.Origin == (seal.Origin{}) {
		opened.Origin = seal.Origin{Author: c.v.User, Revision: held.revision}
	}
	r := sealed{version: l.Version, epoch: newest.Epoch, revision: c.revision()}
	at := c.place(l.ID, l.Kind, r)
	r.token, err = next.Seal(at, opened)
	if errors.Is(err, seal.ErrTooLarge) {
		// The largest records have no room for an origin. Without one, the record is this author's, as all of a personal vault are.
		opened.Origin = seal.Origin{}
		r.token, err = next.Seal(at, opened)
	}
	return r, err
}
