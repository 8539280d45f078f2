package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

func putInvitation(t *testing.T, s vault.Store) vault.Invitation {
	t.Helper()
	i := vault.Invitation{ID: vault.InvitationID(randomID()), ProofHash: "hash of the proof", Created: start, Expires: start.Add(time.Hour)}
	if err := s.PutInvitation(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	return i
}

func invited(name string, i vault.Invitation) newcomer {
	u := newUser(name)
	u.Admission.Invitation = i.ID
	return u
}

func invitationAdmitsOneUser(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	i := putInvitation(t, a)
	if got, err := b.Invitation(t.Context(), i.ID, start); err != nil || !reflect.DeepEqual(got, i) {
		t.Errorf("invitation is %+v, %v; want %+v", got, err, i)
	}
	_, err := b.Invitation(t.Context(), vault.InvitationID(randomID()), start)
	wantError(t, "unknown invitation", err, vault.ErrNoInvitation)
	_, err = b.Invitation(t.Context(), i.ID, i.Expires)
	wantError(t, "expired invitation", err, vault.ErrNoInvitation)

	late := invited("late", i)
	late.Created = i.Expires
	wantError(t, "user with an expired invitation", late.join(t.Context(), b), vault.ErrNoInvitation)
	ada := createUser(t, a, "ada")
	wantError(t, "taken name", invited("ada", i).join(t.Context(), b), vault.ErrUsernameTaken)
	sameID := invited("hedy", i)
	sameID.ID = ada.ID
	wantError(t, "used id", sameID.join(t.Context(), b), vault.ErrUserIDTaken)
	// None of the rejected registrations used up the invitation.
	grace := invited("grace", i)
	if err := grace.join(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	grace.Generation, grace.Admission = 1, vault.Admission{}
	wantUser(t, a, grace.User)

	_, err = a.Invitation(t.Context(), i.ID, start)
	wantError(t, "used invitation", err, vault.ErrNoInvitation)
	second := invited("mary", i)
	wantError(t, "second user", second.join(t.Context(), a), vault.ErrNoInvitation)
	_, err = a.User(t.Context(), "mary")
	wantError(t, "rejected user", err, vault.ErrNotFound)
	second.Admission = vault.Admission{} // its ID is still unused
	if err := second.join(t.Context(), a); err != nil {
		t.Error(err)
	}
}

// race creates users concurrently on two stores and returns how many were stored. All others must fail with want.
func race(t *testing.T, open func(t *testing.T) vault.Store, want error, admission func(n int) vault.Admission) int64 {
	t.Helper()
	a, b := open(t), open(t)
	var stored atomic.Int64
	var wg sync.WaitGroup
	for n := range 12 {
		wg.Go(func() {
			s := a
			if n%2 == 0 {
				s = b
			}
			u := newUser(fmt.Sprintf("racer%d", n))
			u.Admission = admission(n)
			err := retry(t.Context(), vault.ErrStoreUnavailable, func() error { return u.join(t.Context(), s) })
			switch {
			case err == nil:
				stored.Add(1)
			case !errors.Is(err, want):
				t.Errorf("user %d: %v, want %v", n, err, want)
			}
		})
	}
	wg.Wait()
	return stored.Load()
}

func racingRegistrationsShareNoInvitation(t *testing.T, open func(t *testing.T) vault.Store) {
	i := putInvitation(t, open(t))
	if n := race(t, open, vault.ErrNoInvitation, func(int) vault.Admission { return vault.Admission{Invitation: i.ID} }); n != 1 {
		t.Errorf("%d users registered with one invitation", n)
	}
}

func wantInhabited(t *testing.T, s vault.Store, want bool) {
	t.Helper()
	if got, err := s.Inhabited(t.Context()); err != nil || got != want {
		t.Errorf("inhabited is %v, %v; want %v", got, err, want)
	}
}

func onlyOneUserIsTheFirst(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	wantInhabited(t, s, false)
	first := func(int) vault.Admission { return vault.Admission{First: true} }
	if n := race(t, open, vault.ErrNotFirst, first); n != 1 {
		t.Errorf("%d users were the first", n)
	}
	for n := range 12 {
		if err := s.DeleteUser(t.Context(), vault.Username(fmt.Sprintf("racer%d", n))); err != nil && !errors.Is(err, vault.ErrNotFound) {
			t.Fatal(err)
		}
	}
	wantInhabited(t, s, true)
	again := newUser("again")
	again.Admission.First = true
	wantError(t, "first user after all were deleted", again.join(t.Context(), s), vault.ErrNotFirst)
}

// byAdministrator stores an invitation that u made.
func byAdministrator(t *testing.T, s vault.Store, u vault.User, created time.Time) vault.Invitation {
	t.Helper()
	i := vault.Invitation{
		ID: vault.InvitationID(randomID()), ProofHash: "hash of the proof", Created: created, Expires: created.Add(time.Hour), By: u.Username, ByID: u.ID,
	}
	if err := s.PutInvitation(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	return i
}

func invitationsAreListedAndRevoked(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	ada := createAdministrator(t, a, "ada")
	second := byAdministrator(t, a, ada, start.Add(time.Minute))
	first := putInvitation(t, a)
	first.Administrator = true
	wantError(t, "invitation with a known id", a.PutInvitation(t.Context(), first), vault.ErrConflict)
	first.Administrator = false
	want := func(now time.Time, want ...vault.Invitation) {
		t.Helper()
		got, err := b.Invitations(t.Context(), now)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("invitations are %+v, %v; want %+v", got, err, want)
		}
	}
	want(start, first, second)
	want(first.Expires, second)
	want(second.Expires)
	if err := b.DeleteInvitation(t.Context(), second.ID); err != nil {
		t.Error(err)
	}
	wantError(t, "revoked twice", a.DeleteInvitation(t.Context(), second.ID), vault.ErrNoInvitation)
	want(start, first)
	wantError(t, "user with a revoked invitation", invited("eve", second).join(t.Context(), a), vault.ErrNoInvitation)
	if err := invited("grace", first).join(t.Context(), a); err != nil {
		t.Error(err)
	}
	want(start)
}

// An invitation with an offer is used up like any other, and then has the answer of the user.
func answersAreKept(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	ada, eve := createAdministrator(t, a, "ada"), createAdministrator(t, a, "eve")
	i := byAdministrator(t, a, ada, start)
	i.ID, i.Offer = vault.InvitationID(randomID()), strings.Repeat("o", 28<<10)
	if err := a.PutInvitation(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Invitation(t.Context(), i.ID, start); err != nil || !reflect.DeepEqual(got, i) {
		t.Errorf("invitation is %.200v, %v", got, err)
	}
	answers := func(by vault.User, now time.Time, want ...vault.Answered) {
		t.Helper()
		got, err := b.Answers(t.Context(), by.ID, now)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("answers are %+v, %v; want %+v", got, err, want)
		}
	}
	answers(ada, start)
	late := invited("late", i)
	late.Created = i.Expires
	wantError(t, "user with an expired invitation", late.join(t.Context(), b), vault.ErrNoInvitation)
	grace := invited("grace", i)
	grace.Created, grace.Admission.Answer = start, "proof"
	if err := grace.join(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	want := vault.Answered{ID: i.ID, ByID: ada.ID, UserID: grace.ID, Username: "grace", Answer: "proof"}
	answers(ada, start, want)
	answers(ada, start.Add(vault.AnswerLife-time.Second), want)
	answers(ada, start.Add(vault.AnswerLife))
	answers(eve, start)
	wantError(t, "second user", invited("mary", i).join(t.Context(), a), vault.ErrNoInvitation)
	_, err := a.Invitation(t.Context(), i.ID, start)
	wantError(t, "used invitation", err, vault.ErrNoInvitation)
	if list, err := a.Invitations(t.Context(), start); err != nil || len(list) != 1 || list[0].ID == i.ID {
		t.Errorf("open are %+v, %v", list, err)
	}
	wantError(t, "invitation with a known id", a.PutInvitation(t.Context(), i), vault.ErrConflict)
	wantError(t, "revoked after it was used", a.DeleteInvitation(t.Context(), i.ID), vault.ErrNoInvitation)
	if err := a.DeleteAnswer(t.Context(), i.ID, eve.ID); err != nil {
		t.Error(err)
	}
	answers(ada, start, want)
	for range 2 {
		if err := a.DeleteAnswer(t.Context(), i.ID, ada.ID); err != nil {
			t.Error(err)
		}
	}
	answers(ada, start)
}

// Two users with one link race for it. The answer is that of the one who came in.
func racingAnswersShareNoInvitation(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	ada := createAdministrator(t, s, "ada")
	i := byAdministrator(t, s, ada, start)
	i.ID, i.Offer = vault.InvitationID(randomID()), "offer"
	if err := s.PutInvitation(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	n := race(t, open, vault.ErrNoInvitation, func(n int) vault.Admission { return vault.Admission{Invitation: i.ID, Answer: fmt.Sprint(n)} })
	got, err := s.Answers(t.Context(), ada.ID, start)
	if err != nil || n != 1 || len(got) != 1 || string(got[0].Username) != "racer"+got[0].Answer {
		t.Errorf("%d users registered, and the answers are %+v, %v", n, got, err)
	}
}

// The open invitations of an administrator end when that administrator is suspended, demoted or removed.
func invitationEndsWithItsAdministrator(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	createAdministrator(t, s, "root")
	ada := createAdministrator(t, s, "ada")
	i := byAdministrator(t, s, ada, start)
	void := func(name string) {
		t.Helper()
		_, err := s.Invitation(t.Context(), i.ID, start)
		wantError(t, name, err, vault.ErrNoInvitation)
		wantError(t, name, invited("eve", i).join(t.Context(), s), vault.ErrNoInvitation)
	}
	demoted := setStanding(t, s, ada, vault.Standing{})
	void("demoted")
	suspended := setStanding(t, s, demoted, vault.Standing{Administrator: true, Suspended: true})
	void("suspended")
	setStanding(t, s, suspended, vault.Standing{Administrator: true})
	if got, err := s.Invitation(t.Context(), i.ID, start); err != nil || !reflect.DeepEqual(got, i) {
		t.Errorf("invitation is %+v, %v; want %+v", got, err, i)
	}
	if err := s.DeleteUser(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	createAdministrator(t, s, "ada") // another user with the name
	void("removed")
}

func invitedAdministrator(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	ada := createAdministrator(t, s, "ada")
	if !ada.Standing.Active() {
		t.Error("the user is not an administrator")
	}
	plain := newUser("eve")
	plain.Standing.Administrator = true // a registration cannot choose it
	if err := plain.join(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if got, err := s.User(t.Context(), "eve"); err != nil || got.Standing != (vault.Standing{}) {
		t.Errorf("standing is %+v, %v", got.Standing, err)
	}
}
