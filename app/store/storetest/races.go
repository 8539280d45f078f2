package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// rival is a write or an entry that was drafted for the same state as others.
type rival struct {
	store func(context.Context, vault.Store) error
	won   func()
}

func rivalWrite(v *testvault.Vault, size int) rival {
	d := v.Draft(items(v, size, 20)...)
	d.Now = start
	return rival{
		store: func(ctx context.Context, s vault.Store) error { return s.ApplyWrite(ctx, d.WriteChange) },
		won:   func() { v.Apply(d) },
	}
}

func rivalEntry(v *testvault.Vault, e testvault.Entry) rival {
	return rival{
		store: func(ctx context.Context, s vault.Store) error { return s.AppendEntry(ctx, e.EntryChange) },
		won:   func() { v.Follow(e) },
	}
}

// Of several writes and entries for one state, small and large, on several replicas, exactly one is stored.
func rivalsHaveOneWinner(t *testing.T, open func(t *testing.T) vault.Store) {
	stores := []vault.Store{open(t), open(t), open(t)}
	v := founded(t, stores[0], "ada")
	generation := int64(1)
	for round := range 12 {
		rivals := []rival{rivalWrite(v, 1), rivalWrite(v, 1), rivalWrite(v, 65), rivalEntry(v, v.DraftRotate())}
		if round%3 == 0 {
			e := rivalEntry(v, accountEntry(v, generation, testvault.Renewal{Card: true, Epoch: true}))
			follows := e.won
			e.won = func() { follows(); generation++ }
			rivals = append(rivals, e)
		}
		var wg sync.WaitGroup
		errs := make([]error, len(rivals))
		for i, r := range rivals {
			wg.Go(func() { errs[i] = r.store(t.Context(), stores[(round+i)%len(stores)]) })
		}
		wg.Wait()
		winners := 0
		for i, err := range errs {
			if err == nil {
				winners++
				rivals[i].won()
			} else {
				wantError(t, "loser", err, vault.ErrRevisionConflict)
			}
		}
		if winners != 1 {
			t.Fatalf("round %d: %d winners", round, winners)
		}
		wantVault(t, stores[round%len(stores)], v)
	}
}

// Every write replaces the same records. A reader that sees two revisions in one answer has seen a part of a write.
func readersSeeWholeWrites(t *testing.T, open func(t *testing.T) vault.Store) {
	writer, reader := open(t), open(t)
	v := founded(t, writer, "ada")
	const records, rounds = 120, 8
	ids := make([]chain.ID, records)
	for i := range ids {
		ids[i] = seal.NewID()
	}
	var live []testvault.Operation
	next := func(version uint32) {
		var ops, puts []testvault.Operation
		for _, o := range live {
			ops = append(ops, testvault.Delete(o))
		}
		for _, id := range ids {
			puts = append(puts, v.PutToken(chain.RecordOverview, id, version, text(20)))
		}
		write(t, writer, v, append(ops, puts...)...)
		live = puts
	}
	next(1)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for ctx.Err() == nil && wholeWrite(t, reader, v.ID, records) {
			}
		})
	}
	for n := range uint32(rounds) {
		next(2 + n)
	}
	stop()
	wg.Wait()
	wantVault(t, reader, v)
}

// wholeWrite reads a vault once, and returns false after an error.
func wholeWrite(t *testing.T, s vault.Store, id chain.ID, records int) bool {
	a, err := changesOf(t.Context(), s, id, 0)
	if errors.Is(err, vault.ErrStoreUnavailable) { // may give up on a vault that keeps changing
		return true
	}
	if err != nil {
		t.Errorf("changes: %v", err)
		return false
	}
	checkAnswer(t, a, 0)
	live := chain.NewLive(id)
	var ops []chain.Operation
	for _, r := range a.records {
		ops = append(ops, chain.Operation{Line: r.Line})
		if r.Revision != a.head.State.Revision {
			t.Errorf("revision %d has a record of %d", a.head.State.Revision, r.Revision)
			return false
		}
	}
	chain.SortOperations(ops)
	if err := live.Apply(ops); err != nil || len(ops) != records || live.Hashes() != a.head.Buckets {
		t.Errorf("revision %d has %d records, which do not fit its head: %v", a.head.State.Revision, len(ops), err)
		return false
	}
	return true
}

// A head, its live lines and the compare-and-set together never admit a write on top of a mixed state.
func linesFitTheirHead(t *testing.T, open func(t *testing.T) vault.Store) {
	writer, reader := open(t), open(t)
	v := founded(t, writer, "ada")
	write(t, writer, v, items(v, 50, 10)...)
	head, err := reader.Head(t.Context(), v.ID)
	if err != nil {
		t.Fatal(err)
	}
	o := v.PutToken(chain.RecordOverview, chain.ID{9, 1}, 1, "later")
	write(t, writer, v, o)
	lines, err := reader.LiveLines(t.Context(), v.ID, []byte{9})
	if err != nil {
		t.Fatal(err)
	}
	if err := head.Live().Load(9, lines[9]); !errors.Is(err, chain.ErrRoot) {
		t.Errorf("lines of a later write fit the head before: %v", err)
	}
}

func racingAccountsShareNoID(t *testing.T, open func(t *testing.T) vault.Store) {
	stores := []vault.Store{open(t), open(t)}
	const racers = 6
	shared := seal.NewID()
	var wg sync.WaitGroup
	errs := make([]error, racers)
	for i := range racers {
		v, f := testvault.NewPerson("user" + string(rune('a'+i))).FoundAs(shared)
		u := accountOf(v)
		wg.Go(func() { errs[i] = stores[i%len(stores)].CreateAccount(t.Context(), u, f) })
	}
	wg.Wait()
	created := 0
	for i, err := range errs {
		_, userErr := stores[0].User(t.Context(), vault.Username("user"+string(rune('a'+i))))
		if err == nil {
			created++
			wantError(t, "winner", userErr, nil)
			continue
		}
		wantError(t, "loser", err, vault.ErrVaultIDTaken)
		wantError(t, "user of a loser", userErr, vault.ErrNotFound)
	}
	if created != 1 {
		t.Errorf("%d accounts have the same vault", created)
	}
}
