package strength

import (
	"slices"
	"strings"
	"sync"

	"github.com/trustelem/zxcvbn/adjacency"
	"github.com/trustelem/zxcvbn/frequency"
)

// Weak reports whether Of gives a password a score below 3: it falls within about 10^8 guesses. Where Of takes a
// millisecond, this takes microseconds for a short password and for most of those that were made by chance.
func Weak(password string) bool {
	if !printableASCII(password) {
		return Of(password).Score < soundScore
	}
	// By force, 8 characters are 10^8 guesses.
	return len(password) <= forced+1 || !surelySound(password) && Of(password).Score < soundScore
}

const soundScore = 3

func printableASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// surelySound tells of printable ASCII, without zxcvbn's search, that its score is at least soundScore.
//
// zxcvbn covers a password with matches (words, keyboard runs, repeats, sequences, dates) and guessing by force, and
// three pieces count as 10,000² guesses at least. So a weak password has one or two pieces, of which no more than one is
// by force, and that of 7 characters at most. Of n characters there is then a match at the beginning or at the end that
// has at least n-7 of them, or half. What cannot be part of so long a match, is sound.
func surelySound(password string) bool {
	n := len(password)
	if n > maxEstimated {
		return false
	}
	least := min((n+1)/2, n-forced)
	for i := len(lengths) - 1; i >= 0; i-- {
		if m := lengths[i]; m <= least {
			return !mayMatch(password, password[:m], beginnings()[i]) && !mayMatch(password, password[n-m:], endings()[i])
		}
	}
	return false
}

// forced is how many characters can be guessed one by one within the guesses of a weak password.
const forced = 7

// lengths of the beginnings and endings of words that are kept. A longer one excludes more.
var lengths = [...]int{5, 8, 12}

// mayMatch reports whether part, the beginning or the end of password, can belong to a match that is longer or as long.
func mayMatch(password, part string, words []uint64) bool {
	if key, known := blur(part); known {
		if _, found := slices.BinarySearch(words, key); found {
			return true
		}
	}
	return isRun(part) || isSequence(part) || isDate(part) || repeats(password)
}

// blurred gives the characters that stand for one another in zxcvbn's words ("l33t") one letter, so that a word is found
// however it is written. Others that occur in words have a letter of their own.
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

// blur packs at most 12 characters, five bits each.
func blur(s string) (key uint64, known bool) {
	for i := range len(s) {
		if s[i] >= 128 || blurred[s[i]] == 0 { // words may be in other scripts
			return 0, false
		}
		key = key<<5 | uint64(blurred[s[i]])
	}
	return key, true
}

// beginnings and endings are those of all words, read forwards and backwards, for each of lengths: sorted, because a map
// takes many times the memory of the page.
var (
	beginnings = sync.OnceValue(func() [len(lengths)][]uint64 { return partsOfWords(false) })
	endings    = sync.OnceValue(func() [len(lengths)][]uint64 { return partsOfWords(true) })
)

func partsOfWords(atEnd bool) (parts [len(lengths)][]uint64) {
	for i, m := range lengths {
		var keys []uint64
		for _, list := range frequency.FrequencyLists {
			for _, word := range list {
				if len(word) < m {
					continue
				}
				head, tail := word[:m], word[len(word)-m:]
				if atEnd {
					head, tail = tail, head
				}
				for _, part := range []string{head, reversed(tail)} {
					if key, known := blur(part); known {
						keys = append(keys, key)
					}
				}
			}
		}
		slices.Sort(keys)
		parts[i] = slices.Clone(slices.Compact(keys)) // without the room that the doubles took
	}
	return parts
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

// neighbours[a][b] says that two characters are next to each other on one of zxcvbn's keyboards.
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

// repeats reports whether password begins or ends with anything that follows itself.
func repeats(password string) bool {
	n := len(password)
	for p := 1; p <= n/2; p++ {
		if password[:p] == password[p:2*p] || password[n-p:] == password[n-2*p:n-p] {
			return true
		}
	}
	return false
}
