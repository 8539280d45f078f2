package generate

import (
	_ "embed"
	"fmt"
	"math"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// PassphraseRules are the rules for a passphrase.
type PassphraseRules struct {
	Words      int    `json:"words"`      // 3 to 20
	Separator  string `json:"separator"`  // up to 8 characters
	Capitalize bool   `json:"capitalize"` // the first letter of every word
	Number     bool   `json:"number"`     // one digit after one of the words
}

const (
	minWords     = 3
	maxWords     = 20
	maxSeparator = 8
)

// effLarge is the EFF's long word list, as published at https://www.eff.org/files/2016/07/18/eff_large_wordlist.txt:
// © Electronic Frontier Foundation, Creative Commons Attribution 3.0 US. The Go modules with this list contain three lists each, which
// would add a hundred kilobytes to the download of the page.
//
//go:embed eff_large_wordlist.txt
var effLarge string

var words = sync.OnceValue(func() []string {
	fields := strings.Fields(effLarge)
	list := make([]string, 0, len(fields)/2)
	for i := 1; i < len(fields); i += 2 { // the numbers of the dice precede each word
		list = append(list, fields[i])
	}
	return list
})

// Passphrase draws words from the EFF's long list (7776 words) and returns the entropy in bits: log2(7776) for each word, plus log2 of
// ten digits times the possible places for the number. This is exact with any separator, even an empty one, because no word is a prefix
// of another: different draws never give the same text. Its errors wrap ErrRules.
func Passphrase(r PassphraseRules) (string, float64, error) {
	if r.Words < minWords || r.Words > maxWords {
		return "", 0, fmt.Errorf("%w: a passphrase must have %d to %d words", ErrRules, minWords, maxWords)
	}
	if !utf8.ValidString(r.Separator) || utf8.RuneCountInString(r.Separator) > maxSeparator ||
		strings.ContainsFunc(r.Separator, unicode.IsControl) {
		return "", 0, fmt.Errorf("%w: a separator can have up to %d printable characters", ErrRules, maxSeparator)
	}
	list := words()
	chosen := make([]string, r.Words)
	for i := range chosen {
		w := list[pick(len(list))]
		if r.Capitalize {
			w = strings.ToUpper(w[:1]) + w[1:]
		}
		chosen[i] = w
	}
	bits := float64(r.Words) * math.Log2(float64(len(list)))
	if r.Number {
		chosen[pick(r.Words)] += string(digits[pick(len(digits))])
		bits += math.Log2(float64(len(digits) * r.Words))
	}
	return strings.Join(chosen, r.Separator), bits, nil
}
