package item_test

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/vaultsphere/vaultsphere/app/item"
)

func base32Of(s string) string { return base32.StdEncoding.EncodeToString([]byte(s)) }

// The keys of RFC 6238, appendix B: repeated digits, as long as the hash.
var (
	key20 = base32Of("12345678901234567890")
	key32 = base32Of("12345678901234567890123456789012")
	key64 = base32Of("1234567890123456789012345678901234567890123456789012345678901234")
)

func TestCodesByTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		at                   int64
		sha1, sha256, sha512 string // RFC 6238, appendix B
	}{
		{59, "94287082", "46119246", "90693936"},
		{1111111109, "07081804", "68084774", "25091201"},
		{1111111111, "14050471", "67062674", "99943326"},
		{1234567890, "89005924", "91819424", "93441116"},
		{2000000000, "69279037", "90698825", "38618901"},
		{20000000000, "65353130", "77737706", "47863826"},
	} {
		for uri, want := range map[string]string{
			"otpauth://totp/a?digits=8&secret=" + key20:                       c.sha1,
			"otpauth://totp/a?digits=8&algorithm=SHA256&secret=" + key32:      c.sha256,
			"OTPAUTH://TOTP/a?digits=8&algorithm=hmac-sha512&secret=" + key64: c.sha512,
			key20: c.sha1[2:],
		} {
			if got := codeAt(t, uri, c.at); got != want {
				t.Errorf("%s at %d: got %s, want %s", uri, c.at, got, want)
			}
		}
	}
}

func TestCodesAreThoseOfTheLibrary(t *testing.T) {
	t.Parallel()
	for n := range 200 {
		key := make([]byte, 1+n%70)
		if _, err := rand.Read(key); err != nil {
			t.Fatal(err)
		}
		secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(key)
		algorithm, digits := otp.Algorithm(n%3), otp.Digits(5+n%6)
		counter := uint64(n) * 1e6
		for uri, options := range map[string]hotp.ValidateOpts{
			fmt.Sprintf("otpauth://totp/a?secret=%s&algorithm=%s&digits=%d", secret, algorithm, digits): {Algorithm: algorithm, Digits: digits},
			"steam://" + secret: {Digits: 5, Encoder: otp.EncoderSteam},
		} {
			want, err := hotp.GenerateCodeCustom(secret, counter, options)
			if err != nil {
				t.Fatal(err)
			}
			if got := codeAt(t, uri, int64(counter)*30); got != want { //nolint:gosec // small
				t.Errorf("%s at counter %d: got %s, want %s", uri, counter, got, want)
			}
		}
	}
}

func TestCodesByCounter(t *testing.T) {
	t.Parallel()
	for counter, want := range []string{ // RFC 4226, appendix D
		"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
	} {
		o := parseKey(t, "otpauth://hotp/a?secret="+key20+"&counter="+string(rune('0'+counter)))
		got, err := o.Code(time.Unix(1e9, 0))
		if err != nil || got != want || o.Period() != 0 || o.SecondsLeft(time.Unix(1, 0)) != 0 {
			t.Errorf("counter %d: got %s, %v, want %s", counter, got, err, want)
		}
	}
}

