package bitwarden_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

func TestBitwardenJSON(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "bitwarden/individual.json", "bitwarden-json")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Büro-Portal 日本 🔑",
			URLs: []string{"https://portal.example.com/login?next=%2Fhome,a", "portal.example.net", "https://host.example.com:8443/", "https://starts.example.com/app", "https://exact.example.com/#/a b", `^https://[a-z]+\.example\.com/.*$`, `^https://(?!evil)lookahead\.example\.com/$`, "https://never.example.com", "androidapp://com.example.portal"},
			Match: map[string]item.MatchRule{
				`^https://(?!evil)lookahead\.example\.com/$`: item.MatchNever,
				`^https://[a-z]+\.example\.com/.*$`:          item.MatchRegexp,
				"https://exact.example.com/#/a b":            item.MatchExact,
				"https://host.example.com:8443/":             item.MatchHost,
				"https://never.example.com":                  item.MatchNever,
				"https://starts.example.com/app":             item.MatchStarts,
			},
			Username:  "jörg+büro@example.com",
			Password:  " p\"ss, wörd;\t\\ 🔒 ",
			TOTP:      "otpauth://totp/Portal:j%C3%B6rg?secret=JBSWY3DPEHPK3PXP&issuer=Portal&algorithm=SHA256&digits=8&period=60",
			Notes:     "first line\n  indented \"quoted\", with comma\r\nWindows line\n\nlast; line",
			Tags:      []string{"Arbeit/Kunden – Köln"},
			Reprompt:  true,
			Favourite: true,
			Created:   transfertest.Time("2020-01-02T03:04:05.678Z"),
			Modified:  transfertest.Time("2024-03-01T08:15:30.123Z"),
			Fields: []item.Field{
				transfertest.Text("Kundennummer", "000-4711"),
				transfertest.Hidden("PIN 2", `hidden: 0815 \ &`),
				transfertest.YesNo("Newsletter wanted", "true"),
				transfertest.YesNo("Never asked", "false"),
				transfertest.Text("benutzer", "username"),
				transfertest.Text("Kundennummer", "a second one of that name"),
				transfertest.Text("", "a value without a name"),
				transfertest.Text("URL as a regular expression", `^https://(?!evil)lookahead\.example\.com/$`),
				transfertest.Hidden("Passkey: private key", "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgexample-key-value"),
				transfertest.Text("Passkey: counter", "17"),
				transfertest.Text("Passkey: creation date", "2024-01-15T12:00:00.000Z"),
				transfertest.Hidden("Passkey: credential ID", "b64d9f2e-9c1f-4f0b-8a53-0f4dd3a1c111"),
				transfertest.Text("Passkey: discoverable", "true"),
				transfertest.Text("Passkey: key algorithm", "ECDSA"),
				transfertest.Text("Passkey: key curve", "P-256"),
				transfertest.Text("Passkey: key type", "public-key"),
				transfertest.Text("Passkey: RP ID", "passkey.example.com"),
				transfertest.Text("Passkey: RP name", "Example Passkeys Ltd."),
				transfertest.Text("Passkey: user display name", "Jörg Müller"),
				transfertest.Text("Passkey: user handle", "dXNlci1oYW5kbGU"),
				transfertest.Text("Passkey: user name", "joerg-passkey"),
				transfertest.Hidden("Passkey 2: private key", "second-key-value"),
				transfertest.Text("Passkey 2: counter", "0"),
				transfertest.Text("Passkey 2: creation date", "2025-01-15T12:00:00.000Z"),
				transfertest.Hidden("Passkey 2: credential ID", "c75e0f3f-9c1f-4f0b-8a53-0f4dd3a1c222"),
				transfertest.Text("Passkey 2: discoverable", "false"),
				transfertest.Text("Passkey 2: key algorithm", "ECDSA"),
				transfertest.Text("Passkey 2: key curve", "P-256"),
				transfertest.Text("Passkey 2: key type", "public-key"),
				transfertest.Text("Passkey 2: RP ID", "other.example.com"),
			},
			PasswordHistory: []item.OldPassword{
				{Password: "second;pass,2", Until: transfertest.Time("2024-02-29T23:59:59.999Z")},
				{Password: "first\tpass 1", Until: transfertest.Time("2023-04-01T10:00:00Z")},
			},
		},
		{
			Type: item.TypeNote, Title: "Secure note",
			Notes:    "Zeile eins\nZeile zwei\n\tTab\n„Anführung“",
			Created:  transfertest.Time("2021-04-04T04:04:04.04Z"),
			Modified: transfertest.Time("2022-05-05T05:05:05.05Z"),
			Fields: []item.Field{
				transfertest.YesNo("Flag", "false"),
			},
		},
		{
			Type: item.TypeCard, Title: "Kreditkarte",
			Tags:     []string{`Private, "home"`},
			Created:  transfertest.Time("2022-06-06T06:06:06.06Z"),
			Modified: transfertest.Time("2022-06-06T06:06:06.06Z"),
			Fields: []item.Field{
				transfertest.Text("Nummer", "number"),
			},
			Card: &item.Card{Brand: "Mastercard", Code: "042", ExpiryMonth: "7", ExpiryYear: "2031", Holder: "JÖRG MÜLLER", Number: "5555 5555 5555 4444"},
		},
		{
			Type: item.TypeIdentity, Title: "Identität",
			Username: "jmueller",
			Notes:    "note of the identity",
			Created:  transfertest.Time("2023-07-07T07:07:07.07Z"),
			Modified: transfertest.Time("2023-07-07T07:07:07.07Z"),
			Trashed:  transfertest.Time("2024-08-08T08:08:08.08Z"),
			Identity: &item.Identity{Address: "Straße der Probe 5\nHinterhaus\n3. Stock", City: "Köln", Company: "Müller & Söhne GmbH", Country: "DE", Email: "dr.mueller@example.org", FirstName: "Jörg", LastName: "Müller-Lüdenscheidt", License: "B072RRE2I55", MiddleName: "Ulrich", Passport: "C01X00T47", Phone: "+49 221 4711", PostalCode: "50667", SSN: "65 170839 J 003", State: "NRW", Title: "Dr"},
		},
		{
			Type: item.TypeSSHKey, Title: "deploy@example",
			Created:  transfertest.Time("2025-02-17T09:30:27.266Z"),
			Modified: transfertest.Time("2025-02-17T09:30:27.266Z"),
			Archived: transfertest.Time("2025-03-03T03:03:03.003Z"),
			SSHKey:   &item.SSHKey{Fingerprint: "SHA256:exampleFingerprintexampleFingerprintexampleF", Private: "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ==\n-----END OPENSSH PRIVATE KEY-----\n", Public: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExamplePublicKey deploy@example"},
		},
		{
			Type: item.TypeBankAccount, Title: "Girokonto",
			Created:  transfertest.Time("2026-01-01T00:00:00Z"),
			Modified: transfertest.Time("2026-01-01T00:00:00Z"),
			BankAccount: &item.BankAccount{
				AccountNumber: "0532013000", AccountType: "checking", BankName: "Sparkasse Köln", BranchNumber: "12", BranchPhone: "+49 221 000",
				Holder: "J. Müller", IBAN: "DE89370400440532013000", PIN: "98765", RoutingNumber: "37040044", SWIFT: "COBADEFFXXX",
			},
		},
		{
			Type: item.TypePassport, Title: "Reisepass",
			Created:  transfertest.Time("2026-01-02T00:00:00Z"),
			Modified: transfertest.Time("2026-01-02T00:00:00Z"),
			Passport: &item.Passport{
				Country: "Deutschland", Expires: "2030-04-30", Issued: "2020-05-01", Name: "Erika Mustermann", Nationality: "deutsch", Number: "C11T002JM",
			},
		},
		{
			Type: item.TypeDriversLicense, Title: "Führerschein",
			Created:  transfertest.Time("2026-01-02T12:00:00Z"),
			Modified: transfertest.Time("2026-01-02T12:00:00Z"),
			DriversLicense: &item.DriversLicense{
				BirthDate: "1964-08-12", Class: "B, BE", Country: "DE", Expires: "2033-01-18", Name: "Erika Maria Gabler", Number: "B072RRE2I66", State: "Berlin",
			},
		},
		{
			Type: item.TypeNote, Title: "Of a later version",
			Created:  transfertest.Time("2026-01-03T00:00:00Z"),
			Modified: transfertest.Time("2026-01-03T00:00:00Z"),
			Fields: []item.Field{
				transfertest.Text("Holo cube face", "north face"),
				transfertest.Text("Holo cube layers 1", "inner layer"),
				transfertest.Text("Holo cube layers 2 deep", "deep value"),
			},
		},
		{
			Type: item.TypeLogin, Title: "Untitled",
			Created:  transfertest.Time("2026-01-04T00:00:00Z"),
			Modified: transfertest.Time("2026-01-04T00:00:00Z"),
		},
	})
	transfertest.SameProblems(t, got)
}

