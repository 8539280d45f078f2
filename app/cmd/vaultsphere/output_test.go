package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPrintable(t *testing.T) {
	for _, c := range []struct{ in, keep, want string }{
		{"Bücher 日本 🗝️ a\\b", "", "Bücher 日本 🗝️ a\\b"},
		{"\x1b]0;owned\x07", "", `\x1b]0;owned\x07`},
		{"two\nlines\tand tab", "", `two\nlines\tand tab`},
		{"two\nlines\tand tab", "\n\t", "two\nlines\tand tab"},
		{"\u009b31m", "", `\x9b31m`},
		{"exe.\u202efdp", "", `exe.\u202efdp`},
		{"a\u2028b\x7f", "", `a\u2028b\x7f`},
		{"not \xff utf-8", "", `not \xff utf-8`},
	} {
		if got := printable(c.in, c.keep); got != c.want {
			t.Errorf("printable(%q, %q) = %q, want %q", c.in, c.keep, got, c.want)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("plain")
	f.Add("\x1b[2J\u202e\xc3")
	f.Fuzz(func(t *testing.T, s string) {
		got := printable(s, "")
		if !utf8.ValidString(got) || strings.ContainsFunc(got, deceptive) {
			t.Errorf("printable(%q) = %q", s, got)
		}
		if again := printable(got, ""); again != got {
			t.Errorf("not idempotent: %q becomes %q", got, again)
		}
		if utf8.ValidString(s) && !strings.ContainsFunc(s, deceptive) && got != s {
			t.Errorf("harmless %q becomes %q", s, got)
		}
	})
}
