package chain

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// No reader takes these, whatever came before, although their author signed them.
func TestMalformedEntries(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	for name, c := range map[string]struct {
		op   Op
		edit func(e *Entry)
		err  error
	}{
		"no vault":                      {OpPolicy, func(e *Entry) { e.Vault = ID{} }, ErrEncoding},
		"no author":                     {OpPolicy, func(e *Entry) { e.Author = ID{} }, ErrEncoding},
		"no card":                       {OpPolicy, func(e *Entry) { e.AuthorCard = Hash{} }, ErrEncoding},
		"no commitment":                 {OpRotate, func(e *Entry) { e.Commitment = Hash{} }, ErrEncoding},
		"a sequence number too large":   {OpPolicy, func(e *Entry) { e.Sequence = MaxNumber + 1 }, ErrEncoding},
		"a revision too large":          {OpPolicy, func(e *Entry) { e.Revision = MaxNumber + 1 }, ErrEncoding},
		"a time too large":              {OpPolicy, func(e *Entry) { e.Time = MaxNumber + 1 }, ErrEncoding},
		"a negative time":               {OpPolicy, func(e *Entry) { e.Time = -1 }, ErrEncoding},
		"too many previous keys":        {OpRotate, func(e *Entry) { e.PreviousKeys = strings.Repeat("x", MaxPreviousKeys+1) }, ErrEncoding},
		"epoch 0":                       {OpRotate, func(e *Entry) { e.Epoch = 0 }, ErrEncoding},
		"a predecessor of the first":    {OpPolicy, func(e *Entry) { e.Sequence = 0 }, ErrEncoding},
		"no predecessor":                {OpPolicy, func(e *Entry) { e.Previous = Hash{} }, ErrEncoding},
		"no write":                      {OpPolicy, func(e *Entry) { e.Write = Hash{} }, ErrEncoding},
		"a write before the first":      {OpPolicy, func(e *Entry) { e.Sequence, e.Previous, e.Write = 0, Hash{}, Hash{} }, ErrEncoding},
		"no signature":                  {OpPolicy, func(e *Entry) { e.Signatures = nil }, ErrEncoding},
		"three signatures":              {OpPolicy, func(e *Entry) { e.Signatures = make([]Signature, 3) }, ErrEncoding},
		"two signatures instead of one": {OpPolicy, func(e *Entry) { e.Signatures = append(e.Signatures, e.Signatures[0]) }, ErrSignature},
		"another order":                 {OpPolicy, func(e *Entry) { slices.Reverse(e.Roster) }, ErrRoster},
		"a member twice":                {OpPolicy, func(e *Entry) { e.Roster = append(e.Roster, e.Roster[len(e.Roster)-1]) }, ErrRoster},
		"a member without id":           {OpPolicy, func(e *Entry) { e.Roster[0].User = ID{} }, ErrRoster},
		"a member without card":         {OpPolicy, func(e *Entry) { e.Roster[0].Card = Hash{} }, ErrRoster},
		"a member without envelope":     {OpPolicy, func(e *Entry) { e.Roster[0].Envelope = Hash{} }, ErrRoster},
		"no role":                       {OpPolicy, func(e *Entry) { e.Member(x.reader.id).Role = 0 }, ErrRoster},
		"an unknown role":               {OpPolicy, func(e *Entry) { e.Member(x.reader.id).Role = Owner + 1 }, ErrRoster},
		"nobody":                        {OpPolicy, func(e *Entry) { e.Roster = nil }, ErrRoster},
		"too many members":              {OpAdd, func(e *Entry) { e.Roster = crowd(e.Roster) }, ErrRoster},
	} {
		e := x.draft(c.op, x.owner)
		x.sign(e)
		c.edit(e)
		if len(e.Signatures) == 1 && e.Author == x.owner.id {
			e.Sign(x.owner.signer())
		}
		next, err := x.state.Follow([]*Entry{e}, nil, x.cards)
		want(t, name, err, c.err)
		if !bytes.Equal(next.Encode(), x.state.Encode()) {
			t.Errorf("%s: the state changed", name)
		}
		if _, err := Resume(x.state.Genesis, e, false, nil); err == nil {
			t.Errorf("%s: resumed", name)
		}
		if parsed, err := ParseEntry(e.Encode()); err == nil && !errors.Is(c.err, ErrSignature) {
			t.Errorf("%s: parsed as %+v", name, parsed)
		}
	}
}

