package storetest

import (
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

func wantSessions(t *testing.T, s vault.Store, id vault.UserID, now time.Time, want ...vault.Session) {
	t.Helper()
	got, err := s.Sessions(t.Context(), id, now)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("sessions are\n%v, want\n%v", got, want)
	}
}

func sessionLife(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	u := createUser(t, a, "ada")
	v := putSession(t, a, u, start)
	got, err := b.Session(t.Context(), v.Hash, start)
	if err != nil || got != v {
		t.Fatalf("session is %+v, %v, want %+v", got, err, v)
	}

	v.LastSeen, v.Expires = start.Add(time.Minute), start.Add(2*time.Hour)
	if err := b.TouchSession(t.Context(), v.Hash, v.LastSeen, v.Expires); err != nil {
		t.Fatal(err)
	}
	if err := b.TouchSession(t.Context(), v.Hash, start, start.Add(time.Hour)); err != nil {
		t.Errorf("late touch: %v", err)
	}
	got, err = a.Session(t.Context(), v.Hash, start.Add(90*time.Minute))
	if err != nil || got != v {
		t.Errorf("session is %+v, %v, want %+v", got, err, v)
	}

	unknown := newSession(u, start)
	_, err = a.Session(t.Context(), unknown.Hash, start)
	wantError(t, "unknown session", err, vault.ErrNotFound)
	wantError(t, "touch of an unknown session", a.TouchSession(t.Context(), unknown.Hash, start, v.Expires), vault.ErrNotFound)
	_, err = a.Session(t.Context(), unknown.Hash, start)
	wantError(t, "session after a rejected touch", err, vault.ErrNotFound)
	wantError(t, "the same hash again", a.PutSession(t.Context(), v), vault.ErrConflict)
}

func sessionsExpire(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	early := putSession(t, s, u, start)
	late := putSession(t, s, u, start.Add(time.Minute))
	wantSessions(t, s, u.ID, start, late, early)
	wantSessions(t, s, u.ID, early.Expires, late)
	wantSessions(t, s, u.ID, late.Expires)
	if _, err := s.Session(t.Context(), early.Hash, early.Expires.Add(-time.Millisecond)); err != nil {
		t.Errorf("a millisecond before expiry: %v", err)
	}
	_, err := s.Session(t.Context(), early.Hash, early.Expires)
	wantError(t, "session at expiry", err, vault.ErrNotFound)
	wantError(t, "touch at expiry", s.TouchSession(t.Context(), early.Hash, early.Expires, late.Expires), vault.ErrNotFound)
}

func sessionsAreRevoked(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	ada, eve := createUser(t, a, "ada"), createUser(t, a, "eve")
	adas := []vault.Session{putSession(t, a, ada, start.Add(3)), putSession(t, a, ada, start.Add(2*time.Second)), putSession(t, a, ada, start.Add(time.Second))}
	adas[0], adas[1], adas[2] = adas[1], adas[2], adas[0]
	adas[2].Created, adas[2].LastSeen, adas[2].Expires = start, start, start.Add(time.Hour) // truncated to the millisecond
	eves := putSession(t, a, eve, start)

	wantError(t, "another user's session", a.DeleteSession(t.Context(), eve.ID, adas[0].Hash), vault.ErrNotFound)
	wantError(t, "unknown session", a.DeleteSession(t.Context(), ada.ID, newSession(ada, start).Hash), vault.ErrNotFound)
	wantSessions(t, b, ada.ID, start, adas...)

	if err := a.DeleteSession(t.Context(), ada.ID, adas[1].Hash); err != nil {
		t.Fatal(err)
	}
	wantError(t, "deleted twice", a.DeleteSession(t.Context(), ada.ID, adas[1].Hash), vault.ErrNotFound)
	wantSessions(t, b, ada.ID, start, adas[0], adas[2])

	if err := b.DeleteSessions(t.Context(), ada.ID, adas[2].Hash); err != nil {
		t.Fatal(err)
	}
	wantSessions(t, a, ada.ID, start, adas[2])
	if err := b.DeleteSessions(t.Context(), ada.ID, ""); err != nil {
		t.Fatal(err)
	}
	wantSessions(t, a, ada.ID, start)
	_, err := a.Session(t.Context(), adas[2].Hash, start)
	wantError(t, "revoked session", err, vault.ErrNotFound)
	wantError(t, "touch of a revoked session", a.TouchSession(t.Context(), adas[2].Hash, start, start.Add(time.Hour)), vault.ErrNotFound)
	wantSessions(t, a, eve.ID, start, eves)
}

