package authenticators

import (
	"cmp"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// TwoFAS is a backup of 2FAS, encrypted or not (https://github.com/twofas/2fas-android): a list of services, which is one
// text of three base64 parts if encrypted.
var TwoFAS = source.Custom{Is: is2FAS, Parse: read2FAS}

func is2FAS(in *source.Input) bool {
	top := in.JSON()
	_, services := top["services"].([]any)
	return top["schemaVersion"] != nil && (services || top["servicesEncrypted"] != nil)
}

const twoFASIterations = 10_000

func read2FAS(in *source.Input, b *source.Builder) error {
	top := source.Object(in.JSON())
	if sealed := top.Text("servicesEncrypted"); sealed != "" {
		plain, err := open2FAS(sealed, in.Options.Password)
		if err != nil {
			return err
		}
		services, err := source.DecodeJSON(plain)
		if err != nil {
			return err
		}
		top["services"] = services
	}
	groups := map[string]string{}
	for _, g := range top.Objects("groups") {
		groups[g.Text("id")] = g.Text("name")
	}
	b.Each(top.Items("services", nil), func(it *source.Draft, o source.Object, _ string) {
		otp := o.Object("otp")
		it.Item = item.Item{Title: o.Text("name"), Modified: o.Time("updatedAt"), Tags: source.ListOf(groups[o.Text("groupId")])}
		code := source.AuthenticatorKey{
			Kind: otp.Text("tokenType"), Issuer: otp.Text("issuer"), Account: cmp.Or(otp.Text("account"), otp.Text("label")),
			Secret: o.Text("secret"), Algorithm: otp.Text("algorithm"), Digits: otp.Text("digits"), Period: otp.Text("period"), Counter: otp.Text("counter"),
		}
		code.Issuer = cmp.Or(code.Issuer, it.Title)
		otp.Drop("source", "link") // repeated in the URL
		o.Drop("order", "icon", "badge", "serviceTypeID", "type")
		addCodes(it, code, o)
	})
	return nil
}

func open2FAS(sealed, password string) ([]byte, error) {
	if password == "" {
		return nil, source.ErrPasswordNeeded
	}
	parts := strings.Split(sealed, ":")
	if len(parts) < 3 {
		return nil, source.ErrTruncated
	}
	var raw [3][]byte
	for i := range raw {
		var err error
		if raw[i], err = base64.StdEncoding.DecodeString(parts[i]); err != nil {
			return nil, source.ErrMalformed
		}
	}
	key, err := pbkdf2.Key(sha256.New, password, raw[1], twoFASIterations, 32)
	if err != nil {
		return nil, fmt.Errorf("open a file of 2FAS: %w", err)
	}
	plain := source.OpenGCM(key, raw[2], raw[0])
	if plain == nil {
		return nil, source.ErrWrongPassword
	}
	return plain, nil
}
