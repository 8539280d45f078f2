package chain

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"
)

type signer ed25519.PrivateKey

func (s signer) Sign(message []byte) Signature {
	return Signature(ed25519.Sign(ed25519.PrivateKey(s), message))
}

// person has one card and one signing key a generation. Everything is derived from the name.
type person struct {
	id      ID
	name    string
	cards   []*Card
	signers []signer
}

func fixed(format string, args ...any) Hash { return sha256.Sum256(fmt.Appendf(nil, format, args...)) }

func fixedID(format string, args ...any) ID {
	h := fixed(format, args...)
	return ID(h[:])
}

func newPerson(t testing.TB, name string) *person {
	t.Helper()
	p := &person{id: fixedID("user %s", name), name: name}
	p.renew(t)
	return p
}

// renew makes the next card, with new keys.
func (p *person) renew(t testing.TB) *Card {
	t.Helper()
	generation := len(p.cards) + 1
	seed := fixed("signing key %d of %s", generation, p.name)
	own := signer(ed25519.NewKeyFromSeed(seed[:]))
	ikm := fixed("encapsulation key %d of %s", generation, p.name)
	kem, err := hpke.MLKEM768X25519().DeriveKeyPair(ikm[:])
	if err != nil {
		t.Fatal(err)
	}
	c := &Card{
		User: p.id, Username: p.name, Generation: int64(generation),
		SigningKey: [ed25519.PublicKeySize]byte(ed25519.PrivateKey(own).Public().(ed25519.PublicKey)),
		KEMKey:     kem.PublicKey().Bytes(),
	}
	if generation > 1 {
		c.Previous = p.card().Hash()
		c.Sign(own, p.signer())
	} else {
		c.Sign(own, nil)
	}
	p.cards, p.signers = append(p.cards, c), append(p.signers, own)
	return c
}

func (p *person) card() *Card    { return p.cards[len(p.cards)-1] }
func (p *person) signer() signer { return p.signers[len(p.signers)-1] }

// signerOf returns the key of the card with this hash.
func (p *person) signerOf(h Hash) signer {
	return p.signers[slices.IndexFunc(p.cards, func(c *Card) bool { return c.Hash() == h })]
}

// vault is a vault as an honest server holds it.
type vault struct {
	t       testing.TB
	id      ID
	people  map[ID]*person
	cards   *Cards
	state   State
	live    *Live
	entries []*Entry
	writes  []*Write
	ops     [][]Operation
	states  []State // after each entry and write
}

func newVault(t testing.TB, kind Type, owner *person, others ...*person) *vault {
	t.Helper()
	v := &vault{t: t, id: fixedID("vault of %s", owner.name), people: map[ID]*person{}, cards: &Cards{}}
	v.live = NewLive(v.id)
	for _, p := range append([]*person{owner}, others...) {
		v.knows(p)
	}
	e := &Entry{
		Vault: v.id, Type: kind, Op: OpCreate, Author: owner.id, AuthorCard: owner.card().Hash(), Time: 1, Epoch: 1,
		Commitment: fixed("key of epoch 1"),
		Roster:     []Member{{User: owner.id, Card: owner.card().Hash(), Role: Owner, Envelope: fixed("envelope of epoch 1 for %s", owner.name)}},
	}
	e.Sign(owner.signer())
	state, err := Begin(e, v.cards)
	if err != nil {
		t.Fatal(err)
	}
	v.state, v.entries, v.states = state, []*Entry{e}, []State{state}
	return v
}

func (v *vault) knows(p *person) {
	v.t.Helper()
	v.people[p.id] = p
	for _, c := range p.cards {
		if err := v.cards.Add(c); err != nil {
			v.t.Fatal(err)
		}
	}
}

// member is a line that add can append.
func (v *vault) member(p *person, role Role) Member {
	return Member{User: p.id, Card: p.card().Hash(), Role: role, Envelope: fixed("envelope of epoch %d for %s", v.state.Entry.Epoch, p.name)}
}

// draft returns the next entry, unsigned, with what op changes apart from the roster.
func (v *vault) draft(op Op, author *person) *Entry {
	e := *v.state.Entry
	e.Sequence++
	e.Previous = v.state.Entry.Hash()
	e.Revision, e.Write = v.state.Revision, v.state.Write
	e.Op, e.Author, e.PreviousKeys = op, author.id, ""
	e.AuthorCard = fixed("not a member")
	if m := v.state.Entry.Member(author.id); m != nil {
		e.AuthorCard = m.Card
	}
	e.Time++
	e.Roster = slices.Clone(v.state.Entry.Roster)
	if rules[op].epoch == nextEpoch {
		v.nextEpoch(&e)
	}
	if rules[op].annex {
		e.Annex = fixed("annex %d", e.Sequence)
	}
	return &e
}

func (v *vault) nextEpoch(e *Entry) {
	e.Epoch++
	e.Commitment = fixed("key of epoch %d", e.Epoch)
	e.PreviousKeys = fmt.Sprintf("sealed keys before epoch %d", e.Epoch)
	for i := range e.Roster {
		e.Roster[i].Envelope = fixed("envelope of epoch %d for %v, entry %d", e.Epoch, e.Roster[i].User, e.Sequence)
	}
}

