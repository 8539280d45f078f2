package item

import (
	"cmp"
	"encoding/base32"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// OneTime makes the one-time codes of an item: by time (RFC 6238), by a counter (RFC 4226), or as Steam does.
type OneTime struct {
	Issuer, Account string // as the address names them; may be empty

	key       string // base32, upper case, without padding
	algorithm otp.Algorithm
	digits    otp.Digits
	encoder   otp.Encoder
	period    int64  // seconds; zero: by the counter
	counter   uint64 // of the next code
}

const (
	defaultPeriod = 30
	maxPeriod     = 24 * 60 * 60
	steamDigits   = 5
)

func otpError(format string, args ...any) error {
	return &FieldError{Field: "totp", Reason: fmt.Sprintf(format, args...)}
}

// ParseOneTime reads what Item.TOTP may hold: an otpauth:// address (the Key URI format of Google Authenticator),
// steam://KEY, or the key alone in base32, which stands for SHA-1, six digits and 30 seconds. Spaces, hyphens, lower case
// and missing padding do not matter. The error is a *FieldError, and never quotes the key.
func ParseOneTime(text string) (OneTime, error) {
	o := OneTime{algorithm: otp.AlgorithmSHA1, digits: otp.DigitsSix, period: defaultPeriod}
	text = strings.TrimSpace(text)
	scheme, rest, address := strings.Cut(text, "://")
	if !address {
		return o, o.setKey(text)
	}
	switch strings.ToLower(scheme) {
	case "otpauth":
		return o, o.readAddress(text)
	case "steam":
		o.steam()
		return o, o.setKey(strings.TrimSuffix(rest, "/"))
	case "otpauth-migration":
		return o, otpError("is an export of Google Authenticator, which may hold several accounts; import it, or show the code of one account")
	}
	return o, otpError("is an address, but not one that begins with otpauth:// or steam://")
}

func (o *OneTime) setKey(key string) error {
	key = strings.ToUpper(strings.NewReplacer(" ", "", "\t", "", "-", "").Replace(key))
	key = strings.TrimRight(key, "=")
	switch n := len(key) % 8; {
	case key == "":
		return otpError("has no key")
	case strings.Trim(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "":
		return otpError("the key has a character other than A to Z and 2 to 7")
	case n == 1 || n == 3 || n == 6:
		return otpError("the key has %d characters, which none has: one is missing, or one too many", len(key))
	}
	if _, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(key); err != nil {
		return otpError("the key is not base32")
	}
	o.key = key
	return nil
}

func (o *OneTime) steam() {
	o.algorithm, o.digits, o.encoder = otp.AlgorithmSHA1, steamDigits, otp.EncoderSteam
}

// readAddress leaves out parameters that it does not know, such as a colour or a picture.
func (o *OneTime) readAddress(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return otpError("is not a complete address") // the cause quotes it
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return otpError("the parameters of the address are damaged")
	}
	o.readLabel(strings.TrimPrefix(u.Path, "/"), query.Get("issuer"))
	if err := o.setKey(query.Get("secret")); err != nil {
		return err
	}
	if err := o.readAlgorithm(query.Get("algorithm")); err != nil {
		return err
	}
	digits := query.Get("digits")
	kind := strings.ToLower(u.Host)
	if kind == "steam" || strings.EqualFold(query.Get("encoder"), "steam") ||
		strings.EqualFold(o.Issuer, "steam") && (digits == "" || digits == strconv.Itoa(steamDigits)) {
		o.steam()
		return nil
	}
	if digits != "" {
		n, err := strconv.Atoi(digits)
		if err != nil || n < 6 || n > 8 {
			return otpError("a code has 6 to 8 digits")
		}
		o.digits = otp.Digits(n)
	}
	switch kind {
	case "totp":
		return o.readPeriod(query.Get("period"))
	case "hotp":
		o.period = 0
		o.counter, err = strconv.ParseUint(query.Get("counter"), 10, 63)
		if err != nil {
			return otpError("codes by a counter need the counter, a whole number")
		}
		return nil
	}
	return otpError("is neither of the kind totp nor hotp")
}

// readLabel takes "Issuer:account" apart. The parameter wins over the label.
func (o *OneTime) readLabel(label, issuer string) {
	before, after, both := strings.Cut(label, ":")
	if !both {
		before, after = "", label
	}
	o.Issuer, o.Account = cmp.Or(oneLine(issuer), oneLine(before)), oneLine(after)
}

func (o *OneTime) readAlgorithm(name string) error {
	switch strings.ReplaceAll(strings.ToUpper(name), "-", "") {
	case "", "SHA1", "HMACSHA1":
		o.algorithm = otp.AlgorithmSHA1
	case "SHA256", "HMACSHA256":
		o.algorithm = otp.AlgorithmSHA256
	case "SHA512", "HMACSHA512":
		o.algorithm = otp.AlgorithmSHA512
	default:
		return otpError("the algorithm is none of SHA1, SHA256 and SHA512")
	}
	return nil
}

func (o *OneTime) readPeriod(text string) error {
	if text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > maxPeriod {
		return otpError("the period is 1 to %d seconds", maxPeriod)
	}
	o.period = n
	return nil
}

// Code is the code at a time, or the one of the counter.
func (o OneTime) Code(at time.Time) (string, error) {
	counter := o.counter
	if o.period > 0 {
		if at.Unix() < 0 {
			return "", otpError("the clock of this device is wrong")
		}
		counter = uint64(at.Unix() / o.period) //nolint:gosec // not negative
	}
	code, err := hotp.GenerateCodeCustom(o.key, counter, hotp.ValidateOpts{Digits: o.digits, Algorithm: o.algorithm, Encoder: o.encoder})
	if err != nil {
		return "", otpError("the key makes no code")
	}
	return code, nil
}

// Period is how many seconds a code is valid; zero says that codes go by a counter.
func (o OneTime) Period() int { return int(o.period) }

// SecondsLeft is how long the code at a time is valid, from Period down to 1.
func (o OneTime) SecondsLeft(at time.Time) int {
	if o.period == 0 {
		return 0
	}
	return int(o.period - at.Unix()%o.period)
}

// AfterCode is what Item.TOTP has to hold once the code of its counter was used: the address with the next counter. It is
// the text itself where codes go by time.
func AfterCode(text string) (string, error) {
	o, err := ParseOneTime(text)
	if err != nil || o.period > 0 {
		return text, err
	}
	address, query, _ := strings.Cut(text, "?")
	query, fragment, marked := strings.Cut(query, "#")
	parameters := strings.Split(query, "&")
	for i, p := range parameters {
		if name, _, _ := strings.Cut(p, "="); name == "counter" {
			parameters[i] = "counter=" + strconv.FormatUint(o.counter+1, 10)
		}
	}
	text = address + "?" + strings.Join(parameters, "&")
	if marked {
		text += "#" + fragment
	}
	return text, nil
}
