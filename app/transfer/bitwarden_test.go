package transfer_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

func TestBitwardenJSON(t *testing.T) {
	t.Parallel()
	got := sample(t, "bitwarden/individual.json", "bitwarden-json")
	same(t, got, []item.Item{
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
			Favourite: true,
			Created:   at("2020-01-02T03:04:05.678Z"),
			Modified:  at("2024-03-01T08:15:30.123Z"),
			Fields: []item.Field{
				text("Kundennummer", "000-4711"),
				hidden("PIN 2", `hidden: 0815 \ &`),
				yesNo("Newsletter wanted", "true"),
				yesNo("Never asked", "false"),
				text("benutzer", "username"),
				text("Kundennummer", "a second one of that name"),
				text("", "a value without a name"),
				text("URL as a regular expression", `^https://(?!evil)lookahead\.example\.com/$`),
				hidden("Passkey: private key", "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgexample-key-value"),
				text("Passkey: counter", "17"),
				text("Passkey: creation date", "2024-01-15T12:00:00.000Z"),
				hidden("Passkey: credential ID", "b64d9f2e-9c1f-4f0b-8a53-0f4dd3a1c111"),
				text("Passkey: discoverable", "true"),
				text("Passkey: key algorithm", "ECDSA"),
				text("Passkey: key curve", "P-256"),
				text("Passkey: key type", "public-key"),
				text("Passkey: RP ID", "passkey.example.com"),
				text("Passkey: RP name", "Example Passkeys Ltd."),
				text("Passkey: user display name", "Jörg Müller"),
				text("Passkey: user handle", "dXNlci1oYW5kbGU"),
				text("Passkey: user name", "joerg-passkey"),
				hidden("Passkey 2: private key", "second-key-value"),
				text("Passkey 2: counter", "0"),
				text("Passkey 2: creation date", "2025-01-15T12:00:00.000Z"),
				hidden("Passkey 2: credential ID", "c75e0f3f-9c1f-4f0b-8a53-0f4dd3a1c222"),
				text("Passkey 2: discoverable", "false"),
				text("Passkey 2: key algorithm", "ECDSA"),
				text("Passkey 2: key curve", "P-256"),
				text("Passkey 2: key type", "public-key"),
				text("Passkey 2: RP ID", "other.example.com"),
				yesNo("Master password re-prompt", "true"),
			},
			PasswordHistory: []item.OldPassword{
				{Password: "second;pass,2", Until: at("2024-02-29T23:59:59.999Z")},
				{Password: "first\tpass 1", Until: at("2023-04-01T10:00:00Z")},
			},
		},
		{
			Type: item.TypeNote, Title: "Secure note",
			Notes:    "Zeile eins\nZeile zwei\n\tTab\n„Anführung“",
			Created:  at("2021-04-04T04:04:04.04Z"),
			Modified: at("2022-05-05T05:05:05.05Z"),
			Fields: []item.Field{
				yesNo("Flag", "false"),
			},
		},
		{
			Type: item.TypeCard, Title: "Kreditkarte",
			Tags:     []string{`Private, "home"`},
			Created:  at("2022-06-06T06:06:06.06Z"),
			Modified: at("2022-06-06T06:06:06.06Z"),
			Fields: []item.Field{
				text("Nummer", "number"),
			},
			Card: &item.Card{Brand: "Mastercard", Code: "042", ExpiryMonth: "7", ExpiryYear: "2031", Holder: "JÖRG MÜLLER", Number: "5555 5555 5555 4444"},
		},
		{
			Type: item.TypeIdentity, Title: "Identität",
			Username: "jmueller",
			Notes:    "note of the identity",
			Created:  at("2023-07-07T07:07:07.07Z"),
			Modified: at("2023-07-07T07:07:07.07Z"),
			Trashed:  at("2024-08-08T08:08:08.08Z"),
			Identity: &item.Identity{Address: "Straße der Probe 5\nHinterhaus\n3. Stock", City: "Köln", Company: "Müller & Söhne GmbH", Country: "DE", Email: "dr.mueller@example.org", FirstName: "Jörg", LastName: "Müller-Lüdenscheidt", License: "B072RRE2I55", MiddleName: "Ulrich", Passport: "C01X00T47", Phone: "+49 221 4711", PostalCode: "50667", SSN: "65 170839 J 003", State: "NRW", Title: "Dr"},
		},
		{
			Type: item.TypeSSHKey, Title: "deploy@example",
			Tags:     []string{"Archived"},
			Created:  at("2025-02-17T09:30:27.266Z"),
			Modified: at("2025-02-17T09:30:27.266Z"),
			Fields: []item.Field{
				text("Archived", "2025-03-03T03:03:03.003Z"),
			},
			SSHKey: &item.SSHKey{Fingerprint: "SHA256:exampleFingerprintexampleFingerprintexampleF", Private: "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ==\n-----END OPENSSH PRIVATE KEY-----\n", Public: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExamplePublicKey deploy@example"},
		},
		{
			Type: item.TypeNote, Title: "Girokonto",
			Created:  at("2026-01-01T00:00:00Z"),
			Modified: at("2026-01-01T00:00:00Z"),
			Fields: []item.Field{
				hidden("Account number", "0532013000"),
				text("Account type", "checking"),
				text("Bank contact phone", "+49 221 000"),
				text("Bank name", "Sparkasse Köln"),
				text("Branch number", "12"),
				text("IBAN", "DE89370400440532013000"),
				text("Name on account", "J. Müller"),
				hidden("PIN", "98765"),
				text("Routing number", "37040044"),
				text("SWIFT code", "COBADEFFXXX"),
			},
		},
		{
			Type: item.TypeIdentity, Title: "Reisepass",
			Created:  at("2026-01-02T00:00:00Z"),
			Modified: at("2026-01-02T00:00:00Z"),
			Fields: []item.Field{
				text("Expiration date", "2030-04-30"),
				text("Issue date", "2020-05-01"),
				text("Nationality", "deutsch"),
			},
			Identity: &item.Identity{Country: "Deutschland", FirstName: "Erika", LastName: "Mustermann", Passport: "C11T002JM"},
		},
		{
			Type: item.TypeIdentity, Title: "Führerschein",
			Created:  at("2026-01-02T12:00:00Z"),
			Modified: at("2026-01-02T12:00:00Z"),
			Fields: []item.Field{
				text("Date of birth", "1964-08-12"),
				text("Expiration date", "2033-01-18"),
				text("License class", "B, BE"),
			},
			Identity: &item.Identity{Country: "DE", FirstName: "Erika", LastName: "Gabler", License: "B072RRE2I66", MiddleName: "Maria", State: "Berlin"},
		},
		{
			Type: item.TypeNote, Title: "Of a later version",
			Created:  at("2026-01-03T00:00:00Z"),
			Modified: at("2026-01-03T00:00:00Z"),
			Fields: []item.Field{
				text("Holo cube face", "north face"),
				text("Holo cube layers 1", "inner layer"),
				text("Holo cube layers 2 deep", "deep value"),
			},
		},
		{
			Type: item.TypeLogin, Title: "Untitled",
			Created:  at("2026-01-04T00:00:00Z"),
			Modified: at("2026-01-04T00:00:00Z"),
		},
	})
	sameProblems(t, got)
}

