package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// beginFeed returns a feed of what is committed from now on.
func beginFeed(t *testing.T, s vault.Store) vault.Feed {
	t.Helper()
	f := s.Feed()
	if changes, err := f.Next(t.Context()); err != nil || len(changes) > 0 {
		t.Fatalf("the beginning of a feed has %v, %v", changes, err)
	}
	return f
}

// wantNews checks the changes that a feed has.
func wantNews(t *testing.T, what string, f vault.Feed, want ...vault.Change) {
	t.Helper()
	got, err := f.Next(t.Context())
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: the feed has\n%+v, want\n%+v", what, got, want)
	}
}

func feedHasEveryChange(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	u := accountOf(v)
	sessions := []vault.Session{putSession(t, a, u, start), putSession(t, a, u, start), putSession(t, a, u, start)}
	write(t, a, v, items(v, 1, 10)...)
	f := beginFeed(t, b)
	if _, err := f.Next(t.Context()); err != nil { // may have the write
		t.Fatal(err)
	}
	at := func(revision, sequence int64) vault.Change {
		return vault.Change{Vault: v.ID, Revision: revision, Sequence: sequence}
	}
	ended := vault.Change{Ended: u.ID}
	for _, c := range []struct {
		what string
		do   func()
		want []vault.Change
	}{
		{"a write", func() { write(t, a, v, items(v, 1, 10)...) }, []vault.Change{at(2, 1)}},
		{"nothing", func() { /* the feed was read to its end */ }, nil},
		{"a large write", func() { write(t, a, v, items(v, 70, 10)...) }, []vault.Change{at(3, 1)}},
		{"an entry", func() { follow(t, a, v, v.DraftRotate()) }, []vault.Change{at(3, 2)}},
		{"an account entry", func() { follow(t, b, v, accountEntry(v, 1, testvault.Renewal{Card: true})) }, []vault.Change{at(3, 3)}},
		{"a new session", func() { putSession(t, a, u, start) }, nil},
		{"a refused write", func() {
			d := v.Draft(items(v, 1, 10)...)
			d.Base.State.Revision--
			wantError(t, "write", a.ApplyWrite(t.Context(), d.WriteChange), vault.ErrRevisionConflict)
		}, nil},
		{"a write above the quota", func() {
			d := v.Draft(items(v, 1, 10)...)
			d.Now, d.Quota = start, vault.Quota{Items: 1}
			wantError(t, "write", a.ApplyWrite(t.Context(), d.WriteChange), vault.ErrItemQuota)
		}, nil},
		{"a refused entry", func() {
			e := v.DraftRotate()
			e.Base.State.Revision--
			wantError(t, "entry", a.AppendEntry(t.Context(), e.EntryChange), vault.ErrRevisionConflict)
		}, nil},
		{"the end of an unknown session", func() {
			wantError(t, "end", a.DeleteSession(t.Context(), u.ID, newSession(u, start).Hash), vault.ErrNotFound)
		}, nil},
		{"the end of a session", func() {
			if err := a.DeleteSession(t.Context(), u.ID, sessions[0].Hash); err != nil {
				t.Fatal(err)
			}
		}, []vault.Change{ended}},
		{"the end of others", func() {
			if err := a.DeleteSessions(t.Context(), u.ID, sessions[1].Hash); err != nil {
				t.Fatal(err)
			}
		}, []vault.Change{ended}},
		{"no others", func() {
			if err := a.DeleteSessions(t.Context(), u.ID, sessions[1].Hash); err != nil {
				t.Fatal(err)
			}
		}, nil},
		{"the end of the user", func() {
			if err := b.DeleteUser(t.Context(), u.Username); err != nil {
				t.Fatal(err)
			}
		}, []vault.Change{ended}},
	} {
		c.do()
		wantNews(t, c.what, f, c.want...)
	}
}

// A read that fails loses nothing.
func feedSurvivesFailedReads(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v := founded(t, s, "ada")
	f := beginFeed(t, s)
	write(t, s, v, items(v, 1, 10)...)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if changes, err := f.Next(gone); err == nil || errors.Is(err, vault.ErrFeedGap) || len(changes) > 0 {
		t.Errorf("a canceled read: %v, %v", changes, err)
	}
	write(t, s, v, items(v, 1, 10)...)
	got, err := f.Next(t.Context())
	if err != nil || len(got) != 2 {
		t.Errorf("after a failed read the feed has %v, %v", got, err)
	}
}

func writeMany(t *testing.T, s vault.Store, v *testvault.Vault, writes int) {
	for n := range writes {
		d := v.Draft(v.PutToken(chain.RecordOverview, chain.ID{1, byte(n)}, 1, text(10)))
		d.Now = start
		if err := s.ApplyWrite(t.Context(), d.WriteChange); err != nil {
			t.Error(err)
			return
		}
		v.Apply(d)
	}
}

// Writers on several replicas write while the feed is read all the time.
func feedMissesNothingInARace(t *testing.T, open func(t *testing.T) vault.Store) {
	stores := []vault.Store{open(t), open(t), open(t)}
	f := beginFeed(t, open(t))
	const writes = 15
	missing := map[vault.Change]bool{}
	var wg sync.WaitGroup
	for i, s := range stores {
		v := founded(t, s, "user"+string(rune('a'+i)))
		for n := range int64(writes) {
			missing[vault.Change{Vault: v.ID, Revision: n + 1, Sequence: 1}] = true
		}
		wg.Go(func() { writeMany(t, s, v, writes) })
	}
	done := make(chan struct{})
	go func() { defer close(done); wg.Wait() }()
	for last := false; ; {
		changes, err := f.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			delete(missing, c)
		}
		if last {
			break
		}
		select {
		case <-done:
			last = true // one more read, which sees all
		default:
		}
	}
	if len(missing) > 0 {
		t.Errorf("the feed never had %v", missing)
	}
}
