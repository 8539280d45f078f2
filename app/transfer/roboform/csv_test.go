package roboform_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

func TestRoboFormCSV(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "roboform/export.csv", "roboform-csv")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Example",
			URLs:     []string{"http://example.com", "http://example.com/login"},
			Username: "jane",
			Password: "@secret",
			TOTP:     "JBSWY3DPEHPK3PXP",
			Notes:    "a note\nsecond",
			Tags:     []string{"office/logins"},
			Fields: []item.Field{
				transfertest.Hidden("PIN", "0815"),
				transfertest.YesNo("Remember", "true"),
				transfertest.Text("City", "Köln, Rhein"),
			},
		},
		{
			Type: item.TypeLogin, Title: "Bookmark",
			URLs:  []string{"http://bookmark.example"},
			Notes: "just a link",
		},
		{
			Type: item.TypeNote, Title: "A note",
			Notes: "the note itself",
		},
		{
			Type: item.TypeLogin, Title: "Short",
			URLs: []string{"http://short.example"},
		},
	})
	transfertest.SameProblems(t, got)
}
