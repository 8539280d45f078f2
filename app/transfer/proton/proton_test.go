package proton_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

func TestProtonZIP(t *testing.T) {
	t.Parallel()
	got := transfertest.SampleZIP(t, "proton/export.zip", "proton-zip")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Büro 日本 🔑",
			URLs: []string{"https://example.com/a,b", "https://exact.example.com/", "https://never.example.com/", "https://start.example.com/x", "https://*.example.com/*", "androidapp://com.example.app"},
			Match: map[string]item.MatchRule{
				"https://exact.example.com/":  item.MatchExact,
				"https://never.example.com/":  item.MatchNever,
				"https://start.example.com/x": item.MatchStarts,
			},
			Username:  "joe",
			Password:  "p\"a,s;s\t",
			TOTP:      "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP",
			Notes:     "first\nsecond \"line\"",
			Tags:      []string{"Personal/Work/Köln"},
			Favourite: true,
			Created:   transfertest.Time("2023-07-12T17:27:48Z"),
			Modified:  transfertest.Time("2023-07-12T17:28:28Z"),
			Fields: []item.Field{
				transfertest.Text("Email", "jörg@example.com"),
				transfertest.Hidden("Passkey: private key", "cGFzc2tleS1jb250ZW50"),
				transfertest.Text("Passkey: create time", "1700000000"),
				transfertest.Text("Passkey: creation data app version", "1.2"),
				transfertest.Text("Passkey: creation data device name", "laptop"),
				transfertest.Text("Passkey: creation data OS name", "Linux"),
				transfertest.Text("Passkey: creation data OS version", "6"),
				transfertest.Hidden("Passkey: credential ID", "Y3JlZA=="),
				transfertest.Text("Passkey: domain", "example.com"),
				transfertest.Text("Passkey: key ID", "key-id-1"),
				transfertest.Text("Passkey: RP ID", "example.com"),
				transfertest.Text("Passkey: RP name", "Example Inc."),
				transfertest.Text("Passkey: user display name", "Joe D."),
				transfertest.Text("Passkey: user handle", "aGFuZGxl"),
				transfertest.Text("Passkey: user ID", "dXNlcg=="),
				transfertest.Text("Passkey: user name", "joe"),
				transfertest.Text("Kundennummer", "4711"),
				transfertest.Hidden("Code", "geheim"),
				transfertest.Hidden("second 2fa", "GEZDGNBVGY3TQOJQ"),
				transfertest.Text("since", "2024-02-29"),
				transfertest.Text("Android: app name", "Example App"),
			},
		},
		{
			Type: item.TypeNote, Title: "Notiz",
			Notes:    "only text",
			Tags:     []string{"Personal"},
			Created:  transfertest.Time("2023-07-12T17:27:48Z"),
			Modified: transfertest.Time("2023-07-12T17:28:28Z"),
		},
		{
			Type: item.TypeCard, Title: "Visa",
			Notes:    "card note",
			Tags:     []string{"Personal"},
			Created:  transfertest.Time("2023-07-12T17:27:48Z"),
			Modified: transfertest.Time("2023-07-12T17:28:28Z"),
			Fields: []item.Field{
				transfertest.Hidden("PIN", "9876"),
			},
			Card: &item.Card{Code: "012", ExpiryMonth: "2", ExpiryYear: "2031", Holder: "A B", Number: "4242424242424242"},
		},
		{
			Type: item.TypeIdentity, Title: "Ich",
			Tags:     []string{"Personal"},
			Created:  transfertest.Time("2023-07-12T17:27:48Z"),
			Modified: transfertest.Time("2023-07-12T17:28:28Z"),
			Fields: []item.Field{
				transfertest.Text("shoe size", "39"),
				transfertest.Hidden("door", "1234"),
				transfertest.Text("desk", "17b"),
				transfertest.Text("Sizes: hat", "56"),
				transfertest.Hidden("Sizes: ring", "52"),
				transfertest.Text("Birthdate", "1964-08-12"),
				transfertest.Text("County", "Kreis"),
				transfertest.Text("Gender", "w"),
				transfertest.Text("Instagram", "ig"),
				transfertest.Text("Job title", "Chefin"),
				transfertest.Text("Linkedin", "li"),
				transfertest.Text("Organization", "Verein"),
				transfertest.Text("Second phone number", "+49 2"),
				transfertest.Text("Website", "https://e.example.com"),
				transfertest.Text("Work email", "work@example.com"),
				transfertest.Text("Work phone number", "+49 3"),
				transfertest.Text("X handle", "@e"),
			},
			Identity: &item.Identity{Address: "Weg 1\n3. OG", City: "Köln", Company: "Acme", Country: "DE", Email: "e@example.com", FirstName: "Erika", LastName: "Mustermann", License: "B072", MiddleName: "Maria", Passport: "C01X", Phone: "+49 1", PostalCode: "50667", SSN: "65 170839", State: "NRW"},
		},
		{
			Type: item.TypeLogin, Title: "Alias",
			Username: "alias.x@passinbox.com",
			Notes:    "for shops",
			Tags:     []string{"Personal"},
			Created:  transfertest.Time("2023-07-12T17:27:48Z"),
			Modified: transfertest.Time("2023-07-12T17:28:28Z"),
			Trashed:  transfertest.Time("2023-07-12T17:28:28Z"),
		},
		{
			Type: item.TypeSSHKey, Title: "deploy",
			Tags:     []string{"Team"},
			Created:  transfertest.Time("2023-07-12T17:27:48Z"),
			Modified: transfertest.Time("2023-07-12T17:28:28Z"),
			Fields: []item.Field{
				transfertest.Text("Where: host", "db-1"),
			},
			SSHKey: &item.SSHKey{Private: "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", Public: "ssh-ed25519 AAAA deploy"},
		},
		{
			Type: item.TypeLogin, Title: "Home",
			Username: "HomeNet",
			Password: "wifi secret",
			Tags:     []string{"Team"},
			Created:  transfertest.Time("2023-07-12T17:27:48Z"),
			Modified: transfertest.Time("2023-07-12T17:28:28Z"),
			Fields: []item.Field{
				transfertest.Text("Security", "WPA2"),
			},
		},
		{
			Type: item.TypeLogin, Title: "Licence",
			TOTP:     "JBSWY3DPEHPK3PXP",
			Notes:    "bought in 2020",
			Tags:     []string{"Team"},
			Created:  transfertest.Time("2023-07-12T17:27:48Z"),
			Modified: transfertest.Time("2023-07-12T17:28:28Z"),
			Fields: []item.Field{
				transfertest.Hidden("Product: key", "AAAA-BBBB"),
				transfertest.Text("seats", "5"),
			},
		},
		{
			Type: item.TypeNote, Title: "Later",
			Tags:     []string{"Team"},
			Created:  transfertest.Time("2023-07-12T17:27:48Z"),
			Modified: transfertest.Time("2023-07-12T17:28:28Z"),
			Fields: []item.Field{
				transfertest.Text("Shape kind", "cube"),
			},
		},
		{
			Type: item.TypeLogin, Title: "Other vault",
			Username: "old-name",
			Password: "pw",
			Tags:     []string{"Team"},
			Created:  transfertest.Time("2023-07-12T17:27:48Z"),
			Modified: transfertest.Time("2023-07-12T17:28:28Z"),
		},
	})
	transfertest.SameProblems(t, got)
	transfertest.SameFiles(t, got.Items[0], transfer.Attached{Name: "scan.txt", Data: []byte("hello scan\n")})
}

