package seal

import (
	"bytes"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealtest"
)

// Every text that parses as a phrase has 24 words, and their canonical spelling parses as the same phrase.
func FuzzParseRecoveryPhrase(f *testing.F) {
	for _, s := range []string{
		"", "abandon", strings.Repeat("abandon ", 23) + "art", "zoo " + strings.Repeat("zoo ", 22) + "vote",
		"hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy gospel tennis maple dilemma loan word shrug inflict delay length",
		"Hamster\tDIAGRAM ｐrivate", "\xff", strings.Repeat("\u0301", 50),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParseRecoveryPhrase(s)
		if err != nil {
			return
		}
		words := p.Words()
		again, err := ParseRecoveryPhrase(strings.Join(words, " "))
		if err != nil || !again.Equal(p) || len(words) != phraseWords {
			t.Errorf("%q reads as %q, which reads as another phrase (%v)", s, words, err)
		}
		if _, err := ParseRecoveryPhrase(strings.Join(words[1:], " ")); err == nil {
			t.Errorf("%q: 23 words are accepted", words)
		}
	})
}

// Encoding a parsed plaintext gives the same bytes.
func FuzzParseRecord(f *testing.F) {
	place, err := Place{fixedUser("u"), fixedAccount("a"), KindAccount, 1}.append(nil)
	if err != nil {
		f.Fatal(err)
	}
	for _, n := range []int{0, 1, 199, 200, 201, 1000} {
		f.Add(framePlaced(holdsRecord, place, bytes.Repeat([]byte{1}, n)))
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		place, content, ok := parsePlaced(b, holdsRecord, cutPlace)
		if ok && !bytes.Equal(framePlaced(holdsRecord, place, content), b) {
			t.Errorf("%x parses as %x and %x, which encode to another plaintext", b, place, content)
		}
	})
}

func FuzzParsePiece(f *testing.F) {
	place, err := Piece{fixedUser("u"), AttachmentID(fixedUser("a")), 1, 2}.append(nil)
	if err != nil {
		f.Fatal(err)
	}
	for _, n := range []int{0, 1, 203, 204, 1000} {
		f.Add(framePlaced(holdsPiece, place, bytes.Repeat([]byte{1}, n)))
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		place, content, ok := parsePlaced(b, holdsPiece, cutPiece)
		if ok && !bytes.Equal(framePlaced(holdsPiece, place, content), b) {
			t.Errorf("%x parses as %x and %x, which encode to another plaintext", b, place, content)
		}
	})
}

func FuzzParseWrapped(f *testing.F) {
	v := fixedVaultKey("v")
	f.Add(WrapInfo{User: fixedUser("u"), Purpose: PurposeRecovery}.frame(&v))
	f.Add(WrapInfo{fixedUser("u"), PurposePassword, fixedSalt("s"), DefaultParams}.frame(&v))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		w, v, ok := parseWrapped(b)
		if ok && !bytes.Equal(w.frame(&v), b) {
			t.Errorf("%x parses as %+v, which encodes to another plaintext", b, w)
		}
	})
}

func FuzzParseManifest(f *testing.F) {
	f.Add(Manifest{User: fixedUser("u")}.frame())
	f.Add(Manifest{fixedUser("u"), 1, 2, Digest{sealtest.Fixed("d")}}.frame())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, ok := parseManifest(b)
		if ok && !bytes.Equal(m.frame(), b) {
			t.Errorf("%x parses as %+v, which encodes to another plaintext", b, m)
		}
	})
}

func FuzzOpen(f *testing.F) {
	var v vectors
	mustFrozen(f, &v)
	r := v.Records[1]
	p := Place{UserID(r.User), AccountID(r.Account), Kind(r.Kind), r.Version}
	sealtest.FuzzOpen(f, r.Token, func(s string) error { _, err := fixedVaultKey("vault key").Open(p, s); return err })
}

func FuzzOpenPiece(f *testing.F) {
	var v vectors
	mustFrozen(f, &v)
	p := v.Pieces[1]
	piece := Piece{UserID(p.User), AttachmentID(p.Attachment), p.Number, p.Count}
	sealtest.FuzzOpen(f, p.Token, func(s string) error { _, err := fixedVaultKey("vault key").OpenPiece(piece, s); return err })
}

func FuzzOpenManifest(f *testing.F) {
	var v vectors
	mustFrozen(f, &v)
	m := v.Sealed[1]
	sealtest.FuzzOpen(f, m.Token, func(s string) error {
		_, err := fixedVaultKey("vault key").OpenManifest(UserID(m.User), s)
		return err
	})
}

func FuzzUnwrapVaultKey(f *testing.F) {
	var v vectors
	mustFrozen(f, &v)
	w := v.Wrapped[2]
	kek := RecoveryPhrase{sealing.Of(sealtest.Fixed("phrase"))}.KEK()
	sealtest.FuzzOpen(f, w.Token, func(s string) error {
		_, err := UnwrapVaultKey(s, kek, WrapInfo{User: UserID(w.User), Purpose: PurposeRecovery})
		return err
	})
}
