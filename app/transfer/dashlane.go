package transfer

import (
	"cmp"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// https://support.dashlane.com/hc/articles/202625092: a ZIP archive with one table for each kind of entry, of which each
// can be imported by itself too. The tables are told apart by their columns.

// dashlaneTable is one kind of table.
type dashlaneTable struct {
	columns []string // that only this one has; older and newer versions may lack the others
	read    func(b *builder, row *csvRow, it *item.Item)
}

var dashlaneTables = []dashlaneTable{
	{[]string{"username2", "title", "password", "url"}, dashlaneLogin},
	{[]string{"username", "title", "password", "note", "url", "category"}, dashlaneLogin},
	{[]string{"type", "cc_number"}, dashlanePayment},
	{[]string{"type", "account_name", "account_number"}, dashlanePayment},
	{[]string{"type", "number", "issue_date", "expiration_date"}, dashlaneID},
	{[]string{"type", "number", "name", "place_of_issue"}, dashlaneID},
	{[]string{"type", "number", "name", "issue_date"}, dashlaneID},
	{[]string{"type", "number", "name", "expiration_date"}, dashlaneID},
	{[]string{"type", "first_name", "last_name", "item_name"}, dashlanePerson},
	{[]string{"type", "first_name", "date_of_birth"}, dashlanePerson},
	{[]string{"ssid", "passphrase"}, dashlaneWiFi},
}

func dashlaneTableOf(in *input) (dashlaneTable, bool) {
	for _, t := range dashlaneTables {
		if (csvFormat{needs: t.columns}).detect(in) && !slices.Contains(in.csvHeader(), "favorite") { // no table of Dashlane has it
			return t, true
		}
	}
	// The notes have no column of their own, so the table must have no other.
	return dashlaneTable{read: dashlaneNote}, slices.Equal(in.csvHeader(), []string{"title", "note"})
}

func isDashlaneCSV(in *input) bool {
	_, ok := dashlaneTableOf(in)
	return ok
}

func readDashlaneCSV(in *input, b *builder) error {
	table, _ := dashlaneTableOf(in) // one that is not known is read like notes, with all columns kept
	for row := range in.csvRows(b, false) {
		var it item.Item
		table.read(b, row, &it)
		b.addRow(row, it)
	}
	return nil
}

func isDashlaneZIP(in *input) bool {
	return slices.ContainsFunc(in.zipNames(), func(name string) bool {
		return slices.Contains([]string{"credentials.csv", "securenotes.csv"}, path.Base(name))
	})
}

func readDashlaneZIP(in *input, b *builder) error {
	for _, name := range in.zipNames() {
		if !strings.EqualFold(path.Ext(name), ".csv") {
			b.problem(0, name, "this is not a table of Dashlane")
			continue
		}
		told := len(b.result.Problems)
		if err := readDashlaneTable(in, name, b); err != nil {
			return err
		}
		for i := range b.result.Problems[told:] { // the number of a row alone does not say in which table
			b.result.Problems[told+i].Title = name
		}
	}
	return nil
}

// readDashlaneTable reads one file of the archive.
func readDashlaneTable(in *input, name string, b *builder) error {
	data, err := in.unzip(name)
	if err != nil {
		return err
	}
	table, err := newInput(File{Name: name, Data: data}, in.options)
	if errors.Is(err, ErrEmpty) {
		return nil
	} else if err != nil {
		return err
	}
	if len(table.csvHeader()) == 0 {
		b.problem(0, name, "this is not a table of Dashlane")
		return nil
	}
	return readDashlaneCSV(table, b)
}

func dashlaneLogin(b *builder, row *csvRow, it *item.Item) {
	*it = item.Item{
		Type: item.TypeLogin, Title: row.text("title"), Username: row.text("username", "username2", "username3"),
		Password: row.text("password"), TOTP: row.text("otpurl", "otpsecret"), Notes: row.text("note"), Tags: one(row.text("category")),
	}
	addURL(b, row.number, it, row.text("url"), item.MatchDomain)
}

func dashlaneNote(_ *builder, row *csvRow, it *item.Item) {
	*it = item.Item{Type: item.TypeNote, Title: row.text("title", "name"), Notes: row.text("note"), Tags: one(row.text("category"))}
}

func dashlanePayment(b *builder, row *csvRow, it *item.Item) {
	*it = item.Item{Type: item.TypeNote, Notes: row.text("note")}
	if !row.has("cc_number", "code") {
		it.Title = row.text("name", "account_name")
		return // a bank account: all of its columns are kept
	}
	it.Type = item.TypeCard
	it.Card = &item.Card{Number: row.text("cc_number"), Code: row.text("code")}
	// Without a column of holders, the account is the name of the card, and the name its holder.
	if slices.Contains(row.table.folded, "account_holder") {
		it.Title, it.Card.Holder = row.text("name"), row.text("account_holder")
		for _, missing := range []*string{&it.Title, &it.Card.Holder} {
			if *missing == "" {
				*missing = row.text("account_name")
			}
		}
	} else {
		it.Title, it.Card.Holder = row.text("account_name"), row.text("name")
	}
	it.Title = cmp.Or(it.Title, it.Card.Holder)
	it.Card.ExpiryMonth, it.Card.ExpiryYear = expiry(row.text("expiration_month"), row.text("expiration_year"))
	if kind := row.text("type"); kind != "payment_card" && kind != "credit_card" {
		b.keepField(row.number, it, "type", kind, item.FieldText)
	}
}

func dashlaneID(_ *builder, row *csvRow, it *item.Item) {
	kind, name, number := row.text("type"), row.text("name"), row.text("number")
	id := &item.Identity{State: row.text("state")}
	id.FirstName, id.MiddleName, id.LastName = splitName(name)
	switch kind {
	case "passport":
		id.Passport = number
	case "social_security":
		id.SSN = number
	case "license", "driver_license", "drivers_license":
		id.License = number
	default:
		addField(it, label(kind), number, kindOfValue(label(kind), number))
	}
	it.Type, it.Identity = item.TypeIdentity, id
	it.Title = strings.TrimSpace(name + " " + strings.ToLower(label(kind)))
}

func dashlanePerson(b *builder, row *csvRow, it *item.Item) {
	kind := row.text("type")
	*it = item.Item{Type: item.TypeIdentity, Title: row.text("item_name"), Username: row.text("login")}
	it.Identity = &item.Identity{
		Title: row.text("title"), FirstName: row.text("first_name"), MiddleName: row.text("middle_name"), LastName: row.text("last_name"),
		Email: row.text("email"), Phone: row.text("phone_number"), Address: row.text("address"), City: row.text("city"),
		State: row.text("state"), PostalCode: row.text("zip"), Country: row.text("country"),
	}
	addURL(b, row.number, it, row.text("url"), item.MatchDomain)
	if it.Title == "" {
		it.Title = strings.Join(strings.Fields(it.Identity.Title+" "+it.Identity.FirstName+" "+it.Identity.LastName), " ")
	}
	if it.Title == "" {
		it.Title = label(kind)
	}
}

func dashlaneWiFi(_ *builder, row *csvRow, it *item.Item) {
	*it = item.Item{
		Type: item.TypeLogin, Title: row.text("name", "title"), Username: row.text("ssid"), Password: row.text("passphrase"),
		Notes: row.text("note"),
	}
	if it.Title == "" {
		it.Title = it.Username
	}
}
