package onepassword

import (
	"regexp"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// MacCSV is the table of 1Password 7 for Mac: common columns including the type, and a column "label(id)" for each field
// that any item has. A backslash escapes a quote inside quotes.
var MacCSV = source.CSV{
	Needs: []string{"title", "type", "password", "username", "tags"},
	// The comma at the end of its lines, or such a name, distinguishes it from other tables with these columns.
	Is: func(in *source.Input) bool {
		header := in.CSVHeader()
		return slices.Contains(header, "") || slices.ContainsFunc(header, labelID.MatchString)
	},
	Set: map[string]source.Setter{
		"title": source.SetTitle, "username": source.SetUsername, "password": source.SetPassword, "notes": source.SetNotes, "favorite": source.SetFavourite,
		"tags":              func(it *item.Item, v string) { it.Tags = append(it.Tags, source.TagsOf("tags", v)...) },
		"one-time password": source.SetTOTP, "otpauth": source.SetTOTP,
	},
	Finish: func(r *source.Row) {
		kind := r.Text("type")
		r.TakeTime(&r.Created, "created date")
		r.TakeTime(&r.Modified, "modified date")
		r.TakeURLs()
		r.Drop("uuid", "scope", "autosubmit", "ainfo")
		if r.Type = source.TypeOf(kind); r.Type == "" {
			r.Relocate("Type", kind, item.FieldText)
			r.NoteOrLogin()
		}
		switch r.Type {
		case item.TypeIdentity:
			r.Identity = &item.Identity{}
		case item.TypeCard:
			r.Card = &item.Card{}
		}
		for i := range r.Cells {
			macField(r, i)
		}
		if _, document := places[r.Type]; document || r.Type == item.TypeCard {
			r.CardLogin()
		}
	},
}

// labelID matches the name of such a column.
var labelID = regexp.MustCompile(`^(.*)\(([^()]*)\)$`)

// macField puts the value of column i into place, or relocates it under its label.
func macField(r *source.Row, i int) {
	parts := labelID.FindStringSubmatch(strings.TrimSpace(r.Name(i)))
	if parts == nil || r.Taken[i] || r.Cells[i] == "" {
		return
	}
	name, id, value := strings.TrimSpace(parts[1]), source.Fold(parts[2]), r.Cells[i]
	place := macPlace(&r.Item, id)
	if column, _ := source.Meaning(name); column == source.ColumnTOTP {
		place = &r.TOTP
	}
	switch {
	case r.Card != nil && id == "expiry" && source.SetExpiry(r.Card, value):
	case place != nil && source.SetOnce(place, value):
	default:
		kind := source.KindOf(name)
		if source.KindOf(parts[2]) == item.FieldHidden { // its words are separated by capitals
			kind = item.FieldHidden
		}
		r.Relocate(name, value, kind)
	}
	r.Taken[i] = true
}

// macPlace returns the place of the field with that ID, or nil for a custom field.
func macPlace(it *item.Item, id string) *string {
	for name := range places[it.Type] {
		if source.Fold(name) == id {
			return places.Of(it, name)
		}
	}
	switch id {
	case "username":
		return &it.Username
	case "password":
		return &it.Password
	}
	if c := it.Card; c != nil {
		return map[string]*string{"ccnum": &c.Number, "cvv": &c.Code, "cardholder": &c.Holder, "type": &c.Brand}[id]
	}
	i := it.Identity
	if i == nil {
		return nil
	}
	return map[string]*string{
		"firstname": &i.FirstName, "initial": &i.MiddleName, "lastname": &i.LastName, "company": &i.Company, "address": &i.Address,
		"email": &i.Email, "defphone": &i.Phone,
	}[id]
}
