// Package nordpass reads exports of NordPass.
package nordpass

import (
	"encoding/json"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// CSV is the table of NordPass (https://support.nordpass.com). It has all types of items; the last column says which. Older
// tables lack the columns type, additional_urls and custom_fields.
var CSV = source.Custom{Is: isCSV, Parse: readCSV}

func isCSV(in *source.Input) bool {
	return in.HasColumns("name", "url", "username", "password", "cardholdername", "cardnumber", "cvc", "folder")
}

func readCSV(in *source.Input, b *source.Builder) error {
	for row := range in.CSVRows(b, false) {
		kind := row.Text("type")
		if kind == "folder" {
			continue // the rows of its items repeat its name
		}
		row.Item = item.Item{
			Title: row.Text("name"), Username: row.Text("username"), Password: row.Text("password"), Notes: row.Text("note"),
			Tags: source.ListOf(row.Text("folder")),
		}
		row.Type = typeOf(kind, row)
		if row.Type == item.TypeNote && kind != "note" {
			row.Relocate("type", kind, item.FieldText)
		}
		for _, rawURL := range append([]string{row.Text("url")}, listOfTexts(row.Text("additional_urls"))...) {
			row.AddURL(rawURL, item.MatchDomain)
		}
		switch row.Type {
		case item.TypeCard:
			month, year, _ := strings.Cut(row.Text("expirydate"), "/")
			month, year = source.CardExpiry(month, year)
			row.Card = &item.Card{
				Holder: row.Text("cardholdername"), Number: row.Text("cardnumber"), Code: row.Text("cvc"),
				ExpiryMonth: month, ExpiryYear: year,
			}
		case item.TypeIdentity:
			row.Identity = identity(row)
		}
		customFields(row.Draft, row.Text("custom_fields"))
		row.Add()
	}
	return nil
}

// typeOf returns the type of a row, or if it has none, guesses it from the nonempty columns.
func typeOf(kind string, row *source.Row) item.Type {
	switch {
	case kind == "password":
		return item.TypeLogin
	case kind == "credit_card" || kind == "" && row.Has("cardnumber", "cardholdername", "cvc"):
		return item.TypeCard
	case kind == "identity" || kind == "" && row.Has("full_name", "email", "phone_number", "address1"):
		return item.TypeIdentity
	case kind == "" && row.Has("url", "username", "password"):
		return item.TypeLogin
	}
	return item.TypeNote
}

func identity(row *source.Row) *item.Identity {
	first, middle, last := source.SplitName(row.Text("full_name"))
	return &item.Identity{
		FirstName: first, MiddleName: middle, LastName: last, Phone: row.Text("phone_number"), Email: row.Text("email"),
		Address: source.JoinLines(row.Text("address1"), row.Text("address2")), City: row.Text("city"), State: row.Text("state"),
		PostalCode: row.Text("zipcode"), Country: row.Text("country"),
	}
}

// listOfTexts parses a JSON list of strings, or URLs joined by commas.
func listOfTexts(s string) []string {
	var list []string
	if json.Unmarshal([]byte(s), &list) == nil {
		return list
	}
	return source.SplitURLs(s)
}

// customFields parses [{"label":"PIN","type":"hidden","value":"1234"}].
func customFields(it *source.Draft, s string) {
	if s == "" {
		return
	}
	top, err := source.DecodeObject([]byte(`{"custom_fields":` + s + `}`))
	if err != nil {
		it.Relocate("Custom fields", s, item.FieldHidden)
		return
	}
	for _, f := range top.Objects("custom_fields") {
		kind := item.FieldText
		if f.Text("type") == "hidden" {
			kind = item.FieldHidden
		}
		it.AddField(f.Text("label"), f.Text("value"), kind)
		it.RelocateRest(f, "Custom field")
	}
	it.RelocateRest(top, "")
}
