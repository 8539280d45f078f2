package chain

import (
	"bytes"
	"testing"
)

func sampleDocument(card Hash) *Document {
	return &Document{
		KeyGeneration: 1, Salt: [SaltSize]byte{1}, Cost: 1, Identity: HashOf(HashIdentity, []byte("sealed identity")), Card: card,
		Wraps: []Wrap{
			{Method: MethodPassword, Hash: fixed("wrap 1"), AuthKey: fixed("auth key 1")},
			{Method: MethodPhrase, Hash: fixed("wrap 2"), AuthKey: fixed("auth key 2")},
			{Method: MethodPasskey, Passkey: ID{1}, Hash: fixed("wrap 3")},
		},
	}
}

func TestDocumentsThatNobodyTakes(t *testing.T) {
	t.Parallel()
	d := sampleDocument(fixed("card"))
	got, err := ParseDocument(d.Encode())
	if err != nil || !bytes.Equal(got.Encode(), d.Encode()) {
		t.Fatalf("got %v, %v", got, err)
	}
	if w := got.Wrap(MethodPasskey, ID{1}); w == nil || w.Hash != fixed("wrap 3") || got.Wrap(MethodPasskey, ID{2}) != nil {
		t.Errorf("wrap of the passkey: %v", w)
	}
	for name, edit := range map[string]func(d *Document){
		"generation 0":          func(d *Document) { d.KeyGeneration = 0 },
		"an empty salt":         func(d *Document) { d.Salt = [SaltSize]byte{} },
		"no cost":               func(d *Document) { d.Cost = 0 },
		"an unknown cost":       func(d *Document) { d.Cost = MaxCost + 1 },
		"no identity":           func(d *Document) { d.Identity = Hash{} },
		"no card":               func(d *Document) { d.Card = Hash{} },
		"no wraps":              func(d *Document) { d.Wraps = nil },
		"another order":         func(d *Document) { d.Wraps[0], d.Wraps[1] = d.Wraps[1], d.Wraps[0] },
		"a method twice":        func(d *Document) { d.Wraps[1] = d.Wraps[0] },
		"an unknown method":     func(d *Document) { d.Wraps[2].Method = 4 },
		"a passkey without id":  func(d *Document) { d.Wraps[2].Passkey = ID{} },
		"a password with an id": func(d *Document) { d.Wraps[0].Passkey = ID{1} },
		"no auth key":           func(d *Document) { d.Wraps[0].AuthKey = Hash{} },
		"no hash":               func(d *Document) { d.Wraps[0].Hash = Hash{} },
	} {
		d := sampleDocument(fixed("card"))
		edit(d)
		if _, err := ParseDocument(d.Encode()); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// A device without memory knows the sealed identity and nothing else.
func TestAnchor(t *testing.T) {
	t.Parallel()
	anna := newPerson(t, "anna")
	v := newVault(t, Personal, anna)
	account := func() (*Entry, *Document) {
		d := sampleDocument(anna.card().Hash())
		d.Identity = HashOf(HashIdentity, []byte("identity "+string(rune('0'+len(v.entries)))))
		e := v.draft(OpAccount, anna)
		e.Annex = d.Hash()
		return e, d
	}
	first, firstDocument := account()
	v.append(v.sign(first))
	firstIdentity := "identity 1"
	v.write(anna, put(RecordOverview, "bank", 1, 1))
	v.write(anna, put(RecordOverview, "mail", 1, 1))
	v.write(anna, put(RecordOverview, "shop", 1, 1))

	old := anna.card()
	anna.renew(t)
	v.knows(anna)
	e, d := account()
	d.Card = anna.card().Hash()
	e.Annex = d.Hash()
	v.nextEpoch(e)
	e.edit(withCard(anna))
	v.append(v.sign(e))
	identity := "identity 2"
	anchor := Anchor{Genesis: v.state.Genesis, Before: first.Hash(), Card: anna.card()}
	path := []*Write{v.writes[2], v.writes[1]}

	got, err := anchor.Resume(e, d, identity, path)
	if err != nil || !bytes.Equal(got.Encode(), v.state.Encode()) {
		t.Fatal(err)
	}
	v.do(OpRotate, anna, nil)
	v.write(anna, put(RecordOverview, "new", 1, 3))
	entries, steps := v.answer(got, v.state)
	if got, err = got.Follow(entries, steps, v.cards); err != nil || got.Revision != 4 {
		t.Fatal(err)
	}

	_, err = anchor.Resume(first, firstDocument, firstIdentity, nil)
	want(t, "the account entry before the rotation", err, ErrPredecessor)
	_, err = anchor.Resume(e, d, firstIdentity, path)
	want(t, "another identity", err, ErrDocument)
	_, err = anchor.Resume(e, firstDocument, firstIdentity, path)
	want(t, "another document", err, ErrDocument)
	_, err = Anchor{Genesis: anchor.Genesis, Before: anchor.Before, Card: old}.Resume(e, d, identity, path)
	want(t, "another card", err, ErrAuthor)
	_, err = Anchor{Genesis: fixed("other"), Before: anchor.Before, Card: anchor.Card}.Resume(e, d, identity, path)
	want(t, "another vault", err, ErrFork)
	_, err = anchor.Resume(e, d, identity, path[:1])
	want(t, "a shorter path", err, ErrFork)
	thief := *e
	thief.Sign(anna.signers[0], anna.signers[0])
	_, err = anchor.Resume(&thief, d, identity, path)
	want(t, "signed with the old key", err, ErrSignature)
	thief.Sign(anna.signer())
	_, err = anchor.Resume(&thief, d, identity, path)
	want(t, "one signature", err, ErrSignature)
	rotation := v.entries[len(v.entries)-1]
	_, err = anchor.Resume(rotation, d, identity, path)
	want(t, "another op", err, ErrOp)
}
