//go:build system

package dynamo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// setClock is a clock that a test sets. One goroutine uses it at a time.
type setClock struct{ now time.Time }

func (c *setClock) replica(s *Store) *Store {
	other := around(s, func(_ context.Context, _ string, call func() error) error { return call() })
	other.clock = func() time.Time { return c.now }
	return other
}

func nextChanges(t *testing.T, f vault.Feed) []vault.Change {
	t.Helper()
	changes, err := f.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

// atMinute returns the beginning of a minute, far enough ahead that DynamoDB does not expire the rows.
func atMinute() time.Time { return time.Now().Add(time.Hour).Truncate(time.Minute) }

func save1(t *testing.T, s *Store, v *testvault.Vault) vault.Change {
	t.Helper()
	d := v.Draft(v.PutToken(chain.RecordOverview, seal.NewID(), 1, "token"))
	if err := s.ApplyWrite(t.Context(), d.WriteChange); err != nil {
		t.Fatal(err)
	}
	v.Apply(d)
	return d.Next.Moved()
}

// Two writers and the reader have clocks that are ten seconds apart, around the end of a minute. The reader sees every change once,
// within the ten seconds.
func TestFeedBearsClocksThatDiffer(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	minute, users := atMinute(), 0
	for _, second := range []int{0, 5, 30, 52, 59} {
		for _, ahead := range []time.Duration{-10 * time.Second, -time.Second, 0, time.Second, 10 * time.Second} {
			reader, writer := &setClock{minute.Add(time.Duration(second) * time.Second)}, &setClock{}
			a := writer.replica(s)
			v := found(t, s, fmt.Sprintf("user%d", users))
			users++
			f := reader.replica(s).Feed()
			nextChanges(t, f)
			var want, got []vault.Change
			for range 25 {
				writer.now = reader.now.Add(ahead)
				if len(want) < 3 {
					want = append(want, save1(t, a, v))
				}
				reader.now = reader.now.Add(time.Second)
				for _, c := range nextChanges(t, f) {
					if c.Vault == v.ID {
						got = append(got, c)
					}
				}
			}
			// Shards are read one after the other.
			slices.SortFunc(got, func(a, b vault.Change) int { return cmp.Compare(a.Revision, b.Revision) })
			if !slices.Equal(got, want) {
				t.Errorf("second %d, a writer that is %v ahead: the feed has %+v, want %+v", second, ahead, got, want)
			}
		}
	}
}

// A transaction that began before another, and commits after the reader has seen that one, is seen too.
func TestFeedSeesLateCommits(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	slow, fast := found(t, s, "slow"), found(t, s, "fast")
	clock := &setClock{atMinute().Add(58 * time.Second)}
	begun, commit := make(chan struct{}), make(chan struct{})
	held := around(s, func(_ context.Context, operation string, call func() error) error {
		if operation == "TransactWriteItems" {
			begun <- struct{}{}
			<-commit
		}
		return call()
	})
	started := clock.now
	held.clock = func() time.Time { return started }
	replica := clock.replica(s)
	f := replica.Feed()
	nextChanges(t, f)
	d := slow.Draft(slow.PutToken(chain.RecordOverview, seal.NewID(), 1, "token"))
	done := make(chan error)
	go func() { done <- held.ApplyWrite(t.Context(), d.WriteChange) }()
	<-begun
	for range int(callTimeout / time.Second) {
		clock.now = clock.now.Add(time.Second)
		c := save1(t, replica, fast)
		if got := nextChanges(t, f); !slices.Equal(got, []vault.Change{c}) {
			t.Errorf("before the late commit: %+v, want %+v", got, c)
		}
	}
	close(commit)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	clock.now = clock.now.Add(time.Second)
	if got := nextChanges(t, f); !slices.Equal(got, []vault.Change{d.Next.Moved()}) {
		t.Errorf("after the late commit: %+v", got)
	}
}

// A try that collided with another transaction does not keep its time: otherwise its change could be older than what a reader asks for.
func TestFeedTimesEachTry(t *testing.T) {
	t.Parallel()
	clock := &setClock{atMinute()}
	s := clock.replica(openTest(t))
	first, err := s.itemsOf([]write{appends(vault.Change{Ended: "x"})})
	if err != nil {
		t.Fatal(err)
	}
	clock.now = clock.now.Add(time.Minute)
	second, err := s.itemsOf([]write{appends(vault.Change{Ended: "x"})})
	if err != nil {
		t.Fatal(err)
	}
	var rows [2]changeRow
	for i, row := range []item{first[0].Put.Item, second[0].Put.Item} {
		if err := decode(row, &rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	if rows[0].Row[:14] == rows[1].Row[:14] || rows[0].Partition == rows[1].Partition {
		t.Errorf("a minute apart: %+v", rows)
	}
	if life := rows[0].TTL - clock.now.Add(-time.Minute).Unix(); life < 3600 {
		t.Errorf("a change expires after %d s", life)
	}
}

func TestFeedSaysWhenItWasNotRead(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	v := found(t, s, "ada")
	clock := &setClock{atMinute()}
	replica := clock.replica(s)
	f := replica.Feed()
	nextChanges(t, f)
	for _, step := range []time.Duration{feedOverlap, -feedOverlap} {
		c := save1(t, replica, v)
		clock.now = clock.now.Add(step)
		if got := nextChanges(t, f); !slices.Contains(got, c) {
			t.Errorf("after %v: %+v", step, got)
		}
	}
	for _, step := range []time.Duration{feedOverlap + time.Millisecond, -feedOverlap - time.Millisecond, 24 * time.Hour} {
		clock.now = clock.now.Add(step)
		if _, err := f.Next(t.Context()); !errors.Is(err, vault.ErrFeedGap) {
			t.Errorf("after %v: %v", step, err)
		}
		clock.now = clock.now.Add(time.Second)
		c := save1(t, replica, v)
		if got := nextChanges(t, f); !slices.Contains(got, c) {
			t.Errorf("after a gap of %v: %+v", step, got)
		}
	}
}

// A read of one shard that fails must not lose what another shard had.
func TestFeedSurvivesHalfARead(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	v := found(t, s, "ada")
	queries, broken := 0, false
	replica := around(s, func(_ context.Context, operation string, call func() error) error {
		if operation == "Query" {
			if queries++; broken && queries%feedShards == 0 {
				return errDead
			}
		}
		return call()
	})
	clock := &setClock{atMinute().Add(30 * time.Second)}
	replica.clock = func() time.Time { return clock.now }
	f := replica.Feed()
	nextChanges(t, f)
	want := map[vault.Change]bool{}
	for range 12 { // on all shards, most likely
		want[save1(t, replica, v)] = true
	}
	queries, broken = 0, true
	if changes, err := f.Next(t.Context()); err == nil || len(changes) > 0 {
		t.Errorf("half a read: %v, %v", changes, err)
	}
	broken = false
	for _, c := range nextChanges(t, f) {
		delete(want, c)
	}
	if len(want) > 0 {
		t.Errorf("missing after half a read: %v", want)
	}
}
