package transfer

import (
	"cmp"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// 2FAS, https://github.com/twofas/2fas-android: a list of services, in a sealed file one text of three parts in base64.

// twoFAS is a backup of 2FAS, encrypted or not.
var twoFAS = custom{is: is2FAS, parse: read2FAS}

func is2FAS(in *input) bool {
	top := in.json()
	_, services := top["services"].([]any)
	return top["schemaVersion"] != nil && (services || top["servicesEncrypted"] != nil)
}

const twoFASIterations = 10_000

func read2FAS(in *input, b *builder) error {
	top := object(in.json())
	if sealed := top.text("servicesEncrypted"); sealed != "" {
		plain, err := open2FAS(sealed, in.options.Password)
		if err != nil {
			return err
		}
		services, err := decodeJSON(plain)
		if err != nil {
			return err
		}
		top["services"] = services
	}
	groups := map[string]string{}
	for _, g := range top.objects("groups") {
		groups[g.text("id")] = g.text("name")
	}
	b.each(top.entries("services", nil), func(it *draft, o object, _ string) {
		otp := o.object("otp")
		it.Item = item.Item{Title: o.text("name"), Modified: o.time("updatedAt"), Tags: one(groups[o.text("groupId")])}
		code := oneTime{
			kind: otp.text("tokenType"), issuer: otp.text("issuer"), account: cmp.Or(otp.text("account"), otp.text("label")),
			secret: o.text("secret"), algorithm: otp.text("algorithm"), digits: otp.text("digits"), period: otp.text("period"), counter: otp.text("counter"),
		}
		code.issuer = cmp.Or(code.issuer, it.Title)
		otp.drop("source", "link") // the address says the same again
		o.drop("order", "icon", "badge", "serviceTypeID", "type")
		addCodes(it, code, o)
	})
	return nil
}

func open2FAS(sealed, password string) ([]byte, error) {
	if password == "" {
		return nil, ErrPasswordNeeded
	}
	parts := strings.Split(sealed, ":")
	if len(parts) < 3 {
		return nil, ErrTruncated
	}
	var raw [3][]byte
	for i := range raw {
		var err error
		if raw[i], err = base64.StdEncoding.DecodeString(parts[i]); err != nil {
			return nil, fmt.Errorf("%w: the encrypted part is not base64", ErrMalformed)
		}
	}
	key, err := pbkdf2.Key(sha256.New, password, raw[1], twoFASIterations, 32)
	if err != nil {
		return nil, fmt.Errorf("open a file of 2FAS: %w", err)
	}
	plain := openGCM(key, raw[2], raw[0])
	if plain == nil {
		return nil, ErrWrongPassword
	}
	return plain, nil
}
