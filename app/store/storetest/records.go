package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// manyDetails returns puts at n different places, each with a token of size bytes.
func manyDetails(n, size int) []protocol.Put {
	puts := make([]protocol.Put, n)
	for i := range puts {
		puts[i] = put(details(randomID(), 1), strings.Repeat("x", size))
	}
	return puts
}

func changesSince(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	u := createUser(t, a, "ada")
	wantRecords(t, changes(t, b, "ada", 0), nil)

	x, y := randomID(), randomID()
	apply(t, a, u, 0, []protocol.Put{put(overview(x, 1), "ax1"), put(details(x, 1), "px1")})
	apply(t, b, u, 1, []protocol.Put{put(overview(y, 1), "ay1"), put(details(y, 1), "py1")})
	apply(t, a, u, 2, []protocol.Put{put(overview(x, 2), "ax2"), put(details(x, 2), "px2")})
	apply(t, a, u, 3, nil)

	r := changes(t, b, "ada", 0)
	if r.Revision != 4 {
		t.Errorf("revision is %d, want 4", r.Revision)
	}
	wantRecords(t, r, map[protocol.Place]string{
		details(x, 1): "px1", overview(y, 1): "ay1", details(y, 1): "py1", overview(x, 2): "ax2", details(x, 2): "px2",
	})
	wantRecords(t, changes(t, b, "ada", 1), map[protocol.Place]string{
		overview(y, 1): "ay1", details(y, 1): "py1", overview(x, 2): "ax2", details(x, 2): "px2",
	})
	wantRecords(t, changes(t, b, "ada", 2), map[protocol.Place]string{overview(x, 2): "ax2", details(x, 2): "px2"})
	wantRecords(t, changes(t, b, "ada", 3), nil)
	wantRecords(t, changes(t, b, "ada", 4), nil)
	// A device ahead of the vault must learn the vault's revision.
	if r := changes(t, b, "ada", 9); r.Revision != 4 || len(r.Records) != 0 {
		t.Errorf("changes since 9 are %+v", r)
	}
	got, err := b.User(t.Context(), "ada")
	if err != nil || got.Revision != 4 || got.Manifest != manifest(4) || got.Generation != 1 {
		t.Errorf("user is %+v, %v", got, err)
	}

	_, err = vault.Collect(t.Context(), a, "nobody", 0)
	wantError(t, "changes of an unknown user", err, vault.ErrNotFound)
	_, err = a.Apply(t.Context(), "nobody", change(0, nil))
	wantError(t, "apply to an unknown user", err, vault.ErrNotFound)
}

func tombstonesOnlyInDeltas(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	x := randomID()
	apply(t, s, u, 0, []protocol.Put{put(overview(x, 1), "a1"), put(details(x, 1), "p1"), put(details(x, 2), "p2")})
	apply(t, s, u, 1, nil, overview(x, 1), details(x, 1))
	wantRecords(t, changes(t, s, "ada", 0), map[protocol.Place]string{details(x, 2): "p2"})
	wantRecords(t, changes(t, s, "ada", 1), map[protocol.Place]string{overview(x, 1): "(deleted)", details(x, 1): "(deleted)"})
	wantRecords(t, changes(t, s, "ada", 2), nil)

	// An overview may come back (one device deletes, another edits); a version of the details may not.
	apply(t, s, u, 2, []protocol.Put{put(overview(x, 2), "a2")})
	wantRecords(t, changes(t, s, "ada", 1), map[protocol.Place]string{overview(x, 2): "a2", details(x, 1): "(deleted)"})
	_, err := s.Apply(t.Context(), "ada", change(3, []protocol.Put{put(details(x, 1), "again")}))
	wantError(t, "put at the place of a tombstone", err, vault.ErrInvalidChange)
}

func conflictChangesNothing(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	x := randomID()
	apply(t, s, u, 0, []protocol.Put{put(overview(x, 1), "a1")})
	before := changes(t, s, "ada", 0)
	for _, base := range []int64{0, 2, 100} {
		for _, n := range []int{1, 400} {
			c := change(base, append(manyDetails(n, 10), put(overview(x, 2), "late")), details(randomID(), 1))
			_, err := s.Apply(t.Context(), "ada", c)
			wantError(t, fmt.Sprintf("%d records on base %d", n, base), err, vault.ErrRevisionConflict)
		}
	}
	wantRecords(t, changes(t, s, "ada", 0), byPlace(before))
}