func TestProtonCSV(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "proton/export.csv", "proton-csv")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeNote, Title: "Notiz",
			Notes:    "first\nsecond, \"line\"",
			Tags:     []string{"Personal"},
			Created:  transfertest.Time("2024-01-30T13:37:11Z"),
			Modified: transfertest.Time("2024-02-12T10:53:42Z"),
		},
		{
			Type: item.TypeLogin, Title: "Büro 日本",
			URLs:     []string{"https://example.com/a,b", "https://proton.example/"},
			Username: "joe",
			Password: `p"a,s;s`,
			TOTP:     "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP",
			Notes:    "login note",
			Tags:     []string{"Personal"},
			Created:  transfertest.Time("2024-02-12T10:55:20Z"),
			Modified: transfertest.Time("2024-02-12T10:55:49Z"),
			Fields: []item.Field{
				transfertest.Text("Email", "jörg@example.com"),
			},
		},
		{
			Type: item.TypeLogin, Title: "Alias",
			Username: "alias.x@passinbox.com",
			Notes:    "alias note",
			Tags:     []string{"Personal"},
			Created:  transfertest.Time("2024-02-12T10:56:03Z"),
			Modified: transfertest.Time("2024-02-12T10:56:03Z"),
		},
		{
			Type: item.TypeCard, Title: "Visa",
			Notes:    "card note",
			Tags:     []string{"Team"},
			Created:  transfertest.Time("2024-02-12T10:57:27Z"),
			Modified: transfertest.Time("2024-02-12T10:57:27Z"),
			Fields: []item.Field{
				transfertest.Hidden("PIN", "1234"),
			},
			Card: &item.Card{Code: "012", ExpiryMonth: "2", ExpiryYear: "2031", Holder: "John Doe", Number: "4242424242424242"},
		},
		{
			Type: item.TypeIdentity, Title: "Ich",
			Tags:     []string{"Personal"},
			Created:  transfertest.Time("2024-08-22T14:40:49Z"),
			Modified: transfertest.Time("2024-08-22T14:40:49Z"),
			Fields: []item.Field{
				transfertest.Text("Sizes: hat", "56"),
				transfertest.Text("Birthdate", "1964"),
			},
			Identity: &item.Identity{Email: "e@example.com", FirstName: "Erika", LastName: "Mustermann"},
		},
	})
	transfertest.SameProblems(t, got)
}

