package transfer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

// bitwardenItems is an export of Bitwarden with these items.
func bitwardenItems(items string) string { return `{"encrypted":false,"items":[` + items + `]}` }

// Import checks what the form checks: it repairs what it can, and reports the rest.
func TestAuthenticatorKeysAreChecked(t *testing.T) {
	t.Parallel()
	for totp, works := range map[string]bool{
		`JBSW\u00a0Y3DP\u200bEHPK\u20603PXP\ufeff`: true, `SECRET=JBSWY3DPEHPK3PXP`: true, `JBSWY3DP%3D%3D`: true, `otpauth://totp/a?secret=&secret=JBSWY3DPEHPK3PXP`: true,
		`otpauth://totp/100%:a#b?secret=JBSWY3DPEHPK3PXP&amp;digits=9`: true, `otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&digits=5`: true,
		`key 0189`: false, `otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&digits=12`: false, `https://bank.example`: false,
	} {
		got := transfertest.Read(t, "x.json", bitwardenItems(`{"type":1,"name":"a","login":{"totp":"`+totp+`"}}`), transfer.Options{})
		_, err := item.ParseAuthenticatorKey(got.Items[0].Item.TOTP)
		if (err == nil) != works || got.Items[0].Item.TOTP == "" {
			t.Errorf("%s: %v", totp, err)
		}
		if works {
			transfertest.SameProblems(t, got)
		} else {
			transfertest.SameProblems(t, got, transfer.Problem{Row: 1, Title: "a", Code: parcel.InvalidKey})
		}
	}
}

func TestExpiryDatesAreParsed(t *testing.T) {
	t.Parallel()
	for in, want := range map[[2]string][2]string{
		{"04", "29"}: {"4", "2029"}, {"4", "2029"}: {"4", "2029"}, {"04/29", ""}: {"4", "2029"}, {"", "04/2029"}: {"4", "2029"},
		{"", "2029-04"}: {"4", "2029"}, {"", "2029-04-30T00:00:00Z"}: {"4", "2029"}, {"0429", ""}: {"4", "2029"}, {"", "1229"}: {"12", "2029"}, {"042029", ""}: {"4", "2029"},
		{"", "202904"}: {"4", "2029"}, {"Apr", "2029"}: {"4", "2029"}, {"April 2029", ""}: {"4", "2029"}, {" 04\u00a0", "\u200b2029"}: {"4", "2029"},
		{"04", ""}: {"4", ""}, {"", "2029"}: {"", "2029"}, {"", ""}: {"", ""}, {"04 / 2029", ""}: {"4", "2029"}, {"", "30.04.2029"}: {"4", "2029"}, {"", "04/30/2029"}: {"4", "2029"}, {"", "29/04"}: {"4", "2029"},
	} {
		got := transfertest.Read(t, "x.json", bitwardenItems(fmt.Sprintf(`{"type":3,"name":"a","card":{"number":"1","expMonth":%q,"expYear":%q}}`, in[0], in[1])), transfer.Options{})
		c := got.Items[0].Item.Card
		if [2]string{c.ExpiryMonth, c.ExpiryYear} != want || len(got.Items[0].Item.Fields) > 0 {
			t.Errorf("%q: %+v, %+v", in, c, got.Items[0].Item.Fields)
		}
		transfertest.SameProblems(t, got)
	}
	for in, field := range map[[2]string]string{{"13", "2029"}: "13/2029", {"soon", ""}: "soon", {"", "99999"}: "99999", {"", "03/04/2029"}: "03/04/2029", {"1", "2/3/4"}: "1/2/3/4"} {
		got := transfertest.Read(t, "x.json", bitwardenItems(fmt.Sprintf(`{"type":3,"name":"a","card":{"number":"1","expMonth":%q,"expYear":%q}}`, in[0], in[1])), transfer.Options{})
		transfertest.Same(t, got, []item.Item{{Type: item.TypeCard, Title: "a", Card: &item.Card{Number: "1"}, Fields: []item.Field{transfertest.Text("Expiry", field)}}})
		transfertest.SameProblems(t, got, transfer.Problem{Row: 1, Title: "a", Code: parcel.InvalidExpiry})
	}
}

