package client

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/item"
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

// SaveIn is Save for a new item in the vault with an id; empty: the personal one.
func (c *Client) SaveIn(ctx context.Context, vault string, it item.Item) (item.Item, error) {
	if err := makeable(it); err != nil {
		return item.Item{}, err
	}
	it.ID = ""
	return c.saveTo(ctx, vault, it, saving{})
}

// saving says how to save an item: see outbox.Saving.
type saving struct {
	quiet  bool
	attach []outbox.Attached
}

// saveAs saves an item; quiet and attach as in outbox.Saving.
func (c *Client) saveAs(ctx context.Context, it item.Item, quiet bool, attach ...outbox.Attached) (item.Item, error) {
	return c.saveTo(ctx, "", it, saving{quiet, attach})
}

// saveTo saves an item. vault is for a new one.
func (c *Client) saveTo(ctx context.Context, vault string, it item.Item, how saving) (item.Item, error) {
	it = it.Normalise()
	if err := it.Validate(); err != nil {
		return item.Item{}, err
	}
	op, err := c.begin(ctx)
	if err != nil {
		return item.Item{}, err
	}
	defer op.end()
	v, err := op.vaultOf(it.ID, vault)
	if err != nil {
		return item.Item{}, err
	}
	defer v.KeepPlaintexts()()
	s := outbox.Saving{Replica: v.Replica, Mine: it, Now: time.Now(), Key: v.NewName(), Device: c.deviceName(), Quiet: how.quiet, Attach: how.attach}
	var before outbox.Change
	if it.ID == "" {
		s.Mine.ID, s.Fresh = v.NewName(), true
		if before = op.triedBefore(v, s.Mine); before.Key != "" {
			s.Mine.ID, s.Key = before.ID, before.Key
		}
	} else if e := v.Shown(it.ID); e != nil {
		s.Mine.Base = cmp.Or(it.Base, e.Base())
		if before, err := v.Open(e); err == nil {
			s.Mine = withFreshPassword(s.Mine, before)
		}
		c.mu.Lock()
		v.Lend(it.ID) // so a sync keeps the version that was edited
		c.mu.Unlock()
	}
	if err := op.save(v, &s, before.Statements()); err != nil {
		return item.Item{}, err
	}
	if v.Shown(s.Mine.ID) == nil {
		return c.Get(s.Key) // another device deleted the item
	}
	return c.Get(s.Mine.ID)
}

// triedBefore returns the edit that added the same new item, and that the user saves again after an error: if a server shows the first
// one later, the item must not be there twice.
func (op *operation) triedBefore(v *vault, mine item.Item) outbox.Change {
	tried := slices.Clone(v.refused)
	if w := op.writeInFlight(v); w != nil {
		tried = append(tried, w.edits...)
	}
	for _, q := range tried {
		if q.After == nil || q.Base != "" {
			continue
		}
		if it, err := q.After.Open(q.ID); err == nil && it.SameOverview(mine) && it.SameDetails(mine) {
			return q
		}
	}
	return outbox.Change{}
}

// save sends the change or puts it into the outbox. signed is what was signed for it before.
func (op *operation) save(v *vault, s *outbox.Saving, signed []outbox.Statement) error {
	there, err := op.reach(v)
	if err != nil {
		return err
	}
	if there && len(v.outbox.Changes) == 0 {
		err := op.apply(v, func() ([]edit, error) {
			q, _, err := s.Waiting(true)
			q.Note(signed...)
			return []edit{{q, s.Mine.ID}}, err
		}, s.Build)
		if op.mayWait(err) {
			return op.enqueueSave(v, s, errors.Is(err, ErrUncertain))
		}
		return err
	}
	if err := op.enqueueSave(v, s, false); err != nil || !there {
		return err
	}
	_ = op.flush(v) // the change is safe in the outbox; if sending fails, the next Sync reports why
	return nil
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