func TestOlderProtonCSV(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "proton/older.csv", "proton-csv")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Older",
			URLs:     []string{"https://example.com/", "https://proton.me/"},
			Username: "example@example.com",
			Password: "password123",
			Notes:    "login note",
			Created:  transfertest.Time("2024-02-12T10:55:20Z"),
			Modified: transfertest.Time("2024-02-12T10:55:49Z"),
		},
	})
	transfertest.SameProblems(t, got)
}

func TestProtonJSON(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(transfertest.Testdata("proton/export.zip/Proton Pass/data.json"))
	if err != nil {
		t.Fatal(err)
	}
	got := transfertest.Read(t, "data.json", string(data), transfer.Options{})
	if got.Format != "proton-json" || len(got.Items) != 10 {
		t.Errorf("%s with %d items", got.Format, len(got.Items))
	}
	transfertest.SameProblems(t, got, transfer.Problem{Row: 1, Title: "Büro 日本 🔑", Code: parcel.AttachmentMissing, Values: parcel.Values{Name: "scan.txt"}})
}

// Phones store a chosen date as local midnight.
func TestProtonDates(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2024-06-01T00:00:00Z": "2024-06-01", "2024-05-31T22:00:00Z": "2024-06-01", "2024-05-31T18:30:00Z": "2024-06-01", "2024-06-01T07:00:00Z": "2024-06-01",
		"2024-06-01T07:11:12Z": "2024-06-01T07:11:12Z",
	} {
		got := transfertest.Read(t, "p.json", `{"version":"1.0","vaults":{"a":{"name":"v","items":[{"data":{"metadata":{"name":"n"},"type":"note","content":{},
			"extraFields":[{"fieldName":"d","type":"timestamp","data":{"timestamp":"`+in+`"}}]}}]}}}`, transfer.Options{})
		transfertest.Same(t, got, []item.Item{{Type: item.TypeNote, Title: "n", Tags: []string{"v"}, Fields: []item.Field{transfertest.Text("d", want)}}})
	}
}

func TestPGPProtonExportIsRejected(t *testing.T) {
	t.Parallel()
	message := []byte("-----BEGIN PGP MESSAGE-----\n\nww0ECQMCexample\n-----END PGP MESSAGE-----\n")
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	if f, err := w.Create("Proton Pass/data.pgp"); err != nil {
		t.Fatal(err)
	} else if _, err := f.Write(message); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"export.pgp": message, "export.zip": archive.Bytes()} {
		if _, err := transfer.Read(transfer.File{Name: name, Data: data}, transfer.Options{}); !errors.Is(err, transfer.ErrPGP) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
