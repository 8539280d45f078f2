package vault

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

func TestWatchesAreBoundedAndSlotsAreReused(t *testing.T) {
	t.Parallel()
	ws := newWatchers(newWatchedStore("a", "b", "c", "d"), time.Now)
	ws.total, ws.perUser = 3, 2
	add := func(id UserID) (func(), error) {
		_, stop, err := ws.add(t.Context(), sessionOfUser(id))
		return stop, err
	}
	stop, err := add("a")
	if err != nil {
		t.Fatal(err)
	}
	stopA, err := add("a")
	if err != nil {
		t.Fatal(err)
	}
	defer stopA()
	if _, err := add("a"); !errors.Is(err, &Error{Code: protocol.CodeThrottled}) {
		t.Errorf("one watch of a user too many: got %v", err)
	}
	stopB, err := add("b")
	if err != nil {
		t.Fatal(err)
	}
	defer stopB()
	if _, err := add("c"); !errors.Is(err, &Error{Code: protocol.CodeUnavailable}) {
		t.Errorf("one watch too many: got %v", err)
	}
	stop()
	stop() // counts once
	stop, err = add("c")
	if err != nil {
		t.Fatalf("reuse of a freed slot: %v", err)
	}
	defer stop()
	if _, err := add("d"); err == nil {
		t.Error("one slot was used twice")
	}
}

func TestWatchSeesChangesOfEveryProcess(t *testing.T) {
	t.Parallel()
	store := newWatchedStore("a")
	watching(t, store, func(t *testing.T, ws *watchers, watch func(Session) *Watch) {
		w, other := watch(sessionOf("a1")), watch(sessionOf("a2"))
		wantNews(t, "at first", w, 1)
		pass(time.Second)
		wantNews(t, "without a change", w, 0)
		store.wrote("a")
		pass(time.Second)
		wantNews(t, "after a write by another process", w, 2)
		c := store.wrote("a")
		ws.changed(c)
		wantNews(t, "after a write by this process", w, 3)
		pass(time.Second)
		wantNews(t, "when the feed has it too", w, 0)
		wantNews(t, "a page that was slow", other, 3)
		c.Sequence++
		ws.changed(c)
		if e := <-w.Revisions; e.Sequence != 2 {
			t.Errorf("after an entry the page gets %+v", e)
		}
	})
}

// What the feed has twice, or late, or in another order, never leads back.
func TestWatchNeverGoesBack(t *testing.T) {
	t.Parallel()
	store := newWatchedStore("a")
	watching(t, store, func(t *testing.T, ws *watchers, watch func(Session) *Watch) {
		w := watch(sessionOf("a"))
		wantNews(t, "at first", w, 1)
		c := store.heads["a"]
		for _, step := range []struct{ revision, sequence, want, wantSequence int64 }{
			{4, 1, 4, 1}, {3, 2, 4, 2}, {3, 1, 0, 0}, {4, 2, 0, 0}, {5, 1, 5, 2},
		} {
			c.Revision, c.Sequence = step.revision, step.sequence
			store.set(func() { store.feed = append(store.feed, c, c) })
			pass(time.Second)
			var got protocol.RevisionEvent
			select {
			case got = <-w.Revisions:
			default:
			}
			if got.Revision != step.want || got.Sequence != step.wantSequence {
				t.Errorf("%+v: the page gets %+v", step, got)
			}
		}
	})
}

// However many pages are open, a process reads the feed once a second, and each head once. Without pages it reads nothing.
func TestOneReadServesAllPages(t *testing.T) {
	t.Parallel()
	var users []UserID
	for i := range 120 {
		users = append(users, UserID(fmt.Sprint("user", i)))
	}
	store := newWatchedStore(users...)
	watching(t, store, func(t *testing.T, ws *watchers, watch func(Session) *Watch) {
		pass(time.Minute)
		if _, _, feeds := store.reads(); feeds != 0 {
			t.Errorf("nobody watches, and the feed was read %d times", feeds)
		}
		var stops []func()
		for n := range 10 * len(users) {
			_, stop, err := ws.add(t.Context(), sessionOfUser(users[n%len(users)]))
			if err != nil {
				t.Fatal(err)
			}
			stops = append(stops, stop)
		}
		pass(time.Minute)
		accounts, _, feeds := store.reads()
		if accounts != len(users) || feeds != 61 {
			t.Errorf("in a minute, %d heads and the feed %d times", accounts, feeds)
		}
		for _, stop := range stops {
			stop()
		}
		pass(time.Minute)
		if _, _, now := store.reads(); now != feeds || len(ws.followed)+len(ws.vaults)+len(ws.sessions) > 0 {
			t.Errorf("nobody watches any more, and the feed was read %d times", now-feeds)
		}
	})
}

