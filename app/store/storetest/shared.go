package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// shared creates a shared vault of a user.
func shared(t *testing.T, s vault.Store, by *testvault.Vault) *testvault.Vault {
	t.Helper()
	v, f := by.Owner.FoundShared()
	if err := s.CreateVault(t.Context(), f); err != nil {
		t.Fatalf("create a shared vault: %v", err)
	}
	return v
}

// writeBy stores a write of a member.
func writeBy(t *testing.T, s vault.Store, v *testvault.Vault, by *testvault.Person, ops ...testvault.Operation) {
	t.Helper()
	d := v.By(by).Draft(ops...)
	d.Now = start
	if err := s.ApplyWrite(t.Context(), d.WriteChange); err != nil {
		t.Fatalf("write %d: %v", d.Write.Revision, err)
	}
	v.Apply(d)
}

func userIDOf(v *testvault.Vault) vault.UserID { return vault.UserID(v.Owner.ID.String()) }

// wantMember checks what the store lists for a user of one shared vault; role 0 is a former member.
func wantMember(t *testing.T, s vault.Store, user, v *testvault.Vault, role chain.Role, left int64) {
	t.Helper()
	list, err := s.Memberships(t.Context(), userIDOf(user))
	if err != nil {
		t.Fatal(err)
	}
	var want []vault.Membership
	if role != 0 {
		want = append(want, vault.Membership{Vault: v.ID, Role: role, Revision: v.State.Revision, Sequence: v.State.Entry.Sequence})
	}
	if !slices.Equal(list, want) {
		t.Errorf("%s is listed with %+v, want %+v", user.Owner.Username, list, want)
	}
	sequence, err := s.Left(t.Context(), userIDOf(user), v.ID)
	if left == 0 {
		wantError(t, user.Owner.Username+" left", err, vault.ErrNotFound)
	} else if err != nil || sequence != left {
		t.Errorf("%s left with entry %d, %v, want %d", user.Owner.Username, sequence, err, left)
	}
}

// wantCards checks which cards the vault has of a user, by their generations.
func wantCards(t *testing.T, s vault.Store, v *testvault.Vault, user *testvault.Person, generations ...int) {
	t.Helper()
	got, err := s.VaultCards(t.Context(), v.ID, []chain.ID{seal.NewID(), user.ID})
	if err != nil {
		t.Fatal(err)
	}
	var want [][]byte
	for _, g := range generations {
		want = append(want, user.Cards[g-1].Encode())
	}
	if len(got) != 2 || len(got[0]) != 0 {
		t.Fatalf("cards of %d users, with %d of an unknown one", len(got), len(got[0]))
	}
	wantBlobs(t, "cards of the vault", got[1], want)
}

func sharedVaultRoundTrip(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	ada, bob := founded(t, a, "ada"), founded(t, a, "bob")
	v := shared(t, a, ada)
	wantMember(t, b, ada, v, chain.Owner, 0)
	wantMember(t, b, bob, v, 0, 0)
	wantVault(t, b, v)
	write(t, a, v, items(v, 2, 10)...)

	follow(t, a, v, v.DraftAdd(chain.Reader, bob.Owner))
	wantMember(t, b, bob, v, chain.Reader, 0)
	follow(t, b, v, v.DraftRole(bob.Owner, chain.Editor))
	wantMember(t, b, bob, v, chain.Editor, 0)
	writeBy(t, a, v, bob.Owner, items(v, 1, 10)...)
	policy := []byte("policy")
	e := v.DraftPolicy(policy)
	follow(t, a, v, e)
	if got, err := b.Envelope(t.Context(), v.ID, e.Entry.Annex); err != nil || string(got) != "policy" {
		t.Errorf("the policy is %q, %v", got, err)
	}
	for generation := range int64(2) {
		follow(t, a, bob, accountEntry(bob, generation+1, testvault.Renewal{Card: true}))
	}
	e = v.By(bob.Owner).DraftRecard(bob.Owner)
	e.Cards = bob.Owner.Cards[1:]
	follow(t, a, v, e)
	wantCards(t, b, v, bob.Owner, 1, 2, 3)
	wantCards(t, b, v, ada.Owner, 1)
	wantVault(t, b, v)

	follow(t, b, v, v.DraftRemove(bob.Owner))
	wantMember(t, a, bob, v, 0, 5)
	wantMember(t, a, ada, v, chain.Owner, 0)
	follow(t, b, v, v.DraftAdd(chain.Manager, bob.Owner))
	wantMember(t, a, bob, v, chain.Manager, 0)
	follow(t, b, v, v.By(bob.Owner).DraftLeave())
	wantMember(t, a, bob, v, 0, 7)
	wantVault(t, a, v)

	for after, want := range map[int64]int{-1: 3, 4: 3, 5: 2, 7: 0} {
		entries, err := b.Entries(t.Context(), v.ID, after, 3)
		if err != nil || len(entries) != want {
			t.Errorf("at most 3 entries after %d: %d, %v", after, len(entries), err)
		}
	}
}

