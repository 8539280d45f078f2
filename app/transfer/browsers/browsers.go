// Package browsers reads the password tables that browsers export.
package browsers

import (
	"net/url"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// Chrome is the table of Chrome, Edge, Brave, Opera and Vivaldi.
var Chrome = source.CSV{
	Needs: []string{"name", "url", "username", "password"},
	// The columns must match exactly, because many tables begin with these. Older versions have no notes.
	Is: func(in *source.Input) bool {
		header := in.CSVHeader()
		return len(header) == 4 || len(header) == 5 && slices.Contains(header, "note")
	},
	Set: map[string]source.Setter{
		"name": source.SetTitle, "url": source.SetURL, "username": source.SetUsername, "password": source.SetPassword, "note": source.SetNotes,
	},
}

// Safari is the table of Safari and Apple's Passwords app: Title, URL, Username, Password, Notes, OTPAuth.
var Safari = source.CSV{
	Needs: []string{"title", "url", "username", "password", "otpauth"},
	// The number of columns must match, because Strongbox and 1Password have these and more.
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
		// The form usually submits to its own site, which adds nothing.
		if action := r.Text("formactionorigin"); len(r.URLs) == 0 || !sameOrigin(action, r.URLs[0]) {
			r.Relocate("Form sends to", action, item.FieldLink)
		}
		r.Relocate("HTTP realm", r.Text("httprealm"), item.FieldText)
		r.Drop("guid", "timelastused") // for Firefox only
	},
}

func sameOrigin(a, b string) bool {
	u, err1 := url.Parse(a)
	v, err2 := url.Parse(b)
	return err1 == nil && err2 == nil && strings.EqualFold(u.Scheme, v.Scheme) && strings.EqualFold(u.Host, v.Host)
}
