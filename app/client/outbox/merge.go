package outbox

import (
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
)

// Saving is one save of an item, across its attempts.
type Saving struct {
	Replica *replica.Replica
	Mine    item.Item
	Fresh   bool // not in the vault yet
	Now     time.Time
	Key     string // id of the copy, if Mine cannot be merged into the item
	Quiet   bool   // the item itself does not change, so it keeps its time of change
	Device  string
	Attach  []Attached // that the save makes live

	queued bool // it comes from the outbox, and is based on base, if that is known
	base   item.Item
	known  bool
}

// Replay returns the save that makes a change of the outbox.
func Replay(r *replica.Replica, q *Change, device string) (*Saving, error) {
	mine, err := q.After.Open(q.ID)
	if err != nil {
		return nil, &replica.UnreadableError{ID: q.ID, Err: err}
	}
	mine.Base = q.Base
	s := &Saving{Replica: r, Mine: mine, Fresh: q.isNew(), Now: time.UnixMilli(q.At), Key: q.Key, Device: device, queued: true}
	if q.Attach != nil {
		s.Attach = *q.Attach
	}
	if q.Before != nil {
		s.base, err = q.Before.Open(q.ID)
		s.known = err == nil
	}
	return s, nil
}

// Build writes the item into a change of the vault. If another device changed the item since Mine.Base, it merges the two; what
// cannot be merged becomes a copy. If another device deleted it, the item comes back under the id Key.
func (s *Saving) Build(ch *replica.Change) error {
	if err := s.build(ch); err != nil {
		return err
	}
	for _, a := range s.Attach {
		if err := a.put(s.Replica, ch); err != nil {
			return err
		}
	}
	return nil
}

func (s *Saving) build(ch *replica.Change) error {
	if s.Fresh {
		return s.add(ch, s.Mine)
	}
	e := s.Replica.Verified(s.Mine.ID)
	if e == nil {
		if !s.queued && !s.Replica.Edited(s.Mine.ID) {
			return replica.ErrNotFound
		}
		s.Mine.ID, s.Fresh = s.Key, true
		return s.add(ch, s.Mine)
	}
	theirs, err := s.Replica.Open(e)
	if err != nil {
		return err
	}
	result := s.Mine.WithUnknownOf(theirs)
	if s.Mine.Base != e.Base() {
		base, known := s.base, s.known
		if !s.queued {
			base, known = s.Replica.BaseOf(s.Mine.ID, s.Mine.Base)
		}
		var mine bool
		result, mine = item.Merge(base, known, result, theirs)
		if !mine {
			if err := s.copy(ch); err != nil {
				return err
			}
		}
	}
	if err := result.Validate(); err != nil {
		return fmt.Errorf("merged with the item in the vault: %w", err)
	}
	return s.Replace(ch, e, theirs, result)
}

// add writes a new item. If the item exists, an earlier attempt wrote it and its answer was lost.
func (s *Saving) add(ch *replica.Change, it item.Item) error {
	if s.Replica.Verified(it.ID) != nil {
		return nil
	}
	it.Modified = s.Now
	if it.Created.IsZero() {
		it.Created = s.Now
	}
	return create(ch, it)
}

func create(ch *replica.Change, it item.Item) error {
	it = it.Normalise()
	return ch.Create(it.ID, it.Overview(), it.Details())
}

// copy adds what could not be merged as a separate item, unless that exists already.
func (s *Saving) copy(ch *replica.Change) error {
	if s.Replica.Verified(s.Key) != nil {
		return nil
	}
	it := s.Mine.Clone()
	it.ID = s.Key
	suffix := []rune(" (conflict from " + s.Device + ")")
	title := []rune(it.Title)
	it.Title = string(title[:min(len(title), item.MaxTitle-len(suffix))]) + string(suffix)
	it = it.Normalise()
	if err := it.Validate(); err != nil {
		return err
	}
	it.Modified = s.Now
	return create(ch, it)
}

// Replace writes the parts of result that differ from stored, which e has.
func (s *Saving) Replace(ch *replica.Change, e *replica.Entry, stored, result item.Item) error {
	overview, details := !result.SameOverview(stored), !result.SameDetails(stored)
	if !overview && !details {
		return nil
	}
	result.Created, result.Modified = stored.Created, s.Now
	if s.Quiet {
		result.Modified = stored.Modified
	}
	result = result.Normalise()
	// The overview has the time of the change, so every change writes it.
	if !details {
		return ch.Update(e, result.Overview(), nil)
	}
	return ch.Update(e, result.Overview(), result.Details())
}

// Waiting returns the save as a change for the outbox, and whether it changes anything. Sent says that the server may already have
// it.
func (s *Saving) Waiting(sent bool) (q Change, differs bool, err error) {
	mine := s.Mine
	q = Change{Key: s.Key, ID: mine.ID, At: s.Now.UnixMilli(), Sent: sent}
	if len(s.Attach) > 0 {
		q.Attach = &s.Attach
	}
	if s.Fresh {
		if mine.Created.IsZero() {
			mine.Created = s.Now
		}
	} else if differs, err = s.compare(&mine, &q); err != nil || !differs && !sent {
		return q, false, err
	}
	if !s.Quiet {
		mine.Modified = s.Now
	}
	q.After = replica.ContentsOf(mine.Normalise())
	return q, true, nil
}

// compare puts what the changed item keeps of its base into mine and q, and reports whether it differs from the base.
func (s *Saving) compare(mine *item.Item, q *Change) (differs bool, err error) {
	q.Base = mine.Base
	before, known := s.Replica.BaseOf(mine.ID, mine.Base)
	if !known {
		if s.Replica.Shown(mine.ID) == nil {
			return false, replica.ErrNotFound
		}
		return true, nil
	}
	*mine = mine.WithUnknownOf(before)
	if err := mine.Validate(); err != nil {
		return false, err
	}
	differs = !mine.SameOverview(before) || !mine.SameDetails(before)
	mine.Created = before.Created
	q.Before = replica.ContentsOf(before)
	return differs, nil
}

// Deletion returns the deletion of the visible item e as a change for the outbox.
func Deletion(r *replica.Replica, e *replica.Entry, key string, now time.Time, sent bool) Change {
	q := Change{Key: key, ID: e.ID, At: now.UnixMilli(), Base: e.Base(), Sent: sent}
	if before, err := r.Open(e); err == nil {
		q.Before = replica.ContentsOf(before)
	}
	return q
}

// Untouched reports whether e is the state on which q is based.
func (q *Change) Untouched(r *replica.Replica, e *replica.Entry) bool {
	if e.Base() == q.Base {
		return true
	}
	if q.Before == nil {
		return false
	}
	before, err := q.Before.Open(q.ID)
	if err != nil {
		return false
	}
	now, err := r.Open(e)
	return err == nil && now.SameOverview(before) && now.SameDetails(before)
}
