package bitwarden_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

func TestBitwardenCSV(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "bitwarden/individual.csv", "bitwarden-csv")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Büro 日本",
			URLs:      []string{"https://a.example.com/x,y", "https://b.example.com", "c.example.com"},
			Username:  "jörg",
			Password:  "p\"a,s\ns",
			TOTP:      "JBSWY3DPEHPK3PXP",
			Notes:     "first line\nsecond, \"quoted\" line",
			Tags:      []string{`Arbeit, "Köln"`},
			Favourite: true,
			Reprompt:  true,
			Fields: []item.Field{
				transfertest.Text("Kundennummer", "4711"),
				transfertest.Hidden("PIN", "0815"),
				transfertest.Text("Address", "one\ntwo"),
			},
		},
		{
			Type: item.TypeNote, Title: "Notiz",
			Notes:    "only a note",
			Archived: transfertest.Time("2025-03-03T03:03:03.003Z"),
		},
		{
			Type: item.TypeLogin, Title: "untitled.example.com",
			URLs:     []string{"https://untitled.example.com/login"},
			Username: "u",
			Password: "p",
		},
	})
	transfertest.SameProblems(t, got,
		transfer.Problem{Row: 4, Code: parcel.ColumnCount, Values: parcel.Values{Count: 4, Limit: 12}})
}

func TestBitwardenOrganisationCSV(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "bitwarden/organisation.csv", "bitwarden-csv")
	transfertest.Same(t, got, []item.Item{
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
				transfertest.Text("number", "4111"),
				transfertest.Text("Type", "card"),
			},
		},
	})
	transfertest.SameProblems(t, got)
}
