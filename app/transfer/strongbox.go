package transfer

import "github.com/vaultsphere/vaultsphere/app/item"

// strongboxCSV is the table of Strongbox: Title,Username,Email,Password,URL,OTPAuth,Notes.
var strongboxCSV = csvFormat{
	needs: []string{"title", "username", "email", "password", "url", "otpauth", "notes"},
	set: map[string]setter{
		"title": setTitle, "username": setUsername, "password": setPassword, "url": setURL, "otpauth": setTOTP, "notes": setNotes,
	},
	finish: func(b *builder, r *csvRow, it *item.Item) {
		takeEmail(b, r, it, "email")
		noteOrLogin(it)
	},
}

// takeEmail makes the address of an entry its user name if it has no other.
func takeEmail(b *builder, r *csvRow, it *item.Item, column string) {
	email := r.text(column)
	if it.Username == "" {
		it.Username = email
	} else if email != it.Username {
		b.keepField(r.number, it, "Email", email, item.FieldText)
	}
}
