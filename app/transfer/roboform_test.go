package transfer_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
)

func TestRoboFormCSV(t *testing.T) {
	t.Parallel()
	got := sample(t, "roboform/export.csv", "roboform-csv")
	same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Example",
			URLs:     []string{"http://example.com", "http://example.com/login"},
			Username: "jane",
			Password: "@secret",
			TOTP:     "JBSWY3DPEHPK3PXP",
			Notes:    "a note\nsecond",
			Tags:     []string{"office/logins"},
			Fields: []item.Field{
				hidden("PIN", "0815"),
				yesNo("Remember", "true"),
				text("City", "Köln, Rhein"),
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
	sameProblems(t, got)
}
