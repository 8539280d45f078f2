package replica

import (
	"encoding/base64"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// past goes back to a revision, with the writes that tell has changed.
func (o *owned) past(t testing.TB, to int64, tell func(h *protocol.VaultHistory)) (*Past, *Step, []Step, error) {
	t.Helper()
	p, err := o.replica.Past()
	if err != nil {
		t.Fatal(err)
	}
	b := &Block{From: max(1, to), To: o.replica.Revision()}
	h := o.History(b.From, b.To)
	if tell != nil {
		tell(&h)
	}
	if err := b.Add(h); err != nil {
		return nil, nil, nil, err
	}
	if _, more := b.Next(); more {
		return nil, nil, nil, b.Add(protocol.VaultHistory{})
	}
	var steps []Step
	last, err := p.Undo(b, to, func(s Step) { steps = append(steps, s) })
	return p, last, steps, err
}

func everything(chain.ID) bool { return true }

// restored puts back what was there at a revision, in one write that the server takes.
func (o *owned) restored(t testing.TB, p *Past) {
	t.Helper()
	ch := o.replica.Change()
	for _, f := range p.Formers(everything) {
		tokens := &Tokens{}
		lines := p.Missing(f)
		if err := tokens.Add(lines, o.OldTokens(lines)); err != nil {
			t.Fatal(err)
		}
		if !f.Existed() {
			ch.Erase(f.Now)
			continue
		}
		it, err := p.Open(f, tokens)
		if err != nil {
			t.Fatal(err)
		}
		if f.Now == nil {
			err = ch.Revive(p, f, it, tokens)
		} else {
			err = ch.Update(f.Now, it.Overview(), it.Details())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	keys, card := o.Author()
	s, err := ch.Sign(Author{o.Owner.ID, card, keys}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := o.TakeWrite(s.Write, s.Operations, s.Tokens); err != nil {
		t.Fatal(err)
	}
	o.sync(t)
}

// A state of an earlier epoch and card comes back under the newest key, although the old keys are only among the previous ones.
func TestOlderStateComesBackAcrossEpochs(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	bank, shop := o.add("Bank"), o.add("Shop")
	then := o.State.Revision
	o.Follow(o.DraftRotate())
	o.rename(bank, "Savings")
	o.remove(shop)
	o.Follow(o.DraftAccount(testvault.Renewal{Card: true, Epoch: true}))
	o.add("Mail")
	o.sync(t)
	p, last, steps, err := o.past(t, then, nil)
	if err != nil || last.Unproven != nil || last.Revision != then || len(steps) != 3 {
		t.Fatalf("%v, %+v, %d steps", err, last, len(steps))
	}
	for _, s := range steps {
		if s.Unproven != nil || p.Author(s.AuthorCard) != "ada" {
			t.Errorf("write %d: %v", s.Revision, s.Unproven)
		}
	}
	o.restored(t, p)
	if got := o.titles(); got != "[Bank Shop]" {
		t.Error(got)
	}
	for _, l := range o.Live.Lines(must(chain.ParseID(shop))(t)[0]) {
		if l.ID.String() == shop && (l.Epoch != 3 || l.Version != 2) {
			t.Errorf("%+v", l)
		}
	}
	// What the restoration replaced can come back in the same way.
	p, _, _, err = o.past(t, o.State.Revision-1, nil)
	if err != nil {
		t.Fatal(err)
	}
	o.restored(t, p)
	if got := o.titles(); got != "[Mail Savings]" {
		t.Error(got)
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestPastRefusesWhatTheHeadDoesNotVouchFor(t *testing.T) {
	t.Parallel()
	for name, lie := range map[string]func(t *testing.T, o *owned, h *protocol.VaultHistory){
		"a hole": func(_ *testing.T, _ *owned, h *protocol.VaultHistory) {
			h.Writes, h.Operations = slices.Delete(h.Writes, 1, 2), slices.Delete(h.Operations, 1, 2)
		},
		"an end before the newest": func(_ *testing.T, _ *owned, h *protocol.VaultHistory) {
			h.Writes, h.Operations = h.Writes[:len(h.Writes)-1], h.Operations[:len(h.Operations)-1]
		},
		"nothing":          func(_ *testing.T, _ *owned, h *protocol.VaultHistory) { h.Writes, h.Operations = nil, nil },
		"fewer operations": func(_ *testing.T, _ *owned, h *protocol.VaultHistory) { h.Operations = h.Operations[1:] },
		"swapped operations": func(_ *testing.T, _ *owned, h *protocol.VaultHistory) {
			h.Operations[0], h.Operations[1] = h.Operations[1], h.Operations[0]
		},
		"a write of another": func(t *testing.T, _ *owned, h *protocol.VaultHistory) {
			h.Writes[0] = otherVault(t).History(1, 1).Writes[0]
		},
		"an altered write": func(t *testing.T, _ *owned, h *protocol.VaultHistory) { h.Writes[1] = flipped(t, h.Writes[1], 150) },
		"more than asked for": func(_ *testing.T, _ *owned, h *protocol.VaultHistory) {
			h.Writes, h.Operations = slices.Repeat(h.Writes, 2), slices.Repeat(h.Operations, 2)
		},
		"text that is not a write": func(_ *testing.T, _ *owned, h *protocol.VaultHistory) { h.Writes[0] = "!" },
		"too many cards":           func(_ *testing.T, _ *owned, h *protocol.VaultHistory) { h.Cards = slices.Repeat(h.Cards, 3000) },
	} {
		o := newOwned(t)
		o.add("Bank")
		o.rename(o.add("Shop"), "Mail")
		o.add("Last")
		o.sync(t)
		_, _, _, err := o.past(t, 1, func(h *protocol.VaultHistory) { lie(t, o, h) })
		var altered *AlteredError
		if !errors.As(err, &altered) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func otherVault(t testing.TB) *owned {
	t.Helper()
	o := newOwned(t)
	o.add("Theirs")
	return o
}

func flipped(t testing.TB, object protocol.Signed, at int) protocol.Signed {
	t.Helper()
	b := must(base64.RawURLEncoding.DecodeString(object))(t)
	b[at] ^= 1
	return base64.RawURLEncoding.EncodeToString(b)
}

// The hash of a write does not cover its signature, so a server can spoil it. Nobody is named then, and the rest of the history stays.
func TestNobodyIsNamedWithoutHisSignature(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	o.add("Bank")
	o.add("Shop")
	o.add("Mail")
	o.sync(t)
	size := len(must(base64.RawURLEncoding.DecodeString(o.History(2, 2).Writes[0]))(t))
	_, last, steps, err := o.past(t, 1, func(h *protocol.VaultHistory) { h.Writes[1] = flipped(t, h.Writes[1], size-1) })
	if err != nil || last.Unproven != nil || len(steps) != 2 || steps[0].Unproven != nil || !errors.Is(steps[1].Unproven, chain.ErrSignature) {
		t.Errorf("%v: %+v", err, steps)
	}
	// A card that is in no roster proves nothing, and does not spoil the others: here another one of the same user and generation.
	forged := must(seal.FirstCard(o.Owner.ID, "ada", seal.NewCardKeys()))(t)
	_, last, _, err = o.past(t, 1, func(h *protocol.VaultHistory) {
		h.Cards = append([]protocol.Signed{encodeSigned(forged.Encode())}, h.Cards...)
	})
	if err != nil || last.Unproven != nil {
		t.Errorf("%v, %v", err, last)
	}
}

func TestOtherTokensAreRefusedOneByOne(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	ids := []string{o.add("a"), o.add("b"), o.add("c")}
	then := o.State.Revision
	for _, id := range ids {
		o.remove(id)
	}
	o.sync(t)
	p, _, _, err := o.past(t, then, nil)
	if err != nil {
		t.Fatal(err)
	}
	formers := p.Formers(everything)
	var lines []chain.Line
	for _, f := range formers {
		lines = append(lines, p.Missing(f)...)
	}
	answer := o.OldTokens(lines)
	if len(lines) != 6 || len(Ask(lines).Tokens) != 6 {
		t.Fatalf("%d lines", len(lines))
	}
	answer.Tokens[0] = answer.Tokens[2] // a token of the same vault, key and kind in another place
	answer.Tokens[3] = ""
	tokens := &Tokens{}
	if err := tokens.Add(lines, answer); err != nil {
		t.Fatal(err)
	}
	want := []error{ErrOtherToken, ErrExpired, nil}
	for i, f := range formers {
		if _, err := p.Open(f, tokens); !errors.Is(err, want[i]) {
			t.Errorf("item %d: %v, want %v", i, err, want[i])
		}
	}
	answer.Tokens = answer.Tokens[1:]
	if err := (&Tokens{}).Add(lines, answer); err == nil {
		t.Error("took fewer tokens than lines")
	}
}

// An item of which a faulty client wrote only one half has its own error. It is not taken for one that did not exist, which a
// restoration deletes.
func TestHalfAnItemIsNotTakenForNone(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	id := o.add("Bank")
	at := must(chain.ParseID(id))(t)
	o.Apply(o.Draft(testvault.Delete(o.tokens[id][1])))
	then := o.State.Revision
	it := item.Item{ID: id, Title: "Bank"}.Normalise()
	o.Apply(o.Draft(o.Put(chain.RecordDetails, at, 2, string(it.Details()))))
	o.sync(t)
	p, _, _, err := o.past(t, then, nil)
	if err != nil {
		t.Fatal(err)
	}
	formers := p.Formers(everything)
	if len(formers) != 1 || !formers[0].Existed() {
		t.Fatalf("%+v", formers)
	}
	if _, err := p.Open(formers[0], &Tokens{}); !errors.Is(err, ErrNoDetails) {
		t.Errorf("%v", err)
	}
}

func TestItemsOfAStep(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	other := o.add("stays")
	gone := o.add("gone")
	o.rename(other, "renamed")
	o.remove(gone)
	o.Follow(o.DraftRotate())
	overview := o.tokens[other][0]
	o.Apply(o.Draft(testvault.Delete(overview), o.Put(chain.RecordOverview, overview.ID, overview.Version, `{"title":"renamed","type":"login"}`)))
	o.sync(t)
	_, _, steps, err := o.past(t, 0, nil)
	if err != nil || len(steps) != 5 {
		t.Fatalf("%v, %d steps", err, len(steps))
	}
	for i, want := range []struct {
		puts, deletes   int
		first, resealed bool
	}{{1, 1, false, true}, {0, 2, false, false}, {1, 1, false, false}, {2, 0, true, false}, {2, 0, true, false}} {
		items := steps[i].Items()
		if len(items) != 1 {
			t.Fatalf("step %d: %+v", i, items)
		}
		if d := items[0]; d.Puts != want.puts || d.Deletes != want.deletes || d.First() != want.first || d.Resealed() != want.resealed {
			t.Errorf("step %d: %+v", i, d)
		}
	}
}

// An older pin would let a server roll back what it pins.
func TestPinsPasskeysInvitationsAndGrantsNeverGoBack(t *testing.T) {
	t.Parallel()
	for _, kind := range []chain.RecordKind{chain.RecordPin, chain.RecordPasskey, chain.RecordInvitation, chain.RecordGrant, chain.RecordVault} {
		o := newOwned(t)
		id := seal.NewID()
		before := o.Put(kind, id, 1, "before")
		o.Apply(o.Draft(before))
		o.Apply(o.Draft(testvault.Delete(before), o.Put(kind, id, 2, "after"), o.Put(kind, seal.NewID(), 1, "new")))
		o.sync(t)
		p, _, _, err := o.past(t, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if formers := p.Formers(everything); len(formers) != 0 {
			t.Errorf("kind %d: %+v", kind, formers)
		}
	}
}