func TestWebsitesAreChecked(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"\u00a0https://a.example\u200b": "https://a.example", "https://a\u200b.example/\ufeffx": "https://a.example/x", " a.example\u2060": "a.example",
		"http://localhost:1\u200e": "http://localhost:1", "https://a.example/b c": "https://a.example/b c", "router": "router", "the\u200c": "the\u200c",
	} {
		got := transfertest.Read(t, "x.json", bitwardenItems(fmt.Sprintf(`{"type":1,"name":"a","login":{"uris":[{"uri":%q}]}}`, in)), transfer.Options{})
		if it := got.Items[0].Item; len(it.URLs) != 1 || it.URLs[0] != want {
			t.Errorf("%q: %q", in, it.URLs)
		}
	}
	got := transfertest.Read(t, "x.json", bitwardenItems(`{"type":1,"name":"a","login":{"uris":[{"uri":"https://a.example\r\nhttps://b.example, c.example"}]}}`), transfer.Options{})
	transfertest.Same(t, got, []item.Item{{Title: "a", URLs: []string{"https://a.example", "https://b.example", "c.example"}}})
	got = transfertest.Read(t, "x.json", bitwardenItems(`{"type":1,"name":"a","login":{"uris":[{"uri":"the router upstairs"},{"uri":"b c","match":3}]}}`), transfer.Options{})
	transfertest.Same(t, got, []item.Item{{
		Title: "a", URLs: []string{"b c"}, Match: map[string]item.MatchRule{"b c": item.MatchExact}, Fields: []item.Field{transfertest.Text("URL", "the router upstairs")},
	}})
}

// Before 2021, exports of Bitwarden did not say whether they are encrypted, and its command line prints only items.
func TestBitwardenBefore2021(t *testing.T) {
	t.Parallel()
	const element = `{"object":"item","id":"i1","organizationId":null,"folderId":"f1","type":1,"name":"Bank","notes":null,"favorite":true,
		"login":{"uris":[{"match":null,"uri":"https://bank.example"}],"username":"anna","password":"pw","totp":null},"collectionIds":null}`
	want := item.Item{Title: "Bank", URLs: []string{"https://bank.example"}, Username: "anna", Password: "pw", Favourite: true}
	got := transfertest.Read(t, "bw.json", "["+element+"]", transfer.Options{})
	transfertest.Same(t, got, []item.Item{want})
	transfertest.Same(t, transfertest.Read(t, "bw.json", element, transfer.Options{}), []item.Item{want})
	want.Tags = []string{"Home/Money"}
	got = transfertest.Read(t, "bw.json", `{"folders":[{"id":"f1","name":"Home/Money"}],"items":[`+element+`]}`, transfer.Options{})
	transfertest.Same(t, got, []item.Item{want})
	if got.Format != "bitwarden-json" {
		t.Errorf("detected as %s", got.Format)
	}
	got = transfertest.Read(t, "bw.json", `{"items":[{"type":2,"name":"Note","notes":"n","secureNote":{"type":0}}]}`, transfer.Options{})
	transfertest.Same(t, got, []item.Item{{Type: item.TypeNote, Title: "Note", Notes: "n"}})
}

func TestKeeperDaysAndCodes(t *testing.T) {
	t.Parallel()
	day := func(date string, hours int) int64 { // midnight that many hours east of Greenwich
		return transfertest.Time(date + "T00:00:00Z").Add(-time.Duration(hours) * time.Hour).UnixMilli()
	}
	for _, hours := range []int{-10, -8, -5, 0, 1, 2, 5, 9, 12, 13} {
		got := transfertest.Read(t, "k.json", fmt.Sprintf(`{"records":[{"title":"a","$type":"passport","custom_fields":{"$birthDate":%d,"$date:issued:1":%d}}]}`,
			day("1969-02-28", hours), day("2030-01-01", hours)), transfer.Options{})
		transfertest.Same(t, got, []item.Item{{
			Type: item.TypePassport, Title: "a", Passport: &item.Passport{BirthDate: "1969-02-28"}, Fields: []item.Field{transfertest.Text("Issued", "2030-01-01")},
		}})
	}
	got := transfertest.Read(t, "k.json", `{"records":[{"title":"a","custom_fields":{"TFC:Keeper":"otpauth://totp/a?secret=JBSWY3DPEHPK3PXP","TFC:Keeper:2":"GEZDGNBV"}}]}`, transfer.Options{})
	transfertest.Same(t, got, []item.Item{{Title: "a", TOTP: "otpauth://totp/a?secret=JBSWY3DPEHPK3PXP", Fields: []item.Field{transfertest.Hidden("One-time code", "GEZDGNBV")}}})
}

