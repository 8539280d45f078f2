package generate

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
)

func count(s, alphabet string) (n int) {
	for _, c := range s {
		if strings.ContainsRune(alphabet, c) {
			n++
		}
	}
	return n
}

func TestPasswordSatisfiesItsRules(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]PasswordRules{
		"all":               {Length: 20, Lower: true, Upper: true, Digits: true, Symbols: true},
		"shortest":          {Length: 4, Lower: true, Upper: true, Digits: true, Symbols: true},
		"longest":           {Length: 128, Lower: true, Upper: true, Digits: true, Symbols: true},
		"digits only":       {Length: 6, Digits: true},
		"minima":            {Length: 12, Lower: true, Digits: true, Symbols: true, MinDigits: 5, MinSymbols: 4},
		"minima fill up":    {Length: 9, Digits: true, Symbols: true, MinDigits: 5, MinSymbols: 4},
		"minima of letters": {Length: 9, Lower: true, Upper: true, Digits: true, MinLower: 5, MinUpper: 3},
		"own symbols":       {Length: 12, Lower: true, Symbols: true, SymbolSet: "-_-'\\", MinSymbols: 3},
		"unambiguous":       {Length: 64, Lower: true, Upper: true, Digits: true, Symbols: true, AvoidAmbiguous: true},
	} {
		t.Run(name, func(t *testing.T) {
			seen := map[string]bool{}
			for range 50 {
				p, bits, err := Password(r)
				if err != nil {
					t.Fatal(err)
				}
				if len(p) != r.Length {
					t.Errorf("%d characters, want %d", len(p), r.Length)
				}
				for _, c := range []struct {
					alphabet string
					in       bool
					minimum  int
				}{
					{lower, r.Lower, max(1, r.MinLower)}, {upper, r.Upper, max(1, r.MinUpper)}, {digits, r.Digits, max(1, r.MinDigits)},
					{cmp.Or(r.SymbolSet, symbols), r.Symbols, max(1, r.MinSymbols)},
				} {
					switch n := count(p, c.alphabet); {
					case c.in && n < c.minimum:
						t.Errorf("%q has %d of %q, want %d", p, n, c.alphabet, c.minimum)
					case !c.in && n > 0:
						t.Errorf("%q has %d of %q, want none", p, n, c.alphabet)
					}
				}
				if r.AvoidAmbiguous && strings.ContainsAny(p, ambiguous) {
					t.Errorf("%q has an ambiguous character", p)
				}
				if bits <= 0 || bits > float64(r.Length)*math.Log2(26+26+10+float64(len(symbols))) {
					t.Errorf("%v bits", bits)
				}
				seen[p] = true
			}
			if len(seen) < 50 && r.Length > 9 {
				t.Errorf("only %d of 50 passwords differ", len(seen))
			}
		})
	}
}

// Brute force counts the passwords that satisfy the rules.
func TestPasswordEntropyIsExact(t *testing.T) {
	t.Parallel()
	small := []class{{"a", "ab", 1}, {"b", "123", 2}, {"c", "!", 1}}
	const length = 5
	all := 0
	var walk func(s string)
	walk = func(s string) {
		if len(s) < length {
			for _, c := range "ab123!" {
				walk(s + string(c))
			}
			return
		}
		if count(s, "ab") >= 1 && count(s, "123") >= 2 && count(s, "!") >= 1 {
			all++
		}
	}
	walk("")
	total := new(big.Int)
	for _, n := range countWays(small, length)[0][length] {
		total.Add(total, n)
	}
	if total.Int64() != int64(all) {
		t.Errorf("%v ways, want %d", total, all)
	}

	_, bits, err := Password(PasswordRules{Length: 6, Digits: true})
	if want := 6 * math.Log2(10); err != nil || math.Abs(bits-want) > 1e-9 {
		t.Errorf("six digits: %v bits (%v), want %v", bits, err, want)
	}
	// 4 characters: 3 digits and 1 lower-case letter, in 4 x 26 x 10^3 ways.
	_, bits, err = Password(PasswordRules{Length: 4, Lower: true, Digits: true, MinDigits: 3})
	if want := math.Log2(4 * 26 * 1000); err != nil || math.Abs(bits-want) > 1e-9 {
		t.Errorf("three digits of four: %v bits (%v), want %v", bits, err, want)
	}
}

