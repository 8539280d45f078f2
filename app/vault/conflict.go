package vault

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// The loser of a compare-and-set gets what is new with the refusal, and for a moment the vault is held for the next try. Otherwise a
// device on a slow line would lose each race against one on a fast line.
//
// Only a device with the user's keys gets a hold: its write is signed, and none that the vault has. So a thief with the
// token of a session and all that the user ever signed cannot keep others from writing. A hold never refuses anything. It delays the writes that come
// to this process; between processes, the compare-and-set alone decides. It does not delay log entries, which may revoke a key.
const (
	holdFor = 2 * time.Second
	// holdRest is how long a vault is not held after a hold that nobody used: who only loses on purpose delays others by a sixteenth.
	holdRest = 30 * time.Second
	// maxHolds and maxHeldBack bound the memory. Above them there is no hold, or nobody waits.
	maxHolds    = 1000
	maxHeldBack = 32
	// newsBytes bounds the tokens, and the log, of an answer to a refused write.
	newsBytes = 64 << 10
	// newsEntries bounds the log in which the entry is looked for that a refused write names.
	newsEntries = 100
)

// holds are the vaults that are held for the next try of a session.
type holds struct {
	mu      sync.Mutex
	held    map[chain.ID]*hold
	resting map[chain.ID]time.Time // until when a vault is not held
	waiting int
}

type hold struct {
	by    SessionHash
	over  chan struct{}
	timer *time.Timer
}

func newHolds() *holds {
	return &holds{held: map[chain.ID]*hold{}, resting: map[chain.ID]time.Time{}}
}

// pass waits while the vault is held for another session. A request waits for one hold at most.
func (h *holds) pass(ctx context.Context, vault chain.ID, by SessionHash) error {
	h.mu.Lock()
	held := h.held[vault]
	if held == nil || held.by == by || h.waiting >= maxHeldBack {
		h.mu.Unlock()
		return nil
	}
	h.waiting++
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.waiting--
	}()
	select {
	case <-held.over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// delays reports whether pass would wait.
func (h *holds) delays(vault chain.ID, by SessionHash) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	held := h.held[vault]
	return held != nil && held.by != by
}

// begin holds a vault for a session that lost, unless it is held already.
func (h *holds) begin(vault chain.ID, by SessionHash) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(h.resting, func(_ chain.ID, until time.Time) bool { return !now.Before(until) })
	_, resting := h.resting[vault]
	if h.held[vault] != nil || resting || len(h.held)+len(h.resting) >= maxHolds {
		return
	}
	held := &hold{by: by, over: make(chan struct{})}
	h.held[vault] = held
	held.timer = time.AfterFunc(holdFor, func() { h.expire(vault, held) })
}

// tried ends the hold of a session.
func (h *holds) tried(vault chain.ID, by SessionHash) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if held := h.held[vault]; held != nil && held.by == by {
		held.timer.Stop()
		h.end(vault, held)
	}
}

func (h *holds) expire(vault chain.ID, held *hold) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held[vault] == held {
		h.resting[vault] = time.Now().Add(holdRest)
		h.end(vault, held)
	}
}

// end is called under mu.
func (h *holds) end(vault chain.ID, held *hold) {
	delete(h.held, vault)
	close(held.over)
}

// refusedWrite returns the answer to a write that came too late. The news are left out if they are too much for one answer, or cannot be
// read now: then the client syncs.
func (s *Service) refusedWrite(ctx context.Context, session Session, vaultID string, w *chain.Write, refused error) error {
	answer := *Answer(refused)
	head, member, err := s.member(ctx, session, vaultID)
	if err != nil || !s.lostRace(ctx, head, member, w) {
		return &answer
	}
	s.holds.begin(head.Vault, session.Hash)
	news, err := s.news(ctx, session, vaultID, head, w)
	if err == nil {
		answer.News = news
	}
	return &answer
}

// lostRace reports whether a write is signed by the member, and would have fit the vault a moment ago: something that the vault has now
// came first. It is false for a write that the vault has.
func (s *Service) lostRace(ctx context.Context, head Head, member chain.Member, w *chain.Write) bool {
	_, cards, err := s.cards(ctx, member.User, member.Card)
	if err != nil || w.Vault != head.Vault || w.Author != member.User || w.AuthorCard != member.Card || w.Verify(cards) != nil {
		return false
	}
	if w.Revision > head.State.Revision {
		return w.Previous == head.State.Write // and an entry came first
	}
	stored, err := s.store.Writes(ctx, head.Vault, []int64{w.Revision})
	if err != nil {
		return false
	}
	first, err := chain.ParseWrite(stored[0])
	return err == nil && first.Previous == w.Previous && first.Hash() != w.Hash()
}

var errTooMuchNews = errors.New("too much for one answer")

// news returns what a device is missing that signed w.
func (s *Service) news(ctx context.Context, session Session, vaultID string, head Head, w *chain.Write) (*protocol.VaultAnswer, error) {
	asked := Asked{Since: w.Revision - 1, Revision: w.Revision - 1}
	var err error
	if asked.After, err = s.sequenceOf(ctx, head, w.Entry); err != nil {
		return nil, err
	}
	small, err := s.store.Small(ctx, head.Vault, asked.Since, newsBytes)
	if err != nil || !small {
		return nil, errors.Join(err, errTooMuchNews)
	}
	var news newsWriter
	err = s.Changes(ctx, session, vaultID, asked, &news)
	return &news.answer, err
}

// sequenceOf returns the number of an entry.
func (s *Service) sequenceOf(ctx context.Context, head Head, entry chain.Hash) (int64, error) {
	if newest := head.State.Entry; newest.Hash() == entry {
		return newest.Sequence, nil
	}
	entries, _, err := s.entries(ctx, head, head.State.Entry.Sequence-newsEntries)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		if e.Hash() == entry {
			return e.Sequence, nil
		}
	}
	return 0, ErrNotFound
}

// newsWriter is an AnswerWriter of a bounded answer.
type newsWriter struct {
	answer protocol.VaultAnswer
	tokens int
}

func (n *newsWriter) Log(log protocol.VaultLog) error {
	size := len(log.Envelope)
	for _, list := range [][]protocol.Signed{log.Entries, log.Writes, log.Cards} {
		for _, object := range list {
			size += len(object)
		}
	}
	if size > newsBytes {
		return errTooMuchNews
	}
	n.answer, n.tokens = protocol.VaultAnswer{VaultLog: log, Records: []protocol.VaultRecord{}}, 0
	return nil
}

func (n *newsWriter) Write(r protocol.VaultRecord) error {
	if n.tokens += len(r.Token) + RecordWeight; n.tokens > 2*newsBytes {
		return errTooMuchNews
	}
	n.answer.Records = append(n.answer.Records, r)
	return nil
}