// Secrets stay hidden at any depth, and Booleans are not text.
func TestRareKeeperFields(t *testing.T) {
	t.Parallel()
	got := transfertest.Read(t, "k.json", `{"records":[{"title":"a","$type":"login","custom_fields":{"$checkbox:agreed":true,"$note:Safe":"behind the door",
		"$passkey":{"credentialId":"c1","privateKey":{"crv":"P-256","d":"s3cret"}}}}]}`, transfer.Options{})
	transfertest.Same(t, got, []item.Item{{Title: "a", Fields: []item.Field{
		transfertest.YesNo("Agreed", item.True), transfertest.Hidden("Safe", "behind the door"), transfertest.Hidden("Passkey: credential ID", "c1"), transfertest.Hidden("Passkey: private key crv", "P-256"),
		transfertest.Hidden("Passkey: private key d", "s3cret"),
	}}})
}

func TestPsonoTrashAndFilters(t *testing.T) {
	t.Parallel()
	now := transfertest.Time("2026-01-02T03:04:05Z")
	const file = `{"folders":[{"name":"Gone","deleted":true,"folders":[{"name":"Below","items":[{"type":"note","name":"b","note_title":"b"}]}],
			"items":[{"type":"note","name":"a","note_title":"a","write_date":"2020-01-01T00:00:00Z"}]}],
		"items":[{"type":"website_password","name":"w","website_password_title":"w","website_password_url":"https://W.example/login",
			"website_password_url_filter":"w.example, *.second.example\nthird.example:8443","urlfilter":"w.example"},
			{"type":"totp","name":"t","totp_title":"t","totp_code":"JBSWY3DPEHPK3PXP","totp_period":30,"totp_algorithm":"SHA1","totp_digits":6,"urlfilter":"post.example"},
			{"type":"note","name":"n","note_title":"n","deleted":true}]}`
	got := transfertest.Read(t, "p.json", file, transfer.Options{Now: now})
	transfertest.Same(t, got, []item.Item{
		{Title: "w", URLs: []string{"https://W.example/login", "second.example", "third.example:8443"}},
		{Title: "t", TOTP: "JBSWY3DPEHPK3PXP", URLs: []string{"post.example"}},
		{Type: item.TypeNote, Title: "n", Trashed: now},
		{Type: item.TypeNote, Title: "a", Tags: []string{"Gone"}, Modified: transfertest.Time("2020-01-01T00:00:00Z"), Trashed: transfertest.Time("2020-01-01T00:00:00Z")},
		{Type: item.TypeNote, Title: "b", Tags: []string{"Gone/Below"}, Trashed: now},
	})
	got = transfertest.Read(t, "p.json", `{"items":[{"type":"note","name":"n","note_title":"n","deleted":true}]}`, transfer.Options{})
	transfertest.Same(t, got, []item.Item{{Type: item.TypeNote, Title: "n", Tags: []string{"Trash"}}})
}

func TestEnpassFieldKinds(t *testing.T) {
	t.Parallel()
	const file = `{"items":[{"title":"a","uuid":"u","category":"login","fields":[
		{"type":"username","label":"Username","value":"anna","uid":10,"order":1,"history":[{"value":"anna.old","updated_at":1500000000},{"value":"x","encrypted":true}]},
		{"type":"password","label":"Password","value":"pw","sensitive":1,"history":[{"value":"pw.old","updated_at":1500000000}]},
		{"type":"text","label":"Answer","value":"blue","sensitive":1,"history":[{"value":"red"}]},
		{"type":"totp","label":"Code","value":"JBSWY3DP","history":[{"value":"GEZDGNBV"}]},{"type":"date","label":"Since","value":"631148400"},
		{"type":"pin","label":"PIN","value":"1","newMember":"kept"}]}]}`
	got := transfertest.Read(t, "e.json", file, transfer.Options{})
	transfertest.Same(t, got, []item.Item{{
		Title: "a", Username: "anna", Password: "pw", TOTP: "JBSWY3DP", PasswordHistory: []item.OldPassword{{Password: "pw.old", Until: time.Unix(1_500_000_000, 0)}},
		Fields: []item.Field{
			transfertest.Text("Username (older)", "anna.old"), transfertest.Hidden("Answer", "blue"), transfertest.Hidden("Answer (older)", "red"), transfertest.Hidden("Code (older)", "GEZDGNBV"), transfertest.Text("Since", "1990-01-01"), transfertest.Hidden("PIN", "1"), transfertest.Text("PIN: new member", "kept"),
		},
	}})
	transfertest.SameProblems(t, got, transfer.Problem{Row: 1, Title: "a", Code: parcel.EncryptedOldValue, Values: parcel.Values{Name: "Username"}})
}

