package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// maxAttempts bounds how often a change is retried after other devices were faster. Of several concurrent writers one always
// succeeds, so this many failures in a row mean a lying server or a very busy vault.
const maxAttempts = 32

// edit is an edit that a change of the vault makes, as it would wait in the outbox.
type edit struct {
	outbox.Change
	id string // of the item that it writes now
}

// editsOf returns the edits that a change of the vault makes.
type editsOf func() ([]edit, error)

// noEdits is for housekeeping, and for imports and restores of an earlier state, which compare with the vault when the user repeats them.
func noEdits() ([]edit, error) { return nil, nil }

// apply builds a change of the current vault and sends it, and repeats that on the newer vault while other devices are faster.
// build may be called many times; a change without operations is not sent.
func (op *operation) apply(v *vault, edits editsOf, build func(*replica.Change) error) error {
	if err := v.mayWrite(); err != nil {
		return err
	}
	unlock, err := op.lockSigning(v)
	if err != nil {
		return err
	}
	defer unlock()
	defer v.KeepPlaintexts()()
	if _, err := op.conclude(v); err != nil {
		return err
	}
	for range maxAttempts {
		ch := v.Change()
		err := build(ch)
		if err == nil && op.client.sharing != nil {
			err = op.client.sharing.takePins(op, v, ch)
		}
		if err != nil || ch.Operations() == 0 {
			return errors.Join(err, op.endWrite(v))
		}
		made, err := op.send(v, ch, edits)
		if made || err != nil {
			return err
		}
		op.overtaken = true
	}
	return errors.Join(ErrBusy, op.endWrite(v))
}

// courtesy is how long a bulk writer pauses after somebody else's write. It is half of what a server holds a vault for one who lost to
// the bulk writer, so that the pauses of two bulk writers do not cost each of them its turn.
const courtesy = time.Second

// giveWay pauses between two changes of a bulk writer if another device wrote meanwhile: a person who saves an item should not have to
// wait for the end of an import.
func (op *operation) giveWay() error {
	if !op.overtaken {
		return nil
	}
	op.overtaken = false
	return pause(op.ctx, courtesy)
}

// errNoLock: see lockSigning. Two tabs that sign without it can each drop what the other has in flight.
var errNoLock = errors.New("a change is signed without the lock of this device")

// send signs a change, stores the write on this device, and sends it. It returns false without an error if something else came first:
// the change must be built again.
func (op *operation) send(v *vault, ch *replica.Change, edits editsOf) (made bool, err error) {
	if !op.signing {
		return false, errNoLock
	}
	author, err := v.author()
	if err != nil {
		return false, err
	}
	all, err := edits()
	if err != nil {
		return false, err
	}
	signed, err := ch.Sign(author, time.Now())
	if err != nil {
		return false, fmt.Errorf("sign the change: %w", err)
	}
	if err := ch.OpenChanged(op.ctx); err != nil {
		return false, err
	}
	w := &writeInFlight{Signed: signed}
	for _, e := range all {
		q := e.Change
		if before := v.write.edit(q.Key); before != nil { // overtaken, and still stored
			q.Note(before.Statements()...)
		}
		q.Note(outbox.Statement{Revision: signed.Write.Revision, Hash: encodeHash(signed.Write.Hash()), ID: e.id})
		w.edits = append(w.edits, q)
	}
	if err := op.putWrite(v, w); err != nil {
		return false, err
	}
	if err := op.postWrite(v, w); err != nil {
		return op.resolve(v, w, err)
	}
	before := stateStamp(v.Log().State)
	op.client.mu.Lock()
	ch.Commit()
	op.client.mu.Unlock()
	if err := op.madeWrite(v, w); err != nil {
		return true, err
	}
	answer, err := json.Marshal(signed.Answer())
	if err != nil {
		return true, fmt.Errorf("encode the change for the cache: %w", err)
	}
	if err := op.cacheDelta(v, before, answer); err != nil {
		return true, err
	}
	return true, op.remember(v)
}

func (op *operation) postWrite(v *vault, w *writeInFlight) error {
	return op.call(methodPost, vaultPath(v, protocol.PathVaultWrites), w.Request(), nil)
}

// resolve finds out what became of a write whose request failed with err. If it is open, the write stays in flight, whatever the server
// says.
func (op *operation) resolve(v *vault, w *writeInFlight, err error) (made bool, _ error) {
	conflict := hasCode(err, protocol.CodeRevisionConflict)
	if refusesPermanently(err) {
		return false, errors.Join(err, op.refusedWrite(v, w))
	}
	if !conflict && !op.lost(err) {
		return false, err
	}
	uncertain := fmt.Errorf("%w: %w", ErrUncertain, err)
	if op.ctx.Err() != nil {
		return false, uncertain
	}
	if !op.takeNews(v, w, err) {
		_, syncErr := op.sync(v)
		if errors.Is(syncErr, ErrRekeyed) {
			return false, errors.Join(syncErr, ErrUncertain)
		}
		if conflict && raises(syncErr) {
			return false, syncErr // the server has another history, which refused the write
		}
		if syncErr != nil {
			return false, uncertain
		}
	}
	decided, made, decideErr := op.decidedWrite(v, w)
	switch {
	case decideErr != nil || !decided:
		return false, uncertain
	case made:
		return true, op.madeWrite(v, w)
	}
	return false, nil // it stays stored until the next one takes its place
}

// takeNews verifies and applies the newer writes that came with the refusal of a write. It returns false if a sync is needed: there are
// none, they do not follow the state of this device, or they do not pass the checks.
func (op *operation) takeNews(v *vault, w *writeInFlight, refusal error) bool {
	var server *ServerError
	if !errors.As(refusal, &server) || server.Code != protocol.CodeRevisionConflict || server.news == nil {
		return false
	}
	seen, err := v.seen()
	base := v.Base(seen)
	if err != nil || !v.Loaded || v.Revision() == 0 || base.Revision != v.Revision() || w.Write.Revision != v.Revision()+1 {
		return false
	}
	body, err := json.Marshal(server.news)
	if err != nil {
		return false
	}
	answer, err := replica.Parse(body)
	if err != nil || op.take(v, seen, answer, body, false) != nil {
		return false
	}
	decided, _, err := op.decidedWrite(v, w)
	return decided && err == nil
}

// decidedWrite reports whether the verified vault decides the fate of a write: it has this one, or another in its place, or an entry of
// the log came before. made says that it has this one.
func (op *operation) decidedWrite(v *vault, w *writeInFlight) (decided, made bool, err error) {
	state := v.Log().State
	if state.Revision >= w.Write.Revision {
		there, err := op.writeAt(v, w.Write.Revision)
		return err == nil, there == w.Write.Hash(), err
	}
	return state.Entry.Revision < w.Write.Revision && state.Entry.Hash() != w.Write.Entry, false, nil
}

// writeAt returns the hash of the write at a revision of the verified history.
func (op *operation) writeAt(v *vault, revision int64) (chain.Hash, error) {
	for range maxAttempts {
		log := v.Log()
		if h, ok := log.At(revision); ok {
			return h, nil
		}
		answer, _, err := op.ask(v, v.Revision(), v.After(), chain.State{Revision: revision})
		if err != nil {
			return chain.Hash{}, err
		}
		if answer.Revision == v.Revision() && answer.Sequence == v.After() {
			return log.AtIn(answer, revision)
		}
		if _, err := op.sync(v); err != nil { // the vault has moved on
			return chain.Hash{}, err
		}
	}
	return chain.Hash{}, ErrBusy
}
