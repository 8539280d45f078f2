package chain

import (
	"fmt"
	"slices"
)

// Past reads a verified history backwards, one write after the other, from the newest down. What the server answers about older writes is
// believed only as far as the newest write vouches for it: by hashes, and for the live lines by the root of each write.
type Past struct {
	f        follower
	revision int64
	live     *Live
}

// At returns the hash of the write of an older revision, 0 for the first entry of the log. path leads down to it: see Path.
func (s State) At(revision int64, path []*Write) (Hash, error) {
	known := s.hashes()
	if err := known.link(path, Path(s.Revision, revision, nil)); err != nil {
		return Hash{}, err
	}
	return known[revision], nil
}

// hashes returns those of the writes that the state names.
func (s State) hashes() hashes {
	known := hashes{0: s.Genesis, s.Revision: s.Write}
	for i, n := range SkipChain(s.Revision) {
		if i > 0 {
			known[n] = s.skips[i-1]
		}
	}
	return known
}

// Past begins at the newest write of s. entries is the whole log up to s, and live has the live lines at s. It changes neither.
func (s State) Past(entries []*Entry, live *Live) *Past {
	p := &Past{f: follower{known: s.hashes()}, revision: s.Revision, live: live.Clone()}
	closed := false
	for _, e := range entries {
		closed = closed || e.Op == OpClose
		p.f.log = append(p.f.log, logged{e, e.Hash(), closed})
	}
	return p
}

// Revision returns the revision down to which writes were undone.
func (p *Past) Revision() int64 { return p.revision }

// Live returns what was live at Revision. The root of the write of Revision covers it once Check or Undo has seen that write. The caller
// must not change it, and it changes with the next Undo.
func (p *Past) Live() *Live { return p.live }

// Check takes the write of Revision. It returns an error if that is another write, or does not cover what is live: then the server lies,
// or an author did and those after him did not notice. unproven says why nobody may be named as its author; nil: its author signed it, and
// was allowed to.
func (p *Past) Check(w *Write, ops []Operation, cards *Cards) (unproven, err error) {
	if err := p.f.known.link([]*Write{w}, []int64{p.revision}); err != nil {
		return nil, err
	}
	switch {
	case w.Count != p.live.Count() || w.Root != p.live.Root():
		return nil, w.refuse(ErrRoot)
	case w.Operations != HashOperations(ops):
		return nil, w.refuse(ErrOperations)
	}
	p.f.cards = cards
	return p.authored(w, ops), nil
}

// authored checks who signed a write, and that he might.
func (p *Past) authored(w *Write, ops []Operation) error {
	if err := p.f.allows(w); err != nil {
		return w.refuse(err)
	}
	i := slices.IndexFunc(p.f.log, func(e logged) bool { return e.hash == w.Entry })
	named := p.f.log[i] // allows has compared it
	if err := allowed(ops, named.Type, named.Member(w.Author).Role, w.Epoch); err != nil {
		return w.refuse(err)
	}
	if err := w.verify(p.f.cards); err != nil {
		return w.refuse(err)
	}
	return nil
}

// Undo is Check, and goes on to the revision before.
func (p *Past) Undo(w *Write, ops []Operation, cards *Cards) (unproven, err error) {
	if p.revision == 0 {
		return nil, w.refuse(fmt.Errorf("%w: nothing is before the first write", ErrFork))
	}
	if unproven, err = p.Check(w, ops, cards); err != nil {
		return nil, err
	}
	if err := p.live.Undo(ops); err != nil {
		return nil, w.refuse(err)
	}
	p.revision--
	if p.revision == 0 && p.live.Count() != 0 {
		return nil, w.refuse(ErrRoot)
	}
	return unproven, nil
}
