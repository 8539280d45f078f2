package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

func wantUser(t *testing.T, s vault.Store, want vault.User) {
	t.Helper()
	got, err := s.User(t.Context(), want.Username)
	if err != nil {
		t.Fatalf("user: %v", err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("user is\n%+v, want\n%+v", got, want)
	}
}

func userRoundTrip(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	u := createUser(t, a, "ada")
	wantUser(t, b, u)

	u.AuthHash, u.RecoveryAuthHash = []byte{0, 1, 255}, []byte("r")
	u.TOTPSecret, u.TOTPLastStep = "", 0
	changed := u
	changed.Created, changed.Keys, changed.Deleting = start.Add(time.Hour), vault.Keys{}, true
	if err := b.UpdateUser(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	u.Generation = 2
	wantUser(t, a, u)

	_, err := a.User(t.Context(), "nobody")
	wantError(t, "unknown user", err, vault.ErrNotFound)
}

func usernamesAndIDsAreUnique(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")

	sameName := newUser("ada")
	wantError(t, "same name", sameName.join(t.Context(), s), vault.ErrUsernameTaken)
	wantUser(t, s, u)
	// The rejected registration has not used up its ID.
	sameName.Username = "grace"
	if err := sameName.join(t.Context(), s); err != nil {
		t.Errorf("the ID of a rejected registration: %v", err)
	}

	sameID := newUser("hedy")
	sameID.ID = u.ID
	wantError(t, "same id", sameID.join(t.Context(), s), vault.ErrUserIDTaken)
	_, err := s.User(t.Context(), "hedy")
	wantError(t, "user of a used id", err, vault.ErrNotFound)
}

func updateUserIsConditional(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	stale := u
	stale.Generation, stale.TOTPSecret = 2, "stale"
	wantError(t, "update of another generation", s.UpdateUser(t.Context(), stale), vault.ErrConflict)
	other := u
	other.ID = vault.UserID(randomID())
	wantError(t, "update of a former user with this name", s.UpdateUser(t.Context(), other), vault.ErrNotFound)
	wantError(t, "update of an unknown user", s.UpdateUser(t.Context(), newUser("nobody").User), vault.ErrNotFound)
	wantUser(t, s, u)
	_, err := s.User(t.Context(), "nobody")
	wantError(t, "user after a rejected update", err, vault.ErrNotFound)
}

func deletedUserLeavesOnlyItsID(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	v := putSession(t, s, u, start)
	if err := s.DeleteUser(t.Context(), u.Username); err != nil {
		t.Fatal(err)
	}

	_, err := s.User(t.Context(), u.Username)
	wantError(t, "user", err, vault.ErrNotFound)
	_, err = s.Session(t.Context(), v.Hash, start)
	wantError(t, "session", err, vault.ErrNotFound)
	wantError(t, "put session", s.PutSession(t.Context(), newSession(u, start)), vault.ErrNotFound)
	wantError(t, "delete again", s.DeleteUser(t.Context(), u.Username), vault.ErrNotFound)

	sameID := newUser("grace")
	sameID.ID = u.ID
	wantError(t, "its ID under another name", sameID.join(t.Context(), s), vault.ErrUserIDTaken)
	wantUser(t, s, createUser(t, s, "ada"))
}

func deleteUserCanBeResumed(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v := founded(t, s, "ada")
	for range 3 {
		write(t, s, v, items(v, 125, 10)...)
	}
	u := accountOf(v)
	putSession(t, s, u, start)

	// Cancel later and later, until a deletion completes. The steps grow, because a slow store would need thousands of small ones.
	for wait := time.Duration(0); ; wait += 500*time.Microsecond + wait/16 {
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		err := s.DeleteUser(ctx, u.Username)
		cancel()
		if err == nil || errors.Is(err, vault.ErrNotFound) { // completed before the deadline
			break
		}
		got, err := s.User(t.Context(), u.Username)
		if errors.Is(err, vault.ErrNotFound) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if got.Deleting {
			_, err = changesOf(t.Context(), s, v.ID, 0)
			wantError(t, "changes of a half-deleted user", err, vault.ErrNotFound)
			wantError(t, "write of a half-deleted user", s.ApplyWrite(t.Context(), v.Draft(items(v, 1, 10)...).WriteChange), vault.ErrNotFound)
			wantError(t, "update of a half-deleted user", s.UpdateUser(t.Context(), got), vault.ErrNotFound)
			wantError(t, "session of a half-deleted user", s.PutSession(t.Context(), newSession(u, start)), vault.ErrNotFound)
			wantError(t, "the name of a half-deleted user", newUser("ada").join(t.Context(), s), vault.ErrUsernameTaken)
		}
	}
	wantUser(t, s, createUser(t, s, "ada"))
	all, err := s.Sessions(t.Context(), u.ID, start)
	if err != nil || len(all) != 0 {
		t.Errorf("sessions of the deleted user: %v, %v", all, err)
	}
}

func racingRegistrationsMakeOneUser(t *testing.T, open func(t *testing.T) vault.Store) {
	stores := []vault.Store{open(t), open(t), open(t)}
	const racers = 12
	errs := make([]error, racers)
	users := make([]newcomer, racers)
	var wg sync.WaitGroup
	for i := range racers {
		users[i] = newUser("ada")
		wg.Go(func() { errs[i] = users[i].join(t.Context(), stores[i%len(stores)]) })
	}
	wg.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won >= 0:
			t.Errorf("both %d and %d registered", won, i)
		case err == nil:
			won = i
		default:
			wantError(t, fmt.Sprintf("racer %d", i), err, vault.ErrUsernameTaken)
		}
	}
	if won < 0 {
		t.Fatal("none of them registered")
	}
	users[won].Generation = 1
	wantUser(t, stores[0], users[won].User)
}

func racingUpdatesAllCount(t *testing.T, open func(t *testing.T) vault.Store) {
	stores := []vault.Store{open(t), open(t)}
	u := createUser(t, stores[0], "ada")
	const racers, each = 4, 5
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			s := stores[i%len(stores)]
			for range each {
				err := retry(t.Context(), vault.ErrConflict, func() error {
					u, err := s.User(t.Context(), "ada")
					if err != nil {
						return err
					}
					u.TOTPLastStep++
					return s.UpdateUser(t.Context(), u)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	u.TOTPLastStep += racers * each
	u.Generation += racers * each
	wantUser(t, stores[0], u)
}

func serversShareOneKey(t *testing.T, open func(t *testing.T) vault.Store) {
	stores := []vault.Store{open(t), open(t)}
	keys := make([][]byte, 12)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			var err error
			if keys[i], err = stores[i%len(stores)].ServerKey(t.Context(), []byte(randomID())); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(keys[0]) == 0 {
		t.Fatal("there is no key")
	}
	for i, key := range keys {
		if !bytes.Equal(key, keys[0]) {
			t.Errorf("server %d has another key", i)
		}
	}
	wantInhabited(t, stores[0], false)
}
