package lastpass_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

func TestLastPassCSV(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "lastpass/export.csv", "lastpass-csv")
	transfertest.Same(t, got, []item.Item{
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
				transfertest.Text("Start Date", "October,2017"),
			},
			Card: &item.Card{Brand: "Visa", Code: "012", ExpiryMonth: "6", ExpiryYear: "2031", Holder: "A B", Number: "4242424242424242"},
		},
		{
			Type: item.TypeIdentity, Title: "Identity",
			Username: "tjlast",
			Fields: []item.Field{
				transfertest.Text("Gender", "f"),
				transfertest.Text("Birthday", "January,31,2001"),
				transfertest.Text("Timezone", "+01:00,1"),
				transfertest.Text("Mobile Phone", "491701"),
			},
			Identity: &item.Identity{Address: "One Street\nFlat 2", City: "Köln", Company: "Acme", Country: "DE", Email: "t@example.com", FirstName: "Test", LastName: "Last", MiddleName: "Joe", Phone: "492214711 ext. 12", PostalCode: "50667", State: "NRW", Title: "mrs"},
		},
		{
			Type: item.TypeSSHKey, Title: "ssh",
			Notes: "some notes",
			Tags:  []string{"Servers"},
			Fields: []item.Field{
				transfertest.Text("Bit Strength", "2048"),
				transfertest.Text("Format", "RSA"),
				transfertest.Hidden("Passphrase", "p:with:colons"),
				transfertest.Text("Hostname", "home.example.com"),
				transfertest.Text("Date", "January,3,1999"),
			},
			SSHKey: &item.SSHKey{Private: "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF\n\nMIIEowIBAAKCAQEAexample\n-----END RSA PRIVATE KEY-----", Public: "ssh-rsa AAAAB3NzaC1yc2E you@example"},
		},
		{
			Type: item.TypePassport, Title: "Pass",
			Passport: &item.Passport{
				Country: "Deutschland", Name: "Erika Maria Mustermann", Nationality: "deutsch", Number: "C11T002JM", Sex: "F", Type: "P",
			},
		},
		{
			Type: item.TypeLogin, Title: "wifi",
			Username: "my-ssid",
			Password: "wifi secret",
			Fields: []item.Field{
				transfertest.Text("Type of note", "Wi-Fi Password"),
			},
		},
		{
			Type: item.TypeLogin, Title: "custom",
			Notes: "line1 with quote \"\nline2",
			Fields: []item.Field{
				transfertest.Text("text", "value"),
				transfertest.Hidden("my password", "password123"),
				transfertest.Text("date", "January,31,2001"),
			},
		},
		{
			Type: item.TypeBankAccount, Title: "bank",
			BankAccount: &item.BankAccount{AccountNumber: "333333", BankName: "test bank"},
		},
		{
			Type: item.TypeLogin, Title: "htts",
			URLs: []string{"htts:/broken.url"},
			Tags: []string{"company services"},
		},
	})
	transfertest.SameProblems(t, got,
		transfer.Problem{Row: 13, Code: parcel.UnclosedQuote})
}

func TestLastPassCSVWithEntities(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "lastpass/escaped.csv", "lastpass-csv")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "A & B",
			URLs:     []string{"https://a.example.com/?x=1&y=2"},
			Username: "u<1>",
			Password: `p&w"`,
			Notes:    "it's",
		},
	})
	transfertest.SameProblems(t, got)
}
