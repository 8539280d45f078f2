package transfer_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

func TestLastPassCSV(t *testing.T) {
	t.Parallel()
	got := sample(t, "lastpass/export.csv", "lastpass-csv")
	same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Büro 日本",
			URLs:      []string{"https://account.example.com/login?a=1&b=2"},
			Username:  "nobody@example.com",
			Password:  `p"a,s<s>&amp;`,
			TOTP:      "JBSWY3DPEHPK3PXP",
			Notes:     "note, with \"quotes\"\nand a second line",
			Tags:      []string{"Arbeit/Kunden"},
			Favourite: true,
		},
		{
			Type: item.TypeNote, Title: "Plain note",
			Notes: "This is\na secure note",
		},
		{
			Type: item.TypeCard, Title: "Card",
			Notes: "this is a note\nfor: the card",
			Tags:  []string{"Finance"},
			Fields: []item.Field{
				text("Start Date", "October,2017"),
			},
			Card: &item.Card{Brand: "Visa", Code: "012", ExpiryMonth: "6", ExpiryYear: "2031", Holder: "A B", Number: "4242424242424242"},
		},
		{
			Type: item.TypeIdentity, Title: "Identity",
			Username: "tjlast",
			Fields: []item.Field{
				text("Gender", "f"),
				text("Birthday", "January,31,2001"),
				text("Timezone", "+01:00,1"),
				text("Mobile Phone", "491701"),
			},
			Identity: &item.Identity{Address: "One Street\nFlat 2", City: "Köln", Company: "Acme", Country: "DE", Email: "t@example.com", FirstName: "Test", LastName: "Last", MiddleName: "Joe", Phone: "492214711 ext. 12", PostalCode: "50667", State: "NRW", Title: "mrs"},
		},
		{
			Type: item.TypeSSHKey, Title: "ssh",
			Notes: "some notes",
			Tags:  []string{"Servers"},
			Fields: []item.Field{
				text("Bit Strength", "2048"),
				text("Format", "RSA"),
				hidden("Passphrase", "p:with:colons"),
				text("Hostname", "home.example.com"),
				text("Date", "January,3,1999"),
			},
			SSHKey: &item.SSHKey{Private: "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF\n\nMIIEowIBAAKCAQEAexample\n-----END RSA PRIVATE KEY-----", Public: "ssh-rsa AAAAB3NzaC1yc2E you@example"},
		},
		{
			Type: item.TypeIdentity, Title: "Pass",
			Fields: []item.Field{
				text("Type", "P"),
				text("Sex", "F"),
				text("Nationality", "deutsch"),
			},
			Identity: &item.Identity{Country: "Deutschland", FirstName: "Erika", LastName: "Mustermann", MiddleName: "Maria", Passport: "C11T002JM"},
		},
		{
			Type: item.TypeLogin, Title: "wifi",
			Username: "my-ssid",
			Password: "wifi secret",
			Fields: []item.Field{
				text("Type of note", "Wi-Fi Password"),
			},
		},
		{
			Type: item.TypeLogin, Title: "custom",
			Notes: "line1 with quote \"\nline2",
			Fields: []item.Field{
				text("text", "value"),
				hidden("my password", "password123"),
				text("date", "January,31,2001"),
			},
		},
		{
			Type: item.TypeLogin, Title: "bank",
			Fields: []item.Field{
				text("Type of note", "Bank Account"),
				text("Bank Name", "test bank"),
				hidden("Account Number", "333333"),
			},
		},
		{
			Type: item.TypeLogin, Title: "htts",
			URLs: []string{"htts:/broken.url"},
			Tags: []string{"company services"},
		},
	})
	sameProblems(t, got,
		transfer.Problem{Row: 13, Reason: "a quotation mark is not closed"})
}

func TestLastPassCSVCopiedFromABrowserHasEntities(t *testing.T) {
	t.Parallel()
	got := sample(t, "lastpass/escaped.csv", "lastpass-csv")
	same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "A & B",
			URLs:     []string{"https://a.example.com/?x=1&y=2"},
			Username: "u<1>",
			Password: `p&w"`,
			Notes:    "it's",
		},
	})
	sameProblems(t, got)
}
