package chain

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// busy returns a team whose vault took so many steps: writes, and now and then an entry.
func busy(t testing.TB, steps int) *team {
	t.Helper()
	x := newTeam(t)
	for i := range steps {
		switch i % 11 {
		case 3:
			x.add(x.manager, x.dora, Editor)
		case 5:
			x.do(OpPolicy, x.owner, nil)
		case 6:
			x.do(OpRotate, x.manager, nil)
		case 9:
			x.do(OpRemove, x.owner, without(x.dora))
		default:
			x.write(x.editor, put(RecordDetails, fmt.Sprint("item ", i), 1, x.state.Entry.Epoch))
		}
	}
	return x
}

// However long a device was away, it ends with the same state as one that saw every step.
func TestDeviceCatchesUpFromAnyState(t *testing.T) {
	t.Parallel()
	x := busy(t, 44)
	for i, from := range x.states {
		for j, to := range x.states[i:] {
			entries, path := x.answer(from, to)
			got, err := from.Follow(entries, path, x.cards)
			if err != nil {
				t.Fatalf("from state %d to %d: %v", i, i+j, err)
			}
			if !bytes.Equal(got.Encode(), to.Encode()) {
				t.Fatalf("from state %d to %d: another state", i, i+j)
			}
		}
	}
}

func TestResumeAtAnyEntry(t *testing.T) {
	t.Parallel()
	x := busy(t, 60)
	for i, s := range x.states {
		if s.Entry.Revision != s.Revision {
			continue
		}
		var path []*Write
		for _, n := range SkipChain(s.Revision) {
			path = append(path, x.writes[n-1])
		}
		got, err := Resume(x.state.Genesis, s.Entry, s.Closed, path)
		if err != nil || !bytes.Equal(got.Encode(), s.Encode()) {
			t.Fatalf("state %d: %v", i, err)
		}
		if _, err := Resume(fixed("another vault"), s.Entry, s.Closed, path); err == nil {
			t.Fatalf("state %d of another vault was taken", i)
		}
		for k := range path {
			forged := slices.Clone(path)
			w := *forged[k]
			w.Time++
			forged[k] = &w
			_, err := Resume(x.state.Genesis, s.Entry, s.Closed, forged)
			want(t, "forged write", err, ErrFork)
		}
	}
}

func TestPathIsShort(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		from := random.Int64N(1_000_000)
		to := random.Int64N(from + 1)
		var through []int64
		for range random.IntN(4) {
			through = append(through, to+random.Int64N(from-to+1))
		}
		slices.Sort(through)
		path := Path(from, to, through)
		at := from
		for i, n := range path {
			if n != at {
				t.Fatalf("path %v", path)
			}
			next := to
			if i+1 < len(path) {
				next = path[i+1]
			}
			if next != n-1 && next != SkipRevision(n) {
				t.Fatalf("no link leads from %d to %d", n, next)
			}
			at = next
		}
		if at != to || len(path) >= 200*(len(through)+1) {
			t.Fatalf("from %d to %d by %d steps", from, to, len(path))
		}
		for _, n := range through {
			if n > to && !slices.Contains(path, n) {
				t.Fatalf("path does not visit %d", n)
			}
		}
	}
}

type historyAttack struct {
	answer func(x *team) (from State, entries []*Entry, path []*Write)
	err    error
}

