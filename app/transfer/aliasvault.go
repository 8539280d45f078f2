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
	finish: func(b *builder, r *csvRow, it *item.Item) {
		for _, address := range splitURLs(r.text("serviceurl")) {
			addURL(b, r.number, it, address, item.MatchDomain)
		}
		takeEmail(b, r, it, "aliasemail")
		aliasVaultTime(b, r, it, &it.Created, "createdat")
		aliasVaultTime(b, r, it, &it.Modified, "updatedat")
		if birth := r.text("aliasbirthdate"); !strings.HasPrefix(birth, "01/01/0001") { // stands for none
			b.keepField(r.number, it, "Birth date", strings.TrimSuffix(birth, " 00:00:00"), item.FieldText)
		}
		r.drop("version", "id", "aliasid", "serviceid")
		month, year := expiry(r.text("cardexpirymonth"), r.text("cardexpiryyear"))
		card := item.Card{Holder: r.text("cardholdername"), Number: r.text("cardnumber"), ExpiryMonth: month, ExpiryYear: year, Code: r.text("cardcvv")}
		b.keepField(r.number, it, "PIN", r.text("cardpin"), item.FieldHidden)
		if card != (item.Card{}) {
			it.Type, it.Card = item.TypeCard, &card
		}
		for _, name := range []string{"AliasGender", "AliasFirstName", "AliasLastName", "AliasNickName"} {
			b.keepField(r.number, it, label(strings.TrimPrefix(name, "Alias")), r.text(fold(name)), item.FieldText)
		}
		noteOrLogin(it)
	},
}

// aliasVaultTime reads a time as .NET writes it; the first day of the year 1 stands for none.
func aliasVaultTime(b *builder, r *csvRow, it *item.Item, to *time.Time, column string) {
	value := r.text(column)
	t, err := time.Parse("01/02/2006 15:04:05", value)
	switch {
	case err == nil && t.Year() > 1:
		*to = t
	case err != nil && !setTime(to, value):
		b.keepField(r.number, it, column, value, item.FieldText)
	}
}
