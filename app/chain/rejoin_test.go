package chain

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

// parted is a vault with two branches: of a device that the server showed nothing new for a while, and of the others.
type parted struct {
	main, branch  *team
	common, joint int64
}

// newParted returns branches of so many writes after a common part of so many.
func newParted(t testing.TB, common, main, branch int) *parted {
	t.Helper()
	x := &parted{main: newTeam(t), branch: newTeam(t)}
	for i := range common - 2 {
		for _, v := range []*team{x.main, x.branch} {
			v.write(v.editor, put(RecordOverview, fmt.Sprint("common ", i), 1, 1))
		}
	}
	x.common = x.main.state.Revision
	for i := range main {
		if i == 1 {
			x.main.add(x.main.owner, x.main.dora, Editor)
		}
		x.main.write(x.main.owner, put(RecordOverview, fmt.Sprint("main ", i), 1, 1))
	}
	for i := range branch {
		x.branch.write(x.branch.editor, put(RecordOverview, fmt.Sprint("branch ", i), 1, 1))
	}
	return x
}

// join writes on the main branch, naming the end of the other.
func (x *parted) join(author *person) {
	w, ops := x.main.prepare(author, put(RecordOverview, "brought together", 1, x.main.state.Entry.Epoch))
	w.Branch = x.branch.state.Write
	w.Sign(author.signer())
	next, err := x.main.state.Admit(w, ops, x.main.live, x.main.cards)
	if err != nil {
		x.main.t.Fatal(err)
	}
	x.main.state, x.main.writes = next, append(x.main.writes, w)
	x.joint = w.Revision
	x.main.ops, x.main.states = append(x.main.ops, ops), append(x.main.states, next)
}

func at(writes []*Write, revisions []int64) []*Write {
	var out []*Write
	for _, n := range revisions {
		out = append(out, writes[n-1])
	}
	return out
}

// answer returns what an honest server answers to a device that remembers from, on the branch.
func (x *parted) answer(from State) Branches {
	entries := x.main.entries[from.Entry.Sequence+1:]
	through := []int64{x.common + 1, x.joint}
	for _, e := range entries {
		through = append(through, e.Revision)
	}
	slices.Sort(through)
	return Branches{
		Common: x.common, Joint: x.joint, Entries: entries,
		Main: at(x.main.writes, slices.Concat(Path(x.main.state.Revision, x.common, through), SkipChain(x.common))),
		Branch: at(x.branch.writes, slices.Concat(
			Path(x.branch.state.Revision, from.Revision, nil), Path(from.Revision, x.common, []int64{x.common + 1}))),
	}
}

func TestBranchesAreBroughtTogether(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]int{{2, 1, 1}, {2, 5, 3}, {6, 2, 9}, {7, 1, 4}, {12, 8, 8}} {
		x := newParted(t, c[0], c[1], c[2])
		x.join(x.main.owner)
		x.main.write(x.main.owner, put(RecordOverview, "later", 1, 1))
		for _, from := range x.branch.states {
			if from.Revision <= x.common {
				continue
			}
			got, joint, err := from.Rejoin(x.answer(from), x.main.cards)
			if err != nil {
				t.Fatalf("%v from revision %d: %v", c, from.Revision, err)
			}
			if !bytes.Equal(got.Encode(), x.main.state.Encode()) || joint.Branch != x.branch.state.Write {
				t.Fatalf("%v from revision %d: another state", c, from.Revision)
			}
		}
	}
}

