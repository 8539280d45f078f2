package chain

import (
	"encoding/binary"
	"fmt"
)

// State is what somebody verified of a vault: the newest entry of its log and the newest write. It is public, but it must not be
// lost or go back: it is the only thing that a server cannot roll back.
type State struct {
	Genesis  Hash // the hash of the first entry
	Entry    *Entry
	Closed   bool
	Revision int64
	Write    Hash   // of the newest write, or Genesis for revision 0
	skips    []Hash // of the writes to which skip links lead from Revision, without revision 0: see skipChain
}

// Begin returns the state of a new vault.
func Begin(e *Entry, cards *Cards) (State, error) {
	if err := e.begin(cards); err != nil {
		return State{}, e.refuse(err)
	}
	return State{Genesis: e.Hash(), Entry: e, Write: e.Hash()}, nil
}

// Resume returns the state at an entry that the caller has reason to trust, such as a pinned one. path is the writes at
// SkipChain(e.Revision), in this order.
func Resume(genesis Hash, e *Entry, closed bool, path []*Write) (State, error) {
	if err := e.check(); err != nil {
		return State{}, e.refuse(err)
	}
	s := State{Genesis: genesis, Entry: e, Closed: closed, Revision: e.Revision, Write: e.Write}
	if e.Sequence == 0 {
		s.Write = e.Hash()
	}
	expected := s.Write
	chain := SkipChain(e.Revision)
	if len(path) != len(chain) {
		return State{}, e.refuse(fmt.Errorf("%w: %d writes instead of %d", ErrFork, len(path), len(chain)))
	}
	for i, w := range path {
		if w.Revision != chain[i] || w.Vault != e.Vault || w.Hash() != expected {
			return State{}, w.refuse(ErrFork)
		}
		if i > 0 {
			s.skips = append(s.skips, expected)
		}
		expected = w.Skip
	}
	if expected != genesis {
		return State{}, e.refuse(fmt.Errorf("%w: another vault began like this", ErrFork))
	}
	return s, nil
}

// SkipChain returns n and the revisions to which skip links lead from it, without 0: n with its lowest bits cleared one by one.
func SkipChain(n int64) []int64 {
	var chain []int64
	for ; n > 0; n = SkipRevision(n) {
		chain = append(chain, n)
	}
	return chain
}

// Path returns the revisions of the writes that lead from one write down to another, without the last: by skip links, and through
// each revision of through, which is in ascending order. A million writes are at most a few dozen steps.
func Path(from, to int64, through []int64) []int64 {
	var path []int64
	for n := from; n > to; {
		path = append(path, n)
		for len(through) > 0 && through[len(through)-1] >= n {
			through = through[:len(through)-1]
		}
		floor := to
		if len(through) > 0 {
			floor = max(to, through[len(through)-1])
		}
		if n = SkipRevision(n); n < floor {
			n = path[len(path)-1] - 1
		}
	}
	return path
}

// SkipHash returns the hash that the next write names in Skip.
func (s State) SkipHash() Hash {
	to := SkipRevision(s.Revision + 1)
	for i, n := range SkipChain(s.Revision) {
		if n == to {
			return append([]Hash{s.Write}, s.skips...)[i]
		}
	}
	return s.Genesis
}

// Follow returns the state after entries, in ascending order, and the writes of path, in descending order: see Path. Both may be
// empty. After an error, s remains the newest verified state: the
// server or an author contradicts it.
//
// The signatures of all entries are checked, and of the writes that of the newest: its author vouches for those before. Of each
// write on the path it is checked that its author might write then.
func (s State) Follow(entries []*Entry, path []*Write, cards *Cards) (State, error) {
	f := follower{from: s, cards: cards, known: map[int64]Hash{0: s.Genesis}}
	chain := SkipChain(s.Revision)
	for i, h := range append([]Hash{s.Write}, s.skips...) {
		if i < len(chain) {
			f.known[chain[i]] = h
		}
	}
	f.log = []logged{{s.Entry, s.Entry.Hash(), s.Closed}}
	for _, e := range entries {
		if err := f.entry(e); err != nil {
			return s, e.refuse(err)
		}
	}
	if err := f.path(path); err != nil {
		return s, err
	}
	newest := f.log[len(f.log)-1]
	next := State{Genesis: s.Genesis, Entry: newest.Entry, Closed: newest.closed, Revision: s.Revision, Write: s.Write, skips: s.skips}
	if len(path) > 0 {
		next.Revision, next.Write, next.skips = path[0].Revision, f.known[path[0].Revision], nil
		for _, n := range SkipChain(path[0].Revision)[1:] {
			next.skips = append(next.skips, f.known[n])
		}
	}
	return next, nil
}

type logged struct {
	*Entry
	hash   Hash
	closed bool
}

type follower struct {
	from  State
	cards *Cards
	log   []logged
	known map[int64]Hash // hashes of writes by revision
}

