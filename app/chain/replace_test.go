package chain

import (
	"errors"
	"testing"
)

// Neither a thief with a member's old key nor a member without the new key can replace a card.
func TestCardsThatReplaceNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make func(x *team) *Card
		err  error
	}{
		"not signed by the card before": {func(x *team) *Card {
			c := x.reader.renew(x.t)
			c.Sign(x.reader.signer(), x.reader.signer())
			return c
		}, ErrCard},
		"a generation is missing": {func(x *team) *Card {
			x.reader.renew(x.t)
			c := x.reader.renew(x.t)
			x.reader.cards = []*Card{x.reader.cards[0], c}
			x.reader.signers = []signer{x.reader.signers[0], x.reader.signers[2]}
			return c
		}, ErrUnknownCard},
		"a generation is left out": {func(x *team) *Card {
			c := x.reader.renew(x.t)
			c.Generation = 3
			c.Sign(x.reader.signer(), x.reader.signers[0])
			return c
		}, ErrCard},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTeam(t)
			c.make(x)
			x.knows(x.reader)
			e := x.draft(OpRecard, x.reader)
			e.edit(withCard(x.reader))
			_, err := x.state.Follow([]*Entry{x.sign(e)}, nil, x.cards)
			want(t, name, err, c.err)
		})
	}
	x := newTeam(t)
	x.reader.renew(t)
	x.knows(x.reader)
	old := x.reader.signers[0]
	e := x.draft(OpRecard, x.reader)
	e.edit(withCard(x.reader))
	e.Sign(old, old)
	_, err := x.state.Follow([]*Entry{e}, nil, x.cards)
	want(t, "the thief of the old key", err, ErrSignature)
	e.Sign(old)
	_, err = x.state.Follow([]*Entry{e}, nil, x.cards)
	want(t, "the thief of the old key, one signature", err, ErrSignature)
}

func TestUnknownCards(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	entries, path := x.answer(x.states[0], x.state)
	_, err := x.states[0].Follow(entries, path, &Cards{})
	want(t, "no cards", err, ErrUnknownCard)
	w, _ := x.prepare(x.editor, put(RecordOverview, "new", 1, 1))
	_, err = x.state.Follow(nil, []*Write{w}, &Cards{})
	want(t, "no card of the author of a write", err, ErrUnknownCard)
	if err := x.cards.Descends(fixed("unknown"), x.reader.card().Hash()); !errors.Is(err, ErrUnknownCard) {
		t.Errorf("no card at all: %v", err)
	}
	e := x.draft(OpAdd, x.owner)
	stranger := newPerson(t, "stranger")
	e.edit(func(r []Member) []Member { return append(r, x.member(stranger, Reader)) })
	_, err = x.state.Follow([]*Entry{x.sign(e)}, nil, x.cards)
	want(t, "no card of a new member", err, ErrUnknownCard)
}