func TestBitwardenOrganisationJSON(t *testing.T) {
	t.Parallel()
	got := sample(t, "bitwarden/organisation.json", "bitwarden-json")
	same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "db-1",
			URLs:     []string{"ssh://db-1.example.com"},
			Username: "root",
			Password: "toor",
			TOTP:     "steam://JBSWY3DPEHPK3PXP",
			Tags:     []string{"Servers/Berlin", "Everyone"},
			Created:  at("2024-03-01T08:15:30.123Z"),
			Modified: at("2024-03-01T08:15:30.123Z"),
		},
	})
	sameProblems(t, got)
}

func protectedExport(t *testing.T, kdf string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/bitwarden/protected-" + kdf + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

const exportPassword = "corréct horse" // of testdata/bitwarden/protect.py

func TestBitwardenPasswordProtectedJSON(t *testing.T) {
	t.Parallel()
	want := sample(t, "bitwarden/organisation.json", "bitwarden-json")
	for _, kdf := range []string{"pbkdf2", "argon2id"} {
		got := read(t, "export.json", protectedExport(t, kdf), transfer.Options{Password: exportPassword})
		same(t, got, []item.Item{want.Items[0].Item})
	}
}

func TestBitwardenProtectedJSONRefuses(t *testing.T) {
	t.Parallel()
	pbkdf2, argon2id := protectedExport(t, "pbkdf2"), protectedExport(t, "argon2id")
	data := pbkdf2[strings.Index(pbkdf2, `"data"`):]
	changed := strings.Replace(data, "|", "|AAAA", 1)
	cases := map[string]struct {
		file, password string
		want           error
	}{
		"no password":              {pbkdf2, "", transfer.ErrPasswordNeeded},
		"another password":         {pbkdf2, "correct horse", transfer.ErrWrongPassword},
		"another password, argon":  {argon2id, "correct horse", transfer.ErrWrongPassword},
		"changed data":             {strings.Replace(pbkdf2, data, changed, 1), exportPassword, transfer.ErrMalformed},
		"an unknown derivation":    {strings.Replace(pbkdf2, `"kdfType": 0`, `"kdfType": 2`, 1), exportPassword, transfer.ErrMalformed},
		"no iterations":            {strings.Replace(pbkdf2, "5000", "0", 1), exportPassword, transfer.ErrMalformed},
		"endless iterations":       {strings.Replace(pbkdf2, "5000", "2000001", 1), exportPassword, transfer.ErrMalformed},
		"all memory there is":      {strings.Replace(argon2id, `"kdfMemory": 16`, `"kdfMemory": 1025`, 1), exportPassword, transfer.ErrMalformed},
		"a lane for every thought": {strings.Replace(argon2id, `"kdfParallelism": 1`, `"kdfParallelism": 17`, 1), exportPassword, transfer.ErrMalformed},
		"no salt":                  {strings.Replace(pbkdf2, `"salt"`, `"sugar"`, 1), exportPassword, transfer.ErrMalformed},
		"another kind of text":     {strings.ReplaceAll(pbkdf2, `"2.`, `"0.`), exportPassword, transfer.ErrMalformed},
		"restricted to an account": {
			`{"encrypted":true,"encKeyValidation_DO_NOT_EDIT":"2.a|b|c","folders":[],"items":[{"name":"2.a|b|c"}]}`, exportPassword, transfer.ErrAccountRestricted,
		},
	}
	for name, c := range cases {
		_, err := transfer.Read(transfer.File{Name: "export.json", Data: []byte(c.file)}, transfer.Options{Password: c.password})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestBitwardenZIPBringsItsFiles(t *testing.T) {
	t.Parallel()
	got := sampleZIP(t, "bitwarden/attachments.zip", "bitwarden-zip")
	if len(got.Items) != 2 {
		t.Fatalf("%d items", len(got.Items))
	}
	sameFiles(t, got.Items[0], transfer.Attached{Name: "Vertrag – Köln.txt", Data: []byte("signed\n")},
		transfer.Attached{Name: "b.bin", Data: []byte("\x01\x02\x03")})
	sameFiles(t, got.Items[1])
	sameProblems(t, got, transfer.Problem{Title: "lost.txt", Reason: "the file belongs to no entry of the export"})
}

// longFields joins the parts of fields that are too long for Bitwarden.
func longFields(fields []item.Field) []item.Field {
	var out []item.Field
	name, n := "", 2
	for _, f := range fields {
		if last := len(out) - 1; last >= 0 && f.Name == fmt.Sprintf("%s (%d)", name, n) {
			out[last].Value += f.Value
			n++
			continue
		}
		out, name, n = append(out, f), f.Name, 2
	}
	return out
}

// asBitwardenHolds is what docs/export-format.md says is left of an item in Bitwarden.
func asBitwardenHolds(it item.Item) item.Item {
	const line, value = 687, 3695 // bytes
	it = it.Clone()
	it.Purge = time.Time{}
	movedAbove := func(most int, name string, value *string, kind item.FieldKind) {
		if len(*value) > most {
			it.Fields = append(it.Fields, item.Field{Name: name, Value: *value, Kind: kind})
			*value = ""
		}
	}
	moved := func(name string, value *string, kind item.FieldKind) { movedAbove(line, name, value, kind) }
	if title := it.Title; len(title) > line {
		moved("Title", &it.Title, item.FieldText)
		for it.Title = title; len(it.Title) > line-2; {
			_, size := utf8.DecodeLastRuneInString(it.Title)
			it.Title = it.Title[:len(it.Title)-size]
		}
	}
	it.PasswordHistory = slices.DeleteFunc(it.PasswordHistory, func(old item.OldPassword) bool {
		long := old.Password
		movedAbove(value, "Old password", &old.Password, item.FieldHidden)
		return old.Password != long
	})
	if it.Type == item.TypeLogin {
		moved("Username", &it.Username, item.FieldText)
		movedAbove(value, "Password", &it.Password, item.FieldHidden)
		moved("TOTP", &it.TOTP, item.FieldHidden)
	}
	if it.Type != item.TypeLogin {
		if it.Type != item.TypeIdentity {
			it.Fields, it.Username = append(it.Fields, text("Username", it.Username)), ""
		}
		it.Fields = append(it.Fields, hidden("Password", it.Password), hidden("TOTP", it.TOTP))
		it.Fields = slices.DeleteFunc(it.Fields, func(f item.Field) bool {
			return f.Value == "" && slices.Contains([]string{"Username", "Password", "TOTP"}, f.Name)
		})
		for _, address := range it.URLs {
			it.Fields = append(it.Fields, text("URL", address))
		}
		it.Password, it.TOTP, it.URLs, it.Match = "", "", nil, nil
	}
	if c := it.Card; c != nil {
		moved("Number", &c.Number, item.FieldHidden)
		moved("Holder", &c.Holder, item.FieldText)
		moved("Security code", &c.Code, item.FieldHidden)
	}
	if i := it.Identity; i != nil {
		moved("First name", &i.FirstName, item.FieldText)
		moved("City", &i.City, item.FieldText)
		moved("Email", &i.Email, item.FieldText)
		moved("SSN", &i.SSN, item.FieldHidden)
		moved("License", &i.License, item.FieldText)
		moved("Username", &it.Username, item.FieldText)
	}
	if k := it.SSHKey; k != nil && slices.ContainsFunc([]string{"x" + k.Private, k.Public, k.Fingerprint}, func(s string) bool { return strings.TrimSpace(s) == "" || len(s) > value }) {
		for _, f := range []item.Field{hidden("Private key", k.Private), text("Public key", k.Public), text("Fingerprint", k.Fingerprint)} {
			if f.Value != "" {
				it.Fields = append(it.Fields, f)
			}
		}
		it.Type, it.SSHKey = item.TypeNote, nil
	}
	for i, f := range it.Fields {
		if f.Kind == item.FieldLink {
			it.Fields[i].Kind = item.FieldText
		}
	}
	slices.SortStableFunc(it.PasswordHistory, func(a, b item.OldPassword) int { return b.Until.Compare(a.Until) })
	return it.Normalise()
}
