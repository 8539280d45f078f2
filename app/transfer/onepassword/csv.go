package onepassword

import (
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// CSV is the table of 1Password 8: Title, Url, Username, Password, OTPAuth, Favorite, Archived, Tags, Notes. Version 7 has
// other names for some of them, and a column for every field of every item, which become fields.
var CSV = source.CSV{
	Needs: []string{"title", "username", "password"},
	// One column of version 8 or two of version 7 distinguish it from tables that start the same.
	Is: func(in *source.Input) bool {
		return in.HasColumns("archived", "favorite") || in.HasColumns("scope", "autosubmit")
	},
	Set: map[string]source.Setter{
		"title":             source.SetTitle,
		"username":          source.SetUsername,
		"password":          source.SetPassword,
		"otpauth":           source.SetTOTP,
		"one-time password": source.SetTOTP,
		"favorite":          source.SetFavourite,
		"notes":             source.SetNotes,
		"tags":              func(it *item.Item, v string) { it.Tags = append(it.Tags, source.TagsOf("tags", v)...) },
	},
	Finish: func(r *source.Row) {
		if source.IsYes(r.Text("archived")) {
			r.Archive()
		}
		r.TakeURLs()
		r.Drop("uuid", "scope", "autosubmit")
		r.Type = item.TypeLogin
		if r.Username+r.Password+r.TOTP == "" && len(r.URLs) == 0 {
			r.Type = item.TypeNote
		}
	},
}
