package client

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// An account entry is stored on the device before it is sent. If the answer is lost, the same bytes are sent again: two entries at one
// place of the log, signed by one user, would let a server show two histories.

// errEntryWaits: the entry in flight cannot be sent now. Changes of items wait in the outbox meanwhile.
var errEntryWaits = errors.New("a change of the account must be sent first")

// entryInFlight is an account entry whose fate is unknown.
type entryInFlight struct {
	Entry   protocol.Signed             `json:"entry"`
	Path    string                      `json:"path"`
	Request json.RawMessage             `json:"request"`
	Parts   []protocol.EnvelopesRequest `json:"parts,omitempty"` // go up first
}

// putEntry stores an entry in flight. A device without a cache only keeps it until the program ends.
func (op *operation) putEntry(v *vault, e *entryInFlight) error {
	v.entry = e
	if !op.mayCache() {
		return nil
	}
	plaintext, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode account entry: %w", err)
	}
	defer clear(plaintext)
	token, err := v.keys.key.SealOnDevice(seal.UseOutbox, v.user, plaintext)
	if err != nil {
		return fmt.Errorf("store account entry: %w", err)
	}
	name := entryName(v.home())
	held, err := op.cache.Load(name)
	if err == nil {
		err = op.cache.Replace(name, held.Stamp, Chunk{newStamp(), []byte(token)})
	}
	if err != nil {
		return fmt.Errorf("store account entry: %w", err)
	}
	return nil
}

func (op *operation) dropEntry(v *vault) error {
	v.entry = nil
	if !op.mayCache() {
		return nil
	}
	return op.forgetNames(entryName(v.home()))
}

// inFlight returns the entry in flight, or nil. One that cannot be read is dropped: the log decides.
func (op *operation) inFlight(v *vault) (*entryInFlight, *chain.Entry) {
	e := v.entry
	if e == nil && op.mayCache() {
		held, err := op.cache.Load(entryName(v.home()))
		if err != nil || len(held.Chunks) == 0 {
			return nil, nil
		}
		plaintext, err := v.owner().OpenAs(seal.UseOutbox, string(held.Chunks[len(held.Chunks)-1]))
		if err != nil {
			return nil, nil
		}
		e = &entryInFlight{}
		if decodeStrict(plaintext, e) != nil {
			return nil, nil
		}
	}
	if e == nil {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(e.Entry)
	if err != nil {
		return nil, nil
	}
	entry, err := chain.ParseEntry(b)
	if err != nil || entry.Vault != v.Vault {
		return nil, nil
	}
	return e, entry
}

// decided reports whether a verified log decides the fate of an entry: it has this one or another in its place, or a write came before.
// held says that it has this one.
func decided(e *chain.Entry, log *replica.Log) (done, held bool) {
	if e.Sequence < int64(len(log.Entries)) {
		return true, log.Entries[e.Sequence].Hash() == e.Hash()
	}
	return log.State.Revision > e.Revision, false
}

// conclude finds out what became of the entry or write in flight, before this device signs another. It reports whether an entry was in
// flight, and the log has it now.
func (op *operation) conclude(v *vault) (bool, error) {
	held, err := op.concludeEntry(v)
	if err != nil {
		return false, err
	}
	return held, op.concludeWrite(v)
}

// concludeEntry finds out what became of an entry in flight, and sends it again if that is open. It reports whether the log has it now.
func (op *operation) concludeEntry(v *vault) (bool, error) {
	sent, entry := op.inFlight(v)
	if sent == nil {
		return false, nil
	}
	if _, err := op.sync(v); err != nil {
		return false, err
	}
	if done, held := decided(entry, v.Log()); done {
		if held {
			v.noteOwn(entry)
		}
		return held, op.dropEntry(v)
	}
	err := op.postEntry(v, sent, entry)
	if later(err) {
		err = fmt.Errorf("%w: %w", errEntryWaits, err)
	}
	return err == nil, err
}

// sendEntry stores a log entry, sends it to path, and syncs. It returns ErrUncertain if its fate stays unknown.
func (op *operation) sendEntry(v *vault, entry *chain.Entry, path string, request any, parts ...protocol.EnvelopesRequest) error {
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("encode log entry: %w", err)
	}
	sent := &entryInFlight{Entry: encodeSigned(entry.Encode()), Path: path, Request: body, Parts: parts}
	if err := op.putEntry(v, sent); err != nil {
		return err
	}
	return op.postEntry(v, sent, entry)
}