// sign signs as an author would who wants the entry to be taken: with as many signatures as its op needs.
func (v *vault) sign(e *Entry) *Entry {
	p := v.people[e.Author]
	first := p.signer()
	if slices.ContainsFunc(p.cards, func(c *Card) bool { return c.Hash() == e.AuthorCard }) {
		first = p.signerOf(e.AuthorCard)
	}
	e.Sign(first)
	m := e.Member(e.Author)
	if m != nil && (e.Op == OpAccount || e.Op == OpRecard && m.Card != e.AuthorCard) {
		e.Sign(first, p.signer())
	}
	return e
}

func (v *vault) append(e *Entry) *Entry {
	v.t.Helper()
	next, err := v.state.Follow([]*Entry{e}, nil, v.cards)
	if err != nil {
		v.t.Fatalf("entry %d (%v): %v", e.Sequence, e.Op, err)
	}
	v.state, v.entries, v.states = next, append(v.entries, e), append(v.states, next)
	return e
}

// do appends an entry with the roster that edit returns.
func (v *vault) do(op Op, author *person, edit func([]Member) []Member) *Entry {
	v.t.Helper()
	e := v.draft(op, author)
	if edit != nil {
		e.Roster = edit(e.Roster)
		slices.SortFunc(e.Roster, func(a, b Member) int { return slices.Compare(a.User[:], b.User[:]) })
	}
	return v.append(v.sign(e))
}

func (v *vault) add(author *person, p *person, role Role) *Entry {
	v.t.Helper()
	return v.do(OpAdd, author, func(roster []Member) []Member { return append(roster, v.member(p, role)) })
}

func without(p *person) func([]Member) []Member {
	return func(roster []Member) []Member {
		return slices.DeleteFunc(roster, func(m Member) bool { return m.User == p.id })
	}
}

func withRole(p *person, role Role) func([]Member) []Member {
	return func(roster []Member) []Member {
		for i, m := range roster {
			if m.User == p.id {
				roster[i].Role = role
			}
		}
		return roster
	}
}

func withCard(p *person) func([]Member) []Member {
	return func(roster []Member) []Member {
		for i, m := range roster {
			if m.User == p.id {
				roster[i].Card, roster[i].Envelope = p.card().Hash(), fixed("envelope for card %d of %s", len(p.cards), p.name)
			}
		}
		return roster
	}
}

func put(kind RecordKind, item string, version, epoch uint32) Operation {
	return Operation{Line: Line{
		Kind: kind, ID: fixedID("item %s", item), Version: version, Epoch: epoch, Hash: fixed("token %d %s %d %d", kind, item, version, epoch),
	}}
}

func del(o Operation) Operation {
	o.Delete = true
	return o
}

// prepare returns the next write, signed.
func (v *vault) prepare(author *person, ops ...Operation) (*Write, []Operation) {
	v.t.Helper()
	SortOperations(ops)
	n := v.state.Revision + 1
	after := v.clone()
	w := &Write{
		Vault: v.id, Epoch: v.state.Entry.Epoch, Revision: n, Previous: v.state.Write, Skip: v.state.SkipHash(),
		Entry: v.state.Entry.Hash(), Author: author.id, AuthorCard: fixed("not a member"), Time: n, Operations: HashOperations(ops),
	}
	if m := v.state.Entry.Member(author.id); m != nil {
		w.AuthorCard = m.Card
	}
	if err := after.Apply(ops); err != nil {
		v.t.Fatal(err)
	}
	w.Count, w.Root = after.Count(), after.Root()
	w.Sign(author.signer())
	return w, ops
}

func (v *vault) clone() *Live {
	c := *v.live
	return &c // Apply replaces the maps that it changes
}

func (v *vault) write(author *person, ops ...Operation) *Write {
	v.t.Helper()
	w, ops := v.prepare(author, ops...)
	next, err := v.state.Admit(w, ops, v.live, v.cards)
	if err != nil {
		v.t.Fatalf("write %d: %v", w.Revision, err)
	}
	v.state, v.writes, v.ops, v.states = next, append(v.writes, w), append(v.ops, ops), append(v.states, next)
	return w
}

// answer returns what an honest server answers to a device that knows from.
func (v *vault) answer(from, to State) (entries []*Entry, path []*Write) {
	entries = v.entries[from.Entry.Sequence+1 : to.Entry.Sequence+1]
	var through []int64
	for _, e := range entries {
		through = append(through, e.Revision)
	}
	for _, n := range Path(to.Revision, from.Revision, through) {
		path = append(path, v.writes[n-1])
	}
	return entries, path
}

func want(t testing.TB, what string, err, is error) {
	t.Helper()
	var named *Error
	if !errors.Is(err, is) || is != nil && !errors.As(err, &named) {
		t.Errorf("%s: %v, want %v", what, err, is)
	}
}