func sharedVaultIsCreatedWholeOrNot(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	ada, bob := founded(t, s, "ada"), founded(t, s, "bob")
	v := shared(t, s, ada)
	create := func(what string, by *testvault.Person, id chain.ID, quota int, want error) {
		t.Helper()
		_, f := by.FoundSharedAs(id)
		f.Quota = quota
		wantError(t, what, s.CreateVault(t.Context(), f), want)
	}
	create("the id of a shared vault", bob.Owner, v.ID, 0, vault.ErrVaultIDTaken)
	create("the id of a personal vault", bob.Owner, ada.ID, 0, vault.ErrVaultIDTaken)
	create("above the quota", ada.Owner, seal.NewID(), 1, vault.ErrVaultQuota)
	create("by nobody", testvault.NewPerson("carol"), seal.NewID(), 0, vault.ErrNotFound)
	create("by another user of the name", testvault.NewPerson("ada"), seal.NewID(), 0, vault.ErrNotFound)
	again, f := testvault.NewPerson("dave").FoundAs(v.ID)
	wantError(t, "an account with its id", s.CreateAccount(t.Context(), accountOf(again), f), vault.ErrVaultIDTaken)
	wantMember(t, s, ada, v, chain.Owner, 0)
	wantMember(t, s, bob, v, 0, 0)
	create("within the quota", ada.Owner, seal.NewID(), 2, nil)
	create("by another user", bob.Owner, seal.NewID(), 1, nil)
}

func racingVaultsKeepTheQuota(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	ada := founded(t, s, "ada")
	const quota, rivals = 3, 8
	errs := make([]error, rivals)
	var wg sync.WaitGroup
	for i := range rivals {
		_, f := ada.Owner.FoundShared()
		f.Quota = quota
		wg.Go(func() {
			errs[i] = retry(t.Context(), vault.ErrStoreUnavailable, func() error { return s.CreateVault(t.Context(), f) })
		})
	}
	wg.Wait()
	created := 0
	for _, err := range errs {
		if err == nil {
			created++
		} else {
			wantError(t, "creation", err, vault.ErrVaultQuota)
		}
	}
	list, err := s.Memberships(t.Context(), userIDOf(ada))
	if err != nil || created != quota || len(list) != quota {
		t.Errorf("%d were created, and %d are listed, %v", created, len(list), err)
	}
}

