package transfer_test

import (
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

var (
	csvMade    = time.Date(2024, 3, 14, 10, 11, 12, 0, time.UTC)
	csvChanged = time.Date(2024, 4, 15, 13, 14, 15, 0, time.UTC)
)

func TestKeepassCSV(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "keepass/keepass1.csv", "keepass-csv")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: `Bank "north"`, Username: "anna@example.org", Password: `p\ä,"ss"`, URLs: []string{"https://bank.example/?a=1"},
			Notes: "line one\r\nline \"two\", 😀",
		},
		{Type: item.TypeNote, Title: "Only a note", Notes: "remember"},
		{Type: item.TypeLogin, Title: "mail.example", Username: "w", Password: "x", URLs: []string{"https://www.mail.example"}},
	})
	transfertest.SameProblems(t, got, transfer.Problem{Row: 5, Code: parcel.UnclosedQuote})

	made, changed := time.Date(2010, 1, 2, 3, 4, 5, 0, time.UTC), time.Date(2012, 2, 29, 23, 59, 59, 0, time.UTC)
	got = transfertest.Sample(t, "keepass/keepass1-all.csv", "keepass-csv")
	transfertest.Same(t, got, []item.Item{
		{Type: item.TypeLogin, Title: "Bank", Username: "anna", Password: "x", Tags: []string{"General/Mail/Work"}, Created: made, Modified: changed},
		{
			Type: item.TypeLogin, Title: "Soon", Username: "anna", Password: "x", Tags: []string{"General"}, Created: made, Modified: changed,
			Fields: []item.Field{{Name: "Expires", Value: "2030-01-02T03:04:05"}},
		},
	})
	transfertest.SameProblems(t, got)
}

func TestKeepassXCCSV(t *testing.T) {
	t.Parallel()
	made, changed := time.Date(2021, 3, 4, 5, 6, 7, 0, time.UTC), time.Date(2024, 2, 29, 23, 59, 58, 0, time.UTC)
	got := transfertest.Sample(t, "keepass/keepassxc.csv", "keepassxc-csv")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: `Bank "north"`, Username: "anna@example.org", Password: `p,ä"ss`, URLs: []string{"https://bank.example/?a=1"},
			Notes: "line one\nline two 😀", TOTP: "otpauth://totp/Bank:anna?secret=JBSWY3DPEHPK3PXP&period=30&digits=6&issuer=Bank", Tags: []string{"Money"},
			Created: made, Modified: changed,
		},
		{Type: item.TypeLogin, Title: "At the top", Password: "x", Created: made, Modified: changed},
		{
			Type: item.TypeLogin, Title: "Gone", Username: "g", Tags: []string{"Old"}, Created: made, Modified: changed,
			Trashed: changed,
		},
		{Type: item.TypeNote, Title: "Only a note", Notes: "remember", Tags: []string{"Notes"}, Fields: []item.Field{{Name: "last modified", Value: "soon"}}},
	})
	transfertest.SameProblems(t, got, transfer.Problem{Row: 5, Code: parcel.ColumnCount, Values: parcel.Values{Count: 3, Limit: 10}})
}

func TestPassboltCSV(t *testing.T) {
	t.Parallel()
	transfertest.Same(t, transfertest.Sample(t, "passbolt/kdbx.csv", "passbolt-csv"), []item.Item{
		{
			Type: item.TypeLogin, Title: "Bank, north", Username: "anna@example.org", Password: `p"ä`, URLs: []string{"https://bank.example"},
			Notes: "line one\nline two", TOTP: "otpauth://totp/Bank:anna?secret=JBSWY3DPEHPK3PXP&issuer=Bank", Tags: []string{"Team/Money"},
		},
		{Type: item.TypeNote, Title: "Note", Notes: "remember"},
	})
	transfertest.Same(t, transfertest.Sample(t, "passbolt/1password.csv", "passbolt-csv"), []item.Item{
		{Type: item.TypeLogin, Title: "Bank", Username: "anna", Password: "x", URLs: []string{"https://bank.example"}},
		{Type: item.TypeLogin, Title: "Other", Username: "anna", Password: "x", Fields: []item.Field{{Name: "Type", Value: "Server"}}},
	})
}

