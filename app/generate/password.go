package generate

import (
	"fmt"
	"math/big"
	"strings"
)

// PasswordRules says what a password is made of. Every chosen class occurs at least once.
type PasswordRules struct {
	Length         int  `json:"length"` // 4 to 128
	Lower          bool `json:"lower"`
	Upper          bool `json:"upper"`
	Digits         bool `json:"digits"`
	Symbols        bool `json:"symbols"`
	AvoidAmbiguous bool `json:"avoid_ambiguous"` // leaves out what looks alike in many typefaces: I l 1 | O 0 o
	// The minimum of each chosen class; 0 is one.
	MinLower   int    `json:"min_lower,omitempty"`
	MinUpper   int    `json:"min_upper,omitempty"`
	MinDigits  int    `json:"min_digits"`
	MinSymbols int    `json:"min_symbols"`
	SymbolSet  string `json:"symbol_set,omitempty"` // what counts as a symbol, of printable ASCII; empty: the usual ones
}

const (
	minLength = 4
	maxLength = 128

	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
	// No quotes, backslash or space: sites and shells trip over them, and they add 0.2 bits a character.
	symbols = "!#$%&()*+,-./:;<=>?@[]^_{|}~"

	ambiguous = "Il1|O0o"
)

type class struct {
	name     string
	alphabet string
	least    int
}

func (r PasswordRules) classes() ([]class, error) {
	if r.Length < minLength || r.Length > maxLength {
		return nil, fmt.Errorf("%w: the length is %d to %d characters", ErrRules, minLength, maxLength)
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
		{class{"lower", lower, r.MinLower}, r.Lower},
		{class{"upper", upper, r.MinUpper}, r.Upper},
		{class{"digits", digits, r.MinDigits}, r.Digits},
		{class{"symbols", symbols, r.MinSymbols}, r.Symbols},
	} {
		switch {
		case c.least < 0:
			return nil, fmt.Errorf("%w: a least number can not be negative", ErrRules)
		case c.least > 0 && !c.in:
			return nil, fmt.Errorf("%w: at least %d %s are asked for, but %s are left out", ErrRules, c.least, c.name, c.name)
		}
		c.least = max(1, c.least)
		if !c.in {
			continue
		}
		// Checked one by one: a sum of two huge numbers could wrap.
		if c.least > r.Length {
			return nil, fmt.Errorf("%w: at least %d %s do not fit in %d characters", ErrRules, c.least, c.name, r.Length)
		}
		if r.AvoidAmbiguous {
			c.alphabet = without(c.alphabet, ambiguous)
		}
		if c.alphabet == "" {
			return nil, fmt.Errorf("%w: all %s that may be used look like others", ErrRules, c.name)
		}
		chosen = append(chosen, c.class)
		need += c.least
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("%w: choose at least one kind of character", ErrRules)
	}
	if need > r.Length {
		return nil, fmt.Errorf("%w: what has to be in it takes %d characters, the length is %d", ErrRules, need, r.Length)
	}
	return chosen, nil
}

// symbolSet counts each symbol once, so that none is likelier than another.
func (r PasswordRules) symbolSet() (string, error) {
	if r.SymbolSet == "" {
		return symbols, nil
	}
	var set strings.Builder
	for _, c := range r.SymbolSet {
		if c <= ' ' || c > '~' || strings.ContainsRune(lower+upper+digits, c) {
			return "", fmt.Errorf("%w: symbols are punctuation of ASCII", ErrRules)
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

// Password draws one of all passwords that keep the rules, each as likely as any other, and gives the entropy in bits:
// log2 of how many there are. Putting a required digit somewhere and filling up the rest, as is often done, favours
// some passwords and has less. ErrRules.
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

// countWays gives ways[i][n][k]: in how many ways n places can be filled with characters of classes[i:], each as often
// as it has to be, such that k of the places hold a character of classes[i].
func countWays(classes []class, length int) [][][]*big.Int {
	ways := make([][][]*big.Int, len(classes))
	rest := make([]*big.Int, length+1) // all ways for the classes after i
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
				if k >= classes[i].least {
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

// drawCount says how many characters of a class there are when the classes before it took used of the length, with
// the likelihood that this number has among all passwords.
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
	panic("generate: a number below the sum is within the sum")
}
