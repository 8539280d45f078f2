package browsers_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

func TestChromeCSV(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "browsers/chrome.csv", "chrome-csv")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "accounts.example.com",
			URLs:     []string{"https://accounts.example.com/login"},
			Username: "jörg",
			Password: `p"a,s;s`,
			Notes:    "first line\nsecond",
		},
		{
			Type: item.TypeLogin, Title: "untitled.example.com",
			URLs:     []string{"https://www.untitled.example.com/"},
			Username: "u",
			Password: "p",
		},
		{
			Type: item.TypeLogin, Title: "app",
			URLs:     []string{"android://Jzj5T2E45Hb33D@com.example.app/"},
			Username: "me",
		},
		{Type: item.TypeLogin, Title: "broken", URLs: []string{"https://x.example.com"}},
	})
	transfertest.SameProblems(t, got,
		transfer.Problem{Row: 5, Code: parcel.MissingValues, Values: parcel.Values{Count: 2, Limit: 5}})
}

func TestOperaCSVHasNoNotes(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "browsers/opera.csv", "chrome-csv")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "older.example.com",
			URLs:     []string{"https://older.example.com/"},
			Username: "u",
			Password: "p",
		},
	})
	transfertest.SameProblems(t, got)
}

func TestFirefoxCSV(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "browsers/firefox.csv", "firefox-csv")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "example.com",
			URLs:     []string{"https://example.com"},
			Username: "joe@example.com",
			Password: `p"a,s;s`,
			Created:  transfertest.Time("2020-05-16T08:30:14.635Z"),
			Modified: transfertest.Time("2020-05-16T08:30:46.802Z"),
		},
		{
			Type: item.TypeLogin, Title: "router.example.com",
			URLs:     []string{"https://router.example.com:8443"},
			Username: "admin",
			Password: "basic",
			Created:  transfertest.Time("2020-05-16T08:30:14.635Z"),
			Modified: transfertest.Time("2020-05-16T08:30:46.802Z"),
			Fields: []item.Field{
				transfertest.Text("HTTP realm", "Router “B”"),
			},
		},
		{
			Type: item.TypeLogin, Title: "login.example.org",
			URLs:     []string{"https://login.example.org"},
			Username: "jo",
			Password: "pw",
			Fields: []item.Field{
				transfertest.Text("timepasswordchanged", "never"),
				transfertest.Link("Form sends to", "https://sso.example.net"),
			},
		},
		{
			Type: item.TypeLogin, Title: "FirefoxAccounts",
			URLs:     []string{"chrome://FirefoxAccounts"},
			Username: "f0f0",
			Password: `{"version":1,"kSync":"secret"}`,
			Created:  transfertest.Time("2020-05-16T08:30:14.635Z"),
			Modified: transfertest.Time("2020-05-16T08:30:46.802Z"),
			Fields: []item.Field{
				transfertest.Text("HTTP realm", "Firefox Accounts credentials"),
			},
		},
	})
	transfertest.SameProblems(t, got)
}

func TestSafariCSV(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "browsers/safari.csv", "safari-csv")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "example.com (jörg)",
			URLs:     []string{"https://example.com/"},
			Username: "jörg",
			Password: `p"a,s;s`,
			TOTP:     "otpauth://totp/x:j?secret=JBSWY3DPEHPK3PXP",
			Notes:    "first\nsecond",
		},
		{
			Type: item.TypeLogin, Title: "untitled.example.com",
			URLs:     []string{"https://untitled.example.com"},
			Username: "u",
			Password: "p",
		},
	})
	transfertest.SameProblems(t, got)
}

// Ten thousand rows are imported in order, with progress reports.
func TestChromeCSVWithTenThousandRows(t *testing.T) {
	t.Parallel()
	const rows = 10_000
	var b strings.Builder
	b.WriteString("name,url,username,password,note\r\n")
	for i := range rows {
		fmt.Fprintf(&b, "site %d,https://s%d.example.com/,user%d,\"pass,%d\",\"note\n%d\"\r\n", i, i, i, i, i)
	}
	reports := 0
	got := transfertest.Read(t, "passwords.csv", b.String(), transfer.Options{Progress: func(done, total int) {
		if done > total || total != b.Len() {
			t.Fatalf("progress says %d of %d", done, total)
		}
		reports++
	}})
	if len(got.Items) != rows || len(got.Problems) != 0 {
		t.Fatalf("%d items and %d problems", len(got.Items), len(got.Problems))
	}
	for i, have := range got.Items {
		want := item.Item{
			Type: item.TypeLogin, Title: fmt.Sprintf("site %d", i), URLs: []string{fmt.Sprintf("https://s%d.example.com/", i)},
			Username: fmt.Sprintf("user%d", i), Password: fmt.Sprintf("pass,%d", i), Notes: fmt.Sprintf("note\n%d", i),
		}
		if !have.Item.Equal(want) || have.Row != i+2 {
			t.Fatalf("row %d is %+v, want %+v in row %d", have.Row, have.Item, want, i+2)
		}
	}
	if reports < 10 {
		t.Errorf("%d progress reports", reports)
	}
}
