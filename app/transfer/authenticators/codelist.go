package authenticators

import (
	"cmp"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// CodeList is a text of URLs, usually one per line: otpauth as many applications export them, and otpauth-migration, which
// Google Authenticator shows as a QR code for several accounts. Lines that start with a number sign are comments.
var CodeList = source.Custom{Is: isCodeList, Parse: readCodeList}

func isCodeList(in *source.Input) bool {
	text, err := in.Text()
	return err == nil && firstURL.MatchString(text)
}

var (
	firstURL = regexp.MustCompile(`^(?:[\s\pZ\p{Cf}]*#[^\r\n]*[\r\n])*[\s\pZ\p{Cf}"']*(?i:otpauth|otpauth-migration|steam)://`)
	nextURL  = regexp.MustCompile(`[\s\pZ]+((?i:otpauth|otpauth-migration)://)`)
)

func readCodeList(in *source.Input, b *source.Builder) error {
	text, err := in.Text()
	if err != nil {
		return err
	}
	readCodes(text, b)
	return nil
}

func readCodes(text string, b *source.Builder) {
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
	for i, line := range lines {
		for rawURL := range strings.SplitSeq(nextURL.ReplaceAllString(line, "\n$1"), "\n") {
			readLine(b, i+1, strings.Trim(strings.TrimFunc(rawURL, source.IsFiller), `"'`))
		}
		b.Progress(i+1, len(lines))
	}
}

func readLine(b *source.Builder, row int, rawURL string) {
	scheme, rest, _ := strings.Cut(rawURL, "://")
	switch scheme = strings.ToLower(scheme); {
	case rawURL == "", strings.HasPrefix(rawURL, "#"):
	case scheme == "otpauth", scheme == "steam":
		addCode(b.Draft(row), rawURL, map[string]string{"steam": "Steam"}[scheme])
	case scheme == "otpauth-migration":
		if err := readMigration(b, row, rest); err != nil {
			b.Problem(row, "", parcel.InvalidMigrationURL)
		}
	default:
		b.Problem(row, "", parcel.InvalidOTPAuthURL)
	}
}

// addCode also imports a URL whose codes are not supported.
func addCode(it *source.Draft, rawURL, title string) {
	rawURL = takeEnte(it, rawURL)
	code, _ := item.ParseAuthenticatorKey(rawURL)
	it.Type, it.Title, it.Username, it.TOTP = item.TypeLogin, cmp.Or(code.Issuer, code.Account, title), code.Account, rawURL
	it.RelocateUnusable()
	it.Add()
}

// readMigration decodes the protocol buffer of Google Authenticator, MigrationPayload: accounts in field 1.
func readMigration(b *source.Builder, row int, rest string) error {
	_, query, _ := strings.Cut(rest, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return source.ErrMalformed
	}
	// An unescaped plus sign has become a space.
	data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(values.Get("data"), " ", "+"))
	if err != nil || len(data) == 0 {
		return source.ErrMalformed
	}
	payload, err := readMessage(data)
	if err != nil {
		return err
	}
	for _, f := range payload {
		if f.number != 1 {
			continue
		}
		account, err := readMessage(f.bytes)
		if err != nil {
			return err
		}
		addCodes(b.Draft(row), migrated(account), nil)
	}
	return nil
}

func migrated(account []messageField) source.AuthenticatorKey {
	code := source.AuthenticatorKey{Kind: "totp", Counter: "0"}
	for _, f := range account {
		switch f.number {
		case 1:
			code.Secret = base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(f.bytes)
		case 2:
			code.Account = string(f.bytes)
		case 3:
			code.Issuer = string(f.bytes)
		case 4:
			code.Algorithm = map[uint64]string{2: "SHA256", 3: "SHA512", 4: "MD5"}[f.value]
		case 5:
			code.Digits = map[uint64]string{2: "8", 3: "7"}[f.value]
		case 6:
			if f.value == 1 {
				code.Kind = "hotp"
			}
		case 7:
			code.Counter = strconv.FormatUint(f.value, 10)
		}
	}
	if issuer, account, ok := strings.Cut(code.Account, ":"); ok && (code.Issuer == "" || code.Issuer == issuer) {
		code.Issuer, code.Account = issuer, strings.TrimSpace(account)
	}
	return code
}

// messageField is a field of a protocol buffer: a number, or bytes.
type messageField struct {
	number uint64
	value  uint64
	bytes  []byte
}

func readMessage(data []byte) ([]messageField, error) {
	const varint, delimited = 0, 2
	var out []messageField
	for len(data) > 0 {
		key, n := binary.Uvarint(data)
		value, m := binary.Uvarint(data[max(n, 0):])
		if n <= 0 || m <= 0 {
			return nil, source.ErrTruncated
		}
		data = data[n+m:]
		f := messageField{number: key >> 3, value: value}
		switch key & 7 {
		case varint:
		case delimited:
			if value > uint64(len(data)) {
				return nil, source.ErrTruncated
			}
			f.bytes, data = data[:value], data[value:]
		default:
			return nil, source.ErrMalformed
		}
		out = append(out, f)
	}
	return out, nil
}
