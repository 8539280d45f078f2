// Package aliasvault reads exports of AliasVault.
package aliasvault

import (
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// CSV is the table of AliasVault (https://github.com/aliasvault/aliasvault). Versions before 0.25 have no folders and no
// cards.
var CSV = source.CSV{
	Needs: []string{"servicename", "serviceurl", "username", "currentpassword", "twofactorsecret"},
	Set: map[string]source.Setter{
		"servicename": source.SetTitle, "username": source.SetUsername, "currentpassword": source.SetPassword, "notes": source.SetNotes,
		"twofactorsecret": source.SetTOTP, "folderpath": source.SetTag,
	},
	Finish: func(r *source.Row) {
		for _, rawURL := range source.SplitURLs(r.Text("serviceurl")) {
			r.AddURL(rawURL, item.MatchDomain)
		}
		r.TakeEmail("aliasemail")
		takeTime(r, &r.Created, "createdat")
		takeTime(r, &r.Modified, "updatedat")
		if birth := r.Text("aliasbirthdate"); !strings.HasPrefix(birth, "01/01/0001") { // the zero date of .NET
			r.Relocate("Birth date", strings.TrimSuffix(birth, " 00:00:00"), item.FieldText)
		}
		r.Drop("version", "id", "aliasid", "serviceid")
		month, year := source.CardExpiry(r.Text("cardexpirymonth"), r.Text("cardexpiryyear"))
		card := item.Card{Holder: r.Text("cardholdername"), Number: r.Text("cardnumber"), ExpiryMonth: month, ExpiryYear: year, Code: r.Text("cardcvv")}
		r.Relocate("PIN", r.Text("cardpin"), item.FieldHidden)
		if card != (item.Card{}) {
			r.Type, r.Card = item.TypeCard, &card
		}
		for _, name := range []string{"AliasGender", "AliasFirstName", "AliasLastName", "AliasNickName"} {
			r.Relocate(source.Label(strings.TrimPrefix(name, "Alias")), r.Text(source.Fold(name)), item.FieldText)
		}
		r.NoteOrLogin()
	},
}

// takeTime parses a time as .NET writes it. The first day of the year 1 means none.
func takeTime(r *source.Row, to *time.Time, column string) {
	value := r.Text(column)
	t, err := time.Parse("01/02/2006 15:04:05", value)
	switch {
	case err == nil && t.Year() > 1:
		*to = t
	case err != nil && !source.SetTime(to, value):
		r.Relocate(column, value, item.FieldText)
	}
}
