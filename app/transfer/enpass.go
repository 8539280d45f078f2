package transfer

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// What Enpass exports, as its own import and those of Bitwarden and KeePassium read it: folders, and items with a list of
// fields, each of which says of what type it is.

// enpassJSON is an export in JSON.
var enpassJSON = custom{is: isEnpassJSON, parse: readEnpassJSON}

func isEnpassJSON(in *input) bool {
	return slices.ContainsFunc(object(in.json()).list("items"), func(e any) bool {
		o, _ := e.(map[string]any)
		return o["template_type"] != nil || o["category"] != nil && o["uuid"] != nil
	})
}

func readEnpassJSON(in *input, b *builder) error {
	top := object(in.json())
	folders := enpassFolders(top)
	b.each(top.entries("items", nil), func(it *draft, o object, _ string) {
		it.Item = item.Item{
			Type: enpassTypes[o.text("category")], Title: o.text("title"), Notes: o.text("note"), Favourite: o.yes("favorite"),
			Created: o.time("createdAt"), Modified: o.time("updated_at"),
		}
		if it.Type == "" {
			it.Type = item.TypeLogin
			if category := o.text("category_name"); !strings.EqualFold(category, "login") {
				it.relocate("Category", category, item.FieldText)
			}
		}
		for _, id := range o.texts("folders") {
			it.Tags = append(it.Tags, folders[id])
		}
		if o.yes("archived") {
			it.Tags = append(it.Tags, tagArchived)
		}
		if o.yes("trashed") {
			it.trash()
		}
		r := enpass{it}
		for _, f := range o.objects("fields") {
			r.field(f)
		}
		newestFirst(it.PasswordHistory)
		// The subtitle repeats a field, often with dots in place of its characters.
		if s := o.text("subtitle"); s != it.Username && !strings.Contains(s, "•") && !r.has(s) {
			it.relocate("Subtitle", s, item.FieldText)
		}
		files := r.attachments(o)
		o.drop("uuid", "icon", "auto_submit", "template_type", "category_name", "field_updated_at", "meta_updated_at")
		it.relocateRest(o, "")
		it.add(files...)
	})
	return nil
}

var enpassTypes = map[string]item.Type{
	"login": item.TypeLogin, "password": item.TypeLogin, "creditcard": item.TypeCard, "identity": item.TypeIdentity, "note": item.TypeNote,
}

// enpassFolders is the path of each folder by its id.
func enpassFolders(top object) map[string]string {
	title, parent := map[string]string{}, map[string]string{}
	for _, f := range top.objects("folders") {
		id := f.text("uuid")
		title[id], parent[id] = strings.TrimSpace(f.text("title")), f.text("parent_uuid")
	}
	return folderPaths(title, parent)
}

// enpass puts the fields of one item into their places.
type enpass struct{ *draft }

func (r *enpass) field(f object) {
	kind, name, value := f.text("type"), f.text("label"), f.text("value")
	if f.yes("deleted") || kind == "section" {
		return
	}
	style := item.FieldText
	if f.yes("sensitive") || kind == "pin" || kind == "password" {
		style = item.FieldHidden
	}
	place := r.place(kind, name)
	switch {
	case value == "":
	case kind == "url":
		r.addURL(value, item.MatchDomain)
	case kind == ".Android#":
		r.addURL("androidapp://"+value, item.MatchDomain)
	case kind == "ccExpiry" && r.Card != nil && r.Card.ExpiryYear == "":
		month, year, _ := strings.Cut(value, "/")
		r.Card.ExpiryMonth, r.Card.ExpiryYear = expiry(month, year)
	case place != nil && *place == "":
		*place = value
	default:
		r.addField(name, value, style)
	}
	r.history(f, name, style, kind == "password" && place == &r.Password)
	f.drop("uid", "order", "updated_at", "value_updated_at", "initial")
	r.relocateRest(f, name)
}

// place is where a field of that type belongs, nil if it is a custom field.
func (r *enpass) place(kind, name string) *string {
	switch r.Type {
	case item.TypeCard:
		if r.Card == nil {
			r.Card = &item.Card{}
		}
		return map[string]*string{
			"ccName": &r.Card.Holder, "ccNumber": &r.Card.Number, "ccCvc": &r.Card.Code, "ccType": &r.Card.Brand,
		}[kind]
	case item.TypeIdentity:
		if r.Identity == nil {
			r.Identity = &item.Identity{}
		}
		return enpassIdentity(r.Identity, fold(name))
	case item.TypeLogin:
		switch kind {
		case "username", "email":
			return &r.Username
		case "password":
			return &r.Password
		case "totp":
			return &r.TOTP
		}
	}
	return nil
}

