package onepassword_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

func Test1PUX(t *testing.T) {
	got := transfertest.SampleZIP(t, "onepassword/full.1pux", "1password-1pux")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Dropbox „Büro“ 日本",
			URLs:      []string{"https://www.dropbox.com/", "https://admin.dropbox.com"},
			Username:  "wendy@example.com",
			Password:  "most-secure \"password\", ever;\t🔒",
			TOTP:      "otpauth://totp/Dropbox:wendy?secret=JBSWY3DPEHPK3PXP&issuer=Dropbox",
			Notes:     "This is a note. *bold*!\nsecond line, with \"quotes\"",
			Tags:      []string{"Personal", "Work", "Cloud/Files"},
			Favourite: true,
			Created:   transfertest.Time("2021-04-26T19:28:02Z"),
			Modified:  transfertest.Time("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				transfertest.Text("Label of https://admin.dropbox.com", "admin area"),
				transfertest.Hidden("memorable", "second factor word"),
				transfertest.YesNo("remember_me", "true"),
				transfertest.Text("branch", "branch 7"),
				transfertest.Hidden("Security: PIN", "12345"),
				transfertest.Hidden("Security: backup code generator", "GEZDGNBVGY3TQOJQ"),
				transfertest.Text("Security: recovery email: provider", "fastmail"),
				transfertest.Hidden("Security: recovery email", "rescue@example.org"),
				transfertest.Text("Security: phone", "+44 20 7946 0018"),
				transfertest.Link("Security: portal", "https://portal.example.com/a,b"),
				transfertest.Text("Security: born", "1981-01-01"),
				transfertest.Text("Security: valid until", "2099-12"),
				transfertest.Text("Security: home", "1312 Main St.\nFlat 2\nAtlantis\nCalifornia\n90210\nus"),
				transfertest.Hidden("Security: card", "6011111111111117"),
				transfertest.Text("Security: colour", "green"),
				transfertest.Text("Security: see also", "A note"),
				transfertest.Text("Field", "a value without a title"),
			},
			PasswordHistory: []item.OldPassword{
				{Password: "newer password", Until: transfertest.Time("2019-05-20T03:19:15Z")},
				{Password: "12345password", Until: transfertest.Time("2016-03-18T17:32:35Z")},
			},
		},
		{
			Type: item.TypeNote, Title: "A note",
			Notes:    "Only text\r\nof a note",
			Tags:     []string{"Personal"},
			Created:  transfertest.Time("2021-04-26T19:28:02Z"),
			Modified: transfertest.Time("2021-04-26T19:30:47Z"),
			Archived: transfertest.Time("2021-04-26T19:30:47Z"),
		},
		{
			Type: item.TypeCard, Title: "Parents' Credit Card",
			Notes:    "not ours",
			Tags:     []string{"Personal"},
			Created:  transfertest.Time("2021-04-26T19:28:02Z"),
			Modified: transfertest.Time("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				transfertest.Text("valid from", "2001-01"),
				transfertest.Text("Contact Information: issuing bank", "Some bank"),
				transfertest.Text("Contact Information: phone (intl)", "+49123456"),
				transfertest.Link("Contact Information: website", "somebank.com"),
				transfertest.Hidden("Additional Details: PIN", "1234"),
				transfertest.Text("Additional Details: credit limit", "$1312"),
			},
			Card: &item.Card{Brand: "discover", Code: "0312", ExpiryMonth: "7", ExpiryYear: "2031", Holder: "Fred Engels", Number: "6011111111111117"},
		},
		{
			Type: item.TypeIdentity, Title: "George Engels",
			Username: "gengels",
			Tags:     []string{"Personal"},
			Created:  transfertest.Time("2021-04-26T19:28:02Z"),
			Modified: transfertest.Time("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				transfertest.Text("Identification: sex", "male"),
				transfertest.Text("Identification: birth date", "1981-01-01"),
				transfertest.Text("Identification: job title", "QA Manager"),
				transfertest.Text("Address: home", "4575555555"),
				transfertest.Text("Internet Details: website", "cv.gengels.nullvalue.test"),
			},
			Identity: &item.Identity{Address: "1312 Main St.", City: "Atlantis", Company: "Acme, Inc.", Country: "US", Email: "gengels@nullvalue.test", FirstName: "George", LastName: "Engels", MiddleName: "S", Phone: "4565555555", PostalCode: "90210", State: "California"},
		},
		{
			Type: item.TypeLogin, Title: "SuperSecret",
			URLs:     []string{"https://n0t.y0ur.test"},
			Password: "GBq[AGb]4*Si3tjwuab^",
			Tags:     []string{"Personal"},
			Created:  transfertest.Time("2021-04-26T19:28:02Z"),
			Modified: transfertest.Time("2021-04-26T19:30:47Z"),
		},
		{
			Type: item.TypeNote, Title: "Passport scan",
			Tags:     []string{"Personal"},
			Created:  transfertest.Time("2021-04-26T19:28:02Z"),
			Modified: transfertest.Time("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				transfertest.Text("Category", "Document"),
			},
		},
		{
			Type: item.TypeBankAccount, Title: "Bank",
			Tags:     []string{"Team, „Köln“"},
			Created:  transfertest.Time("2021-04-26T19:28:02Z"),
			Modified: transfertest.Time("2021-04-26T19:30:47Z"),
			BankAccount: &item.BankAccount{
				AccountNumber: "192837465918273645", AccountType: "checking", BankName: "Super Credit Union", Holder: "Cool Guy", PIN: "5555",
			},
		},
		{
			Type: item.TypePassport, Title: "Mr. Globewide",
			Tags:     []string{"Team, „Köln“"},
			Created:  transfertest.Time("2021-04-26T19:28:02Z"),
			Modified: transfertest.Time("2021-04-26T19:30:47Z"),
			Passport: &item.Passport{
				Country: "United States of America", Expires: "2050-01-01", Name: "David Global", Number: "76436847", Sex: "female",
			},
		},
		{
			Type: item.TypeLogin, Title: "Super Cool Server",
			URLs:     []string{"https://coolserver.nullvalue.test"},
			Username: "frankly-notsure",
			Password: "*&YHJI87yhjiuj,",
			Tags:     []string{"Team, „Köln“"},
			Created:  transfertest.Time("2021-04-26T19:28:02Z"),
			Modified: transfertest.Time("2021-04-26T19:30:47Z"),
			Trashed:  transfertest.Time("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				transfertest.Text("Category", "Server"),
			},
		},
		{
			Type: item.TypeSSHKey, Title: "deploy key",
			Tags:     []string{"Team, „Köln“"},
			Created:  transfertest.Time("2021-04-26T19:28:02Z"),
			Modified: transfertest.Time("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				transfertest.Text("SSH key: key type", "ed25519"),
			},
			SSHKey: &item.SSHKey{Fingerprint: "SHA256:exampleFingerprint", Private: "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIExample\n-----END PRIVATE KEY-----\n", Public: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample"},
		},
		{
			Type: item.TypeLogin, Title: "Email Config",
			Username: "someuser@nullvalue.test",
			Password: "u1jsf<UI*&YU&^T",
			Tags:     []string{"Team, „Köln“"},
			Created:  transfertest.Time("2021-04-26T19:28:02Z"),
			Modified: transfertest.Time("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				transfertest.Text("type", "either"),
				transfertest.Text("server", "mail.nullvalue.test"),
				transfertest.Text("SMTP: port number", "589"),
				transfertest.Hidden("SMTP: password", "(*1674%^UIUJ*"),
				transfertest.Text("Category", "Email account"),
			},
		},
		{
			Type: item.TypeAPIKey, Title: "API Credential",
			Tags:     []string{"Team, „Köln“"},
			Created:  transfertest.Time("2021-04-26T19:28:02Z"),
			Modified: transfertest.Time("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				transfertest.Text("type", "jwt"),
			},
			APIKey: &item.APIKey{Expires: "2020-01-01", Hostname: "not.your.test", Key: "key-value-12", Username: "apiuser"},
		},
		{
			Type: item.TypeLogin, Title: "Later version",
			Username: "alias@example.net",
			Tags:     []string{"Team, „Köln“"},
			Created:  transfertest.Time("2021-04-26T19:28:02Z"),
			Modified: transfertest.Time("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				transfertest.Text("u: provider", "masked"),
				transfertest.Text("sso: sso login item item uuid", "i"),
				transfertest.Text("sso: sso login item vault uuid", "v"),
				transfertest.Text("sso: sso login provider", "Google"),
				transfertest.Text("Something new deep", "kept too"),
			},
		},
		{
			Type: item.TypeLogin, Title: "Of an older export",
			Username: "older",
			Tags:     []string{"Team, „Köln“"},
			Created:  transfertest.Time("2021-04-26T19:28:02Z"),
			Modified: transfertest.Time("2021-04-26T19:30:47Z"),
		},
	})
	transfertest.SameProblems(t, got,
		transfer.Problem{Title: "nobody.txt", Code: parcel.UnclaimedFile})
	transfertest.SameFiles(t, got.Items[0], transfer.Attached{Name: "scan.txt", Data: []byte("hello scan\n")})
	transfertest.SameFiles(t, got.Items[5], transfer.Attached{Name: "passport (1).pdf", Data: []byte("%PDF-1.4 fake\n")})
}

