package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// MaxHistory is how many older passwords of an item are kept.
const MaxHistory = 10

// Save adds an item (no ID) or changes one, in one change of the vault, and returns it as stored. Only the parts that
// changed are written. While the server cannot be reached the change waits on this device, see Waiting.
//
// If another device changed the item since it.Base, the two are merged field by field (see item.Merge). If it deleted the
// item, the edit wins: the item comes back under a new ID.
func (c *Client) Save(ctx context.Context, it item.Item) (item.Item, error) {
	if it.ID == "" {
		if err := makeable(it); err != nil {
			return item.Item{}, err
		}
	}
	return c.saveAs(ctx, it, false)
}

// saveAs saves an item; quiet is as in saving.
func (c *Client) saveAs(ctx context.Context, it item.Item, quiet bool) (item.Item, error) {
	it = it.Normalise()
	if err := it.Validate(); err != nil {
		return item.Item{}, err
	}
	ctx, done, err := c.begin(ctx)
	if err != nil {
		return item.Item{}, err
	}
	defer done()
	v, err := c.loaded(ctx)
	if err != nil {
		return item.Item{}, err
	}
	s := saving{v: v, mine: it, now: time.Now(), key: string(seal.NewAccountID()), device: c.deviceName(), quiet: quiet}
	if it.ID == "" {
		s.mine.ID, s.fresh = string(seal.NewAccountID()), true
	} else if e := v.shown(it.ID); e != nil {
		s.mine.Base = cmp.Or(it.Base, e.base())
		c.mu.Lock()
		v.handed[it.ID] = true // so that a sync keeps what the edit began from
		c.mu.Unlock()
	}
	if err := c.save(ctx, &s); err != nil {
		return item.Item{}, err
	}
	if v.shown(s.mine.ID) == nil {
		return c.Get(s.key) // another device deleted the item
	}
	return c.Get(s.mine.ID)
}

// save sends the change, or lets it wait on this device. It needs the turn.
func (c *Client) save(ctx context.Context, s *saving) error {
	there, err := c.reach(ctx, s.v)
	if err != nil {
		return err
	}
	if there && len(s.v.queue) == 0 {
		err := c.apply(ctx, s.v, func(ch *change) error { return s.build(ch) })
		if c.mayWait(err) {
			return c.enqueueSave(s, errors.Is(err, ErrUncertain))
		}
		return err
	}
	if err := c.enqueueSave(s, false); err != nil || !there {
		return err
	}
	_ = c.flush(ctx, s.v) // the change is safe here; what keeps it from the server, a Sync will say
	return nil
}

// saving is one Save, over all its attempts.
type saving struct {
	v      *vault
	mine   item.Item
	fresh  bool // not in the vault yet
	now    time.Time
	key    string // id of the item that is made where mine cannot go into the item itself
	quiet  bool   // the item itself does not change, so it keeps its time of change
	device string

	queued bool // it waited on this device, and began from base, if that is known
	base   item.Item
	known  bool
}

func (s *saving) build(ch *change) error {
	if s.fresh {
		return s.add(ch, s.mine)
	}
	e := s.v.entries[s.mine.ID]
	if e == nil {
		if !s.queued && s.v.older[s.mine.ID] == nil {
			return ErrNotFound
		}
		s.mine.ID, s.fresh = s.key, true
		return s.add(ch, s.mine)
	}
	theirs, err := s.v.whole(e)
	if err != nil {
		return err
	}
	result := s.mine.WithUnknownOf(theirs)
	if s.mine.Base != e.base() {
		base, known := s.base, s.known
		if !s.queued {
			base, known = s.v.baseOf(s.mine.ID, s.mine.Base)
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
		return fmt.Errorf("together with what the vault has: %w", err)
	}
	return s.replace(ch, e, theirs, result)
}

// add writes a new item. One that is there was written by an attempt of which the answer was lost.
func (s *saving) add(ch *change, it item.Item) error {
	if s.v.entries[it.ID] != nil {
		return nil
	}
	it.Modified = s.now
	if it.Created.IsZero() {
		it.Created = s.now
	}
	return ch.writeNew(it.Normalise())
}

func (c *change) writeNew(it item.Item) error {
	return c.writeParts(it.ID, it.Overview(), it.Details())
}

func (c *change) writeParts(id string, meta, secret []byte) error {
	if err := c.write(id, seal.KindAccount, 1, meta); err != nil {
		return err
	}
	return c.write(id, seal.KindPassword, 1, secret)
}

// copy adds what could not be merged as an item of its own, if that is not there yet.
func (s *saving) copy(ch *change) error {
	if s.v.entries[s.key] != nil {
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
	return ch.writeNew(it.Normalise())
}

// replace writes the parts of result that differ from stored.
func (s *saving) replace(ch *change, e *entry, stored, result item.Item) error {
	meta, secret := !result.SameOverview(stored), !result.SameDetails(stored)
	if !meta && !secret {
		return nil
	}
	result.Created, result.Modified = stored.Created, s.now
	if s.quiet {
		result.Modified = stored.Modified
	}
	result = result.Normalise()
	// The time of the change is in the meta part, so that is written with every change.
	if err := ch.write(e.id, seal.KindAccount, e.meta.version+1, result.Overview()); err != nil {
		return err
	}
	if !secret {
		return nil
	}
	for i := range len(e.secrets) - MaxHistory {
		if err := ch.erase(e.id, seal.KindPassword, e.secrets[i].version); err != nil {
			return err
		}
	}
	return ch.write(e.id, seal.KindPassword, e.current().version+1, result.Details())
}

// maxDeviceInTitle keeps the title of a copy readable.
const maxDeviceInTitle = 60

// SetDevice says what this device is called in the titles of copies, until a log-in says it.
func (c *Client) SetDevice(label string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.device = label
}

// deviceName is the name that this device gave itself. The server's list of sessions has it too, but no text from the server may
// end up in a sealed item.
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
