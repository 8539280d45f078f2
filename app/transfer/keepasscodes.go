package transfer

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

// keepassCodes collects what an entry says about one-time codes, in one of the ways of four programs.
type keepassCodes map[string]string

// keepassCodeNames are those of KeePassXC, KeeTrayTOTP, and KeePass itself (https://keepass.info/help/base/placeholders.html#otp).
var keepassCodeNames = []string{keepassOTP, "TOTP Seed", "TOTP Settings",
	"TimeOtp-Secret", "TimeOtp-Secret-Hex", "TimeOtp-Secret-Base32", "TimeOtp-Secret-Base64", "TimeOtp-Length", "TimeOtp-Period", "TimeOtp-Algorithm",
	"HmacOtp-Secret", "HmacOtp-Secret-Hex", "HmacOtp-Secret-Base32", "HmacOtp-Secret-Base64", "HmacOtp-Counter"}

func (c keepassCodes) take(name, value string) bool {
	if !slices.Contains(keepassCodeNames, name) {
		return false
	}
	if value != "" {
		c[name] = value
	}
	return true
}

// left are those that address did not take.
func (c keepassCodes) left() []keepassString {
	var out []keepassString
	for _, name := range keepassCodeNames {
		if value, ok := c[name]; ok {
			out = append(out, keepassString{name: name, value: value})
		}
	}
	return out
}

func (c keepassCodes) remove(names ...string) {
	for _, name := range names {
		delete(c, name)
	}
}

// address takes the first way that makes codes.
func (c keepassCodes) address(issuer, account string) string {
	if text := c[keepassOTP]; text != "" {
		if strings.HasPrefix(text, "key=") { // KeeOtp
			text = keeOTP(text)
		}
		c.remove(keepassOTP)
		return text
	}
	if seed := c["TOTP Seed"]; seed != "" {
		period, rest, _ := strings.Cut(c["TOTP Settings"], ";")
		digits, _, _ := strings.Cut(rest, ";") // what follows is where the time comes from
		o := oneTime{secret: seed, period: period, digits: digits}
		if digits == "S" {
			o.kind = "steam"
		}
		c.remove("TOTP Seed", "TOTP Settings")
		return o.plain()
	}
	for _, family := range []string{"TimeOtp-", "HmacOtp-"} {
		secret, name := c.secret(family)
		if secret == "" {
			continue
		}
		o := oneTime{secret: secret, digits: c["TimeOtp-Length"], period: c["TimeOtp-Period"],
			algorithm: strings.TrimPrefix(c["TimeOtp-Algorithm"], "HMAC-")}
		c.remove(name)
		if family == "TimeOtp-" {
			c.remove("TimeOtp-Length", "TimeOtp-Period", "TimeOtp-Algorithm")
			return o.plain()
		}
		o = oneTime{kind: "hotp", issuer: issuer, account: account, secret: secret, counter: c["HmacOtp-Counter"]}
		c.remove("HmacOtp-Counter")
		return o.address()
	}
	return ""
}

func keeOTP(text string) string {
	values := map[string]string{}
	for _, pair := range strings.Split(text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		values[name] = value
	}
	return oneTime{secret: strings.ReplaceAll(values["key"], "%3d", ""), digits: values["size"], period: values["step"], algorithm: values["otpHashMode"]}.plain()
}

// secret is the key of a family in base32, and the name of the string it was in.
func (c keepassCodes) secret(family string) (secret, name string) {
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
