package vault

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const (
	// auditTimeout bounds how long a request waits for its event to be stored.
	auditTimeout = 2 * time.Second
	// ownEvents is how many events a user gets as separate rows, in an hour and from one process. More of a kind are counted in one
	// row: a script that signs in again and again must not fill the store.
	ownEvents = 100
	// maxCounts bounds the counts that wait to be stored.
	maxCounts = 10_000
)

// EventID is the key of an event. IDs sort by time.
type EventID string

// Event is a row of the audit trail. It never has a title, a password, or a name that was typed but belongs to nobody: people type
// passwords into the wrong field.
type Event struct {
	ID         EventID
	Kind       protocol.AuditKind
	Time, Last time.Time // Last is later only if Count is above 1
	Count      int64
	Who        Username // empty for strangers and the operator
	WhoID      UserID
	Whom       Username
	WhomID     UserID
	Host       bool // done by the operator
	Origin     Origin
	Device     string
	Invitation InvitationID
	Expires    time.Time
}

// Origin is where a request came from.
type Origin struct {
	Address string // of the client, as the rate limits see it
	Request string // ID of the request, as in the log
}

type originKey struct{}

// WithOrigin returns the context of a request, whose events name its origin.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// EventsAt returns the lowest ID that an event at t can have.
func EventsAt(t time.Time) EventID { return EventID(fmt.Sprintf("%014d", max(t.UnixMilli(), 0))) }

const eventTail = 8 // bytes

func newEventID(t time.Time) EventID {
	var b [eventTail]byte
	rand.Read(b[:])
	return EventsAt(t) + EventID("-"+hex.EncodeToString(b[:]))
}

// countedEventID is the same for all events of an hour that are of one kind and about one user.
func countedEventID(hour time.Time, kind protocol.AuditKind, who UserID) EventID {
	sum := sha256.Sum256([]byte(string(kind) + "\x00" + string(who)))
	return EventsAt(hour) + EventID("-"+hex.EncodeToString(sum[:eventTail]))
}

// Wire returns what administrators and log shippers see of an event.
func (e Event) Wire() protocol.AuditEvent {
	return protocol.AuditEvent{
		ID: string(e.ID), Kind: e.Kind, Time: e.Time, Last: e.Last, Count: e.Count, Who: string(e.Who), WhoID: string(e.WhoID),
		Whom: string(e.Whom), WhomID: string(e.WhomID), Host: e.Host, Address: e.Origin.Address, Device: e.Device,
		RequestID: e.Origin.Request, Invitation: string(e.Invitation),
	}
}

// wireFor returns what a user sees of an event: where another user was, and on which device, is not told.
func (e Event) wireFor(user UserID) protocol.AuditEvent {
	if e.WhoID != user {
		e.WhoID, e.Origin, e.Device, e.Invitation = "", Origin{}, "", ""
	}
	return e.Wire()
}

// Trail configures the audit trail.
//
// An event is stored after what it tells of, and before the answer to the request. If that fails, the request succeeds all the same: then
// Failed gets the event, and AuditFailures counts it. Events of a protocol.AuditKind that is counted are stored after the answer, so that
// its time says nothing about whether a user exists; a process that is killed loses those of its last moment. Lines gets every event before
// it is stored.
type Trail struct {
	Keep   time.Duration // how long an event stays; at least an hour
	Lines  io.Writer     // gets each event as a line of JSON
	Failed func(e Event, err error)
}

// trail records events. Each process has one.
type trail struct {
	Trail
	store  Store
	now    func() time.Time
	failed atomic.Int64
	lines  sync.Mutex

	mu       sync.Mutex
	hour     time.Time
	own      map[UserID]int // rows of this hour
	counts   map[EventID]Event
	flushing chan struct{} // closed when counts are stored; nil if there are none
}

func newTrail(t Trail, store Store, now func() time.Time) *trail {
	return &trail{Trail: t, store: store, now: now, own: map[UserID]int{}, counts: map[EventID]Event{}}
}

