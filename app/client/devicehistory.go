package client

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// The history of a device is what it verified or signed in the last 30 days. A server that lost it, because a backup was restored, gets it
// back from here; and where a server shows another history, it says where the two parted. It is sealed like the outbox, beside the cache,
// and a device without a cache has none. It proves nothing by being here: who uses it checks it against the verified head.

const (
	historyFor = 30 * 24 * time.Hour
	// maxHistoryBytes bounds it below seal.MaxDeviceBytes: the newest steps stay.
	maxHistoryBytes = 8 << 20
	// maxHistoryChunks is the number of chunks at which it is rewritten as one.
	maxHistoryChunks = 64
)

// historyStep is what the device verified, or signed, at one time.
type historyStep struct {
	At      int64             `json:"at"` // by this device's clock, Unix milliseconds
	Writes  []heldWrite       `json:"writes,omitempty"`
	Entries []protocol.Signed `json:"entries,omitempty"` // of the log, in ascending order
	Cards   []protocol.Signed `json:"cards,omitempty"`
	// Envelope is that of this user in the newest of Entries, and Keys what the newest account entry signs: the annex, the sealed
	// identity and the wraps.
	Envelope protocol.Signed       `json:"envelope,omitempty"`
	Keys     *protocol.AccountKeys `json:"keys,omitempty"`
}

// heldWrite is a write of the history. Operations is empty if the device does not have them.
type heldWrite struct {
	Write      protocol.Signed     `json:"write"`
	Operations protocol.Operations `json:"operations,omitempty"`
}

func (s *historyStep) empty() bool { return len(s.Writes) == 0 && len(s.Entries) == 0 && s.Keys == nil }

// deviceHistory is the opened history, the oldest step first.
type deviceHistory struct {
	stamp  string // of the newest chunk
	chunks int
	steps  []historyStep
}

// openHistory reads the history. A chunk that does not open is left out: it helps to recover, and nothing depends on it.
func (op *operation) openHistory(v *vault) (deviceHistory, error) {
	if !op.mayCache() {
		return deviceHistory{}, nil
	}
	held, err := op.cache.Load(historyName(v.home()))
	if err != nil {
		return deviceHistory{}, fmt.Errorf("read the history: %w", err)
	}
	h := deviceHistory{stamp: held.Stamp, chunks: len(held.Chunks)}
	for _, chunk := range held.Chunks {
		plaintext, err := v.owner().OpenAs(seal.UseHistory, string(chunk))
		if err != nil {
			continue
		}
		var steps []historyStep
		if decodeStrict(plaintext, &steps) == nil {
			h.steps = append(h.steps, steps...)
		}
	}
	return h, nil
}

// keep drops the steps that are older than 30 days, and the oldest beyond maxHistoryBytes.
func (h *deviceHistory) keep(now time.Time) {
	oldest := now.Add(-historyFor).UnixMilli()
	h.steps = slices.DeleteFunc(h.steps, func(s historyStep) bool { return s.At < oldest })
	size := 0
	for i, s := range slices.Backward(h.steps) {
		if size += s.bytes(); size > maxHistoryBytes {
			h.steps = h.steps[i+1:]
			return
		}
	}
}

func (s *historyStep) bytes() int {
	n := 256 + len(s.Envelope)
	for _, w := range s.Writes {
		n += len(w.Write) + len(w.Operations) + 64
	}
	for _, text := range slices.Concat(s.Entries, s.Cards) {
		n += len(text) + 8
	}
	if s.Keys != nil {
		n += len(s.Keys.Document) + len(s.Keys.Identity)
		for _, w := range s.Keys.Wraps {
			n += len(w) + 8
		}
	}
	return n
}

// note adds a step to the history. A device without room for it works on: see operation.cacheWritten.
func (op *operation) note(v *vault, s historyStep) {
	if !op.mayCache() || s.empty() || s.bytes() > maxHistoryBytes {
		return
	}
	s.At = time.Now().UnixMilli()
	for range maxAttempts {
		err := op.addToHistory(v, s)
		if err == nil {
			return
		}
		if !errors.Is(err, ErrCacheMoved) {
			op.cacheProblem = err.Error()
			return
		}
		v.history = nil
	}
}

func (op *operation) addToHistory(v *vault, s historyStep) error {
	name := historyName(v.home())
	if v.history == nil {
		// The first step of a run also drops steps that are too old.
		h, err := op.openHistory(v)
		if err != nil {
			return err
		}
		return op.rewriteHistory(v, h, s)
	}
	if v.history.chunks >= maxHistoryChunks {
		h, err := op.openHistory(v)
		if err != nil {
			return err
		}
		return op.rewriteHistory(v, h, s)
	}
	chunk, err := sealHistory(v, []historyStep{s})
	if err != nil {
		return err
	}
	stamp := newStamp()
	if err := op.cache.Add(name, v.history.stamp, Chunk{stamp, chunk}); err != nil {
		return err
	}
	v.history.stamp = stamp
	v.history.chunks++
	return nil
}

// rewriteHistory adds a step, and drops the oldest steps beyond the limits of age and size.
func (op *operation) rewriteHistory(v *vault, h deviceHistory, s historyStep) error {
	before := len(h.steps)
	h.keep(time.Now())
	put, steps := op.cache.Add, []historyStep{s}
	if len(h.steps) < before || h.chunks >= maxHistoryChunks || h.chunks == 0 {
		put, steps = op.cache.Replace, append(h.steps, s)
		h.chunks = 0
	}
	chunk, err := sealHistory(v, steps)
	if err != nil {
		return err
	}
	stamp := newStamp()
	if err := put(historyName(v.home()), h.stamp, Chunk{stamp, chunk}); err != nil {
		return err
	}
	v.history = &historyPlace{stamp: stamp, chunks: h.chunks + 1}
	return nil
}

