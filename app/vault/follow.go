package vault

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const (
	// feedEvery is how late a change by another process may be seen; changes by this process are seen immediately.
	feedEvery = time.Second
	// feedPatience is how long the feed may be unreadable before a session must be read from the store.
	feedPatience = 10 * time.Second
	// followFor is how long a user is followed after the last watch. The event streams of a page end every few minutes, and with several
	// replicas the next one may come to another process.
	followFor   = time.Hour
	maxFollowed = 5 * maxWatches
	// recently is longer than a request takes from its authentication to its watch.
	recently = time.Minute
	// catchUp is how many vaults, and how many sessions, are read in a second after the feed was unreadable.
	catchUp = 100
)

// watchers follows the users who have, or lately had, watches. While there are watches, one goroutine reads the change feed for all of
// them.
type watchers struct {
	store          Store
	now            func() time.Time
	every          time.Duration
	perUser, total int

	starting sync.Mutex // held while reading begins or ends, and taken before mu
	stop     context.CancelFunc

	wake chan struct{} // capacity 1: sessions or rosters are unsure

	mu       sync.Mutex
	followed map[UserID]*followed
	vaults   map[chain.ID]*followed          // by personal vault
	sharing  map[chain.ID]map[*followed]bool // by shared vault: who is, or was, a member
	rosters  map[chain.ID]int                // of shared vaults, that must be read; grows with each reason
	sessions map[SessionHash]Session         // live, unless the feed says that they ended
	unsure   map[*followed]int               // whose sessions must be read; grows with each reason
	ended    map[UserID]time.Time            // who ended sessions recently
	moved    map[chain.ID]recentMove         // vaults that moved recently, and are not the personal vault of somebody followed
	began    time.Time                       // when the feed began, or went on after a gap
	read     time.Time                       // when the feed was last read
	watches  int
}

type recentMove struct {
	Change
	at time.Time
}

// followed is a user whose vaults are followed. watchers.mu guards it.
type followed struct {
	id       UserID
	name     Username
	vault    chain.ID
	head     protocol.RevisionEvent
	known    bool // head and shared are the newest, give or take the delay of the feed
	shared   map[chain.ID]Membership
	list     []protocol.SharedVault // of shared
	listed   int                    // how often list changed
	watches  map[*Watch]bool
	sessions map[SessionHash]bool // in watchers.sessions
	left     time.Time            // when the last watch ended

	loading sync.Mutex // held while the head is read, and taken before watchers.mu
}

func newWatchers(store Store, now func() time.Time) *watchers {
	ws := &watchers{
		store: store, now: now, every: feedEvery, perUser: maxUserWatches, total: maxWatches, wake: make(chan struct{}, 1),
	}
	ws.forgetAll()
	return ws
}

// forgetAll is called under mu.
func (ws *watchers) forgetAll() {
	ws.followed, ws.vaults, ws.sessions = map[UserID]*followed{}, map[chain.ID]*followed{}, map[SessionHash]Session{}
	ws.sharing, ws.rosters = map[chain.ID]map[*followed]bool{}, map[chain.ID]int{}
	ws.unsure, ws.ended, ws.moved = map[*followed]int{}, map[UserID]time.Time{}, map[chain.ID]recentMove{}
}

// start begins the feed before any head is read, so no change falls in between.
func (ws *watchers) start(ctx context.Context) error {
	feed := ws.store.Feed()
	if _, err := feed.Next(ctx); err != nil {
		return err
	}
	ws.mu.Lock()
	ws.began, ws.read = time.Now(), time.Now()
	ws.mu.Unlock()
	running, stop := context.WithCancel(context.Background()) // not the request's context: it serves later watches too
	ws.stop = stop
	go ws.run(running, feed)
	return nil
}

func (ws *watchers) run(ctx context.Context, feed Feed) {
	tick := time.NewTicker(ws.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			ws.readFeed(ctx, feed)
			ws.reload(ctx)
		case <-ws.wake:
		}
		ws.checkSessions(ctx)
		ws.checkRosters(ctx)
	}
}

