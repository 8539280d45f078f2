package chain

import (
	"errors"
	"slices"
	"testing"
)

// team is a shared vault with one member of each role, at revision 2 of epoch 1. dora is not a member.
type team struct {
	*vault
	owner, manager, editor, reader, dora *person
}

func newTeam(t testing.TB) *team {
	t.Helper()
	p := func(name string) *person { return newPerson(t, name) }
	x := &team{owner: p("olga"), manager: p("max"), editor: p("emil"), reader: p("rita"), dora: p("dora")}
	x.vault = newVault(t, Shared, x.owner, x.manager, x.editor, x.reader, x.dora)
	x.add(x.owner, x.manager, Manager)
	x.write(x.owner, put(RecordOverview, "bank", 1, 1), put(RecordDetails, "bank", 1, 1))
	x.add(x.manager, x.editor, Editor)
	x.add(x.manager, x.reader, Reader)
	x.write(x.editor, put(RecordOverview, "mail", 1, 1))
	return x
}

func TestWhatEachOpAllows(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(x *team){
		"a manager adds a reader":            func(x *team) { x.add(x.manager, x.dora, Reader) },
		"an owner adds an owner":             func(x *team) { x.add(x.owner, x.dora, Owner) },
		"a manager removes an editor":        func(x *team) { x.do(OpRemove, x.manager, without(x.editor)) },
		"an owner removes a manager":         func(x *team) { x.do(OpRemove, x.owner, without(x.manager)) },
		"a reader leaves":                    func(x *team) { x.do(OpLeave, x.reader, without(x.reader)) },
		"a manager makes a reader an editor": func(x *team) { x.do(OpRole, x.manager, withRole(x.reader, Editor)) },
		"an owner makes an editor an owner":  func(x *team) { x.do(OpRole, x.owner, withRole(x.editor, Owner)) },
		"a reader replaces the own card": func(x *team) {
			x.reader.renew(x.t)
			x.knows(x.reader)
			x.do(OpRecard, x.reader, withCard(x.reader))
		},
		"a reader who missed a generation replaces the own card": func(x *team) {
			x.reader.renew(x.t)
			x.reader.renew(x.t)
			x.knows(x.reader)
			x.do(OpRecard, x.reader, withCard(x.reader))
		},
		"an owner replaces a card that descends from nothing": func(x *team) {
			again := newPerson(x.t, "rita-again")
			again.id = x.reader.id
			again.cards[0].User = again.id
			again.cards[0].Generation, again.cards[0].Previous = 2, fixed("lost")
			again.cards[0].Sign(again.signer(), again.signer())
			x.knows(again)
			x.do(OpRecard, x.owner, withCard(again))
		},
		"a manager replaces the own card and begins an epoch": func(x *team) {
			x.manager.renew(x.t)
			x.knows(x.manager)
			e := x.draft(OpRecard, x.manager)
			x.nextEpoch(e)
			e.edit(withCard(x.manager))
			x.append(x.sign(e))
		},
		"a manager rotates":          func(x *team) { x.do(OpRotate, x.manager, nil) },
		"an owner changes the rules": func(x *team) { x.do(OpPolicy, x.owner, nil) },
		"members leave a closed vault": func(x *team) {
			x.do(OpClose, x.owner, nil)
			x.do(OpLeave, x.editor, without(x.editor))
			x.do(OpRemove, x.manager, without(x.reader))
		},
		"somebody returns": func(x *team) {
			x.do(OpRemove, x.manager, without(x.editor))
			x.add(x.manager, x.editor, Reader)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTeam(t)
			do(x)
			if !x.state.Closed {
				x.write(x.owner, put(RecordOverview, "new", 1, x.state.Entry.Epoch))
			}
		})
	}
}

// attack is an entry that its author signed, and that no client may take.
type attack struct {
	op     Op
	author func(x *team) *person
	edit   func(x *team, e *Entry)
	err    error
}

func owner(x *team) *person   { return x.owner }
func manager(x *team) *person { return x.manager }
func editor(x *team) *person  { return x.editor }
func reader(x *team) *person  { return x.reader }
func dora(x *team) *person    { return x.dora }

func (e *Entry) edit(f func([]Member) []Member) {
	e.Roster = f(e.Roster)
	slices.SortFunc(e.Roster, func(a, b Member) int { return slices.Compare(a.User[:], b.User[:]) })
}

func adds(who func(*team) *person, role Role) func(x *team, e *Entry) {
	return func(x *team, e *Entry) {
		e.edit(func(roster []Member) []Member { return append(roster, x.member(who(x), role)) })
	}
}

