package vault

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const (
	maxUserWatches = 16   // that many windows of one user
	maxWatches     = 2000 // about 60 MB of connections and goroutines
)

var (
	errUserWatches = &Error{Code: protocol.CodeThrottled, Message: "this user has too many open event streams: close one", RetryAfter: time.Minute}
	errWatches     = &Error{Code: protocol.CodeUnavailable, Message: "too many open event streams: poll for changes instead", RetryAfter: time.Minute}
)

// Watch follows the vaults of one session.
type Watch struct {
	// Revisions delivers the newest state, first the current one. A state that was not received in time is skipped. It is closed when
	// the session ends.
	Revisions <-chan protocol.RevisionEvent
	// Vaults delivers the list of shared vaults whenever it changes, first the current one unless it is empty. A list that was not received
	// in time is skipped. It is never closed.
	Vaults <-chan []protocol.SharedVault

	session   Session
	revisions chan protocol.RevisionEvent // capacity 1; sent to and closed under watchers.mu
	last      protocol.RevisionEvent
	vaults    chan []protocol.SharedVault // capacity 1; sent to under watchers.mu
	listed    int                         // which list was sent last
	ended     bool
}

// Watch starts to follow the vaults of a session; stop ends it. Too many watches are CodeThrottled for one user and
// CodeUnavailable for all. ErrUnauthorized if the session has ended since it was authenticated.
func (s *Service) Watch(ctx context.Context, session Session) (watch *Watch, stop func(), err error) {
	return s.watchers.add(ctx, session)
}

// Watches returns the number of open watches.
func (s *Service) Watches() int {
	s.watchers.mu.Lock()
	defer s.watchers.mu.Unlock()
	return s.watchers.watches
}

// FeedAge returns how long ago the change feed was read; 0 while there are no watches, because nobody reads it.
func (s *Service) FeedAge() time.Duration {
	s.watchers.mu.Lock()
	defer s.watchers.mu.Unlock()
	if s.watchers.watches == 0 {
		return 0
	}
	return time.Since(s.watchers.read)
}

// streamTouchEvery is how often an open event stream extends its session. The list of sessions
// shows to the minute when a vault was used, and an open page does not use it.
const streamTouchEvery = 12 * time.Hour

// AuthenticateStream is Authenticate for an event stream, which is opened again every few minutes. A session that this process
// authenticated before is not read again while the change feed would say that it ended.
func (s *Service) AuthenticateStream(ctx context.Context, token string) (Session, error) {
	if hash, ok := s.keys.openSession(token); ok {
		now := s.now()
		session, known := s.watchers.known(hash)
		if known && now.Before(session.Expires) && session.lasts(now) && now.Sub(session.LastSeen) < streamTouchEvery {
			return session, nil
		}
	}
	return s.authenticate(ctx, token, streamTouchEvery)
}

func (ws *watchers) add(ctx context.Context, session Session) (*Watch, func(), error) {
	c := make(chan protocol.RevisionEvent, 1)
	vaults := make(chan []protocol.SharedVault, 1)
	w := &Watch{
		Revisions: c, revisions: c, Vaults: vaults, vaults: vaults, session: session, last: protocol.RevisionEvent{Sequence: -1},
	}
	f, check, err := ws.register(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	stop := sync.OnceFunc(func() { ws.remove(f, w) })
	err = ws.load(ctx, f)
	if err == nil && check {
		_, err = ws.store.Session(ctx, session.Hash, ws.now())
	}
	if err != nil {
		stop()
		if errors.Is(err, ErrNotFound) {
			err = ErrUnauthorized
		}
		return nil, nil, err
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.tell(f, w)
	if !w.ended && ws.unsure[f] == 0 {
		ws.keep(f, session)
	}
	return w, stop, nil
}

// register adds a watch, and begins to read the feed if it is the first. check says that the session must be read again: it may have
// ended after it was authenticated, and before this process would have learned of it here.
func (ws *watchers) register(ctx context.Context, w *Watch) (f *followed, check bool, err error) {
	ws.starting.Lock()
	defer ws.starting.Unlock()
	if f, err = ws.join(w); err != nil {
		return nil, false, err
	}
	if ws.stop == nil {
		if err := ws.start(ctx); err != nil {
			ws.leave(f, w)
			return nil, false, err
		}
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	_, check = ws.ended[w.session.UserID]
	return f, check || time.Since(ws.began) < recently, nil
}

func (ws *watchers) join(w *Watch) (*followed, error) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	id := w.session.UserID
	f := ws.followed[id]
	if f != nil && len(f.watches) >= ws.perUser {
		return nil, errUserWatches
	}
	if ws.watches >= ws.total {
		return nil, errWatches
	}
	if f == nil {
		if len(ws.followed) >= maxFollowed {
			ws.forgetUnwatched(time.Now())
		}
		f = &followed{
			id: id, name: w.session.Username, shared: map[chain.ID]Membership{}, watches: map[*Watch]bool{},
			sessions: map[SessionHash]bool{},
		}
		ws.followed[id] = f
	}
	f.watches[w] = true
	ws.watches++
	return f, nil
}

// remove ends a watch. With the last one, nobody reads the feed, so nothing that was learned from it stays.
func (ws *watchers) remove(f *followed, w *Watch) {
	ws.starting.Lock()
	defer ws.starting.Unlock()
	if ws.leave(f, w) > 0 || ws.stop == nil {
		return
	}
	ws.stop()
	ws.stop = nil
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.forgetAll()
}

// leave returns how many watches are left.
func (ws *watchers) leave(f *followed, w *Watch) int {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	delete(f.watches, w)
	f.left = time.Now()
	ws.watches--
	return ws.watches
}

// tell is called under watchers.mu, so no other goroutine sends to or closes the channel meanwhile.
func (w *Watch) tell(now protocol.RevisionEvent) {
	if w.ended || now == w.last {
		return
	}
	w.last = now
	select {
	case <-w.revisions: // not received yet, and outdated
	default:
	}
	w.revisions <- now
}

// tellShared is called under watchers.mu.
func (w *Watch) tellShared(f *followed) {
	if w.ended || f.listed == w.listed {
		return
	}
	w.listed = f.listed
	select {
	case <-w.vaults: // not received yet, and outdated
	default:
	}
	w.vaults <- f.list
}

// end is called under watchers.mu.
func (w *Watch) end() {
	if !w.ended {
		w.ended = true
		close(w.revisions)
	}
}