// readFeed tells the watches the news. While the store does not answer there is none; requests report that.
func (ws *watchers) readFeed(ctx context.Context, feed Feed) {
	changes, err := feed.Next(ctx)
	gap := errors.Is(err, ErrFeedGap)
	if err != nil && !gap || ctx.Err() != nil {
		return
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	now := time.Now()
	ws.read = now
	maps.DeleteFunc(ws.ended, func(_ UserID, at time.Time) bool { return now.Sub(at) > recently })
	maps.DeleteFunc(ws.moved, func(_ chain.ID, m recentMove) bool { return now.Sub(m.at) > recently })
	ws.forgetUnwatched(now.Add(-followFor))
	if gap {
		ws.doubtAll(now)
	}
	for _, c := range changes {
		ws.apply(c)
	}
}

// doubtAll is called under mu, after changes were missed.
func (ws *watchers) doubtAll(now time.Time) {
	ws.began = now
	ws.forgetUnwatched(now)
	for _, f := range ws.followed {
		f.known = false
		ws.doubtSessions(f)
	}
}

// changed is called after this process made a change.
func (ws *watchers) changed(c Change) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.apply(c)
	if len(ws.unsure) == 0 {
		return
	}
	select {
	case ws.wake <- struct{}{}:
	default: // it will see this too
	}
}

// apply is called under mu.
func (ws *watchers) apply(c Change) {
	if ws.watches == 0 {
		return
	}
	if c.Ended != "" {
		ws.ended[c.Ended] = time.Now()
		if f := ws.followed[c.Ended]; f != nil {
			ws.doubtSessions(f)
		}
		return
	}
	if f := ws.vaults[c.Vault]; f != nil {
		ws.move(f, c)
		return
	}
	ws.noteMoved(c)
	ws.moveShared(c)
}

// move is called under mu. Revisions and sequence numbers only grow, so changes may come late, twice and in any order.
func (ws *watchers) move(f *followed, to Change) {
	if to.Revision > f.head.Revision || to.Sequence > f.head.Sequence {
		f.head = protocol.RevisionEvent{Revision: max(f.head.Revision, to.Revision), Sequence: max(f.head.Sequence, to.Sequence)}
	}
	for w := range f.watches {
		ws.tell(f, w)
	}
}

// tell is called under mu. Sessions that may have ended learn nothing until they are checked.
func (ws *watchers) tell(f *followed, w *Watch) {
	if f.known && ws.unsure[f] == 0 {
		w.tell(f.head)
		w.tellShared(f)
	}
}

// load reads the head of a user and the list of shared vaults, unless they are known. Only one goroutine reads it. ErrUnauthorized if there is no such user any more.
func (ws *watchers) load(ctx context.Context, f *followed) error {
	f.loading.Lock()
	defer f.loading.Unlock()
	if ws.isKnown(f) {
		return nil
	}
	return ws.loadHead(ctx, f)
}

// loadHead is called under f.loading.
func (ws *watchers) loadHead(ctx context.Context, f *followed) error {
	u, head, err := ws.store.Account(ctx, f.name)
	if errors.Is(err, ErrNotFound) || err == nil && u.ID != f.id {
		return ErrUnauthorized
	}
	var shared []Membership
	if err == nil {
		shared, err = ws.store.Memberships(ctx, f.id)
	}
	if err != nil {
		return err
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.followed[f.id] != f { // forgotten meanwhile
		return nil
	}
	f.vault, f.known = head.Vault, true
	ws.vaults[f.vault] = f
	ws.followShared(f, shared)
	if now := eventOf(head.State); now.Revision >= f.head.Revision && now.Sequence >= f.head.Sequence {
		f.head = now
	}
	ws.move(f, head.Moved())
	// A change that came while the head was read found no followed vault.
	ws.move(f, ws.moved[f.vault].Change)
	return nil
}

// eventOf tells a page the state of its vault. With the hashes, the page learns of a server that was restored and has as much as before, and
// something else.
func eventOf(s chain.State) protocol.RevisionEvent {
	newest := s.Entry.Hash()
	return protocol.RevisionEvent{
		Revision: s.Revision, Sequence: s.Entry.Sequence, Head: encodeSigned(s.Write[:]), Entry: encodeSigned(newest[:]),
	}
}

func (ws *watchers) isKnown(f *followed) bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return f.known
}

