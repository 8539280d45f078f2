package authenticators

import (
	"slices"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// Stratum is an unencrypted backup of Stratum, formerly Authenticator Pro
// (https://github.com/stratumauth/app/blob/master/doc/BACKUP_FORMAT.md): authenticators, categories, and which authenticator
// is in which.
var Stratum = source.Custom{Is: isStratum, Parse: readStratum}

func isStratum(in *source.Input) bool {
	return slices.ContainsFunc(source.Object(in.JSON()).List("Authenticators"), func(e any) bool {
		o, _ := e.(map[string]any)
		return o["Secret"] != nil && o["Type"] != nil
	})
}

var (
	stratumKinds      = map[string]string{"1": "hotp", "2": "totp", "4": "steam"}
	stratumAlgorithms = map[string]string{"0": "SHA1", "1": "SHA256", "2": "SHA512"}
)

func readStratum(in *source.Input, b *source.Builder) error {
	top := source.Object(in.JSON())
	names, tags := map[string]string{}, map[string][]string{}
	for _, c := range top.Objects("Categories") {
		names[c.Text("Id")] = c.Text("Name")
	}
	for _, c := range top.Objects("AuthenticatorCategories") {
		key := c.Text("AuthenticatorSecret")
		tags[key] = append(tags[key], names[c.Text("CategoryId")])
	}
	b.Each(top.Items("Authenticators", nil), func(it *source.Draft, o source.Object, _ string) {
		code := source.AuthenticatorKey{
			Kind: o.Text("Type"), Issuer: o.Text("Issuer"), Account: o.Text("Username"), Secret: o.Text("Secret"), Algorithm: o.Text("Algorithm"),
			Digits: o.Text("Digits"), Period: o.Text("Period"), Counter: o.Text("Counter"),
		}
		if known := stratumKinds[code.Kind]; known != "" { // other types stay numbers, and are not supported
			code.Kind = known
		}
		if known := stratumAlgorithms[code.Algorithm]; known != "" {
			code.Algorithm = known
		}
		it.Item = item.Item{Tags: tags[code.Secret]}
		o.Drop("Icon", "Ranking", "CopyCount")
		addCodes(it, code, o)
	})
	return nil
}
