package strength

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEstimate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		password string
		inputs   []string
		low      int
		high     int
		warning  string
		suggests string
	}{
		{"", nil, 0, 0, "", "uncommon words"},
		{"\xff\xfe", nil, 0, 0, "", "uncommon words"},
		{"password", nil, 0, 0, "10 most common", "another word"},
		{"mustang", nil, 0, 0, "100 most common", "another word"},
		{"drowssap", nil, 0, 1, "similar to a common", "backwards"},
		{"P@ssword", nil, 0, 1, "similar to a common", "substitutions"},
		{"MUSTANG", nil, 0, 0, "common", "All capitals"},
		{"Mustang", nil, 0, 0, "common", "capital at the beginning"},
		{"Étéété", nil, 0, 2, "", "word"},
		{"asdfghjkl;'", nil, 0, 1, "keys", ""},
		{"aaaaaaaa", nil, 0, 0, `"aaa"`, "Avoid repeated"},
		{"xqbxqbxqb", nil, 0, 1, `"abcabcabc"`, "Avoid repeated"},
		{"defghijk", nil, 0, 0, "Sequences", "Avoid sequences"},
		{"23.04.1987", nil, 0, 1, "Dates", "Avoid dates"},
		{"mirandolina77", []string{"Mirandolina"}, 0, 1, "known about you", "another word"},
		{"correct horse battery staple", nil, 4, 4, "", ""},
		{"rK8#vq2Zm!x0Lw", nil, 4, 4, "", ""},
	} {
		s := Of(c.password, c.inputs...)
		if s.Score < c.low || s.Score > c.high {
			t.Errorf("%q: score %d, want %d to %d", c.password, s.Score, c.low, c.high)
		}
		if !strings.Contains(s.Warning, c.warning) {
			t.Errorf("%q: warning %q, want %q in it", c.password, s.Warning, c.warning)
		}
		if all := strings.Join(s.Suggestions, "; "); !strings.Contains(all, c.suggests) {
			t.Errorf("%q: suggestions %q, want %q in them", c.password, all, c.suggests)
		}
		if s.Score >= 3 && (s.Warning != "" || len(s.Suggestions) > 0) {
			t.Errorf("%q: score %d and still %q %q", c.password, s.Score, s.Warning, s.Suggestions)
		}
		if s.Score < 3 && len(s.Suggestions) == 0 {
			t.Errorf("%q: score %d and no suggestion", c.password, s.Score)
		}
	}
}

func TestEstimateReadsNoFurtherThanItsBound(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", maxEstimated)
	a, b := Of(long), Of(long+strings.Repeat("rK8#vq2Zm!x0Lw", 1000))
	if a.Guesses != b.Guesses || a.Score != b.Score {
		t.Errorf("%v guesses with the tail, %v without", b.Guesses, a.Guesses)
	}
	inputs := make([]string, 1000)
	inputs[maxUserInputs] = "mirandolina77"
	if with, without := Of("mirandolina77", inputs...), Of("mirandolina77"); with.Guesses != without.Guesses {
		t.Errorf("input %d was looked at", maxUserInputs+1)
	}
}

func FuzzEstimate(f *testing.F) {
	for _, s := range []string{"", "password", "P@ssw0rd1987", "\xff", "aé😀", strings.Repeat("a1", 60), "Ⱥbcdefgh", "İstanbul"} {
		f.Add(s, "name")
	}
	f.Fuzz(func(t *testing.T, password, input string) {
		s := Of(password, input)
		if s.Score < 0 || s.Score > 4 || !(s.Guesses >= 1) || math.IsInf(s.Guesses, 0) {
			t.Errorf("%q: %+v", password, s)
		}
		if head(password) != password && utf8.RuneCountInString(head(password)) != maxEstimated {
			t.Errorf("%q was cut to %q", password, head(password))
		}
	})
}
