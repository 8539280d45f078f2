package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Quarantine: when a session ends that the person did not end on this device, the sealed copy of the vault and the outbox stay.
// What ends it is an answer of the server, and a hostile or restored server must not be able to make devices delete the last good
// copy. Only the account moves, from its own name into the list under quarantineName; the vault and the queue are named for
// their user and stay where they are, so that setting a cache aside is one small write.

const quarantineName = "quarantine"

const (
	quarantineFor = 30 * 24 * time.Hour
	// maxQuarantined bounds what a device shared by many people holds. A server cannot reach it: each copy was unlocked here.
	maxQuarantined = 16
	// longestStep is how much of the time between two looks at the clock counts. A clock that jumps ahead, for whatever reason,
	// costs a copy one day and not all thirty.
	longestStep = 24 * time.Hour
	// shortestStep spares the device a write each time.
	shortestStep = time.Hour
)

// quarantined is one cache that was set aside.
type quarantined struct {
	ID      string           `json:"id"`
	Account protocol.Account `json:"account"`
	At      int64            `json:"at"`   // when it was set aside, by this device's clock, Unix milliseconds
	Last    int64            `json:"last"` // when the clock was last looked at
	Age     int64            `json:"age"`  // milliseconds that were seen to pass
	// Own says that the vault and the queue have the id in their names in place of the user, whose names others took.
	Own bool `json:"own,omitempty"`
}

func (q *quarantined) user() seal.UserID { return seal.UserID(q.Account.UserID) }

func (q *quarantined) names() (vault, queue string) {
	if q.Own {
		return vaultName(seal.UserID(q.ID)), queueName(seal.UserID(q.ID))
	}
	return vaultName(q.user()), queueName(q.user())
}

// daysLeft rounds up.
func (q *quarantined) daysLeft() int {
	left := quarantineFor - time.Duration(q.Age)*time.Millisecond
	return int((left + 24*time.Hour - 1) / (24 * time.Hour))
}

// grow counts the time that passed since the clock was last looked at.
func (q *quarantined) grow(now time.Time) {
	step := now.Sub(time.UnixMilli(q.Last))
	q.Age += min(max(step, 0), longestStep).Milliseconds()
	q.Last = now.UnixMilli()
}

func (q *quarantined) expired() bool { return q.Age >= quarantineFor.Milliseconds() }

// parseQuarantine leaves out what is damaged. The vault and the queue of a user whose line is lost come back when that user signs
// in. err says that nothing can be read.
func parseQuarantine(held Kept) (list []quarantined, err error) {
	if len(held.Pieces) == 0 {
		return nil, nil
	}
	var lines []json.RawMessage
	if err := json.Unmarshal(held.Pieces[len(held.Pieces)-1], &lines); err != nil {
		return nil, fmt.Errorf("the list of caches on this device is damaged: %w", err)
	}
	for _, line := range lines {
		var q quarantined
		err := json.Unmarshal(line, &q)
		if err == nil {
			_, err = seal.ParseUserID(q.Account.UserID)
		}
		if err == nil {
			_, err = seal.ParseAccountID(q.ID)
		}
		if err == nil {
			list = append(list, q)
		}
	}
	return list, nil
}

// quarantine needs the turn.
func (c *Client) quarantine() ([]quarantined, error) {
	if c.cache == nil {
		return nil, nil
	}
	held, err := c.cache.Load(quarantineName)
	if err != nil {
		return nil, fmt.Errorf("read the copies on this device: %w", err)
	}
	return parseQuarantine(held)
}

// changeQuarantine replaces the list by what change makes of it, and returns what fell out. change is called again if another tab
// or process was faster. A damaged list is replaced. It needs the turn.
func (c *Client) changeQuarantine(change func([]quarantined) []quarantined) (dropped []quarantined, err error) {
	for range maxAttempts {
		held, err := c.cache.Load(quarantineName)
		if err != nil {
			return nil, fmt.Errorf("read the copies on this device: %w", err)
		}
		before, _ := parseQuarantine(held)
		after := change(slices.Clone(before))
		if slices.Equal(before, after) {
			return nil, nil
		}
		if len(after) > maxQuarantined {
			slices.SortStableFunc(after, func(a, b quarantined) int { return int(b.Age - a.Age) })
			after = after[len(after)-maxQuarantined:] // without the oldest
		}
		data, err := json.Marshal(after)
		if err != nil {
			return nil, fmt.Errorf("encode the copies on this device: %w", err)
		}
		err = c.cache.Replace(quarantineName, held.Stamp, Piece{newStamp(), data})
		if errors.Is(err, ErrCacheMoved) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("set the copy on this device aside: %w", err)
		}
		return slices.DeleteFunc(before, func(q quarantined) bool {
			return slices.ContainsFunc(after, func(o quarantined) bool { return o.ID == q.ID })
		}), nil
	}
	return nil, ErrCacheMoved
}

// setAside moves the cache of the account that this device keeps into quarantine. It needs the turn.
func (c *Client) setAside() error {
	if !c.keeps() {
		return nil
	}
	if v, _ := c.opened(); v != nil {
		v.copied = notCopied
	}
	a, err := c.keptAccount()
	if err == nil && a != nil {
		err = c.putAside(*a)
		if err != nil {
			return err // better a copy too many than none
		}
	}
	return errors.Join(err, c.forgetAccount())
}

