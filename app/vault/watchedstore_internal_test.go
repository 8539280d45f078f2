package vault

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
)

var errDown = errors.New("the store is down")

// watchedStore has vaults and sessions, and a feed that a test writes. It counts what is read.
type watchedStore struct {
	Store
	mu       sync.Mutex
	heads    map[UserID]Change
	gone     map[SessionHash]bool
	shared   map[chain.ID]*chain.Entry // heads of shared vaults
	written  int64                     // their revision
	feed     []Change
	gap      bool
	down     bool
	reading  func() // before the answer of a read of a head
	listing  func() // after a list of memberships was read, and before its answer
	accounts int
	sessions int
	feeds    int
}

func newWatchedStore(users ...UserID) *watchedStore {
	s := &watchedStore{heads: map[UserID]Change{}, gone: map[SessionHash]bool{}}
	for i, id := range users {
		s.heads[id] = Change{Vault: chain.ID{1, byte(i >> 8), byte(i)}, Revision: 1, Sequence: 1}
	}
	return s
}

func (s *watchedStore) Account(_ context.Context, name Username) (User, Head, error) {
	s.mu.Lock()
	s.accounts++
	c, ok := s.heads[UserID(name)]
	reading, down := s.reading, s.down
	s.mu.Unlock()
	switch {
	case down:
		return User{}, Head{}, errDown
	case !ok:
		return User{}, Head{}, ErrNotFound
	}
	if reading != nil {
		reading()
	}
	return User{ID: UserID(name)}, Head{Vault: c.Vault, State: chain.State{Revision: c.Revision, Entry: &chain.Entry{Sequence: c.Sequence}}}, nil
}

func (s *watchedStore) Memberships(_ context.Context, user UserID) ([]Membership, error) {
	s.mu.Lock()
	listing := s.listing
	s.listing = nil
	if listing != nil {
		defer listing()
	}
	defer s.mu.Unlock()
	var all []Membership
	for id, e := range s.shared {
		for _, m := range e.Roster {
			if UserID(m.User.String()) == user {
				all = append(all, Membership{Vault: id, Role: m.Role, Revision: s.written, Sequence: e.Sequence})
			}
		}
	}
	return all, nil
}

func (s *watchedStore) Head(_ context.Context, id chain.ID) (Head, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.shared[id]
	switch {
	case s.down:
		return Head{}, errDown
	case e == nil:
		return Head{}, ErrNotFound
	}
	return Head{Vault: id, State: chain.State{Revision: s.written, Entry: e}}, nil
}

func (s *watchedStore) Session(_ context.Context, hash SessionHash, _ time.Time) (Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions++
	switch {
	case s.down:
		return Session{}, errDown
	case s.gone[hash]:
		return Session{}, ErrNotFound
	}
	return sessionOf(hash), nil
}

func (s *watchedStore) Feed() Feed { return s }

func (s *watchedStore) Next(context.Context) ([]Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.feeds++
	if s.down {
		return nil, errDown
	}
	changes, gap := s.feed, s.gap
	s.feed, s.gap = nil, false
	if gap {
		return nil, ErrFeedGap
	}
	return changes, nil
}

// wrote is a write by another process.
func (s *watchedStore) wrote(id UserID) Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.heads[id]
	c.Revision++
	s.heads[id] = c
	s.feed = append(s.feed, c)
	return c
}

// ends ends a session in another process.
func (s *watchedStore) ends(id UserID, hash SessionHash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone[hash] = true
	s.feed = append(s.feed, Change{Ended: id})
}

func (s *watchedStore) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *watchedStore) reads() (accounts, sessions, feeds int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accounts, s.sessions, s.feeds
}

// sessionOf returns a session of the user who its hash begins with.
func sessionOf(hash SessionHash) Session {
	id := UserID(hash[:1])
	return Session{Hash: hash, UserID: id, Username: Username(id)}
}

func sessionOfUser(id UserID) Session {
	return Session{Hash: SessionHash(id), UserID: id, Username: Username(id)}
}

// watching runs f in a bubble with its own clock, and ends the watches after it.
func watching(t *testing.T, store *watchedStore, f func(t *testing.T, ws *watchers, watch func(Session) *Watch)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ws := newWatchers(store, time.Now)
		var stops []func()
		f(t, ws, func(session Session) *Watch {
			t.Helper()
			w, stop, err := ws.add(t.Context(), session)
			if err != nil {
				t.Fatal(err)
			}
			stops = append(stops, stop)
			return w
		})
		for _, stop := range stops {
			stop()
		}
	})
}

// pass lets time pass, by the clock of the bubble.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// wantNews checks the revision that a watch has for its page; 0 for none, −1 for its end.
func wantNews(t *testing.T, what string, w *Watch, revision int64) {
	t.Helper()
	got := int64(0)
	select {
	case e, open := <-w.Revisions:
		if got = e.Revision; !open {
			got = -1
		}
	default:
	}
	if got != revision {
		t.Errorf("%s: the page gets %d, want %d", what, got, revision)
	}
}
