package chain

import (
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// vectors.json pins the signed objects for every implementation. It is embedded, so that the WebAssembly build reads it too.
// After a deliberate change of the format, run: go test ./app/chain -run TestVectors -update
//
//go:embed testdata/vectors.json
var frozen []byte

var update = flag.Bool("update", false, "rewrite testdata/vectors.json")

type vectors struct {
	Comment   string           `json:"comment"`
	Cards     []cardVector     `json:"cards"`
	History   []stepVector     `json:"history"`
	Refused   []refusedVector  `json:"refused"`
	Documents []documentVector `json:"account_documents"`
	Paths     []pathVector     `json:"paths"`
	Resends   []resendVector   `json:"resends"`
}

type cardVector struct {
	Seed        string `json:"signing_key_seed"`
	IKM         string `json:"encapsulation_key_ikm"`
	Card        string `json:"card"`
	Hash        string `json:"hash"`
	Fingerprint string `json:"fingerprint"`
}

// stepVector is an entry, or a write with its operations. State and root are those after it.
type stepVector struct {
	Entry      string `json:"entry,omitempty"`
	Write      string `json:"write,omitempty"`
	Operations string `json:"operations,omitempty"`
	Hash       string `json:"hash"`
	State      string `json:"state"`
	Root       string `json:"root"`
}

type refusedVector struct {
	Name    string   `json:"name"`
	Cards   []string `json:"more_cards,omitempty"`
	State   string   `json:"state"`
	Entries []string `json:"entries,omitempty"`
	Path    []string `json:"path,omitempty"`
	Error   string   `json:"error"`
}

type documentVector struct {
	Document string `json:"document"`
	Hash     string `json:"hash"`
}

// resendVector is signed by the first card, and leads to the last state of the history.
type resendVector struct {
	Nonce  string `json:"nonce"`
	Resend string `json:"resend"`
	Hash   string `json:"hash"`
}

type pathVector struct {
	From    int64   `json:"from"`
	To      int64   `json:"to"`
	Through []int64 `json:"through,omitempty"`
	Path    []int64 `json:"path"`
}

func encoded[T interface{ Encode() []byte }](objects []T) []string {
	var out []string
	for _, o := range objects {
		out = append(out, hex.EncodeToString(o.Encode()))
	}
	return out
}

func decoded[T any](t *testing.T, texts []string, parse func([]byte) (T, error)) []T {
	t.Helper()
	var out []T
	for _, s := range texts {
		o, err := parse(unhex(t, s))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	return out
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// moreCards are the cards of x that no vector of the history holds.
func moreCards(x *team, known *Cards) []string {
	var out []string
	for _, p := range x.people {
		for _, c := range p.cards {
			if known.Get(c.Hash()) == nil {
				out = append(out, hex.EncodeToString(c.Encode()))
			}
		}
	}
	slices.Sort(out)
	return out
}

func generate(t *testing.T) vectors {
	t.Helper()
	v := vectors{Comment: "format 2, signed objects: see docs/sealed-format.md. All bytes are hex."}
	x := newTeam(t)
	x.editor.renew(t)
	x.knows(x.editor)
	x.do(OpRecard, x.editor, withCard(x.editor))
	x.write(x.editor, del(put(RecordDetails, "bank", 1, 1)), put(RecordDetails, "bank", 2, 1), put(Attachment, "file", 3, 0))
	x.do(OpPolicy, x.owner, nil)
	x.do(OpRemove, x.manager, without(x.reader))
	x.write(x.owner, del(put(RecordDetails, "bank", 2, 1)), put(RecordDetails, "bank", 2, 2), put(RecordVault, "vault", 1, 2))

	for _, p := range []*person{x.owner, x.manager, x.editor, x.reader, x.dora} {
		for i, c := range p.cards {
			seed, ikm := fixed("signing key %d of %s", i+1, p.name), fixed("encapsulation key %d of %s", i+1, p.name)
			v.Cards = append(v.Cards, cardVector{
				Seed: seed.String(), IKM: ikm.String(), Card: hex.EncodeToString(c.Encode()), Hash: c.Hash().String(), Fingerprint: c.Fingerprint(),
			})
		}
	}
	live, writes, entries := NewLive(x.id), 0, 0
	for _, s := range x.states {
		step := stepVector{State: hex.EncodeToString(s.Encode())}
		if s.Revision > int64(writes) {
			w := x.writes[writes]
			step.Write, step.Hash = hex.EncodeToString(w.Encode()), w.Hash().String()
			step.Operations = hex.EncodeToString(EncodeOperations(x.ops[writes]))
			if err := live.Apply(x.ops[writes]); err != nil {
				t.Fatal(err)
			}
			writes++
		} else {
			e := x.entries[entries]
			step.Entry, step.Hash = hex.EncodeToString(e.Encode()), e.Hash().String()
			entries++
		}
		step.Root = live.Root().String()
		v.History = append(v.History, step)
	}
	for _, name := range slices.Sorted(maps.Keys(entryAttacks)) {
		a := entryAttacks[name]
		x2, e := a.sign(t)
		v.Refused = append(v.Refused, refusedVector{
			Name: name, Cards: moreCards(x2, x.cards), State: hex.EncodeToString(x2.state.Encode()), Entries: encoded([]*Entry{e}), Error: a.err.Error(),
		})
	}
	for _, name := range slices.Sorted(maps.Keys(historyAttacks)) {
		a := historyAttacks[name]
		x2 := newTeam(t)
		from, entries, path := a.answer(x2)
		v.Refused = append(v.Refused, refusedVector{
			Name: name, Cards: moreCards(x2, x.cards), State: hex.EncodeToString(from.Encode()),
			Entries: encoded(entries), Path: encoded(path), Error: a.err.Error(),
		})
	}
	d := sampleDocument(x.owner.card().Hash())
	v.Documents = []documentVector{{hex.EncodeToString(d.Encode()), d.Hash().String()}}
	for _, p := range []pathVector{{From: 1, To: 0}, {From: 100, To: 37}, {From: 1 << 20, To: 999_999}, {From: 60, To: 10, Through: []int64{10, 11, 33}}} {
		p.Path = Path(p.From, p.To, p.Through)
		v.Paths = append(v.Paths, p)
	}
	r := x.resend(x.state, "1", x.owner)
	v.Resends = []resendVector{{Hash(r.Nonce).String(), hex.EncodeToString(r.Encode()), r.Hash().String()}}
	return v
}

func TestVectors(t *testing.T) {
	t.Parallel()
	if *update {
		b, err := json.MarshalIndent(generate(t), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("testdata/vectors.json", append(b, '\n'), 0o644); err != nil { // #nosec G306 -- a file of the repository
			t.Fatal(err)
		}
		return
	}
	var v vectors
	if err := json.Unmarshal(frozen, &v); err != nil {
		t.Fatal(err)
	}
	cards := &Cards{}
	for _, c := range v.Cards {
		card, err := ParseCard(unhex(t, c.Card))
		if err != nil {
			t.Fatal(err)
		}
		if hex.EncodeToString(card.Encode()) != c.Card || card.Hash().String() != c.Hash || card.Fingerprint() != c.Fingerprint {
			t.Errorf("card %d of %s: another hash or fingerprint", card.Generation, card.Username)
		}
		if err := cards.Add(card); err != nil {
			t.Fatal(err)
		}
	}
	v.checkHistory(t, cards)
	v.checkRefused(t)
	for _, d := range v.Documents {
		got, err := ParseDocument(unhex(t, d.Document))
		if err != nil || got.Hash().String() != d.Hash {
			t.Errorf("account document: %v", err)
		}
	}
	for _, p := range v.Paths {
		if got := Path(p.From, p.To, p.Through); !slices.Equal(got, p.Path) {
			t.Errorf("path from %d to %d: %v", p.From, p.To, got)
		}
	}
	v.checkResends(t, cards)
	if len(v.Cards) < 6 || len(v.Resends) != 1 || len(v.History) < 10 || len(v.Refused) != len(entryAttacks)+len(historyAttacks) {
		t.Error("vectors are missing")
	}
}

func (v *vectors) checkHistory(t *testing.T, cards *Cards) {
	t.Helper()
	first, err := ParseEntry(unhex(t, v.History[0].Entry))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Begin(first, cards)
	if err != nil {
		t.Fatal(err)
	}
	live := NewLive(first.Vault)
	for i, step := range v.History {
		var hash Hash
		switch {
		case i == 0:
			hash = first.Hash()
		case step.Entry != "":
			e := decoded(t, []string{step.Entry}, ParseEntry)
			hash = e[0].Hash()
			s, err = s.Follow(e, nil, cards)
		default:
			w := decoded(t, []string{step.Write}, ParseWrite)[0]
			hash = w.Hash()
			ops, bad := ParseOperations(unhex(t, step.Operations))
			if bad != nil {
				t.Fatal(bad)
			}
			s, err = s.Admit(w, ops, live, cards)
		}
		if err != nil || hash.String() != step.Hash || hex.EncodeToString(s.Encode()) != step.State || live.Root().String() != step.Root {
			t.Fatalf("step %d: %v, or another hash, state or root", i, err)
		}
	}
}

func (v *vectors) checkResends(t *testing.T, cards *Cards) {
	t.Helper()
	s, err := ParseState(unhex(t, v.History[len(v.History)-1].State))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range v.Resends {
		got, err := ParseResend(unhex(t, r.Resend))
		if err != nil || got.Hash().String() != r.Hash || Hash(got.Nonce).String() != r.Nonce {
			t.Fatalf("re-send: %v, or another hash or nonce", err)
		}
		if err := got.Check(s, cards); err != nil {
			t.Error(err)
		}
	}
}

func (v *vectors) checkRefused(t *testing.T) {
	t.Helper()
	for _, r := range v.Refused {
		cards := &Cards{}
		for _, c := range v.Cards {
			r.Cards = append(r.Cards, c.Card)
		}
		for _, c := range decoded(t, r.Cards, ParseCard) {
			if err := cards.Add(c); err != nil && !errors.Is(err, ErrTwoCards) {
				t.Fatal(err)
			}
		}
		s, err := ParseState(unhex(t, r.State))
		if err != nil {
			t.Fatal(err)
		}
		err = follow(t, s, r, cards)
		if err == nil || !strings.Contains(err.Error(), r.Error) {
			t.Errorf("%s: %v, want %q", r.Name, err, r.Error)
		}
	}
}

// follow returns the first error: of a parser, or of State.Follow.
func follow(t *testing.T, s State, r refusedVector, cards *Cards) error {
	t.Helper()
	var entries []*Entry
	for _, text := range r.Entries {
		e, err := ParseEntry(unhex(t, text))
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	_, err := s.Follow(entries, decoded(t, r.Path, ParseWrite), cards)
	return err
}
