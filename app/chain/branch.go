package chain

import "fmt"

// BranchWrite is one write of a branch.
type BranchWrite struct {
	Write      *Write
	Operations []Operation
}

// AdmitBranch checks the branch that comes with a write on the main branch: joint names its end. s is the state at the newest write that
// both have in common, with the log entry that the branch names, and live are its lines. main is the hash of the next write on the main
// branch, which is joint itself if it follows s.
//
// Every write of the branch was allowed at s, signed, and holds what it says. It names the same entry: no entry is on a branch. Live
// is then that of the end of the branch, or of the last write before an error.
func (s State) AdmitBranch(joint *Write, branch []BranchWrite, main Hash, live *Live, cards *Cards) error {
	if len(branch) == 0 {
		return joint.refuse(fmt.Errorf("%w: the other branch is missing", ErrFork))
	}
	for i, b := range branch {
		if i == 0 && b.Write.Hash() == main {
			return b.Write.refuse(fmt.Errorf("%w: revision %d is common too", ErrFork, b.Write.Revision))
		}
		next, err := s.Admit(b.Write, b.Operations, live, cards)
		if err != nil {
			return err
		}
		s = next
	}
	if s.Write != joint.Branch {
		return joint.refuse(fmt.Errorf("%w: names another branch than the one that comes with it", ErrFork))
	}
	return nil
}
