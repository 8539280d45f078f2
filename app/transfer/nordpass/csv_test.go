package nordpass_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

func TestNordPassCSV(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "nordpass/export.csv", "nordpass-csv")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Büro 日本",
			URLs:     []string{"https://example.com", "https://two.example.com/a,b", "https://three.example.com"},
			Username: "jörg",
			Password: `p"a,s;s`,
			Notes:    "note\nsecond line",
			Tags:     []string{"Arbeit"},
			Fields: []item.Field{
				transfertest.Text("Kundennummer", "4711"),
				transfertest.Hidden("Code", "geheim"),
				transfertest.Text("Since", "14/12/1990"),
			},
		},
		{
			Type: item.TypeNote, Title: "Notiz",
			Notes: "only a\nnote",
		},
		{
			Type: item.TypeCard, Title: "Visa",
			Notes: "card note",
			Fields: []item.Field{
				transfertest.Hidden("pin", "9876"),
				transfertest.Text("zipcode", "19412"),
			},
			Card: &item.Card{Code: "012", ExpiryMonth: "1", ExpiryYear: "2031", Holder: "A B", Number: "4242424242424242"},
		},
		{
			Type: item.TypeIdentity, Title: "Me",
			Identity: &item.Identity{Address: "Weg 1\nHinterhaus", City: "Köln", Country: "de", Email: "e@example.com", FirstName: "Erika", LastName: "Mustermann", MiddleName: "Maria", Phone: "+49 1", PostalCode: "50667", State: "NRW"},
		},
		{
			Type: item.TypeNote, Title: "Doc",
			Fields: []item.Field{
				transfertest.Text("type", "document"),
			},
		},
		{
			Type: item.TypeLogin, Title: "odd",
			URLs:     []string{"https://odd.example.com"},
			Username: "u",
			Password: "p",
			Fields: []item.Field{
				transfertest.Hidden("Custom fields", "not json"),
			},
		},
	})
	transfertest.SameProblems(t, got)
}

func TestNordPassCSVWithoutTypes(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "nordpass/older.csv", "nordpass-csv")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "login",
			URLs:     []string{"https://example.com"},
			Username: "u",
			Password: "p",
		},
		{
			Type: item.TypeCard, Title: "card",
			Card: &item.Card{Code: "123", ExpiryMonth: "12", ExpiryYear: "2030", Holder: "A B", Number: "4111111111111111"},
		},
		{
			Type: item.TypeIdentity, Title: "me",
			Identity: &item.Identity{FirstName: "Jo", LastName: "Doe"},
		},
		{
			Type: item.TypeNote, Title: "note",
			Notes: "text",
		},
	})
	transfertest.SameProblems(t, got)
}
