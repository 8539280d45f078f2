// Package lastpass reads exports of LastPass.
package lastpass

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// CSV is the table of LastPass
// (https://support.lastpass.com/help/how-do-i-import-stored-data-into-lastpass-using-a-generic-csv-file): url, username,
// password, totp, extra, name, grouping, fav. A secure note has the URL http://sn; one with a form starts with "NoteType:".
// Text copied from a browser window contains HTML entities.
var CSV = source.Custom{Is: isCSV, Parse: readCSV}

func isCSV(in *source.Input) bool {
	return in.HasColumns("url", "username", "password", "extra", "name", "grouping")
}

func readCSV(in *source.Input, b *source.Builder) error {
	text, err := in.Text()
	if err != nil {
		return err
	}
	plain := func(s string) string { return s }
	if isEscapedHTML(text) {
		plain = html.UnescapeString
	}
	for row := range in.CSVRows(b, false) {
		take := func(name string) string { return plain(row.Text(name)) }
		row.Item = item.Item{
			Type: item.TypeLogin, Title: take("name"), Username: take("username"), Password: take("password"), TOTP: take("totp"),
			Favourite: source.IsYes(row.Text("fav")), Tags: source.ListOf(strings.ReplaceAll(take("grouping"), `\`, "/")),
		}
		if row.Tags != nil && row.Tags[0] == "(none)" {
			row.Tags = nil
		}
		rawURL, extra := take("url"), take("extra")
		switch {
		case rawURL == "http://group" && row.Username == "" && row.Password == "" && extra == "":
			continue // a folder
		case rawURL != "http://sn":
			row.Notes = extra
			row.AddURL(rawURL, item.MatchDomain)
		case strings.HasPrefix(extra, "NoteType:"):
			readForm(row.Draft, extra)
		default:
			row.Type, row.Notes = item.TypeNote, extra
		}
		row.Add()
	}
	return nil
}

var entity = regexp.MustCompile(`&(amp|lt|gt|quot|apos|#39|#039|#x27);`)

// isEscapedHTML reports whether each ampersand of the file starts an entity and no angle bracket is unescaped.
func isEscapedHTML(text string) bool {
	n := strings.Count(text, "&")
	return n > 0 && !strings.ContainsAny(text, "<>") && len(entity.FindAllStringIndex(text, -1)) == n
}

// formLines splits a note with a form. Inside a PEM block, a colon does not start a line of the form, and Notes, the last
// line, includes everything after it.
func formLines(text string) []source.FormLine {
	var out []source.FormLine
	pem := false
	for i, line := range strings.Split(text, "\n") {
		name, value, ok := strings.Cut(line, ":")
		notes := len(out) > 0 && out[len(out)-1].Name == "Notes"
		if i > 0 && (pem || notes || !ok || len(name) > 60) {
			out[len(out)-1].Value += "\n" + line
		} else {
			out = append(out, source.FormLine{Name: name, Value: value})
		}
		if strings.Contains(line, "-----BEGIN ") {
			pem = true
		}
		if strings.Contains(line, "-----END ") {
			pem = false
		}
	}
	return out
}

// readForm reads a secure note with a form, as the closest type.
func readForm(it *source.Draft, text string) {
	form := source.Object{}
	var order []string
	for _, l := range formLines(strings.TrimRight(text, "\n")) {
		value := strings.TrimRight(l.Value, "\r")
		if strings.Trim(value, ", \n") == "" {
			continue
		}
		if have, ok := form[l.Name].(string); ok {
			value = have + "\n" + value
		} else {
			order = append(order, l.Name)
		}
		form[l.Name] = value
	}
	kind := form.Text("NoteType")
	it.Notes = form.Text("Notes")
	form.Drop("Language")
	switch kind {
	case "Credit Card":
		card(it, form)
	case "Address":
		address(it, form)
	case "SSH Key":
		it.Type = item.TypeSSHKey
		it.SSHKey = &item.SSHKey{Private: form.Text("Private Key"), Public: form.Text("Public Key")}
	case "Bank Account", "Passport", "Driver's License":
		it.Type = documents[kind]
		places.Fill(&it.Item, form)
	case "Social Security":
		it.Type = item.TypeIdentity
		it.Identity = &item.Identity{SSN: form.Text("Number")}
		it.Identity.FirstName, it.Identity.MiddleName, it.Identity.LastName = source.SplitName(form.Text("Name"))
	default:
		it.Username, it.Password = form.Text("Username", "SSID"), form.Text("Password")
		it.NoteOrLogin()
		if !strings.HasPrefix(kind, "Custom_") {
			it.Relocate("Type of note", kind, item.FieldText)
		}
	}
	for _, name := range order {
		it.Relocate(name, form.Text(name), source.KindOf(name))
	}
}

func card(it *source.Draft, form source.Object) {
	month, year, _ := strings.Cut(form.Text("Expiration Date"), ",")
	if n := source.MonthNumber(month); n != "" {
		month = n
	}
	month, year = source.CardExpiry(month, year)
	it.Type = item.TypeCard
	it.Card = &item.Card{
		Holder: form.Text("Name on Card"), Brand: form.Text("Type"), Number: form.Text("Number"), Code: form.Text("Security Code"),
		ExpiryMonth: month, ExpiryYear: year,
	}
}

func address(it *source.Draft, form source.Object) {
	it.Type = item.TypeIdentity
	it.Username = form.Text("Username")
	it.Identity = &item.Identity{
		Title: form.Text("Title"), FirstName: form.Text("First Name"), MiddleName: form.Text("Middle Name"),
		LastName: form.Text("Last Name"), Company: form.Text("Company"),
		Address: source.JoinLines(form.Text("Address 1"), form.Text("Address 2"), form.Text("Address 3")),
		City:    form.Text("City / Town"), State: form.Text("State", "County"), PostalCode: form.Text("Zip / Postal Code"),
		Country: form.Text("Country"), Email: form.Text("Email Address"), Phone: phoneOf(form.Text("Phone")),
	}
	for _, name := range []string{"Evening Phone", "Mobile Phone", "Fax"} {
		if s := form.Text(name); s != "" {
			form[name] = phoneOf(s)
		}
	}
}

// phoneOf parses a phone number: {"num":"15551234567","ext":"12","cc3l":"USA"}.
func phoneOf(s string) string {
	var phone struct{ Num, Ext string }
	if json.Unmarshal([]byte(s), &phone) != nil || phone.Num == "" {
		return s
	}
	if phone.Ext != "" {
		return phone.Num + " ext. " + phone.Ext
	}
	return phone.Num
}

var documents = map[string]item.Type{
	"Bank Account": item.TypeBankAccount, "Passport": item.TypePassport, "Driver's License": item.TypeDriversLicense,
}

var places = source.Places{
	item.TypeBankAccount: {
		"Bank Name": "bank_name", "Account Type": "account_type", "Routing Number": "routing_number", "Account Number": "account_number",
		"SWIFT Code": "swift", "IBAN Number": "iban", "Pin": "pin", "Branch Address": "branch_address", "Branch Phone": "branch_phone",
	},
	item.TypePassport: {
		"Type": "type", "Name": "name", "Country": "country", "Number": "number", "Sex": "sex", "Nationality": "nationality",
		"Issuing Authority": "authority", "Date of Birth": "birth_date", "Issued Date": "issued", "Expiration Date": "expires",
	},
	item.TypeDriversLicense: {
		"Number": "number", "Expiration Date": "expires", "License Class": "class", "Name": "name", "State": "state", "Country": "country",
		"Date of Birth": "birth_date",
	},
}
