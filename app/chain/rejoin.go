package chain

import (
	"fmt"
	"slices"
	"sort"
)

// Branches is what a server answers to a device whose newest write is on a branch that ended: another device put a write on the main
// branch that brings both together.
type Branches struct {
	Common  int64    // the newest revision that both branches have
	Joint   int64    // the revision of the write that brings them together
	Entries []*Entry // new, in ascending order
	// Main leads from the newest write to Common, as in Path and through Common + 1 and Joint, and on along the skip chain of Common.
	Main []*Write
	// Branch leads from the end of the branch to the remembered write, and on to Common through Common + 1.
	Branch []*Write
}

// Rejoin returns the state on the main branch, and the write that brought the branches together. The caller shows its author, and
// computes what differs from what it had: a write can claim to merge a branch and drop its changes.
//
// Without such a write, another branch is a fork: see State.Follow.
func (s State) Rejoin(b Branches, cards *Cards) (State, *Write, error) {
	if len(b.Main) == 0 || len(b.Branch) == 0 || b.Common < 0 || b.Common >= s.Revision || b.Joint <= b.Common || b.Main[0].Revision < b.Joint {
		return s, nil, &Error{Kind: KindWrite, Number: s.Revision, Err: ErrFork}
	}
	if s.Entry.Revision > b.Common {
		// Otherwise the log names one write of that revision, and the main branch has another.
		return s, nil, s.Entry.refuse(fmt.Errorf("%w: only in the other branch", ErrRevision))
	}
	f := s.follower(cards)
	newest := b.Main[0].Revision
	if err := f.entries(b.Entries, b.Common, newest); err != nil {
		return s, nil, err
	}
	through := append(f.through(), b.Common+1, b.Joint)
	sort.Slice(through, func(i, j int) bool { return through[i] < through[j] })
	path := Path(newest, b.Common, through)
	if err := f.known.link(b.Main, slices.Concat(path, SkipChain(b.Common))); err != nil {
		return s, nil, err
	}
	if err := f.allowsAll(b.Main[:len(path)]); err != nil {
		return s, nil, err
	}
	joint := b.Main[slices.Index(path, b.Joint)]
	if joint.Branch != b.Branch[0].Hash() {
		return s, nil, joint.refuse(fmt.Errorf("%w: does not bring the branches together", ErrFork))
	}
	for _, w := range []*Write{b.Main[0], joint} {
		if err := w.verify(cards); err != nil {
			return s, nil, w.refuse(err)
		}
	}
	if err := s.onBranch(b, f.known, cards); err != nil {
		return s, nil, err
	}
	return f.state(s.Genesis, newest), joint, nil
}

// onBranch checks that the branch ends in a common write, holds the remembered one, and that the writes since then were allowed. No
// entry is on a branch: where two logs part, nothing brings them together.
func (s State) onBranch(b Branches, main hashes, cards *Cards) error {
	end := b.Branch[0]
	if end.Revision < s.Revision {
		return end.refuse(fmt.Errorf("%w: revision %d is known", ErrFork, s.Revision))
	}
	known := hashes{s.Revision: s.Write, b.Common: main[b.Common]}
	since := Path(end.Revision, s.Revision, nil)
	before := Path(s.Revision, b.Common, []int64{b.Common + 1})
	if err := known.link(b.Branch, slices.Concat(since, before)); err != nil {
		return err
	}
	if known[b.Common+1] == main[b.Common+1] {
		return end.refuse(fmt.Errorf("%w: revision %d is common too", ErrFork, b.Common+1))
	}
	f := s.follower(cards)
	return f.allowsAll(b.Branch[:len(since)])
}
