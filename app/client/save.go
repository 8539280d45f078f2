package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Save adds an item (no ID) or changes one, in one change of the vault, and returns it as stored. It writes only the parts that
// changed. While the server cannot be reached, the change waits in the outbox; see Waiting.
//
// If another device changed the item since it.Base, Save merges the two field by field (see item.Merge). If another device
// deleted it, the edit wins: the item comes back under a new ID.
func (c *Client) Save(ctx context.Context, it item.Item) (item.Item, error) {
	if it.ID == "" {
		if err := makeable(it); err != nil {
			return item.Item{}, err
		}
	}
	return c.saveAs(ctx, it, false)
}

// saveAs saves an item; quiet as in saving.
func (c *Client) saveAs(ctx context.Context, it item.Item, quiet bool) (item.Item, error) {
	it = it.Normalise()
	if err := it.Validate(); err != nil {
		return item.Item{}, err
	}
	op, err := c.begin(ctx)
	if err != nil {
		return item.Item{}, err
	}
	defer op.end()
	v, err := op.loaded()
	if err != nil {
		return item.Item{}, err
	}
	defer v.KeepPlaintexts()()
	s := saving{v: v, mine: it, now: time.Now(), key: string(seal.NewAccountID()), device: c.deviceName(), quiet: quiet}
	if it.ID == "" {
		s.mine.ID, s.fresh = string(seal.NewAccountID()), true
	} else if e := v.Shown(it.ID); e != nil {
		s.mine.Base = cmp.Or(it.Base, e.Base())
		if before, err := v.Open(e); err == nil {
			s.mine = withFreshPassword(s.mine, before)
		}
		c.mu.Lock()
		v.Lend(it.ID) // so a sync keeps the version that was edited
		c.mu.Unlock()
	}
	if err := op.save(&s); err != nil {
		return item.Item{}, err
	}
	if v.Shown(s.mine.ID) == nil {
		return c.Get(s.key) // another device deleted the item
	}
	return c.Get(s.mine.ID)
}

// save sends the change or puts it into the outbox.
func (op *operation) save(s *saving) error {
	there, err := op.reach(s.v)
	if err != nil {
		return err
	}
	if there && len(s.v.queue) == 0 {
		err := op.apply(s.v, func(ch *replica.Change) error { return s.build(ch) })
		if op.mayWait(err) {
			return op.enqueueSave(s, errors.Is(err, ErrUncertain))
		}
		return err
	}
	if err := op.enqueueSave(s, false); err != nil || !there {
		return err
	}
	_ = op.flush(s.v) // the change is safe in the outbox; if sending fails, the next Sync reports why
	return nil
}

// saving is the state of one Save, across its attempts.
type saving struct {
	v      *vault
	mine   item.Item
	fresh  bool // not in the vault yet
	now    time.Time
	key    string // id of the copy, if mine cannot be merged into the item
	quiet  bool   // the item itself does not change, so it keeps its time of change
	device string

	queued bool // it comes from the outbox, and is based on base, if that is known
	base   item.Item
	known  bool
}

func (s *saving) build(ch *replica.Change) error {
	if s.fresh {
		return s.add(ch, s.mine)
	}
	e := s.v.Verified(s.mine.ID)
	if e == nil {
		if !s.queued && !s.v.Edited(s.mine.ID) {
			return ErrNotFound
		}
		s.mine.ID, s.fresh = s.key, true
		return s.add(ch, s.mine)
	}
	theirs, err := s.v.Open(e)
	if err != nil {
		return err
	}
	result := s.mine.WithUnknownOf(theirs)
	if s.mine.Base != e.Base() {
		base, known := s.base, s.known
		if !s.queued {
			base, known = s.v.BaseOf(s.mine.ID, s.mine.Base)
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
	return s.replace(ch, e, theirs, result)
}

// add writes a new item. If the item exists, an earlier attempt wrote it and its answer was lost.
func (s *saving) add(ch *replica.Change, it item.Item) error {
	if s.v.Verified(it.ID) != nil {
		return nil
	}
	it.Modified = s.now
	if it.Created.IsZero() {
		it.Created = s.now
	}
	return writeNew(ch, it.Normalise())
}

func writeNew(ch *replica.Change, it item.Item) error {
	return ch.Create(it.ID, it.Overview(), it.Details())
}

// copy adds what could not be merged as a separate item, unless that exists already.
func (s *saving) copy(ch *replica.Change) error {
	if s.v.Verified(s.key) != nil {
		return nil
	}
	it := s.mine.Clone()
	it.ID = s.key
	suffix := []rune(" (conflict from " + s.device + ")")
	title := []rune(it.Title)
	it.Title = string(title[:min(len(title), item.MaxTitle-len(suffix))]) + string(suffix)
	it = it.Normalise()
	if err := it.Validate(); err != nil {
		return err
	}
	it.Modified = s.now
	return writeNew(ch, it.Normalise())
}

// replace writes the parts of result that differ from stored.
func (s *saving) replace(ch *replica.Change, e *replica.Entry, stored, result item.Item) error {
	meta, secret := !result.SameOverview(stored), !result.SameDetails(stored)
	if !meta && !secret {
		return nil
	}
	result.Created, result.Modified = stored.Created, s.now
	if s.quiet {
		result.Modified = stored.Modified
	}
	result = result.Normalise()
	// The overview has the time of the change, so every change writes it.
	if !secret {
		return ch.Update(e, result.Overview(), nil)
	}
	return ch.Update(e, result.Overview(), result.Details())
}

// maxDeviceInTitle keeps the titles of copies readable.
const maxDeviceInTitle = 60

// SetDevice sets the name of this device in the titles of copies, until a sign-in sets it.
func (c *Client) SetDevice(label string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.device = label
}

// deviceName is the name that this device chose. The server's list of sessions has it too, but text from the server must not end
// up in a sealed item.
func (c *Client) deviceName() string {
	c.mu.RLock()
	name := c.device
	c.mu.RUnlock()
	if name == "" {
		return "another device"
	}
	if r := []rune(name); len(r) > maxDeviceInTitle {
		name = string(r[:maxDeviceInTitle])
	}
	return name
}