// historyAttacks are those of a server that holds everything but the keys, and of members who work with it.
var historyAttacks = map[string]historyAttack{
	"roll-back: an older head": {func(x *team) (State, []*Entry, []*Write) {
		return x.state, nil, []*Write{x.writes[0]}
	}, ErrFork},
	"roll-back: the remembered head again": {func(x *team) (State, []*Entry, []*Write) {
		return x.state, nil, []*Write{x.writes[1]}
	}, ErrFork},
	"fork: another write at the same revision, then more": {func(x *team) (State, []*Entry, []*Write) {
		x.write(x.editor, put(RecordOverview, "mine", 1, 1))
		known := x.state
		other := newTeam(x.t)
		other.write(other.editor, put(RecordOverview, "theirs", 1, 1))
		other.write(other.editor, put(RecordOverview, "more", 1, 1))
		return known, nil, []*Write{other.writes[3]}
	}, ErrFork},
	"fork and join: the other branch, hidden by a skip link": {func(x *team) (State, []*Entry, []*Write) {
		other := newTeam(x.t)
		x.write(x.editor, put(RecordOverview, "mine", 1, 1))
		known := x.state
		for i := range 2 {
			other.write(other.editor, put(RecordOverview, fmt.Sprint("theirs ", i), 1, 1))
		}
		return known, nil, []*Write{other.writes[3]}
	}, ErrFork},
	"fork: an entry in place of the known one": {func(x *team) (State, []*Entry, []*Write) {
		x.do(OpPolicy, x.owner, nil)
		known := x.state
		other := newTeam(x.t)
		other.do(OpClose, other.owner, nil)
		other.do(OpLeave, other.reader, without(other.reader))
		return known, other.entries[len(other.entries)-1:], nil
	}, ErrPredecessor},
	"an entry that a known write did not name": {func(x *team) (State, []*Entry, []*Write) {
		e := x.sign(x.draft(OpPolicy, x.owner))
		x.write(x.editor, put(RecordOverview, "mine", 1, 1))
		return x.state, []*Entry{e}, nil
	}, ErrRevision},
	"a write without the entry that it names": {func(x *team) (State, []*Entry, []*Write) {
		known := x.state
		x.do(OpPolicy, x.owner, nil)
		w := x.write(x.editor, put(RecordOverview, "mine", 1, 1))
		return known, nil, []*Write{w}
	}, ErrEntry},
	"removed editor names the entry before the removal": {func(x *team) (State, []*Entry, []*Write) {
		w, _ := x.prepare(x.editor, put(RecordOverview, "late", 1, 1))
		x.do(OpRemove, x.owner, without(x.editor))
		return x.state, nil, []*Write{w}
	}, ErrEntry},
	"removed editor names the removal": {func(x *team) (State, []*Entry, []*Write) {
		x.do(OpRemove, x.owner, without(x.editor))
		w, _ := x.prepare(x.editor, put(RecordOverview, "late", 1, 2))
		return x.state, nil, []*Write{w}
	}, ErrAuthor},
	"demoted editor": {func(x *team) (State, []*Entry, []*Write) {
		x.do(OpRole, x.manager, withRole(x.editor, Reader))
		w, _ := x.prepare(x.editor, put(RecordOverview, "late", 1, 1))
		return x.state, nil, []*Write{w}
	}, ErrRole},
	"write of an older epoch": {func(x *team) (State, []*Entry, []*Write) {
		x.do(OpRotate, x.owner, nil)
		w, _ := x.prepare(x.editor, put(RecordOverview, "late", 1, 1))
		w.Epoch = 1
		w.Sign(x.editor.signer())
		return x.state, nil, []*Write{w}
	}, ErrEpoch},
	"thief of the card before": {func(x *team) (State, []*Entry, []*Write) {
		x.editor.renew(x.t)
		x.knows(x.editor)
		x.do(OpRecard, x.editor, withCard(x.editor))
		w, _ := x.prepare(x.editor, put(RecordOverview, "late", 1, 1))
		w.Sign(x.editor.signers[0])
		return x.state, nil, []*Write{w}
	}, ErrSignature},
	"thief of the card before, under that card": {func(x *team) (State, []*Entry, []*Write) {
		x.editor.renew(x.t)
		x.knows(x.editor)
		x.do(OpRecard, x.editor, withCard(x.editor))
		w, _ := x.prepare(x.editor, put(RecordOverview, "late", 1, 1))
		w.AuthorCard = x.editor.cards[0].Hash()
		w.Sign(x.editor.signers[0])
		return x.state, nil, []*Write{w}
	}, ErrAuthor},
	"garbage write with a stolen session": {func(x *team) (State, []*Entry, []*Write) {
		w, _ := x.prepare(x.editor, put(RecordOverview, "late", 1, 1))
		w.Signature = Signature{1}
		return x.state, nil, []*Write{w}
	}, ErrSignature},
	"reader writes": {func(x *team) (State, []*Entry, []*Write) {
		w, _ := x.prepare(x.reader, put(RecordOverview, "late", 1, 1))
		return x.state, nil, []*Write{w}
	}, ErrRole},
	"another vault": {func(x *team) (State, []*Entry, []*Write) {
		w, _ := x.prepare(x.editor, put(RecordOverview, "late", 1, 1))
		w.Vault[0]++
		w.Sign(x.editor.signer())
		return x.state, nil, []*Write{w}
	}, ErrVault},
	"wrong skip link": {func(x *team) (State, []*Entry, []*Write) {
		x.write(x.editor, put(RecordOverview, "third", 1, 1))
		w, _ := x.prepare(x.editor, put(RecordOverview, "fourth", 1, 1))
		w.Skip = x.state.Write
		w.Sign(x.editor.signer())
		return x.state, nil, []*Write{w}
	}, ErrFork},
	"a step is left out of the path": {func(x *team) (State, []*Entry, []*Write) {
		known := x.states[0]
		entries, path := x.answer(known, x.state)
		return known, entries, path[:1]
	}, ErrFork},
	"an entry is left out": {func(x *team) (State, []*Entry, []*Write) {
		known := x.states[0]
		entries, path := x.answer(known, x.state)
		return known, entries[:2], path
	}, ErrEntry},
	"the first write with the log hidden": {func(x *team) (State, []*Entry, []*Write) {
		return x.states[0], nil, x.writes[:1]
	}, ErrEntry},
	"an entry that names the branch": {func(x *team) (State, []*Entry, []*Write) {
		known := x.state
		other := newTeam(x.t)
		other.write(other.editor, put(RecordOverview, "theirs", 1, 1))
		other.do(OpPolicy, other.owner, nil)
		x.write(x.editor, put(RecordOverview, "mine", 1, 1))
		return known, other.entries[4:], x.writes[2:]
	}, ErrFork},
}

