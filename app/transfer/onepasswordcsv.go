package transfer

import (
	"github.com/vaultsphere/vaultsphere/app/item"
)

// onePasswordCSV is the table of 1Password 8: Title, Url, Username, Password, OTPAuth, Favorite, Archived, Tags, Notes.
// Version 7 called some of them otherwise and wrote every field of every item as a column, which are kept.
var onePasswordCSV = csvFormat{
	needs: []string{"title", "username", "password"},
	// is tells the table from others that begin alike: by a column of version 8, or two of version 7.
	is: func(in *input) bool {
		return in.hasColumns("archived", "favorite") || in.hasColumns("scope", "autosubmit")
	},
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
	finish: func(r *csvRow) {
		for _, column := range []string{"url", "website", "urls"} {
			for _, address := range splitURLs(r.text(column)) {
				r.addURL(address, item.MatchDomain)
			}
		}
		r.drop("uuid", "scope", "autosubmit")
		r.Type = item.TypeLogin
		if r.Username+r.Password+r.TOTP == "" && len(r.URLs) == 0 {
			r.Type = item.TypeNote
		}
	},
}
