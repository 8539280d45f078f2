package strength

import (
	"slices"
	"strings"
	"sync"

	"github.com/trustelem/zxcvbn/adjacency"
	"github.com/trustelem/zxcvbn/frequency"
)

// Weak reports whether Of gives a password a score below 3: about 10^8 guesses find it. For short passwords and most random ones, Weak
// takes microseconds, while Of takes a millisecond.
func Weak(password string) bool {
	if !printableASCII(password) {
		return Of(password).Score < soundScore
	}
	// Brute force finds 8 characters in 10^8 guesses.
	return len(password) <= bruteForced+1 || !surelySound(password) && Of(password).Score < soundScore
}

const soundScore = 3

func printableASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// surelySound reports, without the search of zxcvbn, that the score of printable ASCII is at least soundScore. false means unknown.
//
// zxcvbn covers a password with matches (words, keyboard runs, repeats, sequences, dates) and brute-force segments. Three segments
// count as at least 10,000² guesses. So a weak password has one or two segments, at most one of them brute force, of at most 7
// characters. Then a match at the beginning or the end covers at least half of the n characters, or n-7. If no such match is possible,
// the password is sound.
func surelySound(password string) bool {
	n := len(password)
	if n > maxEstimated {
		return false
	}
	shortest := min((n+1)/2, n-bruteForced)
	for _, b := range beginnings {
		if m := b.length; m <= shortest {
			head, tail := password[:m], password[n-m:]
			// The ending of a word, read backwards, is the beginning of a reversed word.
			return !mayMatch(password, head, head, b.ofWords()) && !mayMatch(password, tail, reversed(tail), b.ofWords())
		}
	}
	return false
}

// bruteForced is the length of the longest brute-force segment in a weak password.
const bruteForced = 7

// beginnings are those of all words and of all reversed words, for some lengths. A longer one excludes more passwords. Most passwords
// need only one of them.
var beginnings = [...]struct {
	length  int
	ofWords func() []uint64
}{
	{12, sync.OnceValue(func() []uint64 { return beginningsOfWords(12) })},
	{8, sync.OnceValue(func() []uint64 { return beginningsOfWords(8) })},
	{5, sync.OnceValue(func() []uint64 { return beginningsOfWords(5) })},
}

// mayMatch reports whether part, the beginning or the end of password, can belong to a match of its length or longer. word is what to
// look for in words.
func mayMatch(password, part, word string, words []uint64) bool {
	if key, known := blur(word); known {
		if _, found := slices.BinarySearch(words, key); found {
			return true
		}
	}
	return isRun(part) || isSequence(part) || isDate(part) || repeats(password)
}

// blurred maps characters that zxcvbn treats as equal in words ("l33t") to one symbol, so that every spelling of a word is found. Other
// characters of words have their own symbols.
var blurred = func() (table [128]byte) {
	next := byte(1)
	for _, alike := range []string{
		"a4@", "b8", "c({[<", "e3", "g69", "il1!|t7+", "o0", "s$5", "x%", "z2",
		"d", "f", "h", "j", "k", "m", "n", "p", "q", "r", "u", "v", "w", "y", ".-_'&*#,/:; ?=~^`\"\\)]}>",
	} {
		for i := range len(alike) {
			table[alike[i]] = next
		}
		next++
	}
	for c := byte('A'); c <= 'Z'; c++ {
		table[c] = table[c+'a'-'A']
	}
	return table
}()

// blur packs up to 12 characters into 5 bits each.
func blur(s string) (key uint64, known bool) {
	for i := range len(s) {
		if s[i] >= 128 || blurred[s[i]] == 0 { // not a character of these words
			return 0, false
		}
		key = key<<5 | uint64(blurred[s[i]])
	}
	return key, true
}

// beginningsOfWords returns a sorted slice because a map would take many times the memory.
func beginningsOfWords(length int) []uint64 {
	n := 0
	for _, list := range frequency.FrequencyLists {
		n += 2 * len(list)
	}
	keys := make([]uint64, 0, n)
	for _, list := range frequency.FrequencyLists {
		for _, word := range list {
			if len(word) < length {
				continue
			}
			for _, part := range []string{word[:length], reversed(word[len(word)-length:])} {
				if key, known := blur(part); known {
					keys = append(keys, key)
				}
			}
		}
	}
	slices.Sort(keys)
	return slices.Clone(slices.Compact(keys)) // release the memory of duplicates
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

// neighbours[a][b] reports whether two characters are adjacent on one of zxcvbn's keyboards.
var neighbours = sync.OnceValue(func() *[128][128]bool {
	var table [128][128]bool
	for _, graph := range adjacency.Graphs {
		for from, keys := range graph.Graph {
			for _, key := range keys {
				for i := range len(key) {
					table[from[0]&127][key[i]&127] = true
				}
			}
		}
	}
	return &table
})

func isRun(s string) bool {
	table := neighbours()
	for i := 1; i < len(s); i++ {
		if !table[s[i-1]][s[i]] {
			return false
		}
	}
	return true
}

func isSequence(s string) bool {
	for i := 2; i < len(s); i++ {
		if int(s[i])-int(s[i-1]) != int(s[1])-int(s[0]) {
			return false
		}
	}
	return true
}

func isDate(s string) bool { return strings.Trim(s, "0123456789 \t/\\_.-") == "" }

// repeats reports whether the password begins or ends with a repeated part.
func repeats(password string) bool {
	n := len(password)
	for p := 1; p <= n/2; p++ {
		if password[:p] == password[p:2*p] || password[n-p:] == password[n-2*p:n-p] {
			return true
		}
	}
	return false
}