// reload reads some of the heads that are not known after a gap.
func (ws *watchers) reload(ctx context.Context) {
	ws.mu.Lock()
	var unknown []*followed
	for _, f := range ws.followed {
		if !f.known && len(f.watches) > 0 && len(unknown) < catchUp {
			unknown = append(unknown, f)
		}
	}
	ws.mu.Unlock()
	for _, f := range unknown {
		if !f.loading.TryLock() { // a request reads it, and this goroutine must not wait for that
			continue
		}
		err := ws.loadHead(ctx, f)
		f.loading.Unlock()
		if errors.Is(err, ErrUnauthorized) {
			ws.changed(Change{Ended: f.id})
		}
	}
}

// keep remembers a live session, so that the next stream need not read it. It is called under mu.
func (ws *watchers) keep(f *followed, session Session) {
	if ws.followed[f.id] != f {
		return
	}
	f.sessions[session.Hash] = true
	ws.sessions[session.Hash] = session
}

// known returns a session that was live when it was last read, and that the feed would have ended since.
func (ws *watchers) known(hash SessionHash) (Session, bool) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	session, ok := ws.sessions[hash]
	return session, ok && time.Since(ws.read) < feedPatience
}

// doubtSessions is called under mu.
func (ws *watchers) doubtSessions(f *followed) {
	for hash := range f.sessions {
		delete(ws.sessions, hash)
	}
	clear(f.sessions)
	if len(f.watches) > 0 {
		ws.unsure[f]++
	}
}

// checkSessions reads the sessions of those who ended some, and ends their watches.
func (ws *watchers) checkSessions(ctx context.Context) {
	for left := catchUp; left > 0; {
		f, reason, hashes := ws.nextUnsure()
		if f == nil {
			return
		}
		left -= len(hashes)
		live := map[SessionHash]Session{}
		for _, hash := range hashes {
			session, err := ws.store.Session(ctx, hash, ws.now())
			if err != nil && !errors.Is(err, ErrNotFound) {
				return // until the next tick
			}
			if err == nil {
				live[hash] = session
			}
		}
		ws.checked(f, reason, hashes, live)
	}
}

// nextUnsure returns a user whose sessions are unsure, with the sessions that have watches.
func (ws *watchers) nextUnsure() (f *followed, reason int, hashes []SessionHash) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for f, reason := range ws.unsure {
		watched := map[SessionHash]bool{}
		for w := range f.watches {
			watched[w.session.Hash] = true
		}
		return f, reason, slices.Collect(maps.Keys(watched))
	}
	return nil, 0, nil
}

// checked notes what the store said of some sessions. If the user ended sessions meanwhile, they will be read again.
func (ws *watchers) checked(f *followed, reason int, hashes []SessionHash, live map[SessionHash]Session) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	sure := ws.unsure[f] == reason
	if sure {
		delete(ws.unsure, f)
		for _, session := range live {
			ws.keep(f, session)
		}
	}
	for w := range f.watches {
		switch _, isLive := live[w.session.Hash]; {
		case isLive:
			ws.tell(f, w)
		case slices.Contains(hashes, w.session.Hash):
			w.end()
		default: // began after the sessions were listed, and reads its own
			ws.tell(f, w)
		}
	}
}

// forgetUnwatched forgets the users whose last watch ended before a time. It is called under mu.
func (ws *watchers) forgetUnwatched(before time.Time) {
	for id, f := range ws.followed {
		if len(f.watches) > 0 || f.left.After(before) {
			continue
		}
		ws.doubtSessions(f)
		delete(ws.followed, id)
		delete(ws.unsure, f)
		ws.forgetShared(f)
		if ws.vaults[f.vault] == f {
			delete(ws.vaults, f.vault)
		}
	}
}
