package client

import (
	"cmp"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// queued is a change of an item that the server does not have yet. It can be replayed on any later state of the vault, and
// contains the ids that it may need, so that a second attempt writes the same records as the first.
type queued struct {
	// Key identifies the change. It is also the id of the new item if the change cannot be merged into its own item.
	Key    string            `json:"key"`
	ID     string            `json:"id"`               // of the item
	At     int64             `json:"at"`               // time of the change, Unix milliseconds
	Base   string            `json:"base,omitempty"`   // the version that was edited, as Item.Base; empty: the item is new
	Before *replica.Contents `json:"before,omitempty"` // the item at Base, if known
	After  *replica.Contents `json:"after,omitempty"`  // nil: the item is deleted
	// Sent: the server may already have the change.
	Sent    bool   `json:"sent,omitempty"`
	Refused string `json:"refused,omitempty"` // why the server rejected it
	Code    Code   `json:"code,omitempty"`    // the same as a code
}

func (q *queued) isNew() bool { return q.Base == "" }

// last finds the newest change of an item.
func last(changes []queued, id string) int {
	for i := len(changes) - 1; i >= 0; i-- {
		if changes[i].ID == id {
			return i
		}
	}
	return -1
}

// add appends q to the outbox. It merges q into the last change of the same item if that was not sent yet and q is based on it.
func add(changes []queued, q queued) []queued {
	i := last(changes, q.ID)
	if i < 0 || changes[i].Sent || changes[i].After == nil || changes[i].After.Base() != q.Base {
		return append(changes, q)
	}
	if changes[i].isNew() && q.After == nil {
		return slices.Delete(changes, i, i+1)
	}
	return takeIn(changes, i, q)
}

// takeIn merges q into changes[i], on which it is based.
func takeIn(changes []queued, i int, q queued) []queued {
	changes[i].After, changes[i].At, changes[i].Refused, changes[i].Code = q.After, q.At, "", ""
	return changes
}

// enqueueSave puts a change into the outbox. Sent says that the server may already have it. It sets in s the ids by which the
// change can be found later.
func (op *operation) enqueueSave(s *saving, sent bool) error {
	mine := s.mine
	q := queued{Key: s.key, ID: mine.ID, At: s.now.UnixMilli(), Sent: sent}
	if s.fresh {
		mine.Created = timeOr(mine.Created, s.now)
	} else {
		q.Base = mine.Base
		before, known := s.v.BaseOf(mine.ID, mine.Base)
		if !known && s.v.Shown(mine.ID) == nil {
			return ErrNotFound
		}
		if known {
			mine = mine.WithUnknownOf(before)
			if err := mine.Validate(); err != nil {
				return err
			}
			if mine.SameOverview(before) && mine.SameDetails(before) && !sent {
				return nil
			}
			mine.Created = before.Created
			q.Before = replica.ContentsOf(before)
		}
	}
	if !s.quiet {
		mine.Modified = s.now
	}
	q.After = replica.ContentsOf(mine.Normalise())
	return op.changeQueue(s.v, func(changes []queued) []queued {
		changes = add(changes, q)
		s.key = changes[last(changes, q.ID)].Key
		return changes
	})
}

// enqueueDelete puts the deletion of items into the outbox.
func (op *operation) enqueueDelete(v *vault, ids []string, sent bool) error {
	now := time.Now()
	var deletes []queued
	for _, id := range ids {
		e := v.Shown(id)
		if e == nil {
			continue
		}
		q := queued{Key: string(seal.NewAccountID()), ID: id, At: now.UnixMilli(), Base: e.Base(), Sent: sent}
		if before, err := v.Open(e); err == nil {
			q.Before = replica.ContentsOf(before)
		}
		deletes = append(deletes, q)
	}
	return op.changeQueue(v, func(changes []queued) []queued {
		for _, q := range deletes {
			changes = add(changes, q)
		}
		return changes
	})
}

// reach reports whether to send a change to the server. It assumes that the server can be reached until an exchange fails. After
// that it syncs first: a change whose answer is lost may have been made.
func (op *operation) reach(v *vault) (bool, error) {
	if !op.offline && len(v.queue) == 0 {
		return true, nil
	}
	_, err := op.sync(v)
	if op.mayWait(err) {
		return false, nil
	}
	return err == nil, err
}

// mayWait reports whether a change that failed with err can wait on this device.
func (op *operation) mayWait(err error) bool { return op.keeps() && unreachable(err) }

// Refused is a change that the server rejected. It stays in the outbox until it succeeds or the item is changed again.
type Refused struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Code    Code   `json:"code"`
	Message string `json:"-"` // in English
}

// Waiting describes the outbox.
type Waiting struct {
	Pending int       `json:"pending"` // changes, including refused ones
	Refused []Refused `json:"refused"`
}

// Waiting describes the outbox.
func (c *Client) Waiting() (Waiting, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.vault == nil {
		return Waiting{}, ErrLocked
	}
	return c.vault.waiting(), nil
}

func (v *vault) waiting() Waiting {
	w := Waiting{Pending: len(v.queue), Refused: []Refused{}}
	for _, q := range v.queue {
		if q.Refused == "" {
			continue
		}
		r := Refused{ID: q.ID, Code: cmp.Or(q.Code, Code(protocol.CodeBadRequest)), Message: q.Refused}
		if e := v.Shown(q.ID); e != nil {
			r.Title = e.Overview.Title
		} else if e := v.Verified(q.ID); e != nil {
			r.Title = e.Overview.Title
		}
		w.Refused = append(w.Refused, r)
	}
	return w
}
