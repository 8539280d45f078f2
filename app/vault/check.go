package vault

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const (
	idBytes   = 16
	saltBytes = 16
	keyBytes  = 32
)

var (
	rawURL = base64.RawURLEncoding.Strict()
	std    = base64.StdEncoding.Strict()
	url    = base64.URLEncoding.Strict()
)

// checkBinary accepts only the canonical encoding of n bytes: with two spellings of an ID, one thing would have two rows.
func checkBinary(field, s string, enc *base64.Encoding, n int, form string) error {
	// Length first: Go's decoder skips line breaks, and the exact length leaves no room for them.
	if len(s) != enc.EncodedLen(n) {
		return badField(field, "must be %d bytes in %s", n, form)
	}
	b, err := enc.DecodeString(s)
	if err != nil || len(b) != n {
		return badField(field, "must be %d bytes in %s", n, form)
	}
	return nil
}

func checkID(field, s string) error {
	return checkBinary(field, s, rawURL, idBytes, "base64url without padding")
}

func checkAuthKey(field, s string) error {
	return checkBinary(field, s, std, keyBytes, "standard base64")
}

// checkToken checks the shape of a Fernet token (Fernet spec, "Token Format") without a key: a malformed token would stay in
// the vault, and no client could open it.
func checkToken(field, s string, limit int) error {
	switch {
	case s == "":
		return badField(field, "must not be empty")
	case len(s) > limit:
		return &Error{Code: protocol.CodeTooLarge, Message: fmt.Sprintf("%s is longer than %d bytes", field, limit)}
	case !tokenShape(s):
		return badField(field, "is not a Fernet token")
	}
	return nil
}

// tokenShape checks for version 0x80, 8 bytes of time, 16 of IV, at least one AES block and 32 of HMAC, in padded base64url.
func tokenShape(s string) bool {
	const version, overhead, block = 0x80, 1 + 8 + 16 + 32, 16
	if strings.ContainsAny(s, "\r\n") {
		return false
	}
	b, err := url.DecodeString(s)
	return err == nil && len(b) >= overhead+block && (len(b)-overhead)%block == 0 && b[0] == version
}

func checkDevice(s string) error {
	const field = "device"
	switch {
	case s == "":
		return badField(field, "must not be empty")
	case !utf8.ValidString(s):
		return badField(field, "is not valid UTF-8")
	case utf8.RuneCountInString(s) > protocol.MaxDeviceRunes:
		return badField(field, "is longer than %d characters", protocol.MaxDeviceRunes)
	case strings.ContainsFunc(s, unicode.IsControl):
		return badField(field, "must not contain control characters")
	case deceives(s):
		return badField(field, "mixes scripts within one word or contains invisible characters")
	}
	return nil
}

func checkTransport(t protocol.SessionTransport) error {
	if t != protocol.SessionCookie && t != protocol.SessionBearer {
		return badField("transport", "must be %q or %q", protocol.SessionCookie, protocol.SessionBearer)
	}
	return nil
}

func checkCode(field, s string) error {
	if len(s) != 6 || strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' }) {
		return badField(field, "must be 6 digits")
	}
	return nil
}

func checkSessionID(s string) error {
	if len(s) != 64 || strings.Trim(s, "0123456789abcdef") != "" {
		return badField("id", "is not a session id")
	}
	return nil
}
