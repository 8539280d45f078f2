package vault

import (
	"slices"
	"strings"
	"unicode"
)

// deceives reports whether s may look like another text: it contains a bidirectional control, an invisible character, or a word
// that mixes scripts that are not written together.
func deceives(s string) bool {
	if strings.ContainsFunc(s, hidden) {
		return true
	}
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.N) }) {
		if !highlyRestrictive(word) {
			return true
		}
	}
	return false
}

// hidden matches all format characters except the two joiners, which Persian and the Indic languages need, and the fillers and
// separators that show nothing.
func hidden(r rune) bool {
	switch r {
	case '\u200c', '\u200d':
		return false
	}
	return unicode.Is(unicode.Bidi_Control, r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Other_Default_Ignorable_Code_Point)
}

// written lists the scripts that may occur together in one word: UTS 39 §5.2, Highly Restrictive.
var written = [][]*unicode.RangeTable{
	{unicode.Latin, unicode.Han, unicode.Hiragana, unicode.Katakana},
	{unicode.Latin, unicode.Han, unicode.Bopomofo},
	{unicode.Latin, unicode.Han, unicode.Hangul},
}

// highlyRestrictive implements UTS 39 §5.2. It also rejects digits of two systems in one word (UTS 39 §5.3).
func highlyRestrictive(word string) bool {
	var scripts []*unicode.RangeTable
	for _, r := range word {
		if unicode.In(r, append([]*unicode.RangeTable{unicode.Common, unicode.Inherited}, scripts...)...) {
			continue
		}
		for _, table := range unicode.Scripts {
			if unicode.Is(table, r) {
				scripts = append(scripts, table)
			}
		}
	}
	if !digitsOfOneSystem(word) {
		return false
	}
	if len(scripts) <= 1 {
		return true
	}
	for _, together := range written {
		if !slices.ContainsFunc(scripts, func(s *unicode.RangeTable) bool { return !slices.Contains(together, s) }) {
			return true
		}
	}
	return false
}

func digitsOfOneSystem(word string) bool {
	zero := rune(-1)
	for _, r := range word {
		if !unicode.Is(unicode.Nd, r) {
			continue
		}
		if zero >= 0 && zeroOf(r) != zero {
			return false
		}
		zero = zeroOf(r)
	}
	return true
}

// zeroOf returns the zero of a decimal digit's system. Its ten digits are consecutive, and each run of systems starts with a
// zero (UAX 44).
func zeroOf(r rune) rune {
	first := r
	for unicode.Is(unicode.Nd, first-1) {
		first--
	}
	return r - (r-first)%10
}
