package members_test

import (
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/members"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// team is a shared vault as an honest server has it: its log, the cards of everybody, and the envelopes.
type team struct {
	t         *testing.T
	log       *replica.Log
	envelopes map[chain.Hash][]byte
}

var vaultID = chain.ID{7, 7, 7}

// newTeam returns a vault of an owner.
func newTeam(t *testing.T, owner *testvault.Person) *team {
	t.Helper()
	s, err := members.Create(vaultID, owner.Card(), owner.CardKeys[0], 1)
	if err != nil {
		t.Fatal(err)
	}
	v := &team{t, &replica.Log{State: s.State, Entries: []*chain.Entry{s.Entry}, Cards: &chain.Cards{}}, map[chain.Hash][]byte{}}
	v.knows(owner)
	v.envelopes[chain.HashOf(chain.HashEnvelope, s.Envelopes[0])] = s.Envelopes[0]
	return v
}

// knows gives the log the cards of a person, as an answer does.
func (v *team) knows(people ...*testvault.Person) {
	v.t.Helper()
	for _, p := range people {
		for _, c := range p.Cards {
			if err := v.log.Cards.Add(c); err != nil {
				v.t.Fatal(err)
			}
		}
	}
}

func identityOf(p *testvault.Person) *seal.Identity {
	return &seal.Identity{User: p.ID, KeyGeneration: 1, Genesis: chain.Hash{1}, Before: chain.Hash{1}, Cards: p.CardKeys}
}

// key opens the envelope of a member as a client does.
func (v *team) key(p *testvault.Person) (seal.EpochKey, error) {
	newest := v.log.State.Entry
	m := newest.Member(p.ID)
	if m == nil {
		return seal.EpochKey{}, seal.ErrNotMember
	}
	keys, err := identityOf(p).Keys(v.log.Cards.Get(m.Card))
	if err != nil {
		return seal.EpochKey{}, err
	}
	return keys.KEM.OpenEnvelope(newest, p.ID, v.envelopes[m.Envelope])
}

// by returns the signer of a member who has seen all entries, and who has verified all of known.
func (v *team) by(p *testvault.Person, known ...*testvault.Person) *members.Signer {
	v.t.Helper()
	s := &members.Signer{Log: v.log, Identity: identityOf(p), Book: &directory.Book{}, Shown: v.log.State.Entry.Sequence + 1, Time: 2}
	for _, k := range known {
		s.Book.Entries = append(s.Book.Entries, directory.Entry{Pin: pinOf(v.t, k, directory.Compared)})
	}
	if key, err := v.key(p); err == nil {
		s.Keys = []seal.PreviousKey{{Epoch: v.log.State.Entry.Epoch, Key: key}}
	}
	return s
}

func person(t *testing.T, p *testvault.Person) *directory.Person {
	t.Helper()
	cards := &chain.Cards{}
	for _, c := range p.Cards {
		if err := cards.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	out, err := directory.Own(p.Card(), cards)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func pinOf(t *testing.T, p *testvault.Person, how directory.How) directory.Pin {
	t.Helper()
	by := chain.ID{}
	if how == directory.Introduced {
		by = chain.ID{1}
	}
	return person(t, p).Pin(how, by, 1)
}

func newcomer(t *testing.T, p *testvault.Person, role chain.Role) members.Newcomer {
	t.Helper()
	return members.Newcomer{Person: person(t, p), Role: role}
}

// take stores a signed entry as the server does: the envelopes must be those that it names and the entry before did not.
func (v *team) take(s *members.Signed, err error) *members.Signed {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	before, missing := v.log.State.Entry, map[chain.Hash]bool{}
	for _, m := range s.Entry.Roster {
		if was := before.Member(m.User); was == nil || was.Envelope != m.Envelope {
			missing[m.Envelope] = true
		}
	}
	for _, e := range s.Envelopes {
		hash := chain.HashOf(chain.HashEnvelope, e)
		if !missing[hash] {
			v.t.Fatalf("an envelope that entry %d does not name", s.Entry.Sequence)
		}
		delete(missing, hash)
		v.envelopes[hash] = e
	}
	if len(missing) > 0 {
		v.t.Fatalf("entry %d lacks %d envelopes", s.Entry.Sequence, len(missing))
	}
	parsed, err := chain.ParseEntry(s.Entry.Encode())
	if err != nil {
		v.t.Fatal(err)
	}
	v.append(parsed)
	return s
}

// append takes an entry that a test made.
func (v *team) append(e *chain.Entry) {
	v.t.Helper()
	state, err := v.log.State.Follow([]*chain.Entry{e}, nil, v.log.Cards)
	if err != nil {
		v.t.Fatal(err)
	}
	v.log.State, v.log.Entries = state, append(v.log.Entries, e)
}

// forge is an entry that a hostile member signs by hand.
func (v *team) forge(p *testvault.Person, op chain.Op, edit func(e *chain.Entry)) *chain.Entry {
	newest := v.log.State.Entry
	e := *newest
	e.Sequence, e.Previous, e.Revision, e.Write = newest.Sequence+1, newest.Hash(), v.log.State.Revision, v.log.State.Write
	e.Op, e.Author, e.AuthorCard, e.PreviousKeys, e.Time = op, p.ID, p.Card().Hash(), "", 3
	e.Roster = append([]chain.Member(nil), newest.Roster...)
	edit(&e)
	e.Sign(p.CardKeys[len(p.CardKeys)-1].Signing)
	return &e
}

// full returns a vault with a member of each role. Everybody has verified everybody.
func full(t *testing.T) (v *team, owner, manager, editor, reader *testvault.Person) {
	t.Helper()
	owner, manager = testvault.NewPerson("olga"), testvault.NewPerson("max")
	editor, reader = testvault.NewPerson("ed"), testvault.NewPerson("rita")
	v = newTeam(t, owner)
	v.knows(manager, editor, reader)
	v.take(v.by(owner, manager, editor, reader).Add(newcomer(t, manager, chain.Manager), newcomer(t, editor, chain.Editor), newcomer(t, reader, chain.Reader)))
	return v, owner, manager, editor, reader
}

// renewed gives a person the next card. rename keeps the keys.
func renewed(t *testing.T, p *testvault.Person, rename string) *testvault.Person {
	t.Helper()
	next := *p
	keys, name := seal.NewCardKeys(), p.Username
	if rename != "" {
		keys, name = p.CardKeys[len(p.CardKeys)-1], rename
	}
	card, err := seal.NextCard(p.Card(), p.CardKeys[len(p.CardKeys)-1], name, keys)
	if err != nil {
		t.Fatal(err)
	}
	next.Username = name
	next.Cards, next.CardKeys = append(p.Cards[:len(p.Cards):len(p.Cards)], card), append(p.CardKeys[:len(p.CardKeys):len(p.CardKeys)], keys)
	return &next
}

func refused(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// opens checks that exactly these people have the key of the newest epoch.
func (v *team) opens(yes []*testvault.Person, no ...*testvault.Person) {
	v.t.Helper()
	for _, p := range yes {
		if _, err := v.key(p); err != nil {
			v.t.Errorf("%s: %v", p.Username, err)
		}
	}
	for _, p := range no {
		if _, err := v.key(p); err == nil {
			v.t.Errorf("%s has the key", p.Username)
		}
	}
}
