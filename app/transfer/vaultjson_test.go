package transfer_test

import (
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

const (
	bankCode  = "otpauth://totp/Bank?secret=JBSWY3DPEHPK3PXP"
	bankNotes = "line one\nline two 😀"
	bankPass  = `pä,"ss`
)

func visa() *item.Card {
	return &item.Card{Holder: "Anna Kern", Number: "4111111111111111", ExpiryMonth: "3", ExpiryYear: "2028", Code: "123"}
}

func TestEnpassJSON(t *testing.T) {
	t.Parallel()
	made, changed := time.Unix(1710411072, 0), time.Unix(1713186855, 0)
	card := visa()
	card.Brand = "Visa"
	got := transfertest.Sample(t, "enpass/export.json", "enpass-json")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Bank, north", Username: "anna", Password: bankPass, Favourite: true, Tags: []string{"Money/Été"},
			URLs: []string{"https://bank.example/?a=1", "https://pay.example", "androidapp://com.example.bank"}, TOTP: bankCode,
			Notes: "line one\nline \"two\" 😀", Created: made, Modified: changed,
			Fields: []item.Field{{Name: "E-mail", Value: "anna@example.org"}, transfertest.Hidden("Security answer", "blue"),
				transfertest.Hidden("Security answer (older)", "red"), transfertest.Hidden("Second password", "two")},
			PasswordHistory: []item.OldPassword{{Password: "newer", Until: time.Unix(1645000000, 0)}, {Password: "older", Until: time.Unix(1640000000, 0)}},
		},
		{
			Type: item.TypeCard, Title: "Visa", Created: made, Modified: changed, Archived: changed, Trashed: changed, Card: card,
			Fields: []item.Field{transfertest.Hidden("PIN", "0042"), {Name: "Bank", Value: "Bank AG"}},
		},
		{
			Type: item.TypeIdentity, Title: "Me", Identity: &item.Identity{FirstName: "Anna", LastName: "Kern", Email: "anna@example.org"},
			Fields: []item.Field{{Name: "Occupation", Value: "Pilot"}},
		},
		{Type: item.TypeNote, Title: "Note", Notes: "remember"},
		{
			Type: item.TypeLogin, Title: "Wi-Fi", Password: "x",
			Fields: []item.Field{{Name: "Category", Value: "Computer"}, {Name: "Network", Value: "home"}, {Name: "Subtitle", Value: "router at home"}},
		},
	})
	transfertest.SameProblems(t, got,
		transfer.Problem{Row: 1, Title: "Bank, north", Code: parcel.EncryptedOldPassword},
		transfer.Problem{Row: 1, Title: "Bank, north", Code: parcel.AttachmentDamaged, Values: parcel.Values{Name: "broken.txt"}},
		transfer.Problem{Row: 6, Code: parcel.MalformedItem})
	if files := got.Items[0].Files; len(files) != 1 || files[0].Name != "hello.txt" || string(files[0].Data) != "hello" {
		t.Errorf("files %q", files)
	}
}

func TestEnpassCSV(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "enpass/export.csv", "enpass-csv")
	transfertest.Same(t, got, []item.Item{
		{Type: item.TypeLogin, Title: "Mail", Username: "w", Password: "x"},
		{
			Type: item.TypeLogin, Title: "Bank, north", Username: "anna", Password: bankPass, URLs: []string{"https://bank.example", "https://pay.example"},
			TOTP: "JBSWY3DPEHPK3PXP", Notes: bankNotes, Fields: []item.Field{{Name: "E-mail", Value: "anna@example.org"}, transfertest.Hidden("Security answer", "blue")},
		},
		{Type: item.TypeNote, Title: "Note", Notes: "remember"},
		{
			Type: item.TypeCard, Title: "Visa", Card: &item.Card{Holder: "Anna Kern", Number: "4111111111111111"},
			Fields: []item.Field{transfertest.Hidden("PIN", "0042")},
		},
	})
	transfertest.SameProblems(t, got, transfer.Problem{Row: 5, Code: parcel.UnclosedQuote})
}