func removes(who func(*team) *person) func(x *team, e *Entry) {
	return func(x *team, e *Entry) { e.edit(without(who(x))) }
}

func sets(who func(*team) *person, role Role) func(x *team, e *Entry) {
	return func(x *team, e *Entry) { e.edit(withRole(who(x), role)) }
}

func recards(who, with func(*team) *person) func(x *team, e *Entry) {
	return func(x *team, e *Entry) {
		p, card := who(x), with(x).card()
		e.edit(func(roster []Member) []Member {
			for i, m := range roster {
				if m.User == p.id {
					roster[i].Card, roster[i].Envelope = card.Hash(), fixed("another envelope")
				}
			}
			return roster
		})
	}
}

// renewsCard replaces the card of a member by the next one.
func renewsCard(who func(*team) *person) func(x *team, e *Entry) {
	return func(x *team, e *Entry) {
		who(x).renew(x.t)
		x.knows(who(x))
		e.edit(withCard(who(x)))
	}
}

// entryAttacks are entries that their authors signed, and that nobody takes.
var entryAttacks = map[string]attack{
	"stranger adds himself":           {OpAdd, dora, adds(dora, Editor), ErrAuthor},
	"editor adds somebody":            {OpAdd, editor, adds(dora, Reader), ErrRole},
	"manager adds a manager":          {OpAdd, manager, adds(dora, Manager), ErrRole},
	"manager adds an owner":           {OpAdd, manager, adds(dora, Owner), ErrRole},
	"add without anybody":             {OpAdd, owner, nil, ErrRoster},
	"add and removal together":        {OpAdd, owner, both(adds(dora, Reader), removes(reader)), ErrRoster},
	"ghost owner under remove":        {OpRemove, owner, both(removes(reader), adds(dora, Owner)), ErrRoster},
	"ghost owner under rotate":        {OpRotate, manager, adds(dora, Owner), ErrRoster},
	"ghost owner under policy":        {OpPolicy, owner, adds(dora, Owner), ErrRoster},
	"ghost role under add":            {OpAdd, manager, both(adds(dora, Reader), sets(reader, Editor)), ErrRoster},
	"manager removes a manager":       {OpRemove, manager, removes(manager), ErrRole},
	"manager removes an owner":        {OpRemove, manager, removes(owner), ErrRoster},
	"editor removes a reader":         {OpRemove, editor, removes(reader), ErrRole},
	"owner removes himself":           {OpRemove, owner, removes(owner), ErrRoster},
	"remove without anybody":          {OpRemove, owner, nil, ErrRoster},
	"remove that keeps the epoch":     {OpRemove, owner, both(removes(reader), keepsEpoch), ErrEpoch},
	"remove that keeps an envelope":   {OpRemove, owner, both(removes(reader), keepsEnvelope), ErrEnvelope},
	"somebody else leaves":            {OpLeave, editor, removes(reader), ErrRole},
	"the last owner leaves":           {OpLeave, owner, removes(owner), ErrRoster},
	"leave that stays":                {OpLeave, reader, nil, ErrRoster},
	"leave that begins an epoch":      {OpLeave, reader, both(removes(reader), beginsEpoch), ErrEpoch},
	"reader makes himself an editor":  {OpRole, reader, sets(reader, Editor), ErrRole},
	"manager makes himself an owner":  {OpRole, manager, sets(manager, Owner), ErrRole},
	"manager makes an editor manager": {OpRole, manager, sets(editor, Manager), ErrRole},
	"manager demotes an owner":        {OpRole, manager, sets(owner, Reader), ErrRoster},
	"the last owner steps down":       {OpRole, owner, sets(owner, Editor), ErrRoster},
	"two roles in one entry":          {OpRole, owner, both(sets(editor, Reader), sets(reader, Editor)), ErrRoster},
	"role with a card":                {OpRole, owner, both(sets(editor, Reader), recards(editor, dora)), ErrRoster},
	"role with a new envelope":        {OpRole, owner, both(sets(editor, Reader), renewsEnvelope), ErrEnvelope},
	"editor replaces another's card":  {OpRecard, editor, recards(reader, dora), ErrRole},
	"manager replaces another's card": {OpRecard, manager, recards(reader, dora), ErrRole},
	"reader's card begins an epoch":   {OpRecard, reader, both(renewsCard(reader), beginsEpoch), ErrRole},
	"a card of another user":          {OpRecard, owner, recards(reader, dora), ErrCard},
	"own card of another user":        {OpRecard, reader, recards(reader, dora), ErrCard},
	"a card with a role":              {OpRecard, owner, both(recards(reader, dora), sets(reader, Owner)), ErrRoster},
	"editor rotates":                  {OpRotate, editor, nil, ErrRole},
	"rotate that keeps the epoch":     {OpRotate, owner, keepsEpoch, ErrEpoch},
	"rotate that keeps an envelope":   {OpRotate, owner, keepsEnvelope, ErrEnvelope},
	"rotate that skips an epoch":      {OpRotate, owner, func(_ *team, e *Entry) { e.Epoch++ }, ErrEpoch},
	"rotate to the epoch before":      {OpRotate, owner, func(_ *team, e *Entry) { e.Epoch -= 2 }, ErrEncoding},
	"an epoch without a new key":      {OpRotate, owner, func(x *team, e *Entry) { e.Commitment = x.state.Entry.Commitment }, ErrEpoch},
	"an epoch without earlier keys":   {OpRotate, owner, func(_ *team, e *Entry) { e.PreviousKeys = "" }, ErrEpoch},
	"a new key without an epoch":      {OpPolicy, owner, func(_ *team, e *Entry) { e.Commitment = fixed("mine") }, ErrEpoch},
	"earlier keys without an epoch":   {OpPolicy, owner, func(_ *team, e *Entry) { e.PreviousKeys = "keys" }, ErrEpoch},
	"add that begins an epoch":        {OpAdd, owner, both(adds(dora, Reader), beginsEpoch), ErrEpoch},
	"manager changes the rules":       {OpPolicy, manager, nil, ErrRole},
	"rules under another op":          {OpClose, owner, func(_ *team, e *Entry) { e.Annex = fixed("rules") }, ErrAnnex},
	"policy without rules":            {OpPolicy, owner, func(_ *team, e *Entry) { e.Annex = Hash{} }, ErrAnnex},
	"policy that changes nothing":     {OpPolicy, owner, func(x *team, e *Entry) { e.Annex = x.state.Entry.Annex }, ErrAnnex},
	"manager closes":                  {OpClose, manager, nil, ErrRole},
	"account in a shared vault":       {OpAccount, owner, nil, ErrOp},
	"create once more":                {OpCreate, owner, nil, ErrOp},
	"unknown op":                      {99, owner, nil, ErrOp},
	"another vault":                   {OpPolicy, owner, func(_ *team, e *Entry) { e.Vault = fixedID("other") }, ErrVault},
	"another type":                    {OpRotate, owner, func(_ *team, e *Entry) { e.Type = Personal }, ErrRoster},
	"a sequence number is left out":   {OpPolicy, owner, func(_ *team, e *Entry) { e.Sequence++ }, ErrPredecessor},
	"another predecessor":             {OpPolicy, owner, func(_ *team, e *Entry) { e.Previous = fixed("other") }, ErrPredecessor},
	"an older write":                  {OpPolicy, owner, func(x *team, e *Entry) { e.Revision, e.Write = 1, x.writes[0].Hash() }, ErrRevision},
	"another write":                   {OpPolicy, owner, func(_ *team, e *Entry) { e.Write = fixed("other") }, ErrRevision},
	"a write that nobody has":         {OpPolicy, owner, func(_ *team, e *Entry) { e.Revision++; e.Write = fixed("later") }, ErrRevision},
	"under another's card":            {OpPolicy, owner, func(x *team, e *Entry) { e.AuthorCard = x.manager.card().Hash() }, ErrAuthor},
	"in another's name":               {OpPolicy, manager, func(x *team, e *Entry) { e.Author, e.AuthorCard = x.owner.id, x.owner.card().Hash() }, ErrSignature},
}

