package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Quarantine: when a session ends that the user did not end on this device, the sealed cache of the vault and the outbox stay. An
// answer of the server ends a session, and a hostile or restored server must not be able to make devices delete the last good
// copy. Only the account moves, from its own name into the list under quarantineName. The vault and the outbox are named for
// their user and stay in place, so setting a cache aside is one small write.

const quarantineName = "quarantine"

const (
	quarantineFor = 30 * 24 * time.Hour
	// maxQuarantined bounds the storage on a device that many people share. A server cannot reach it: each cache was unlocked on
	// this device.
	maxQuarantined = 16
	// longestStep bounds the time that counts between two looks at the clock. If the clock jumps ahead, a cache loses one day and
	// not all thirty.
	longestStep = 24 * time.Hour
	// shortestStep avoids a write on every look at the clock.
	shortestStep = time.Hour
)

// quarantined is one cache that was set aside.
type quarantined struct {
	ID      string               `json:"id"`
	Account protocol.UserAccount `json:"account"`
	At      int64                `json:"at"`   // when it was set aside, by this device's clock, Unix milliseconds
	Last    int64                `json:"last"` // when the clock was last looked at
	Age     int64                `json:"age"`  // milliseconds counted so far
	// Own: the names of the vault and the outbox contain the ID instead of the user, because another cache has the user's names.
	Own bool `json:"own,omitempty"`
}

func (q *quarantined) user() string { return q.Account.UserID }

func (q *quarantined) names() (vault, outbox string) {
	if q.Own {
		return vaultName(q.ID), outboxName(q.ID)
	}
	return vaultName(q.user()), outboxName(q.user())
}

func sameQuarantined(a, b quarantined) bool {
	return a.ID == b.ID && sameAccount(&a.Account, &b.Account) && a.At == b.At && a.Last == b.Last && a.Age == b.Age && a.Own == b.Own
}

// daysLeft rounds up.
func (q *quarantined) daysLeft() int {
	left := quarantineFor - time.Duration(q.Age)*time.Millisecond
	return int((left + 24*time.Hour - 1) / (24 * time.Hour))
}

// grow counts the time since the last look at the clock.
func (q *quarantined) grow(now time.Time) {
	step := now.Sub(time.UnixMilli(q.Last))
	q.Age += min(max(step, 0), longestStep).Milliseconds()
	q.Last = now.UnixMilli()
}

func (q *quarantined) expired() bool { return q.Age >= quarantineFor.Milliseconds() }

// parseQuarantine skips damaged lines. A user whose line is lost gets the vault and the outbox back at the next sign-in. err
// means that nothing is readable.
func parseQuarantine(held Cached) (list []quarantined, err error) {
	if len(held.Chunks) == 0 {
		return nil, nil
	}
	var lines []json.RawMessage
	if err := json.Unmarshal(held.Chunks[len(held.Chunks)-1], &lines); err != nil {
		return nil, fmt.Errorf("the list of caches on this device is damaged: %w", err)
	}
	for _, line := range lines {
		var q quarantined
		err := json.Unmarshal(line, &q)
		if err == nil {
			_, err = chain.ParseID(q.Account.UserID)
		}
		if err == nil {
			_, err = chain.ParseID(q.ID)
		}
		if err == nil {
			list = append(list, q)
		}
	}
	return list, nil
}

func (op *operation) quarantine() ([]quarantined, error) {
	if op.cache == nil {
		return nil, nil
	}
	held, err := op.cache.Load(quarantineName)
	if err != nil {
		return nil, fmt.Errorf("read the list of caches: %w", err)
	}
	return parseQuarantine(held)
}

// changeQuarantine replaces the list by the result of change, and returns the entries that were dropped. It calls change again if
// another tab or process was faster. A damaged list is replaced.
func (op *operation) changeQuarantine(change func([]quarantined) []quarantined) (dropped []quarantined, err error) {
	for range maxAttempts {
		held, err := op.cache.Load(quarantineName)
		if err != nil {
			return nil, fmt.Errorf("read the list of caches: %w", err)
		}
		before, _ := parseQuarantine(held)
		after := change(slices.Clone(before))
		if slices.EqualFunc(before, after, sameQuarantined) {
			return nil, nil
		}
		if len(after) > maxQuarantined {
			sort.SliceStable(after, func(i, j int) bool { return after[i].Age > after[j].Age })
			after = after[len(after)-maxQuarantined:] // drop the oldest
		}
		data, err := json.Marshal(after)
		if err != nil {
			return nil, fmt.Errorf("encode the list of caches: %w", err)
		}
		err = op.cache.Replace(quarantineName, held.Stamp, Chunk{newStamp(), data})
		if errors.Is(err, ErrCacheMoved) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("move the cache into quarantine: %w", err)
		}
		return slices.DeleteFunc(before, func(q quarantined) bool {
			return slices.ContainsFunc(after, func(o quarantined) bool { return o.ID == q.ID })
		}), nil
	}
	return nil, ErrCacheMoved
}

