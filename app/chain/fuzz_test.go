package chain

import (
	"bytes"
	"testing"
)

// Whatever a parser takes, it would have written: no object has two encodings, and so none has two hashes.

func fuzzEncoding[T any](f *testing.F, parse func([]byte) (T, error), encode func(T) []byte, samples ...[]byte) {
	f.Helper()
	for _, s := range samples {
		f.Add(s)
		f.Add(s[:len(s)-1])
		f.Add(append(bytes.Clone(s), 0))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parse(b)
		if err == nil && !bytes.Equal(encode(got), b) {
			t.Errorf("%x is taken for %x", b, encode(got))
		}
	})
}

func FuzzCard(f *testing.F) {
	p := newPerson(f, "anna")
	p.renew(f)
	fuzzEncoding(f, ParseCard, (*Card).Encode, p.cards[0].Encode(), p.cards[1].Encode())
}

func FuzzEntry(f *testing.F) {
	x := newTeam(f)
	x.do(OpRotate, x.owner, nil)
	var samples [][]byte
	for _, e := range x.entries {
		samples = append(samples, e.Encode())
	}
	fuzzEncoding(f, ParseEntry, (*Entry).Encode, samples...)
}

func FuzzWrite(f *testing.F) {
	x := newTeam(f)
	fuzzEncoding(f, ParseWrite, (*Write).Encode, x.writes[0].Encode(), x.writes[1].Encode())
}

func FuzzOperations(f *testing.F) {
	x := newTeam(f)
	fuzzEncoding(f, ParseOperations, EncodeOperations, EncodeOperations(x.ops[0]), EncodeOperations(x.ops[1]))
}

func FuzzDocument(f *testing.F) {
	fuzzEncoding(f, ParseDocument, (*Document).Encode, sampleDocument(fixed("card")).Encode())
}

func FuzzState(f *testing.F) {
	fuzzEncoding(f, ParseState, State.Encode, newTeam(f).state.Encode())
}

func FuzzID(f *testing.F) {
	f.Add(fixedID("a").String())
	f.Add("AAAAAAAAAAAAAAAAAAAAAB")
	f.Add("AAAAAAAAAAAAAAAAAAAAA\n")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := ParseID(s); err == nil && id.String() != s {
			t.Errorf("%q is taken for %q", s, id)
		}
	})
}
