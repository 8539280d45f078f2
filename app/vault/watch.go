package vault

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const (
	// watchEvery is how late a change by another process may be seen; changes by this process are seen immediately.
	watchEvery     = 2 * time.Second
	maxUserWatches = 16   // that many windows of one user
	maxWatches     = 2000 // about 60 MB of connections and goroutines
)

var (
	errUserWatches = &Error{Code: protocol.CodeThrottled, Message: "this user has too many open event streams: close one", RetryAfter: time.Minute}
	errWatches     = &Error{Code: protocol.CodeUnavailable, Message: "too many open event streams: poll for changes instead", RetryAfter: time.Minute}
)

// watchers follows the watched vaults. One goroutine reads each vault, however many watch it.
type watchers struct {
	store          Store
	now            func() time.Time
	every          time.Duration
	perUser, total int

	mu      sync.Mutex
	watched map[UserID]*watched
	watches int
}

func newWatchers(store Store, now func() time.Time) *watchers {
	return &watchers{
		store: store, now: now, every: watchEvery, perUser: maxUserWatches, total: maxWatches, watched: map[UserID]*watched{},
	}
}

// watched is a vault that is being followed. watchers.mu guards its watches.
type watched struct {
	name    Username
	look    chan struct{} // capacity 1: there may be news
	stop    context.CancelFunc
	watches map[*Watch]struct{}
}

// Watch follows the vault of one session.
type Watch struct {
	// Revisions delivers the newest state, first the current one. A state that was not received in time is skipped. It is closed when
	// the session ends.
	Revisions <-chan protocol.RevisionEvent

	session   SessionHash
	revisions chan protocol.RevisionEvent // capacity 1; sent to and closed under watchers.mu
	last      protocol.RevisionEvent
	ended     bool
}

// Watch starts to follow the vault of a session; stop ends it. Too many watches are CodeThrottled for one user and
// CodeUnavailable for all.
func (s *Service) Watch(session Session) (watch *Watch, stop func(), err error) {
	return s.watchers.add(session)
}

// Watches returns the number of open watches.
func (s *Service) Watches() int {
	s.watchers.mu.Lock()
	defer s.watchers.mu.Unlock()
	return s.watchers.watches
}

func (ws *watchers) add(session Session) (*Watch, func(), error) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	v := ws.watched[session.UserID]
	if v != nil && len(v.watches) >= ws.perUser {
		return nil, nil, errUserWatches
	}
	if ws.watches >= ws.total {
		return nil, nil, errWatches
	}
	if v == nil {
		ctx, stop := context.WithCancel(context.Background()) // not a request's context: it also serves later watches
		v = &watched{name: session.Username, look: make(chan struct{}, 1), stop: stop, watches: map[*Watch]struct{}{}}
		ws.watched[session.UserID] = v
		go ws.follow(ctx, v)
	}
	c := make(chan protocol.RevisionEvent, 1)
	w := &Watch{Revisions: c, revisions: c, session: session.Hash, last: protocol.RevisionEvent{Sequence: -1}}
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
		delete(ws.watched, id)
	}
}

// changed is called after this process wrote to a user's vault or sessions.
func (ws *watchers) changed(id UserID) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if v := ws.watched[id]; v != nil {
		v.lookNow()
	}
}

func (v *watched) lookNow() {
	select {
	case v.look <- struct{}{}:
	default: // a pending look will see this too
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

// read tells the watches of a vault the news. While the store does not answer there is none; requests report that.
func (ws *watchers) read(ctx context.Context, v *watched) {
	_, head, err := ws.store.Account(ctx, v.name)
	var now protocol.RevisionEvent
	switch {
	case err == nil:
		now = protocol.RevisionEvent{Revision: head.State.Revision, Sequence: head.State.Entry.Sequence}
	case !errors.Is(err, ErrNotFound): // otherwise the sessions went with the user
		return
	}
	// Read the sessions second: one that is live now was live when the vault was read, so the vault is its own and not that of
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
			w.tell(now, isLive)
		}
	}
}

// liveSessions reports for the session of each watch whether it is live.
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

// tell is called under watchers.mu, so no other goroutine sends to or closes the channel meanwhile.
func (w *Watch) tell(now protocol.RevisionEvent, live bool) {
	switch {
	case w.ended:
	case !live:
		w.ended = true
		close(w.revisions)
	case now != w.last:
		w.last = now
		select {
		case <-w.revisions: // not received yet, and outdated
		default:
		}
		w.revisions <- now
	}
}
