// Package dropbox reads exports of Dropbox Passwords.
package dropbox

import (
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// CSV is the table of Dropbox Passwords, which was shut down in 2025. Newer files have a type column, and columns for
// payment cards.
var CSV = source.CSV{
	// The older header must match exactly, because other programs use the same names in another order.
	Is: func(in *source.Input) bool {
		return in.HasColumns("type", "title", "url", "username", "password", "note") ||
			slices.Equal(in.CSVHeader(), []string{"name", "url", "username", "password", "notes"})
	},
	Set: map[string]source.Setter{
		"title": source.SetTitle, "name": source.SetTitle, "url": source.SetURL, "username": source.SetUsername, "password": source.SetPassword,
		"note": source.SetNotes, "notes": source.SetNotes, "totp": source.SetTOTP,
	},
	Finish: func(r *source.Row) {
		kind := r.Text("type")
		card := item.Card{
			Holder: r.Text("cardholder name", "cardholder", "name on card", "card name"), Number: r.Text("card number", "credit card number"),
			Code: r.Text("security code", "cvv", "card cvv", "credit card cvv"), Brand: r.Text("card type", "brand"),
		}
		month, year, _ := strings.Cut(r.Text("expiration date", "expiry date", "expiration", "expiry", "card expiration"), "/")
		card.ExpiryMonth, card.ExpiryYear = source.CardExpiry(month, year)
		if month = r.Text("expiration month", "expiry month"); month != "" {
			card.ExpiryMonth, card.ExpiryYear = source.CardExpiry(month, r.Text("expiration year", "expiry year"))
		}
		switch {
		case card != (item.Card{}):
			r.Type, r.Card = item.TypeCard, &card
		case strings.EqualFold(kind, "note") || strings.EqualFold(kind, "secure note"):
			r.Type = item.TypeNote
		}
		r.NoteOrLogin()
	},
}
