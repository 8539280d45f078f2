package vault

import (
	"testing"
	"unicode"
)

func TestLookAlikeNamesAndLabelsAreRejected(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"alice", "jürgen", "алиса", "αλίκη", "アリス", "あリス漢字", "aliceあア漢", "앨리스", "alice앨漢", "ㄅ漢a", "عليّ", "משה", "अलिस", "alice_1.2-3@example.org", "o'neill",
	} {
		if _, err := newUsername(s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range []string{
		"аlice", "alicе", "pаypаl", "αlice", "alice.аdmin", "al\u0131ce\u0430", "漢ㄅあ", "앨あ", "аλ", "a1١", "ⅰалиса\u13a0", "ꭺlіce",
		"alice\u202e", "\u2066alice", "ali\u061cce", "ali\u200ece", "ali\u00adce", "ali\ufeffce",
	} {
		if name, err := newUsername(s); err == nil {
			t.Errorf("%q is accepted as %q", s, name)
		}
	}
	for _, s := range []string{
		"Firefox on Linux", "Firefox на Linux", "Chrome auf Windows", "Μαρία's laptop", "Мария’s laptop", "电脑 Chrome", "MacBook-Про", "command line on host-01.example.org",
		"گوشی\u200cمن", "👩\u200d💻 laptop", "Ноутбук 2", "机器A",
	} {
		if err := checkDevice(s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range []string{
		"Firefox on Linux\u202ekcatta", "\u2067x", "Chrоme on Windows", "Firefоx", "a\u2028b", "a\u200bb", "a\U000e0041b", "tab\tb", "a\u3164b", "a\ue000b",
	} {
		if err := checkDevice(s); err == nil {
			t.Errorf("%q is accepted", s)
		}
	}
}

func TestBidiControlsAreRejected(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if unicode.Is(unicode.Bidi_Control, r) && checkDevice("a"+string(r)+"b") == nil {
			t.Errorf("%U is accepted", r)
		}
	}
}

// Users who registered before such names were rejected can still sign in.
func TestExistingLookAlikeNamesStayValid(t *testing.T) {
	t.Parallel()
	if name, err := CanonicalUsername("аlice"); err != nil || name != "аlice" {
		t.Errorf("%q, %v", name, err)
	}
}
