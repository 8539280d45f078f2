package generate

import (
	"fmt"
	"math/big"
	"strings"
)

// PasswordRules are the rules for a password. Every chosen class of characters occurs at least once.
type PasswordRules struct {
	Length         int  `json:"length"` // 4 to 128
	Lower          bool `json:"lower"`
	Upper          bool `json:"upper"`
	Digits         bool `json:"digits"`
	Symbols        bool `json:"symbols"`
	AvoidAmbiguous bool `json:"avoid_ambiguous"` // leaves out characters that look alike: I l 1 | O 0 o
	// Minimum numbers of characters of the chosen classes; 0 means 1.
	MinLower   int    `json:"min_lower,omitempty"`
	MinUpper   int    `json:"min_upper,omitempty"`
	MinDigits  int    `json:"min_digits"`
	MinSymbols int    `json:"min_symbols"`
	SymbolSet  string `json:"symbol_set,omitempty"` // printable ASCII; empty: the default symbols
}

const (
	minLength = 4
	maxLength = 128

	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
	// No quotes, backslash or space: some sites and shells mishandle them, and they would add only 0.2 bits per character.
	symbols = "!#$%&()*+,-./:;<=>?@[]^_{|}~"

	ambiguous = "Il1|O0o"
)

type class struct {
	name     string
	alphabet string
	minimum  int
}

func (r PasswordRules) classes() ([]class, error) {
	if r.Length < minLength || r.Length > maxLength {
		return nil, fmt.Errorf("%w: the length must be %d to %d characters", ErrRules, minLength, maxLength)
	}
	symbols, err := r.symbolSet()
	if err != nil {
		return nil, err
	}
	var chosen []class
	need := 0
	for _, c := range []struct {
		class
		in bool
	}{
		{class{"lower-case letters", lower, r.MinLower}, r.Lower},
		{class{"upper-case letters", upper, r.MinUpper}, r.Upper},
		{class{"digits", digits, r.MinDigits}, r.Digits},
		{class{"symbols", symbols, r.MinSymbols}, r.Symbols},
	} {
		switch {
		case c.minimum < 0:
			return nil, fmt.Errorf("%w: a minimum must not be negative", ErrRules)
		case c.minimum > 0 && !c.in:
			return nil, fmt.Errorf("%w: a minimum of %d %s conflicts with leaving out %s", ErrRules, c.minimum, c.name, c.name)
		}
		c.minimum = max(1, c.minimum)
		if !c.in {
			continue
		}
		// Check each one: the sum of huge numbers could overflow.
		if c.minimum > r.Length {
			return nil, fmt.Errorf("%w: a minimum of %d %s does not fit in %d characters", ErrRules, c.minimum, c.name, r.Length)
		}
		if r.AvoidAmbiguous {
			c.alphabet = without(c.alphabet, ambiguous)
		}
		if c.alphabet == "" {
			return nil, fmt.Errorf("%w: all allowed %s look like other characters", ErrRules, c.name)
		}
		chosen = append(chosen, c.class)
		need += c.minimum
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("%w: choose at least one class of characters", ErrRules)
	}
	if need > r.Length {
		return nil, fmt.Errorf("%w: the minimums need %d characters, but the length is %d", ErrRules, need, r.Length)
	}
	return chosen, nil
}

// symbolSet removes repeated symbols, which would be drawn more often.
func (r PasswordRules) symbolSet() (string, error) {
	if r.SymbolSet == "" {
		return symbols, nil
	}
	var set strings.Builder
	for _, c := range r.SymbolSet {
		if c <= ' ' || c > '~' || strings.ContainsRune(lower+upper+digits, c) {
			return "", fmt.Errorf("%w: symbols must be ASCII punctuation", ErrRules)
		}
		if !strings.ContainsRune(set.String(), c) {
			set.WriteRune(c)
		}
	}
	return set.String(), nil
}

func without(s, cut string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune(cut, c) {
			return -1
		}
		return c
	}, s)
}

// Password draws uniformly from all passwords that satisfy the rules, and returns the entropy in bits: log2 of their number. The common
// way, to place the required characters and fill up the rest, favours some passwords and has less entropy. Its errors wrap ErrRules.
func Password(r PasswordRules) (string, float64, error) {
	classes, err := r.classes()
	if err != nil {
		return "", 0, err
	}
	ways := countWays(classes, r.Length)
	password := make([]byte, 0, r.Length)
	for i, c := range classes {
		for range drawCount(ways[i], len(password), r.Length) {
			password = append(password, c.alphabet[pick(len(c.alphabet))])
		}
	}
	for i := len(password) - 1; i > 0; i-- { // Fisher–Yates
		j := pick(i + 1)
		password[i], password[j] = password[j], password[i]
	}
	total := new(big.Int)
	for _, n := range ways[0][r.Length] {
		total.Add(total, n)
	}
	return string(password), log2(total), nil
}

// countWays returns ways[i][n][k]: the number of ways to fill n places with characters of classes[i:], respecting the minimums, such that
// k of the places have a character of classes[i].
func countWays(classes []class, length int) [][][]*big.Int {
	ways := make([][][]*big.Int, len(classes))
	rest := make([]*big.Int, length+1) // ways for the classes after i
	for n := range rest {
		rest[n] = new(big.Int)
	}
	rest[0].SetInt64(1)
	for i := len(classes) - 1; i >= 0; i-- {
		size := big.NewInt(int64(len(classes[i].alphabet)))
		power := make([]*big.Int, length+1)
		power[0] = big.NewInt(1)
		for k := 1; k <= length; k++ {
			power[k] = new(big.Int).Mul(power[k-1], size)
		}
		sums := make([]*big.Int, length+1)
		ways[i] = make([][]*big.Int, length+1)
		for n := range ways[i] {
			sums[n] = new(big.Int)
			ways[i][n] = make([]*big.Int, n+1)
			places := big.NewInt(1) // n over k
			for k := range ways[i][n] {
				w := new(big.Int)
				if k >= classes[i].minimum {
					w.Mul(places, power[k])
					w.Mul(w, rest[n-k])
				}
				ways[i][n][k] = w
				sums[n].Add(sums[n], w)
				places.Mul(places, big.NewInt(int64(n-k)))
				places.Quo(places, big.NewInt(int64(k+1)))
			}
		}
		rest = sums
	}
	return ways
}

// drawCount draws how many characters of a class the password has, after earlier classes took used characters. Each number has the
// probability that it has among all passwords.
func drawCount(ways [][]*big.Int, used, length int) int {
	counts := ways[length-used]
	total := new(big.Int)
	for _, n := range counts {
		total.Add(total, n)
	}
	at := below(total)
	for k, n := range counts {
		if at.Cmp(n) < 0 {
			return k
		}
		at.Sub(at, n)
	}
	panic("generate: a number below the sum of the counts must belong to one of them")
}
