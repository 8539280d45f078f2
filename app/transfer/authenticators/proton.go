package authenticators

import (
	"cmp"
	"encoding/base64"
	"slices"

	"golang.org/x/crypto/argon2"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// Proton is an export of Proton Authenticator, encrypted or not (https://github.com/protonpass/proton-pass-common). Each
// entry has the URL of its key. For Steam, it is steam://KEY, which does not name an account.
var Proton = source.Custom{Is: isProton, Parse: readProton}

func isProton(in *source.Input) bool {
	top := in.JSON()
	_, sealed := top["content"].(string)
	return top["version"] != nil && (sealed && top["salt"] != nil ||
		slices.ContainsFunc(source.Object(top).List("entries"), func(e any) bool {
			o, _ := e.(map[string]any)
			return source.Object(o).Object("content")["uri"] != nil
		}))
}

func readProton(in *source.Input, b *source.Builder) error {
	top := source.Object(in.JSON())
	if sealed := top.Text("content"); sealed != "" {
		plain, err := openProton(top.Text("salt"), sealed, in.Options.Password)
		if err != nil {
			return err
		}
		if top, err = source.DecodeObject(plain); err != nil {
			return err
		}
	}
	b.Each(top.Items("entries", nil), func(it *source.Draft, o source.Object, _ string) {
		content := o.Object("content")
		name, rawURL := content.Text("name"), content.Text("uri")
		code, _ := item.ParseAuthenticatorKey(rawURL)
		it.Item = item.Item{
			Type: item.TypeLogin, Title: cmp.Or(code.Issuer, name, code.Account), Username: cmp.Or(code.Account, name), TOTP: rawURL, Notes: o.Text("note"),
		}
		if it.Username != name && it.Title != name {
			it.Relocate("Name", name, item.FieldText)
		}
		it.RelocateUnusable()
		o.Drop("id")
		content.Drop("entry_type")
		it.RelocateRest(content, "")
		it.RelocateRest(o, "")
		it.Add()
	})
	return nil
}

// openProton opens an encrypted export: Argon2id with a fixed cost, and nonce and content in one base64 text.
func openProton(salt, sealed, password string) ([]byte, error) {
	const passes, memoryKiB, lanes, keyBytes, nonceBytes = 2, 19 << 10, 1, 32, 12
	if password == "" {
		return nil, source.ErrPasswordNeeded
	}
	rawSalt, err := base64.StdEncoding.DecodeString(salt)
	content, contentErr := base64.StdEncoding.DecodeString(sealed)
	switch {
	case err != nil || contentErr != nil:
		return nil, source.ErrMalformed
	case len(content) < nonceBytes || len(rawSalt) < 8:
		return nil, source.ErrTruncated
	}
	key := argon2.IDKey([]byte(password), rawSalt, passes, memoryKiB, lanes, keyBytes)
	plain := source.OpenGCM(key, content[:nonceBytes], content[nonceBytes:], []byte("proton.authenticator.export.v1")...)
	if plain == nil {
		return nil, source.ErrWrongPassword
	}
	return plain, nil
}
