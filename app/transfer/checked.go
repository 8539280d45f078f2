package transfer

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// checked asks of an entry what the form asks of a person who types it in: that the key makes codes, that an address is
// one, that a card ends in a month of a year. What can be read in spite of how it is written is read. A key that makes no
// codes stays where it can be put right, an address or a date that is none becomes a field, and the report names them. An
// entry of ours stays as it is.
func (b *builder) checked(row int, it item.Item) item.Item {
	if !b.exact {
		b.checkURLs(row, &it)
		hideSecrets(it.Fields)
	}
	if it.TOTP != "" && !usable(it.TOTP) {
		b.problem(row, it.Title, "its key makes no one-time codes")
	}
	if b.exact {
		return it
	}
	if c := it.Card; c != nil {
		month, year, ok := expiryOf(c.ExpiryMonth, c.ExpiryYear)
		if !ok {
			b.problem(row, it.Title, "there is no month and year in its expiry date; it came in as a field")
			b.keepField(row, &it, "Expiry", strings.Trim(c.ExpiryMonth+"/"+c.ExpiryYear, "/"), item.FieldText)
		}
		c.ExpiryMonth, c.ExpiryYear = month, year
	}
	return it
}

// hideSecrets hides what is a secret whatever it is called: numbers of cards and keys of one-time codes.
func hideSecrets(fields []item.Field) {
	for i, f := range fields {
		if isCardNumber(f.Value) || isCodeAddress(f.Value) {
			fields[i].Kind = item.FieldHidden
		}
	}
}

// checkURLs moves what is no address of a page: words without a scheme become a field, and the key of one-time codes goes to
// its place, where it is not in plain sight.
func (b *builder) checkURLs(row int, it *item.Item) {
	addresses := it.URLs
	it.URLs = nil
	for _, address := range addresses {
		rule := it.Match[address]
		if rule != item.MatchDomain {
			it.URLs = append(it.URLs, address)
			continue
		}
		address = visibleURL(address)
		if isCodeAddress(address) {
			if !setOnce(&it.TOTP, address) {
				b.keepField(row, it, "One-time code", address, item.FieldHidden)
			}
			continue
		}
		if !strings.Contains(address, "://") && strings.ContainsFunc(address, unicode.IsSpace) {
			b.keepField(row, it, "URL", address, item.FieldText)
			continue
		}
		it.URLs = append(it.URLs, address)
	}
}

func isCodeAddress(s string) bool {
	scheme, _, _ := strings.Cut(strings.TrimLeftFunc(s, isFiller), "://")
	return strings.EqualFold(scheme, "otpauth")
}

// visibleURL leaves out characters that come along unseen when an address is copied, if what is seen is an address.
// Those that join letters (U+200C and U+200D) have a meaning between others.
func visibleURL(address string) string {
	seen := strings.TrimFunc(address, isFiller)
	seen = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d' {
			return -1
		}
		return r
	}, seen)
	if host := hostOf(seen); strings.Contains(host, ".") || host == "localhost" {
		return seen
	}
	return address
}

var expiryWords = regexp.MustCompile(`\d+|\pL+`)

// expiryOf brings an expiry date to the form of a card, wherever in the two values it is and however it is written.
// ok is false for what is none; month and year are empty then.
func expiryOf(month, year string) (m, y string, ok bool) {
	m, y = expiry(dense(month), dense(year))
	if isExpiry(m, y) {
		return m, y, true
	}
	if m, y = expiryIn(month + "/" + year); isExpiry(m, y) {
		return m, y, true
	}
	return "", "", false
}

// isFiller reports whether a character is white space, or one that is not seen.
func isFiller(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// dense is s without fillers.
func dense(s string) string {
	return strings.Map(func(r rune) rune {
		if isFiller(r) {
			return -1
		}
		return r
	}, s)
}

func isExpiry(month, year string) bool {
	m, y := number(month), number(year)
	return (month == "" || m >= 1 && m <= 12) && (year == "" || len(year) == 4 && y >= 1900)
}

// expiryIn reads a date with its month before the year, or the year before the month: "04/29", "2029-04-30", "Apr 2029",
// "0429", "042029", "202904".
func expiryIn(text string) (month, year string) {
	words := expiryWords.FindAllString(text, -1)
	if len(words) == 1 {
		words = digitsOfExpiry(words[0])
	}
	switch {
	case len(words) >= 2 && len(words[0]) == 4:
		month, year = words[1], words[0]
	case len(words) == 2:
		month, year = words[0], words[1]
	default:
		return "?", "?"
	}
	if named := monthNumber(month); named != "" {
		month = named
	}
	return expiry(month, year)
}

func digitsOfExpiry(s string) []string {
	switch {
	case len(s) == 4:
		return []string{s[:2], s[2:]}
	case len(s) == 6 && number(s[:2]) <= 12:
		return []string{s[:2], s[2:]}
	case len(s) == 6:
		return []string{s[:4], s[4:]}
	}
	return nil
}
