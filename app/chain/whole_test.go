package chain

import (
	"errors"
	"slices"
	"testing"
)

func TestTheWholeLogLeadsToTheNewestState(t *testing.T) {
	t.Parallel()
	alice, bob := newPerson(t, "alice"), newPerson(t, "bob")
	v := newVault(t, Shared, alice, bob)
	v.add(alice, bob, Editor)
	v.do(OpPolicy, alice, nil)
	other := newVault(t, Shared, bob)
	genesis := v.entries[0].Hash()
	for i := range v.states {
		got, err := Whole(genesis, &v.states[i], v.entries, nil, v.cards)
		if err != nil || got.Entry.Hash() != v.state.Entry.Hash() {
			t.Errorf("from entry %d: %v", i, err)
		}
	}
	if got, err := Whole(genesis, nil, v.entries, nil, v.cards); err != nil || got.Entry.Hash() != v.state.Entry.Hash() {
		t.Errorf("without memory: %v", err)
	}
	forked := slices.Clone(v.entries)
	forked[1] = v.draft(OpPolicy, alice)
	for name, c := range map[string]struct {
		genesis Hash
		seen    *State
		entries []*Entry
		want    error
	}{
		"an empty log":                            {genesis, nil, nil, ErrFork},
		"the log of another vault":                {genesis, nil, other.entries, ErrVault},
		"memory of another vault":                 {genesis, &other.state, v.entries, ErrFork},
		"a log that ends before memory":           {genesis, &v.state, v.entries[:2], ErrFork},
		"another entry before the remembered one": {genesis, &v.state, forked, ErrPredecessor},
		"another entry, without memory":           {genesis, nil, forked, ErrPredecessor},
	} {
		if _, err := Whole(c.genesis, c.seen, c.entries, nil, v.cards); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}
