package item_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
)

func TestSubtitle(t *testing.T) {
	t.Parallel()
	card := func(brand, number string) item.Item {
		return item.Item{Type: item.TypeCard, Card: &item.Card{Brand: brand, Number: number}}
	}
	for want, it := range map[string]item.Item{
		"Visa, •4242": card(" Visa ", "4000 0012 3456 4242"),
		"•7899":       card("", "4000-0012-3456-7899"),
		"Visa":        card("Visa", "4242"), // too short to show a part of it
		"Ada Q. Ford": {Type: item.TypeIdentity, Identity: &item.Identity{FirstName: "Ada", MiddleName: "Q.", LastName: "Ford\n"}},
		"Ford":        {Type: item.TypeIdentity, Identity: &item.Identity{Company: "Ford"}},
		"a@ford.example": {Title: "Ada Ford", Type: item.TypeIdentity,
			Identity: &item.Identity{FirstName: "Ada", LastName: "Ford", Email: "a@ford.example"}},
		"•3000":    {Title: "First", Type: item.TypeBankAccount, BankAccount: &item.BankAccount{BankName: "First", AccountNumber: "1003000"}},
		"Ada Ford": {Type: item.TypeIdentity, Identity: &item.Identity{FirstName: "Ada", LastName: "Ford"}, Card: card("Visa", "").Card},
	} {
		if got := it.Subtitle(); got != want {
			t.Errorf("%+v: %q, want %q", it, got, want)
		}
	}
	for _, it := range []item.Item{{Type: item.TypeLogin, Card: card("Visa", "").Card}, {Type: item.TypeCard}, card("", "1")} {
		if got := it.Subtitle(); got != "" {
			t.Errorf("%+v: %q", it, got)
		}
	}
}
