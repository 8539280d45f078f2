package item

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // in HMAC, as the RFC prescribes
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// AuthenticatorKey generates one-time codes: by time (RFC 6238), by counter (RFC 4226), or as Steam does. The libraries for this
// also draw QR codes, which the page's first load does not need.
type AuthenticatorKey struct {
	Issuer, Account string // of the URI; may be empty

	key      []byte
	hash     func() hash.Hash
	alphabet string // of the codes
	digits   int
	period   int64  // seconds; zero: codes by counter
	counter  uint64 // of the next code
}

const (
	defaultPeriod = 30
	maxPeriod     = 24 * 60 * 60
	decimal       = "0123456789"
	steamAlphabet = "23456789BCDFGHJKMNPQRTVWXY"
	steamDigits   = 5
	defaultDigits = 6
	minDigits     = 5
	maxDigits     = 10 // a truncated hash has 31 bits
)

func keyError(format string, args ...any) error {
	return &FieldError{Field: "totp", Rule: RuleTOTP, Reason: fmt.Sprintf(format, args...)}
}

// ParseAuthenticatorKey parses the value of Item.TOTP: an otpauth:// URI (the Key URI format of Google Authenticator), steam://KEY, or
// a base32 key alone, which means SHA-1, six digits and 30 seconds. White space, hyphens, invisible characters, lower case and missing
// padding are accepted, and so are unescaped percent signs, number signs and ampersands in a URI. The error is a *FieldError and never
// quotes the key. Even with an error, Issuer and Account are set if the URI has them.
func ParseAuthenticatorKey(text string) (AuthenticatorKey, error) {
	o := AuthenticatorKey{hash: sha1.New, alphabet: decimal, digits: defaultDigits, period: defaultPeriod}
	text = strings.TrimFunc(text, isFiller)
	scheme, rest, uri := strings.Cut(text, "://")
	if !uri {
		if name, _, ok := strings.Cut(text, "="); ok && strings.EqualFold(name, "secret") {
			return o, o.readParameters("totp", text)
		}
		return o, o.setKey(percentDecoded(text))
	}
	switch strings.ToLower(scheme) {
	case "otpauth":
		return o, o.readURI(rest)
	case "steam":
		o.steam()
		return o, o.setKey(strings.TrimSuffix(rest, "/"))
	case "otpauth-migration":
		return o, keyError("is an export of Google Authenticator, which can contain several keys; import it, or show the QR code of one account")
	}
	return o, keyError("is a URI that does not begin with otpauth:// or steam://")
}

