package transfer

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"

	"golang.org/x/crypto/argon2"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// Proton Authenticator, https://github.com/protonpass/proton-pass-common: entries, each with the address of its key. One of
// Steam has the address steam://KEY, which names nobody.

// protonAuthenticator is an export of Proton Authenticator, encrypted or not.
var protonAuthenticator = custom{is: isProtonAuthenticator, parse: readProtonAuthenticator}

func isProtonAuthenticator(in *input) bool {
	top := in.json()
	_, sealed := top["content"].(string)
	return top["version"] != nil && (sealed && top["salt"] != nil ||
		slices.ContainsFunc(object(top).list("entries"), func(e any) bool {
			o, _ := e.(map[string]any)
			return object(o).object("content")["uri"] != nil
		}))
}

func readProtonAuthenticator(in *input, b *builder) error {
	top := object(in.json())
	if sealed := top.text("content"); sealed != "" {
		plain, err := openProtonAuthenticator(top.text("salt"), sealed, in.options.Password)
		if err != nil {
			return err
		}
		if top, err = decodeObject(plain); err != nil {
			return err
		}
	}
	b.each(top.entries("entries", nil), func(it *draft, o object, _ string) {
		content := o.object("content")
		name, address := content.text("name"), content.text("uri")
		code, _ := item.ParseOneTime(address)
		it.Item = item.Item{
			Type: item.TypeLogin, Title: cmp.Or(code.Issuer, name, code.Account), Username: cmp.Or(code.Account, name), TOTP: address, Notes: o.text("note"),
		}
		if it.Username != name && it.Title != name {
			it.relocate("Name", name, item.FieldText)
		}
		it.relocateUnusable()
		o.drop("id")
		content.drop("entry_type")
		it.relocateRest(content, "")
		it.relocateRest(o, "")
		it.add()
	})
	return nil
}

// openProtonAuthenticator opens an export with a password: its key is of Argon2id at a cost that never changes, and nonce
// and content are one text in base64.
func openProtonAuthenticator(salt, sealed, password string) ([]byte, error) {
	const passes, memoryKiB, lanes, keyBytes, nonceBytes = 2, 19 << 10, 1, 32, 12
	if password == "" {
		return nil, ErrPasswordNeeded
	}
	rawSalt, err := base64.StdEncoding.DecodeString(salt)
	content, contentErr := base64.StdEncoding.DecodeString(sealed)
	switch {
	case err != nil || contentErr != nil:
		return nil, fmt.Errorf("%w: the encrypted part is not base64", ErrMalformed)
	case len(content) < nonceBytes || len(rawSalt) < 8:
		return nil, ErrTruncated
	}
	key := argon2.IDKey([]byte(password), rawSalt, passes, memoryKiB, lanes, keyBytes)
	plain := openGCM(key, content[:nonceBytes], content[nonceBytes:], []byte("proton.authenticator.export.v1")...)
	if plain == nil {
		return nil, ErrWrongPassword
	}
	return plain, nil
}
