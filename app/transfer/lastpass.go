package transfer

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// https://support.lastpass.com/help/how-do-i-import-stored-data-into-lastpass-using-a-generic-csv-file: url, username,
// password, totp, extra, name, grouping, fav. A secure note has the address http://sn; one with a form starts with
// "NoteType:". What was copied out of a browser window instead of saved has HTML entities.

// lastPassCSV is the table of LastPass.
var lastPassCSV = custom{is: isLastPassCSV, parse: readLastPassCSV}

func isLastPassCSV(in *input) bool {
	return in.hasColumns("url", "username", "password", "extra", "name", "grouping")
}

func readLastPassCSV(in *input, b *builder) error {
	text, err := in.text()
	if err != nil {
		return err
	}
	plain := func(s string) string { return s }
	if isEscapedHTML(text) {
		plain = html.UnescapeString
	}
	for row := range in.csvRows(b, false) {
		take := func(name string) string { return plain(row.text(name)) }
		row.Item = item.Item{
			Type: item.TypeLogin, Title: take("name"), Username: take("username"), Password: take("password"), TOTP: take("totp"),
			Favourite: isYes(row.text("fav")), Tags: one(strings.ReplaceAll(take("grouping"), `\`, "/")),
		}
		if row.Tags != nil && row.Tags[0] == "(none)" {
			row.Tags = nil
		}
		address, extra := take("url"), take("extra")
		switch {
		case address == "http://group" && row.Username == "" && row.Password == "" && extra == "":
			continue // a folder
		case address != "http://sn":
			row.Notes = extra
			row.addURL(address, item.MatchDomain)
		case strings.HasPrefix(extra, "NoteType:"):
			lastPassForm(row.draft, extra)
		default:
			row.Type, row.Notes = item.TypeNote, extra
		}
		row.add()
	}
	return nil
}

var entity = regexp.MustCompile(`&(amp|lt|gt|quot|apos|#39|#039|#x27);`)

// isEscapedHTML reports whether each ampersand of the file begins an entity and no bracket stands for itself.
func isEscapedHTML(text string) bool {
	n := strings.Count(text, "&")
	return n > 0 && !strings.ContainsAny(text, "<>") && len(entity.FindAllStringIndex(text, -1)) == n
}

// line of a form: its name and its value, which may go on for lines.
type formLine struct{ name, value string }

// formLines takes apart a note with a form. Inside a PEM block a colon does not begin a new line of the form, and
// Notes, the last one, has all that follows.
func formLines(text string) []formLine {
	var out []formLine
	pem := false
	for i, line := range strings.Split(text, "\n") {
		name, value, ok := strings.Cut(line, ":")
		notes := len(out) > 0 && out[len(out)-1].name == "Notes"
		if i > 0 && (pem || notes || !ok || len(name) > 60) {
			out[len(out)-1].value += "\n" + line
		} else {
			out = append(out, formLine{name, value})
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

// lastPassForm reads a secure note with a form. Its type is one of those here if there is one that fits.
func lastPassForm(it *draft, text string) {
	form := object{}
	var order []string
	for _, l := range formLines(strings.TrimRight(text, "\n")) {
		value := strings.TrimRight(l.value, "\r")
		if strings.Trim(value, ", \n") == "" {
			continue
		}
		if have, ok := form[l.name].(string); ok {
			value = have + "\n" + value
		} else {
			order = append(order, l.name)
		}
		form[l.name] = value
	}
	kind := form.text("NoteType")
	it.Notes = form.text("Notes")
	form.drop("Language")
	switch kind {
	case "Credit Card":
		lastPassCard(it, form)
	case "Address":
		lastPassAddress(it, form)
	case "SSH Key":
		it.Type = item.TypeSSHKey
		it.SSHKey = &item.SSHKey{Private: form.text("Private Key"), Public: form.text("Public Key")}
	case "Passport", "Driver's License", "Social Security":
		lastPassPaper(it, kind, form)
	default:
		it.Username, it.Password = form.text("Username", "SSID"), form.text("Password")
		it.noteOrLogin()
		if !strings.HasPrefix(kind, "Custom_") {
			it.relocate("Type of note", kind, item.FieldText)
		}
	}
	for _, name := range order {
		it.relocate(name, form.text(name), kindOf(name))
	}
}

func lastPassCard(it *draft, form object) {
	month, year, _ := strings.Cut(form.text("Expiration Date"), ",")
	if n := monthNumber(month); n != "" {
		month = n
	}
	month, year = expiry(month, year)
	it.Type = item.TypeCard
	it.Card = &item.Card{
		Holder: form.text("Name on Card"), Brand: form.text("Type"), Number: form.text("Number"), Code: form.text("Security Code"),
		ExpiryMonth: month, ExpiryYear: year,
	}
}

func lastPassAddress(it *draft, form object) {
	it.Type = item.TypeIdentity
	it.Username = form.text("Username")
	it.Identity = &item.Identity{
		Title: form.text("Title"), FirstName: form.text("First Name"), MiddleName: form.text("Middle Name"),
		LastName: form.text("Last Name"), Company: form.text("Company"),
		Address: lines(form.text("Address 1"), form.text("Address 2"), form.text("Address 3")),
		City:    form.text("City / Town"), State: form.text("State", "County"), PostalCode: form.text("Zip / Postal Code"),
		Country: form.text("Country"), Email: form.text("Email Address"), Phone: lastPassPhone(form.text("Phone")),
	}
	for _, name := range []string{"Evening Phone", "Mobile Phone", "Fax"} {
		if s := form.text(name); s != "" {
			form[name] = lastPassPhone(s)
		}
	}
}

// lastPassPhone reads {"num":"15551234567","ext":"12","cc3l":"USA"}, which is how a telephone number is written.
func lastPassPhone(s string) string {
	var phone struct{ Num, Ext string }
	if json.Unmarshal([]byte(s), &phone) != nil || phone.Num == "" {
		return s
	}
	if phone.Ext != "" {
		return phone.Num + " ext. " + phone.Ext
	}
	return phone.Num
}

func lastPassPaper(it *draft, kind string, form object) {
	it.Type = item.TypeIdentity
	id := &item.Identity{Country: form.text("Country"), State: form.text("State"), PostalCode: form.text("ZIP / Postal Code"),
		City: form.text("City / Town"), Address: form.text("Address")}
	id.FirstName, id.MiddleName, id.LastName = splitName(form.text("Name"))
	switch number := form.text("Number"); kind {
	case "Passport":
		id.Passport = number
	case "Driver's License":
		id.License = number
	default:
		id.SSN = number
	}
	it.Identity = id
}
