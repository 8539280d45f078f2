package transfer_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

func TestProtonZIP(t *testing.T) {
	t.Parallel()
	got := sampleZIP(t, "proton/export.zip", "proton-zip")
	same(t, got, []item.Item{
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
			Created:   at("2023-07-12T17:27:48Z"),
			Modified:  at("2023-07-12T17:28:28Z"),
			Fields: []item.Field{
				text("Email", "jörg@example.com"),
				hidden("Passkey: private key", "cGFzc2tleS1jb250ZW50"),
				text("Passkey: create time", "1700000000"),
				text("Passkey: creation data app version", "1.2"),
				text("Passkey: creation data device name", "laptop"),
				text("Passkey: creation data OS name", "Linux"),
				text("Passkey: creation data OS version", "6"),
				hidden("Passkey: credential ID", "Y3JlZA=="),
				text("Passkey: domain", "example.com"),
				text("Passkey: key ID", "key-id-1"),
				text("Passkey: RP ID", "example.com"),
				text("Passkey: RP name", "Example Inc."),
				text("Passkey: user display name", "Joe D."),
				text("Passkey: user handle", "aGFuZGxl"),
				text("Passkey: user ID", "dXNlcg=="),
				text("Passkey: user name", "joe"),
				text("Kundennummer", "4711"),
				hidden("Code", "geheim"),
				hidden("second 2fa", "GEZDGNBVGY3TQOJQ"),
				text("since", "2024-02-29"),
				text("Android: app name", "Example App"),
			},
		},
		{
			Type: item.TypeNote, Title: "Notiz",
			Notes:    "only text",
			Tags:     []string{"Personal"},
			Created:  at("2023-07-12T17:27:48Z"),
			Modified: at("2023-07-12T17:28:28Z"),
		},
		{
			Type: item.TypeCard, Title: "Visa",
			Notes:    "card note",
			Tags:     []string{"Personal"},
			Created:  at("2023-07-12T17:27:48Z"),
			Modified: at("2023-07-12T17:28:28Z"),
			Fields: []item.Field{
				hidden("PIN", "9876"),
			},
			Card: &item.Card{Code: "012", ExpiryMonth: "2", ExpiryYear: "2031", Holder: "A B", Number: "4242424242424242"},
		},
		{
			Type: item.TypeIdentity, Title: "Ich",
			Tags:     []string{"Personal"},
			Created:  at("2023-07-12T17:27:48Z"),
			Modified: at("2023-07-12T17:28:28Z"),
			Fields: []item.Field{
				text("shoe size", "39"),
				hidden("door", "1234"),
				text("desk", "17b"),
				text("Sizes: hat", "56"),
				hidden("Sizes: ring", "52"),
				text("Birthdate", "1964-08-12"),
				text("County", "Kreis"),
				text("Gender", "w"),
				text("Instagram", "ig"),
				text("Job title", "Chefin"),
				text("Linkedin", "li"),
				text("Organization", "Verein"),
				text("Second phone number", "+49 2"),
				text("Website", "https://e.example.com"),
				text("Work email", "work@example.com"),
				text("Work phone number", "+49 3"),
				text("X handle", "@e"),
			},
			Identity: &item.Identity{Address: "Weg 1\n3. OG", City: "Köln", Company: "Acme", Country: "DE", Email: "e@example.com", FirstName: "Erika", LastName: "Mustermann", License: "B072", MiddleName: "Maria", Passport: "C01X", Phone: "+49 1", PostalCode: "50667", SSN: "65 170839", State: "NRW"},
		},
		{
			Type: item.TypeLogin, Title: "Alias",
			Username: "alias.x@passinbox.com",
			Notes:    "for shops",
			Tags:     []string{"Personal"},
			Created:  at("2023-07-12T17:27:48Z"),
			Modified: at("2023-07-12T17:28:28Z"),
			Trashed:  at("2023-07-12T17:28:28Z"),
		},
		{
			Type: item.TypeSSHKey, Title: "deploy",
			Tags:     []string{"Team"},
			Created:  at("2023-07-12T17:27:48Z"),
			Modified: at("2023-07-12T17:28:28Z"),
			Fields: []item.Field{
				text("Where: host", "db-1"),
			},
			SSHKey: &item.SSHKey{Private: "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", Public: "ssh-ed25519 AAAA deploy"},
		},
		{
			Type: item.TypeLogin, Title: "Home",
			Username: "HomeNet",
			Password: "wifi secret",
			Tags:     []string{"Team"},
			Created:  at("2023-07-12T17:27:48Z"),
			Modified: at("2023-07-12T17:28:28Z"),
			Fields: []item.Field{
				text("Security", "WPA2"),
			},
		},
		{
			Type: item.TypeLogin, Title: "Licence",
			TOTP:     "JBSWY3DPEHPK3PXP",
			Notes:    "bought in 2020",
			Tags:     []string{"Team"},
			Created:  at("2023-07-12T17:27:48Z"),
			Modified: at("2023-07-12T17:28:28Z"),
			Fields: []item.Field{
				hidden("Product: key", "AAAA-BBBB"),
				text("seats", "5"),
			},
		},
		{
			Type: item.TypeNote, Title: "Later",
			Tags:     []string{"Team"},
			Created:  at("2023-07-12T17:27:48Z"),
			Modified: at("2023-07-12T17:28:28Z"),
			Fields: []item.Field{
				text("Shape kind", "cube"),
			},
		},
		{
			Type: item.TypeLogin, Title: "Other vault",
			Username: "old-name",
			Password: "pw",
			Tags:     []string{"Team"},
			Created:  at("2023-07-12T17:27:48Z"),
			Modified: at("2023-07-12T17:28:28Z"),
		},
	})
	sameProblems(t, got)
	sameFiles(t, got.Items[0], transfer.Attached{Name: "scan.txt", Data: []byte("hello scan\n")})
}

