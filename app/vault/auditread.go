package vault

import (
	"context"
	"regexp"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const (
	// auditPage and maxAuditRows bound the rows that a request reads at once, and altogether.
	auditPage    = 500
	maxAuditRows = 10 * auditPage
	// clockSkew is how far the clock of another server may be ahead.
	clockSkew = 24 * time.Hour
)

// AuditQuery selects events. The zero value selects all.
type AuditQuery struct {
	Since, Until time.Time // Until itself is not part of it
	User         protocol.Username
	Kind         protocol.AuditKind
	Before       protocol.AuditID
}

var eventID = regexp.MustCompile(`^[0-9]{14}-[0-9a-f]{16}$`)

func (q *AuditQuery) check() error {
	if q.User != "" {
		name, err := CanonicalUsername(q.User)
		if err != nil {
			return err
		}
		q.User = string(name)
	}
	switch {
	case q.Kind != "" && !slices.Contains(protocol.AuditKinds, q.Kind):
		return badField("kind", "is unknown")
	case q.Before != "" && !eventID.MatchString(q.Before):
		return badField("before", "is not the id of an event")
	}
	return nil
}

// selects reports whether an event within the bounds of time is asked for.
func (q *AuditQuery) selects(e Event) bool {
	return (q.Kind == "" || e.Kind == q.Kind) && (q.User == "" || string(e.Who) == q.User || string(e.Whom) == q.User) && !e.Last.Before(q.Since)
}

// AuditEvents lists events, newest first.
func (s *Service) AuditEvents(ctx context.Context, _ Administrator, q AuditQuery) (protocol.AuditResponse, error) {
	if err := q.check(); err != nil {
		return protocol.AuditResponse{}, err
	}
	return s.auditPage(ctx, q, s.store.Events, Event.Wire)
}

// AccountEvents lists what the trail has of a user, newest first. It goes by the ID: the name may have been another user's.
func (s *Service) AccountEvents(ctx context.Context, session Session, q AuditQuery) (protocol.AuditResponse, error) {
	if err := q.check(); err != nil {
		return protocol.AuditResponse{}, err
	}
	read := func(ctx context.Context, from, before EventID, limit int) ([]Event, error) {
		return s.store.UserEvents(ctx, session.UserID, from, before, limit)
	}
	return s.auditPage(ctx, q, read, func(e Event) protocol.AuditEvent { return e.wireFor(session.UserID) })
}

// auditRows reads rows as Store.Events does.
type auditRows func(ctx context.Context, from, before EventID, limit int) ([]Event, error)

func (s *Service) auditPage(ctx context.Context, q AuditQuery, read auditRows, wire func(Event) protocol.AuditEvent) (protocol.AuditResponse, error) {
	patience, cancel := context.WithTimeout(ctx, auditTimeout) // while strangers guess, there is always another count
	s.trail.wait(patience)
	cancel()
	from, before := s.auditBounds(q)
	out := protocol.AuditResponse{Events: []protocol.AuditEvent{}}
	for n := 0; n < maxAuditRows; n += auditPage {
		rows, err := read(ctx, from, before, auditPage)
		if err != nil {
			return protocol.AuditResponse{}, err
		}
		for _, e := range rows {
			before = e.ID
			if !q.selects(e) {
				continue
			}
			if out.Events = append(out.Events, wire(e)); len(out.Events) == protocol.MaxAuditEvents {
				out.Next = string(before)
				return out, nil
			}
		}
		if len(rows) < auditPage {
			return out, nil
		}
	}
	out.Next = string(before)
	return out, nil
}

// auditBounds returns the range of IDs that a query asks for.
func (s *Service) auditBounds(q AuditQuery) (from, before EventID) {
	now := s.now()
	start := now.Add(-s.trail.Keep)
	if q.Since.After(start) {
		start = q.Since.Truncate(time.Hour) // where a row is that counts events of that hour
	}
	before = EventsAt(now.Add(clockSkew))
	if !q.Until.IsZero() {
		before = min(before, EventsAt(q.Until))
	}
	if q.Before != "" {
		before = min(before, EventID(q.Before))
	}
	return EventsAt(start), before
}