// A roster that does not fit into a transaction of DynamoDB.
func largeRosters(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	ada, bob := founded(t, a, "ada"), founded(t, a, "bob")
	v := shared(t, a, ada)
	people := []*testvault.Person{bob.Owner}
	for i := range 60 {
		people = append(people, testvault.NewPerson(fmt.Sprintf("member-%d", i)))
	}
	follow(t, a, v, v.DraftAdd(chain.Reader, people...))
	wantMember(t, b, bob, v, chain.Reader, 0)
	wantCards(t, b, v, people[60], 1)
	write(t, b, v, items(v, 1, 10)...)
	stale := v.DraftRemove(people[1])
	follow(t, b, v, v.DraftRemove(bob.Owner))
	wantMember(t, a, bob, v, 0, 2)
	for _, m := range v.State.Entry.Roster {
		if _, err := a.Envelope(t.Context(), v.ID, m.Envelope); err != nil {
			t.Fatalf("envelope: %v", err)
		}
	}
	wantError(t, "a late entry", a.AppendEntry(t.Context(), stale.EntryChange), vault.ErrRevisionConflict)
	write(t, a, v, items(v, 50, 10)...)
	wantVault(t, b, v)
}

// Of two entries at the same place one is stored, with its memberships and not those of the other.
func rivalEntriesHaveOneWinner(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	ada, bob, eve := founded(t, a, "ada"), founded(t, a, "bob"), founded(t, a, "eve")
	v := shared(t, a, ada)
	rivals := []testvault.Entry{v.DraftAdd(chain.Reader, bob.Owner), v.DraftAdd(chain.Editor, eve.Owner)}
	errs := make([]error, len(rivals))
	var wg sync.WaitGroup
	for i, s := range []vault.Store{a, b} {
		wg.Go(func() { errs[i] = s.AppendEntry(t.Context(), rivals[i].EntryChange) })
	}
	wg.Wait()
	winner := 0
	if errs[0] != nil {
		winner = 1
	}
	if errs[winner] != nil || !errors.Is(errs[1-winner], vault.ErrRevisionConflict) {
		t.Fatalf("errors: %v", errs)
	}
	v.Follow(rivals[winner])
	users, roles := []*testvault.Vault{bob, eve}, []chain.Role{chain.Reader, chain.Editor}
	wantMember(t, a, users[winner], v, roles[winner], 0)
	wantMember(t, a, users[1-winner], v, 0, 0)
	wantVault(t, b, v)
}

func envelopesWaitForTheirEntry(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	ada := founded(t, s, "ada")
	v := shared(t, s, ada)
	bob := seal.NewID()
	put := func(user chain.ID, part int, at time.Duration, envelopes ...string) {
		t.Helper()
		p := vault.EnvelopePart{User: user, Part: part}
		for _, e := range envelopes {
			p.Envelopes = append(p.Envelopes, []byte(e))
		}
		if err := s.PutEnvelopes(t.Context(), v.ID, p, start.Add(at)); err != nil {
			t.Fatal(err)
		}
	}
	want := func(what string, user chain.ID, at time.Duration, envelopes ...string) {
		t.Helper()
		pending, err := s.PendingEnvelopes(t.Context(), v.ID, user, start.Add(at))
		var got []string
		for _, e := range pending {
			got = append(got, string(e))
		}
		slices.Sort(got)
		if err != nil || !slices.Equal(got, envelopes) {
			t.Errorf("%s: %q, %v, want %q", what, got, err, envelopes)
		}
	}
	put(ada.Owner.ID, 1, 0, "one", "two")
	put(ada.Owner.ID, protocol.MaxEnvelopeParts, time.Hour, "ten")
	put(bob, 1, 0, "other")
	want("all parts", ada.Owner.ID, time.Hour, "one", "ten", "two")
	put(ada.Owner.ID, 1, time.Hour, "three")
	want("a part again", ada.Owner.ID, time.Hour, "ten", "three")
	want("of another user", bob, vault.PendingLife-1, "other")
	want("after their life", bob, vault.PendingLife)
	put(ada.Owner.ID, 2, vault.PendingLife, "four")
	want("the younger ones", ada.Owner.ID, vault.PendingLife, "four", "ten", "three")
	err := s.PutEnvelopes(t.Context(), seal.NewID(), vault.EnvelopePart{User: bob, Part: 1, Envelopes: [][]byte{{1}}}, start)
	wantError(t, "of an unknown vault", err, vault.ErrNotFound)
}

