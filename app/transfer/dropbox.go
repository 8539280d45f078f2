package transfer

import (
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// dropboxCSV is the table of Dropbox Passwords, which was shut down in 2025. Newer files say of what type an entry is, and
// have columns for payment cards.
var dropboxCSV = csvFormat{
	// is knows the older table by its whole header, because the same names in another order are anybody's.
	is: func(in *input) bool {
		return in.hasColumns("type", "title", "url", "username", "password", "note") ||
			slices.Equal(in.csvHeader(), []string{"name", "url", "username", "password", "notes"})
	},
	set: map[string]setter{
		"title": setTitle, "name": setTitle, "url": setURL, "username": setUsername, "password": setPassword,
		"note": setNotes, "notes": setNotes, "totp": setTOTP,
	},
	finish: func(r *csvRow) {
		kind := r.text("type")
		card := item.Card{
			Holder: r.text("cardholder name", "cardholder", "name on card", "card name"), Number: r.text("card number", "credit card number"),
			Code: r.text("security code", "cvv", "card cvv", "credit card cvv"), Brand: r.text("card type", "brand"),
		}
		month, year, _ := strings.Cut(r.text("expiration date", "expiry date", "expiration", "expiry", "card expiration"), "/")
		card.ExpiryMonth, card.ExpiryYear = expiry(month, year)
		if month = r.text("expiration month", "expiry month"); month != "" {
			card.ExpiryMonth, card.ExpiryYear = expiry(month, r.text("expiration year", "expiry year"))
		}
		switch {
		case card != (item.Card{}):
			r.Type, r.Card = item.TypeCard, &card
		case strings.EqualFold(kind, "note") || strings.EqualFold(kind, "secure note"):
			r.Type = item.TypeNote
		}
		r.noteOrLogin()
	},
}
