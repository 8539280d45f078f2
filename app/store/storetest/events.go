package storetest

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// always is before every event.
const always = vault.EventID("00000000000000")

// never is after every event of these tests.
var never = vault.EventsAt(start.AddDate(1, 0, 0))

// newEvent returns the nth event at a time.
func newEvent(at time.Time, n int) vault.Event {
	return vault.Event{
		ID: vault.EventsAt(at) + vault.EventID(fmt.Sprintf("-%016x", n)), Kind: protocol.AuditSuspended, Time: at, Last: at, Count: 1,
		Who: "ada", WhoID: vault.UserID(randomID()), Whom: "grace", WhomID: vault.UserID(randomID()), Host: n%2 == 1,
		Origin: vault.Origin{Address: "2001:db8::1", Request: "7f25dcca024ce079"}, Device: "Ada’s laptop", Invitation: vault.InvitationID(randomID()),
		Expires: start.AddDate(2, 0, 0),
	}
}

func addEvent(t *testing.T, s vault.Store, e vault.Event) vault.Event {
	t.Helper()
	if err := s.AddEvent(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	e.Expires = time.Time{} // which is not read
	return e
}

func wantEvents(t *testing.T, s vault.Store, from, before vault.EventID, limit int, want ...vault.Event) {
	t.Helper()
	got, err := s.Events(t.Context(), from, before, limit)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("events from %s to %s are %+v, %v; want %+v", from, before, got, err, want)
	}
}

// Months, years, and events of one millisecond make no difference.
func eventsAreInOrder(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	wantEvents(t, a, always, never, 10)
	var all []vault.Event // newest first
	for _, e := range []vault.Event{
		newEvent(start.AddDate(-1, -2, 0), 1), newEvent(start.AddDate(0, -3, 0), 2), newEvent(start, 3), newEvent(start, 4), newEvent(start.Add(time.Millisecond), 0),
	} {
		all = append([]vault.Event{e}, all...)
	}
	for _, i := range []int{2, 0, 4, 1, 3} {
		all[i] = addEvent(t, a, all[i])
	}
	wantEvents(t, b, always, never, 10, all...)
	wantEvents(t, b, always, never, 5, all...)
	wantEvents(t, b, always, never, 3, all[:3]...)
	wantEvents(t, b, always, all[2].ID, 2, all[3:]...)
	wantEvents(t, b, all[3].ID, all[0].ID, 10, all[1:4]...)
	wantEvents(t, b, vault.EventsAt(start), never, 10, all[:3]...)
	wantEvents(t, b, always, vault.EventsAt(start), 10, all[3:]...)
	wantEvents(t, b, all[2].ID, all[2].ID, 10)
	wantEvents(t, b, never, always, 10)
}

func eventsAreCounted(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	addEvent(t, a, newEvent(start, 1))
	more := newEvent(start, 1)
	more.Last, more.Count, more.Device = start.Add(time.Minute), 41, strings.Repeat("€", protocol.MaxDeviceRunes)
	more.Origin, more.Expires = vault.Origin{Address: "192.0.2.1", Request: "0123456789abcdef"}, start.AddDate(3, 0, 0)
	if err := b.AddEvent(t.Context(), more); err != nil {
		t.Fatal(err)
	}
	more.Count, more.Expires = 42, time.Time{}
	wantEvents(t, a, always, never, 10, more)
}

func wantUserEvents(t *testing.T, s vault.Store, user vault.UserID, from, before vault.EventID, limit int, want ...vault.Event) {
	t.Helper()
	got, err := s.UserEvents(t.Context(), user, from, before, limit)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("events of %s from %s to %s are %+v, %v; want %+v", user, from, before, got, err, want)
	}
}

// The name of a user decides nothing: another user may have it later.
func eventsAreReadByUser(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	ada, grace := vault.UserID(randomID()), vault.UserID(randomID())
	var of [6]vault.Event
	for n, ids := range [][2]vault.UserID{{ada, ""}, {grace, ""}, {ada, grace}, {grace, ada}, {ada, ada}, {"", ""}} {
		e := newEvent(start.AddDate(0, n, 0), n)
		e.WhoID, e.WhomID = ids[0], ids[1]
		of[n] = addEvent(t, a, e)
	}
	wantUserEvents(t, b, ada, always, never, 10, of[4], of[3], of[2], of[0])
	wantUserEvents(t, b, grace, always, never, 10, of[3], of[2], of[1])
	wantUserEvents(t, b, vault.UserID(randomID()), always, never, 10)
	wantUserEvents(t, b, ada, always, never, 2, of[4], of[3])
	wantUserEvents(t, b, ada, always, of[3].ID, 10, of[2], of[0])
	wantUserEvents(t, b, ada, always, of[1].ID, 10, of[0]) // the place of another user's event
	wantUserEvents(t, b, ada, of[2].ID, of[4].ID, 10, of[3], of[2])
	wantUserEvents(t, b, ada, never, always, 10)
	wantUserEvents(t, b, ada, of[2].ID, of[2].ID, 10)
	wantEvents(t, b, always, never, 10, of[5], of[4], of[3], of[2], of[1], of[0])

	again := of[2]
	again.Count, again.Expires = 41, start.AddDate(2, 0, 0)
	addEvent(t, a, again)
	again.Count, again.Expires = 42, time.Time{}
	wantUserEvents(t, b, ada, of[2].ID, of[3].ID, 10, again)
	wantUserEvents(t, b, grace, of[2].ID, of[3].ID, 10, again)
}

func racingEventsAllCount(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	e := newEvent(start, 1)
	const events = 10
	var tries atomic.Int64
	var wg sync.WaitGroup
	for n := range events {
		wg.Go(func() {
			s := a
			if n%2 == 0 {
				s = b
			}
			if err := retry(t.Context(), vault.ErrStoreUnavailable, func() error {
				tries.Add(1)
				return s.AddEvent(t.Context(), e)
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	// A store that was too slow to answer may have stored the event.
	got, err := a.Events(t.Context(), always, never, 10)
	if err != nil || len(got) != 1 || got[0].Count < events || got[0].Count > tries.Load() {
		t.Errorf("%d events in %d tries are %+v, %v", events, tries.Load(), got, err)
	}
}

func eventsOutliveTheirUser(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	e := newEvent(start, 2)
	e.WhoID = u.ID
	e = addEvent(t, s, e)
	if err := s.DeleteUser(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	wantEvents(t, s, always, never, 10, e)
}