func TestStrongboxCSV(t *testing.T) {
	t.Parallel()
	transfertest.Same(t, transfertest.Sample(t, "strongbox/export.csv", "strongbox-csv"), []item.Item{
		{
			Type: item.TypeLogin, Title: `Bank, "north"`, Username: "anna", Password: "pä ss", URLs: []string{"https://bank.example"},
			TOTP: "otpauth://totp/Bank?secret=JBSWY3DPEHPK3PXP", Notes: "line one\r\nline two 😀", Fields: []item.Field{{Name: "Email", Value: "anna@example.org"}},
		},
		{Type: item.TypeLogin, Title: "Mail", Username: "w@mail.example", Password: "x"},
		{Type: item.TypeNote, Title: "Note", Notes: "remember"},
	})
}

func TestAliasVaultCSV(t *testing.T) {
	t.Parallel()
	transfertest.Same(t, transfertest.Sample(t, "aliasvault/export.csv", "aliasvault-csv"), []item.Item{
		{
			Type: item.TypeLogin, Title: `Bank "north"`, Username: "anna", Password: "p,ä", URLs: []string{"https://bank.example/?a=1,2", "https://pay.example"},
			TOTP: "JBSWY3DPEHPK3PXP", Notes: "line one\r\nline two 😀", Tags: []string{"Money/Own"}, Created: csvMade, Modified: csvChanged,
			Fields: []item.Field{{Name: "Email", Value: "anna.k@alias.example"}, {Name: "Birth date", Value: "04/03/1990"},
				{Name: "Gender", Value: "Female"}, {Name: "First name", Value: "Anna"}, {Name: "Last name", Value: "Kern"}},
		},
		{
			Type: item.TypeCard, Title: "Visa", Created: csvMade, Modified: csvChanged,
			Card:   &item.Card{Holder: "Anna Kern", Number: "4111111111111111", ExpiryMonth: "3", ExpiryYear: "2028", Code: "123"},
			Fields: []item.Field{{Name: "PIN", Value: "0042", Kind: item.FieldHidden}},
		},
		{
			Type: item.TypeLogin, Title: "Shop", Username: "s@alias.example", Password: "x", URLs: []string{"https://shop.example"}, Created: csvMade,
			Fields: []item.Field{{Name: "updatedat", Value: "never"}},
		},
	})
	transfertest.Same(t, transfertest.Sample(t, "aliasvault/older.csv", "aliasvault-csv"), []item.Item{{
		Type: item.TypeLogin, Title: "Bank", Username: "anna", Password: "x", URLs: []string{"https://bank.example"}, Notes: "remember", Created: csvMade,
		Fields: []item.Field{{Name: "Gender", Value: "Male"}},
	}})
}

func TestDropboxCSV(t *testing.T) {
	t.Parallel()
	transfertest.Same(t, transfertest.Sample(t, "dropbox/export.csv", "dropbox-csv"), []item.Item{
		{
			Type: item.TypeLogin, Title: "Bank, north", Username: "anna", Password: `p"ä`, URLs: []string{"https://bank.example"},
			Notes: "line one\r\nline two 😀",
		},
		{
			Type: item.TypeCard, Title: "Visa",
			Card: &item.Card{Holder: "Anna Kern", Number: "4111111111111111", ExpiryMonth: "3", ExpiryYear: "2028", Code: "123"},
		},
		{Type: item.TypeNote, Title: "Note", Notes: "remember"},
	})
	transfertest.Same(t, transfertest.Sample(t, "dropbox/older.csv", "dropbox-csv"), []item.Item{
		{Type: item.TypeLogin, Title: "Bank", Username: "anna", Password: "x", URLs: []string{"https://bank.example"}},
		{Type: item.TypeNote, Title: "Note", Notes: "remember"},
	})
}