// crowd adds members up to one more than the limit.
func crowd(roster []Member) []Member {
	for i := len(roster); i <= MaxMembers; i++ {
		roster = append(roster, Member{User: fixedID("member %d", i), Card: fixed("card"), Role: Reader, Envelope: fixed("envelope")})
	}
	slices.SortFunc(roster, func(a, b Member) int { return bytes.Compare(a.User[:], b.User[:]) })
	return roster
}

func TestFirstEntries(t *testing.T) {
	t.Parallel()
	anna, eve := newPerson(t, "anna"), newPerson(t, "eve")
	v := newVault(t, Shared, anna, eve)
	for name, c := range map[string]struct {
		edit func(e *Entry)
		err  error
	}{
		"a second owner": {func(e *Entry) { e.edit(func(r []Member) []Member { return append(r, v.member(eve, Owner)) }) }, ErrRoster},
		"a second owner, later": {func(e *Entry) {
			e.Roster = append(e.Roster, Member{ID{0xff, 0xff}, fixed("card"), Owner, fixed("envelope")})
		}, ErrRoster},
		"another owner, own card":  {func(e *Entry) { e.Roster[0].User = eve.id }, ErrRoster},
		"another owner":            {func(e *Entry) { e.Roster = []Member{v.member(eve, Owner)} }, ErrRoster},
		"a manager":                {func(e *Entry) { e.Roster[0].Role = Manager }, ErrRoster},
		"another card":             {func(e *Entry) { e.Roster[0].Card = eve.card().Hash() }, ErrRoster},
		"epoch 2":                  {func(e *Entry) { e.Epoch = 2 }, ErrEpoch},
		"keys before":              {func(e *Entry) { e.PreviousKeys = "keys" }, ErrEpoch},
		"an annex":                 {func(e *Entry) { e.Annex = fixed("annex") }, ErrAnnex},
		"another op":               {func(e *Entry) { e.Op = OpRotate }, ErrOp},
		"an unknown type":          {func(e *Entry) { e.Type = 3 }, ErrOp},
		"not the first":            {func(e *Entry) { e.Sequence, e.Previous, e.Write = 1, fixed("a"), fixed("b") }, ErrOp},
		"signed by somebody":       {func(e *Entry) { e.Sign(eve.signer()) }, ErrSignature},
		"two signatures":           {func(e *Entry) { e.Sign(anna.signer(), anna.signer()) }, ErrSignature},
		"a card that nobody knows": {func(e *Entry) { e.AuthorCard = fixed("x"); e.Roster[0].Card = fixed("x") }, ErrUnknownCard},
	} {
		e := *v.entries[0]
		e.Roster = slices.Clone(e.Roster)
		e.Sign(anna.signer())
		c.edit(&e)
		if !errors.Is(c.err, ErrSignature) {
			e.Sign(anna.signer())
		}
		_, err := Begin(&e, v.cards)
		want(t, name, err, c.err)
	}
}

func TestMalformedWrites(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	for name, edit := range map[string]func(w *Write){
		"revision 0":          func(w *Write) { w.Revision = 0 },
		"a large time":        func(w *Write) { w.Time = MaxNumber + 1 },
		"a large count":       func(w *Write) { w.Count = MaxNumber + 1 },
		"epoch 0":             func(w *Write) { w.Epoch = 0 },
		"no vault":            func(w *Write) { w.Vault = ID{} },
		"no author":           func(w *Write) { w.Author = ID{} },
		"no card":             func(w *Write) { w.AuthorCard = Hash{} },
		"no entry":            func(w *Write) { w.Entry = Hash{} },
		"no predecessor":      func(w *Write) { w.Previous, w.Skip = Hash{}, Hash{} },
		"no odd predecessor":  func(w *Write) { w.Revision, w.Previous = 4, Hash{} },
		"no skip link":        func(w *Write) { w.Revision, w.Skip = 4, Hash{} },
		"two different links": func(w *Write) { w.Skip = fixed("other") },
	} {
		w, _ := x.prepare(x.editor, put(RecordOverview, "new", 1, 1))
		edit(w)
		w.Sign(x.editor.signer())
		_, err := ParseWrite(w.Encode())
		want(t, name, err, ErrEncoding)
		_, err = ParseWrite(append(x.writes[0].Encode(), x.writes[0].Signature[:]...))
		want(t, "two signatures", err, ErrEncoding)
		if _, err = x.state.Follow(nil, []*Write{w}, x.cards); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