func TestBitwardenOrganisationJSON(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "bitwarden/organisation.json", "bitwarden-json")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "db-1",
			URLs:     []string{"ssh://db-1.example.com"},
			Username: "root",
			Password: "toor",
			TOTP:     "steam://JBSWY3DPEHPK3PXP",
			Tags:     []string{"Servers/Berlin", "Everyone"},
			Created:  transfertest.Time("2024-03-01T08:15:30.123Z"),
			Modified: transfertest.Time("2024-03-01T08:15:30.123Z"),
		},
	})
	transfertest.SameProblems(t, got)
}

func TestBitwardenPasswordProtectedJSON(t *testing.T) {
	t.Parallel()
	want := transfertest.Sample(t, "bitwarden/organisation.json", "bitwarden-json")
	for _, kdf := range []string{"pbkdf2", "argon2id"} {
		got := transfertest.Read(t, "export.json", transfertest.ProtectedExport(t, kdf), transfer.Options{Password: transfertest.ExportPassword})
		transfertest.Same(t, got, []item.Item{want.Items[0].Item})
	}
}

func TestBitwardenProtectedJSONRejects(t *testing.T) {
	t.Parallel()
	pbkdf2, argon2id := transfertest.ProtectedExport(t, "pbkdf2"), transfertest.ProtectedExport(t, "argon2id")
	data := pbkdf2[strings.Index(pbkdf2, `"data"`):]
	changed := strings.Replace(data, "|", "|AAAA", 1)
	cases := map[string]struct {
		file, password string
		want           error
	}{
		"no password":             {pbkdf2, "", transfer.ErrPasswordNeeded},
		"another password":        {pbkdf2, "correct horse", transfer.ErrWrongPassword},
		"another password, argon": {argon2id, "correct horse", transfer.ErrWrongPassword},
		"changed data":            {strings.Replace(pbkdf2, data, changed, 1), transfertest.ExportPassword, transfer.ErrMalformed},
		"an unknown derivation":   {strings.Replace(pbkdf2, `"kdfType": 0`, `"kdfType": 2`, 1), transfertest.ExportPassword, transfer.ErrMalformed},
		"no iterations":           {strings.Replace(pbkdf2, "5000", "0", 1), transfertest.ExportPassword, transfer.ErrMalformed},
		"endless iterations":      {strings.Replace(pbkdf2, "5000", "2000001", 1), transfertest.ExportPassword, transfer.ErrMalformed},
		"too much memory":         {strings.Replace(argon2id, `"kdfMemory": 16`, `"kdfMemory": 1025`, 1), transfertest.ExportPassword, transfer.ErrMalformed},
		"too many lanes":          {strings.Replace(argon2id, `"kdfParallelism": 1`, `"kdfParallelism": 17`, 1), transfertest.ExportPassword, transfer.ErrMalformed},
		"no salt":                 {strings.Replace(pbkdf2, `"salt"`, `"sugar"`, 1), transfertest.ExportPassword, transfer.ErrMalformed},
		"another EncString type":  {strings.ReplaceAll(pbkdf2, `"2.`, `"0.`), transfertest.ExportPassword, transfer.ErrMalformed},
		"restricted to an account": {
			`{"encrypted":true,"encKeyValidation_DO_NOT_EDIT":"2.a|b|c","folders":[],"items":[{"name":"2.a|b|c"}]}`, transfertest.ExportPassword, transfer.ErrAccountRestricted,
		},
	}
	for name, c := range cases {
		_, err := transfer.Read(transfer.File{Name: "export.json", Data: []byte(c.file)}, transfer.Options{Password: c.password})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestBitwardenZIPHasAttachments(t *testing.T) {
	t.Parallel()
	got := transfertest.SampleZIP(t, "bitwarden/attachments.zip", "bitwarden-zip")
	if len(got.Items) != 2 {
		t.Fatalf("%d items", len(got.Items))
	}
	transfertest.SameFiles(t, got.Items[0], transfer.Attached{Name: "Vertrag – Köln.txt", Data: []byte("signed\n")},
		transfer.Attached{Name: "b.bin", Data: []byte("\x01\x02\x03")})
	transfertest.SameFiles(t, got.Items[1])
	transfertest.SameProblems(t, got, transfer.Problem{Title: "lost.txt", Code: parcel.UnclaimedFile})
}
