package vault_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

func TestCanonicalUsername(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]vault.Username{
		"alice":              "alice",
		"Alice@Example.ORG":  "alice@example.org",
		"ÄNNE":               "änne",
		"a\u0308nne":         "änne",
		"\uff21lice":         "alice",
		"Ωmega":              "ωmega",
		"ΑΣ":                 "ασ", // without context: a final sigma would make one name into two
		"日本語":                "日本語",
		"a+b_c-d!$%&'*/=?^~": "a+b_c-d!$%&'*/=?^~",
	} {
		got, err := vault.CanonicalUsername(in)
		if err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", " ", "a b", "a\tb", "a\x00", "a#b", "a\uff03b", "\xff", "a\u200bb", "a\u202eb", "ﬁ", "½", "a\u2028", strings.Repeat("a", 129),
	} {
		got, err := vault.CanonicalUsername(in)
		var e *vault.Error
		if !errors.As(err, &e) || e.Code != protocol.CodeBadRequest || !strings.HasPrefix(e.Message, "username ") {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func FuzzCanonicalUsernameIsIdempotent(f *testing.F) {
	for _, s := range []string{"alice", "ÄNNE", "a\u0308", "\uff21", "ΑΣ", "א1", "İ", "ß", "ẞ", "a#"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, err := vault.CanonicalUsername(s)
		if err != nil {
			return
		}
		if again, err := vault.CanonicalUsername(string(name)); err != nil || again != name {
			t.Fatalf("%q gives %q, which gives %q, %v", s, name, again, err)
		}
		if n := utf8.RuneCountInString(string(name)); n == 0 || n > protocol.MaxUsernameRunes || strings.ContainsAny(string(name), "# \n\x00") {
			t.Fatalf("%q gives %q", s, name)
		}
	})
}