// sign returns the entry of the attack on a new team.
func (a attack) sign(t testing.TB) (*team, *Entry) {
	t.Helper()
	x := newTeam(t)
	e := x.draft(a.op, a.author(x))
	if a.edit != nil {
		a.edit(x, e)
	}
	if errors.Is(a.err, ErrSignature) {
		e.Sign(a.author(x).signer())
		return x, e
	}
	return x, x.sign(e)
}

func TestEntriesThatNobodyTakes(t *testing.T) {
	t.Parallel()
	for name, a := range entryAttacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, e := a.sign(t)
			next, err := x.state.Follow([]*Entry{e}, nil, x.cards)
			want(t, name, err, a.err)
			if string(next.Encode()) != string(x.state.Encode()) {
				t.Error("the state changed")
			}
		})
	}
}

func both(edits ...func(x *team, e *Entry)) func(x *team, e *Entry) {
	return func(x *team, e *Entry) {
		for _, edit := range edits {
			edit(x, e)
		}
	}
}

func keepsEpoch(x *team, e *Entry) {
	e.Epoch, e.Commitment, e.PreviousKeys = x.state.Entry.Epoch, x.state.Entry.Commitment, ""
}

func beginsEpoch(x *team, e *Entry) { x.nextEpoch(e) }

func keepsEnvelope(x *team, e *Entry) {
	for i, m := range e.Roster {
		if m.User == x.manager.id {
			e.Roster[i].Envelope = x.state.Entry.Member(m.User).Envelope
		}
	}
}