// putAside puts the cache of a into quarantine, if there is one. It needs the turn.
func (c *Client) putAside(a protocol.Account) error {
	user := seal.UserID(a.UserID)
	n := 0
	for _, name := range []string{vaultName(user), queueName(user)} {
		held, err := c.cache.Load(name)
		if err != nil {
			return fmt.Errorf("read the copy on this device: %w", err)
		}
		n += len(held.Pieces)
	}
	if n == 0 {
		return nil
	}
	return c.addQuarantined(quarantined{ID: newStamp(), Account: a})
}

func (c *Client) addQuarantined(q quarantined) error {
	q.At = time.Now().UnixMilli()
	q.Last = q.At
	dropped, err := c.changeQuarantine(func(list []quarantined) []quarantined {
		return append(slices.DeleteFunc(list, func(o quarantined) bool {
			return !o.Own && !q.Own && o.user() == q.user()
		}), q)
	})
	if err != nil {
		return err
	}
	dropped = slices.DeleteFunc(dropped, func(o quarantined) bool { return !o.Own && o.user() == q.user() })
	return c.forgetDropped(dropped)
}

// moveAside puts a copy of the vault of a into quarantine that must make room under its name. It needs the turn.
func (c *Client) moveAside(a protocol.Account, name string, held Kept) error {
	q := quarantined{ID: newStamp(), Account: a, Own: true}
	vault, queue := q.names()
	to := queue
	if name == vaultName(q.user()) {
		to = vault
	}
	after := ""
	for i, piece := range held.Pieces {
		stamp := newStamp()
		if i == len(held.Pieces)-1 {
			stamp = held.Stamp
		}
		put := c.cache.Add
		if i == 0 {
			put = c.cache.Replace
		}
		if err := put(to, after, Piece{stamp, piece}); err != nil {
			return fmt.Errorf("set the copy on this device aside: %w", err)
		}
		after = stamp
	}
	if err := c.addQuarantined(q); err != nil {
		return err
	}
	return c.cache.Forget(name)
}

// checkQueue sets changes aside that the user's key, which has just proved right, does not open: they must not keep anybody from
// signing in. It needs the turn.
func (c *Client) checkQueue(v *vault) error {
	c.outboxProblem = ""
	if !c.keeps() {
		return nil
	}
	name := queueName(v.user)
	held, _ := c.cache.Load(name) // why it cannot be read, the next sync tells
	if len(held.Pieces) == 0 {
		return nil
	}
	if _, err := v.openQueue(held.Pieces); err == nil {
		return nil
	}
	c.outboxProblem = "the changes that waited on this device cannot be read, and were set aside"
	return c.moveAside(v.account, name, held)
}

// takeBack takes the cache of a user, who has proved the password, out of quarantine. Its vault and its queue are in force again
// under their names. It needs the turn.
func (c *Client) takeBack(user seal.UserID) error {
	_, err := c.changeQuarantine(func(list []quarantined) []quarantined {
		return slices.DeleteFunc(list, func(q quarantined) bool { return !q.Own && q.user() == user })
	})
	return err
}

// forgetQuarantined deletes what is in quarantine of a user. It needs the turn.
func (c *Client) forgetQuarantined(user seal.UserID) error {
	return c.dropQuarantined(func(q quarantined) bool { return q.user() == user })
}

func (c *Client) dropQuarantined(gone func(quarantined) bool) error {
	dropped, err := c.changeQuarantine(func(list []quarantined) []quarantined { return slices.DeleteFunc(list, gone) })
	if err != nil {
		return err
	}
	return c.forgetDropped(dropped)
}

// forgetDropped deletes the vaults and queues of what is no longer on the list, but for those that are in force.
func (c *Client) forgetDropped(dropped []quarantined) error {
	for _, q := range dropped {
		if live, err := c.keptAccount(); err != nil || live != nil && live.UserID == q.Account.UserID && !q.Own {
			continue
		}
		vault, queue := q.names()
		if err := c.forgetNames(vault, queue); err != nil {
			return err
		}
	}
	return nil
}

// expireQuarantine looks at this device's clock, never at the server's. It needs the turn.
func (c *Client) expireQuarantine(now time.Time) error {
	list, err := c.quarantine()
	if err != nil {
		return err
	}
	due := slices.ContainsFunc(list, func(q quarantined) bool {
		step := now.Sub(time.UnixMilli(q.Last))
		return step < 0 || step >= shortestStep
	})
	if !due {
		return nil
	}
	dropped, err := c.changeQuarantine(func(list []quarantined) []quarantined {
		for i := range list {
			list[i].grow(now)
		}
		return slices.DeleteFunc(list, func(q quarantined) bool { return q.expired() })
	})
	if err != nil {
		return err
	}
	return c.forgetDropped(dropped)
}

// SetAside puts the cache of this client into quarantine: its session has ended without the person's word about the cache.
func (c *Client) SetAside(ctx context.Context) error {
	_, done, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	return c.setAside()
}
