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
		advice   Advice
	}{
		{"", nil, 0, 0, AdviceUncommonWords},
		{"\xff\xfe", nil, 0, 0, AdviceUncommonWords},
		{"password", nil, 0, 0, AdviceTopTen},
		{"mustang", nil, 0, 0, AdviceTopHundred},
		{"MUSTANG", nil, 0, 0, AdviceTopHundred},
		{"yamaha1", nil, 0, 1, AdviceVeryCommon},
		{"drowssap", nil, 0, 1, AdviceLikeCommon},
		{"P@ssword", nil, 0, 1, AdviceLikeCommon},
		{"Étéété", nil, 0, 2, AdviceAddWords},
		{"asdfghjkl;'", nil, 0, 1, AdviceKeyboardRow},
		{"rdxcvgyhn", nil, 0, 2, AdviceKeyboardPattern},
		{"aaaaaaaa", nil, 0, 0, AdviceRepeatedCharacter},
		{"xqbxqbxqb", nil, 0, 1, AdviceRepeatedPart},
		{"defghijk", nil, 0, 0, AdviceSequence},
		{"23.04.1987", nil, 0, 1, AdviceDate},
		{"q2016", nil, 0, 1, AdviceRecentYear},
		{"mirandolina77", []string{"Mirandolina"}, 0, 1, AdviceKnownAboutYou},
		{"hernandez", nil, 0, 1, AdviceNameAlone},
		{"hernandez#q", nil, 0, 2, AdviceCommonName},
		{"notwithstanding", nil, 0, 2, AdviceWordAlone},
		{"correct horse battery staple", nil, 4, 4, ""},
		{"rK8#vq2Zm!x0Lw", nil, 4, 4, ""},
	} {
		s := Of(c.password, c.inputs...)
		if s.Score < c.low || s.Score > c.high {
			t.Errorf("%q: score %d, want %d to %d", c.password, s.Score, c.low, c.high)
		}
		if s.Advice != c.advice {
			t.Errorf("%q: advice %q, want %q", c.password, s.Advice, c.advice)
		}
	}
}

func TestEstimateIsBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", maxEstimated)
	a, b := Of(long), Of(long+strings.Repeat("rK8#vq2Zm!x0Lw", 1000))
	if a.Guesses != b.Guesses || a.Score != b.Score {
		t.Errorf("%v guesses for the long password, %v for its beginning", b.Guesses, a.Guesses)
	}
	inputs := make([]string, 1000)
	inputs[maxUserInputs] = "mirandolina77"
	if with, without := Of("mirandolina77", inputs...), Of("mirandolina77"); with.Guesses != without.Guesses {
		t.Errorf("input %d counts", maxUserInputs+1)
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