// A repeated symbol is not drawn more often.
func TestRepeatedSymbolsCountOnce(t *testing.T) {
	t.Parallel()
	_, bits, err := Password(PasswordRules{Length: 10, Symbols: true, SymbolSet: "-_-__!"})
	if want := 10 * math.Log2(3); err != nil || math.Abs(bits-want) > 1e-9 {
		t.Errorf("%v bits (%v), want %v", bits, err, want)
	}
}

func TestLog2(t *testing.T) {
	t.Parallel()
	for _, e := range []uint{0, 1, 10, 64, 839} {
		if got := log2(new(big.Int).Lsh(big.NewInt(1), e)); got != float64(e) {
			t.Errorf("log2(2^%d) = %v", e, got)
		}
	}
	if got := log2(big.NewInt(1000)); math.Abs(got-math.Log2(1000)) > 1e-12 {
		t.Errorf("log2(1000) = %v", got)
	}
}

func TestPasswordRefusesImpossibleRules(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]PasswordRules{
		"at least one class":                          {Length: 10},
		"a minimum of 5 lower-case letters conflicts": {Length: 10, Upper: true, MinLower: 5},
		"look like other":                             {Length: 10, Lower: true, Symbols: true, SymbolSet: "|", AvoidAmbiguous: true},
		"punctuation":                                 {Length: 10, Symbols: true, SymbolSet: "a-"},
		"ASCII punctuation":                           {Length: 10, Symbols: true, SymbolSet: "- "},
		"must be ASCII":                               {Length: 10, Symbols: true, SymbolSet: "€"},
		"4 to 128":                                    {Length: 3, Lower: true},
		"must be 4 to":                                {Length: 129, Lower: true},
		"leaving out digits":                          {Length: 10, Lower: true, MinDigits: 1},
		"leaving out symbols":                         {Length: 10, Lower: true, MinSymbols: 1},
		"must not be negative":                        {Length: 10, Digits: true, MinDigits: -1},
		"need 11 characters":                          {Length: 10, Lower: true, Digits: true, Symbols: true, MinDigits: 6, MinSymbols: 4},
		"digits does not fit in 10":                   {Length: 10, Digits: true, Symbols: true, MinDigits: math.MaxInt, MinSymbols: math.MaxInt},
	} {
		p, bits, err := Password(r)
		if !errors.Is(err, ErrRules) || !strings.Contains(err.Error(), want) || p != "" || bits != 0 {
			t.Errorf("%+v: %q, %v, %v; want an error with %q", r, p, bits, err, want)
		}
	}
}

// outlier bounds |observed - expected| by 8 standard deviations: a fair draw exceeds it once in 10^15 runs.
func outlier(draws int, p float64) float64 { return 8 * math.Sqrt(float64(draws)*p*(1-p)) }

func TestPasswordsAreUniform(t *testing.T) {
	t.Parallel()
	// All 4 x 26 x 10^3 passwords are equally likely: the letter is in each place with probability 1/4, each letter has probability
	// 1/26, and each digit 1/10.
	const draws = 20000
	place, char := [4]int{}, map[byte]int{}
	for range draws {
		p, _, err := Password(PasswordRules{Length: 4, Lower: true, Digits: true, MinDigits: 3})
		if err != nil {
			t.Fatal(err)
		}
		place[strings.IndexAny(p, lower)]++
		for i := range p {
			char[p[i]]++
		}
	}
	for i, n := range place {
		if math.Abs(float64(n)-draws/4) > outlier(draws, .25) {
			t.Errorf("the letter is in place %d %d times of %d", i, n, draws)
		}
	}
	for _, c := range []byte(lower + digits) {
		n, p := draws, 1./26
		if c <= '9' {
			n, p = 3*draws, 1./10
		}
		if math.Abs(float64(char[c])-float64(n)*p) > outlier(n, p) {
			t.Errorf("%c comes up %d times of %d", c, char[c], n)
		}
	}

	// With one required digit in two places, placing a digit and filling up the rest would give two digits more often than their
	// share of 100 in 100 + 2*10*26.
	two := 0
	r := []class{{"lower", lower, 0}, {"digits", digits, 1}}
	ways := countWays(r, 2)
	for range draws {
		if drawCount(ways[0], 0, 2) == 0 {
			two++
		}
	}
	if p := 100. / 620; math.Abs(float64(two)-draws*p) > outlier(draws, p) {
		t.Errorf("two digits %d times of %d, want about %v", two, draws, draws*p)
	}
}