// record completes an event and stores it.
func (t *trail) record(ctx context.Context, e Event) {
	now := t.now()
	hour := now.Truncate(time.Hour)
	e.Time, e.Last, e.Count = now, now, 1
	e.Origin, _ = ctx.Value(originKey{}).(Origin)
	counted := e.Kind.Counted() || !t.isOwn(hour, e.WhoID)
	e.ID = newEventID(now)
	if counted {
		e.ID = countedEventID(hour, e.Kind, e.WhoID)
	}
	t.print(e)
	e.Expires = now.Add(t.Keep)
	if counted {
		e.Time = hour
		if !t.count(ctx, e) {
			t.fail(e, ErrStoreFull)
		}
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTimeout)
	defer cancel()
	t.add(ctx, e)
}

func (t *trail) isOwn(hour time.Time, who UserID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !hour.Equal(t.hour) {
		t.hour = hour
		clear(t.own)
	}
	t.own[who]++
	return t.own[who] <= ownEvents
}

// print writes one line. JSON escapes control characters, so no name can begin another line.
func (t *trail) print(e Event) {
	line, err := json.Marshal(struct {
		Message string `json:"msg"` // tells it from the other lines of a log
		protocol.AuditEvent
	}{"audit", e.Wire()})
	if err != nil {
		panic("vault: encode an event: " + err.Error()) // only for a time outside the years of RFC 3339
	}
	t.lines.Lock()
	defer t.lines.Unlock()
	if _, err := t.Lines.Write(append(line, '\n')); err != nil {
		t.fail(e, fmt.Errorf("write the line of an event: %w", err))
	}
}

func (t *trail) add(ctx context.Context, e Event) {
	if err := t.store.AddEvent(ctx, e); err != nil {
		t.fail(e, fmt.Errorf("store an event: %w", err))
	}
}

func (t *trail) fail(e Event, err error) {
	t.failed.Add(e.Count)
	t.Failed(e, err)
}

// count adds an event to those that wait to be stored, and starts storing them unless that goes on already. So there is one write at a time,
// and events that come faster than the store takes them are added up. It returns false if too many wait.
func (t *trail) count(ctx context.Context, e Event) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	waiting, known := t.counts[e.ID]
	if !known && len(t.counts) >= maxCounts {
		return false
	}
	e.Count += waiting.Count
	t.counts[e.ID] = e
	if t.flushing == nil {
		t.flushing = make(chan struct{})
		go t.flush(context.WithoutCancel(ctx), t.flushing)
	}
	return true
}

func (t *trail) flush(ctx context.Context, done chan struct{}) {
	defer close(done)
	for {
		e, ok := t.nextCount()
		if !ok {
			return
		}
		ctx, cancel := context.WithTimeout(ctx, auditTimeout)
		t.add(ctx, e)
		cancel()
	}
}

func (t *trail) nextCount() (Event, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, e := range t.counts {
		delete(t.counts, id)
		return e, true
	}
	t.flushing = nil
	return Event{}, false
}

// wait returns once no count waits to be stored, or ctx is done.
func (t *trail) wait(ctx context.Context) {
	t.mu.Lock()
	done := t.flushing
	t.mu.Unlock()
	if done == nil {
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// AuditFailures returns the number of events that were not stored, or not written as a line.
func (s *Service) AuditFailures() int64 { return s.trail.failed.Load() }

// FinishAudit waits until counted events are stored, or ctx is done. Call it before the store is closed.
func (s *Service) FinishAudit(ctx context.Context) { s.trail.wait(ctx) }

// record stores an event of a user. device is the label of the session.
func (s *Service) record(ctx context.Context, kind protocol.AuditKind, u User, device string) {
	s.trail.record(ctx, Event{Kind: kind, Who: u.Username, WhoID: u.ID, Device: device})
}

// recordIn stores an event in a session.
func (s *Service) recordIn(ctx context.Context, kind protocol.AuditKind, session Session) {
	s.trail.record(ctx, Event{Kind: kind, Who: session.Username, WhoID: session.UserID, Device: session.Device})
}

// RecordOnHost stores an event of the operator, who works on the store without a server.
func RecordOnHost(ctx context.Context, store Store, keep time.Duration, e Event, now time.Time) error {
	now = now.UTC().Truncate(time.Millisecond)
	e.ID, e.Time, e.Last, e.Count, e.Host, e.Expires = newEventID(now), now, now, 1, true, now.Add(keep)
	return store.AddEvent(ctx, e)
}
