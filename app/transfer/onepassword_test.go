package transfer_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

func Test1PUX(t *testing.T) {
	got := sampleZIP(t, "onepassword/full.1pux", "1password-1pux")
	same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Dropbox „Büro“ 日本",
			URLs:      []string{"https://www.dropbox.com/", "https://admin.dropbox.com"},
			Username:  "wendy@example.com",
			Password:  "most-secure \"password\", ever;\t🔒",
			TOTP:      "otpauth://totp/Dropbox:wendy?secret=JBSWY3DPEHPK3PXP&issuer=Dropbox",
			Notes:     "This is a note. *bold*!\nsecond line, with \"quotes\"",
			Tags:      []string{"Personal", "Work", "Cloud/Files"},
			Favourite: true,
			Created:   at("2021-04-26T19:28:02Z"),
			Modified:  at("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				text("Label of https://admin.dropbox.com", "admin area"),
				hidden("memorable", "second factor word"),
				yesNo("remember_me", "true"),
				text("branch", "branch 7"),
				hidden("Security: PIN", "12345"),
				hidden("Security: backup code generator", "GEZDGNBVGY3TQOJQ"),
				text("Security: recovery email: provider", "fastmail"),
				hidden("Security: recovery email", "rescue@example.org"),
				text("Security: phone", "+44 20 7946 0018"),
				link("Security: portal", "https://portal.example.com/a,b"),
				text("Security: born", "1981-01-01"),
				text("Security: valid until", "2099-12"),
				text("Security: home", "1312 Main St.\nFlat 2\nAtlantis\nCalifornia\n90210\nus"),
				hidden("Security: card", "6011111111111117"),
				text("Security: colour", "green"),
				text("Security: see also", "A note"),
				text("Field", "a value without a title"),
			},
			PasswordHistory: []item.OldPassword{
				{Password: "newer password", Until: at("2019-05-20T03:19:15Z")},
				{Password: "12345password", Until: at("2016-03-18T17:32:35Z")},
			},
		},
		{
			Type: item.TypeNote, Title: "A note",
			Notes:    "Only text\r\nof a note",
			Tags:     []string{"Personal", "Archived"},
			Created:  at("2021-04-26T19:28:02Z"),
			Modified: at("2021-04-26T19:30:47Z"),
		},
		{
			Type: item.TypeCard, Title: "Parents' Credit Card",
			Notes:    "not ours",
			Tags:     []string{"Personal"},
			Created:  at("2021-04-26T19:28:02Z"),
			Modified: at("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				text("valid from", "2001-01"),
				text("Contact Information: issuing bank", "Some bank"),
				text("Contact Information: phone (intl)", "+49123456"),
				link("Contact Information: website", "somebank.com"),
				hidden("Additional Details: PIN", "1234"),
				text("Additional Details: credit limit", "$1312"),
			},
			Card: &item.Card{Brand: "discover", Code: "0312", ExpiryMonth: "7", ExpiryYear: "2031", Holder: "Fred Engels", Number: "6011111111111117"},
		},
		{
			Type: item.TypeIdentity, Title: "George Engels",
			Username: "gengels",
			Tags:     []string{"Personal"},
			Created:  at("2021-04-26T19:28:02Z"),
			Modified: at("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				text("Identification: sex", "male"),
				text("Identification: birth date", "1981-01-01"),
				text("Identification: job title", "QA Manager"),
				text("Address: home", "4575555555"),
				text("Internet Details: website", "cv.gengels.nullvalue.test"),
			},
			Identity: &item.Identity{Address: "1312 Main St.", City: "Atlantis", Company: "Acme, Inc.", Country: "US", Email: "gengels@nullvalue.test", FirstName: "George", LastName: "Engels", MiddleName: "S", Phone: "4565555555", PostalCode: "90210", State: "California"},
		},
		{
			Type: item.TypeLogin, Title: "SuperSecret",
			URLs:     []string{"https://n0t.y0ur.test"},
			Password: "GBq[AGb]4*Si3tjwuab^",
			Tags:     []string{"Personal"},
			Created:  at("2021-04-26T19:28:02Z"),
			Modified: at("2021-04-26T19:30:47Z"),
		},
		{
			Type: item.TypeNote, Title: "Passport scan",
			Tags:     []string{"Personal"},
			Created:  at("2021-04-26T19:28:02Z"),
			Modified: at("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				text("Category", "Document"),
			},
		},
		{
			Type: item.TypeNote, Title: "Bank",
			Tags:     []string{"Team, „Köln“"},
			Created:  at("2021-04-26T19:28:02Z"),
			Modified: at("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				text("bank name", "Super Credit Union"),
				text("name on account", "Cool Guy"),
				text("type", "checking"),
				hidden("account number", "192837465918273645"),
				hidden("PIN", "5555"),
				text("Category", "Bank account"),
			},
		},
		{
			Type: item.TypeIdentity, Title: "Mr. Globewide",
			Tags:     []string{"Team, „Köln“"},
			Created:  at("2021-04-26T19:28:02Z"),
			Modified: at("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				text("sex", "female"),
				text("expiry date", "2050-01-01"),
				text("Category", "Passport"),
			},
			Identity: &item.Identity{Country: "United States of America", FirstName: "David", LastName: "Global", Passport: "76436847"},
		},
		{
			Type: item.TypeLogin, Title: "Super Cool Server",
			URLs:     []string{"https://coolserver.nullvalue.test"},
			Username: "frankly-notsure",
			Password: "*&YHJI87yhjiuj,",
			Tags:     []string{"Team, „Köln“"},
			Created:  at("2021-04-26T19:28:02Z"),
			Modified: at("2021-04-26T19:30:47Z"),
			Trashed:  at("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				text("Category", "Server"),
			},
		},
		{
			Type: item.TypeSSHKey, Title: "deploy key",
			Tags:     []string{"Team, „Köln“"},
			Created:  at("2021-04-26T19:28:02Z"),
			Modified: at("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				text("SSH key: key type", "ed25519"),
			},
			SSHKey: &item.SSHKey{Fingerprint: "SHA256:exampleFingerprint", Private: "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIExample\n-----END PRIVATE KEY-----\n", Public: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample"},
		},
		{
			Type: item.TypeLogin, Title: "Email Config",
			Username: "someuser@nullvalue.test",
			Password: "u1jsf<UI*&YU&^T",
			Tags:     []string{"Team, „Köln“"},
			Created:  at("2021-04-26T19:28:02Z"),
			Modified: at("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				text("type", "either"),
				text("server", "mail.nullvalue.test"),
				text("SMTP: port number", "589"),
				hidden("SMTP: password", "(*1674%^UIUJ*"),
				text("Category", "Email account"),
			},
		},
		{
			Type: item.TypeLogin, Title: "API Credential",
			Username: "apiuser",
			Password: "key-value-12",
			Tags:     []string{"Team, „Köln“"},
			Created:  at("2021-04-26T19:28:02Z"),
			Modified: at("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				text("type", "jwt"),
				text("hostname", "not.your.test"),
				text("expires", "2020-01-01"),
				text("Category", "API credential"),
			},
		},
		{
			Type: item.TypeLogin, Title: "Later version",
			Username: "alias@example.net",
			Tags:     []string{"Team, „Köln“"},
			Created:  at("2021-04-26T19:28:02Z"),
			Modified: at("2021-04-26T19:30:47Z"),
			Fields: []item.Field{
				text("u: provider", "masked"),
				text("sso: sso login item item uuid", "i"),
				text("sso: sso login item vault uuid", "v"),
				text("sso: sso login provider", "Google"),
				text("Something new deep", "kept too"),
			},
		},
		{
			Type: item.TypeLogin, Title: "Of an older export",
			Username: "older",
			Tags:     []string{"Team, „Köln“"},
			Created:  at("2021-04-26T19:28:02Z"),
			Modified: at("2021-04-26T19:30:47Z"),
		},
	})
	sameProblems(t, got,
		transfer.Problem{Title: "nobody.txt", Reason: "the file belongs to no entry of the export"})
	sameFiles(t, got.Items[0], transfer.Attached{Name: "scan.txt", Data: []byte("hello scan\n")})
	sameFiles(t, got.Items[5], transfer.Attached{Name: "passport (1).pdf", Data: []byte("%PDF-1.4 fake\n")})
}

func Test1PasswordCSV(t *testing.T) {
	got := sample(t, "onepassword/current.csv", "1password-csv")
	same(t, got, []item.Item{
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
	sameProblems(t, got,
		transfer.Problem{Row: 5, Reason: "there are 2 values for 9 columns"})
}

func Test1Password7CSVKeepsColumnsThatItDoesNotKnow(t *testing.T) {
	got := sample(t, "onepassword/version7.csv", "1password-csv")
	same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "1Password Account",
			URLs:     []string{"https://my.1password.com"},
			Username: "email@example.com",
			Password: "the account password",
			Notes:    "You can use this.",
			Tags:     []string{"Starter Kit"},
			Fields: []item.Field{
				text("SECTION 1: KEY", "Secret Key"),
				hidden("KEY 1: SECRET KEY", "A3-76TR2N"),
			},
		},
	})
	sameProblems(t, got)
}
