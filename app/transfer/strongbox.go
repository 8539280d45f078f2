package transfer

import "github.com/vaultsphere/vaultsphere/app/item"

// strongboxCSV is the table of Strongbox: Title,Username,Email,Password,URL,OTPAuth,Notes.
var strongboxCSV = csvFormat{
	needs: []string{"title", "username", "email", "password", "url", "otpauth", "notes"},
	set: map[string]setter{
		"title": setTitle, "username": setUsername, "password": setPassword, "url": setURL, "otpauth": setTOTP, "notes": setNotes,
	},
	finish: func(r *csvRow) {
		r.takeEmail("email")
		r.noteOrLogin()
	},
}

// takeEmail makes the email address of an entry its username if it has no other.
func (r *csvRow) takeEmail(column string) {
	email := r.text(column)
	if r.Username == "" {
		r.Username = email
	} else if email != r.Username {
		r.relocate("Email", email, item.FieldText)
	}
}
