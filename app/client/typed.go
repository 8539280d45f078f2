package client

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// Pasted text often has invisible characters around it or in it. Usernames and codes have none.

func invisible(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// typedUsername is a username without what surrounds it.
func typedUsername(s string) string { return strings.TrimFunc(s, invisible) }

// canonicalUsername is the form of a new username for the user's card: RFC 8265 UsernameCaseMapped without its checks, which the server
// makes.
func canonicalUsername(s string) string {
	lower := strings.ToLower(dotted.Replace(width.Fold.String(typedUsername(s))))
	return norm.NFC.String(lower)
}

// dotted is the only letter that package strings turns into another lower-case one than Unicode's full mapping.
var dotted = strings.NewReplacer("İ", "i\u0307")

// typedCode is a code without the spaces and hyphens that authenticators show in it: 123 456.
func typedCode(s string) string {
	return strings.Map(func(r rune) rune {
		if invisible(r) || r == '-' {
			return -1
		}
		return r
	}, s)
}
