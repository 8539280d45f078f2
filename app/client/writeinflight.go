package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// A write is stored on the device before it is sent, with the edits that it makes. If its answer is lost, the same bytes are sent again,
// and nothing else is signed until the vault has it or something that shuts it out: two writes of one revision, signed by one user, would
// let a server show two histories.
//
// A server that refuses a write permanently is the exception, because otherwise nobody could make room in a full vault. It may show that
// write later all the same, so the edit keeps the hash of everything that was signed for it, and counts as made as soon as the history
// has one of them.

// writeInFlight is a write whose fate is unknown, or which is stored until the next one takes its place.
type writeInFlight struct {
	*replica.Signed
	edits []outbox.Change // that it makes, with all statements
}

// edit returns the edit with a key that a write makes; nil if there is none.
func (w *writeInFlight) edit(key string) *outbox.Change {
	if w == nil {
		return nil
	}
	if i := outbox.Find(w.edits, key); i >= 0 {
		return &w.edits[i]
	}
	return nil
}

// waits reports whether the outbox has an edit of the write.
func (w *writeInFlight) waits(v *vault) bool {
	return slices.ContainsFunc(v.outbox.Changes, func(q outbox.Change) bool { return w.edit(q.Key) != nil })
}

// storedWrite is a writeInFlight on the device.
type storedWrite struct {
	Request protocol.WriteRequest `json:"request"` // sealed and signed as it is on the server
	Edits   string                `json:"edits"`   // sealed
}

// putWrite stores a write in flight. A device without a cache only keeps it until the program ends.
func (op *operation) putWrite(v *vault, w *writeInFlight) error {
	v.write = w
	if !op.mayCache() {
		return nil
	}
	plaintext, err := json.Marshal(w.edits)
	if err != nil {
		return fmt.Errorf("encode the write: %w", err)
	}
	defer clear(plaintext)
	edits, err := v.keys.key.SealOnDevice(seal.UseOutbox, v.user, plaintext)
	if err != nil {
		return fmt.Errorf("store the write: %w", err)
	}
	body, err := json.Marshal(storedWrite{w.Request(), edits})
	if err != nil {
		return fmt.Errorf("encode the write: %w", err)
	}
	name := writeName(v.home())
	for range maxAttempts {
		stamp, err := op.cache.Stamp(name)
		if err == nil {
			err = op.cache.Replace(name, stamp, Chunk{newStamp(), body})
		}
		if !errors.Is(err, ErrCacheMoved) {
			if err != nil {
				return fmt.Errorf("store the write: %w", err)
			}
			return nil
		}
	}
	return ErrCacheMoved
}

func (op *operation) dropWrite(v *vault) error {
	v.write = nil
	if !op.mayCache() {
		return nil
	}
	return op.forgetNames(writeName(v.home()))
}

// writeInFlight returns the stored write; nil if there is none. Another tab or process may have replaced that of v. One that
// cannot be read is dropped: the vault decides.
func (op *operation) writeInFlight(v *vault) *writeInFlight {
	if !op.mayCache() {
		return v.write
	}
	v.write = nil
	held, err := op.cache.Load(writeName(v.home()))
	if err != nil || len(held.Chunks) == 0 {
		return nil
	}
	var stored storedWrite
	if decodeStrict(held.Chunks[len(held.Chunks)-1], &stored) != nil {
		return nil
	}
	s, err := replica.ParseSigned(stored.Request)
	if err != nil || s.Write.Vault != v.Vault {
		return nil
	}
	w := &writeInFlight{Signed: s}
	plaintext, err := v.owner().Open(stored.Edits)
	if err == nil {
		err = decodeStrict(plaintext, &w.edits)
	}
	if slices.ContainsFunc(w.edits, func(q outbox.Change) bool { return !v.Owns(q.ID) || !v.Owns(q.Key) }) {
		w.edits = nil
	}
	if err != nil { // the write is known: what it makes is not lost if the vault has it
		w.edits = nil
	}
	v.write = w
	return w
}

