// Package authenticators reads backups of authenticator apps.
package authenticators

import (
	"cmp"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// addCodes adds an account of an authenticator as a login with its key and its username. What remains in o becomes fields.
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
