package onepassword_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

func Test1PIF(t *testing.T) {
	t.Parallel()
	made, changed := time.Unix(1_500_000_001, 0), time.Unix(1_600_000_002, 0)
	got := transfertest.Sample(t, "onepassword/export.1pif", "1password-1pif")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Bank", URLs: []string{"https://bank.example", "https://m.bank.example"}, Username: "anna", Password: `pä,"ss`,
			TOTP: "otpauth://totp/Bank:anna?secret=JBSWY3DPEHPK3PXP", Notes: "line one\nline two", Tags: []string{"Home/Money", "blue", "green"}, Favourite: true,
			Created: made, Modified: changed,
			Fields: []item.Field{
				transfertest.Text("Label of https://m.bank.example", "mobile"), transfertest.YesNo("remember", item.True), transfertest.Text("branch", "North"),
				transfertest.Hidden("Extra: telephone code", "0042"), transfertest.Text("Extra: customer for", "12 years"), transfertest.Text("Extra: since", "2020-01-01"),
				transfertest.Link("Extra: help", "https://help.bank.example"),
			},
			PasswordHistory: []item.OldPassword{{Password: "newer", Until: time.Unix(1_450_000_000, 0)}, {Password: "older", Until: time.Unix(1_400_000_000, 0)}},
		},
		{
			Type: item.TypeCard, Title: "Card", Created: made, Modified: changed, Trashed: changed,
			Card:   &item.Card{Holder: "Anna Kern", Number: "4111111111111111", Code: "123", Brand: "visa", ExpiryMonth: "4", ExpiryYear: "2029"},
			Fields: []item.Field{transfertest.Hidden("PIN", "9876")},
		},
		{
			Type: item.TypeIdentity, Title: "Anna",
			Identity: &item.Identity{FirstName: "Anna", LastName: "Kern", Email: "anna@example.org", Address: "1 Street", City: "Town", PostalCode: "12345", Country: "DE"},
		},
		{Type: item.TypeBankAccount, Title: "Account", BankAccount: &item.BankAccount{AccountNumber: "12345", BankName: "First", PIN: "55"}},
		{Type: item.TypeLogin, Title: "Door", Password: "pw-door"},
		{Type: item.TypeLogin, Title: "Files", Username: "ftp-anna", Password: "pw-ftp", Fields: []item.Field{
			transfertest.Text("Server", "ftp.example"), transfertest.Text("Category", "FTP"), transfertest.Text("New member", "kept"),
		}},
	})
	transfertest.SameProblems(t, got)
}

// Older versions store a chosen day as local midnight, newer ones as noon in UTC, and some as the time of the choice.
func Test1PasswordDates(t *testing.T) {
	t.Parallel()
	midnight := transfertest.Time("1990-01-01T00:00:00Z")
	moments := []time.Time{midnight.Add(12 * time.Hour), midnight.Add(12*time.Hour + time.Minute), midnight.Add(18*time.Hour + 36*time.Minute + 13*time.Second)}
	for hours := -10; hours <= 11; hours++ {
		moments = append(moments, midnight.Add(-time.Duration(hours)*time.Hour))
	}
	for _, moment := range append(moments, midnight.Add(-13*time.Hour)) {
		got := transfertest.Read(t, "x.1pif", fmt.Sprintf(`{"uuid":"a","typeName":"webforms.WebForm","title":"a","secureContents":{"birthdate":%[1]d,
			"sections":[{"fields":[{"k":"date","n":"d","t":"issued","v":%[1]d}]}]}}`, moment.Unix()), transfer.Options{})
		transfertest.Same(t, got, []item.Item{{Title: "a", Fields: []item.Field{transfertest.Text("issued", "1990-01-01")}}})
	}
	got := transfertest.Read(t, "x.1pif", `{"uuid":"a","typeName":"identities.Identity","title":"a","secureContents":{"birthdate":631148400,"address1":"1 Street","city":"Town","zip":"12345","cellphone":"55"}}`, transfer.Options{})
	transfertest.Same(t, got, []item.Item{{
		Type: item.TypeIdentity, Title: "a", Identity: &item.Identity{Address: "1 Street", City: "Town", PostalCode: "12345", Phone: "55"}, Fields: []item.Field{transfertest.Text("Birthdate", "1990-01-01")},
	}})
}

// Objects that are not items are ignored, and secrets are hidden whatever their names.
func Test1PIFSecretsAreHidden(t *testing.T) {
	t.Parallel()
	got := transfertest.Read(t, "x.1pif", `{"uuid":"t","typeName":"system.Tombstone","title":""}
		{"uuid":"a","typeName":"webforms.WebForm","title":"a","secureContents":{"fields":[{"type":"T","name":"pin","value":"4711"},{"type":"T","name":"x","value":"4111111111111111"}],
		"sections":[{"fields":[{"k":"string","n":"c","t":"Mine","v":"4111 1111 1111 1111"}]}]}}
		{"uuid":"s","typeName":"wallet.computer.UnixServer","title":"s","secureContents":{"URL":"ssh.example","username":"root","password":"pw"}}`, transfer.Options{})
	transfertest.Same(t, got, []item.Item{
		{Title: "a", Fields: []item.Field{transfertest.Hidden("pin", "4711"), transfertest.Hidden("x", "4111111111111111"), transfertest.Hidden("Mine", "4111 1111 1111 1111")}},
		{Title: "s", Username: "root", Password: "pw", URLs: []string{"ssh.example"}, Fields: []item.Field{transfertest.Text("Category", "Server")}},
	})
}

func TestMalformed1PIFIsRejected(t *testing.T) {
	t.Parallel()
	const separator = "\n***5642bee8-a5ff-11dc-8314-0800200c9a66***\n"
	transfertest.Rejects(t, "data.1pif", []byte(`{"uuid":"a","typeName":"x","title":"cut`), "", transfer.ErrTruncated)
	transfertest.Rejects(t, "data.1pif", []byte(`{"uuid":"a"}`+separator+`[1]`+separator), "", transfer.ErrMalformed)
	transfertest.Rejects(t, "data.1pif", []byte(`{"uuid":"a"}`+separator+`null`+separator), "", transfer.ErrMalformed)
}
