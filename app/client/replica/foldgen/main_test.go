package main

import (
	"bytes"
	"os"
	"testing"
	"unicode"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

func TestGeneratedLettersAreCurrent(t *testing.T) {
	want, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../letters.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("letters.go is not what foldgen writes: run go generate ./app/client/replica")
	}
}

// Latin-1 letters fold as in the root collation of CLDR, compared without diacritics.
func TestLettersFoldAsInCLDR(t *testing.T) {
	var buffer collate.Buffer
	root := collate.New(language.Und, collate.Loose)
	key := func(s string) string {
		defer buffer.Reset()
		return string(root.KeyFromString(&buffer, s))
	}
	n := 0
	for r := rune(0x80); r <= unicode.MaxLatin1; r++ {
		to := simpler(r)
		if to == "" || !unicode.IsLetter(r) || r == 'þ' { // a separate letter in CLDR
			continue
		}
		if n++; key(string(r)) != key(to) {
			t.Errorf("%c is not %s", r, to)
		}
	}
	if n < 4 {
		t.Errorf("only %d letters", n)
	}
}