// The attack: a user waits for what the server says of another.
func TestNobodyLearnsOfAnothersChanges(t *testing.T) {
	t.Parallel()
	store := newWatchedStore("a", "e")
	watching(t, store, func(t *testing.T, ws *watchers, watch func(Session) *Watch) {
		alice, eve := watch(sessionOf("a1")), watch(sessionOf("e1"))
		wantNews(t, "alice at first", alice, 1)
		wantNews(t, "eve at first", eve, 1)
		store.wrote("a")
		ws.changed(store.wrote("a"))
		store.ends("a", "a2")
		pass(2 * time.Second)
		wantNews(t, "eve, of alice's writes and sessions", eve, 0)
		store.ends("a", "a1")
		pass(2 * time.Second)
		wantNews(t, "alice", alice, 3)
		wantNews(t, "alice, whose session ended", alice, -1)
		wantNews(t, "eve, of alice's end", eve, 0)
		_, before, _ := store.reads()
		store.set(func() { store.feed = append(store.feed, Change{Ended: "x"}, Change{Vault: chain.ID{9}, Revision: 8}) })
		pass(2 * time.Second)
		if _, sessions, _ := store.reads(); sessions != before {
			t.Errorf("the end of a session that nobody watches costs %d reads", sessions-before)
		}
		wantNews(t, "eve, of strangers", eve, 0)
	})
}

func TestChangesDuringTheFirstReadCount(t *testing.T) {
	t.Parallel()
	store := newWatchedStore("a", "b")
	watching(t, store, func(t *testing.T, ws *watchers, watch func(Session) *Watch) {
		watch(sessionOf("b"))
		for name, change := range map[string]func() Change{
			"by this process": func() Change { c := store.wrote("a"); ws.changed(c); return c },
			"by another":      func() Change { return store.wrote("a") },
		} {
			var c Change
			store.set(func() {
				store.reading = func() {
					c = change() // the answer is of the state before
					pass(2 * time.Second)
				}
			})
			w, stop, err := ws.add(t.Context(), sessionOf("a"))
			if err != nil {
				t.Fatal(err)
			}
			wantNews(t, name, w, c.Revision)
			stop()
			ws.mu.Lock()
			ws.forgetUnwatched(time.Now())
			ws.mu.Unlock()
		}
	})
}

func TestWatchEndsWithItsSession(t *testing.T) {
	t.Parallel()
	store := newWatchedStore("a")
	watching(t, store, func(t *testing.T, ws *watchers, watch func(Session) *Watch) {
		one, two := watch(sessionOf("a1")), watch(sessionOf("a2"))
		wantNews(t, "at first", one, 1)
		wantNews(t, "at first", two, 1)
		store.ends("a", "a1")
		pass(time.Second)
		wantNews(t, "another's end, of another process", two, 0)
		wantNews(t, "its end, by another process", one, -1)

		// While the store is down, nothing is known. Then it is.
		store.set(func() { store.down, store.gone["a2"] = true, true })
		ws.changed(Change{Ended: "a"})
		ws.changed(store.wrote("a"))
		pass(5 * time.Second)
		wantNews(t, "a session that may have ended", two, 0)
		store.set(func() { store.down = false })
		pass(time.Second)
		wantNews(t, "after the outage", two, -1)
	})
}

// The session ends after its request was authenticated, and before the watch begins.
func TestSessionThatEndedMeanwhileIsNotWatched(t *testing.T) {
	t.Parallel()
	store := newWatchedStore("a", "b", "c")
	watching(t, store, func(t *testing.T, ws *watchers, watch func(Session) *Watch) {
		// Nobody reads the feed yet.
		store.ends("a", "a1")
		if _, _, err := ws.add(t.Context(), sessionOf("a1")); !errors.Is(err, ErrUnauthorized) {
			t.Errorf("before the feed began: %v", err)
		}
		watch(sessionOf("b"))
		pass(10 * time.Minute)
		// The feed told of the end of a session that nobody watched then.
		store.ends("c", "c1")
		pass(time.Second)
		if _, _, err := ws.add(t.Context(), sessionOf("c1")); !errors.Is(err, ErrUnauthorized) {
			t.Errorf("after the feed told: %v", err)
		}
		watch(sessionOf("c2"))
		// The feed has a gap, in which nobody learns of the end of a session.
		pass(10 * time.Minute)
		store.set(func() { store.gap, store.gone["a2"] = true, true })
		pass(time.Second)
		if _, _, err := ws.add(t.Context(), sessionOf("a2")); !errors.Is(err, ErrUnauthorized) {
			t.Errorf("after a gap: %v", err)
		}
		if n := ws.watches; n != 2 {
			t.Errorf("%d watches", n)
		}
	})
}

