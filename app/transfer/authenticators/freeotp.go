package authenticators

import (
	"encoding/base32"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// FreeOTPPlus is a backup of FreeOTP+ (https://github.com/helloworld1/FreeOTPPlus): tokens with the bytes of their keys as
// signed numbers. Names edited by the user are stored beside the original ones.
var FreeOTPPlus = source.Custom{Is: isFreeOTPPlus, Parse: readFreeOTPPlus}

func isFreeOTPPlus(in *source.Input) bool {
	return slices.ContainsFunc(source.Object(in.JSON()).List("tokens"), func(e any) bool {
		o, _ := e.(map[string]any)
		_, secret := o["secret"].([]any)
		return secret && o["algo"] != nil
	})
}

func readFreeOTPPlus(in *source.Input, b *source.Builder) error {
	b.Each(source.Object(in.JSON()).Items("tokens", nil), func(it *source.Draft, o source.Object, _ string) {
		code := source.AuthenticatorKey{
			Kind: o.Text("type"), Issuer: o.Text("issuerAlt", "issuerExt", "issuerInt"), Account: o.Text("labelAlt", "label"),
			Algorithm: o.Text("algo"), Digits: o.Text("digits"), Period: o.Text("period"), Counter: o.Text("counter"),
		}
		if key := signedBytes(o.List("secret")); key != nil {
			code.Secret = base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(key)
			o.Drop("secret")
		}
		for _, name := range []string{"issuerExt", "issuerInt"} { // usually the issuer again
			if o[name] == code.Issuer {
				o.Drop(name)
			}
		}
		o.Drop("imageAlt", "image", "color", "id")
		it.Item = item.Item{}
		addCodes(it, code, o)
	})
	return nil
}

// signedBytes returns nil if a value is not a byte.
func signedBytes(list []any) []byte {
	out := make([]byte, 0, len(list))
	for _, e := range list {
		number, _ := e.(json.Number)
		n, err := strconv.ParseInt(number.String(), 10, 16)
		if err != nil || n < -128 || n > 255 {
			return nil
		}
		out = append(out, byte(n&0xff)) //nolint:gosec // the lowest eight bits
	}
	return out
}