// historyPlace is the end of the stored history, as this program wrote it last.
type historyPlace struct {
	stamp  string
	chunks int
}

func sealHistory(v *vault, steps []historyStep) ([]byte, error) {
	plaintext, err := json.Marshal(steps)
	if err != nil {
		return nil, fmt.Errorf("encode the history: %w", err)
	}
	defer clear(plaintext)
	token, err := v.keys.key.SealOnDevice(seal.UseHistory, v.user, plaintext)
	if err != nil {
		return nil, fmt.Errorf("seal the history: %w", err)
	}
	return []byte(token), nil
}

// branchWrite is a write of the history, parsed.
type branchWrite struct {
	*chain.Write
	operations []chain.Operation
	wire       heldWrite
}

// back returns the writes from a verified head down, the newest first, as far as the device has them with their operations. Each is the
// predecessor that the one before names, so the head vouches for all.
func (h *deviceHistory) back(head chain.Hash) []branchWrite {
	byHash := map[chain.Hash]branchWrite{}
	for _, s := range h.steps {
		for _, held := range s.Writes {
			if w, err := held.parse(); err == nil {
				byHash[w.Hash()] = w
			}
		}
	}
	var out []branchWrite
	for w, ok := byHash[head]; ok; w, ok = byHash[w.Previous] {
		out = append(out, w)
	}
	return out
}

// parse reads a write with operations that it signs.
func (w heldWrite) parse() (branchWrite, error) {
	out := branchWrite{wire: w}
	b, err := base64.RawURLEncoding.Strict().DecodeString(w.Write)
	if err != nil {
		return out, err
	}
	if out.Write, err = chain.ParseWrite(b); err != nil {
		return out, err
	}
	if b, err = base64.RawURLEncoding.Strict().DecodeString(w.Operations); err != nil {
		return out, err
	}
	if out.operations, err = chain.ParseOperations(b); err != nil {
		return out, err
	}
	if chain.HashOperations(out.operations) != out.Operations {
		return out, chain.ErrOperations
	}
	return out, nil
}

// held returns a write as the history stores it.
func held(w *chain.Write, operations []chain.Operation) heldWrite {
	return heldWrite{Write: encodeSigned(w.Encode()), Operations: base64.RawURLEncoding.EncodeToString(chain.EncodeOperations(operations))}
}

// noteAnswer adds what an answer of the server has beyond a state that this device had verified.
func (op *operation) noteAnswer(v *vault, before chain.State, a *replica.Answer, ops []chain.Operation) {
	if !op.mayCache() {
		return
	}
	log := v.Log()
	var s historyStep
	if before.Entry == nil || before.Entry.Sequence < log.State.Entry.Sequence {
		s.Entries, s.Envelope, s.Cards = a.Entries, a.Envelope, a.Cards
		if v == v.personal {
			keys := v.account.Keys
			s.Keys = &keys
		}
	}
	if log.State.Revision > before.Revision {
		s.Writes = op.writesSince(v, before, a, ops)
	}
	op.note(v, s)
}

// writesSince returns the writes between two verified states, those with their operations that can be had.
func (op *operation) writesSince(v *vault, before chain.State, a *replica.Answer, ops []chain.Operation) []heldWrite {
	log := v.Log()
	if log.State.Revision == before.Revision+1 && log.Head != nil && log.Head.Operations == chain.HashOperations(ops) {
		return []heldWrite{held(log.Head, ops)}
	}
	fetched, err := op.fetchWrites(v, max(before.Revision+1, log.State.Revision-maxFetched+1), log.State.Revision)
	if err == nil {
		return verified(fetched, log.State.Write)
	}
	var writes []heldWrite
	for _, w := range a.Writes {
		writes = append(writes, heldWrite{Write: w})
	}
	return writes
}

// maxFetched is how many writes of other devices are fetched at a time for the history.
const maxFetched = 100

// verified returns those of writes that lead to the verified head, in ascending order, the newest up to half of the history. Anything else
// that a server gives would only push out what the device has.
func verified(writes []heldWrite, head chain.Hash) []heldWrite {
	h := deviceHistory{steps: []historyStep{{Writes: writes}}}
	var out []heldWrite
	size := 0
	for _, w := range h.back(head) {
		if size += len(w.wire.Write) + len(w.wire.Operations); size > maxHistoryBytes/2 {
			break
		}
		out = append(out, w.wire)
	}
	slices.Reverse(out)
	return out
}

// fetchWrites gets writes with their operations. They are not verified.
func (op *operation) fetchWrites(v *vault, from, to int64) ([]heldWrite, error) {
	var writes []heldWrite
	err := op.fetchHistory(v, from, to, func(h protocol.VaultHistory) error {
		n, missing := len(h.Writes), to-from+1-int64(len(writes))
		if n == 0 || int64(n) > missing || len(h.Operations) != n {
			return &AnswerError{Path: protocol.PathVaultHistory, Err: fmt.Errorf("%d writes and %d operations", n, len(h.Operations))}
		}
		for i, w := range h.Writes {
			writes = append(writes, heldWrite{Write: w, Operations: h.Operations[i]})
		}
		return nil
	})
	return writes, err
}