func TestGapIsMadeUpForAtABoundedPace(t *testing.T) {
	t.Parallel()
	const n = 2*catchUp + 50
	var users []UserID
	for i := range n {
		users = append(users, UserID(rune('ā'+i)))
	}
	store := newWatchedStore(users...)
	watching(t, store, func(t *testing.T, ws *watchers, watch func(Session) *Watch) {
		pages := map[UserID]*Watch{}
		for _, id := range users {
			pages[id] = watch(sessionOfUser(id))
			wantNews(t, "at first", pages[id], 1)
		}
		pass(2 * time.Minute)
		beforeAccounts, beforeSessions, _ := store.reads()
		store.set(func() {
			store.gap, store.gone[SessionHash(users[7])] = true, true
			for id, c := range store.heads { // that the feed never tells
				c.Revision++
				store.heads[id] = c
			}
		})
		for second := 1; second <= 4; second++ {
			pass(time.Second)
			accounts, sessions, _ := store.reads()
			want := min(second*catchUp, n)
			if accounts-beforeAccounts != want || sessions-beforeSessions != want {
				t.Errorf("after %d s: %d heads and %d sessions, want %d", second, accounts-beforeAccounts, sessions-beforeSessions, want)
			}
		}
		for _, id := range slices.Sorted(maps.Keys(pages)) {
			want := int64(2)
			if id == users[7] { // the session ended in the gap, and learns nothing
				want = -1
			}
			wantNews(t, string(id), pages[id], want)
		}
	})
}

// A page opens its stream again every few minutes. That costs nothing while the feed is read.
func TestReopenedStreamReadsNothing(t *testing.T) {
	t.Parallel()
	store := newWatchedStore("a", "b")
	watching(t, store, func(t *testing.T, ws *watchers, watch func(Session) *Watch) {
		watch(sessionOf("b1"))
		pass(2 * time.Minute)
		_, stop, err := ws.add(t.Context(), sessionOf("a1"))
		if err != nil {
			t.Fatal(err)
		}
		stop()
		accounts, sessions, _ := store.reads()
		store.wrote("a")
		store.wrote("a")
		pass(followFor - time.Minute)
		if _, known := ws.known("a1"); !known {
			t.Error("the session must be read again")
		}
		w, stop, err := ws.add(t.Context(), sessionOf("a1"))
		if err != nil {
			t.Fatal(err)
		}
		wantNews(t, "a page that comes back", w, 3)
		stop()
		if a, s, _ := store.reads(); a != accounts || s != sessions {
			t.Errorf("it cost %d heads and %d sessions", a-accounts, s-sessions)
		}

		// The feed ends what it is trusted for.
		store.ends("a", "a2")
		pass(time.Second)
		if _, known := ws.known("a1"); known {
			t.Error("a session is trusted although the user ended sessions")
		}
		if _, known := ws.known("b1"); !known {
			t.Error("the session of another must be read again")
		}
		store.set(func() { store.down = true })
		pass(feedPatience)
		if _, known := ws.known("b1"); known {
			t.Error("a session is trusted although the feed is not readable")
		}
		store.set(func() { store.down = false })
		pass(time.Second)
		if _, known := ws.known("b1"); !known {
			t.Error("a session is not trusted although the feed is readable again")
		}
		store.set(func() { store.gap = true })
		pass(feedEvery - time.Millisecond)
		pass(followFor + time.Second)
		if _, f := ws.followed["a"]; f || len(ws.vaults) != 1 {
			t.Error("a user is followed forever")
		}
	})
}

func TestFirstReadOfTheFeedMaySayThatTheStoreIsDown(t *testing.T) {
	t.Parallel()
	store := newWatchedStore("a")
	watching(t, store, func(t *testing.T, ws *watchers, watch func(Session) *Watch) {
		store.set(func() { store.down = true })
		if _, _, err := ws.add(t.Context(), sessionOf("a")); !errors.Is(err, errDown) {
			t.Errorf("got %v", err)
		}
		store.set(func() { store.down = false })
		wantNews(t, "when the store is there again", watch(sessionOf("a")), 1)
		if ws.watches != 1 {
			t.Errorf("%d watches", ws.watches)
		}
	})
}
