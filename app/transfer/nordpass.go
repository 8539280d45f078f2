package transfer

import (
	"encoding/json"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// https://support.nordpass.com: one table for all types, the last column says which. Older ones lack the columns type,
// additional_urls and custom_fields.

// nordPassCSV is the table of NordPass.
var nordPassCSV = custom{is: isNordPassCSV, parse: readNordPassCSV}

func isNordPassCSV(in *input) bool {
	return in.hasColumns("name", "url", "username", "password", "cardholdername", "cardnumber", "cvc", "folder")
}

func readNordPassCSV(in *input, b *builder) error {
	for row := range in.csvRows(b, false) {
		kind := row.text("type")
		if kind == "folder" {
			continue // its name is in the rows of its entries
		}
		row.Item = item.Item{
			Title: row.text("name"), Username: row.text("username"), Password: row.text("password"), Notes: row.text("note"),
			Tags: one(row.text("folder")),
		}
		row.Type = nordPassType(kind, row)
		if row.Type == item.TypeNote && kind != "note" {
			row.relocate("type", kind, item.FieldText)
		}
		for _, address := range append([]string{row.text("url")}, listOfTexts(row.text("additional_urls"))...) {
			row.addURL(address, item.MatchDomain)
		}
		switch row.Type {
		case item.TypeCard:
			month, year, _ := strings.Cut(row.text("expirydate"), "/")
			month, year = expiry(month, year)
			row.Card = &item.Card{
				Holder: row.text("cardholdername"), Number: row.text("cardnumber"), Code: row.text("cvc"),
				ExpiryMonth: month, ExpiryYear: year,
			}
		case item.TypeIdentity:
			row.Identity = nordPassIdentity(row)
		}
		nordPassFields(row.draft, row.text("custom_fields"))
		row.add()
	}
	return nil
}

// nordPassType finds out what a row is, without a type by the columns that have something in them.
func nordPassType(kind string, row *csvRow) item.Type {
	switch {
	case kind == "password":
		return item.TypeLogin
	case kind == "credit_card" || kind == "" && row.has("cardnumber", "cardholdername", "cvc"):
		return item.TypeCard
	case kind == "identity" || kind == "" && row.has("full_name", "email", "phone_number", "address1"):
		return item.TypeIdentity
	case kind == "" && row.has("url", "username", "password"):
		return item.TypeLogin
	}
	return item.TypeNote
}

func nordPassIdentity(row *csvRow) *item.Identity {
	first, middle, last := splitName(row.text("full_name"))
	return &item.Identity{
		FirstName: first, MiddleName: middle, LastName: last, Phone: row.text("phone_number"), Email: row.text("email"),
		Address: lines(row.text("address1"), row.text("address2")), City: row.text("city"), State: row.text("state"),
		PostalCode: row.text("zipcode"), Country: row.text("country"),
	}
}

// listOfTexts reads a JSON list of texts, or addresses joined by commas.
func listOfTexts(s string) []string {
	var list []string
	if json.Unmarshal([]byte(s), &list) == nil {
		return list
	}
	return splitURLs(s)
}

// nordPassFields reads [{"label":"PIN","type":"hidden","value":"1234"}].
func nordPassFields(it *draft, s string) {
	if s == "" {
		return
	}
	top, err := decodeObject([]byte(`{"custom_fields":` + s + `}`))
	if err != nil {
		it.relocate("Custom fields", s, item.FieldHidden)
		return
	}
	for _, f := range top.objects("custom_fields") {
		kind := item.FieldText
		if f.text("type") == "hidden" {
			kind = item.FieldHidden
		}
		it.addField(f.text("label"), f.text("value"), kind)
		it.relocateRest(f, "Custom field")
	}
	it.relocateRest(top, "")
}
