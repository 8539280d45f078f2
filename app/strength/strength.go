// Package strength estimates how well a password that a person chose stands up to guessing. It is pure. It is a package
// of its own because its dictionaries are as large as the rest of the client core: the page loads them when they are
// asked for and not before.
package strength

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn"
	"github.com/trustelem/zxcvbn/match"
)

// Estimate is zxcvbn's estimate (Wheeler, USENIX Security 2016) of how a password stands up to guessing.
type Estimate struct {
	Score       int      // 0 (guessed at once) to 4 (very hard to guess)
	Guesses     float64  // about how many guesses an attacker needs who knows how people choose; at least 1, finite
	Warning     string   // what is wrong, empty when nothing stands out
	Suggestions []string // what to do about it, empty from score 3 on
}

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
		s.Warning, s.Suggestions = feedback(r.Sequence)
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

// feedback follows zxcvbn's own: it is about the longest thing that was recognised. The Go port leaves it out.
func feedback(sequence []*match.Match) (warning string, suggestions []string) {
	if len(sequence) == 0 {
		return "", []string{"Use a few uncommon words, or let a password be generated"}
	}
	longest := sequence[0]
	for _, m := range sequence[1:] {
		if utf8.RuneCountInString(m.Token) > utf8.RuneCountInString(longest.Token) {
			longest = m
		}
	}
	suggestions = []string{"Add another word or two; uncommon words are better"}
	var more []string
	switch longest.Pattern {
	case "dictionary":
		warning, more = dictionaryFeedback(longest, len(sequence) == 1)
	case "spatial":
		warning = "Short keyboard patterns are easy to guess"
		if longest.Turns == 1 {
			warning = "Straight rows of keys are easy to guess"
		}
		more = []string{"Use a longer keyboard pattern with more turns"}
	case "repeat":
		warning = `Repeats like "abcabcabc" are only slightly harder to guess than "abc"`
		if utf8.RuneCountInString(longest.BaseToken) == 1 {
			warning = `Repeats like "aaa" are easy to guess`
		}
		more = []string{"Avoid repeated words and characters"}
	case "sequence":
		warning, more = "Sequences like abc or 6543 are easy to guess", []string{"Avoid sequences"}
	case "regex":
		warning, more = "Recent years are easy to guess", []string{"Avoid years that have to do with you"}
	case "date":
		warning, more = "Dates are often easy to guess", []string{"Avoid dates and years that have to do with you"}
	}
	return warning, append(suggestions, more...)
}

func dictionaryFeedback(m *match.Match, alone bool) (warning string, suggestions []string) {
	switch m.DictionaryName {
	case "user_inputs":
		warning = "What is known about you is guessed first"
	case "passwords":
		switch {
		case alone && !m.L33t && !m.Reversed && m.Rank <= 10:
			warning = "This is one of the 10 most common passwords"
		case alone && !m.L33t && !m.Reversed && m.Rank <= 100:
			warning = "This is one of the 100 most common passwords"
		case alone && !m.L33t && !m.Reversed:
			warning = "This is a very common password"
		case m.Guesses <= 1e4:
			warning = "This is similar to a common password"
		}
	case "surnames", "male_names", "female_names":
		warning = "Common names and surnames are easy to guess"
		if alone {
			warning = "Names and surnames by themselves are easy to guess"
		}
	default:
		if alone {
			warning = "A word by itself is easy to guess"
		}
	}
	if first, _ := utf8.DecodeRuneInString(m.Token); unicode.IsUpper(first) {
		if m.Token == strings.ToUpper(m.Token) {
			suggestions = append(suggestions, "All capitals are almost as easy to guess as none")
		} else {
			suggestions = append(suggestions, "A capital at the beginning does not help much")
		}
	}
	if m.Reversed && len(m.Token) >= 4 {
		suggestions = append(suggestions, "Words spelled backwards are not much harder to guess")
	}
	if m.L33t {
		suggestions = append(suggestions, "Predictable substitutions like @ for a do not help much")
	}
	return warning, suggestions
}
