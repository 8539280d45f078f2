package authenticators

import (
	"slices"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// LastPass is an export of LastPass Authenticator: accounts, and folders, two of which always exist. Names edited by the
// user are stored beside the original ones.
var LastPass = source.Custom{Is: isLastPass, Parse: readLastPass}

// The folders that always exist.
const (
	lastPassOthers     = "0"
	lastPassFavourites = "1"
)

func isLastPass(in *source.Input) bool {
	return slices.ContainsFunc(source.Object(in.JSON()).List("accounts"), func(e any) bool {
		o, _ := e.(map[string]any)
		return o["secret"] != nil && o["timeStep"] != nil && (o["issuerName"] != nil || o["userName"] != nil)
	})
}

func readLastPass(in *source.Input, b *source.Builder) error {
	top := source.Object(in.JSON())
	folders := map[string]string{}
	for _, f := range top.Objects("folders") {
		folders[f.Text("id")] = f.Text("name")
	}
	b.Each(top.Items("accounts", nil), func(it *source.Draft, o source.Object, _ string) {
		code := source.AuthenticatorKey{
			Issuer: o.Text("issuerName", "originalIssuerName"), Account: o.Text("userName", "originalUserName"), Secret: o.Text("secret"),
			Algorithm: o.Text("algorithm"), Digits: o.Text("digits"), Period: o.Text("timeStep"),
		}
		for name, now := range map[string]string{"originalIssuerName": code.Issuer, "originalUserName": code.Account} {
			if o[name] == now {
				o.Drop(name)
			}
		}
		folder := o.Object("folderData").Text("folderId")
		it.Item = item.Item{Favourite: o.Yes("isFavorite") || folder == lastPassFavourites, Created: o.Time("creationTimestamp")}
		if folder != lastPassOthers && folder != lastPassFavourites {
			it.Tags = source.ListOf(folders[folder])
		}
		o.Drop("accountID", "lmiUserId", "pushNotification", "folderData")
		addCodes(it, code, o)
	})
	return nil
}
