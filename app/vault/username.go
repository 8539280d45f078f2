package vault

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// CanonicalUsername returns the one form under which an account is stored: RFC 8265 UsernameCaseMapped. Spellings that differ
// only in case, width or Unicode normalization are one account, so nobody can register a look-alike that differs only in those.
//
// It rejects '#' because stores keep internal rows under names that begin with it.
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
		return "", badField(field, "contains a character that is not allowed: use letters, digits, marks and ASCII punctuation, no spaces or control characters")
	}
	if utf8.RuneCountInString(name) > protocol.MaxUsernameRunes {
		return "", badField(field, "is longer than %d characters", protocol.MaxUsernameRunes)
	}
	if strings.ContainsRune(name, '#') { // U+FF03 maps to it
		return "", badField(field, "must not contain '#'")
	}
	return Username(name), nil
}

// enforce applies the profile until the result is stable: RFC 8264 §7 warns that one pass may not be idempotent, and a name
// that changed again at the next login would be another account.
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
	return "", errors.New("username has no stable form")
}

// newUsername is CanonicalUsername for a new user, and stricter; existing names stay valid. The whole name counts as one word:
// a full stop must not separate look-alike letters.
func newUsername(s string) (Username, error) {
	name, err := CanonicalUsername(s)
	if err != nil {
		return "", err
	}
	if deceives(string(name)) || !highlyRestrictive(string(name)) {
		return "", badField("username", "mixes scripts or contains invisible characters: it could be mistaken for another name")
	}
	return name, nil
}