// setAside moves the cache of this device's account into quarantine.
func (op *operation) setAside() error {
	if !op.mayCache() {
		return nil
	}
	if v, _ := op.opened(); v != nil {
		v.cached = ""
	}
	a, err := op.cachedAccount()
	if err == nil && a != nil {
		err = op.putAside(*a)
		if err != nil {
			return err // better a cache too many than one too few
		}
	}
	return errors.Join(err, op.forgetAccount())
}

// putAside moves the cache of a, if there is one, into quarantine.
func (op *operation) putAside(a protocol.UserAccount) error {
	user := a.UserID
	n := 0
	for _, name := range []string{vaultName(user), outboxName(user)} {
		held, err := op.cache.Load(name)
		if err != nil {
			return fmt.Errorf("read the cache: %w", err)
		}
		n += len(held.Chunks)
	}
	if n == 0 {
		return nil
	}
	return op.addQuarantined(quarantined{ID: newStamp(), Account: a})
}

func (op *operation) addQuarantined(q quarantined) error {
	q.At = time.Now().UnixMilli()
	q.Last = q.At
	dropped, err := op.changeQuarantine(func(list []quarantined) []quarantined {
		return append(slices.DeleteFunc(list, func(o quarantined) bool {
			return !o.Own && !q.Own && o.user() == q.user()
		}), q)
	})
	if err != nil {
		return err
	}
	dropped = slices.DeleteFunc(dropped, func(o quarantined) bool { return !o.Own && o.user() == q.user() })
	return op.forgetDropped(dropped)
}

// moveAside moves a cache of the vault of a into quarantine under other names, because a new one needs its name.
func (op *operation) moveAside(a protocol.UserAccount, name string, held Cached) error {
	q := quarantined{ID: newStamp(), Account: a, Own: true}
	vault, outbox := q.names()
	to := outbox
	if name == vaultName(q.user()) {
		to = vault
	}
	after := ""
	for i, chunk := range held.Chunks {
		stamp := newStamp()
		if i == len(held.Chunks)-1 {
			stamp = held.Stamp
		}
		put := op.cache.Add
		if i == 0 {
			put = op.cache.Replace
		}
		if err := put(to, after, Chunk{stamp, chunk}); err != nil {
			return fmt.Errorf("move the cache into quarantine: %w", err)
		}
		after = stamp
	}
	if err := op.addQuarantined(q); err != nil {
		return err
	}
	return op.cache.Forget(name)
}

// checkOutbox sets the outbox aside if the user's key, which was just verified, does not open it: it must not prevent signing in.
func (op *operation) checkOutbox(v *vault) error {
	op.outboxProblem = ""
	if !op.mayCache() {
		return nil
	}
	name := outboxName(v.home())
	held, _ := op.cache.Load(name) // the next sync reports why it is unreadable
	if len(held.Chunks) == 0 {
		return nil
	}
	if _, err := outbox.Open(v.owner(), held.Stamp, held.Chunks); err == nil {
		return nil
	}
	op.outboxProblem = "the changes that waited on this device cannot be read, and were set aside"
	return op.moveAside(v.account, name, held)
}

// takeBack moves a user's cache out of quarantine, after the user has proved the password. Its vault and outbox are active again
// under their names.
func (op *operation) takeBack(user string) error {
	_, err := op.changeQuarantine(func(list []quarantined) []quarantined {
		return slices.DeleteFunc(list, func(q quarantined) bool { return !q.Own && q.user() == user })
	})
	return err
}

// forgetQuarantined deletes a user's caches in quarantine.
func (op *operation) forgetQuarantined(user string) error {
	return op.dropQuarantined(func(q quarantined) bool { return q.user() == user })
}

func (op *operation) dropQuarantined(gone func(quarantined) bool) error {
	dropped, err := op.changeQuarantine(func(list []quarantined) []quarantined { return slices.DeleteFunc(list, gone) })
	if err != nil {
		return err
	}
	return op.forgetDropped(dropped)
}

// forgetDropped deletes the vaults and outboxes of dropped entries, except those in use.
func (op *operation) forgetDropped(dropped []quarantined) error {
	for _, q := range dropped {
		if live, err := op.cachedAccount(); err != nil || live != nil && live.UserID == q.Account.UserID && !q.Own {
			continue
		}
		names := namesOf(q.ID)
		if !q.Own {
			names = op.namesOfUser(q.user())
		}
		if err := op.forgetNames(names...); err != nil {
			return err
		}
	}
	return nil
}

// expireQuarantine uses this device's clock, never the server's.
func (op *operation) expireQuarantine(now time.Time) error {
	list, err := op.quarantine()
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
	dropped, err := op.changeQuarantine(func(list []quarantined) []quarantined {
		for i := range list {
			list[i].grow(now)
		}
		return slices.DeleteFunc(list, func(q quarantined) bool { return q.expired() })
	})
	if err != nil {
		return err
	}
	return op.forgetDropped(dropped)
}

// SetAside moves the cache of this client into quarantine: its session ended, but the user did not decide about the cache.
func (c *Client) SetAside(ctx context.Context) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	return op.setAside()
}
