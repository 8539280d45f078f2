package keepass

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// codes collects the authenticator key of an entry, in the conventions of four programs.
type codes map[string]string

// codeNames are those of KeePassXC, KeeTrayTOTP and KeePass itself (https://keepass.info/help/base/placeholders.html#otp).
var codeNames = []string{nameOTP, "TOTP Seed", "TOTP Settings",
	"TimeOtp-Secret", "TimeOtp-Secret-Hex", "TimeOtp-Secret-Base32", "TimeOtp-Secret-Base64", "TimeOtp-Length", "TimeOtp-Period", "TimeOtp-Algorithm",
	"HmacOtp-Secret", "HmacOtp-Secret-Hex", "HmacOtp-Secret-Base32", "HmacOtp-Secret-Base64", "HmacOtp-Counter"}

func (c codes) take(name, value string) bool {
	if !slices.Contains(codeNames, name) {
		return false
	}
	if value != "" {
		c[name] = value
	}
	return true
}

// left are the strings that url did not use.
func (c codes) left() []stringField {
	var out []stringField
	for _, name := range codeNames {
		if value, ok := c[name]; ok {
			out = append(out, stringField{name: name, value: value})
		}
	}
	return out
}

func (c codes) remove(names ...string) {
	for _, name := range names {
		delete(c, name)
	}
}

// url uses the first convention that makes codes.
func (c codes) url(issuer, account string) string {
	if text := c[nameOTP]; text != "" {
		if strings.HasPrefix(text, "key=") { // KeeOtp
			text = keeOTP(text)
		}
		c.remove(nameOTP)
		return text
	}
	if seed := c["TOTP Seed"]; seed != "" {
		period, rest, _ := strings.Cut(c["TOTP Settings"], ";")
		digits, _, _ := strings.Cut(rest, ";") // the rest is the source of the time
		o := source.AuthenticatorKey{Secret: seed, Period: period, Digits: digits}
		if digits == "S" {
			o.Kind = "steam"
		}
		c.remove("TOTP Seed", "TOTP Settings")
		return o.Plain()
	}
	for _, family := range []string{"TimeOtp-", "HmacOtp-"} {
		secret, name := c.secret(family)
		if secret == "" {
			continue
		}
		o := source.AuthenticatorKey{Secret: secret, Digits: c["TimeOtp-Length"], Period: c["TimeOtp-Period"],
			Algorithm: strings.TrimPrefix(c["TimeOtp-Algorithm"], "HMAC-")}
		c.remove(name)
		if family == "TimeOtp-" {
			c.remove("TimeOtp-Length", "TimeOtp-Period", "TimeOtp-Algorithm")
			return o.Plain()
		}
		o = source.AuthenticatorKey{Kind: "hotp", Issuer: issuer, Account: account, Secret: secret, Counter: c["HmacOtp-Counter"]}
		c.remove("HmacOtp-Counter")
		return o.URL()
	}
	return ""
}

func keeOTP(text string) string {
	values := map[string]string{}
	for _, pair := range strings.Split(text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		values[name] = value
	}
	return source.AuthenticatorKey{Secret: strings.ReplaceAll(values["key"], "%3d", ""), Digits: values["size"], Period: values["step"], Algorithm: values["otpHashMode"]}.Plain()
}

// secret returns the key in base32, and the name of the string that it was in.
func (c codes) secret(family string) (secret, name string) {
	for _, encoding := range []struct {
		suffix string
		decode func(string) ([]byte, error)
	}{
		{"Secret-Base32", nil},
		{"Secret-Hex", hex.DecodeString},
		{"Secret-Base64", base64.StdEncoding.DecodeString},
		{"Secret", func(s string) ([]byte, error) { return []byte(s), nil }},
	} {
		name := family + encoding.suffix
		value := c[name]
		switch {
		case value == "":
			continue
		case encoding.decode == nil:
			return value, name
		}
		if raw, err := encoding.decode(strings.TrimSpace(value)); err == nil {
			return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw), name
		}
	}
	return "", ""
}
