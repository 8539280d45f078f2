package transfer

import (
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // what andOTP derives its keys with
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// andOTP, https://github.com/andOTP/andOTP/wiki: a list of entries, or the same sealed: four bytes of iterations and
// twelve of salt before nonce and content; in files of before 2019, nonce and content alone.

// andOTP is a backup of andOTP, encrypted or not.
var andOTP = custom{is: isAndOTP, parse: readAndOTP}

func isAndOTP(in *input) bool {
	if in.jsonValue() == nil { // nothing but its name tells a sealed one
		return in.broken == nil && (strings.HasSuffix(in.name, ".json.aes") || in.options.Format == "andotp")
	}
	list, _ := in.jsonValue().([]any)
	if len(list) == 0 {
		return false
	}
	first, _ := list[0].(map[string]any)
	return first["secret"] != nil && first["type"] != nil && (first["label"] != nil || first["digits"] != nil)
}

const (
	andOTPPrefix        = 16
	andOTPMaxIterations = 1_000_000 // andOTP takes 140,000 to 160,000
)

func readAndOTP(in *input, b *builder) error {
	list := in.jsonValue()
	if list == nil {
		plain, err := openAndOTP(in.data, in.options.Password)
		if err != nil {
			return err
		}
		if list, err = decodeJSON(plain); err != nil {
			return err
		}
	}
	b.each(object{"": list}.entries("", nil), func(it *draft, o object, _ string) {
		it.Item = item.Item{Tags: o.texts("tags")}
		code := oneTime{
			kind: o.text("type"), issuer: o.text("issuer"), account: o.text("label"), secret: o.text("secret"),
			algorithm: o.text("algorithm"), digits: o.text("digits"), period: o.text("period"), counter: o.text("counter"),
		}
		if before, after, ok := strings.Cut(code.account, " - "); ok && code.issuer == "" {
			code.issuer, code.account = before, after
		}
		o.drop("thumbnail", "last_used", "used_frequency")
		addCodes(it, code, o)
	})
	return nil
}

func openAndOTP(data []byte, password string) ([]byte, error) {
	const nonce, tag = 12, 16
	switch {
	case len(data) < nonce+tag:
		return nil, ErrTruncated
	case password == "":
		return nil, ErrPasswordNeeded
	}
	old := sha256.Sum256([]byte(password))
	if plain := openGCM(old[:], data[:nonce], data[nonce:]); plain != nil {
		return plain, nil
	}
	iterations := binary.BigEndian.Uint32(data)
	if len(data) < andOTPPrefix+nonce+tag || iterations < 1 || iterations > andOTPMaxIterations {
		return nil, ErrWrongPassword
	}
	key, err := pbkdf2.Key(sha1.New, password, data[4:andOTPPrefix], int(iterations), 32)
	if err != nil {
		return nil, fmt.Errorf("open a file of andOTP: %w", err)
	}
	sealed := data[andOTPPrefix:]
	if plain := openGCM(key, sealed[:nonce], sealed[nonce:]); plain != nil {
		return plain, nil
	}
	return nil, ErrWrongPassword
}
