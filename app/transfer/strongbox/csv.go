// Package strongbox reads exports of Strongbox.
package strongbox

import "github.com/vaultsphere/vaultsphere/app/transfer/source"

// CSV is the table of Strongbox: Title,Username,Email,Password,URL,OTPAuth,Notes.
var CSV = source.CSV{
	Needs: []string{"title", "username", "email", "password", "url", "otpauth", "notes"},
	Set: map[string]source.Setter{
		"title": source.SetTitle, "username": source.SetUsername, "password": source.SetPassword, "url": source.SetURL, "otpauth": source.SetTOTP, "notes": source.SetNotes,
	},
	Finish: func(r *source.Row) {
		r.TakeEmail("email")
		r.NoteOrLogin()
	},
}