func Test1PasswordCSV(t *testing.T) {
	got := transfertest.Sample(t, "onepassword/current.csv", "1password-csv")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Büro 日本",
			URLs:      []string{"https://a.example.com"},
			Username:  "ex",
			Password:  `p"a,s;s`,
			TOTP:      "otpauth://totp/Example:ex?secret=JBSWY3DPEHPK3PXP&issuer=Example",
			Notes:     "line one\nline \"two\"",
			Tags:      []string{"Work", "Starter Kit"},
			Favourite: true,
		},
		{
			Type: item.TypeLogin, Title: "Old one",
			URLs:     []string{"www.bank.example"},
			Username: "me",
			Password: "pw",
			Tags:     []string{"Archived"},
		},
		{
			Type: item.TypeNote, Title: "A note",
			Notes: "just text",
		},
	})
	transfertest.SameProblems(t, got,
		transfer.Problem{Row: 5, Code: parcel.ColumnCount, Values: parcel.Values{Count: 2, Limit: 9}})
}

func Test1Password7CSVImportsUnknownColumns(t *testing.T) {
	got := transfertest.Sample(t, "onepassword/version7.csv", "1password-csv")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "1Password Account",
			URLs:     []string{"https://my.1password.com"},
			Username: "email@example.com",
			Password: "the account password",
			Notes:    "You can use this.",
			Tags:     []string{"Starter Kit"},
			Fields: []item.Field{
				transfertest.Text("SECTION 1: KEY", "Secret Key"),
				transfertest.Hidden("KEY 1: SECRET KEY", "A3-76TR2N"),
			},
		},
	})
	transfertest.SameProblems(t, got)
}
