package client

import (
	"context"
	"errors"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// flush sends the outbox, the oldest change first. A rejected change stays in the outbox with the reason, and the changes of
// other items proceed. An interruption at any point loses nothing, and no change is made twice: the history has one of its statements, or
// it is compared with the current vault. It needs a synced vault.
func (op *operation) flush(v *vault) error {
	err := op.flushReady(v)
	tried := map[string]bool{}
	for more := true; more && err == nil; {
		more, err = op.flushNext(v, tried)
	}
	if later(err) {
		return nil
	}
	return err
}

func (op *operation) flushReady(v *vault) error {
	unlock, err := op.lockSigning(v)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := op.conclude(v); err != nil {
		return err
	}
	if err := op.dropMade(v); err != nil || len(v.outbox.Changes) == 0 {
		return err
	}
	return op.changeOutbox(v, outbox.Send)
}

// flushNext sends the next change that was not tried, and reports whether there was one. Between two changes, other tabs may save.
func (op *operation) flushNext(v *vault, tried map[string]bool) (more bool, err error) {
	unlock, err := op.lockSigning(v)
	if err != nil {
		return false, err
	}
	defer unlock()
	q := outbox.Next(v.outbox.Changes, tried)
	if q == nil {
		return false, nil
	}
	tried[q.Key] = true
	id, err := op.replay(v, q)
	var stays *ConflictError
	switch code, reason := refusal(err); {
	case errors.As(err, &stays):
		v.stayed = append(v.stayed, stays.IDs...)
		id = q.ID
	case reason != "":
		return true, op.changeOutbox(v, func(changes []outbox.Change) []outbox.Change { return outbox.Refuse(changes, q, string(code), reason) })
	case err != nil:
		return true, err
	}
	return true, op.changeOutbox(v, func(changes []outbox.Change) []outbox.Change { return outbox.Done(changes, q, id) })
}

// replay makes one change of the current vault, and returns the id of the item that has it.
func (op *operation) replay(v *vault, q *outbox.Change) (string, error) {
	if q.After == nil {
		return q.ID, op.replayDelete(v, q)
	}
	s, err := outbox.Replay(v.Replica, q, op.client.deviceName())
	if err != nil {
		return "", err
	}
	err = op.apply(v, func() ([]edit, error) { return []edit{{*q, s.Mine.ID}}, nil }, s.Build)
	return s.Mine.ID, err
}

func (op *operation) replayDelete(v *vault, q *outbox.Change) error {
	stays := false
	err := op.apply(v, func() ([]edit, error) { return []edit{{*q, q.ID}}, nil }, func(ch *replica.Change) error {
		stays = false
		_, err := ch.Remove([]string{q.ID}, func(e *replica.Entry) bool {
			stays = !q.Untouched(v.Replica, e)
			return !stays
		})
		return err
	})
	if err == nil && stays {
		err = &ConflictError{[]string{q.ID}}
	}
	return err
}

// statusTooLarge may come from a proxy, which does not send the API's codes.
const statusTooLarge = 413

// refusals are the codes of a server that rejects a change permanently.
var refusals = []protocol.Code{
	protocol.CodeBadRequest, protocol.CodeStorageFull, protocol.CodeQuotaReached, protocol.CodeItemQuotaReached, protocol.CodeRecordQuotaReached,
	protocol.CodeBranchQuotaReached,
	protocol.CodeKeptQuota, protocol.CodeMemberRefused,
}

// refusesPermanently reports whether err is the answer of a server that rejects a change permanently.
func refusesPermanently(err error) bool {
	var server *ServerError
	return errors.As(err, &server) && (server.Status == statusTooLarge || slices.Contains(refusals, server.Code))
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
	case errors.Is(err, ErrVaultRole):
		return Code(protocol.CodeRole), err.Error()
	case errors.As(err, &field), errors.As(err, &unreadable), errors.Is(err, seal.ErrTooLarge), errors.Is(err, replica.ErrTooManyVersions):
		return Explain(err).Code, err.Error()
	}
	return "", ""
}

// later reports whether a change that failed with err may succeed another time without the user's help.
func later(err error) bool {
	var server *ServerError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, ErrLocked):
		return false
	case errors.As(err, &server):
		return server.Code != protocol.CodeUnauthorized
	}
	return errors.Is(err, ErrOffline) || errors.Is(err, ErrBusy) || errors.Is(err, ErrUncertain)
}