func TestKeeperJSON(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "keeper/export.json", "keeper-json")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Bank, north", Username: "anna", Password: bankPass, Notes: bankNotes, TOTP: bankCode,
			Tags: []string{`Money/Name/with\both`, "Team"}, Modified: time.Unix(1713186855, 0),
			URLs: []string{"https://bank.example/?a=1", "https://pay.example", "https://other.example", "https://account.example"},
			Fields: []item.Field{
				{Name: "Bank account: account number", Value: "8472651938", Kind: item.FieldHidden}, {Name: "Bank account: account type", Value: "Checking"},
				{Name: "Bank account: routing number", Value: "121000248"}, {Name: "Renewal", Value: "2024-10-15"}, {Name: "Host name", Value: "db.example"},
				{Name: "Port", Value: "3306"}, transfertest.Hidden("One time code", "otpauth://totp/Two?secret=GEZDGNBV"), transfertest.Hidden("PIN code", "0042"),
				transfertest.Hidden("API key", "s3cret"), transfertest.Hidden("API key", "s3cret too"), transfertest.Hidden("First pet?", "Rex"), {Name: "Favourite Food", Value: "Cheetos"},
				{Name: "home", Value: "Home"},
			},
		},
		{
			Type: item.TypeCard, Title: "Visa", Modified: time.Unix(1713186855, 0), Card: visa(), Fields: []item.Field{transfertest.Hidden("PIN code", "0042")},
		},
		{
			Type: item.TypeIdentity, Title: "Home", Fields: []item.Field{
				{Name: "Login", Value: "someone"}, transfertest.Hidden("Password", "x"), {Name: "Birth date", Value: "1990-07-22"}, {Name: "Phone: type", Value: "Home"},
			},
			Identity: &item.Identity{
				FirstName: "Anna", MiddleName: "B", LastName: "Kern", Address: "1 Street\nHouse", City: "Town", State: "Oregon", PostalCode: "97477",
				Country: "US", Phone: "US 5415558723", Email: "anna@example.org",
			},
		},
		{
			Type: item.TypeSSHKey, Title: "Server key", Fields: []item.Field{{Name: "Login", Value: "deploy"}, {Name: "Host name", Value: "prod.example"}, {Name: "Port", Value: "22"}},
			SSHKey: &item.SSHKey{Public: "ssh-ed25519 AAAA anna", Private: "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----"},
		},
		{Type: item.TypeNote, Title: "Note", Notes: "remember", Fields: []item.Field{{Name: "Date", Value: "2024-10-15"}}},
		{Type: item.TypePassport, Title: "Passport", Passport: &item.Passport{Number: "543826194"}},
		{
			Type: item.TypeLogin, Title: "Database", Username: "db", Password: "x",
			Fields: []item.Field{{Name: "Type", Value: "Database credentials"}, {Name: "Type", Value: "MySQL"}},
		},
	})
	transfertest.SameProblems(t, got, transfer.Problem{Row: 8, Code: parcel.MalformedItem})
}

func TestKeeperCSV(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "keeper/keeper.csv", "keeper-csv")
	transfertest.Same(t, got, []item.Item{
		{Type: item.TypeLogin, Title: "First", Username: "a", Password: "x"},
		{
			Type: item.TypeLogin, Title: "Bank, north", Username: "anna", Password: bankPass, URLs: []string{"https://bank.example"}, Notes: bankNotes,
			TOTP: bankCode, Tags: []string{"Money/Own", "Team"}, Fields: []item.Field{{Name: "Favourite Food", Value: "Cheetos"}, transfertest.Hidden("PIN code", "0042")},
		},
		{Type: item.TypeNote, Title: "Note", Notes: "remember"},
		{Type: item.TypeLogin, Title: "Short", Username: "anna", Password: "x", URLs: []string{"https://mail.example"}},
		{Type: item.TypeLogin, Title: "Odd", Username: "anna", Password: "x", Fields: []item.Field{transfertest.Hidden("Column", "name without a value")}},
	})
	transfertest.SameProblems(t, got)
}

func TestPsono(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "psono/export.json", "psono")
	transfertest.Same(t, got, []item.Item{
		{Type: item.TypeLogin, Title: "App", Username: "anna", Password: "x"},
		{Type: item.TypeLogin, Title: "Code", TOTP: "otpauth://totp/?secret=GEZDGNBV&algorithm=SHA256&digits=8&period=60", Notes: "n"},
		{Type: item.TypeNote, Title: "Note", Notes: "remember"},
		{Type: item.TypeLogin, Title: "Page", URLs: []string{"https://page.example"}},
		{Type: item.TypeNote, Title: "Env", Fields: []item.Field{transfertest.Hidden("TOKEN", "s3cret"), transfertest.Hidden("HOST", "h")}},
		{
			Type: item.TypeNote, Title: "GPG", Fields: []item.Field{transfertest.Hidden("Private key", "PRIVATE"), {Name: "Email", Value: "anna@example.org"},
				{Name: "Name", Value: "Anna"}, {Name: "Public", Value: "PUBLIC"}},
		},
		{Type: item.TypeSSHKey, Title: "SSH", SSHKey: &item.SSHKey{Public: "ssh-ed25519 AAAA", Private: "-----BEGIN"}},
		{
			Type: item.TypeIdentity, Title: "Me", Identity: &item.Identity{FirstName: "Anna", LastName: "Kern", Email: "anna@example.org", Phone: "1"},
		},
		{Type: item.TypeNote, Title: "Tax", Fields: []item.Field{transfertest.Hidden("Password", "x"), {Name: "Retrieval code", Value: "r"}}},
		{
			Type: item.TypeLogin, Title: "Bank, north", Username: "anna", Password: bankPass, URLs: []string{"https://bank.example/?a=1"}, Notes: bankNotes,
			TOTP: "JBSWY3DPEHPK3PXP", Tags: []string{"Money", "été"}, Created: csvMade, Modified: csvChanged,
			Fields: []item.Field{transfertest.Hidden("PIN", "0042"), {Name: "Branch", Value: "Main St"}, transfertest.Hidden("Callback password", "h00k"), {Name: "Callback URL", Value: "https://hook.example"}},
		},
		{
			Type: item.TypeCard, Title: "Visa", Card: visa(), Tags: []string{"Money/Own"}, Created: csvMade, Modified: csvChanged,
			Fields: []item.Field{transfertest.Hidden("PIN", "0042")},
		},
	})
	transfertest.SameProblems(t, got, transfer.Problem{Row: 10, Code: parcel.MalformedItem})
}
