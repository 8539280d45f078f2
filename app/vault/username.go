package vault

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// CanonicalUsername is the one form under which an account is kept: RFC 8265 UsernameCaseMapped. Two spellings that
// differ only in case, width or Unicode normalization are one account, so nobody can register a look-alike that differs
// in nothing else.
//
// '#' is refused because stores keep rows of their own under names that begin with it.
func CanonicalUsername(s string) (Username, error) {
	const field = "username"
	switch {
	case s == "":
		return "", badField(field, "must not be empty")
	case !utf8.ValidString(s):
		return "", badField(field, "is not valid UTF-8")
	case utf8.RuneCountInString(s) > protocol.MaxUsernameRunes:
		return "", badField(field, "is longer than %d characters", protocol.MaxUsernameRunes)
	case strings.ContainsRune(s, '#'):
		return "", badField(field, "must not contain '#'")
	}
	name, err := enforce(s)
	if err != nil {
		return "", badField(field, "has a character that a username cannot have: letters, digits, marks and ASCII punctuation are allowed, spaces and control characters are not")
	}
	if utf8.RuneCountInString(name) > protocol.MaxUsernameRunes {
		return "", badField(field, "is longer than %d characters", protocol.MaxUsernameRunes)
	}
	if strings.ContainsRune(name, '#') { // U+FF03 maps to it
		return "", badField(field, "must not contain '#'")
	}
	return Username(name), nil
}

// enforce repeats the profile until nothing moves: RFC 8264 §7 warns that one pass need not be idempotent, and a name
// that changed again on the next log-in would be another account.
func enforce(s string) (string, error) {
	for range 4 {
		next, err := precis.UsernameCaseMapped.String(s)
		if err != nil {
			return "", err
		}
		if next == s {
			return s, nil
		}
		s = next
	}
	return "", errors.New("username does not settle")
}

// newUsername is CanonicalUsername for a name that is not in use yet. One that is stays as it is. A whole name counts as one word:
// a full stop must not part letters that only look alike.
func newUsername(s string) (Username, error) {
	name, err := CanonicalUsername(s)
	if err != nil {
		return "", err
	}
	if deceives(string(name)) || !highlyRestrictive(string(name)) {
		return "", badField("username", "mixes letters of scripts that are not written together, or has characters that are not seen: somebody could take it for another name")
	}
	return name, nil
}
