package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// maxAttempts bounds how often a change is retried after other devices were faster. Of several concurrent writers one always
// succeeds, so this many failures in a row mean a lying server or a very busy vault.
const maxAttempts = 32

// apply builds a change of the current vault and sends it, and repeats that on the newer vault while other devices are faster.
// build may be called many times; a change without operations is not sent.
func (op *operation) apply(v *vault, build func(*replica.Change) error) error {
	if err := v.alarmed(); err != nil {
		return err
	}
	defer v.KeepPlaintexts()()
	if _, err := op.conclude(v); err != nil {
		return err
	}
	for range maxAttempts {
		ch := v.Change()
		if err := build(ch); err != nil {
			return err
		}
		if ch.Operations() == 0 {
			return nil
		}
		made, err := op.send(v, ch)
		if made || err != nil {
			return err
		}
	}
	return ErrBusy
}

// send signs a change, stores the write on this device, and sends it. It returns false without an error if something else came first:
// the change must be built again.
func (op *operation) send(v *vault, ch *replica.Change) (made bool, err error) {
	keys, err := v.signer()
	if err != nil {
		return false, err
	}
	signed, err := ch.Sign(replica.Author{User: v.user, Card: v.keys.document.Card, Keys: keys}, time.Now())
	if err != nil {
		return false, fmt.Errorf("sign the change: %w", err)
	}
	if err := ch.OpenChanged(op.ctx); err != nil {
		return false, err
	}
	if err := op.putWrite(v, signed); err != nil {
		return false, err
	}
	if err := op.postWrite(v, signed); err != nil {
		return op.resolve(v, signed, err)
	}
	before := stateStamp(v.Log().State)
	op.client.mu.Lock()
	ch.Commit()
	op.client.mu.Unlock()
	op.note(v, historyStep{Writes: []heldWrite{held(signed.Write, signed.Operations)}})
	if err := op.dropWrite(v); err != nil {
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

func (op *operation) postWrite(v *vault, s *replica.Signed) error {
	return op.call(methodPost, vaultPath(v, protocol.PathVaultWrites), s.Request(), nil)
}

// conclude finds out what became of a write whose request failed with err.
func (op *operation) resolve(v *vault, s *replica.Signed, err error) (made bool, _ error) {
	conflict := hasCode(err, protocol.CodeRevisionConflict)
	if !conflict && !op.lost(err) {
		return false, errors.Join(err, op.dropWrite(v))
	}
	uncertain := fmt.Errorf("%w: %w", ErrUncertain, err)
	if op.ctx.Err() != nil {
		return false, uncertain
	}
	if _, syncErr := op.sync(v); syncErr != nil {
		return false, uncertain
	}
	decided, made := v.decidedWrite(s)
	switch {
	case decided:
		op.noteMade(v, s, made)
		return made, op.dropWrite(v)
	case conflict: // with something that is in no answer, such as a server that fell back
		return false, errors.Join(err, op.dropWrite(v))
	}
	return false, uncertain
}

// decidedWrite reports whether the verified vault decides the fate of a write: it has this one, or another in its place, or an entry of
// the log came before. made says that it has this one.
func (v *vault) decidedWrite(s *replica.Signed) (decided, made bool) {
	state := v.Log().State
	if state.Revision >= s.Write.Revision {
		return true, v.Holds(s)
	}
	return state.Entry.Revision < s.Write.Revision && state.Entry.Hash() != s.Write.Entry, false
}

// A write is stored on the device before it is sent. If its answer is lost, the same bytes are sent again, and nothing else is signed
// until the vault has it or something in its place: two writes of one revision, signed by one user, would let a server show two
// histories.

// putWrite stores a write in flight. A device without a cache only keeps it until the program ends.
func (op *operation) putWrite(v *vault, s *replica.Signed) error {
	v.write = s
	if !op.mayCache() {
		return nil
	}
	body, err := json.Marshal(s.Request()) // sealed and signed as it is on the server
	if err != nil {
		return fmt.Errorf("encode the write: %w", err)
	}
	name := writeName(v.account.UserID)
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
	return op.forgetNames(writeName(v.account.UserID))
}

// writeInFlight returns the write whose fate is unknown; nil if there is none. One that cannot be read is dropped: the vault decides.
func (op *operation) writeInFlight(v *vault) *replica.Signed {
	if v.write != nil || !op.mayCache() {
		return v.write
	}
	held, err := op.cache.Load(writeName(v.account.UserID))
	if err != nil || len(held.Chunks) == 0 {
		return nil
	}
	var request protocol.WriteRequest
	if decodeStrict(held.Chunks[len(held.Chunks)-1], &request) != nil {
		return nil
	}
	s, err := replica.ParseSigned(request)
	if err != nil || s.Write.Vault != v.Vault {
		return nil
	}
	return s
}

// concludeWrite finds out what became of a write in flight, and sends it again if that is open.
func (op *operation) concludeWrite(v *vault) error {
	s := op.writeInFlight(v)
	if s == nil {
		return nil
	}
	if decided, made := v.decidedWrite(s); decided {
		op.noteMade(v, s, made)
		return op.dropWrite(v)
	}
	err := op.postWrite(v, s)
	if err != nil && !hasCode(err, protocol.CodeRevisionConflict) {
		if op.lost(err) {
			return fmt.Errorf("send a change again: %w", err)
		}
		return op.dropWrite(v) // the server will never take it
	}
	if _, err := op.sync(v); err != nil {
		return err
	}
	_, made := v.decidedWrite(s)
	op.noteMade(v, s, made)
	return op.dropWrite(v)
}

// noteMade adds a write of this device to its history, once the vault has it.
func (op *operation) noteMade(v *vault, s *replica.Signed, made bool) {
	if made {
		op.note(v, historyStep{Writes: []heldWrite{held(s.Write, s.Operations)}})
	}
}
