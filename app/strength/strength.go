// Package strength estimates how well a password that a person chose stands up to guessing. It is pure. It is a package
// of its own because its dictionaries are as large as the rest of the client core: the page loads them when they are
// asked for and not before.
package strength

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn"
	"github.com/trustelem/zxcvbn/match"
)

// Estimate is zxcvbn's estimate (Wheeler, USENIX Security 2016) of how well a password stands up to guessing.
type Estimate struct {
	Score   int     // 0 (guessed at once) to 4 (very hard to guess)
	Guesses float64 // how many guesses an attacker needs who knows how people choose passwords; at least 1, finite
	Advice  Advice  // empty from score 3 on
}

// Advice is a code: what makes the password easy to guess, or what would make it better.
type Advice string

// The page has a sentence for each.
const (
	AdviceUncommonWords     Advice = "uncommonWords"
	AdviceAddWords          Advice = "addWords"
	AdviceKeyboardPattern   Advice = "keyboardPattern"
	AdviceKeyboardRow       Advice = "keyboardRow"
	AdviceRepeatedPart      Advice = "repeatedPart"
	AdviceRepeatedCharacter Advice = "repeatedCharacter"
	AdviceSequence          Advice = "sequence"
	AdviceRecentYear        Advice = "recentYear"
	AdviceDate              Advice = "date"
	AdviceKnownAboutYou     Advice = "knownAboutYou"
	AdviceTopTen            Advice = "topTen"
	AdviceTopHundred        Advice = "topHundred"
	AdviceVeryCommon        Advice = "veryCommon"
	AdviceLikeCommon        Advice = "likeCommon"
	AdviceCommonName        Advice = "commonName"
	AdviceNameAlone         Advice = "nameAlone"
	AdviceWordAlone         Advice = "wordAlone"
)

// The time zxcvbn takes grows faster than its input. What is cut off could only have made the password stronger.
const (
	maxEstimated  = 64 // characters
	maxUserInputs = 20
)

// Of looks at the first 64 characters of a password. userInputs is what an attacker would try first: names,
// addresses, the name of the site; the first 20 count.
func Of(password string, userInputs ...string) Estimate {
	inputs := make([]string, 0, maxUserInputs)
	for _, in := range userInputs[:min(len(userInputs), maxUserInputs)] {
		if in = head(in); in != "" {
			inputs = append(inputs, strings.ToLower(in))
		}
	}
	r := zxcvbn.PasswordStrength(head(password), inputs)
	// zxcvbn's answer for the empty password and for invalid UTF-8 is 0 guesses.
	s := Estimate{Score: r.Score, Guesses: min(max(r.Guesses, 1), math.MaxFloat64)}
	if s.Score < 3 {
		s.Advice = adviceOn(r.Sequence)
	}
	return s
}

func head(s string) string {
	for i, n := 0, 0; i < len(s); n++ {
		if n == maxEstimated {
			return s[:i]
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		i += size
	}
	return s
}

// adviceOn follows zxcvbn's own feedback, which the Go port leaves out: it is about the longest match.
func adviceOn(sequence []*match.Match) Advice {
	if len(sequence) == 0 {
		return AdviceUncommonWords
	}
	longest := sequence[0]
	for _, m := range sequence[1:] {
		if utf8.RuneCountInString(m.Token) > utf8.RuneCountInString(longest.Token) {
			longest = m
		}
	}
	switch longest.Pattern {
	case "dictionary":
		return dictionaryAdvice(longest, len(sequence) == 1)
	case "spatial":
		if longest.Turns == 1 {
			return AdviceKeyboardRow
		}
		return AdviceKeyboardPattern
	case "repeat":
		if utf8.RuneCountInString(longest.BaseToken) == 1 {
			return AdviceRepeatedCharacter
		}
		return AdviceRepeatedPart
	case "sequence":
		return AdviceSequence
	case "regex":
		return AdviceRecentYear
	case "date":
		return AdviceDate
	}
	return AdviceAddWords
}

func dictionaryAdvice(m *match.Match, alone bool) Advice {
	unchanged := alone && !m.L33t && !m.Reversed
	switch m.DictionaryName {
	case "user_inputs":
		return AdviceKnownAboutYou
	case "passwords":
		switch {
		case unchanged && m.Rank <= 10:
			return AdviceTopTen
		case unchanged && m.Rank <= 100:
			return AdviceTopHundred
		case unchanged:
			return AdviceVeryCommon
		case m.Guesses <= 1e4:
			return AdviceLikeCommon
		}
	case "surnames", "male_names", "female_names":
		if alone {
			return AdviceNameAlone
		}
		return AdviceCommonName
	default:
		if alone {
			return AdviceWordAlone
		}
	}
	return AdviceAddWords
}
