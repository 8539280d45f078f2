package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Copy is a sealed copy of a vault on this device, with the changes that wait beside it.
type Copy struct {
	ID       string    `json:"id"`
	Username string    `json:"username"`
	Since    time.Time `json:"since,omitzero"` // when it was set aside; left out: it is the one of the session
	Revision int64     `json:"revision"`       // of the vault; 0: there are only changes
	Changes  int       `json:"changes"`        // that the server does not have
	DaysLeft int       `json:"days_left"`      // until it is deleted, of days on which this device is used; 0: it is not
}

// liveCopy is the ID of the copy that goes with the session.
const liveCopy = "session"

// Copies lists what OpenCopy opens: the copy that goes with the session first, then those whose session has ended, the newest
// first. It does not ask the server.
func (c *Client) Copies(ctx context.Context) ([]Copy, error) {
	_, done, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	if c.cache == nil {
		return nil, nil
	}
	_ = c.expireQuarantine(time.Now()) // a device that cannot write keeps it longer
	var out []Copy
	list, err := c.copies()
	for _, q := range list {
		copied, err := c.describeCopy(q)
		if err != nil {
			return nil, err
		}
		if copied.Revision > 0 || copied.Changes > 0 {
			out = append(out, copied)
		}
	}
	return out, err
}

// copies is the quarantine, and before it the cache of the session. It needs the turn.
func (c *Client) copies() ([]quarantined, error) {
	list, err := c.quarantine()
	slices.SortStableFunc(list, func(a, b quarantined) int { return int(b.At - a.At) })
	live, _ := c.keptAccount() // a damaged one opens nothing
	if live == nil {
		return list, err
	}
	list = slices.DeleteFunc(list, func(q quarantined) bool { return !q.Own && q.Account.UserID == live.UserID })
	return slices.Insert(list, 0, quarantined{ID: liveCopy, Account: *live}), err
}

func (c *Client) describeCopy(q quarantined) (Copy, error) {
	out := Copy{ID: q.ID, Username: q.Account.Username}
	if q.ID != liveCopy {
		out.Since, out.DaysLeft = time.UnixMilli(q.At), q.daysLeft()
	}
	vault, queue := q.names()
	held, err := c.cache.Load(vault)
	if err != nil {
		return out, fmt.Errorf("read the copy on this device: %w", err)
	}
	if len(held.Pieces) > 0 {
		out.Revision, _ = strconv.ParseInt(held.Stamp, 10, 64)
	}
	if held, err = c.cache.Load(queue); err != nil {
		return out, fmt.Errorf("read the changes that wait on this device: %w", err)
	}
	out.Changes, err = countQueued(held)
	if err != nil {
		out.Changes = 1 // damaged: at least one was there
	}
	return out, nil
}

func (c *Client) findCopy(id string) (quarantined, error) {
	if c.cache == nil {
		return quarantined{}, ErrNoCopy
	}
	list, _ := c.copies()
	i := slices.IndexFunc(list, func(q quarantined) bool { return q.ID == id })
	if i < 0 {
		return quarantined{}, ErrNoCopy
	}
	return list[i], nil
}

// OpenedCopy is the outcome of OpenCopy.
type OpenedCopy struct {
	Username string `json:"username"`
	Partial  bool   `json:"partial"` // a part of the copy is damaged, and is not shown
}

// OpenCopy unlocks a copy on this device by the master password that it was sealed under, to be read. It does not ask the server,
// and until Lock nothing else does: what would change the vault fails with ErrReadOnly. The changes that wait are laid over the copy.
// It fails with ErrWrongPassword, ErrNoCopy or ErrCopyDamaged.
func (c *Client) OpenCopy(ctx context.Context, id, password string) (OpenedCopy, error) {
	ctx, done, err := c.begin(ctx)
	if err != nil {
		return OpenedCopy{}, err
	}
	defer done()
	q, err := c.findCopy(id)
	if err != nil {
		return OpenedCopy{}, err
	}
	v, master, err := openWith(q.Account, password)
	switch {
	case errors.Is(err, ErrWrongPassword), errors.Is(err, seal.ErrEmptyPassword), errors.Is(err, seal.ErrPasswordText):
		return OpenedCopy{}, err
	case err != nil:
		return OpenedCopy{}, fmt.Errorf("%w: %w", ErrCopyDamaged, err)
	}
	master.Wipe()
	if !q.Own {
		// What was set aside because the person accepted another vault of the server's is not held to what was seen since.
		_ = c.recall(v)
	}
	out := OpenedCopy{Username: q.Account.Username}
	if out.Partial, err = c.fillCopy(ctx, v, q); err != nil {
		v.key.Wipe()
		return OpenedCopy{}, err
	}
	v.readOnly = true
	c.forget()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.vault = v
	return out, nil
}

// readsCopy reports whether what is unlocked is a copy that OpenCopy has opened.
func (c *Client) readsCopy() bool {
	v, err := c.opened()
	return err == nil && v.readOnly
}

// fillCopy fills v with what can be read of a copy, and reports whether that is only a part of it.
func (c *Client) fillCopy(ctx context.Context, v *vault, q quarantined) (partial bool, err error) {
	vault, queue := q.names()
	held, err := c.cache.Load(vault)
	if err != nil {
		return false, fmt.Errorf("read the copy on this device: %w", err)
	}
	var broken error
	if len(held.Pieces) > 0 {
		_, broken = c.takePieces(ctx, v, held.Pieces)
	}
	if held, err = c.cache.Load(queue); err != nil {
		return false, fmt.Errorf("read the changes that wait on this device: %w", err)
	}
	var changes []queued
	if len(held.Pieces) > 0 {
		var unread error
		changes, unread = v.openQueue(held.Pieces)
		broken = errors.Join(broken, unread)
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if broken != nil && !v.loaded && len(changes) == 0 {
		return false, fmt.Errorf("%w: %w", ErrCopyDamaged, broken)
	}
	v.loaded = true
	v.setQueue(changes, rowOf(held))
	return broken != nil, nil
}

// DeleteCopy deletes a copy on this device, and the changes that wait beside it, for good.
func (c *Client) DeleteCopy(ctx context.Context, id string) error {
	_, done, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	q, err := c.findCopy(id)
	if err != nil {
		return err
	}
	c.forget()
	if id == liveCopy {
		return errors.Join(c.forgetAccount(), c.forgetNames(vaultName(q.user()), queueName(q.user())),
			c.dropQuarantined(func(o quarantined) bool { return !o.Own && o.user() == q.user() }))
	}
	return c.dropQuarantined(func(o quarantined) bool { return o.ID == id })
}
