package dashlane_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

func TestDashlaneZIP(t *testing.T) {
	t.Parallel()
	got := transfertest.SampleZIP(t, "dashlane/export.zip", "dashlane-zip")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Büro 日本",
			URLs:     []string{"https://example.com/login"},
			Username: "jörg@example.com",
			Password: `p"a,s;s`,
			TOTP:     "JBSWY3DPEHPK3PXP",
			Notes:    "line 1\nline 2, \"quoted\"",
			Tags:     []string{"Arbeit"},
			Fields: []item.Field{
				transfertest.Text("username2", "jo2"),
				transfertest.Text("username3", "jo3"),
			},
		},
		{
			Type: item.TypeLogin, Title: "untitled.example.org",
			URLs:     []string{"https://untitled.example.org/enter"},
			Password: "only-a-password",
		},
		{
			Type: item.TypeIdentity, Title: "John Doe card",
			Fields: []item.Field{
				transfertest.Text("Card", "123123123"),
				transfertest.Text("issue_date", "2022-1-30"),
				transfertest.Text("expiration_date", "2032-1-30"),
			},
			Identity: &item.Identity{FirstName: "John", LastName: "Doe"},
		},
		{
			Type: item.TypePassport, Title: "John F. Doe passport",
			Fields: []item.Field{
				transfertest.Text("place_of_issue", "somewhere in Germany"),
			},
			Passport: &item.Passport{Expires: "2032-01-30", Issued: "2022-01-30", Name: "John F. Doe", Number: "C01X00T47"},
		},
		{
			Type: item.TypeDriversLicense, Title: "John Doe license",
			DriversLicense: &item.DriversLicense{Expires: "2022-10-10", Issued: "2022-08-10", Name: "John Doe", Number: "1234556", State: "DC"},
		},
		{
			Type: item.TypeIdentity, Title: "John Doe social security",
			Identity: &item.Identity{FirstName: "John", LastName: "Doe", SSN: "078-05-1120"},
		},
		{
			Type: item.TypeIdentity, Title: "tax number",
			Fields: []item.Field{
				transfertest.Text("Tax number", "12/345/67890"),
			},
		},
		{
			Type: item.TypeNote, Title: "A thing of a later version",
			Notes: "its note",
			Fields: []item.Field{
				transfertest.Text("kind", "new kind"),
			},
		},
		{
			Type: item.TypeCard, Title: "my card",
			Notes: "a, note",
			Fields: []item.Field{
				transfertest.Text("country", "US"),
			},
			Card: &item.Card{Code: "012", ExpiryMonth: "1", ExpiryYear: "2031", Holder: "John Doe", Number: "41111111111111111"},
		},
		{
			Type: item.TypeBankAccount, Title: "savings account",
			Fields: []item.Field{
				transfertest.Text("country", "US"),
			},
			BankAccount: &item.BankAccount{AccountNumber: "account 8", BankName: "US-ALLY", Holder: "John Doe", RoutingNumber: "routing 7"},
		},
		{
			Type: item.TypeIdentity, Title: "MR John Doe",
			Username: "jdoe",
			Fields: []item.Field{
				transfertest.Text("date_of_birth", "2022-01-30"),
				transfertest.Text("place_of_birth", "world"),
			},
			Identity: &item.Identity{FirstName: "John", LastName: "Doe", MiddleName: "F", Title: "MR"},
		},
		{
			Type: item.TypeIdentity, Title: "Johns email",
			Fields: []item.Field{
				transfertest.Text("email_type", "personal"),
			},
			Identity: &item.Identity{Email: "jdoe@example.com"},
		},
		{
			Type: item.TypeIdentity, Title: "John's number",
			Identity: &item.Identity{Phone: "+49123123123"},
		},
		{
			Type: item.TypeIdentity, Title: "John's home",
			Fields: []item.Field{
				transfertest.Text("address_recipient", "John"),
				transfertest.Text("address_building", "B1"),
				transfertest.Text("address_apartment", "A2"),
				transfertest.Text("address_floor", "3"),
				transfertest.Hidden("address_door_code", "9876"),
			},
			Identity: &item.Identity{Address: "1 some street", City: "some city", Country: "de", PostalCode: "123123", State: "DE-0-NW"},
		},
		{
			Type: item.TypeIdentity, Title: "Acme",
			Fields: []item.Field{
				transfertest.Text("job_title", "Engineer"),
			},
		},
		{
			Type: item.TypeIdentity, Title: "Homepage",
			URLs: []string{"website.example"},
		},
		{
			Type: item.TypeNote, Title: "note, with comma",
			Notes: "first \"line\"\nsecond line",
		},
		{
			Type: item.TypeLogin, Title: "Home",
			Username: "HomeNet",
			Password: "wifi, secret",
			Notes:    "behind the shelf",
			Fields: []item.Field{
				transfertest.Text("hidden", "0"),
				transfertest.Text("encryption_type", "WPA2"),
			},
		},
	})
	transfertest.SameProblems(t, got)
}

func TestDashlaneCSV(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "dashlane/otpurl.csv", "dashlane-csv")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Newer",
			URLs:     []string{"https://example.com"},
			Username: "u",
			Password: "p",
			TOTP:     "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP",
		},
	})
	transfertest.SameProblems(t, got)
}
