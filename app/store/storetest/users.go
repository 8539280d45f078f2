package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
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

	u.KDF = protocol.KDF{Salt: randomID(), MemoryKiB: 1 << 20, Time: 20, Threads: 16}
	u.AuthHash, u.RecoveryAuthHash = []byte{0, 1, 255}, []byte("r")
	u.WrappedKey, u.RecoveryWrappedKey = "w2", "r2"
	u.TOTPSecret, u.TOTPLastStep = "", 0
	changed := u
	changed.Created, changed.Revision, changed.Manifest, changed.Deleting = start.Add(time.Hour), 7, "forged", true
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
	wantError(t, "same name", s.CreateUser(t.Context(), sameName), vault.ErrUsernameTaken)
	wantUser(t, s, u)
	// The rejected registration has not used up its ID.
	sameName.Username = "grace"
	if err := s.CreateUser(t.Context(), sameName); err != nil {
		t.Errorf("the ID of a rejected registration: %v", err)
	}

	sameID := newUser("hedy")
	sameID.ID = u.ID
	wantError(t, "same id", s.CreateUser(t.Context(), sameID), vault.ErrUserIDTaken)
	_, err := s.User(t.Context(), "hedy")
	wantError(t, "user of a used id", err, vault.ErrNotFound)
}

func updateUserIsConditional(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	stale := u
	stale.Generation, stale.WrappedKey = 2, "stale"
	wantError(t, "update of another generation", s.UpdateUser(t.Context(), stale), vault.ErrConflict)
	other := u
	other.ID = vault.UserID(randomID())
	wantError(t, "update of a former user with this name", s.UpdateUser(t.Context(), other), vault.ErrNotFound)
	wantError(t, "update of an unknown user", s.UpdateUser(t.Context(), newUser("nobody")), vault.ErrNotFound)
	wantUser(t, s, u)
	_, err := s.User(t.Context(), "nobody")
	wantError(t, "user after a rejected update", err, vault.ErrNotFound)
}

func deletedUserLeavesOnlyItsID(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	v := putSession(t, s, u, start)
	id := randomID()
	apply(t, s, u, 0, []protocol.Put{put(overview(id, 1), "a"), put(details(id, 1), "p")})
	if err := s.DeleteUser(t.Context(), u.Username); err != nil {
		t.Fatal(err)
	}

	_, err := s.User(t.Context(), u.Username)
	wantError(t, "user", err, vault.ErrNotFound)
	_, err = vault.Collect(t.Context(), s, u.Username, 0)
	wantError(t, "changes", err, vault.ErrNotFound)
	_, err = s.Apply(t.Context(), u.Username, change(1, nil))
	wantError(t, "apply", err, vault.ErrNotFound)
	_, err = s.Session(t.Context(), v.Hash, start)
	wantError(t, "session", err, vault.ErrNotFound)
	wantError(t, "put session", s.PutSession(t.Context(), newSession(u, start)), vault.ErrNotFound)
	wantError(t, "delete again", s.DeleteUser(t.Context(), u.Username), vault.ErrNotFound)

	u.Username = "grace"
	wantError(t, "its ID under another name", s.CreateUser(t.Context(), u), vault.ErrUserIDTaken)
	again := createUser(t, s, "ada")
	wantUser(t, s, again)
	wantRecords(t, changes(t, s, "ada", 0), nil)
	apply(t, s, again, 0, []protocol.Put{put(details(id, 1), "the place belongs to the new user")})
}

func deleteUserCanBeResumed(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	for base := range int64(3) {
		apply(t, s, u, base, manyDetails(250, 10))
	}
	putSession(t, s, u, start)

	// Cancel later and later, until a deletion completes.
	for wait := time.Duration(0); ; wait += 500 * time.Microsecond {
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
		_, err = vault.Collect(t.Context(), s, u.Username, 0)
		if got.Deleting {
			wantError(t, "changes of a half-deleted user", err, vault.ErrNotFound)
			_, err = s.Apply(t.Context(), u.Username, change(3, nil))
			wantError(t, "apply to a half-deleted user", err, vault.ErrNotFound)
			wantError(t, "update of a half-deleted user", s.UpdateUser(t.Context(), got), vault.ErrNotFound)
			wantError(t, "session of a half-deleted user", s.PutSession(t.Context(), newSession(u, start)), vault.ErrNotFound)
			wantError(t, "the name of a half-deleted user", s.CreateUser(t.Context(), newUser("ada")), vault.ErrUsernameTaken)
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
	users := make([]vault.User, racers)
	var wg sync.WaitGroup
	for i := range racers {
		users[i] = newUser("ada")
		wg.Go(func() { errs[i] = stores[i%len(stores)].CreateUser(t.Context(), users[i]) })
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
	wantUser(t, stores[0], users[won])
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