func TestWordListIsThatOfTheEFF(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte(effLarge))
	if got := hex.EncodeToString(sum[:]); got != "addd35536511597a02fa0a9ff1e5284677b8883b83e986e43f15a3db996b903e" {
		t.Errorf("SHA-256 of the list is %s, not that of the published file", got)
	}
	list := words()
	if len(list) != 7776 {
		t.Fatalf("%d words", len(list))
	}
	for _, w := range list {
		if strings.Trim(w, "abcdefghijklmnopqrstuvwxyz-") != "" || w[0] == '-' {
			t.Errorf("%q has a character other than letters and hyphens", w)
		}
	}
	// The entropy of Passphrase depends on this. In a sorted list, a prefix directly precedes a word that begins with it.
	sorted := slices.Sorted(slices.Values(list))
	for i := 1; i < len(sorted); i++ {
		if strings.HasPrefix(sorted[i], sorted[i-1]) {
			t.Errorf("%q is a prefix of %q", sorted[i-1], sorted[i])
		}
	}
}

func TestPassphrase(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, w := range words() {
		known[w] = true
	}
	perWord := math.Log2(7776)
	for _, c := range []struct {
		rules PassphraseRules
		bits  float64
	}{
		{PassphraseRules{Words: 6, Separator: " "}, 6 * perWord},
		{PassphraseRules{Words: 3, Separator: ". ", Capitalize: true}, 3 * perWord},
		{PassphraseRules{Words: 20, Separator: "·", Number: true}, 20*perWord + math.Log2(200)},
	} {
		p, bits, err := Passphrase(c.rules)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(bits-c.bits) > 1e-9 {
			t.Errorf("%+v: %v bits, want %v", c.rules, bits, c.bits)
		}
		parts := strings.Split(p, c.rules.Separator)
		if len(parts) != c.rules.Words {
			t.Errorf("%q has %d words, want %d", p, len(parts), c.rules.Words)
		}
		numbers := 0
		for _, w := range parts {
			word := strings.TrimRight(w, digits)
			numbers += len(w) - len(word)
			if c.rules.Capitalize == (word == strings.ToLower(word)) {
				t.Errorf("%q: capitalize is %v", w, c.rules.Capitalize)
			}
			if !known[strings.ToLower(word)] {
				t.Errorf("%q is not in the list", word)
			}
		}
		if want := map[bool]int{true: 1}[c.rules.Number]; numbers != want {
			t.Errorf("%q has %d digits, want %d", p, numbers, want)
		}
	}
	for want, r := range map[string]PassphraseRules{
		"3 to 20 words":     {Words: 2, Separator: " "},
		"must have 3 to 20": {Words: 21, Separator: " "},
		"up to 8":           {Words: 6, Separator: "123456789"},
		"printable":         {Words: 6, Separator: "\n"},
		"characters":        {Words: 6, Separator: "\xff"},
	} {
		if p, _, err := Passphrase(r); !errors.Is(err, ErrRules) || !strings.Contains(err.Error(), want) || p != "" {
			t.Errorf("%+v: %q, %v; want an error with %q", r, p, err, want)
		}
	}
}

func TestPassphraseWordsAreUniform(t *testing.T) {
	t.Parallel()
	const draws = 40000
	first, place := map[byte]int{}, [4]int{}
	share := map[byte]float64{}
	for _, w := range words() {
		share[w[0]] += 1. / 7776
	}
	for range draws / 4 {
		p, _, err := Passphrase(PassphraseRules{Words: 4, Separator: " ", Number: true})
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range strings.Split(p, " ") {
			first[w[0]]++
			if strings.ContainsAny(w, digits) {
				place[i]++
			}
		}
	}
	for c, p := range share {
		if math.Abs(float64(first[c])-draws*p) > outlier(draws, p) {
			t.Errorf("%d of %d words begin with %c, want about %v", first[c], draws, c, draws*p)
		}
	}
	for i, n := range place {
		if math.Abs(float64(n)-draws/4/4) > outlier(draws/4, .25) {
			t.Errorf("the number is at word %d %d times of %d", i+1, n, draws/4)
		}
	}
}

func BenchmarkPassword20(b *testing.B) {
	r := PasswordRules{Length: 20, Lower: true, Upper: true, Digits: true, Symbols: true}
	for b.Loop() {
		_, _, _ = Password(r)
	}
}

func BenchmarkPassword128(b *testing.B) {
	r := PasswordRules{Length: 128, Lower: true, Upper: true, Digits: true, Symbols: true}
	for b.Loop() {
		_, _, _ = Password(r)
	}
}
