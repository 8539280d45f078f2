package safeincloud_test

import (
	"encoding/xml"
	"os"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

func TestSafeInCloudXML(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "safeincloud/export.xml", "safeincloud-xml")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Bank & more", Username: "anna@example.org", Password: "pw-bank", TOTP: "JBSWY3DPEHPK3PXP", Favourite: true,
			URLs: []string{"https://bank.example", "https://login.bank.example", "androidapp://com.example.bank"},
			Tags: []string{"Money", "Web Accounts"}, Notes: "line one\nline two",
			Created: transfertest.Time("2020-09-13T12:26:40Z"), Modified: transfertest.Time("2021-03-16T15:59:46.722Z"),
			PasswordHistory: []item.OldPassword{
				{Password: "pw-2", Until: transfertest.Time("2021-05-03T00:00:00Z")}, {Password: "pw-1", Until: transfertest.Time("2021-01-07T06:13:20Z")},
			},
			Fields: []item.Field{
				transfertest.Text("Email (older)", "old@example.org"), transfertest.Hidden("Second", "pw-two"), transfertest.Hidden("Word", "hidden"),
				transfertest.Text("Branch", "North"), transfertest.Text("Branch: shape", "round"),
			},
		},
		{
			Type: item.TypeCard, Title: "Visa", Fields: []item.Field{transfertest.Hidden("PIN", "9999")},
			Card: &item.Card{Number: "4111111111111111", Holder: "Anna Example", ExpiryMonth: "4", ExpiryYear: "2029", Code: "123"},
		},
		{
			Type: item.TypeLogin, Title: "Post", Username: "mia", Password: "pw-post",
			Modified: transfertest.Time("2021-03-16T15:58:18.7Z"), Trashed: transfertest.Time("2021-03-16T15:58:18.7Z"),
		},
		{
			Type: item.TypeNote, Title: "A note", Notes: "This is a note.",
			Fields: []item.Field{transfertest.Text("Label", "9"), transfertest.Hidden("Drawing", "x")},
		},
	})
	transfertest.SameFiles(t, got.Items[0], transfer.Attached{Name: "contract.txt", Data: []byte("signed")}, transfer.Attached{Name: "image 2", Data: []byte{1, 2, 3}})
	transfertest.SameProblems(t, got,
		transfer.Problem{Title: "folder", Code: parcel.UnknownPart},
		transfer.Problem{Row: 4, Title: "A note", Code: parcel.AttachmentDamaged, Values: parcel.Values{Name: "broken.txt"}})
}

func TestTruncatedSafeInCloudXMLIsRejected(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(transfertest.Testdata("safeincloud/export.xml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{len(data) / 3, len(data) / 2, len(data) - 12} {
		transfertest.Rejects(t, "export.xml", data[:n], "", transfer.ErrTruncated)
	}
	transfertest.Rejects(t, "export.xml", []byte(strings.Replace(string(data), "</card>", "</cord>", 1)), "", transfer.ErrMalformed)
	got := transfertest.Read(t, "x.xml", `<database><card title="x"><field name="a" type="login" history="?">b</field></card></database>`, transfer.Options{})
	transfertest.Same(t, got, []item.Item{{Title: "x", Username: "b", Fields: []item.Field{transfertest.Hidden("a (older)", "?")}}})
}

// The value of a field is imported whatever its name and type.
func FuzzFieldsOfSafeInCloud(f *testing.F) {
	f.Add("Login", "login", "username", "mia")
	f.Add("Number", "number", "cc-number", "4111111111111111")
	f.Add("", "website", "", "a b")
	f.Add("Expires", "expiry", "cc-exp", "?")
	f.Fuzz(func(t *testing.T, name, kind, fills, value string) {
		if strings.TrimSpace(value) == "" || len(name)+len(value) > 500 {
			return
		}
		escaped := func(s string) string {
			var b strings.Builder
			if err := xml.EscapeText(&b, []byte(s)); err != nil {
				t.Fatal(err)
			}
			return b.String()
		}
		field := `<field name="` + escaped(name) + `" type="` + escaped(kind) + `" autofill="` + escaped(fills) + `">` + escaped(value) + `</field>`
		got := transfertest.Read(t, "x.xml", `<database><card title="t">`+field+field+`</card></database>`, transfer.Options{})
		if len(got.Items) != 1 {
			t.Fatalf("%d items, problems %+v", len(got.Items), got.Problems)
		}
		it := got.Items[0].Item
		all := strings.Join(it.URLs, "\n") + it.Username + "\n" + it.Password + it.TOTP
		if c := it.Card; c != nil {
			all += c.Number + c.Holder + c.Code + c.ExpiryMonth + c.ExpiryYear
		}
		for _, f := range it.Fields {
			all += f.Value + "\n"
		}
		if have, want := transfertest.Letters(all), transfertest.Letters(value); !strings.Contains(have, want) && fills != "cc-exp" {
			t.Errorf("%q is not in %+v", value, it)
		}
	})
}
