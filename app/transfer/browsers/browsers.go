// Package browsers reads the tables of passwords that browsers export.
package browsers

import (
	"net/url"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// Chrome is what Chrome, Edge, Brave, Opera and Vivaldi write.
var Chrome = source.CSV{
	Needs: []string{"name", "url", "username", "password"},
	// It is strict about the columns, because many tables begin with these. Older versions have no notes.
	Is: func(in *source.Input) bool {
		header := in.CSVHeader()
		return len(header) == 4 || len(header) == 5 && slices.Contains(header, "note")
	},
	Set: map[string]source.Setter{
		"name": source.SetTitle, "url": source.SetURL, "username": source.SetUsername, "password": source.SetPassword, "note": source.SetNotes,
	},
}

// Safari is what Safari and the Passwords app of Apple write: Title, URL, Username, Password, Notes, OTPAuth.
var Safari = source.CSV{
	Needs: []string{"title", "url", "username", "password", "otpauth"},
	// It is strict about the number of columns, because Strongbox and 1Password have these and more.
	Is: func(in *source.Input) bool { return len(in.CSVHeader()) <= 6 },
	Set: map[string]source.Setter{
		"title": source.SetTitle, "url": source.SetURL, "username": source.SetUsername, "password": source.SetPassword, "notes": source.SetNotes, "otpauth": source.SetTOTP,
	},
}

// Firefox is https://support.mozilla.org/kb/export-login-data-firefox.
var Firefox = source.CSV{
	Needs: []string{"url", "username", "password", "httprealm", "formactionorigin"},
	Set: map[string]source.Setter{
		"url": source.SetURL, "username": source.SetUsername, "password": source.SetPassword,
	},
	Finish: func(r *source.Row) {
		r.TakeTime(&r.Created, "timecreated")
		r.TakeTime(&r.Modified, "timepasswordchanged")
		// Where the form sends to is mostly where it stands, and says nothing then.
		if action := r.Text("formactionorigin"); len(r.URLs) == 0 || !sameOrigin(action, r.URLs[0]) {
			r.Relocate("Form sends to", action, item.FieldLink)
		}
		r.Relocate("HTTP realm", r.Text("httprealm"), item.FieldText)
		r.Drop("guid", "timelastused") // only Firefox has a use for them
	},
}

func sameOrigin(a, b string) bool {
	u, err1 := url.Parse(a)
	v, err2 := url.Parse(b)
	return err1 == nil && err2 == nil && strings.EqualFold(u.Scheme, v.Scheme) && strings.EqualFold(u.Host, v.Host)
}
