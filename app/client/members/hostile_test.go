package members_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/members"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// ghost has a member add somebody whom nobody else has seen, and seal the key.
func (v *team) ghost(by, who *testvault.Person) {
	v.t.Helper()
	v.knows(who)
	v.take(v.by(by, who).Add(newcomer(v.t, who, chain.Reader)))
}

// A hostile server with the keys of a manager adds a member. The next who signs would seal the new key to the ghost.
func TestAGhostIsShownBeforeAnybodySigns(t *testing.T) {
	t.Parallel()
	v, owner, manager, editor, reader := full(t)
	known := []*testvault.Person{manager, editor, reader}
	seen := v.log.State.Entry.Sequence + 1
	eve := testvault.NewPerson("eve")
	v.ghost(manager, eve)
	unaware := func() *members.Signer {
		s := v.by(owner, known...)
		s.Shown = seen
		return s
	}
	fresh := testvault.NewPerson("fay")
	owner2 := renewed(t, owner, "")
	for name, err := range map[string]error{
		"remove": second(unaware().Remove(reader.ID)), "rotate": second(unaware().Rotate()), "add": second(unaware().Add(newcomer(t, fresh, chain.Reader))),
		"role": second(unaware().SetRole(editor.ID, chain.Reader)), "policy": second(unaware().SetPolicy([]byte("x"))), "close": second(unaware().Close()),
		"recard": second(func() (*members.Signed, error) {
			s := unaware()
			s.Identity = identityOf(owner2)
			return s.Recard(owner2.Cards)
		}()),
		"recard another": second(func() (*members.Signed, error) {
			next := renewed(t, editor, "")
			s := v.by(owner, manager, next, reader)
			s.Shown = seen
			return s.RecardMember(person(t, next))
		}()),
	} {
		var unseen *members.UnseenError
		if !errors.As(err, &unseen) || !errors.Is(err, members.ErrUnseen) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := members.Change{Sequence: 2, Op: chain.OpAdd, Time: 2, After: chain.Reader,
			Author: members.Person{User: manager.ID, Username: "max", Fingerprint: manager.Card().Fingerprint()},
			Member: members.Person{User: eve.ID, Username: "eve", Fingerprint: eve.Card().Fingerprint()}}
		if unseen.Shown != 3 || !slices.Equal(unseen.Changes, []members.Change{want}) {
			t.Errorf("%s: %+v", name, unseen)
		}
	}
	s := unaware()
	s.Shown = 3 // shown: the owner removes the ghost and the manager, whose keys are stolen
	v.take(s.Remove(eve.ID, manager.ID))
	v.opens([]*testvault.Person{owner, editor, reader}, eve, manager)
}

// The rules of the log refuse a ghost that comes in under another op.
func TestAGhostUnderAnotherOp(t *testing.T) {
	t.Parallel()
	v, owner, manager, editor, _ := full(t)
	eve := testvault.NewPerson("eve")
	v.knows(eve)
	for _, op := range []chain.Op{chain.OpRotate, chain.OpRole, chain.OpRecard, chain.OpPolicy, chain.OpClose, chain.OpLeave, chain.OpRemove, chain.OpAccount} {
		for _, by := range []*testvault.Person{owner, manager, editor} {
			e := v.forge(by, op, func(e *chain.Entry) {
				e.Roster = append(e.Roster, chain.Member{User: eve.ID, Card: eve.Card().Hash(), Role: chain.Owner, Envelope: chain.Hash{9}})
				slices.SortFunc(e.Roster, func(a, b chain.Member) int { return bytes.Compare(a.User[:], b.User[:]) })
				if op == chain.OpRotate || op == chain.OpRemove {
					e.Epoch, e.Commitment, e.PreviousKeys = e.Epoch+1, chain.Hash{8}, "x"
					for i := range e.Roster {
						e.Roster[i].Envelope = chain.Hash{byte(i + 1), 7}
					}
				}
				if op == chain.OpPolicy {
					e.Annex = chain.Hash{6}
				}
			})
			if _, err := v.log.State.Follow([]*chain.Entry{e}, nil, v.log.Cards); err == nil {
				t.Errorf("%s takes over with %v", by.Username, op)
			}
		}
	}
	e := v.forge(manager, chain.OpAdd, func(e *chain.Entry) {
		e.Roster = append(e.Roster, chain.Member{User: chain.ID{255, 255}, Card: eve.Card().Hash(), Role: chain.Reader, Envelope: chain.Hash{9}})
		slices.SortFunc(e.Roster, func(a, b chain.Member) int { return bytes.Compare(a.User[:], b.User[:]) })
	})
	if _, err := v.log.State.Follow([]*chain.Entry{e}, nil, v.log.Cards); !errors.Is(err, chain.ErrCard) {
		t.Errorf("the card of another user: %v", err)
	}
}