// Times written by libraries of many languages must not be lost or shifted.
func TestTimesInJSON(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`"2024-03-01T12:00:00Z"`: "2024-03-01T12:00:00Z", `"2024-03-01T12:00:00.5+02:00"`: "2024-03-01T10:00:00.5Z", `"2024-03-01T12:00:00+0200"`: "2024-03-01T10:00:00Z",
		`"2024-03-01T12:00:00"`: "2024-03-01T12:00:00Z", `"2024-03-01T12:00"`: "2024-03-01T12:00:00Z", `"2024-03-01T12:00-05:00"`: "2024-03-01T17:00:00Z",
		`"2024-03-01"`: "2024-03-01T00:00:00Z", `"2024-03-01 12:00:00"`: "2024-03-01T12:00:00Z", `"2024-03-01 12:00:00.25 UTC"`: "2024-03-01T12:00:00.25Z",
		`"2024-03-01 12:00:00 +0530"`: "2024-03-01T06:30:00Z", `"2024-03-01 12:00:00+01:00"`: "2024-03-01T11:00:00Z", `"20240301T120000Z"`: "2024-03-01T12:00:00Z",
		`"Fri, 01 Mar 2024 12:00:00 GMT"`: "2024-03-01T12:00:00Z", `"Fri, 01 Mar 2024 12:00:00 +0100"`: "2024-03-01T11:00:00Z",
		`1709294400`: "2024-03-01T12:00:00Z", `1709294400000`: "2024-03-01T12:00:00Z", `1709294400000000`: "2024-03-01T12:00:00Z", `1709294400000000000`: "2024-03-01T12:00:00Z",
		`"1709294400"`: "2024-03-01T12:00:00Z", `1709294400.25`: "2024-03-01T12:00:00.25Z", `1.7092944e9`: "2024-03-01T12:00:00Z", `1.7092944E+12`: "2024-03-01T12:00:00Z",
		`-86400`: "1969-12-31T00:00:00Z", `"/Date(1709294400000)/"`: "2024-03-01T12:00:00Z",
	} {
		got := transfertest.Read(t, "x.json", bitwardenItems(`{"type":2,"name":"a","creationDate":`+in+`}`), transfer.Options{})
		transfertest.Same(t, got, []item.Item{{Type: item.TypeNote, Title: "a", Created: transfertest.Time(want)}})
	}
	for _, in := range []string{`"soon"`, `"1e400"`, `"NaN"`, `"Inf"`, `"01/02/03"`} {
		got := transfertest.Read(t, "x.json", bitwardenItems(`{"type":2,"name":"a","creationDate":`+in+`}`), transfer.Options{})
		transfertest.Same(t, got, []item.Item{{Type: item.TypeNote, Title: "a", Fields: []item.Field{transfertest.Text("Creation date", in[1:len(in)-1])}}})
	}
}

func TestPGPFilesAreRejected(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"x.gpg": "-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\n", "x.json": "\n-----BEGIN PGP MESSAGE-----\n", "y.asc": "-----BEGIN PGP SIGNED MESSAGE-----\n",
		"store/z.gpg": "\x85\x01\x0c\x03Foo", "new.pgp": "\xc1\xc0\x4c\x03", "key.txt": "-----BEGIN PGP PRIVATE KEY BLOCK-----\n",
	} {
		transfertest.Rejects(t, name, []byte(data), "", transfer.ErrPGP)
	}
	_, err := transfer.Read(transfer.File{Name: "x.gpg", Data: []byte("-----BEGIN PGP MESSAGE-----")}, transfer.Options{Format: "proton-json"})
	if err != transfer.ErrPGP { //nolint:errorlint // exactly this one
		t.Errorf("chosen as Proton Pass: %v", err)
	}
	transfertest.Rejects(t, "x.gpg", []byte("\x99\x01"), "", transfer.ErrUnknownFormat)
}