func invalidChangesLeaveNothing(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	x := randomID()
	apply(t, s, u, 0, []protocol.Put{put(overview(x, 1), "a1"), put(details(x, 1), "p1"), put(details(x, 2), "p2")})
	apply(t, s, u, 1, nil, details(x, 2))
	before := changes(t, s, "ada", 0)
	good := put(overview(x, 2), "a2")
	for name, c := range map[string]vault.Change{
		"put at a used place":                change(2, []protocol.Put{good, put(details(x, 1), "p")}),
		"put at a deleted place":             change(2, []protocol.Put{good, put(details(x, 2), "p")}),
		"delete of an unknown overview":      change(2, []protocol.Put{good}, overview(randomID(), 1)),
		"delete of unknown details":          change(2, []protocol.Put{good}, details(x, 3)),
		"delete of deleted details":          change(2, []protocol.Put{good}, details(x, 2)),
		"delete of another overview version": change(2, nil, overview(x, 2)),
	} {
		_, err := s.Apply(t.Context(), "ada", c)
		wantError(t, name, err, vault.ErrInvalidChange)
	}
	after := changes(t, s, "ada", 0)
	if after.Revision != 2 {
		t.Errorf("revision is %d, want 2", after.Revision)
	}
	wantRecords(t, after, byPlace(before))
}

func largeChangeIsAtomic(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	u := createUser(t, a, "ada")
	want := map[protocol.Place]string{}
	first := append(manyDetails(protocol.MaxChangeRecords-1, 100), put(overview(randomID(), 1), "a1"))
	apply(t, a, u, 0, first)
	for _, p := range first {
		want[p.Place] = p.Token
	}
	wantRecords(t, changes(t, b, "ada", 0), want)

	var deletes []protocol.Place
	delta := map[protocol.Place]string{}
	for _, p := range first[:200] {
		deletes = append(deletes, p.Place)
		delete(want, p.Place)
		delta[p.Place] = "(deleted)"
	}
	second := manyDetails(299, 5000)
	replaced := first[len(first)-1].Place
	delete(want, replaced)
	replaced.Version = 2
	second = append(second, put(replaced, "a2"))
	for _, p := range second {
		want[p.Place], delta[p.Place] = p.Token, p.Token
	}
	apply(t, b, u, 1, second, deletes...)
	wantRecords(t, changes(t, a, "ada", 0), want)
	wantRecords(t, changes(t, a, "ada", 1), delta)
	apply(t, a, u, 2, manyDetails(1, 10))

	// As many tokens of the maximum size as fit into a request body.
	big := manyDetails(63, protocol.MaxTokenBytes)
	apply(t, a, u, 3, big)
	if got := byPlace(changes(t, b, "ada", 3)); len(got) != len(big) || got[big[62].Place] != big[62].Token {
		t.Errorf("%d of %d large records came back", len(got), len(big))
	}
}

func largeInvalidChangeLeavesNothing(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	x := randomID()
	apply(t, s, u, 0, []protocol.Put{put(overview(x, 1), "a1"), put(details(x, 1), "p1")})
	before := changes(t, s, "ada", 0)
	for name, c := range map[string]vault.Change{
		"used place":      change(1, append(manyDetails(400, 10), put(details(x, 1), "p"))),
		"unknown record":  change(1, manyDetails(400, 10), details(x, 2)),
		"another version": change(1, manyDetails(400, 10), overview(x, 2)),
	} {
		_, err := s.Apply(t.Context(), "ada", c)
		wantError(t, name, err, vault.ErrInvalidChange)
		wantRecords(t, changes(t, s, "ada", 0), byPlace(before))
	}
	apply(t, s, u, 1, manyDetails(400, 10))
}

func pagesOverOneMegabyte(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	want := map[protocol.Place]string{}
	for base := range int64(4) {
		puts := manyDetails(20, 60_000)
		for i := range 20 {
			puts = append(puts, put(overview(puts[i].ItemID, 1), strings.Repeat("y", 30_000)))
		}
		for _, p := range puts {
			want[p.Place] = p.Token
		}
		apply(t, s, u, base, puts)
	}
	r := changes(t, s, "ada", 0)
	wantRecords(t, r, want)
	wantRecords(t, changes(t, s, "ada", 3), byPlace(protocol.VaultResponse{Records: r.Records[len(r.Records)-40:]}))
}

