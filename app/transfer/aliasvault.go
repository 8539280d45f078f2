package transfer

import (
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// aliasVaultCSV is the table of AliasVault, https://github.com/aliasvault/aliasvault. Versions before 0.25 have no folders
// and no cards.
var aliasVaultCSV = csvFormat{
	needs: []string{"servicename", "serviceurl", "username", "currentpassword", "twofactorsecret"},
	set: map[string]setter{
		"servicename": setTitle, "username": setUsername, "currentpassword": setPassword, "notes": setNotes,
		"twofactorsecret": setTOTP, "folderpath": setTag,
	},
	finish: func(r *csvRow) {
		for _, address := range splitURLs(r.text("serviceurl")) {
			r.addURL(address, item.MatchDomain)
		}
		r.takeEmail("aliasemail")
		aliasVaultTime(r, &r.Created, "createdat")
		aliasVaultTime(r, &r.Modified, "updatedat")
		if birth := r.text("aliasbirthdate"); !strings.HasPrefix(birth, "01/01/0001") { // stands for none
			r.relocate("Birth date", strings.TrimSuffix(birth, " 00:00:00"), item.FieldText)
		}
		r.drop("version", "id", "aliasid", "serviceid")
		month, year := expiry(r.text("cardexpirymonth"), r.text("cardexpiryyear"))
		card := item.Card{Holder: r.text("cardholdername"), Number: r.text("cardnumber"), ExpiryMonth: month, ExpiryYear: year, Code: r.text("cardcvv")}
		r.relocate("PIN", r.text("cardpin"), item.FieldHidden)
		if card != (item.Card{}) {
			r.Type, r.Card = item.TypeCard, &card
		}
		for _, name := range []string{"AliasGender", "AliasFirstName", "AliasLastName", "AliasNickName"} {
			r.relocate(label(strings.TrimPrefix(name, "Alias")), r.text(fold(name)), item.FieldText)
		}
		r.noteOrLogin()
	},
}

// aliasVaultTime reads a time as .NET writes it; the first day of the year 1 stands for none.
func aliasVaultTime(r *csvRow, to *time.Time, column string) {
	value := r.text(column)
	t, err := time.Parse("01/02/2006 15:04:05", value)
	switch {
	case err == nil && t.Year() > 1:
		*to = t
	case err != nil && !setTime(to, value):
		r.relocate(column, value, item.FieldText)
	}
}