func TestBranchesThatNoDeviceTakes(t *testing.T) {
	t.Parallel()
	forge := func(w **Write, author *person, edit func(w *Write)) {
		forged := **w
		edit(&forged)
		forged.Sign(author.signer())
		*w = &forged
	}
	for name, c := range map[string]struct {
		make func(x *parted) Branches
		err  error
	}{
		"nobody brought them together": {func(x *parted) Branches {
			x.joint = x.main.write(x.main.owner, put(RecordOverview, "later", 1, 1)).Revision
			return x.answer(x.branch.state)
		}, ErrFork},
		"a reader brought them together": {func(x *parted) Branches {
			x.join(x.main.owner)
			x.main.write(x.main.owner, put(RecordOverview, "later", 1, 1))
			b := x.answer(x.branch.state)
			forge(&b.Main[1], x.main.reader, func(w *Write) { w.Author, w.AuthorCard = x.main.reader.id, x.main.reader.card().Hash() })
			forge(&b.Main[0], x.main.owner, func(w *Write) { w.Previous, w.Skip = b.Main[1].Hash(), b.Main[1].Hash() })
			return b
		}, ErrRole},
		"a signature that only the server vouches for": {func(x *parted) Branches {
			x.join(x.main.owner)
			x.main.write(x.main.owner, put(RecordOverview, "later", 1, 1))
			b := x.answer(x.branch.state)
			w := *b.Main[1]
			w.Signature = Signature{}
			b.Main[1] = &w
			return b
		}, ErrSignature},
		"the newest write is not signed": {func(x *parted) Branches {
			x.join(x.main.owner)
			b := x.answer(x.branch.state)
			w := *b.Main[0]
			w.Signature = Signature{}
			b.Main[0] = &w
			return b
		}, ErrSignature},
		"the branch does not hold the remembered write": {func(x *parted) Branches {
			x.join(x.main.owner)
			b := x.answer(x.branch.state)
			forge(&b.Branch[0], x.branch.editor, func(w *Write) { w.Time++ })
			forge(&b.Main[0], x.main.owner, func(w *Write) { w.Branch = b.Branch[0].Hash() })
			return b
		}, ErrFork},
		"the branch ends before the remembered write": {func(x *parted) Branches {
			x.join(x.main.owner)
			b := x.answer(x.branch.state)
			b.Branch = b.Branch[1:]
			forge(&b.Main[0], x.main.owner, func(w *Write) { w.Branch = b.Branch[0].Hash() })
			return b
		}, ErrFork},
		"an older common write is claimed": {func(x *parted) Branches {
			x.join(x.main.owner)
			x.common--
			return x.answer(x.branch.state)
		}, ErrFork},
		"an entry before the common write": {func(x *parted) Branches {
			x.join(x.main.owner)
			b := x.answer(x.branch.state)
			e := x.branch.draft(OpPolicy, x.branch.owner)
			e.Revision, e.Write = 1, x.branch.writes[0].Hash()
			b.Entries = []*Entry{x.branch.sign(e)}
			return b
		}, ErrRevision},
		"an entry is hidden": {func(x *parted) Branches {
			x.join(x.main.owner)
			b := x.answer(x.branch.state)
			b.Entries = nil
			return b
		}, ErrEntry},
		"not on a branch": {func(x *parted) Branches {
			x.join(x.main.owner)
			b := x.answer(x.branch.state)
			b.Common, b.Joint = x.branch.state.Revision, x.main.state.Revision
			return b
		}, ErrFork},
		"nothing": {func(*parted) Branches { return Branches{} }, ErrFork},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newParted(t, 4, 3, 2)
			from := x.branch.state
			got, _, err := from.Rejoin(c.make(x), x.main.cards)
			want(t, name, err, c.err)
			if !bytes.Equal(got.Encode(), from.Encode()) {
				t.Error("the state changed")
			}
		})
	}
}

// The server holds an entry back that its author signed on top of the branch, and delivers it after the branch was brought together.
func TestEntryOnABranch(t *testing.T) {
	t.Parallel()
	x := newParted(t, 4, 3, 2)
	e := x.branch.do(OpPolicy, x.branch.owner, nil)
	from := x.branch.state
	main := newParted(t, 4, 1, 1).main
	w, _ := main.prepare(main.owner, put(RecordOverview, "brought together", 1, 1))
	w.Branch = from.Write
	w.Sign(main.owner.signer())
	later := &Write{}
	*later = *w
	later.Revision, later.Previous, later.Skip, later.Branch, later.Entry = w.Revision+1, w.Hash(), w.Hash(), Hash{}, e.Hash()
	later.Sign(main.owner.signer())
	writes := append(slices.Clone(main.writes), w, later)
	_, _, err := from.Rejoin(Branches{
		Common: 4, Joint: w.Revision,
		Main:   at(writes, slices.Concat(Path(later.Revision, 4, []int64{5, w.Revision}), SkipChain(4))),
		Branch: at(x.branch.writes, Path(from.Revision, 4, []int64{5})),
	}, x.main.cards)
	want(t, "entry", err, ErrRevision)
}

// A removed editor and the server extend a branch that a device remembers, and somebody brings it together.
func TestWritesOnABranchNeedARole(t *testing.T) {
	t.Parallel()
	x := newParted(t, 4, 1, 1)
	from := x.branch.state
	w, _ := x.branch.prepare(x.branch.reader, put(RecordOverview, "slipped in", 1, 1))
	x.branch.writes = append(x.branch.writes, w)
	x.branch.state.Revision, x.branch.state.Write = w.Revision, w.Hash()
	x.join(x.main.owner)
	_, _, err := from.Rejoin(x.answer(from), x.main.cards)
	want(t, "reader", err, ErrRole)
}
