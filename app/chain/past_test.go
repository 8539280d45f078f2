package chain

import "testing"

func past(t *testing.T, x *team) *Past {
	t.Helper()
	return x.state.Past(x.entries, x.live)
}

func TestPastUndoesDownToTheBeginning(t *testing.T) {
	t.Parallel()
	x := busy(t, 40)
	p := past(t, x)
	at := x.live.Clone()
	for n := x.state.Revision; n > 0; n-- {
		unproven, err := p.Undo(x.writes[n-1], x.ops[n-1], x.cards)
		if err != nil || unproven != nil {
			t.Fatalf("write %d: %v, %v", n, err, unproven)
		}
		if err := at.Undo(x.ops[n-1]); err != nil {
			t.Fatal(err)
		}
		if p.Revision() != n-1 || p.Live().Root() != at.Root() {
			t.Fatalf("after write %d: revision %d", n, p.Revision())
		}
	}
	if _, err := p.Undo(x.writes[0], x.ops[0], x.cards); err == nil {
		t.Error("there is something before the first write")
	}
	if x.live.Root() != x.writes[len(x.writes)-1].Root {
		t.Error("the live lines of the vault changed")
	}
}

func TestPastRefusesAnotherHistory(t *testing.T) {
	t.Parallel()
	for name, lie := range map[string]struct {
		tell func(x *team, n *int64, w *Write, ops *[]Operation)
		want error
	}{
		"a hole":                      {func(x *team, _ *int64, w *Write, _ *[]Operation) { *w = *x.writes[len(x.writes)-3] }, ErrFork},
		"another time":                {func(_ *team, _ *int64, w *Write, _ *[]Operation) { w.Time++ }, ErrFork},
		"another author":              {func(x *team, _ *int64, w *Write, _ *[]Operation) { w.Author = x.reader.id }, ErrFork},
		"another root":                {func(_ *team, _ *int64, w *Write, _ *[]Operation) { w.Root = fixed("root") }, ErrFork},
		"without operations":          {func(_ *team, _ *int64, _ *Write, ops *[]Operation) { *ops = nil }, ErrOperations},
		"operations of another write": {func(x *team, _ *int64, _ *Write, ops *[]Operation) { *ops = x.ops[0] }, ErrOperations},
	} {
		x := busy(t, 40)
		p := past(t, x)
		n := x.state.Revision
		if _, err := p.Undo(x.writes[n-1], x.ops[n-1], x.cards); err != nil {
			t.Fatal(err)
		}
		w, ops := *x.writes[n-2], x.ops[n-2]
		lie.tell(x, &n, &w, &ops)
		_, err := p.Undo(&w, ops, x.cards)
		want(t, name, err, lie.want)
		if p.Revision() != x.state.Revision-1 {
			t.Errorf("%s: went on to revision %d", name, p.Revision())
		}
	}
}

// A wrong author proves nothing, and does not hide the history before.
func TestPastNamesNobodyWhoDidNotSign(t *testing.T) {
	t.Parallel()
	for name, forge := range map[string]struct {
		write func(x *team, w *Write)
		want  error
	}{
		"a signature of another write": {func(x *team, w *Write) { w.Signature = x.writes[0].Signature }, ErrSignature},
		"somebody else's signature":    {func(x *team, w *Write) { w.Sign(x.editor.signer()) }, ErrSignature},
		"a reader as author": {func(x *team, w *Write) {
			w.Author, w.AuthorCard = x.reader.id, x.reader.card().Hash()
			w.Sign(x.reader.signer())
		}, ErrRole},
		"a stranger as author": {func(x *team, w *Write) {
			w.Author, w.AuthorCard = x.dora.id, x.dora.card().Hash()
			w.Sign(x.dora.signer())
		}, ErrAuthor},
		"an entry that is not the last": {func(x *team, w *Write) { w.Entry = x.entries[0].Hash(); w.Sign(x.owner.signer()) }, ErrEntry},
	} {
		x := newTeam(t)
		x.write(x.owner, put(RecordOverview, "first", 1, 1))
		// A member with the server's help makes the write, and an honest one builds on it.
		w, ops := x.prepare(x.owner, put(RecordOverview, "second", 1, x.state.Entry.Epoch))
		forge.write(x, w)
		if err := x.live.Apply(ops); err != nil {
			t.Fatal(err)
		}
		x.state.skips = nil
		if SkipRevision(w.Revision) > 0 {
			t.Fatal("the skip chain is longer")
		}
		x.state.Revision, x.state.Write = w.Revision, w.Hash()
		x.writes, x.ops = append(x.writes, w), append(x.ops, ops)
		p := past(t, x)
		unproven, err := p.Undo(w, ops, x.cards)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want(t, name, unproven, forge.want)
		before := len(x.writes) - 2
		if unproven, err := p.Undo(x.writes[before], x.ops[before], x.cards); err != nil || unproven != nil {
			t.Errorf("%s: the write before: %v, %v", name, err, unproven)
		}
	}
}

// Nobody restores a state that its author did not sign, even if those after him built on it without a look.
func TestPastRefusesARootThatIsNotOfTheLines(t *testing.T) {
	t.Parallel()
	for name, forge := range map[string]func(w *Write){
		"another root":  func(w *Write) { w.Root = fixed("another root") },
		"another count": func(w *Write) { w.Count++ },
	} {
		x := newTeam(t)
		x.write(x.owner, put(RecordOverview, "first", 1, 1))
		w, ops := x.prepare(x.owner, put(RecordOverview, "second", 1, x.state.Entry.Epoch))
		forge(w)
		w.Sign(x.owner.signer())
		if err := x.live.Apply(ops); err != nil {
			t.Fatal(err)
		}
		x.state.skips = nil
		x.state.Revision, x.state.Write = w.Revision, w.Hash()
		_, err := past(t, x).Undo(w, ops, x.cards)
		want(t, name, err, ErrRoot)
	}
}

func TestPastNeedsTheAuthorsCard(t *testing.T) {
	t.Parallel()
	x := busy(t, 4)
	n := x.state.Revision
	unproven, err := past(t, x).Undo(x.writes[n-1], x.ops[n-1], &Cards{})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "without cards", unproven, ErrUnknownCard)
}

func TestAtNamesTheWriteOfAnyRevision(t *testing.T) {
	t.Parallel()
	x := busy(t, 60)
	for r := range x.state.Revision + 1 {
		var path []*Write
		for _, n := range Path(x.state.Revision, r, nil) {
			path = append(path, x.writes[n-1])
		}
		expected := x.state.Genesis
		if r > 0 {
			expected = x.writes[r-1].Hash()
		}
		if got, err := x.state.At(r, path); err != nil || got != expected {
			t.Errorf("revision %d: %v, %v", r, got, err)
		}
		if len(path) == 0 {
			continue
		}
		w := *path[len(path)-1]
		w.Previous, w.Skip = fixed("another"), fixed("another")
		path[len(path)-1] = &w
		_, err := x.state.At(r, path)
		want(t, "another write", err, ErrFork)
		_, err = x.state.At(r, path[:len(path)-1])
		want(t, "a path that ends early", err, ErrFork)
	}
}
