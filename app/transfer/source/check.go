package source

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// check asks of an entry what the form asks of a person who types it in: that the key makes codes, that a URL is
// one, that a card ends in a month of a year. What can be read in spite of how it is written is read. A key that makes no
// codes stays where it can be put right, a URL or a date that is none becomes a field, and the report names them. An
// entry of ours stays as it is.
func (d *Draft) check() {
	if !d.Exact {
		d.checkURLs()
		hideSecrets(d.Fields)
	}
	if d.TOTP != "" && !MakesCodes(d.TOTP) {
		d.Problem(parcel.InvalidKey)
	}
	if d.Exact {
		return
	}
	if c := d.Card; c != nil {
		month, year, ok := expiryOf(c.ExpiryMonth, c.ExpiryYear)
		if !ok {
			d.Problem(parcel.InvalidExpiry)
			d.Relocate("Expiry", strings.Trim(c.ExpiryMonth+"/"+c.ExpiryYear, "/"), item.FieldText)
		}
		c.ExpiryMonth, c.ExpiryYear = month, year
	}
}

// hideSecrets hides what is a secret whatever it is called: numbers of cards and keys of one-time codes.
func hideSecrets(fields []item.Field) {
	for i, f := range fields {
		if isCardNumber(f.Value) || isCodeURL(f.Value) {
			fields[i].Kind = item.FieldHidden
		}
	}
}

// checkURLs moves what is no URL of a page: words without a scheme become a field, and an authenticator key goes to its
// place, where it is not in plain sight.
func (d *Draft) checkURLs() {
	addresses := d.URLs
	d.URLs = nil
	for _, address := range addresses {
		rule := d.Match[address]
		if rule != item.MatchDomain {
			d.URLs = append(d.URLs, address)
			continue
		}
		if several := urlsIn(address); len(several) > 1 {
			d.URLs = append(d.URLs, several...)
			continue
		}
		address = visibleURL(address)
		if isCodeURL(address) {
			if !SetOnce(&d.TOTP, address) {
				d.Relocate("One-time code", address, item.FieldHidden)
			}
			continue
		}
		if !strings.Contains(address, "://") && strings.ContainsFunc(address, unicode.IsSpace) {
			d.Relocate("URL", address, item.FieldText)
			continue
		}
		d.URLs = append(d.URLs, address)
	}
}

func isCodeURL(s string) bool {
	scheme, _, _ := strings.Cut(strings.TrimLeftFunc(s, IsFiller), "://")
	return strings.EqualFold(scheme, "otpauth")
}

// visibleURL leaves out characters that come along unseen when a URL is copied, if what is seen is a URL.
// Those that join letters (U+200C and U+200D) have a meaning between others.
func visibleURL(address string) string {
	seen := strings.TrimFunc(address, IsFiller)
	seen = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d' {
			return -1
		}
		return r
	}, seen)
	if host := HostOf(seen); strings.Contains(host, ".") || host == "localhost" {
		return seen
	}
	return address
}

var expiryWords = regexp.MustCompile(`\d+|\pL+`)

// expiryOf brings an expiry date to the form of a card, wherever in the two values it is and however it is written.
// ok is false for what is none; month and year are empty then.
func expiryOf(month, year string) (m, y string, ok bool) {
	m, y = CardExpiry(dense(month), dense(year))
	if isExpiry(m, y) {
		return m, y, true
	}
	if m, y = expiryIn(month + "/" + year); isExpiry(m, y) {
		return m, y, true
	}
	return "", "", false
}

// IsFiller reports whether a character is white space, or one that is not seen.
func IsFiller(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// dense is s without fillers.
func dense(s string) string {
	return strings.Map(func(r rune) rune {
		if IsFiller(r) {
			return -1
		}
		return r
	}, s)
}

func isExpiry(month, year string) bool {
	m, y := Int(month), Int(year)
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
	case len(words) == 3 && len(words[2]) == 4 && Int(words[0]) > 12: // 30.04.2029
		month, year = words[1], words[2]
	case len(words) == 3 && len(words[2]) == 4 && Int(words[1]) > 12: // 04/30/2029
		month, year = words[0], words[2]
	case len(words) == 2 && Int(words[0]) > 12: // 29/04
		month, year = words[1], words[0]
	case len(words) == 2:
		month, year = words[0], words[1]
	default:
		return "?", "?"
	}
	if named := MonthNumber(month); named != "" {
		month = named
	}
	return CardExpiry(month, year)
}

func digitsOfExpiry(s string) []string {
	switch {
	case len(s) == 4:
		return []string{s[:2], s[2:]}
	case len(s) == 6 && Int(s[:2]) <= 12:
		return []string{s[:2], s[2:]}
	case len(s) == 6:
		return []string{s[:4], s[4:]}
	}
	return nil
}
