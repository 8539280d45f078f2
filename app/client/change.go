package client

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
)

// maxAttempts bounds how often a change is retried after other devices were faster. Of several concurrent writers one always
// succeeds, so this many failures in a row mean a lying server or a very busy vault.
const maxAttempts = 32

// apply builds a change of the current vault and sends it, and repeats that on the newer vault while other devices are faster.
// build may be called many times; a change without puts and deletes is not sent.
func (op *operation) apply(v *vault, build func(*replica.Change) error) error {
	defer v.KeepPlaintexts()()
	for range maxAttempts {
		ch := v.Change()
		if err := build(ch); err != nil {
			return err
		}
		if len(ch.Puts) == 0 && len(ch.Deletes) == 0 {
			return nil
		}
		err := op.send(v, ch)
		if !hasCode(err, protocol.CodeRevisionConflict) {
			return err
		}
		if _, err := op.sync(v); err != nil {
			return err
		}
	}
	return ErrBusy
}

func (op *operation) send(v *vault, ch *replica.Change) error {
	target, manifest, err := ch.Manifest()
	if err != nil {
		return fmt.Errorf("seal manifest: %w", err)
	}
	if err := ch.OpenChanged(op.ctx); err != nil {
		return err
	}
	request := protocol.ChangeRequest{BaseRevision: v.Revision, Manifest: manifest, Puts: ch.Puts, Deletes: ch.Deletes}
	if request.Puts == nil {
		request.Puts = []protocol.Put{}
	}
	if request.Deletes == nil {
		request.Deletes = []protocol.Place{}
	}
	var answer protocol.ChangeResponse
	if err := op.call(methodPost, protocol.PathVaultChanges, request, &answer); err != nil {
		return op.resolve(v, ch, target, err)
	}
	if answer.Revision != target {
		return replica.Altered(replica.Found(bridge.Finding{Code: bridge.RevisionSkipped, Got: answer.Revision, Want: v.Revision},
			"the server says that revision %d follows on %d", answer.Revision, v.Revision))
	}
	before := v.Revision
	op.client.mu.Lock()
	ch.Commit(target, manifest)
	op.client.mu.Unlock()
	chunk, err := json.Marshal(ch.Answer(target, manifest))
	if err != nil {
		return fmt.Errorf("encode the change for the cache: %w", err)
	}
	if err := op.cacheDelta(v, before, chunk); err != nil {
		return err
	}
	return op.remember(v)
}

// resolve finds out whether the server made a change after its request failed with err.
func (op *operation) resolve(v *vault, ch *replica.Change, target int64, err error) error {
	var answer *AnswerError
	var server *ServerError
	lost := errors.Is(err, ErrOffline) || errors.As(err, &answer) || op.ctx.Err() != nil
	if errors.As(err, &server) {
		// Without a request id, this is the answer of a proxy that lost the server's.
		lost = server.Code == protocol.CodeStorageUnavailable || server.Code == protocol.CodeInternal ||
			server.Code == protocol.CodeUnavailable && server.RequestID == ""
	}
	if !lost {
		return err
	}
	if op.ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ErrUncertain, err)
	}
	if _, syncErr := op.sync(v); syncErr != nil {
		return fmt.Errorf("%w: %w", ErrUncertain, err)
	}
	if v.Revision >= target && v.Holds(ch) {
		return nil
	}
	return err
}
