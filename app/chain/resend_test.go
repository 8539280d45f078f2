package chain

import (
	"slices"
	"testing"
)

// since returns the part of a history between two states.
func (v *vault) since(from, to State) Part {
	return Part{
		Entries: slices.Clone(v.entries[from.Entry.Sequence+1 : to.Entry.Sequence+1]),
		Writes:  slices.Clone(v.writes[from.Revision:to.Revision]), Operations: slices.Clone(v.ops[from.Revision:to.Revision]),
	}
}

// liveAt returns the live lines at a revision.
func (v *vault) liveAt(t *testing.T, revision int64) *Live {
	t.Helper()
	live := NewLive(v.id)
	for _, ops := range v.ops[:revision] {
		if err := live.Apply(ops); err != nil {
			t.Fatal(err)
		}
	}
	return live
}

func (v *vault) resend(s State, nonce string, p *person) *Resend {
	card := fixed("not a member")
	if m := s.Entry.Member(p.id); m != nil {
		card = m.Card
	}
	r := s.Resend(Nonce(fixed("nonce %s", nonce)), p.id, card)
	r.Sign(p.signer())
	return r
}

// rich returns a team with entries between writes and after the last.
func rich(t *testing.T) *team {
	t.Helper()
	x := newTeam(t)
	x.editor.renew(t)
	x.knows(x.editor)
	x.do(OpRecard, x.editor, withCard(x.editor))
	x.write(x.editor, del(put(RecordDetails, "bank", 1, 1)), put(RecordDetails, "bank", 2, 1))
	x.do(OpRemove, x.manager, without(x.reader))
	x.write(x.owner, del(put(RecordDetails, "bank", 2, 1)), put(RecordDetails, "bank", 2, 2))
	x.do(OpPolicy, x.owner, nil)
	return x
}

// Every state leads to every later one.
func TestPartsLeadToEveryState(t *testing.T) {
	t.Parallel()
	x := rich(t)
	for i, from := range x.states {
		for _, to := range x.states[i:] {
			p, live := x.since(from, to), x.liveAt(t, from.Revision)
			seen, err := from.Glance(p, x.cards)
			if err != nil || string(seen.Encode()) != string(to.Encode()) {
				t.Fatalf("glance from %d to %d: %v", from.Revision, to.Revision, err)
			}
			got, err := from.Replay(p, live, x.cards)
			if err != nil || string(got.Encode()) != string(to.Encode()) || live.Root() != x.liveAt(t, to.Revision).Root() {
				t.Fatalf("from %d to %d: %v", from.Revision, to.Revision, err)
			}
			if err := x.resend(to, "1", x.owner).Check(got, x.cards); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestRefusedParts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		alter   func(x *team, p *Part)
		glances bool // Glance accepts it
		want    error
	}{
		"a write is left out": {alter: func(_ *team, p *Part) {
			p.Writes, p.Operations = slices.Delete(p.Writes, 0, 1), slices.Delete(p.Operations, 0, 1)
		}, want: ErrFork},
		"an entry is left out":      {alter: func(_ *team, p *Part) { p.Entries = slices.Delete(p.Entries, 0, 1) }, want: ErrPredecessor},
		"the last entry is another": {alter: func(_ *team, p *Part) { p.Entries[2].Time++ }, want: ErrSignature},
		"the writes are exchanged":  {alter: func(_ *team, p *Part) { slices.Reverse(p.Writes) }, want: ErrFork},
		"a write is not signed": {alter: func(_ *team, p *Part) {
			w := *p.Writes[0]
			w.Signature[3]++
			p.Writes[0] = &w
		}, glances: true, want: ErrSignature},
		"the newest write is not signed": {alter: func(_ *team, p *Part) {
			w := *p.Writes[1]
			w.Signature[3]++
			p.Writes[1] = &w
		}, want: ErrSignature},
		"operations are exchanged":      {alter: func(_ *team, p *Part) { slices.Reverse(p.Operations) }, glances: true, want: ErrOperations},
		"operations are left out":       {alter: func(_ *team, p *Part) { p.Operations = p.Operations[:1] }, glances: true, want: ErrOperations},
		"it begins at an earlier state": {alter: func(x *team, p *Part) { *p = x.since(x.states[2], x.state) }, want: ErrFork},
	} {
		x := rich(t)
		from := x.states[len(x.states)-6]
		p := x.since(from, x.state)
		if len(p.Entries) != 3 || len(p.Writes) != 2 {
			t.Fatalf("%d entries, %d writes", len(p.Entries), len(p.Writes))
		}
		for i, e := range p.Entries {
			clone := *e
			p.Entries[i] = &clone
		}
		c.alter(x, &p)
		_, err := from.Glance(p, x.cards)
		if c.glances {
			want(t, name+", at a glance", err, nil)
		} else {
			want(t, name+", at a glance", err, c.want)
		}
		if !c.glances && name == "the newest write is not signed" || c.glances {
			_, err = from.Replay(p, x.liveAt(t, from.Revision), x.cards)
			want(t, name, err, c.want)
		}
	}
}

func TestRefusedResends(t *testing.T) {
	t.Parallel()
	x := rich(t)
	before := x.states[len(x.states)-2]
	for name, c := range map[string]struct {
		alter func(r *Resend)
		by    *person
		want  error
	}{
		"of another vault":     {alter: func(r *Resend) { r.Vault[0]++ }, want: ErrVault},
		"to an earlier state":  {alter: func(r *Resend) { *r = *x.resend(before, "1", x.owner) }, want: ErrFork},
		"to another write":     {alter: func(r *Resend) { r.Write[0]++ }, want: ErrFork},
		"to another entry":     {alter: func(r *Resend) { r.Entry[0]++ }, want: ErrFork},
		"with another nonce":   {alter: func(r *Resend) { r.Nonce[0]++ }, want: ErrSignature},
		"with a former card":   {alter: func(r *Resend) { r.AuthorCard = x.editor.cards[0].Hash() }, by: x.editor, want: ErrAuthor},
		"with a former key":    {alter: func(r *Resend) { r.Sign(x.editor.signers[0]) }, by: x.editor, want: ErrSignature},
		"by a removed member":  {by: x.reader, want: ErrAuthor},
		"by a stranger":        {by: x.dora, want: ErrAuthor},
		"signed by a stranger": {alter: func(r *Resend) { r.Sign(x.dora.signer()) }, want: ErrSignature},
	} {
		by := x.owner
		if c.by != nil {
			by = c.by
		}
		r := x.resend(x.state, "1", by)
		if c.alter != nil {
			c.alter(r)
		}
		want(t, name, r.Check(x.state, x.cards), c.want)
	}
	want(t, "unknown card", x.resend(x.state, "1", x.owner).Check(x.state, &Cards{}), ErrUnknownCard)
}

func FuzzResend(f *testing.F) {
	x := newTeam(f)
	fuzzEncoding(f, ParseResend, (*Resend).Encode, x.resend(x.state, "1", x.owner).Encode())
}
