package chain

import "fmt"

// Whole returns the state of a vault from its whole log and the writes of path, as in Follow. The hash of the first entry is genesis.
// seen is the remembered state, or nil for none: the entries up to the remembered one must lead there, and path leads down to its
// revision. It is for a device that verified those entries before, but did not keep them.
func Whole(genesis Hash, seen *State, entries []*Entry, path []*Write, cards *Cards) (State, error) {
	if len(entries) == 0 {
		return State{}, &Error{Kind: KindEntry, Err: fmt.Errorf("%w: the log is empty", ErrFork)}
	}
	if entries[0].Hash() != genesis {
		return State{}, entries[0].refuse(ErrVault)
	}
	if seen == nil {
		s, err := Begin(entries[0], cards)
		if err != nil {
			return State{}, err
		}
		return s.Follow(entries[1:], path, cards)
	}
	n := seen.Entry.Sequence
	if seen.Genesis != genesis || n >= int64(len(entries)) || entries[n].Hash() != seen.Entry.Hash() {
		return *seen, &Error{Kind: KindEntry, Number: n, Err: fmt.Errorf("%w: the log does not have the remembered entry", ErrFork)}
	}
	for i, e := range entries[1 : n+1] {
		if e.Sequence != int64(i)+1 || e.Previous != entries[i].Hash() {
			return *seen, e.refuse(ErrPredecessor)
		}
	}
	return seen.Follow(entries[n+1:], path, cards)
}