func sessionRequiresTheUsersGeneration(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	v := newSession(u, start)
	v.Generation = u.Generation
	if err := s.UpdateUser(t.Context(), u); err != nil { // the password changes while the old one is being checked
		t.Fatal(err)
	}
	wantError(t, "session of the old password", s.PutSession(t.Context(), v), vault.ErrConflict)
	wantSessions(t, s, u.ID, start)
	v.Generation++
	if err := s.PutSession(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	v.Generation = 0
	wantSessions(t, s, u.ID, start, v)
	wantError(t, "session of an unknown user", s.PutSession(t.Context(), newSession(newUser("nobody").User, start)), vault.ErrNotFound)
	stranger := u
	stranger.ID = vault.UserID(randomID())
	wantError(t, "session of a former user with this name", s.PutSession(t.Context(), newSession(stranger, start)), vault.ErrNotFound)
}

// DeleteSessions ends every session stored before the call, regardless of their number and of concurrent calls.
func revocationIsComplete(t *testing.T, open func(t *testing.T) vault.Store) {
	stores := []vault.Store{open(t), open(t)}
	u := createUser(t, stores[0], "ada")
	const before = 120
	old := make([]vault.Session, before)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := g; i < before; i += 4 {
				old[i] = newSession(u, start)
				wantError(t, "store an old session", stores[i%2].PutSession(t.Context(), old[i]), nil)
			}
		})
	}
	wg.Wait()
	wg.Go(func() {
		for i := range 20 {
			wantError(t, "store a new session", stores[1].PutSession(t.Context(), newSession(u, start)), nil)
			// May run before or after the revocation, but must never bring a session back.
			_ = stores[1].TouchSession(t.Context(), old[i].Hash, start.Add(time.Second), start.Add(time.Hour+time.Second))
		}
	})
	if err := stores[0].DeleteSessions(t.Context(), u.ID, old[7].Hash); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	for i, v := range old {
		want := vault.ErrNotFound
		if i == 7 {
			want = nil
		}
		_, err := stores[1].Session(t.Context(), v.Hash, start)
		wantError(t, fmt.Sprintf("session %d", i), err, want)
	}
}

func throttleSwaps(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	const key = "user:ada lovelace/üñ"
	wantThrottle := func(now time.Time, want vault.Throttle) {
		t.Helper()
		got, err := b.Throttle(t.Context(), key, now)
		if err != nil || got != want {
			t.Errorf("throttle is %+v, %v, want %+v", got, err, want)
		}
	}
	wantThrottle(start, vault.Throttle{})
	wantError(t, "swap of a missing version", a.SwapThrottle(t.Context(), key, 1, vault.Throttle{}, start), vault.ErrConflict)
	wantThrottle(start, vault.Throttle{})

	state := vault.Throttle{Attempts: 3, BlockedUntil: start.Add(time.Second), Expires: start.Add(time.Minute), Version: 1}
	if err := a.SwapThrottle(t.Context(), key, 0, vault.Throttle{Attempts: 3, BlockedUntil: state.BlockedUntil, Expires: state.Expires, Version: 99}, start); err != nil {
		t.Fatal(err)
	}
	wantThrottle(start, state)
	wantError(t, "swap of none, but there is one", a.SwapThrottle(t.Context(), key, 0, state, start), vault.ErrConflict)
	wantError(t, "swap of another version", a.SwapThrottle(t.Context(), key, 2, state, start), vault.ErrConflict)
	state.Attempts, state.BlockedUntil, state.Version = 4, time.Time{}, 2
	if err := b.SwapThrottle(t.Context(), key, 1, state, start); err != nil {
		t.Fatal(err)
	}
	wantThrottle(start, state)

	wantThrottle(state.Expires.Add(-time.Millisecond), state)
	wantThrottle(state.Expires, vault.Throttle{})
	wantError(t, "swap of an expired version", a.SwapThrottle(t.Context(), key, 2, state, state.Expires), vault.ErrConflict)
	next := vault.Throttle{Attempts: 1, Expires: start.Add(time.Hour), Version: 1}
	if err := a.SwapThrottle(t.Context(), key, 0, next, state.Expires); err != nil {
		t.Fatal(err)
	}
	wantThrottle(state.Expires, next)

	for range 2 {
		if err := a.ClearThrottle(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		wantThrottle(start, vault.Throttle{})
	}
}

func racingThrottleSwapsCountAll(t *testing.T, open func(t *testing.T) vault.Store) {
	stores := []vault.Store{open(t), open(t)}
	const racers, each = 4, 5
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			s := stores[i%len(stores)]
			for range each {
				err := retry(t.Context(), vault.ErrConflict, func() error {
					state, err := s.Throttle(t.Context(), "k", start)
					if err != nil {
						return err
					}
					state.Attempts++
					state.Expires = start.Add(time.Hour)
					return s.SwapThrottle(t.Context(), "k", state.Version, state, start)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got, err := stores[0].Throttle(t.Context(), "k", start)
	if err != nil || got.Attempts != racers*each || got.Version != racers*each {
		t.Errorf("after %d attempts the throttle is %+v, %v", racers*each, got, err)
	}
}
