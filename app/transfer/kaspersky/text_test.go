package kaspersky_test

import (
	"os"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

func want() []item.Item {
	return []item.Item{
		{
			Type: item.TypeLogin, Title: "Bank", URLs: []string{"https://bank.example"}, Username: "anna", Password: "pw: bank",
			Notes: "line one\nPassword: not this", Fields: []item.Field{transfertest.Text("Login name", "Shared account")},
		},
		{Type: item.TypeLogin, Title: "Post", URLs: []string{"https://post.example"}, Username: "mia", Password: "pw-post"},
		{Type: item.TypeLogin, Title: "Chess", Username: "mia", Password: "pw-chess"},
		{Type: item.TypeLogin, Title: "Router", Username: "admin"},
		{Type: item.TypeNote, Title: "Poem", Notes: "first line\n---\nsecond: line"},
		{Type: item.TypeNote, Title: "Empty"},
	}
}

func TestKasperskyText(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "kaspersky/export.txt", "kaspersky-txt")
	transfertest.Same(t, got, want())
	transfertest.SameProblems(t, got)
	data, err := os.ReadFile(transfertest.Testdata("kaspersky/export.txt"))
	if err != nil {
		t.Fatal(err)
	}
	got = transfertest.Read(t, "x.txt", transfertest.UTF16LE(strings.ReplaceAll(string(data), "\n", "\r\n")), transfer.Options{})
	transfertest.Same(t, got, want())
	notes := string(data)[strings.Index(string(data), "Notes\n"):]
	transfertest.Same(t, transfertest.Read(t, "x.txt", notes, transfer.Options{}), want()[4:])
}

func TestTruncatedKasperskyText(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(transfertest.Testdata("kaspersky/export.txt"))
	if err != nil {
		t.Fatal(err)
	}
	whole := string(data)
	got := transfertest.Read(t, "x.txt", whole[:strings.Index(whole, "pw-post")+3], transfer.Options{})
	post := want()[1]
	post.Password = "pw-"
	transfertest.Same(t, got, []item.Item{want()[0], post})
	transfertest.SameProblems(t, got, transfer.Problem{Row: 2, Code: parcel.TruncatedItem})
}

// Every value is in its item, with all its lines.
func FuzzKasperskyText(f *testing.F) {
	f.Add("Bank", "anna", "pw", "one\ntwo")
	f.Add("Name: x", "Comment: y", "---", "---\nWebsite name: z\n---")
	f.Fuzz(func(t *testing.T, name, login, password, comment string) {
		for _, s := range []string{name, login, password, comment} {
			if strings.ContainsAny(s, "\r\x00") || strings.ToValidUTF8(s, "") != s || len(s) > 300 {
				return
			}
		}
		if strings.ContainsAny(name+login+password, "\n") || transfertest.Letters(name) == "" {
			return
		}
		got := transfertest.Read(t, "x.txt", "Websites\n\nWebsite name: "+name+"\nWebsite URL: https://a.example\nLogin name:\nLogin: "+login+
			"\nPassword: "+password+"\nComment: "+comment+"\n\n---\n\n", transfer.Options{Format: "kaspersky-txt"})
		var all string
		for _, i := range got.Items {
			all += i.Item.Title + "\n" + strings.Join(i.Item.URLs, "\n") + i.Item.Username + "\n" + i.Item.Password + "\n" + i.Item.Notes + "\n"
			for _, f := range i.Item.Fields {
				all += f.Name + f.Value + "\n"
			}
		}
		for _, value := range []string{name, login, password} {
			if !strings.Contains(transfertest.Letters(all), transfertest.Letters(value)) {
				t.Errorf("%q is not in %q", value, all)
			}
		}
		if len(got.Items) == 1 && !strings.Contains(transfertest.Letters(all), transfertest.Letters(comment)) {
			t.Errorf("%q is not in %q", comment, all)
		}
		if !strings.Contains(comment, "---") && len(got.Items) != 1 {
			t.Errorf("%d items", len(got.Items))
		}
	})
}