// Writers on several replicas make small and large changes: each revision must be exactly one writer's change.
func racingChangesAreSerial(t *testing.T, open func(t *testing.T) vault.Store) {
	stores := []vault.Store{open(t), open(t), open(t)}
	createUser(t, stores[0], "ada")
	const racers, each = 6, 4
	var mu sync.Mutex
	written := map[int64][]protocol.Put{}
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			s := stores[i%len(stores)]
			for n := range each {
				puts := manyDetails(2, 20)
				if (i+n)%4 == 0 {
					puts = manyDetails(130, 20)
				}
				var base int64
				err := retry(t.Context(), vault.ErrRevisionConflict, func() error {
					u, err := s.User(t.Context(), "ada")
					if err != nil {
						return err
					}
					base = u.Revision
					_, err = s.Apply(t.Context(), "ada", change(base, puts))
					return err
				})
				if err != nil {
					t.Errorf("writer %d: %v", i, err)
					return
				}
				mu.Lock()
				if written[base+1] != nil {
					t.Errorf("revision %d was assigned twice", base+1)
				}
				written[base+1] = puts
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	r := changes(t, stores[0], "ada", 0)
	if r.Revision != racers*each || len(written) != racers*each {
		t.Fatalf("revision is %d after %d changes, %d of them acknowledged", r.Revision, racers*each, len(written))
	}
	got := map[protocol.Place]int64{}
	for _, rec := range r.Records {
		got[rec.Place] = rec.Revision
	}
	total := 0
	for revision, puts := range written {
		for _, p := range puts {
			total++
			if got[p.Place] != revision {
				t.Fatalf("a record of revision %d is at %d", revision, got[p.Place])
			}
		}
	}
	if len(got) != total {
		t.Errorf("%d records, %d were written", len(got), total)
	}
}

// Every change replaces the same overviews with tokens that contain its revision. A reader that sees two revisions in one
// answer, or the manifest of another revision, has seen a partial change.
func readersSeeWholeChanges(t *testing.T, open func(t *testing.T) vault.Store) {
	writer, reader := open(t), open(t)
	u := createUser(t, writer, "ada")
	const records, rounds = 120, 8
	ids := make([]string, records)
	for i := range ids {
		ids[i] = randomID()
	}
	write := func(base int64) {
		puts := make([]protocol.Put, records)
		for i, id := range ids {
			puts[i] = put(overview(id, base+1), fmt.Sprintf("token of %d", base+1))
		}
		apply(t, writer, u, base, puts)
	}
	write(0)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for ctx.Err() == nil {
				r, err := vault.Collect(t.Context(), reader, "ada", 0)
				if errors.Is(err, vault.ErrStoreUnavailable) { // may give up on a vault that keeps changing, but must not return a partial change
					continue
				}
				if err != nil {
					t.Errorf("changes: %v", err)
					return
				}
				checkAnswer(t, r, 0)
				if len(r.Records) != records {
					t.Errorf("%d records at revision %d", len(r.Records), r.Revision)
				}
				for _, rec := range r.Records {
					if rec.Revision != r.Revision || rec.Version != r.Revision || rec.Token != fmt.Sprintf("token of %d", r.Revision) {
						t.Errorf("revision %d holds version %d of revision %d, %q", r.Revision, rec.Version, rec.Revision, rec.Token)
						return
					}
				}
			}
		})
	}
	for base := range int64(rounds) {
		write(base + 1)
	}
	stop()
	wg.Wait()
}

// interrupted calls during after the first record.
type interrupted struct {
	protocol.VaultResponse
	during func() error
}

func (w *interrupted) Begin(h vault.Head) error {
	w.Revision, w.Manifest = h.Revision, h.Manifest
	return nil
}

func (w *interrupted) Write(r protocol.Record) error {
	w.Records = append(w.Records, r)
	if len(w.Records) == 1 {
		return w.during()
	}
	return nil
}

// largeVault fills a vault with records of 4 MB in total, the newest of them from a large change.
func largeVault(t *testing.T, s vault.Store) (u vault.User, overviews []protocol.Put) {
	t.Helper()
	u = createUser(t, s, "ada")
	for range 60 {
		overviews = append(overviews, put(overview(randomID(), 1), strings.Repeat("a", 20_000)))
	}
	apply(t, s, u, 0, overviews)
	apply(t, s, u, 1, manyDetails(50, 60_000))
	return u, overviews
}

