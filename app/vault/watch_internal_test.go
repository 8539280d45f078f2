package vault

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// heads is a store with one vault whose revisions the test supplies.
type heads struct {
	Store
	next chan int64
}

func (h heads) Account(ctx context.Context, _ Username) (User, Head, error) {
	select {
	case n := <-h.next:
		return User{}, Head{State: chain.State{Revision: n, Entry: &chain.Entry{}}}, nil
	case <-ctx.Done():
		return User{}, Head{}, ctx.Err()
	}
}

func (heads) Session(context.Context, SessionHash, time.Time) (Session, error) { return Session{}, nil }

func TestWatchesAreBoundedAndSlotsAreReused(t *testing.T) {
	t.Parallel()
	ws := newWatchers(heads{}, time.Now)
	ws.total = 2
	_, stop, err := ws.add(Session{UserID: "a"})
	if err != nil {
		t.Fatal(err)
	}
	_, stopB, err := ws.add(Session{UserID: "b"})
	if err != nil {
		t.Fatal(err)
	}
	defer stopB()
	if _, _, err := ws.add(Session{UserID: "c"}); !errors.Is(err, &Error{Code: protocol.CodeUnavailable}) {
		t.Errorf("one watch too many: got %v", err)
	}
	stop()
	stop() // counts once
	_, stop, err = ws.add(Session{UserID: "c"})
	if err != nil {
		t.Errorf("reuse of a freed slot: %v", err)
	}
	defer stop()
	if _, _, err := ws.add(Session{UserID: "d"}); err == nil {
		t.Error("one slot was used twice")
	}
}

func TestSlowWatchSeesOnlyTheNewestRevision(t *testing.T) {
	t.Parallel()
	store := heads{next: make(chan int64)}
	ws := newWatchers(store, time.Now)
	ws.every = time.Hour
	w, stop, err := ws.add(Session{UserID: "a"})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for n := range int64(6) {
		store.next <- n
		ws.changed("a")
	}
	store.next <- 5 // by now the first 5 was delivered
	if got := <-w.Revisions; got.Revision != 5 {
		t.Errorf("got %+v, want revision 5", got)
	}
}

func TestVaultIsReadOnceForAllItsWatches(t *testing.T) {
	t.Parallel()
	store := heads{next: make(chan int64)}
	ws := newWatchers(store, time.Now)
	ws.every = time.Hour
	var watches []*Watch
	var stops []func()
	for range 3 {
		w, stop, err := ws.add(Session{UserID: "a"})
		if err != nil {
			t.Fatal(err)
		}
		watches, stops = append(watches, w), append(stops, stop)
	}
	for _, w := range watches {
		for received := false; !received; {
			select {
			case <-w.Revisions:
				received = true
			case store.next <- 7: // again for watches added during the read
			}
		}
	}
	ws.changed("a")
	store.next <- 8
	for _, w := range watches {
		if n := <-w.Revisions; n.Revision != 8 {
			t.Errorf("got %+v, want revision 8", n)
		}
	}
	for _, stop := range stops {
		stop()
	}
	ws.changed("a")
	if len(ws.watched) != 0 {
		t.Error("a vault without watches is still followed")
	}
}
