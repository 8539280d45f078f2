package chain

import (
	"bytes"
	"slices"
	"testing"
)

// offered is a branch as it comes with the write that names its end.
type offered struct {
	*parted
	base   State
	joint  *Write
	branch []BranchWrite
	main   Hash
	live   *Live
}

func (x *parted) offer() *offered {
	o := &offered{parted: x, live: NewLive(x.main.id)}
	for _, ops := range x.main.ops[:x.common] {
		if err := o.live.Apply(ops); err != nil {
			x.main.t.Fatal(err)
		}
	}
	for _, s := range x.main.states {
		if s.Revision == x.common {
			o.base = s
			break
		}
	}
	for i, w := range x.branch.writes[x.common:] {
		o.branch = append(o.branch, BranchWrite{w, x.branch.ops[x.common+int64(i)]})
	}
	o.main = x.main.writes[x.common].Hash()
	o.joint, _ = x.main.prepare(x.main.owner, put(RecordOverview, "brought together", 1, x.main.state.Entry.Epoch))
	o.joint.Branch = o.branch[len(o.branch)-1].Write.Hash()
	return o
}

// add lets somebody write on the branch who may not.
func (o *offered) add(author *person, edit func(w *Write)) {
	w, ops := o.parted.branch.prepare(author, put(RecordOverview, "slipped in", 1, 1))
	edit(w)
	w.Sign(author.signer())
	o.branch = append(o.branch, BranchWrite{w, ops})
	o.joint.Branch = w.Hash()
}

func TestAdmitBranch(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit func(o *offered)
		err  error
	}{
		"as it is":          {func(*offered) {}, nil},
		"by an editor":      {func(o *offered) { o.add(o.parted.main.editor, func(*Write) {}) }, nil},
		"by a reader":       {func(o *offered) { o.add(o.parted.main.reader, func(*Write) {}) }, ErrRole},
		"by a later member": {func(o *offered) { o.add(o.parted.main.dora, func(*Write) {}) }, ErrAuthor},
		"under a later entry": {func(o *offered) {
			o.add(o.parted.main.editor, func(w *Write) { w.Entry = o.parted.main.state.Entry.Hash() })
		}, ErrEntry},
		"under the entry before": {func(o *offered) {
			o.add(o.parted.main.editor, func(w *Write) { w.Entry = o.base.Entry.Previous })
		}, ErrEntry},
		"with a gap":            {func(o *offered) { o.branch = slices.Delete(o.branch, 1, 2) }, ErrFork},
		"of the vault":          {func(o *offered) { o.branch[0].Write = o.parted.main.writes[o.common] }, ErrFork},
		"named by nobody":       {func(o *offered) { o.joint.Branch = Hash{} }, ErrFork},
		"whose middle is named": {func(o *offered) { o.joint.Branch = o.branch[0].Write.Hash() }, ErrFork},
		"without writes":        {func(o *offered) { o.branch = nil }, ErrFork},
		"with other operations": {func(o *offered) { o.branch[1].Operations = o.branch[0].Operations }, ErrOperations},
		"with the name of the vault": {func(o *offered) {
			o.branch = o.branch[:1]
			w := *o.branch[0].Write
			o.branch[0].Operations = []Operation{put(RecordVault, "name", 1, 1)}
			w.Operations = HashOperations(o.branch[0].Operations)
			w.Sign(o.parted.branch.editor.signer())
			o.branch[0].Write = &w
		}, ErrRole},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newParted(t, 4, 3, 3).offer()
			c.edit(o)
			before := o.base.Encode()
			err := o.base.AdmitBranch(o.joint, o.branch, o.main, o.live, o.parted.main.cards)
			want(t, name, err, c.err)
			if !bytes.Equal(o.base.Encode(), before) {
				t.Error("the state changed")
			}
		})
	}
}