// A store that cannot read the old state while a change is written may give up, but must not mix old and new records.
func vaultChangesDuringARead(t *testing.T, open func(t *testing.T) vault.Store) {
	reader, writer := open(t), open(t)
	u, overviews := largeVault(t, writer)
	before := byPlace(changes(t, reader, "ada", 0))
	w := &interrupted{during: func() error {
		for i := range overviews {
			overviews[i].Version, overviews[i].Token = 2, "new"
		}
		apply(t, writer, u, 2, overviews)
		return nil
	}}
	err := reader.Changes(t.Context(), "ada", 0, w)
	if err == nil {
		checkAnswer(t, w.VaultResponse, 0)
		wantRecords(t, w.VaultResponse, before)
	} else {
		wantError(t, "changes of a vault that changed during the read", err, vault.ErrStoreUnavailable)
	}
	if r := changes(t, reader, "ada", 2); len(r.Records) != len(overviews) {
		t.Errorf("%d records changed since", len(r.Records))
	}
}

func writerErrorEndsTheRead(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	largeVault(t, s)
	enough := errors.New("enough")
	w := &interrupted{during: func() error { return enough }}
	if err := s.Changes(t.Context(), "ada", 0, w); err != enough || len(w.Records) != 1 { //nolint:errorlint // returned unchanged
		t.Errorf("%d records, %v", len(w.Records), err)
	}
	if r := changes(t, s, "ada", 0); len(r.Records) != 110 {
		t.Errorf("%d records after that", len(r.Records))
	}
}

func smallAnswers(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	apply(t, s, u, 0, manyDetails(10, 1000))
	apply(t, s, u, 1, manyDetails(2, 60_000))
	apply(t, s, u, 2, manyDetails(400, 10))
	apply(t, s, u, 3, manyDetails(10, 1000))
	for _, c := range []struct {
		since, limit int64
		small        bool
	}{
		{0, 1 << 20, false}, {1, 1 << 20, false}, {2, 1 << 20, false}, {3, 1 << 20, true}, {3, 10_000, true}, {3, 9999, false}, {4, 0, true}, {9, 0, true},
	} {
		small, err := s.Small(t.Context(), "ada", c.since, c.limit)
		if err != nil || small != c.small {
			t.Errorf("since %d, with %d bytes: %v, %v", c.since, c.limit, small, err)
		}
	}
	if small, err := s.Small(t.Context(), "nobody", 0, 0); err != nil || !small {
		t.Errorf("unknown user: %v, %v", small, err)
	}
}

func usersAreSeparate(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	ada, eve := createUser(t, s, "ada"), createUser(t, s, "eve")
	x := randomID()
	apply(t, s, ada, 0, []protocol.Put{put(overview(x, 1), "ada's"), put(details(x, 1), "ada's")})
	apply(t, s, eve, 0, []protocol.Put{put(overview(x, 1), "eve's"), put(details(x, 1), "eve's")})
	_, err := s.Apply(t.Context(), "eve", change(1, nil, details(x, 2)))
	wantError(t, "delete of a missing record", err, vault.ErrInvalidChange)
	apply(t, s, eve, 1, nil, overview(x, 1), details(x, 1))
	wantRecords(t, changes(t, s, "ada", 0), map[protocol.Place]string{overview(x, 1): "ada's", details(x, 1): "ada's"})
	if err := s.DeleteUser(t.Context(), "eve"); err != nil {
		t.Fatal(err)
	}
	wantRecords(t, changes(t, s, "ada", 0), map[protocol.Place]string{overview(x, 1): "ada's", details(x, 1): "ada's"})
}

func closedStoreIsUnavailable(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	if err := s.Probe(t.Context(), start); err != nil {
		t.Fatalf("probe: %v", err)
	}
	createUser(t, s, "ada")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := s.User(t.Context(), "ada")
	wantError(t, "user", err, vault.ErrStoreUnavailable)
	_, err = vault.Collect(t.Context(), s, "ada", 0)
	wantError(t, "changes", err, vault.ErrStoreUnavailable)
	_, err = s.Apply(t.Context(), "ada", change(0, manyDetails(2, 10)))
	wantError(t, "apply", err, vault.ErrStoreUnavailable)
	wantError(t, "probe", s.Probe(t.Context(), start), vault.ErrStoreUnavailable)
}

func cancelledContextIsAnError(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.User(ctx, "ada")
	wantError(t, "user", err, context.Canceled)
	_, err = vault.Collect(ctx, s, "ada", 0)
	wantError(t, "changes", err, context.Canceled)
	_, err = s.Apply(ctx, "ada", change(0, manyDetails(2, 10)))
	wantError(t, "apply", err, context.Canceled)
	wantRecords(t, changes(t, s, "ada", 0), nil)
	apply(t, s, u, 0, manyDetails(2, 10))
}