func renewsEnvelope(_ *team, e *Entry) { e.Roster[0].Envelope = fixed("another envelope") }

// With two of each, the attacks fail because of the rule alone, not because no owner would be left.
func TestPowersOfManagersAndOwners(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	manager2, owner2 := newPerson(t, "mia"), newPerson(t, "otto")
	x.knows(manager2)
	x.knows(owner2)
	x.add(x.owner, manager2, Manager)
	x.add(x.owner, owner2, Owner)
	for name, c := range map[string]struct {
		op     Op
		author *person
		edit   func([]Member) []Member
		err    error
	}{
		"manager removes a manager":         {OpRemove, x.manager, without(manager2), ErrRole},
		"manager removes an owner":          {OpRemove, x.manager, without(owner2), ErrRole},
		"owner removes himself":             {OpRemove, x.owner, without(x.owner), ErrRole},
		"owner removes an owner":            {OpRemove, x.owner, without(owner2), nil},
		"manager demotes a manager":         {OpRole, x.manager, withRole(manager2, Reader), ErrRole},
		"manager demotes an owner":          {OpRole, x.manager, withRole(owner2, Editor), ErrRole},
		"manager promotes a reader":         {OpRole, x.manager, withRole(x.reader, Manager), ErrRole},
		"owner demotes an owner":            {OpRole, x.owner, withRole(owner2, Reader), nil},
		"owner steps down":                  {OpRole, x.owner, withRole(x.owner, Reader), nil},
		"owner leaves":                      {OpLeave, x.owner, without(x.owner), nil},
		"manager leaves for another":        {OpLeave, x.manager, without(manager2), ErrRole},
		"two members leave in one entry":    {OpLeave, x.reader, func(r []Member) []Member { return without(x.reader)(without(x.editor)(r)) }, ErrRoster},
		"manager removes an editor and one": {OpRemove, x.manager, func(r []Member) []Member { return without(manager2)(without(x.editor)(r)) }, ErrRole},
	} {
		e := x.draft(c.op, c.author)
		e.edit(c.edit)
		_, err := x.state.Follow([]*Entry{x.sign(e)}, nil, x.cards)
		want(t, name, err, c.err)
	}
}

func TestTypeAndAnnexAreForGood(t *testing.T) {
	t.Parallel()
	anna := newPerson(t, "anna")
	v := newVault(t, Shared, anna)
	e := v.draft(OpRotate, anna)
	e.Type = Personal // alone in it
	_, err := v.state.Follow([]*Entry{v.sign(e)}, nil, v.cards)
	want(t, "type", err, ErrVault)
	v.do(OpPolicy, anna, nil)
	e = v.draft(OpPolicy, anna)
	e.Annex = Hash{}
	_, err = v.state.Follow([]*Entry{v.sign(e)}, nil, v.cards)
	want(t, "annex", err, ErrAnnex)
}

func TestClosedVaultTakesNothingMore(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	x.do(OpClose, x.owner, nil)
	x.do(OpLeave, x.editor, without(x.editor)) // must not open it again
	for _, op := range []Op{OpAdd, OpRole, OpRotate, OpPolicy, OpClose} {
		_, err := x.state.Follow([]*Entry{x.sign(x.draft(op, x.owner))}, nil, x.cards)
		want(t, op.String(), err, ErrClosed)
	}
	w, ops := x.prepare(x.owner, put(RecordOverview, "late", 1, 1))
	_, err := x.state.Admit(w, ops, x.live, x.cards)
	want(t, "write", err, ErrClosed)
}

