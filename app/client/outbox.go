package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
)

// enqueueSave puts a change into the outbox. Sent says that the server may already have it. It sets in s the id by which the change
// can be found later.
func (op *operation) enqueueSave(v *vault, s *outbox.Saving, sent bool) error {
	q, differs, err := s.Waiting(sent)
	if err != nil || !differs {
		return err
	}
	v.noteSent(&q)
	return op.changeOutbox(v, func(changes []outbox.Change) []outbox.Change {
		changes = outbox.Add(changes, q)
		s.Key = changes[outbox.Last(changes, q.ID)].Key
		return changes
	})
}

// enqueueDelete puts the deletion of items into the outbox.
func (op *operation) enqueueDelete(v *vault, ids []string, keys editKeys, sent bool) error {
	now := time.Now()
	var deletes []outbox.Change
	for _, id := range ids {
		if e := v.Shown(id); e != nil {
			q := outbox.Deletion(v.Replica, e, keys.of(v, id), now, sent)
			v.noteSent(&q)
			deletes = append(deletes, q)
		}
	}
	return op.enqueue(v, deletes)
}

// noteSent records the statements signed for a change that the server may already have. A write may have only some of many items.
func (v *vault) noteSent(q *outbox.Change) {
	if q.Sent && v.write != nil && slices.ContainsFunc(v.write.Operations, func(o chain.Operation) bool { return v.Name(o.ID) == q.ID }) {
		q.Note(outbox.Statement{Revision: v.write.Write.Revision, Hash: encodeHash(v.write.Write.Hash()), ID: q.ID})
	}
}

func (op *operation) enqueue(v *vault, more []outbox.Change) error {
	return op.changeOutbox(v, func(changes []outbox.Change) []outbox.Change {
		for _, q := range more {
			changes = outbox.Add(changes, q)
		}
		return changes
	})
}

// loadOutbox reads the outbox into v if another tab or process has changed it.
func (op *operation) loadOutbox(v *vault) error {
	if !op.mayCache() {
		return nil
	}
	stamp, err := op.cache.Stamp(outboxName(v.home()))
	if err == nil && stamp == v.outbox.Stamp {
		return nil
	}
	held, err := op.cache.Load(outboxName(v.home()))
	if err != nil {
		return fmt.Errorf("read the outbox: %w", err)
	}
	o, err := outbox.Open(v.owner(), held.Stamp, held.Chunks)
	if err != nil {
		return &VaultAlteredError{Problems: []error{replica.Found(bridge.Finding{Code: bridge.OutboxUnopened}, "the outbox cannot be decrypted")}, Err: err}
	}
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	v.setOutbox(o)
	return nil
}

// changeOutbox replaces the outbox by the result of change. It calls change again if another tab or process was faster.
func (op *operation) changeOutbox(v *vault, change func([]outbox.Change) []outbox.Change) error {
	for range maxAttempts {
		o, err := op.writeOutbox(v, change(slices.Clone(v.outbox.Changes)))
		if errors.Is(err, ErrCacheMoved) {
			if err := op.loadOutbox(v); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		op.client.mu.Lock()
		v.setOutbox(o)
		op.client.mu.Unlock()
		return nil
	}
	return ErrCacheMoved
}

func (op *operation) writeOutbox(v *vault, changes []outbox.Change) (outbox.Outbox, error) {
	stamp := newStamp()
	o, chunk, replace, err := v.outbox.With(v.owner(), changes, stamp)
	if err != nil || chunk == nil {
		return o, err
	}
	put := op.cache.Add
	if replace {
		put = op.cache.Replace
	}
	if err := put(outboxName(v.home()), v.outbox.Stamp, Chunk{stamp, chunk}); err != nil {
		return o, fmt.Errorf("write the outbox: %w", err)
	}
	return o, nil
}

// Unsent returns the number of changes in this user's outbox, even while the vault is locked.
func (c *Client) Unsent(ctx context.Context) (int, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer op.end()
	user, err := op.cachedUser()
	if err != nil {
		return 0, err
	}
	return op.unsent(user)
}

func (op *operation) unsent(user string) (int, error) {
	if !op.mayCache() || user == "" {
		return 0, nil
	}
	total := 0
	for _, home := range op.homesOf(user) {
		held, err := op.cache.Load(outboxName(home))
		if err != nil {
			return 0, err
		}
		n, err := outbox.Count(held.Chunks)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// reach reports whether to send a change to the server. It assumes that the server can be reached until an exchange fails. After
// that it syncs first: a change whose answer is lost may have been made.
func (op *operation) reach(v *vault) (bool, error) {
	if err := v.mayWrite(); err != nil {
		return false, err
	}
	if !op.offline && len(v.outbox.Changes) == 0 {
		return true, nil
	}
	_, err := op.sync(v)
	if op.mayWait(err) {
		return false, nil
	}
	return err == nil, err
}

// mayWait reports whether a change that failed with err can wait on this device.
func (op *operation) mayWait(err error) bool {
	return op.mayCache() && (unreachable(err) || errors.Is(err, ErrRekeyed) || errors.Is(err, errEntryWaits))
}

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
	if c.unlocked == nil {
		return Waiting{}, ErrLocked
	}
	w := Waiting{Refused: []Refused{}}
	for _, v := range c.unlocked.vaults() {
		one := v.waiting()
		w.Pending, w.Refused = w.Pending+one.Pending, append(w.Refused, one.Refused...)
	}
	return w, nil
}

func (v *vault) waiting() Waiting {
	w := Waiting{Pending: len(v.outbox.Changes), Refused: []Refused{}}
	for _, q := range v.outbox.Changes {
		if q.Refused == "" {
			continue
		}
		r := Refused{ID: q.ID, Code: cmp.Or(Code(q.Code), Code(protocol.CodeBadRequest)), Message: q.Refused}
		if e := v.Shown(q.ID); e != nil {
			r.Title = e.Overview.Title
		} else if e := v.Verified(q.ID); e != nil {
			r.Title = e.Overview.Title
		}
		w.Refused = append(w.Refused, r)
	}
	return w
}
