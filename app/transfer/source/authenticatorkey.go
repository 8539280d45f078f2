package source

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// AuthenticatorKey is an authenticator key with its settings.
type AuthenticatorKey struct {
	Kind            string // totp, hotp or steam in any letter case; empty: totp
	Issuer, Account string
	Secret          string // base32
	Algorithm       string // empty: SHA1
	Digits, Period  string // empty: 6, and 30 seconds
	Counter         string
}

// URL returns the otpauth URL (Key URI format) without default settings.
func (o AuthenticatorKey) URL() string {
	kind := strings.ToLower(o.Kind)
	query := []string{"secret=" + escape(o.Secret)}
	add := func(name, value string) { query = append(query, name+"="+escape(value)) }
	if o.Issuer != "" {
		add("issuer", o.Issuer)
	}
	if kind == "steam" {
		add("encoder", "steam")
		return "otpauth://totp/" + o.label() + "?" + strings.Join(query, "&")
	}
	if a := strings.ToUpper(strings.ReplaceAll(o.Algorithm, "-", "")); a != "" && a != "SHA1" {
		add("algorithm", a)
	}
	if o.Digits != "" && o.Digits != "0" && o.Digits != "6" {
		add("digits", o.Digits)
	}
	switch {
	case kind == "hotp":
		if o.Counter == "" {
			o.Counter = "0"
		}
		add("counter", o.Counter)
	case o.Period != "" && o.Period != "0" && o.Period != "30":
		add("period", o.Period)
	}
	if kind == "" {
		kind = "totp"
	}
	return "otpauth://" + url.PathEscape(kind) + "/" + o.label() + "?" + strings.Join(query, "&")
}

// Plain returns the secret alone if all settings are the default, because people compare it with the secret that a website
// shows.
func (o AuthenticatorKey) Plain() string {
	o.Issuer, o.Account = "", ""
	if o.URL() == "otpauth://totp/?secret="+escape(o.Secret) {
		return o.Secret
	}
	return o.URL()
}

func (o AuthenticatorKey) label() string {
	if o.Issuer == "" {
		return url.PathEscape(o.Account)
	}
	return url.PathEscape(o.Issuer) + ":" + url.PathEscape(o.Account)
}

func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// MakesCodes reports whether an item can make codes from it.
func MakesCodes(totp string) bool {
	_, err := item.ParseAuthenticatorKey(totp)
	return err == nil
}

// OpenGCM returns nil if authentication fails, or the key or the nonce has the wrong length.
func OpenGCM(key, nonce, sealed []byte, alongside ...byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil || len(nonce) != gcm.NonceSize() {
		return nil
	}
	plain, err := gcm.Open(nil, nonce, sealed, alongside)
	if err != nil {
		return nil
	}
	return plain
}

// HexBytes returns nil for invalid hexadecimal.
func HexBytes(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}

// Int returns 0 for text that is not a number.
func Int(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}