func TestAdvanceCounterKeepsTheRest(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"otpauth://hotp/A:b?counter=9&secret=" + key20 + "&image=x#y": "otpauth://hotp/A:b?counter=10&secret=" + key20 + "&image=x#y",
		"otpauth://totp/A:b?counter=9&secret=" + key20:                "otpauth://totp/A:b?counter=9&secret=" + key20,
		"otpauth://hotp/A?:b?Secret=" + key20 + "&amp;COUNTER=9":      "otpauth://hotp/A?:b?Secret=" + key20 + "&amp;COUNTER=10",
		key20: key20,
	} {
		if got, err := item.AdvanceCounter(text); err != nil || got != want {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
	if _, err := item.AdvanceCounter("otpauth://hotp/a?counter=x&secret=" + key20); err == nil {
		t.Error("an invalid counter is advanced")
	}
}

// Test vectors of Bitwarden, all at the beginning of 2023.
func TestAuthenticatorKeysOfSites(t *testing.T) {
	t.Parallel()
	const at = 1672531200
	for text, want := range map[string]string{
		"WQIQ25BRKZYCJVYP":                         "194506",
		" wqiq 25br-kzyc jvyp ":                    "194506",
		"PIUDISEQYA":                               "829846",
		"PIUDISEQYA======":                         "829846",
		"steam://HXDMVJECJJWSRB3HWIZR4IFUGFTMXBOZ": "7W6CJ",
		"otpauth://totp/Steam:me?secret=HXDMVJECJJWSRB3HWIZR4IFUGFTMXBOZ":                       "7W6CJ",
		"otpauth://totp/x?issuer=Steam&digits=5&secret=HXDMVJECJJWSRB3HWIZR4IFUGFTMXBOZ":        "7W6CJ",
		"otpauth://totp/x?encoder=steam&secret=HXDMVJECJJWSRB3HWIZR4IFUGFTMXBOZ":                "7W6CJ",
		"otpauth://steam/x?secret=HXDMVJECJJWSRB3HWIZR4IFUGFTMXBOZ":                             "7W6CJ",
		"otpauth://totp/test-account?secret=WQIQ25BRKZYCJVYP&colour=red":                        "194506",
		"otpauth://totp/test-account?secret=wqiq%2025br%20kzyc%20jvyp%3D%3D&period=30&digits=6": "194506",
	} {
		if got := codeAt(t, text, at); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// Sloppy spellings, from copy and paste and from other programs, of the first key.
func TestSloppyAuthenticatorKeys(t *testing.T) {
	t.Parallel()
	const at = 1672531200
	for text, want := range map[string]string{
		"WQIQ25BRKZYCJVYP": "194506",
		"\ufeffwqiq\u00a025br\u202fkzyc\u2003jvyp\u200b":                              "194506",
		"\u200eWQIQ\u200b25BR\u200d\u2060KZYC\u00adJVYP\u202c":                        "194506",
		"WQIQ\u201125BR\u2013KZYC–JVYP":                                               "194506",
		"wqiq\t25br\r\nkzyc\vjvyp":                                                    "194506",
		"SECRET=WQIQ25BRKZYCJVYP":                                                     "194506",
		"secret=WQIQ25BRKZYCJVYP&digits=8":                                            "45194506",
		"otpauth://totp/a?SECRET=WQIQ25BRKZYCJVYP&Digits=6":                           "194506",
		"otpauth://totp/100%:mia?secret=WQIQ25BRKZYCJVYP&issuer=100%":                 "194506",
		"otpauth://totp/%zz:mia?issuer=50%25&secret=WQIQ25BRKZYCJVYP":                 "194506",
		"otpauth://totp/Post#1:mia?secret=WQIQ25BRKZYCJVYP&issuer=Post#1":             "194506",
		"otpauth://totp/Who?:mia?secret=WQIQ25BRKZYCJVYP":                             "194506",
		"otpauth://totp/a?issuer=C#&secret=WQIQ25BRKZYCJVYP#end":                      "194506",
		"otpauth://totp/a?issuer=b&amp;secret=WQIQ25BRKZYCJVYP&amp;period=30":         "194506",
		"otpauth://totp/a?secret=wqiq%C2%A025br%E2%80%8Bkzyc%20jvyp":                  "194506",
		"\u200botpauth://totp/a?secret=WQIQ25BRKZYCJVYP&digits=%206%20&period=30%20 ": "194506",
		"otpauth://totp/a?secret=WQIQ25BRKZYCJVYP&digits=5":                           "94506",
		"otpauth://totp/a?secret=WQIQ25BRKZYCJVYP&digits=9":                           "245194506",
		"otpauth://totp/a?secret=WQIQ25BRKZYCJVYP&digits=10":                          "1245194506",
		"otpauth://totp/a;b?secret=WQIQ25BRKZYCJVYP;&secret=GEZDGNBV":                 "",
	} {
		if want == "" {
			if _, err := item.ParseAuthenticatorKey(text); err == nil {
				t.Errorf("%s is accepted", text)
			}
			continue
		}
		if got := codeAt(t, text, at); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// An invalid URI still has an issuer and an account.
func TestNamesOfAnInvalidURI(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"otpauth://yandex/Y:mia?secret=JBSWY3DPEHPK3PXP&issuer=Y": {"Y", "mia"},
		"otpauth://totp/50%:mia?secret=1":                         {"50%", "mia"},
		"otpauth://totp/mia":                                      {"", "mia"},
	} {
		o, err := item.ParseAuthenticatorKey(text)
		if err == nil || o.Issuer != want[0] || o.Account != want[1] {
			t.Errorf("%s: %q, %q, %v", text, o.Issuer, o.Account, err)
		}
	}
}

func TestNamesAndPeriodOfAURI(t *testing.T) {
	t.Parallel()
	o := parseKey(t, "otpauth://totp/Old%20Name:%20anna@example.org?issuer=Example%20Ltd&period=45&secret="+key20)
	if o.Issuer != "Example Ltd" || o.Account != "anna@example.org" || o.Period() != 45 {
		t.Errorf("got %q, %q, %d", o.Issuer, o.Account, o.Period())
	}
	for at, want := range map[int64]int{0: 45, 1: 44, 44: 1, 45: 45, 100: 35} {
		if got := o.SecondsLeft(time.Unix(at, 0)); got != want {
			t.Errorf("at %d: %d seconds left, want %d", at, got, want)
		}
	}
	if codeAt(t, "otpauth://totp/a?period=45&secret="+key20, 45) != codeAt(t, "otpauth://totp/a?secret="+key20, 30) {
		t.Error("the second code of a longer period differs from that of 30 seconds")
	}
}

func TestInvalidAuthenticatorKeyIsNotQuoted(t *testing.T) {
	t.Parallel()
	const key = "WQIQ25BRKZYCJVYP"
	for text, want := range map[string]string{
		"":                                     "has no key",
		"===":                                  "has no key",
		"otpauth://totp/a":                     "has no key",
		"otpauth://totp/a?secret=" + key + "0": "other than A to Z and 2 to 7",
		key + "ä":                              "other than A to Z and 2 to 7",
		key + "A":                              "17 characters",
		"otpauth://totp/a?secret=" + key + "&digits=4":            "5 to 10 digits",
		"otpauth://totp/a?secret=" + key + "&digits=11":           "5 to 10 digits",
		"otpauth://totp/a?secret=" + key + "&digits=six":          "5 to 10 digits",
		"otpauth://totp/a?secret=" + key + "&period=0":            "1 to 86400 seconds",
		"otpauth://totp/a?secret=" + key + "&period=-30":          "1 to 86400 seconds",
		"otpauth://totp/a?secret=" + key + "&algorithm=MD5":       "SHA1, SHA256 or SHA512",
		"otpauth://hotp/a?secret=" + key:                          "the counter is missing",
		"otpauth://motp/a?secret=" + key:                          "the kind is neither totp nor hotp",
		"otpauth://totp/a?secret=" + key + "%":                    "other than A to Z and 2 to 7",
		"otpauth://totp/%zz?secret=":                              "has no key",
		"https://example.org/?secret=" + key:                      "does not begin with otpauth://",
		"otpauth-migration://offline?data=CjEKCkhlbGxvId6tvu8SGE": "export of Google Authenticator",
	} {
		_, err := item.ParseAuthenticatorKey(text)
		var field *item.FieldError
		if !errors.As(err, &field) || field.Field != "totp" || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		} else if strings.Contains(err.Error(), key) {
			t.Errorf("%s: the error quotes the key: %v", text, err)
		}
	}
}

func FuzzParseOneTime(f *testing.F) {
	for _, seed := range []string{key20, "steam://" + key20, "otpauth://totp/A:b?secret=" + key20 + "&digits=7&period=60", "otpauth://hotp/?counter=1&secret=AA"} {
		f.Add(seed, int64(59))
	}
	f.Fuzz(func(t *testing.T, text string, at int64) {
		o, err := item.ParseAuthenticatorKey(text)
		if err != nil || at < 0 {
			return
		}
		code, err := o.Code(time.Unix(at, 0))
		if err != nil || len(code) < 5 || len(code) > 8 {
			t.Errorf("%q, %v", code, err)
		}
		if left := o.SecondsLeft(time.Unix(at, 0)); left > o.Period() || left < min(1, o.Period()) {
			t.Errorf("%d seconds left of %d", left, o.Period())
		}
	})
}

func parseKey(t *testing.T, text string) item.AuthenticatorKey {
	t.Helper()
	o, err := item.ParseAuthenticatorKey(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return o
}

func codeAt(t *testing.T, text string, at int64) string {
	t.Helper()
	code, err := parseKey(t, text).Code(time.Unix(at, 0))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return code
}