// twin is somebody with the id and the name of a person, and other keys: what a server shows in place of the person.
func twin(t *testing.T, p *testvault.Person) *testvault.Person {
	t.Helper()
	keys := seal.NewCardKeys()
	card, err := seal.FirstCard(p.ID, p.Username, keys)
	if err != nil {
		t.Fatal(err)
	}
	return &testvault.Person{ID: p.ID, Username: p.Username, Cards: []*chain.Card{card}, CardKeys: []seal.CardKeys{keys}}
}

// Keys are never sealed to a card that contradicts a verified one, neither to a new member nor to one whom somebody else added.
func TestSwappedCards(t *testing.T) {
	t.Parallel()
	owner, manager, bob := testvault.NewPerson("olga"), testvault.NewPerson("max"), testvault.NewPerson("bob")
	v := newTeam(t, owner)
	v.knows(manager)
	v.take(v.by(owner, manager).Add(newcomer(t, manager, chain.Manager)))
	forged := twin(t, bob)
	refused(t, "add", second(v.by(owner, manager, bob).Add(newcomer(t, forged, chain.Reader))), directory.ErrParted)

	v.ghost(manager, forged)
	s := func() *members.Signer { return v.by(owner, manager, bob) }
	var named *members.Error
	for name, err := range map[string]error{
		"rotate": second(s().Rotate()), "remove": second(s().Remove(manager.ID)), "role": second(s().SetRole(bob.ID, chain.Owner)),
		"add": second(func() (*members.Signed, error) {
			fresh := testvault.NewPerson("fay")
			return v.by(owner, manager, bob, fresh).Add(newcomer(t, fresh, chain.Reader))
		}()),
	} {
		refused(t, name, err, directory.ErrParted)
		if !errors.As(err, &named) || named.User != bob.ID {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list := members.List(v.log, s().Book, owner.ID); list[0].Username != "bob" || list[0].Standing != directory.Parted || list[0].How != 0 || list[0].Introduced {
		t.Errorf("%+v", list[0])
	}
	v.take(s().Remove(bob.ID))
	// The vault knows the forged card of generation 1 forever. Bob's own does not fit beside it.
	refused(t, "bob after that", second(s().Add(newcomer(t, bob, chain.Reader))), directory.ErrParted)
	v.take(s().Rotate())
}

// A card of a later generation counts only if the pinned one signed it, whatever hash it names.
func TestCardsThatOnlyNameTheVerifiedOne(t *testing.T) {
	t.Parallel()
	owner, bob := testvault.NewPerson("olga"), testvault.NewPerson("bob")
	next, last := renewed(t, bob, ""), renewed(t, renewed(t, bob, ""), "")
	keys := seal.NewCardKeys()
	forged := *next.Card()
	forged.SigningKey = keys.Signing.Public()
	forged.Own = keys.Signing.Sign(forged.Message())
	other := renewed(t, twin(t, bob), "")
	for name, c := range map[string]struct {
		card *chain.Card
		with []*chain.Card
		want directory.Standing
	}{
		"the pinned one":              {bob.Card(), nil, directory.Verified},
		"the next":                    {next.Card(), bob.Cards, directory.Renewed},
		"the next, alone":             {next.Card(), nil, directory.Unsure},
		"two later":                   {last.Card(), last.Cards, directory.Renewed},
		"two later, with a gap":       {last.Card(), bob.Cards, directory.Unsure},
		"the next, not signed by bob": {&forged, bob.Cards, directory.Parted},
		"the next of somebody else":   {other.Card(), bob.Cards, directory.Parted},
		"the same, alone":             {other.Card(), nil, directory.Parted},
		"another first card":          {twin(t, bob).Card(), nil, directory.Parted},
		"another user of this name":   {testvault.NewPerson("bob").Card(), nil, directory.OtherUser},
		"somebody else":               {owner.Card(), nil, directory.Unknown},
	} {
		cards := &chain.Cards{}
		for _, card := range append([]*chain.Card{c.card}, c.with...) {
			if err := cards.Add(card); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		book := &directory.Book{Entries: []directory.Entry{{Pin: pinOf(t, bob, directory.ByLink)}}}
		if got := book.StandingOf(c.card, cards); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	book := &directory.Book{Entries: []directory.Entry{{Pin: pinOf(t, next, directory.ByLink)}}}
	if got := book.StandingOf(bob.Card(), &chain.Cards{}); got != directory.Older {
		t.Errorf("an older card: %s", got)
	}
	book.Entries = append(book.Entries, directory.Entry{Pin: pinOf(t, twin(t, bob), directory.ByLink)})
	if got := book.StandingOf(bob.Card(), &chain.Cards{}); got != directory.Parted {
		t.Errorf("two pins: %s", got)
	}
	if got := (&directory.Book{Unreadable: 1}).StandingOf(bob.Card(), &chain.Cards{}); got != directory.Unsure {
		t.Errorf("an unreadable pin: %s", got)
	}
}

// Names come from the cards that the roster names, and not from another card that the server adds to its answer.
func TestSwappedNames(t *testing.T) {
	t.Parallel()
	v, owner, manager, editor, _ := full(t)
	boss := renewed(t, twin(t, editor), "boss") // no roster names it
	if err := v.log.Cards.Add(boss.Card()); err != nil {
		t.Fatal(err)
	}
	for _, m := range members.List(v.log, v.by(owner, manager).Book, owner.ID) {
		if m.User == editor.ID && (m.Username != "ed" || m.Fingerprint != editor.Card().Fingerprint()) {
			t.Errorf("%+v", m)
		}
	}
	// Somebody new with the name of a verified person.
	v.ghost(manager, testvault.NewPerson("anna"))
	s := v.by(owner, manager, editor, testvault.NewPerson("anna"))
	refused(t, "rotate", second(s.Rotate()), directory.ErrParted)
}

func TestMembersSayHowTheyWereVerified(t *testing.T) {
	t.Parallel()
	v, owner, manager, editor, reader := full(t)
	fay, gus := testvault.NewPerson("fay"), testvault.NewPerson("gus")
	v.ghost(manager, fay)
	v.take(v.by(owner).Remove(reader.ID))
	v.knows(gus)
	v.take(v.by(editor2(t, v, owner, editor), gus).Add(newcomer(t, gus, chain.Reader)))
	list := members.List(v.log, v.by(owner, manager).Book, owner.ID)
	got := map[string]members.Member{}
	var names []string
	for _, m := range list {
		got[m.Username], names = m, append(names, m.Username)
	}
	if !slices.Equal(names, []string{"ed", "fay", "gus", "max", "olga"}) {
		t.Errorf("%q", names)
	}
	for name, want := range map[string]struct {
		role       chain.Role
		standing   directory.Standing
		how        directory.How
		introduced bool
		by         string
	}{
		"olga": {chain.Owner, "", 0, false, "olga"},
		"max":  {chain.Manager, directory.Verified, directory.Compared, false, "olga"},
		"ed":   {chain.Manager, directory.Unknown, 0, true, "olga"},
		"fay":  {chain.Reader, directory.Unknown, 0, true, "max"},
		"gus":  {chain.Reader, directory.Unknown, 0, false, "ed"},
	} {
		if m := got[name]; m.Role != want.role || m.Standing != want.standing || m.How != want.how || m.Introduced != want.introduced || m.By.Username != want.by {
			t.Errorf("%s: %+v", name, m)
		}
	}
	book := v.by(owner, manager).Book
	if by, ok := members.Introduced(v.log, book, owner.ID, fay.Card()); !ok || by != manager.ID {
		t.Errorf("fay: %v, %v", by, ok)
	}
	for name, card := range map[string]*chain.Card{
		"added by somebody not verified": gus.Card(), "added by the user": editor.Card(), "no member": reader.Card(), "another card": twin(t, fay).Card(),
	} {
		if by, ok := members.Introduced(v.log, book, owner.ID, card); ok {
			t.Errorf("%s: introduced by %v", name, by)
		}
	}
	book.Entries[0].How = directory.Introduced // one step only
	if by, ok := members.Introduced(v.log, book, owner.ID, fay.Card()); ok {
		t.Errorf("introduced by %v, who was introduced", by)
	}
	want := []chain.Op{chain.OpRemove, chain.OpRole, chain.OpAdd}
	var ops []chain.Op
	for _, c := range members.Changes(v.log, 3) {
		ops = append(ops, c.Op)
		if c.Op == chain.OpRemove && (c.Member.Username != "rita" || c.Before != chain.Reader || c.After != 0) ||
			c.Op == chain.OpRole && (c.Member.Username != "ed" || c.Before != chain.Editor || c.After != chain.Manager || c.NewCard) {
			t.Errorf("%+v", c)
		}
	}
	if !slices.Equal(ops, want) {
		t.Errorf("%v", ops)
	}
	if n := len(members.Changes(v.log, -1)); n != 1+3+1+3 || len(members.Changes(v.log, 99)) != 0 {
		t.Errorf("%d changes", n)
	}
}

// editor2 makes the editor a manager.
func editor2(t *testing.T, v *team, owner, editor *testvault.Person) *testvault.Person {
	t.Helper()
	v.take(v.by(owner, editor).SetRole(editor.ID, chain.Manager))
	return editor
}