// concludeWrite finds out what became of a write in flight, and sends it again if that is open.
func (op *operation) concludeWrite(v *vault) error {
	w := op.writeInFlight(v)
	if w == nil {
		return nil
	}
	decided, made, err := op.decidedWrite(v, w)
	if err == nil && !decided {
		err = op.postWrite(v, w)
		if refusesPermanently(err) {
			code, reason := refusal(err)
			return op.queueWrite(v, w, func(changes []outbox.Change, q *outbox.Change) []outbox.Change {
				return outbox.Refuse(changes, q, string(code), reason)
			})
		}
		if err == nil || hasCode(err, protocol.CodeRevisionConflict) {
			if _, err = op.sync(v); err == nil {
				decided, made, err = op.decidedWrite(v, w)
			}
		}
	}
	switch {
	case err != nil:
		return fmt.Errorf("send a change again: %w", err)
	case !decided:
		return ErrUncertain
	case made:
		return op.madeWrite(v, w)
	}
	return op.queueWrite(v, w, func(changes []outbox.Change, _ *outbox.Change) []outbox.Change { return changes })
}

// madeWrite ends a write that the vault has, with the edit that it makes, and adds it to the history of this device.
func (op *operation) madeWrite(v *vault, w *writeInFlight) error {
	op.note(v, historyStep{Writes: []heldWrite{held(w.Write, w.Operations)}})
	if w.waits(v) {
		err := op.changeOutbox(v, func(changes []outbox.Change) []outbox.Change {
			for _, q := range w.edits {
				all := q.Statements()
				changes = outbox.Made(changes, q.Key, all[len(all)-1])
			}
			return changes
		})
		if err != nil {
			return err
		}
	}
	return op.dropWrite(v)
}

// endWrite ends a write that the vault does not have, and whose edit was given up or is made already.
func (op *operation) endWrite(v *vault) error {
	if v.write == nil {
		return nil
	}
	return op.refusedWrite(v, v.write)
}

// refusedWrite ends a write that the vault does not have. The caller reports that to the user. The edits keep the statement: in the
// outbox, or until the user saves the same again.
func (op *operation) refusedWrite(v *vault, w *writeInFlight) error {
	if !w.waits(v) {
		v.refused = w.edits
		return op.dropWrite(v)
	}
	return op.queueWrite(v, w, func(changes []outbox.Change, _ *outbox.Change) []outbox.Change { return changes })
}

// queueWrite ends a write that the vault does not have, and puts its edits into the outbox, with all statements. The user may not know of
// them any more, so then does the rest for each.
func (op *operation) queueWrite(v *vault, w *writeInFlight, then func([]outbox.Change, *outbox.Change) []outbox.Change) error {
	if len(w.edits) > 0 && op.mayCache() {
		err := op.changeOutbox(v, func(changes []outbox.Change) []outbox.Change {
			for _, q := range w.edits {
				i := outbox.Find(changes, q.Key)
				if i < 0 {
					i, changes = len(changes), append(changes, q)
				}
				changes[i].Note(q.Statements()...)
				changes = then(changes, &changes[i])
			}
			return changes
		})
		if err != nil {
			return err
		}
	}
	return op.dropWrite(v)
}

// dropMade removes the changes of the outbox that the verified history has already.
func (op *operation) dropMade(v *vault) error {
	for _, q := range v.outbox.Changes {
		s, made, err := op.madeStatement(v, q)
		if err == nil && made {
			err = op.changeOutbox(v, func(changes []outbox.Change) []outbox.Change { return outbox.Made(changes, q.Key, s) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// madeStatement returns the first statement of an edit that the verified history has.
func (op *operation) madeStatement(v *vault, q outbox.Change) (s outbox.Statement, made bool, err error) {
	for _, s := range q.Statements() {
		if s.Revision > v.Revision() || v.absent[s.Hash] {
			continue
		}
		there, err := op.writeAt(v, s.Revision)
		if err != nil {
			return s, false, err
		}
		if encodeHash(there) == s.Hash {
			return s, true, nil
		}
		v.absent[s.Hash] = true
	}
	return s, false, nil
}