// mayStand reports whether a request that failed with err may have been carried out, or something in its place: a password that was
// right has been changed.
func (op *operation) mayStand(err error) bool {
	return err == nil || hasCode(err, protocol.CodeRevisionConflict) || hasCode(err, protocol.CodeInvalidCredentials) || op.lost(err)
}

// syncAfter looks for an entry whose request ended with err.
func (op *operation) syncAfter(v *vault, err error) error {
	_, syncErr := op.sync(v)
	if syncErr == nil || errors.Is(syncErr, ErrRekeyed) { // by this entry, of an earlier run of the program, or by another
		return syncErr
	}
	return fmt.Errorf("%w: %w", ErrUncertain, errors.Join(err, syncErr))
}

// postEntry sends an entry and finds out what became of it. If that is open, the entry stays in flight, whatever the server says, unless
// it refuses the entry permanently: see writeInFlight.
func (op *operation) postEntry(v *vault, sent *entryInFlight, entry *chain.Entry) error {
	var err error
	for range maxAttempts {
		err = op.requestEntry(v, sent)
		if refusesPermanently(err) {
			return errors.Join(err, op.dropEntry(v))
		}
		conflict := hasCode(err, protocol.CodeConflict)
		if !conflict && !op.mayStand(err) {
			return err
		}
		if op.ctx.Err() != nil {
			break
		}
		if syncErr := op.syncAfter(v, err); syncErr != nil {
			return syncErr
		}
		done, held := decided(entry, v.Log())
		switch {
		case held:
			v.noteOwn(entry)
			return op.dropEntry(v)
		case err == nil:
			return accountProblem(chain.ErrFork) // the server took the entry, and does not show it
		case done:
			return errors.Join(err, op.dropEntry(v))
		}
		if !conflict {
			break
		}
		// Something else of the account changed, such as the second factor. The same entry still fits.
	}
	return fmt.Errorf("%w: %w", ErrUncertain, err)
}

// requestEntry sends an entry once. That of a recovery may be sent from another session: the user may have found the password after all, but
// a signed entry cannot be withdrawn. It ends that session, and its answer has the next session.
func (op *operation) requestEntry(v *vault, sent *entryInFlight) error {
	for _, part := range sent.Parts {
		if err := op.call(methodPost, vaultPath(v, protocol.PathVaultEnvelopes), part, nil); err != nil {
			return err
		}
	}
	if sent.Path != protocol.PathRecoveryFinish {
		return op.call(methodPost, sent.Path, sent.Request, nil)
	}
	var answer protocol.UserSession
	if err := op.call(methodPost, sent.Path, sent.Request, &answer); err != nil {
		return err
	}
	if err := op.setBearer(answer); err != nil {
		return err
	}
	op.recovered = true
	return op.meet(answer.Account)
}

// lost reports whether a request that failed with err may have been carried out.
func (op *operation) lost(err error) bool {
	var answer *AnswerError
	var server *ServerError
	if errors.As(err, &server) {
		// Without a request id, this is the answer of a proxy that lost the server's.
		return server.Code == protocol.CodeStorageUnavailable || server.Code == protocol.CodeInternal ||
			server.Code == protocol.CodeUnavailable && server.RequestID == ""
	}
	return errors.Is(err, ErrOffline) || errors.As(err, &answer) || op.ctx.Err() != nil
}
