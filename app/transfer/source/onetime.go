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

// OneTime is an authenticator key as applications write it down, member by member.
type OneTime struct {
	Kind            string // totp, hotp or steam, in letters of any case; empty: totp
	Issuer, Account string
	Secret          string // base32
	Algorithm       string // empty: SHA1
	Digits, Period  string // empty: 6, and 30 seconds
	Counter         string
}

// URL is the otpauth URL of the Key URI format, without what it stands for by itself.
func (o OneTime) URL() string {
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

// Plain is the key alone where that says everything, which is what people compare with the key that a site shows.
func (o OneTime) Plain() string {
	o.Issuer, o.Account = "", ""
	if o.URL() == "otpauth://totp/?secret="+escape(o.Secret) {
		return o.Secret
	}
	return o.URL()
}

func (o OneTime) label() string {
	if o.Issuer == "" {
		return url.PathEscape(o.Account)
	}
	return url.PathEscape(o.Issuer) + ":" + url.PathEscape(o.Account)
}

func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// MakesCodes reports whether an item can make codes with it.
func MakesCodes(totp string) bool {
	_, err := item.ParseAuthenticatorKey(totp)
	return err == nil
}

// OpenGCM is nil if the key, the nonce, the sealed bytes and what was authenticated alongside do not belong together.
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

// HexBytes is nil for what is not hexadecimal.
func HexBytes(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}

// Int is 0 for what is no number.
func Int(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}
