package transfer

import (
	"net/url"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// chromeCSV is what Chrome, Edge, Brave, Opera and Vivaldi write.
var chromeCSV = csvFormat{
	needs: []string{"name", "url", "username", "password"},
	// is is strict about the columns, because many tables begin with these. Older versions have no notes.
	is: func(in *input) bool {
		header := in.csvHeader()
		return len(header) == 4 || len(header) == 5 && slices.Contains(header, "note")
	},
	set: map[string]setter{
		"name": setTitle, "url": setURL, "username": setUsername, "password": setPassword, "note": setNotes,
	},
}

// safariCSV is what Safari and the Passwords app of Apple write: Title, URL, Username, Password, Notes, OTPAuth.
var safariCSV = csvFormat{
	needs: []string{"title", "url", "username", "password", "otpauth"},
	// is is strict about the number of columns, because Strongbox and 1Password have these and more.
	is: func(in *input) bool { return len(in.csvHeader()) <= 6 },
	set: map[string]setter{
		"title": setTitle, "url": setURL, "username": setUsername, "password": setPassword, "notes": setNotes, "otpauth": setTOTP,
	},
}

// firefoxCSV is https://support.mozilla.org/kb/export-login-data-firefox.
var firefoxCSV = csvFormat{
	needs: []string{"url", "username", "password", "httprealm", "formactionorigin"},
	set: map[string]setter{
		"url": setURL, "username": setUsername, "password": setPassword,
	},
	finish: func(r *csvRow) {
		r.takeTime(&r.Created, "timecreated")
		r.takeTime(&r.Modified, "timepasswordchanged")
		// Where the form sends to is mostly where it stands, and says nothing then.
		if action := r.text("formactionorigin"); len(r.URLs) == 0 || !sameOrigin(action, r.URLs[0]) {
			r.relocate("Form sends to", action, item.FieldLink)
		}
		r.relocate("HTTP realm", r.text("httprealm"), item.FieldText)
		r.drop("guid", "timelastused") // only Firefox has a use for them
	},
}

func sameOrigin(a, b string) bool {
	u, err1 := url.Parse(a)
	v, err2 := url.Parse(b)
	return err1 == nil && err2 == nil && strings.EqualFold(u.Scheme, v.Scheme) && strings.EqualFold(u.Host, v.Host)
}
