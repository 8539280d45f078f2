package vault

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const (
	// watchEvery is how late a change may be seen that another process made; one of this process is seen at once.
	watchEvery     = 2 * time.Second
	maxUserWatches = 16   // as many windows of one user
	maxWatches     = 2000 // about 60 MB of connections and goroutines
)

var (
	errUserWatches = &Error{Code: protocol.CodeThrottled, Message: "too many event streams of this user are open: close one", RetryAfter: time.Minute}
	errWatches     = &Error{Code: protocol.CodeUnavailable, Message: "too many event streams are open: ask for changes instead", RetryAfter: time.Minute}
)

// watchers follows the vaults that somebody watches. Each vault is read by one goroutine, however many watch it.
type watchers struct {
	store          Store
	now            func() time.Time
	every          time.Duration
	perUser, total int

	mu      sync.Mutex
	vaults  map[UserID]*watched
	watches int
}

func newWatchers(store Store, now func() time.Time) *watchers {
	return &watchers{
		store: store, now: now, every: watchEvery, perUser: maxUserWatches, total: maxWatches, vaults: map[UserID]*watched{},
	}
}

// watched is a vault that is followed. Its watches are guarded by watchers.mu.
type watched struct {
	name    Username
	look    chan struct{} // of one: there may be news
	stop    context.CancelFunc
	watches map[*Watch]struct{}
}

// Watch follows the vault of one session.
type Watch struct {
	// Revisions gives the newest revision, first the one at the start. Revisions that nobody took in time are left out.
	// It is closed when the session has ended.
	Revisions <-chan int64

	session   SessionHash
	revisions chan int64 // of one; sent to and closed under watchers.mu
	last      int64
	ended     bool
}

// Watch begins to follow the vault of a session; stop ends it. Too many of them are CodeThrottled for one user and
// CodeUnavailable for all.
func (s *Service) Watch(session Session) (watch *Watch, stop func(), err error) {
	return s.watchers.add(session)
}

// Watches tells how many have begun and not been stopped.
func (s *Service) Watches() int {
	s.watchers.mu.Lock()
	defer s.watchers.mu.Unlock()
	return s.watchers.watches
}

func (ws *watchers) add(session Session) (*Watch, func(), error) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	v := ws.vaults[session.UserID]
	if v != nil && len(v.watches) >= ws.perUser {
		return nil, nil, errUserWatches
	}
	if ws.watches >= ws.total {
		return nil, nil, errWatches
	}
	if v == nil {
		ctx, stop := context.WithCancel(context.Background()) // not a request's: it serves those that come later too
		v = &watched{name: session.Username, look: make(chan struct{}, 1), stop: stop, watches: map[*Watch]struct{}{}}
		ws.vaults[session.UserID] = v
		go ws.follow(ctx, v)
	}
	c := make(chan int64, 1)
	w := &Watch{Revisions: c, revisions: c, session: session.Hash, last: -1}
	v.watches[w] = struct{}{}
	ws.watches++
	v.lookNow()
	return w, sync.OnceFunc(func() { ws.remove(session.UserID, v, w) }), nil
}

func (ws *watchers) remove(id UserID, v *watched, w *Watch) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	delete(v.watches, w)
	ws.watches--
	if len(v.watches) == 0 {
		v.stop()
		delete(ws.vaults, id)
	}
}

// changed says that this process wrote to a user's vault or sessions.
func (ws *watchers) changed(id UserID) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if v := ws.vaults[id]; v != nil {
		v.lookNow()
	}
}

func (v *watched) lookNow() {
	select {
	case v.look <- struct{}{}:
	default: // a look that is yet to come sees this too
	}
}

func (ws *watchers) follow(ctx context.Context, v *watched) {
	tick := time.NewTicker(ws.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-v.look:
		}
		ws.read(ctx, v)
	}
}

// read tells the watches of a vault what is new. While the store does not answer there is no news; requests tell of that.
func (ws *watchers) read(ctx context.Context, v *watched) {
	head, err := Collect(ctx, ws.store, v.name, math.MaxInt64) // of the user alone, at every revision
	if errors.Is(err, ErrNotFound) {
		head, err = protocol.VaultResponse{}, nil // with the user all sessions went
	}
	if err != nil {
		return
	}
	// Sessions come second: one that is live now was so when the vault was read, which thus is its own and not that of
	// another user who took the name since.
	live, err := ws.liveSessions(ctx, v)
	if err != nil {
		return
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range v.watches {
		isLive, looked := live[w.session]
		if looked {
			w.tell(head.Revision, isLive)
		}
	}
}

// liveSessions tells of the session of each watch whether it is live.
func (ws *watchers) liveSessions(ctx context.Context, v *watched) (map[SessionHash]bool, error) {
	live := map[SessionHash]bool{}
	ws.mu.Lock()
	for w := range v.watches {
		live[w.session] = false
	}
	ws.mu.Unlock()
	for hash := range live {
		_, err := ws.store.Session(ctx, hash, ws.now())
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		live[hash] = err == nil
	}
	return live, nil
}

// tell is called under watchers.mu, so that nobody else sends to or closes the channel meanwhile.
func (w *Watch) tell(revision int64, live bool) {
	switch {
	case w.ended:
	case !live:
		w.ended = true
		close(w.revisions)
	case revision != w.last:
		w.last = revision
		select {
		case <-w.revisions: // not taken yet, and old now
		default:
		}
		w.revisions <- revision
	}
}
