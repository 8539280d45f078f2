package client

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// flush sends the outbox, the oldest change first. A rejected change stays in the outbox with the reason, and the changes of
// other items proceed. An interruption at any point loses nothing, and no change is made twice: each is compared with the current
// vault. It needs a synced vault.
func (op *operation) flush(v *vault) error {
	if len(v.queue) == 0 {
		return nil
	}
	err := op.changeQueue(v, func(changes []queued) []queued {
		for i := range changes {
			changes[i].Sent = true
		}
		return changes
	})
	tried := map[string]bool{}
	for err == nil {
		q := v.nextQueued(tried)
		if q == nil {
			return nil
		}
		tried[q.Key] = true
		var id string
		id, err = op.replay(v, q)
		var stays *KeptError
		switch code, reason := refusal(err); {
		case errors.As(err, &stays):
			v.stayed = append(v.stayed, stays.IDs...)
			err = op.changeQueue(v, func(changes []queued) []queued { return done(changes, q, q.ID) })
		case reason != "":
			err = op.changeQueue(v, func(changes []queued) []queued { return refuse(changes, q, code, reason) })
		case err == nil:
			err = op.changeQueue(v, func(changes []queued) []queued { return done(changes, q, id) })
		}
	}
	if later(err) {
		return nil
	}
	return err
}

// nextQueued returns the oldest change that was not tried and does not wait for an older change of the same item.
func (v *vault) nextQueued(tried map[string]bool) *queued {
	blocked := map[string]bool{}
	for _, q := range v.queue {
		if !tried[q.Key] && !blocked[q.ID] {
			return &q
		}
		blocked[q.ID] = true
	}
	return nil
}

// done removes q from the changes. Later changes of the item now refer to the id that it got.
func done(changes []queued, q *queued, id string) []queued {
	changes = slices.DeleteFunc(changes, func(o queued) bool { return o.Key == q.Key })
	for i := range changes {
		if changes[i].ID == q.ID {
			changes[i].ID = id
		}
	}
	return changes
}

// refuse notes why q failed. A change that is based on it would lack its effect, so refuse merges the two.
func refuse(changes []queued, q *queued, code Code, reason string) []queued {
	i := slices.IndexFunc(changes, func(o queued) bool { return o.Key == q.Key })
	if i < 0 {
		return changes
	}
	changes[i].Code, changes[i].Refused, changes[i].Sent = code, reason, false
	for j := i + 1; j < len(changes); {
		if changes[j].ID != q.ID {
			j++
			continue
		}
		changes = takeIn(changes, i, changes[j])
		changes = slices.Delete(changes, j, j+1)
	}
	return changes
}

// replay makes one change of the current vault, and returns the id of the item that has it.
func (op *operation) replay(v *vault, q *queued) (string, error) {
	if q.After == nil {
		return q.ID, op.replayDelete(v, q)
	}
	mine, err := q.After.Open(q.ID)
	if err != nil {
		return "", &UnreadableError{ID: q.ID, Err: err}
	}
	mine.Base = q.Base
	s := saving{v: v, mine: mine, fresh: q.isNew(), now: time.UnixMilli(q.At), key: q.Key, device: op.client.deviceName(), queued: true}
	if q.Before != nil {
		s.base, err = q.Before.Open(q.ID)
		s.known = err == nil
	}
	err = op.apply(v, func(ch *replica.Change) error { return s.build(ch) })
	return s.mine.ID, err
}

func (op *operation) replayDelete(v *vault, q *queued) error {
	stays := false
	err := op.apply(v, func(ch *replica.Change) error {
		stays = false
		_, err := ch.Remove([]string{q.ID}, func(e *replica.Entry) bool {
			stays = !v.asBefore(e, q)
			return !stays
		})
		return err
	})
	if err == nil && stays {
		err = &KeptError{[]string{q.ID}}
	}
	return err
}

// asBefore reports whether e is the state on which q is based.
func (v *vault) asBefore(e *replica.Entry, q *queued) bool {
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
	now, err := v.Open(e)
	return err == nil && now.SameOverview(before) && now.SameDetails(before)
}

// statusTooLarge may come from a proxy, which does not send the API's codes.
const statusTooLarge = 413

// refusals are the codes of a server that rejects a change permanently.
var refusals = []protocol.Code{
	protocol.CodeBadRequest, protocol.CodeStorageFull, protocol.CodeQuotaReached, protocol.CodeItemQuotaReached, protocol.CodeRecordQuotaReached,
}

// refusal returns why the server rejects the change; empty if err is something else.
func refusal(err error) (Code, string) {
	var server *ServerError
	var field *item.FieldError
	var unreadable *UnreadableError
	switch {
	case errors.As(err, &server):
		switch {
		case server.Status == statusTooLarge:
			return Code(protocol.CodeTooLarge), server.Message
		case slices.Contains(refusals, server.Code):
			return Code(server.Code), server.Message
		}
	case errors.As(err, &field), errors.As(err, &unreadable), errors.Is(err, seal.ErrTooLarge), errors.Is(err, replica.ErrTooManyVersions):
		return Explain(err).Code, err.Error()
	}
	return "", ""
}

// later reports whether a change that failed with err may succeed another time without the user's help.
func later(err error) bool {
	var server *ServerError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	case errors.As(err, &server):
		return server.Code != protocol.CodeUnauthorized
	}
	return errors.Is(err, ErrOffline) || errors.Is(err, ErrBusy) || errors.Is(err, ErrUncertain)
}
