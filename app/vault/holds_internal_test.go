package vault

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// waits returns how long a session waits for a vault, by the clock of the bubble.
func waits(t *testing.T, h *holds, vault chain.ID, by SessionHash) time.Duration {
	t.Helper()
	began := time.Now()
	if err := h.pass(t.Context(), vault, by); err != nil {
		t.Error(err)
	}
	return time.Since(began)
}

func TestHoldDelaysOthersAndNeverTheLoser(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, v := newHolds(), chain.ID{1}
		if got := waits(t, h, v, "winner"); got != 0 {
			t.Errorf("without a hold a write waits for %v", got)
		}
		h.begin(v, "loser")
		if got := waits(t, h, v, "loser"); got != 0 {
			t.Errorf("the loser waits for %v", got)
		}
		if got := waits(t, h, chain.ID{2}, "winner"); got != 0 {
			t.Errorf("another vault waits for %v", got)
		}
		passed := make(chan time.Duration)
		go func() { passed <- waits(t, h, v, "winner") }()
		<-time.After(300 * time.Millisecond)
		h.tried(v, "winner") // of a write that was under way
		h.tried(v, "loser")
		if got := <-passed; got != 300*time.Millisecond {
			t.Errorf("the hold ended with the loser's write, and others waited for %v", got)
		}
		h.begin(v, "loser")
		if got := waits(t, h, v, "winner"); got != holdFor {
			t.Errorf("a hold that nobody used lasts %v", got)
		}
	})
}

// The attack: a device loses on purpose, and never tries again, with many sessions.
func TestUnusedHoldsDelayLittle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, v := newHolds(), chain.ID{1}
		var waited time.Duration
		began := time.Now()
		for n := 0; time.Since(began) < 10*time.Minute; n++ {
			h.begin(v, SessionHash(fmt.Sprint("session", n)))
			waited += waits(t, h, v, "victim")
			<-time.After(100 * time.Millisecond)
		}
		if most := 10 * time.Minute / 15; waited > most || waited == 0 {
			t.Errorf("in ten minutes the victim waits for %v, at most %v", waited, most)
		}
	})
}

func TestHoldsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHolds()
		for n := range 2 * maxHolds {
			h.begin(chain.ID{byte(n), byte(n >> 8), 1}, "loser")
		}
		if len(h.held) != maxHolds {
			t.Errorf("%d holds", len(h.held))
		}
		ctx, cancel := context.WithCancel(t.Context())
		ends := make(chan error)
		for range maxHeldBack {
			go func() { ends <- h.pass(ctx, chain.ID{0, 0, 1}, "other") }()
		}
		synctest.Wait()
		if got := waits(t, h, chain.ID{0, 0, 1}, "one more"); got != 0 {
			t.Errorf("one more request waits for %v", got)
		}
		cancel()
		for range maxHeldBack {
			if err := <-ends; !errors.Is(err, context.Canceled) {
				t.Errorf("a request that ends waits on: %v", err)
			}
		}
		if h.waiting != 0 {
			t.Errorf("%d still wait", h.waiting)
		}
		<-time.After(holdFor + holdRest)
		synctest.Wait()
		h.begin(chain.ID{9}, "loser")
		if len(h.held) != 1 || len(h.resting) != 0 {
			t.Errorf("%d holds and %d rests stay", len(h.held), len(h.resting))
		}
		h.tried(chain.ID{9}, "loser")
	})
}

// unsigned is a chain.Signer for objects of which only the form matters.
type unsigned struct{}

func (unsigned) Sign([]byte) chain.Signature { return chain.Signature{1} }

// Strangers and readers must not learn from a wait that a vault is there, or that somebody writes in it.
func TestOnlyEditorsWaitForAHold(t *testing.T) {
	t.Parallel()
	id := chain.ID{7}
	stranger, strangerID := memberOf('a')
	reader, readerID := memberOf('b')
	ops := []chain.Operation{{Line: chain.Line{Kind: chain.RecordOverview, ID: chain.ID{1}, Version: 1, Epoch: 1, Hash: chain.Hash{1}}, Delete: true}}
	w := &chain.Write{
		Vault: id, Epoch: 1, Revision: 1, Previous: chain.Hash{1}, Skip: chain.Hash{1}, Entry: chain.Hash{1}, Author: stranger, AuthorCard: chain.Hash{1},
		Root: chain.Hash{1}, Operations: chain.HashOperations(ops),
	}
	w.Sign(unsigned{})
	in := protocol.WriteRequest{Write: encodeSigned(w.Encode()), Operations: encodeSigned(chain.EncodeOperations(ops))}
	synctest.Test(t, func(t *testing.T) {
		store := newWatchedStore()
		store.rosterIs(id, 1, chain.Member{User: reader, Role: chain.Reader})
		s := &Service{store: store, holds: newHolds()}
		s.holds.begin(id, "somebody else")
		for user, want := range map[UserID]*Error{strangerID: errNoVault, readerID: errRole} {
			start := time.Now()
			if err := s.Write(t.Context(), sessionOfUser(user), id.String(), in); !errors.Is(err, want) {
				t.Errorf("%v, want %v", err, want)
			}
			if waited := time.Since(start); waited > 0 {
				t.Errorf("%v after %v", want, waited)
			}
		}
		s.holds.tried(id, "somebody else")
	})
}
