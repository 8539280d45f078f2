package outbox_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

func newOwner() outbox.Owner {
	return outbox.Owner{User: seal.NewID(), Key: seal.NewAccountKey(), Owns: func(string) bool { return true }}
}

func change(key, id, base, title string) outbox.Change {
	return outbox.Change{Key: key, ID: id, Base: base, After: replica.ContentsOf(item.Item{Title: title}.Normalise())}
}

// stored is an outbox and its chunks on a device.
type stored struct {
	outbox.Outbox
	chunks [][]byte
}

func (s *stored) write(t *testing.T, r outbox.Owner, stamp string, changes []outbox.Change) {
	t.Helper()
	next, chunk, replace, err := s.With(r, changes, stamp)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case chunk == nil:
	case replace:
		s.chunks = [][]byte{chunk}
	default:
		s.chunks = append(s.chunks, chunk)
	}
	s.Outbox = next
}

func TestChunksOpenToTheChangesThatWereWritten(t *testing.T) {
	t.Parallel()
	r, random := newOwner(), rand.New(rand.NewPCG(1, 2))
	var s stored
	longest := 0
	for n := range 200 {
		changes := slices.Clone(s.Changes)
		if len(changes) > 0 && random.IntN(3) == 0 {
			changes = slices.Delete(changes, 0, 1+random.IntN(len(changes)))
		} else {
			changes = append(changes, change(fmt.Sprint(n), fmt.Sprint(n), "", "item"))
		}
		s.write(t, r, fmt.Sprint(n), changes)
		longest = max(longest, len(s.chunks))
		got, err := outbox.Open(r, s.Stamp, s.chunks)
		if err != nil || !reflect.DeepEqual(got.Changes, s.Changes) && len(got.Changes)+len(s.Changes) > 0 {
			t.Fatalf("step %d: got %d changes, want %d: %v", n, len(got.Changes), len(s.Changes), err)
		}
		if count, err := outbox.Count(s.chunks); err != nil || count != len(s.Changes) {
			t.Fatalf("step %d: counted %d of %d: %v", n, count, len(s.Changes), err)
		}
	}
	if longest < 2 {
		t.Errorf("no change was appended as its own chunk")
	}
}

func TestChunksOfAnOutboxCannotBeMoved(t *testing.T) {
	t.Parallel()
	r := newOwner()
	var s stored
	var changes []outbox.Change
	for i := range 4 { // the first chunk is the largest, so the others are not merged into it
		changes = append(changes, change(fmt.Sprint(i), fmt.Sprint(i), "", strings.Repeat("title", 1000>>(9*min(i, 1)))))
		s.write(t, r, fmt.Sprint(i), slices.Clone(changes))
	}
	if len(s.chunks) < 3 {
		t.Fatalf("%d chunks", len(s.chunks))
	}
	swapped := slices.Clone(s.chunks)
	swapped[1], swapped[2] = swapped[2], swapped[1]
	for name, chunks := range map[string][][]byte{
		"left out": slices.Delete(slices.Clone(s.chunks), 1, 2), "swapped": swapped, "repeated": append(slices.Clone(s.chunks), s.chunks[1]),
		"garbage": {[]byte("{}")},
	} {
		if got, err := outbox.Open(r, "x", chunks); err == nil {
			t.Errorf("%s: opens as %d changes", name, len(got.Changes))
		}
	}
	if _, err := outbox.Open(newOwner(), "x", s.chunks); err == nil {
		t.Error("another key opens the outbox")
	}
}

func TestChangesOfOneItemMerge(t *testing.T) {
	t.Parallel()
	first := change("1", "a", "", "old")
	second := change("2", "a", first.After.Base(), "new")
	gone := outbox.Change{Key: "3", ID: "a", Base: second.After.Base()}
	list := outbox.Add(outbox.Add(nil, first), second)
	if len(list) != 1 || list[0].Key != "1" || list[0].After != second.After {
		t.Errorf("an edit of a new item: %+v", list)
	}
	if list := outbox.Add(list, gone); len(list) != 0 {
		t.Errorf("a new item that is deleted again: %+v", list)
	}
	sent := outbox.Add(outbox.Send(outbox.Add(nil, first)), second)
	if len(sent) != 2 || outbox.Last(sent, "a") != 1 || outbox.Last(sent, "b") != -1 {
		t.Fatalf("an edit of an item that may be at the server: %+v", sent)
	}
	if q := outbox.Next(sent, map[string]bool{"1": true}); q != nil {
		t.Errorf("%s overtakes an older change of its item", q.Key)
	}
	refused := outbox.Refuse(slices.Clone(sent), &first, "too_large", "too large")
	if len(refused) != 1 || refused[0].Key != "1" || refused[0].After != second.After || refused[0].Refused != "" {
		t.Errorf("after a refusal: %+v", refused)
	}
	done := outbox.Done(slices.Clone(sent), &first, "b")
	if len(done) != 1 || done[0].Key != "2" || done[0].ID != "b" {
		t.Errorf("after the first was sent under another id: %+v", done)
	}
}
