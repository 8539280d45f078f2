package main

import (
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// onlyJSON lists the rows that get prints only with --json. Custom fields are printed by their own names.
var onlyJSON = []string{
	"type", "match", "tags", "favourite", "reprompt", "created", "modified", "archived", "trashed", "purge", "ignored", "fields", "password_history",
}

func TestGetPrintsEveryField(t *testing.T) {
	t.Parallel()
	it := item.Item{
		Title: "t", Username: "u", URLs: []string{"first", "second"}, Password: "p", TOTP: "k", Notes: "n",
		Card: &item.Card{Number: "1"}, BankAccount: &item.BankAccount{IBAN: "i"}, Identity: &item.Identity{Title: "Dr"}, SSHKey: &item.SSHKey{Private: "s"},
		Passport: &item.Passport{Name: "n"}, DriversLicense: &item.DriversLicense{Class: "B"}, APIKey: &item.APIKey{Key: "k"},
		Attachments: []item.Attachment{{Name: "a"}, {Name: "b"}},
		Fields:      []item.Field{{Name: "pin", Value: "2"}, {Name: "empty"}, {Name: "password", Value: "cannot hide the password"}},
	}
	names := map[string]string{"urls": "url", "card": "card.number", "identity": "identity.title", "ssh_key": "ssh_key.private",
		"bank_account": "bank_account.iban", "passport": "passport.name", "drivers_license": "drivers_license.class", "api_key": "api_key.key"}
	for _, row := range append(item.Rows("overview"), item.Rows("details")...) {
		name := row.Name
		if names[name] != "" {
			name = names[name]
		}
		if value, ok := fieldOf(it, name); ok == slices.Contains(onlyJSON, row.Name) || ok && value == "" {
			t.Errorf("%s: %q, %t; the item above needs a sample of each row that is not in onlyJSON", name, value, ok)
		}
	}
	for name, want := range map[string]string{"url": "first", "attachments": "a\nb", "title": "t", "identity.title": "Dr", "pin": "2", "empty": "", "password": "p"} {
		if value, ok := fieldOf(it, name); !ok || value != want {
			t.Errorf("%s: %q, %t", name, value, ok)
		}
	}
	if _, ok := fieldOf(it, "card.code"); ok {
		t.Error("an empty field is printed")
	}
}
