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
	read    func(row *csvRow)
}

var dashlaneTables = []dashlaneTable{
	{[]string{"username2", "title", "password", "url"}, dashlaneLogin},
	{[]string{"username", "title", "password", "note", "url", "category"}, dashlaneLogin},
	{[]string{"type", "cc_number"}, dashlanePayment},
	{[]string{"type", "account_name", "account_number"}, dashlanePayment},
	{[]string{"type", "number", "issue_date", "expiration_date"}, dashlaneID},
	{[]string{"type", "number", "name", "place_of_issue"}, dashlaneID},
	{[]string{"type", "first_name", "last_name", "item_name"}, dashlanePerson},
	{[]string{"type", "first_name", "date_of_birth"}, dashlanePerson},
	{[]string{"ssid", "passphrase"}, dashlaneWiFi},
}

func dashlaneTableOf(in *input) (dashlaneTable, bool) {
	for _, t := range dashlaneTables {
		if in.hasColumns(t.columns...) {
			return t, true
		}
	}
	// The notes have no column of their own, so the table must have no other.
	return dashlaneTable{read: dashlaneNote}, slices.Equal(in.csvHeader(), []string{"title", "note"})
}

// dashlaneCSV is one of the tables.
var dashlaneCSV = custom{is: isDashlaneCSV, parse: readDashlaneCSV}

func isDashlaneCSV(in *input) bool {
	_, ok := dashlaneTableOf(in)
	return ok
}

func readDashlaneCSV(in *input, b *builder) error {
	table, _ := dashlaneTableOf(in) // one that is not known is read like notes, with all columns kept
	for row := range in.csvRows(b, false) {
		table.read(row)
		row.add()
	}
	return nil
}

// dashlaneZIP is the archive of all tables.
var dashlaneZIP = custom{is: isDashlaneZIP, parse: readDashlaneZIP}

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

func dashlaneLogin(row *csvRow) {
	row.Item = item.Item{
		Type: item.TypeLogin, Title: row.text("title"), Username: row.text("username", "username2", "username3"),
		Password: row.text("password"), TOTP: row.text("otpurl", "otpsecret"), Notes: row.text("note"), Tags: one(row.text("category")),
	}
	row.addURL(row.text("url"), item.MatchDomain)
}

func dashlaneNote(row *csvRow) {
	row.Item = item.Item{Type: item.TypeNote, Title: row.text("title", "name"), Notes: row.text("note"), Tags: one(row.text("category"))}
}

func dashlanePayment(row *csvRow) {
	row.Item = item.Item{Type: item.TypeNote, Notes: row.text("note")}
	if !row.has("cc_number", "code") {
		row.Title = row.text("name", "account_name")
		return // a bank account: all of its columns are kept
	}
	row.Type = item.TypeCard
	row.Card = &item.Card{Number: row.text("cc_number"), Code: row.text("code")}
	// Without a column of holders, the account is the name of the card, and the name its holder.
	if slices.Contains(row.table.folded, "account_holder") {
		row.Title, row.Card.Holder = row.text("name"), row.text("account_holder", "account_name")
	} else {
		row.Title, row.Card.Holder = row.text("account_name"), row.text("name")
	}
	row.Title = cmp.Or(row.Title, row.Card.Holder)
	row.Card.ExpiryMonth, row.Card.ExpiryYear = expiry(row.text("expiration_month"), row.text("expiration_year"))
	if kind := row.text("type"); kind != "payment_card" && kind != "credit_card" {
		row.relocate("type", kind, item.FieldText)
	}
}

func dashlaneID(row *csvRow) {
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
		row.addField(label(kind), number, item.FieldText)
	}
	row.Type, row.Identity = item.TypeIdentity, id
	row.Title = strings.TrimSpace(name + " " + strings.ToLower(label(kind)))
}

func dashlanePerson(row *csvRow) {
	kind := row.text("type")
	row.Item = item.Item{Type: item.TypeIdentity, Title: row.text("item_name"), Username: row.text("login")}
	row.Identity = &item.Identity{
		Title: row.text("title"), FirstName: row.text("first_name"), MiddleName: row.text("middle_name"), LastName: row.text("last_name"),
		Email: row.text("email"), Phone: row.text("phone_number"), Address: row.text("address"), City: row.text("city"),
		State: row.text("state"), PostalCode: row.text("zip"), Country: row.text("country"),
	}
	row.addURL(row.text("url"), item.MatchDomain)
	if row.Title == "" {
		row.Title = strings.Join(strings.Fields(row.Identity.Title+" "+row.Identity.FirstName+" "+row.Identity.LastName), " ")
	}
	if row.Title == "" {
		row.Title = label(kind)
	}
}

func dashlaneWiFi(row *csvRow) {
	row.Item = item.Item{
		Type: item.TypeLogin, Title: row.text("name", "title"), Username: row.text("ssid"), Password: row.text("passphrase"),
		Notes: row.text("note"),
	}
	if row.Title == "" {
		row.Title = row.Username
	}
}