func enpassIdentity(i *item.Identity, label string) *string {
	return map[string]*string{
		"title": &i.Title, "first name": &i.FirstName, "middle name": &i.MiddleName, "last name": &i.LastName, "company": &i.Company,
		"address": &i.Address, "street": &i.Address, "city": &i.City, "state": &i.State, "country": &i.Country, "zip": &i.PostalCode,
		"zip code": &i.PostalCode, "e-mail": &i.Email, "email": &i.Email, "phone": &i.Phone, "cellular": &i.Phone,
	}[label]
}

// history reads the older values of a field. Only those of the password have a place.
func (r *enpass) history(f object, name string, style item.FieldKind, password bool) {
	for _, old := range f.objects("history") {
		value, until, encrypted := old.text("value"), old.time("updated_at"), old.yes("encrypted")
		switch {
		case encrypted && password:
			r.problem("an older password is encrypted in the export")
		case encrypted:
			r.problem("an older value of “" + name + "” is encrypted in the export")
		case password:
			r.PasswordHistory = append(r.PasswordHistory, item.OldPassword{Password: value, Until: until})
		default:
			r.relocate(name+" (older)", value, style)
		}
	}
	f.drop("history")
}

// has reports whether s is the value of a field already.
func (r *enpass) has(s string) bool {
	return slices.Contains(r.URLs, s) || slices.ContainsFunc(r.Fields, func(f item.Field) bool { return f.Value == s })
}

func (r *enpass) attachments(o object) []Attached {
	var out []Attached
	for _, a := range o.objects("attachments") {
		name := a.text("name")
		data, err := base64.StdEncoding.DecodeString(a.text("data"))
		if err != nil {
			r.problem("the attachment “" + name + "” is damaged")
			continue
		}
		out = append(out, Attached{Name: name, Data: data})
	}
	return out
}

// The CSV of Enpass has no header: the title, then a label and a value for each field, an asterisk before the label of
// what is sensitive, and the note alone at the end.

// enpassCSV is the table of Enpass.
var enpassCSV = custom{is: isEnpassCSV, parse: readEnpassCSV}

func isEnpassCSV(in *input) bool {
	first := in.csvHeader()
	if len(first) == 0 {
		return false
	}
	if in.options.Format == "enpass-csv" || strings.Contains(in.name, "enpass") {
		return true
	}
	for i, cell := range first[1:] {
		if i%2 == 1 && enpassColumn(cell) != ColumnField {
			return false // names of columns, side by side
		}
	}
	// Labels are the same in many rows; in other tables only the first row has words like these.
	labelled, most, rows := 0, 0, in.table.sample()
	for _, r := range rows {
		n := enpassLabels(r)
		labelled, most = labelled+min(n, 1), max(most, n)
	}
	return most > 1 && labelled*2 >= len(rows)
}

// enpassLabels counts the labels in a row that say what the value behind them is.
func enpassLabels(cells []string) int {
	n := 0
	for i := 1; i+1 < len(cells); i += 2 {
		if enpassColumn(cells[i]) != ColumnField {
			n++
		}
	}
	return n
}

// enpassColumn is what a label stands for, in one of the languages in which columns are guessed.
func enpassColumn(label string) Column {
	column, sure := meaning(label)
	if sure/1000 == byWhole && slices.Contains([]Column{ColumnUsername, ColumnPassword, ColumnURL, ColumnTOTP}, column) {
		return column
	}
	return ColumnField
}

func readEnpassCSV(in *input, b *builder) error {
	in.csvHeader()
	t := *in.table
	t.unnamed = fold(t.header[0]) != "title"
	for r := range t.rows(b, true) {
		cells := r.cells
		r.Title = cells[0]
		if len(cells)%2 == 0 {
			r.Notes = cells[len(cells)-1]
		}
		for i := 1; i+1 < len(cells); i += 2 {
			enpassPair(&r.Item, cells[i], cells[i+1])
		}
		r.cardOfFields()
		r.noteOrLogin()
		r.draft.add()
	}
	return nil
}

func enpassPair(it *item.Item, label, value string) {
	place := map[Column]*string{ColumnUsername: &it.Username, ColumnPassword: &it.Password, ColumnTOTP: &it.TOTP}[enpassColumn(label)]
	name, sensitive := strings.CutPrefix(label, "*")
	switch {
	case strings.TrimSpace(value) == "":
	case enpassColumn(label) == ColumnURL:
		it.URLs = append(it.URLs, value)
	case place != nil && setOnce(place, value):
	case sensitive:
		addField(it, name, value, item.FieldHidden)
	default:
		addField(it, name, value, kindOfValue(name, value))
	}
}