func TestPersonalVaultHasItsOwner(t *testing.T) {
	t.Parallel()
	anna, eve := newPerson(t, "anna"), newPerson(t, "eve")
	v := newVault(t, Personal, anna, eve)
	v.do(OpAccount, anna, nil)
	v.write(anna, put(RecordPin, "of a vault", 1, 1), put(RecordOverview, "bank", 1, 1))
	v.do(OpRotate, anna, nil)
	anna.renew(t)
	v.knows(anna)
	e := v.draft(OpAccount, anna)
	v.nextEpoch(e)
	e.edit(withCard(anna))
	v.append(v.sign(e))
	v.do(OpAccount, anna, nil)

	for _, op := range []Op{OpAdd, OpRemove, OpLeave, OpRole, OpRecard, OpPolicy, OpClose} {
		_, err := v.state.Follow([]*Entry{v.sign(v.draft(op, anna))}, nil, v.cards)
		want(t, op.String(), err, ErrOp)
	}
	for name, edit := range map[string]func(e *Entry){
		"a second member":  func(e *Entry) { e.edit(func(r []Member) []Member { return append(r, v.member(eve, Owner)) }) },
		"another member":   func(e *Entry) { e.Roster = []Member{v.member(eve, Owner)} },
		"owner no longer":  func(e *Entry) { e.edit(withRole(anna, Editor)) },
		"card of somebody": func(e *Entry) { e.Roster[0].Card, e.Roster[0].Envelope = eve.card().Hash(), fixed("x") },
	} {
		e := v.draft(OpAccount, anna)
		edit(e)
		e.Sign(anna.signer(), anna.signer())
		if _, err := v.state.Follow([]*Entry{e}, nil, v.cards); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	// The thief of the account key before the rotation signs with the old card.
	e = v.draft(OpAccount, anna)
	e.Sign(anna.signers[0], anna.signers[0])
	_, err := v.state.Follow([]*Entry{e}, nil, v.cards)
	want(t, "the old key", err, ErrSignature)
	e.AuthorCard = anna.cards[0].Hash()
	e.Sign(anna.signers[0], anna.signers[0])
	_, err = v.state.Follow([]*Entry{e}, nil, v.cards)
	want(t, "the old card", err, ErrAuthor)
}

// Whatever its author changes in an entry, apart from what the op is for, is refused.
func TestFieldsThatAnOpDoesNotName(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	for op, r := range rules {
		if !r.shared || op == OpCreate {
			continue
		}
		for name, edit := range map[string]func(e *Entry){
			"vault":      func(e *Entry) { e.Vault[0]++ },
			"type":       func(e *Entry) { e.Type = Personal },
			"sequence":   func(e *Entry) { e.Sequence-- },
			"previous":   func(e *Entry) { e.Previous[0]++ },
			"revision":   func(e *Entry) { e.Revision++ },
			"write":      func(e *Entry) { e.Write[0]++ },
			"epoch":      func(e *Entry) { e.Epoch++ },
			"commitment": func(e *Entry) { e.Commitment = fixed("other %v", e.Epoch) },
			"previous keys": func(e *Entry) {
				e.PreviousKeys = map[bool]string{true: "keys"}[e.PreviousKeys == ""]
			},
			"annex": func(e *Entry) {
				if e.Annex = fixed("other"); rules[e.Op].annex {
					e.Annex = x.state.Entry.Annex
				}
			},
			"another role": func(e *Entry) { e.edit(withRole(x.manager, Editor)); e.edit(withRole(x.editor, Manager)) },
			"another card": func(e *Entry) { e.Member(x.manager.id).Card = x.dora.card().Hash() },
			"another member": func(e *Entry) {
				e.edit(without(x.manager))
				e.edit(func(r []Member) []Member { return append(r, x.member(x.dora, Owner)) })
			},
			"an envelope": func(e *Entry) {
				m := e.Member(x.manager.id)
				if m.Envelope = fixed("other"); rules[e.Op].epoch == nextEpoch {
					m.Envelope = x.state.Entry.Member(m.User).Envelope
				}
			},
		} {
			e := x.valid(op)
			if _, err := x.state.Follow([]*Entry{x.sign(e)}, nil, x.cards); err != nil {
				t.Fatalf("%v: %v", op, err)
			}
			if name == "commitment" && r.epoch == nextEpoch {
				continue // the commitment to whatever key the author drew
			}
			edit(e)
			if _, err := x.state.Follow([]*Entry{x.sign(e)}, nil, x.cards); err == nil {
				t.Errorf("%v with another %s was taken", op, name)
			}
		}
	}
}

// valid returns an entry of each op that is taken, unsigned.
func (x *team) valid(op Op) *Entry {
	author := map[Op]*person{OpLeave: x.reader, OpRecard: x.reader}[op]
	if author == nil {
		author = x.owner
	}
	e := x.draft(op, author)
	switch op {
	case OpAdd:
		adds(dora, Reader)(x, e)
	case OpRemove, OpLeave:
		removes(reader)(x, e)
	case OpRole:
		sets(reader, Editor)(x, e)
	case OpRecard:
		if len(x.reader.cards) == 1 {
			x.reader.renew(x.t)
			x.knows(x.reader)
		}
		e.edit(withCard(x.reader))
	}
	return e
}
