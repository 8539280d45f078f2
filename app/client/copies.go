package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Copy is a cache of a vault on this device, with its outbox.
type Copy struct {
	ID       string    `json:"id"`
	Username string    `json:"username"`
	Since    time.Time `json:"since,omitzero"` // when it was set aside; zero: it belongs to the session
	Revision int64     `json:"revision"`       // of the vault; 0: there is only an outbox
	Changes  int       `json:"changes"`        // that the server does not have
	DaysLeft int       `json:"days_left"`      // until it is deleted, in days on which this device is used; 0: it is not deleted
}

// liveCopy is the ID of the session's cache.
const liveCopy = "session"

// Copies lists the caches that OpenCopy opens: the session's first, then those of ended sessions, the newest first. It does not
// contact the server.
func (c *Client) Copies(ctx context.Context) ([]Copy, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer op.end()
	if op.cache == nil {
		return nil, nil
	}
	_ = op.expireQuarantine(time.Now()) // a device that cannot write keeps them longer
	var out []Copy
	list, err := op.copies()
	for _, q := range list {
		copied, err := op.describeCopy(q)
		if err != nil {
			return nil, err
		}
		if copied.Revision > 0 || copied.Changes > 0 {
			out = append(out, copied)
		}
	}
	return out, err
}

// copies returns the session's cache, followed by the quarantine.
func (op *operation) copies() ([]quarantined, error) {
	list, err := op.quarantine()
	sort.SliceStable(list, func(i, j int) bool { return list[i].At > list[j].At })
	live, _ := op.cachedAccount() // a damaged account opens nothing
	if live == nil {
		return list, err
	}
	list = slices.DeleteFunc(list, func(q quarantined) bool { return !q.Own && q.Account.UserID == live.UserID })
	return slices.Insert(list, 0, quarantined{ID: liveCopy, Account: *live}), err
}

func (op *operation) describeCopy(q quarantined) (Copy, error) {
	out := Copy{ID: q.ID, Username: q.Account.Username}
	if q.ID != liveCopy {
		out.Since, out.DaysLeft = time.UnixMilli(q.At), q.daysLeft()
	}
	vaultAt, outboxAt := q.names()
	held, err := op.cache.Load(vaultAt)
	if err != nil {
		return out, fmt.Errorf("read the cache: %w", err)
	}
	if len(held.Chunks) > 0 {
		out.Revision, _ = parseStamp(held.Stamp)
	}
	if held, err = op.cache.Load(outboxAt); err != nil {
		return out, fmt.Errorf("read the outbox: %w", err)
	}
	out.Changes, err = outbox.Count(held.Chunks)
	if err != nil {
		out.Changes = 1 // damaged: it had at least one
	}
	return out, nil
}

func (op *operation) findCopy(id string) (quarantined, error) {
	if op.cache == nil {
		return quarantined{}, ErrNoCopy
	}
	list, _ := op.copies()
	i := slices.IndexFunc(list, func(q quarantined) bool { return q.ID == id })
	if i < 0 {
		return quarantined{}, ErrNoCopy
	}
	return list[i], nil
}

// OpenedCopy is the result of OpenCopy.
type OpenedCopy struct {
	Username string `json:"username"`
	Partial  bool   `json:"partial"` // a part of the cache is damaged and missing
}

// OpenCopy unlocks a cache for reading with the master password under which it was sealed. Neither it nor, until Lock, any other
// method contacts the server: methods that would change the vault return ErrReadOnly. The vault includes the changes in the
// outbox. OpenCopy returns ErrWrongPassword, ErrNoCopy or ErrCopyDamaged.
func (c *Client) OpenCopy(ctx context.Context, id, password string) (OpenedCopy, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return OpenedCopy{}, err
	}
	defer op.end()
	q, err := op.findCopy(id)
	if err != nil {
		return OpenedCopy{}, err
	}
	user, err := chain.ParseID(q.Account.UserID)
	if err != nil {
		return OpenedCopy{}, fmt.Errorf("%w: %w", ErrCopyDamaged, err)
	}
	// A cache that was set aside because the user accepted another vault of the server need not match what this device has seen since.
	var remembered Remembered
	if !q.Own {
		remembered, _ = op.rememberedOf(user)
	}
	v, key, err := openWith(q.Account, password, remembered)
	key.Wipe()
	switch {
	case errors.Is(err, ErrWrongPassword), errors.Is(err, seal.ErrEmptyPassword), errors.Is(err, seal.ErrPasswordText):
		return OpenedCopy{}, err
	case err != nil:
		return OpenedCopy{}, fmt.Errorf("%w: %w", ErrCopyDamaged, err)
	}
	v.recollect(remembered)
	out := OpenedCopy{Username: q.Account.Username}
	if out.Partial, err = op.fillCopy(v, q); err != nil {
		v.wipe()
		return OpenedCopy{}, err
	}
	v.readOnly = true
	op.forget()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unlocked = v.unlocked
	return out, nil
}

// readsCopy reports whether the unlocked vault is a cache that OpenCopy opened.
func (c *Client) readsCopy() bool {
	v, err := c.personal()
	return err == nil && v.readOnly
}

// fillCopy fills v with the readable parts of a cache, and reports whether some are missing.
func (op *operation) fillCopy(v *vault, q quarantined) (partial bool, err error) {
	vaultAt, outboxAt := q.names()
	held, err := op.cache.Load(vaultAt)
	if err != nil {
		return false, fmt.Errorf("read the cache: %w", err)
	}
	var broken error
	if len(held.Chunks) > 0 {
		seen, err := v.seen()
		if err != nil {
			return false, err
		}
		broken = op.takeChunks(v, held.Chunks, seen)
	}
	if held, err = op.cache.Load(outboxAt); err != nil {
		return false, fmt.Errorf("read the outbox: %w", err)
	}
	waiting, unread := outbox.Open(v.owner(), held.Stamp, held.Chunks)
	broken = errors.Join(broken, unread)
	if op.ctx.Err() != nil {
		return false, op.ctx.Err()
	}
	if broken != nil && !v.Loaded && len(waiting.Changes) == 0 {
		return false, fmt.Errorf("%w: %w", ErrCopyDamaged, broken)
	}
	v.Loaded = true
	v.setOutbox(waiting)
	return broken != nil, nil
}

// DeleteCopy permanently deletes a cache on this device, with its outbox.
func (c *Client) DeleteCopy(ctx context.Context, id string) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	q, err := op.findCopy(id)
	if err != nil {
		return err
	}
	op.forget()
	if id == liveCopy {
		return errors.Join(op.forgetAccount(), op.forgetNames(op.namesOfUser(q.user())...),
			op.dropQuarantined(func(o quarantined) bool { return !o.Own && o.user() == q.user() }))
	}
	return op.dropQuarantined(func(o quarantined) bool { return o.ID == id })
}
