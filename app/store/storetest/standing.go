package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

func createAdministrator(t *testing.T, s vault.Store, name string) vault.User {
	t.Helper()
	u := newUser(name)
	u.Admission.Administrator = true
	if err := u.join(t.Context(), s); err != nil {
		t.Fatalf("create administrator: %v", err)
	}
	stored, err := s.User(t.Context(), u.Username)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// setStanding changes the standing of u and returns u as it is then.
func setStanding(t *testing.T, s vault.Store, u vault.User, next vault.Standing) vault.User {
	t.Helper()
	if err := s.SetStanding(t.Context(), u, next); err != nil {
		t.Fatalf("standing of %s: %v", u.Username, err)
	}
	u.Standing = next
	wantUser(t, s, u)
	return u
}

func standingIsConditional(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	createAdministrator(t, a, "root")
	u := createUser(t, a, "ada")
	u = setStanding(t, b, u, vault.Standing{Administrator: true})
	u = setStanding(t, a, u, vault.Standing{Administrator: true, Suspended: true})
	stale := u
	stale.Standing.Suspended = false
	wantError(t, "stale standing", b.SetStanding(t.Context(), stale, vault.Standing{}), vault.ErrConflict)
	other := u
	other.ID = vault.UserID(randomID())
	wantError(t, "former user with this name", b.SetStanding(t.Context(), other, vault.Standing{}), vault.ErrNotFound)
	wantError(t, "unknown user", b.SetStanding(t.Context(), newUser("nobody").User, vault.Standing{}), vault.ErrNotFound)
	_, err := b.User(t.Context(), "nobody")
	wantError(t, "user after a rejected change", err, vault.ErrNotFound)

	// Neither an update nor an account entry changes it.
	u.TOTPSecret = ""
	changed := u
	changed.Standing = vault.Standing{}
	if err := b.UpdateUser(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	u.Generation++
	wantUser(t, a, u)
}

func removedUserIsDeletedUnlessBroughtBack(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	createAdministrator(t, a, "root")
	u := createUser(t, a, "ada")
	putSession(t, a, u, start)
	removed := setStanding(t, a, u, vault.Standing{Suspended: true, Removed: start.UnixMilli()})
	for name, standing := range map[string]vault.Standing{
		"suspended": {Suspended: true}, "removed later": {Suspended: true, Removed: start.UnixMilli() + 1}, "plain": {},
	} {
		stale := removed
		stale.Standing = standing
		wantError(t, name, b.DeleteRemoved(t.Context(), stale), vault.ErrConflict)
		wantError(t, "standing of "+name, b.SetStanding(t.Context(), stale, vault.Standing{}), vault.ErrConflict)
	}
	other := removed
	other.ID = vault.UserID(randomID())
	wantError(t, "former user with this name", b.DeleteRemoved(t.Context(), other), vault.ErrNotFound)
	wantUser(t, b, removed)

	back := setStanding(t, b, removed, vault.Standing{})
	wantError(t, "brought back", a.DeleteRemoved(t.Context(), removed), vault.ErrConflict)
	wantUser(t, a, back)

	removed = setStanding(t, a, back, removed.Standing)
	if err := b.DeleteRemoved(t.Context(), removed); err != nil {
		t.Fatal(err)
	}
	_, err := a.User(t.Context(), "ada")
	wantError(t, "deleted user", err, vault.ErrNotFound)
	_, err = a.Head(t.Context(), u.Keys.Vault)
	wantError(t, "vault of a deleted user", err, vault.ErrNotFound)
	wantError(t, "deleted again", a.DeleteRemoved(t.Context(), removed), vault.ErrNotFound)
	createUser(t, a, "ada")
	wantError(t, "next user with this name", a.DeleteRemoved(t.Context(), removed), vault.ErrNotFound)
}

func suspendedUserGetsNoSession(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := setStanding(t, s, createUser(t, s, "ada"), vault.Standing{Suspended: true})
	v := newSession(u, start)
	for _, generation := range []int64{0, u.Generation, u.Generation + 1} {
		v.Generation = generation
		wantError(t, fmt.Sprintf("session of generation %d", generation), s.PutSession(t.Context(), v), vault.ErrSuspended)
	}
	_, err := s.Session(t.Context(), v.Hash, start)
	wantError(t, "session", err, vault.ErrNotFound)
	putSession(t, s, setStanding(t, s, u, vault.Standing{}), start)
}

func lastAdministratorStays(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	last := func(u vault.User) {
		t.Helper()
		for _, next := range []vault.Standing{{}, {Suspended: true}, {Administrator: true, Suspended: true}} {
			wantError(t, fmt.Sprintf("%+v", next), s.SetStanding(t.Context(), u, next), vault.ErrLastAdministrator)
		}
		wantError(t, "removed", s.DeleteUser(t.Context(), u.Username), vault.ErrLastAdministrator)
		wantUser(t, s, u)
	}
	ada := createAdministrator(t, s, "ada")
	wantError(t, "demoted, alone", s.SetStanding(t.Context(), ada, vault.Standing{}), vault.ErrLastAdministrator)
	bob := createUser(t, s, "bob")
	last(ada)
	// A suspended administrator does not count.
	bob = setStanding(t, s, bob, vault.Standing{Administrator: true, Suspended: true})
	last(ada)
	bob = setStanding(t, s, bob, vault.Standing{Administrator: true})
	ada = setStanding(t, s, ada, vault.Standing{Administrator: true, Suspended: true})
	last(bob)
	if err := s.DeleteUser(t.Context(), ada.Username); err != nil { // suspended
		t.Error(err)
	}
	// The only user may go.
	if err := s.DeleteUser(t.Context(), bob.Username); err != nil {
		t.Error(err)
	}
	last(createBoth(t, s))
}

// createBoth stores an administrator and a plain user, and returns the administrator.
func createBoth(t *testing.T, s vault.Store) vault.User {
	t.Helper()
	createUser(t, s, "plain")
	return createAdministrator(t, s, "root")
}

// Twelve administrators leave in every way at the same time: one remains.
func racingAdministratorsLeaveOne(t *testing.T, open func(t *testing.T) vault.Store) {
	stores := []vault.Store{open(t), open(t)}
	createUser(t, stores[0], "plain")
	const racers = 12
	users := make([]vault.User, racers)
	for i := range users {
		users[i] = createAdministrator(t, stores[0], fmt.Sprintf("racer%02d", i))
	}
	var left atomic.Int64
	var wg sync.WaitGroup
	for i, u := range users {
		wg.Go(func() {
			s := stores[i%len(stores)]
			leave := []func() error{
				func() error { return s.SetStanding(t.Context(), u, vault.Standing{}) },
				func() error {
					return s.SetStanding(t.Context(), u, vault.Standing{Administrator: true, Suspended: true})
				},
				func() error { return s.DeleteUser(t.Context(), u.Username) },
			}[i%3]
			err := retry(t.Context(), vault.ErrConflict, func() error { return retry(t.Context(), vault.ErrStoreUnavailable, leave) })
			switch {
			case err == nil:
				left.Add(1)
			case !errors.Is(err, vault.ErrLastAdministrator):
				t.Errorf("%s: %v", u.Username, err)
			}
		})
	}
	wg.Wait()
	active := 0
	for _, u := range users {
		if got, err := stores[1].User(t.Context(), u.Username); err == nil && got.Standing.Active() {
			active++
		}
	}
	if left.Load() != racers-1 || active != 1 {
		t.Errorf("%d of %d administrators left, and %d remain", left.Load(), racers, active)
	}
}

func directoryIsInOrder(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "éve") // after all ASCII names
	write(t, a, v, items(v, 3, 100)...)
	root := createAdministrator(t, a, "root")
	ada := setStanding(t, a, createUser(t, a, "ada"), vault.Standing{Suspended: true})
	createUser(t, a, "gone")
	if err := a.DeleteUser(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	eve, err := a.User(t.Context(), "éve")
	if err != nil {
		t.Fatal(err)
	}
	head, err := a.Head(t.Context(), v.ID)
	if err != nil {
		t.Fatal(err)
	}
	chunks := testvault.Chunks("one", "two")
	putChunks(t, a, v, chunks...)
	size := head.Usage.Bytes + attachmentOf(false, chunks...).Bytes
	day := func(u vault.User) time.Time { return vault.Day(u.Created) }
	all := []vault.Listed{
		{User: ada, LastSeen: day(ada)}, {User: root, LastSeen: day(root)}, {User: eve, LastSeen: day(eve), Items: head.Usage.Items, Bytes: size},
	}
	want := func(after vault.Username, limit int, want []vault.Listed) {
		t.Helper()
		got, err := b.Directory(t.Context(), after, limit)
		if err != nil || len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("users after %q are\n%+v, %v; want\n%+v", after, got, err, want)
		}
	}
	want("", 10, all)
	want("", 2, all[:2])
	want("ada", 2, all[1:])
	want("b", 1, all[1:2])
	want("éve", 10, nil)

	// Seen to the day, at sign-in and in use.
	tomorrow := vault.Day(start).Add(36 * time.Hour)
	session := newSession(root, tomorrow)
	session.Expires = tomorrow.Add(48 * time.Hour)
	if err := a.PutSession(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	all[1].LastSeen = vault.Day(tomorrow)
	want("", 10, all)
	later := tomorrow.Add(12 * time.Hour)
	for _, now := range []time.Time{tomorrow.Add(time.Minute), later, later.Add(time.Minute)} {
		if err := b.TouchSession(t.Context(), session.Hash, now, session.Expires); err == nil {
			all[1].LastSeen = vault.Day(now)
		} else {
			t.Error(err)
		}
		want("", 10, all)
	}
	putSession(t, a, root, start) // a clock that is behind
	want("", 10, all)
}