// notes returns false if another write is known at this revision.
func (f *follower) notes(revision int64, h Hash) bool {
	if known, ok := f.known[revision]; ok {
		return known == h
	}
	f.known[revision] = h
	return true
}

func (f *follower) entry(e *Entry) error {
	before := f.log[len(f.log)-1]
	if err := e.follow(before.Entry, before.closed, f.cards); err != nil {
		return err
	}
	switch {
	case e.Revision < f.from.Revision:
		// The known write would have had to name this entry.
		return fmt.Errorf("%w: older than a known write", ErrRevision)
	case e.Revision < before.Revision:
		return fmt.Errorf("%w: older than in the entry before", ErrRevision)
	case !f.notes(e.Revision, e.Write):
		return fmt.Errorf("%w: another is known", ErrRevision)
	}
	f.log = append(f.log, logged{e, e.Hash(), before.closed || e.Op == OpClose})
	return nil
}

func (f *follower) path(path []*Write) error {
	newest := f.from.Revision
	if len(path) > 0 {
		if newest = path[0].Revision; newest <= f.from.Revision {
			return path[0].refuse(fmt.Errorf("%w: revision %d is known", ErrFork, f.from.Revision))
		}
	}
	var through []int64
	for _, e := range f.log[1:] {
		if e.Revision > newest {
			return e.refuse(fmt.Errorf("%w: newer than the newest write", ErrRevision))
		}
		through = append(through, e.Revision)
	}
	revisions := Path(newest, f.from.Revision, through)
	if len(path) != len(revisions) {
		return path0(path, f.from).refuse(fmt.Errorf("%w: %d writes instead of %d", ErrFork, len(path), len(revisions)))
	}
	for i, w := range path {
		if err := f.write(w, revisions[i]); err != nil {
			return w.refuse(err)
		}
	}
	if len(path) > 0 {
		if err := path[0].verify(f.cards); err != nil {
			return path[0].refuse(err)
		}
	}
	return nil
}

// path0 returns the write to name in an error about a path, which may be empty.
func path0(path []*Write, s State) *Write {
	if len(path) > 0 {
		return path[0]
	}
	return &Write{Revision: s.Revision}
}

func (f *follower) write(w *Write, revision int64) error {
	if err := w.check(); err != nil {
		return err
	}
	if w.Vault != f.from.Entry.Vault {
		return ErrVault
	}
	if w.Revision != revision || !f.notes(revision, w.Hash()) ||
		!f.notes(revision-1, w.Previous) || !f.notes(SkipRevision(revision), w.Skip) {
		return ErrFork
	}
	named := f.log[0]
	for _, e := range f.log[1:] {
		if e.Revision >= w.Revision {
			break
		}
		named = e
	}
	author := named.Member(w.Author)
	switch {
	case w.Entry != named.hash:
		return ErrEntry
	case named.closed:
		return ErrClosed
	case author == nil || author.Card != w.AuthorCard:
		return ErrAuthor
	case author.Role < Editor:
		return ErrRole
	case w.Epoch != named.Epoch:
		return ErrEpoch
	}
	return nil
}

// Encode returns the state for a device or a server to remember.
func (s State) Encode() []byte {
	entry := s.Entry.Encode()
	b := append(make([]byte, 0, 128+len(entry)+hashSize*len(s.skips)), Format)
	b = append(b, s.Genesis[:]...)
	b = append(b, map[bool]byte{true: 1}[s.Closed])
	b = appendNumber(b, s.Revision)
	b = append(b, s.Write[:]...)
	for _, h := range s.skips {
		b = append(b, h[:]...)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(entry))) // #nosec G115 -- bounded by MaxMembers and MaxPreviousKeys
	return append(b, entry...)
}

// ParseState reads what Encode returned. It fails with ErrEncoding, which the caller must not take for "nothing was remembered".
func ParseState(b []byte) (State, error) {
	r := &decoder{b: b}
	r.format()
	s := State{Genesis: r.hash()}
	closed := r.byte()
	r.refuse(closed > 1)
	s.Closed, s.Revision, s.Write = closed == 1, r.number(), r.hash()
	for range max(1, len(SkipChain(s.Revision))) - 1 {
		s.skips = append(s.skips, r.hash())
	}
	entry := r.long(len(r.b))
	r.refuse(len(r.b) > 0 || s.Genesis == Hash{} || (s.Revision == 0) != (s.Write == s.Genesis))
	if r.bad {
		return State{}, fmt.Errorf("state: %w", ErrEncoding)
	}
	var err error
	if s.Entry, err = ParseEntry([]byte(entry)); err != nil {
		return State{}, fmt.Errorf("state: %w", err)
	}
	if s.Entry.Revision > s.Revision || (s.Entry.Sequence == 0) != (s.Entry.Hash() == s.Genesis) {
		return State{}, fmt.Errorf("state: %w", ErrEncoding)
	}
	return s, nil
}
