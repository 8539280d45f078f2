package transfer_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

func TestBitwardenCSV(t *testing.T) {
	t.Parallel()
	got := sample(t, "bitwarden/individual.csv", "bitwarden-csv")
	same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Büro 日本",
			URLs:      []string{"https://a.example.com/x,y", "https://b.example.com", "c.example.com"},
			Username:  "jörg",
			Password:  "p\"a,s\ns",
			TOTP:      "JBSWY3DPEHPK3PXP",
			Notes:     "first line\nsecond, \"quoted\" line",
			Tags:      []string{`Arbeit, "Köln"`},
			Favourite: true,
			Fields: []item.Field{
				text("Kundennummer", "4711"),
				hidden("PIN", "0815"),
				text("Address", "one\ntwo"),
				yesNo("Master password re-prompt", "true"),
			},
		},
		{
			Type: item.TypeNote, Title: "Notiz",
			Notes: "only a note",
			Tags:  []string{"Archived"},
			Fields: []item.Field{
				text("Archived", "2025-03-03T03:03:03.003Z"),
			},
		},
		{
			Type: item.TypeLogin, Title: "untitled.example.com",
			URLs:     []string{"https://untitled.example.com/login"},
			Username: "u",
			Password: "p",
		},
	})
	sameProblems(t, got,
		transfer.Problem{Row: 4, Reason: "there are 4 values for 12 columns"})
}

func TestBitwardenOrganisationCSV(t *testing.T) {
	t.Parallel()
	got := sample(t, "bitwarden/organisation.csv", "bitwarden-csv")
	same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "db-1",
			URLs:     []string{"ssh://db-1.example.com"},
			Username: "root",
			Password: "toor",
			Tags:     []string{"Servers/Berlin", "Everyone"},
		},
		{
			Type: item.TypeLogin, Title: "Visa",
			Notes: "a card has no columns here",
			Tags:  []string{"Everyone"},
			Fields: []item.Field{
				text("number", "4111"),
				text("Type", "card"),
			},
		},
	})
	sameProblems(t, got)
}
