package item

import (
	"cmp"
	"strings"
)

// Subtitle distinguishes an item from others of its type: a card, an account or a document by the last four characters of its number,
// other types by a name. It is empty for other types, and if the item has neither. It does not repeat the title.
func (it Item) Subtitle() string {
	var parts []string
	switch {
	case it.Type == TypeCard && it.Card != nil:
		parts = []string{it.Card.Brand, lastFourOf(it.Card.Number)}
	case it.Type == TypeBankAccount && it.BankAccount != nil:
		parts = []string{it.BankAccount.BankName, lastFourOf(cmp.Or(it.BankAccount.AccountNumber, it.BankAccount.IBAN))}
	case it.Type == TypeIdentity && it.Identity != nil:
		parts = []string{it.Identity.FirstName + " " + it.Identity.MiddleName + " " + it.Identity.LastName}
		if name := inLine(parts[0]); name == "" || name == it.Title {
			parts[0] = cmp.Or(it.Identity.Email, it.Identity.Company)
		}
	case it.Type == TypePassport && it.Passport != nil:
		parts = []string{it.Passport.Name, lastFourOf(it.Passport.Number)}
	case it.Type == TypeDriversLicense && it.DriversLicense != nil:
		parts = []string{it.DriversLicense.Name, lastFourOf(it.DriversLicense.Number)}
	case it.Type == TypeAPIKey && it.APIKey != nil:
		parts = []string{cmp.Or(it.APIKey.Username, it.APIKey.Hostname)}
	}
	var given []string
	for _, p := range parts {
		if p = inLine(p); p != "" && p != it.Title {
			given = append(given, p)
		}
	}
	return strings.Join(given, ", ")
}

func inLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// lastFourOf has the last four characters of a number with more characters than that.
func lastFourOf(number string) string {
	number = short(number)
	if len(number) <= shownEnd {
		return ""
	}
	return "•" + number[len(number)-shownEnd:]
}
