// Package strength estimates how hard a password is to guess. It is pure. It is separate because its dictionaries are as large as the rest
// of the client core: the page loads them only when it needs them.
package strength

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn"
	"github.com/trustelem/zxcvbn/match"
)

// Estimate is zxcvbn's estimate of the strength of a password (Wheeler, USENIX Security 2016).
type Estimate struct {
	Score   int     // 0 (trivial to guess) to 4 (very hard to guess)
	Guesses float64 // by an attacker who knows how people choose passwords; at least 1, finite
	Advice  Advice  // empty from score 3 on
}

// Advice is the code of the main weakness, or of an improvement.
type Advice string

// The page has a message for each code.
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

// zxcvbn takes superlinear time. Cutting its input can only lower the score.
const (
	maxEstimated  = 64 // characters
	maxUserInputs = 20
)

// Of estimates the first 64 characters of a password. userInputs are what an attacker would try first, such as names and email
// addresses; only the first 20 count.
func Of(password string, userInputs ...string) Estimate {
	inputs := make([]string, 0, maxUserInputs)
	for _, in := range userInputs[:min(len(userInputs), maxUserInputs)] {
		if in = head(in); in != "" {
			inputs = append(inputs, strings.ToLower(in))
		}
	}
	r := zxcvbn.PasswordStrength(head(password), inputs)
	// zxcvbn returns 0 guesses for the empty password and for invalid UTF-8.
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

// adviceOn follows the feedback of the original zxcvbn, which the Go port lacks: it is about the longest match.
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