func TestProtonCSV(t *testing.T) {
	t.Parallel()
	got := sample(t, "proton/export.csv", "proton-csv")
	same(t, got, []item.Item{
		{
			Type: item.TypeNote, Title: "Notiz",
			Notes:    "first\nsecond, \"line\"",
			Tags:     []string{"Personal"},
			Created:  at("2024-01-30T13:37:11Z"),
			Modified: at("2024-02-12T10:53:42Z"),
		},
		{
			Type: item.TypeLogin, Title: "Büro 日本",
			URLs:     []string{"https://example.com/a,b", "https://proton.example/"},
			Username: "joe",
			Password: `p"a,s;s`,
			TOTP:     "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP",
			Notes:    "login note",
			Tags:     []string{"Personal"},
			Created:  at("2024-02-12T10:55:20Z"),
			Modified: at("2024-02-12T10:55:49Z"),
			Fields: []item.Field{
				text("Email", "jörg@example.com"),
			},
		},
		{
			Type: item.TypeLogin, Title: "Alias",
			Username: "alias.x@passinbox.com",
			Notes:    "alias note",
			Tags:     []string{"Personal"},
			Created:  at("2024-02-12T10:56:03Z"),
			Modified: at("2024-02-12T10:56:03Z"),
		},
		{
			Type: item.TypeCard, Title: "Visa",
			Notes:    "card note",
			Tags:     []string{"Team"},
			Created:  at("2024-02-12T10:57:27Z"),
			Modified: at("2024-02-12T10:57:27Z"),
			Fields: []item.Field{
				hidden("PIN", "1234"),
			},
			Card: &item.Card{Code: "012", ExpiryMonth: "2", ExpiryYear: "2031", Holder: "John Doe", Number: "4242424242424242"},
		},
		{
			Type: item.TypeIdentity, Title: "Ich",
			Tags:     []string{"Personal"},
			Created:  at("2024-08-22T14:40:49Z"),
			Modified: at("2024-08-22T14:40:49Z"),
			Fields: []item.Field{
				text("Sizes: hat", "56"),
				text("Birthdate", "1964"),
			},
			Identity: &item.Identity{Email: "e@example.com", FirstName: "Erika", LastName: "Mustermann"},
		},
	})
	sameProblems(t, got)
}

func TestProtonCSVOfOlderVersions(t *testing.T) {
	t.Parallel()
	got := sample(t, "proton/older.csv", "proton-csv")
	same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Older",
			URLs:     []string{"https://example.com/", "https://proton.me/"},
			Username: "example@example.com",
			Password: "password123",
			Notes:    "login note",
			Created:  at("2024-02-12T10:55:20Z"),
			Modified: at("2024-02-12T10:55:49Z"),
		},
	})
	sameProblems(t, got)
}

func TestProtonJSON(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/proton/export.zip/Proton Pass/data.json")
	if err != nil {
		t.Fatal(err)
	}
	got := read(t, "data.json", string(data), transfer.Options{})
	if got.Format != "proton-json" || len(got.Items) != 10 {
		t.Errorf("%s with %d items", got.Format, len(got.Items))
	}
	sameProblems(t, got, transfer.Problem{Row: 1, Title: "scan.txt", Reason: "the file is not in the export"})
}

// A date that was chosen on a phone is midnight there.
func TestDaysOfProtonPass(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2024-06-01T00:00:00Z": "2024-06-01", "2024-05-31T22:00:00Z": "2024-06-01", "2024-05-31T18:30:00Z": "2024-06-01", "2024-06-01T07:00:00Z": "2024-06-01",
		"2024-06-01T07:11:12Z": "2024-06-01T07:11:12Z",
	} {
		got := read(t, "p.json", `{"version":"1.0","vaults":{"a":{"name":"v","items":[{"data":{"metadata":{"name":"n"},"type":"note","content":{},
			"extraFields":[{"fieldName":"d","type":"timestamp","data":{"timestamp":"`+in+`"}}]}}]}}}`, transfer.Options{})
		same(t, got, []item.Item{{Type: item.TypeNote, Title: "n", Tags: []string{"v"}, Fields: []item.Field{text("d", want)}}})
	}
}

func TestProtonExportUnderPGPSaysHowToExportAgain(t *testing.T) {
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
