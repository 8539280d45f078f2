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
	f := s.follower(cards)
	chain := SkipChain(s.Revision)
	for i, h := range append([]Hash{s.Write}, s.skips...) {
		if i < len(chain) {
			f.known[chain[i]] = h
		}
	}
	newest := s.Revision
	if len(path) > 0 {
		if newest = path[0].Revision; newest <= s.Revision {
			return s, path[0].refuse(fmt.Errorf("%w: revision %d is known", ErrFork, s.Revision))
		}
	}
	if err := f.entries(entries, s.Revision, newest); err != nil {
		return s, err
	}
	if err := f.known.link(path, Path(newest, s.Revision, f.through())); err != nil {
		return s, err
	}
	if err := f.allowsAll(path); err != nil {
		return s, err
	}
	if len(path) > 0 {
		if err := path[0].verify(cards); err != nil {
			return s, path[0].refuse(err)
		}
	}
	return f.state(s.Genesis, newest), nil
}

// logged is an entry of a verified log.
type logged struct {
	*Entry
	hash   Hash
	closed bool
}

// hashes are those of writes by revision, as the known writes and their links say.
type hashes map[int64]Hash

// note returns false if another write is known at this revision.
func (h hashes) note(revision int64, hash Hash) bool {
	if known, ok := h[revision]; ok {
		return known == hash
	}
	h[revision] = hash
	return true
}

// link checks that the writes have these revisions, and the hashes that the links of known writes name.
func (h hashes) link(path []*Write, revisions []int64) error {
	if len(path) != len(revisions) {
		return &Error{Kind: KindWrite, Err: fmt.Errorf("%w: %d writes instead of %d", ErrFork, len(path), len(revisions))}
	}
	for i, w := range path {
		if err := w.check(); err != nil {
			return w.refuse(err)
		}
		if n := revisions[i]; w.Revision != n || !h.note(n, w.Hash()) || !h.note(n-1, w.Previous) || !h.note(SkipRevision(n), w.Skip) {
			return w.refuse(ErrFork)
		}
	}
	return nil
}

type follower struct {
	cards *Cards
	log   []logged
	known hashes
}

func (s State) follower(cards *Cards) follower {
	return follower{cards: cards, known: hashes{0: s.Genesis}, log: []logged{{s.Entry, s.Entry.Hash(), s.Closed}}}
}

// newest returns the entry that is the newest now.
func (f *follower) newest() logged { return f.log[len(f.log)-1] }

// entries checks new entries. They name writes from one revision to another, both included.
func (f *follower) entries(entries []*Entry, from, to int64) error {
	for _, e := range entries {
		before := f.newest()
		err := e.follow(before.Entry, before.closed, f.cards)
		switch {
		case err != nil:
		case e.Revision < from:
			// A known write would have had to name this entry.
			err = fmt.Errorf("%w: older than a known write", ErrRevision)
		case e.Revision < before.Revision:
			err = fmt.Errorf("%w: older than in the entry before", ErrRevision)
		case e.Revision > to:
			err = fmt.Errorf("%w: newer than the newest write", ErrRevision)
		case !f.known.note(e.Revision, e.Write):
			err = fmt.Errorf("%w: another is known", ErrRevision)
		}
		if err != nil {
			return e.refuse(err)
		}
		f.log = append(f.log, logged{e, e.Hash(), before.closed || e.Op == OpClose})
	}
	return nil
}

// through returns the revisions that new entries name.
func (f *follower) through() []int64 {
	var revisions []int64
	for _, e := range f.log[1:] {
		revisions = append(revisions, e.Revision)
	}
	return revisions
}

// allows checks that the author of a write might write then.
func (f *follower) allows(w *Write) error {
	named := f.log[0]
	for _, e := range f.log[1:] {
		if e.Revision >= w.Revision {
			break
		}
		named = e
	}
	author := named.Member(w.Author)
	switch {
	case w.Vault != named.Vault:
		return ErrVault
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

func (f *follower) allowsAll(path []*Write) error {
	for _, w := range path {
		if err := f.allows(w); err != nil {
			return w.refuse(err)
		}
	}
	return nil
}

// state returns the state at a write that is known with all of its skip chain.
func (f *follower) state(genesis Hash, revision int64) State {
	newest := f.newest()
	s := State{Genesis: genesis, Entry: newest.Entry, Closed: newest.closed, Revision: revision, Write: f.known[revision]}
	for i, n := range SkipChain(revision) {
		if i > 0 {
			s.skips = append(s.skips, f.known[n])
		}
	}
	return s
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
	r := NewDecoder(b)
	s := State{Genesis: r.Hash()}
	closed := r.Byte()
	r.Refuse(closed > 1)
	s.Closed, s.Revision, s.Write = closed == 1, r.Number(), r.Hash()
	for range max(1, len(SkipChain(s.Revision))) - 1 {
		s.skips = append(s.skips, r.Hash())
	}
	entry := r.long(len(r.b))
	r.Refuse(len(r.b) > 0 || s.Genesis == Hash{} || (s.Revision == 0) != (s.Write == s.Genesis))
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
