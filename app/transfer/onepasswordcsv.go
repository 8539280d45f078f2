package transfer

import (
	"github.com/vaultsphere/vaultsphere/app/item"
)

// onePasswordCSV is the table of 1Password 8: Title, Url, Username, Password, OTPAuth, Favorite, Archived, Tags, Notes.
// Version 7 called some of them otherwise and wrote every field of every item as a column, which are kept.
var onePasswordCSV = csvFormat{
	needs: []string{"title", "username", "password"},
	set: map[string]setter{
		"title":             setTitle,
		"username":          setUsername,
		"password":          setPassword,
		"otpauth":           setTOTP,
		"one-time password": setTOTP,
		"favorite":          setFavourite,
		"notes":             setNotes,
		"tags":              func(it *item.Item, v string) { it.Tags = append(it.Tags, tagsOf("tags", v)...) },
		"archived": func(it *item.Item, v string) {
			if isYes(v) {
				it.Tags = append(it.Tags, tagArchived)
			}
		},
	},
	finish: func(b *builder, r *csvRow, it *item.Item) {
		addURLs(b, r, it)
		r.drop("uuid", "scope", "autosubmit")
		it.Type = item.TypeLogin
		if it.Username+it.Password+it.TOTP == "" && len(it.URLs) == 0 {
			it.Type = item.TypeNote
		}
	},
}

// is1PasswordCSV tells the table from others that begin alike: by a column of version 8, or two of version 7.
func is1PasswordCSV(in *input) bool {
	return onePasswordCSV.detect(in) &&
		(csvFormat{needs: []string{"archived", "favorite"}}.detect(in) || csvFormat{needs: []string{"scope", "autosubmit"}}.detect(in))
}
