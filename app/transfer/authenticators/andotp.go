package authenticators

import (
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // what andOTP derives its keys with
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// AndOTP is a backup of andOTP, encrypted or not (https://github.com/andOTP/andOTP/wiki). The encrypted form is four bytes
// with the iterations, twelve of salt, nonce and content; before 2019, only nonce and content.
var AndOTP = source.Custom{Is: isAndOTP, Parse: readAndOTP}

func isAndOTP(in *source.Input) bool {
	if in.JSONValue() == nil { // an encrypted one is recognized only by its name
		return in.Broken == nil && (strings.HasSuffix(in.Name, ".json.aes") || in.Options.Format == "andotp")
	}
	list, _ := in.JSONValue().([]any)
	if len(list) == 0 {
		return false
	}
	first, _ := list[0].(map[string]any)
	return first["secret"] != nil && first["type"] != nil && (first["label"] != nil || first["digits"] != nil)
}

const (
	andOTPPrefix        = 16
	andOTPMaxIterations = 1_000_000 // andOTP uses 140,000 to 160,000
)

func readAndOTP(in *source.Input, b *source.Builder) error {
	list := in.JSONValue()
	if list == nil {
		plain, err := openAndOTP(in.Data, in.Options.Password)
		if err != nil {
			return err
		}
		if list, err = source.DecodeJSON(plain); err != nil {
			return err
		}
	}
	b.Each(source.Object{"": list}.Items("", nil), func(it *source.Draft, o source.Object, _ string) {
		it.Item = item.Item{Tags: o.Texts("tags")}
		code := source.AuthenticatorKey{
			Kind: o.Text("type"), Issuer: o.Text("issuer"), Account: o.Text("label"), Secret: o.Text("secret"),
			Algorithm: o.Text("algorithm"), Digits: o.Text("digits"), Period: o.Text("period"), Counter: o.Text("counter"),
		}
		if before, after, ok := strings.Cut(code.Account, " - "); ok && code.Issuer == "" {
			code.Issuer, code.Account = before, after
		}
		o.Drop("thumbnail", "last_used", "used_frequency")
		addCodes(it, code, o)
	})
	return nil
}

func openAndOTP(data []byte, password string) ([]byte, error) {
	const nonce, tag = 12, 16
	switch {
	case len(data) < nonce+tag:
		return nil, source.ErrTruncated
	case password == "":
		return nil, source.ErrPasswordNeeded
	}
	old := sha256.Sum256([]byte(password))
	if plain := source.OpenGCM(old[:], data[:nonce], data[nonce:]); plain != nil {
		return plain, nil
	}
	iterations := binary.BigEndian.Uint32(data)
	if len(data) < andOTPPrefix+nonce+tag || iterations < 1 || iterations > andOTPMaxIterations {
		return nil, source.ErrWrongPassword
	}
	key, err := pbkdf2.Key(sha1.New, password, data[4:andOTPPrefix], int(iterations), 32)
	if err != nil {
		return nil, fmt.Errorf("open a file of andOTP: %w", err)
	}
	sealed := data[andOTPPrefix:]
	if plain := source.OpenGCM(key, sealed[:nonce], sealed[nonce:]); plain != nil {
		return plain, nil
	}
	return nil, source.ErrWrongPassword
}
