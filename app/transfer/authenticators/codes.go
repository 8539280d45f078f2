// Package authenticators reads the backups of applications that make one-time codes.
package authenticators

import (
	"cmp"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// addCodes adds an entry of an authenticator, as a login that holds the codes and the name of the account. What is left
// in o is relocated to fields.
func addCodes(it *source.Draft, code source.AuthenticatorKey, o source.Object) {
	it.Type = item.TypeLogin
	it.Title = cmp.Or(it.Title, code.Issuer, code.Account)
	it.Username = code.Account
	it.TOTP = code.URL()
	if strings.TrimSpace(code.Secret) == "" {
		it.TOTP = ""
		it.Problem(parcel.NoKey)
	}
	it.RelocateUnusable()
	it.RelocateRest(o, "")
	it.Add()
}