func TestHistoriesThatNoDeviceTakes(t *testing.T) {
	t.Parallel()
	for name, c := range historyAttacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTeam(t)
			from, entries, path := c.answer(x)
			_, err := from.Follow(entries, path, x.cards)
			want(t, name, err, c.err)
		})
	}
}

func TestServerTakesOnlyWhatWasSigned(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit func(x *team, w *Write, ops *[]Operation)
		err  error
	}{
		"other operations":       {func(_ *team, _ *Write, ops *[]Operation) { (*ops)[0].Hash = fixed("mine") }, ErrOperations},
		"no operations":          {func(_ *team, w *Write, ops *[]Operation) { *ops = nil; w.Operations = HashOperations(nil) }, ErrOperations},
		"another root":           {func(_ *team, w *Write, _ *[]Operation) { w.Root = fixed("mine") }, ErrRoot},
		"another count":          {func(_ *team, w *Write, _ *[]Operation) { w.Count++ }, ErrRoot},
		"deletes another token":  {signedWith(del(other(put(RecordDetails, "bank", 1, 1)))), ErrOperations},
		"deletes a deleted line": {signedWith(del(put(RecordDetails, "gone", 1, 1))), ErrOperations},
		"puts a live line":       {signedWith(other(put(RecordDetails, "bank", 1, 1))), ErrOperations},
		"an older epoch":         {signedWith(put(RecordDetails, "bank", 2, 7)), ErrEpoch},
		"a pin":                  {signedWith(put(RecordPin, "of a vault", 1, 1)), ErrOperations},
		"a grant":                {signedWith(put(RecordGrant, "to somebody", 1, 1)), ErrOperations},
		"the name of the vault":  {signedWith(put(RecordVault, "vault", 1, 1)), ErrRole},
		"an unknown kind":        {signedWith(put(9, "thing", 1, 1)), ErrOperations},
		"version 0":              {signedWith(put(RecordDetails, "bank", 0, 1)), ErrOperations},
		"an attachment with an epoch": {func(x *team, w *Write, ops *[]Operation) {
			signedWith(put(Attachment, "file", 3, 1))(x, w, ops)
		}, ErrOperations},
		"a place twice": {func(x *team, w *Write, ops *[]Operation) {
			a := put(RecordDetails, "new", 1, 1)
			*ops = []Operation{a, other(a)}
			w.Operations = HashOperations(*ops)
		}, ErrOperations},
		"another order": {func(x *team, w *Write, ops *[]Operation) {
			*ops = []Operation{put(RecordDetails, "a", 1, 1), put(RecordDetails, "b", 1, 1)}
			SortOperations(*ops)
			slices.Reverse(*ops)
			w.Operations = HashOperations(*ops)
		}, ErrOperations},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTeam(t)
			w, ops := x.prepare(x.editor, put(RecordDetails, "mail", 1, 1))
			c.edit(x, w, &ops)
			w.Sign(x.editor.signer())
			before := x.live.Root()
			_, err := x.state.Admit(w, ops, x.live, x.cards)
			want(t, name, err, c.err)
			if x.live.Root() != before || x.live.Count() != 3 {
				t.Error("the live lines changed")
			}
		})
	}
}

func other(o Operation) Operation {
	o.Hash = fixed("other than %v", o.Hash)
	return o
}

func signedWith(o Operation) func(*team, *Write, *[]Operation) {
	return func(_ *team, w *Write, ops *[]Operation) {
		*ops = []Operation{o}
		w.Operations = HashOperations(*ops)
	}
}

func TestStateKeepsEverything(t *testing.T) {
	t.Parallel()
	x := busy(t, 40)
	for i, s := range x.states {
		got, err := ParseState(s.Encode())
		if err != nil || !bytes.Equal(got.Encode(), s.Encode()) {
			t.Fatalf("state %d: %v", i, err)
		}
		if got.SkipHash() != s.SkipHash() {
			t.Fatalf("state %d: another skip hash", i)
		}
	}
	whole := x.state.Encode()
	for n := range whole {
		if _, err := ParseState(whole[:n]); err == nil {
			t.Fatalf("the first %d bytes were taken for a state", n)
		}
	}
}

// A skip link leads over the writes between. Only a device that catches up may follow it.
func TestWriteThatLeavesOutRevisions(t *testing.T) {
	t.Parallel()
	v := newVault(t, Personal, newPerson(t, "anna"))
	owner := v.people[v.state.Entry.Author]
	for _, from := range []int64{0, 4} {
		for v.state.Revision < from {
			v.write(owner, put(RecordOverview, fmt.Sprint(v.state.Revision), 1, 1))
		}
		w, ops := v.prepare(owner, put(RecordOverview, "next", 1, 1))
		w.Revision, w.Previous, w.Skip = from+2, fixed("a write that does not exist"), v.state.Write
		w.Sign(owner.signer())
		if _, err := v.state.Follow(nil, []*Write{w}, v.cards); err != nil {
			t.Errorf("a device at revision %d: %v", from, err)
		}
		_, err := v.state.Admit(w, ops, v.live, v.cards)
		want(t, fmt.Sprintf("the server at revision %d", from), err, ErrFork)
	}
}
