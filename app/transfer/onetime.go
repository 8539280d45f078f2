package transfer

import (
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// oneTime is a key of one-time codes as authenticator applications write it down, member by member.
type oneTime struct {
	kind            string // totp, hotp or steam, in letters of any case; empty: totp
	issuer, account string
	secret          string // base32
	algorithm       string // empty: SHA1
	digits, period  string // empty: 6, and 30 seconds
	counter         string
}

// address is the otpauth address of the Key URI format, without what it stands for by itself.
func (o oneTime) address() string {
	kind := strings.ToLower(o.kind)
	query := []string{"secret=" + escape(o.secret)}
	add := func(name, value string) { query = append(query, name+"="+escape(value)) }
	if o.issuer != "" {
		add("issuer", o.issuer)
	}
	if kind == "steam" {
		add("encoder", "steam")
		return "otpauth://totp/" + o.label() + "?" + strings.Join(query, "&")
	}
	if a := strings.ToUpper(strings.ReplaceAll(o.algorithm, "-", "")); a != "" && a != "SHA1" {
		add("algorithm", a)
	}
	if o.digits != "" && o.digits != "0" && o.digits != "6" {
		add("digits", o.digits)
	}
	switch {
	case kind == "hotp":
		if o.counter == "" {
			o.counter = "0"
		}
		add("counter", o.counter)
	case o.period != "" && o.period != "0" && o.period != "30":
		add("period", o.period)
	}
	if kind == "" {
		kind = "totp"
	}
	return "otpauth://" + url.PathEscape(kind) + "/" + o.label() + "?" + strings.Join(query, "&")
}

// plain is the key alone where that says everything, which is what people compare with the key that a site shows.
func (o oneTime) plain() string {
	o.issuer, o.account = "", ""
	if o.address() == "otpauth://totp/?secret="+escape(o.secret) {
		return o.secret
	}
	return o.address()
}

func (o oneTime) label() string {
	if o.issuer == "" {
		return url.PathEscape(o.account)
	}
	return url.PathEscape(o.issuer) + ":" + url.PathEscape(o.account)
}

func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// usable reports whether an item can make codes with it.
func usable(totp string) bool {
	_, err := item.ParseOneTime(totp)
	return err == nil
}

// addCodes adds an entry of an authenticator, as a login that holds the codes and the name of the account. What is left
// in o is kept as fields.
func addCodes(it *draft, code oneTime, o object) {
	it.Type = item.TypeLogin
	it.Title = cmp.Or(it.Title, code.issuer, code.account)
	it.Username = code.account
	it.TOTP = code.address()
	if strings.TrimSpace(code.secret) == "" {
		it.TOTP = ""
		it.problem("there is no key in it")
	}
	it.relocateUnusable()
	it.relocateRest(o, "")
	it.add()
}

// openGCM is nil if the key, the nonce, the sealed bytes and what was authenticated alongside do not belong together.
func openGCM(key, nonce, sealed []byte, alongside ...byte) []byte {
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

func hexBytes(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}

// number is 0 for what is no number.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}
