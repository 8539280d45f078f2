package chain

import (
	"errors"
	"testing"
)

// A device that cannot read its memory reports it. It must not take a part for the whole.
func TestMalformedStates(t *testing.T) {
	t.Parallel()
	x := busy(t, 20)
	for name, edit := range map[string]func(s *State){
		"no first entry":                func(s *State) { s.Genesis = Hash{} },
		"a write at revision 0":         func(s *State) { s.Revision, s.skips = 0, nil },
		"the first entry as a write":    func(s *State) { s.Write = s.Genesis },
		"an entry after the write":      func(s *State) { s.Revision, s.skips = 1, nil },
		"another first entry":           func(s *State) { s.Genesis = s.Entry.Hash() },
		"a malformed entry":             func(s *State) { e := *s.Entry; e.Epoch = 0; s.Entry = &e },
		"a first entry of another hash": func(s *State) { s.Entry = x.entries[0]; s.Genesis = fixed("other") },
	} {
		s := x.state
		edit(&s)
		if _, err := ParseState(s.Encode()); !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := x.state.Encode()
	b[1+hashSize] = 2
	if _, err := ParseState(b); !errors.Is(err, ErrEncoding) {
		t.Errorf("closed more than once: %v", err)
	}
}

func TestResumeNeedsTheWholeSkipChain(t *testing.T) {
	t.Parallel()
	x := busy(t, 20)
	e := x.do(OpPolicy, x.owner, nil)
	path := at(x.writes, SkipChain(e.Revision))
	for name, c := range map[string]struct {
		path []*Write
		err  error
	}{
		"a write is missing":  {path[:len(path)-1], ErrFork},
		"no write":            {nil, ErrFork},
		"a write twice":       {append([]*Write{path[0]}, path...), ErrFork},
		"another order":       {append([]*Write{path[1], path[0]}, path[2:]...), ErrFork},
		"of another revision": {append([]*Write{renumbered(path[0])}, path[1:]...), ErrFork},
	} {
		_, err := Resume(x.state.Genesis, e, false, c.path)
		want(t, name, err, c.err)
	}
}

func renumbered(w *Write) *Write {
	other := *w
	other.Revision += 2
	return &other
}

func TestMalformedBranches(t *testing.T) {
	t.Parallel()
	x := newParted(t, 4, 3, 2)
	x.join(x.main.owner)
	from := x.branch.state
	for name, edit := range map[string]func(b *Branches){
		"no main branch":            func(b *Branches) { b.Main = nil },
		"no other branch":           func(b *Branches) { b.Branch = nil },
		"a negative revision":       func(b *Branches) { b.Common = -1 },
		"a joint that is common":    func(b *Branches) { b.Joint = b.Common },
		"a joint after the newest":  func(b *Branches) { b.Joint = b.Main[0].Revision + 1 },
		"a step of the main branch": func(b *Branches) { b.Main = b.Main[:len(b.Main)-1] },
		"another step of the main branch": func(b *Branches) {
			w := *b.Main[1]
			w.Time++
			w.Sign(x.main.owner.signer())
			b.Main[1] = &w
		},
		"another step to the first entry": func(b *Branches) {
			w := *b.Main[len(b.Main)-1]
			w.Time++
			b.Main[len(b.Main)-1] = &w
		},
		"a step of the branch": func(b *Branches) { b.Branch = b.Branch[:len(b.Branch)-1] },
	} {
		b := x.answer(from)
		edit(&b)
		_, _, err := from.Rejoin(b, x.main.cards)
		want(t, name, err, ErrFork)
	}
}
