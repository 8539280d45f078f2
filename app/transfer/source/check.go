package source

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// check applies the checks of the item form: that the authenticator key works, that URLs are URLs, that expiry dates are a
// month and a year. It accepts other spellings where it can. An invalid key stays in place, so it can be corrected; invalid
// URLs and dates become fields. Exact items stay as they are.
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

// hideSecrets hides card numbers and authenticator keys, whatever their fields are called.
func hideSecrets(fields []item.Field) {
	for i, f := range fields {
		if isCardNumber(f.Value) || isCodeURL(f.Value) {
			fields[i].Kind = item.FieldHidden
		}
	}
}

// checkURLs moves values that are not URLs of pages. Text without a scheme becomes a field; an otpauth URL becomes the
// authenticator key, which is hidden on screen.
func (d *Draft) checkURLs() {
	rawURLs := d.URLs
	d.URLs = nil
	for _, rawURL := range rawURLs {
		rule := d.Match[rawURL]
		if rule != item.MatchDomain {
			d.URLs = append(d.URLs, rawURL)
			continue
		}
		if several := urlsIn(rawURL); len(several) > 1 {
			d.URLs = append(d.URLs, several...)
			continue
		}
		rawURL = visibleURL(rawURL)
		if isCodeURL(rawURL) {
			if !SetOnce(&d.TOTP, rawURL) {
				d.Relocate("One-time code", rawURL, item.FieldHidden)
			}
			continue
		}
		if !strings.Contains(rawURL, "://") && strings.ContainsFunc(rawURL, unicode.IsSpace) {
			d.Relocate("URL", rawURL, item.FieldText)
			continue
		}
		d.URLs = append(d.URLs, rawURL)
	}
}

func isCodeURL(s string) bool {
	scheme, _, _ := strings.Cut(strings.TrimLeftFunc(s, IsFiller), "://")
	return strings.EqualFold(scheme, "otpauth")
}

// visibleURL removes invisible characters that were copied with a URL, if the rest is a URL. It keeps U+200C and U+200D
// between other letters, where they matter.
func visibleURL(rawURL string) string {
	seen := strings.TrimFunc(rawURL, IsFiller)
	seen = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d' {
			return -1
		}
		return r
	}, seen)
	if host := HostOf(seen); strings.Contains(host, ".") || host == "localhost" {
		return seen
	}
	return rawURL
}

var expiryWords = regexp.MustCompile(`\d+|\pL+`)

// expiryOf finds an expiry date in the two values, in any spelling. If ok is false, month and year are empty.
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

// IsFiller reports whether a character is white space or invisible.
func IsFiller(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// dense returns s without fillers.
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

// expiryIn parses a date with the month before the year or after it: "04/29", "2029-04-30", "Apr 2029", "0429", "042029",
// "202904".
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