func deletedMembersLeaveTheirLines(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	ada, bob, eve := founded(t, s, "ada"), founded(t, s, "bob"), founded(t, s, "eve")
	v, alone := shared(t, s, ada), shared(t, s, ada)
	follow(t, s, v, v.DraftAdd(chain.Editor, bob.Owner))
	follow(t, s, alone, alone.DraftAdd(chain.Editor, eve.Owner))
	follow(t, s, alone, alone.DraftRemove(eve.Owner))
	write(t, s, alone, items(alone, 3, 10)...)
	chunks := testvault.Chunks("one")
	putChunks(t, s, alone, chunks...)
	write(t, s, alone, testvault.Attach(chunks[0].Attachment, chunks))
	if err := s.DeleteUser(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	wantNoVault(t, s, alone)
	_, err := s.Left(t.Context(), userIDOf(eve), alone.ID)
	if head, headErr := s.Head(t.Context(), v.ID); headErr != nil || len(head.State.Entry.Roster) != 2 {
		t.Fatalf("the vault with another member: %v", headErr)
	}
	if err != nil {
		wantError(t, "a former member of a vault that is gone", err, vault.ErrNotFound)
	}
	wantCards(t, s, v, ada.Owner, 1)
	wantMember(t, s, bob, v, chain.Editor, 0)
	if list, err := s.Memberships(t.Context(), userIDOf(ada)); err != nil || len(list) != 0 {
		t.Errorf("the deleted user is listed with %+v, %v", list, err)
	}
	writeBy(t, s, v, bob.Owner, items(v, 1, 10)...)
	if err := s.DeleteUser(t.Context(), "bob"); err != nil {
		t.Fatal(err)
	}
	_, err = s.Head(t.Context(), v.ID)
	wantError(t, "the vault that nobody is left in", err, vault.ErrNotFound)
	_, again := eve.Owner.FoundSharedAs(v.ID)
	wantError(t, "its id again", s.CreateVault(t.Context(), again), vault.ErrVaultIDTaken)
}

func racingDeletionsLeaveNoVault(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	ada, bob := founded(t, a, "ada"), founded(t, a, "bob")
	v := shared(t, a, ada)
	follow(t, a, v, v.DraftAdd(chain.Owner, bob.Owner))
	var wg sync.WaitGroup
	for name, s := range map[vault.Username]vault.Store{"ada": a, "bob": b} {
		wg.Go(func() {
			err := retry(t.Context(), vault.ErrStoreUnavailable, func() error { return s.DeleteUser(t.Context(), name) })
			if err != nil {
				t.Errorf("delete %s: %v", name, err)
			}
		})
	}
	wg.Wait()
	wantNoVault(t, a, v)
}

func feedTellsOfMembers(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	ada, bob := founded(t, a, "ada"), founded(t, a, "bob")
	f := beginFeed(t, b)
	if _, err := f.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	v := shared(t, a, ada)
	at := func(members bool) vault.Change {
		return vault.Change{Vault: v.ID, Revision: v.State.Revision, Sequence: v.State.Entry.Sequence, Members: members}
	}
	wantNews(t, "a new vault", f, at(true))
	for _, c := range []struct {
		what    string
		entry   func() testvault.Entry
		members bool
	}{
		{"add", func() testvault.Entry { return v.DraftAdd(chain.Reader, bob.Owner) }, true},
		{"rotate", func() testvault.Entry { return v.DraftSame(chain.OpRotate) }, false},
		{"role", func() testvault.Entry { return v.DraftRole(bob.Owner, chain.Owner) }, true},
		{"remove", func() testvault.Entry { return v.DraftRemove(bob.Owner) }, true},
		{"close", func() testvault.Entry { return v.DraftSame(chain.OpClose) }, false},
	} {
		follow(t, a, v, c.entry())
		wantNews(t, c.what, f, at(c.members))
	}
}