// isFiller reports whether a character is white space or invisible.
func isFiller(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// dense removes the fillers of s.
func dense(s string) string {
	return strings.Map(func(r rune) rune {
		if isFiller(r) {
			return -1
		}
		return r
	}, s)
}

func (o *AuthenticatorKey) setKey(key string) error {
	key = strings.Join(strings.FieldsFunc(dense(key), func(r rune) bool { return unicode.Is(unicode.Pd, r) }), "")
	key = strings.TrimRight(strings.ToUpper(key), "=")
	switch n := len(key) % 8; {
	case key == "":
		return keyError("has no key")
	case strings.Trim(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "":
		return keyError("the key has a character other than A to Z and 2 to 7")
	case n == 1 || n == 3 || n == 6:
		return keyError("a key cannot have %d characters: one is missing, or there is one too many", len(key))
	}
	var err error
	if o.key, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(key); err != nil {
		return keyError("the key is not base32")
	}
	return nil
}

func (o *AuthenticatorKey) steam() {
	o.hash, o.digits, o.alphabet = sha1.New, steamDigits, steamAlphabet
}

// readURI parses the part after the scheme. It does not use net/url, which refuses a URI with an unescaped percent sign in the name of
// an account, and cuts it at a number sign.
func (o *AuthenticatorKey) readURI(rest string) error {
	path, query := rest, ""
	if i := parametersAt(rest); i >= 0 {
		path, query = rest[:i], rest[i+1:]
	}
	kind, label, _ := strings.Cut(path, "/")
	before, after, both := strings.Cut(percentDecoded(label), ":")
	if !both {
		before, after = "", before
	}
	o.Issuer, o.Account = oneLine(before), oneLine(after)
	return o.readParameters(strings.ToLower(dense(kind)), query)
}

// parametersAt returns the offset of the question mark before the parameters. A name before it can contain one, too.
func parametersAt(uri string) int {
	if key := strings.Index(strings.ToLower(uri), "secret="); key >= 0 {
		if i := strings.LastIndexByte(uri[:key], '?'); i >= 0 {
			return i
		}
	}
	return strings.IndexByte(uri, '?')
}

// parameters splits a query at its ampersands, which can be escaped as in HTML. If a name occurs twice, the first non-empty value
// counts.
func parameters(query string) map[string]string {
	out := map[string]string{}
	for _, p := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(strings.TrimPrefix(p, "amp;"), "=")
		name = strings.ToLower(dense(name))
		if out[name] == "" {
			out[name] = percentDecoded(strings.ReplaceAll(value, "+", " "))
		}
	}
	for _, name := range []string{"secret", "algorithm", "digits", "period", "counter", "encoder"} {
		value, _, _ := strings.Cut(out[name], "#")
		out[name] = dense(value)
	}
	return out
}

// percentDecoded decodes s. Invalid percent signs stay as they are.
func percentDecoded(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				b.Write(c)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// readParameters ignores unknown parameters, such as a colour or an image.
func (o *AuthenticatorKey) readParameters(kind, query string) error {
	p := parameters(query)
	o.Issuer = cmp.Or(oneLine(p["issuer"]), o.Issuer)
	if err := o.setKey(p["secret"]); err != nil {
		return err
	}
	if err := o.readAlgorithm(p["algorithm"]); err != nil {
		return err
	}
	digits := p["digits"]
	if kind == "steam" || strings.EqualFold(p["encoder"], "steam") ||
		strings.EqualFold(o.Issuer, "steam") && (digits == "" || digits == strconv.Itoa(steamDigits)) {
		o.steam()
		return nil
	}
	if digits != "" {
		n, err := strconv.Atoi(digits)
		if err != nil || n < minDigits || n > maxDigits {
			return keyError("a code must have %d to %d digits", minDigits, maxDigits)
		}
		o.digits = n
	}
	switch kind {
	case "totp":
		return o.readPeriod(p["period"])
	case "hotp":
		o.period = 0
		var err error
		if o.counter, err = strconv.ParseUint(p["counter"], 10, 63); err != nil {
			return keyError("the counter is missing or not a whole number")
		}
		return nil
	}
	return keyError("the kind is neither totp nor hotp")
}

func (o *AuthenticatorKey) readAlgorithm(name string) error {
	switch strings.ReplaceAll(strings.ToUpper(name), "-", "") {
	case "", "SHA1", "HMACSHA1":
		o.hash = sha1.New
	case "SHA256", "HMACSHA256":
		o.hash = sha256.New
	case "SHA512", "HMACSHA512":
		o.hash = sha512.New
	default:
		return keyError("the algorithm must be SHA1, SHA256 or SHA512")
	}
	return nil
}

func (o *AuthenticatorKey) readPeriod(text string) error {
	if text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > maxPeriod {
		return keyError("the period must be 1 to %d seconds", maxPeriod)
	}
	o.period = n
	return nil
}

// Code returns the code at a time, or that of the counter.
func (o AuthenticatorKey) Code(at time.Time) (string, error) {
	counter := o.counter
	if o.period > 0 {
		if at.Unix() < 0 {
			return "", keyError("the clock of this device is wrong")
		}
		counter = uint64(at.Unix() / o.period) //nolint:gosec // not negative
	}
	return o.at(counter), nil
}

// at returns the code of a counter. Steam writes the digits of other codes in its own alphabet, and the lowest first.
func (o AuthenticatorKey) at(counter uint64) string {
	mac := hmac.New(o.hash, o.key)
	mac.Write(binary.BigEndian.AppendUint64(nil, counter))
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 15
	n := int(binary.BigEndian.Uint32(sum[offset:]) &^ (1 << 31))
	code := make([]byte, o.digits)
	for i := range code {
		code[i], n = o.alphabet[n%len(o.alphabet)], n/len(o.alphabet)
	}
	if o.alphabet == decimal {
		slices.Reverse(code)
	}
	return string(code)
}

// Period returns how many seconds a code is valid, or zero for codes by counter.
func (o AuthenticatorKey) Period() int { return int(o.period) }

// SecondsLeft returns how much longer the code at a time is valid: Period down to 1, or zero for codes by counter.
func (o AuthenticatorKey) SecondsLeft(at time.Time) int {
	if o.period == 0 {
		return 0
	}
	return int(o.period - at.Unix()%o.period)
}

// AdvanceCounter returns the new value of Item.TOTP after a code by counter was used: the URI with the next counter. It returns a key
// for codes by time unchanged.
func AdvanceCounter(text string) (string, error) {
	o, err := ParseAuthenticatorKey(text)
	if err != nil || o.period > 0 {
		return text, err
	}
	i := parametersAt(text) + 1
	list := strings.Split(text[i:], "&")
	for n, p := range list {
		name, value, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimPrefix(dense(name), "amp;"), "counter") {
			_, fragment, marked := strings.Cut(value, "#")
			list[n] = name + "=" + strconv.FormatUint(o.counter+1, 10)
			if marked {
				list[n] += "#" + fragment
			}
			break
		}
	}
	return text[:i] + strings.Join(list, "&"), nil
}
