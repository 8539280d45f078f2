// Package dashlane reads exports of Dashlane.
package dashlane

import (
	"cmp"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// https://support.dashlane.com/hc/articles/202625092: a ZIP archive with one table per type of item. Each table can also be
// imported alone. Their columns tell them apart.

// table is one type of table.
type table struct {
	columns []string // that identify this table; other versions may lack the rest
	read    func(row *source.Row)
}

var tables = []table{
	{[]string{"username2", "title", "password", "url"}, login},
	{[]string{"username", "title", "password", "note", "url", "category"}, login},
	{[]string{"type", "cc_number"}, payment},
	{[]string{"type", "account_name", "account_number"}, payment},
	{[]string{"type", "number", "issue_date", "expiration_date"}, paper},
	{[]string{"type", "number", "name", "place_of_issue"}, paper},
	{[]string{"type", "number", "name", "issue_date"}, paper},
	{[]string{"type", "number", "name", "expiration_date"}, paper},
	{[]string{"type", "first_name", "last_name", "item_name"}, person},
	{[]string{"type", "first_name", "date_of_birth"}, person},
	{[]string{"ssid", "passphrase"}, wifi},
}

func tableOf(in *source.Input) (table, bool) {
	for _, t := range tables {
		if in.HasColumns(t.columns...) && !slices.Contains(in.CSVHeader(), "favorite") { // unknown in Dashlane
			return t, true
		}
	}
	// A table of notes has no distinctive column, so these must be all.
	return table{read: note}, slices.Equal(in.CSVHeader(), []string{"title", "note"})
}

// CSV is one of the tables.
var CSV = source.Custom{Is: isCSV, Parse: readCSV}

func isCSV(in *source.Input) bool {
	_, ok := tableOf(in)
	return ok
}

func readCSV(in *source.Input, b *source.Builder) error {
	table, _ := tableOf(in) // an unknown table is read like notes, so all columns become fields
	for row := range in.CSVRows(b, false) {
		table.read(row)
		row.Add()
	}
	return nil
}

// ZIP is the archive of all tables.
var ZIP = source.Custom{Is: isZIP, Parse: readZIP}

func isZIP(in *source.Input) bool {
	return slices.ContainsFunc(in.ZIPNames(), func(name string) bool {
		return slices.Contains([]string{"credentials.csv", "securenotes.csv"}, path.Base(name))
	})
}

func readZIP(in *source.Input, b *source.Builder) error {
	for _, name := range in.ZIPNames() {
		if !strings.EqualFold(path.Ext(name), ".csv") {
			b.Problem(0, name, parcel.UnknownPart)
			continue
		}
		before := len(b.Result.Problems)
		if err := readTable(in, name, b); err != nil {
			return err
		}
		for i := range b.Result.Problems[before:] { // because a row number alone does not name the table
			b.Result.Problems[before+i].Title = name
		}
	}
	return nil
}

// readTable reads one file of the archive.
func readTable(in *source.Input, name string, b *source.Builder) error {
	data, err := in.Unzip(name)
	if err != nil {
		return err
	}
	table, err := source.NewInput(source.File{Name: name, Data: data}, in.Options)
	if errors.Is(err, source.ErrEmpty) {
		return nil
	} else if err != nil {
		return err
	}
	if len(table.CSVHeader()) == 0 {
		b.Problem(0, name, parcel.UnknownPart)
		return nil
	}
	return readCSV(table, b)
}

func login(row *source.Row) {
	row.Item = item.Item{
		Type: item.TypeLogin, Title: row.Text("title"), Username: row.Text("username", "username2", "username3"),
		Password: row.Text("password"), TOTP: row.Text("otpurl", "otpsecret"), Notes: row.Text("note"), Tags: source.ListOf(row.Text("category")),
	}
	row.AddURL(row.Text("url"), item.MatchDomain)
}

func note(row *source.Row) {
	row.Item = item.Item{Type: item.TypeNote, Title: row.Text("title", "name"), Notes: row.Text("note"), Tags: source.ListOf(row.Text("category"))}
}

func payment(row *source.Row) {
	row.Item = item.Item{Type: item.TypeNote, Notes: row.Text("note")}
	if !row.Has("cc_number", "code") {
		row.Type, row.Title = item.TypeBankAccount, row.Text("name", "account_name")
		if kind := row.Text("type"); kind != "bank" {
			row.Relocate("type", kind, item.FieldText)
		}
		row.BankAccount = &item.BankAccount{
			Holder: row.Text("account_holder"), BankName: row.Text("issuing_bank", "bank"), AccountNumber: row.Text("account_number"),
			RoutingNumber: row.Text("routing_number", "sort_code"), IBAN: row.Text("iban"), SWIFT: row.Text("bic", "swift"),
		}
		return
	}
	row.Type = item.TypeCard
	row.Card = &item.Card{Number: row.Text("cc_number"), Code: row.Text("code")}
	// Without a column for the holder, account_name is the title and name the holder.
	if slices.Contains(row.Table.Folded, "account_holder") {
		row.Title, row.Card.Holder = row.Text("name"), row.Text("account_holder")
		for _, missing := range []*string{&row.Title, &row.Card.Holder} {
			if *missing == "" {
				*missing = row.Text("account_name")
			}
		}
	} else {
		row.Title, row.Card.Holder = row.Text("account_name"), row.Text("name")
	}
	row.Title = cmp.Or(row.Title, row.Card.Holder)
	row.Card.ExpiryMonth, row.Card.ExpiryYear = source.CardExpiry(row.Text("expiration_month"), row.Text("expiration_year"))
	if kind := row.Text("type"); kind != "payment_card" && kind != "credit_card" {
		row.Relocate("type", kind, item.FieldText)
	}
}

func paper(row *source.Row) {
	kind, name, number := row.Text("type"), row.Text("name"), row.Text("number")
	row.Title = strings.TrimSpace(name + " " + strings.ToLower(source.Label(kind)))
	switch kind {
	case "passport":
		row.Type = item.TypePassport
		row.Passport = &item.Passport{Name: name, Number: number, Issued: row.Text("issue_date"), Expires: row.Text("expiration_date")}
		return
	case "license", "driver_license", "drivers_license":
		row.Type = item.TypeDriversLicense
		row.DriversLicense = &item.DriversLicense{
			Name: name, Number: number, State: row.Text("state"), Issued: row.Text("issue_date"), Expires: row.Text("expiration_date"),
		}
		return
	}
	id := &item.Identity{State: row.Text("state")}
	id.FirstName, id.MiddleName, id.LastName = source.SplitName(name)
	if kind == "social_security" {
		id.SSN = number
	} else {
		row.AddField(source.Label(kind), number, source.KindOfValue(source.Label(kind), number))
	}
	row.Type, row.Identity = item.TypeIdentity, id
}

func person(row *source.Row) {
	kind := row.Text("type")
	row.Item = item.Item{Type: item.TypeIdentity, Title: row.Text("item_name"), Username: row.Text("login")}
	row.Identity = &item.Identity{
		Title: row.Text("title"), FirstName: row.Text("first_name"), MiddleName: row.Text("middle_name"), LastName: row.Text("last_name"),
		Email: row.Text("email"), Phone: row.Text("phone_number"), Address: row.Text("address"), City: row.Text("city"),
		State: row.Text("state"), PostalCode: row.Text("zip"), Country: row.Text("country"),
	}
	row.AddURL(row.Text("url"), item.MatchDomain)
	if row.Title == "" {
		row.Title = strings.Join(strings.Fields(row.Identity.Title+" "+row.Identity.FirstName+" "+row.Identity.LastName), " ")
	}
	if row.Title == "" {
		row.Title = source.Label(kind)
	}
}

func wifi(row *source.Row) {
	row.Item = item.Item{
		Type: item.TypeLogin, Title: row.Text("name", "title"), Username: row.Text("ssid"), Password: row.Text("passphrase"),
		Notes: row.Text("note"),
	}
	if row.Title == "" {
		row.Title = row.Username
	}
}
