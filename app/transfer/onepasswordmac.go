package transfer

import (
	"regexp"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// onePasswordMacCSV is the table of 1Password 7 for Mac: the common columns, the type among them, and one for each field
// that any item has, named "label(id)". A quote inside quotes has a backslash before it.
var onePasswordMacCSV = csvFormat{
	needs: []string{"title", "type", "password", "username", "tags"},
	set: map[string]setter{
		"title": setTitle, "username": setUsername, "password": setPassword, "notes": setNotes, "favorite": setFavourite,
		"tags":              func(it *item.Item, v string) { it.Tags = append(it.Tags, tagsOf("tags", v)...) },
		"one-time password": setTOTP, "otpauth": setTOTP,
	},
	finish: func(b *builder, r *csvRow, it *item.Item) {
		kind := r.text("type")
		takeTime(b, r, it, &it.Created, "created date")
		takeTime(b, r, it, &it.Modified, "modified date")
		addURLs(b, r, it)
		r.drop("uuid", "scope", "autosubmit", "ainfo")
		if it.Type = typeOf(kind); it.Type == "" {
			b.keepField(r.number, it, "Type", kind, item.FieldText)
			noteOrLogin(it)
		}
		switch it.Type {
		case item.TypeIdentity:
			it.Identity = &item.Identity{}
		case item.TypeCard:
			it.Card = &item.Card{}
		}
		for i := range r.cells {
			onePasswordMacField(b, r, i, it)
		}
		if it.Type == item.TypeCard {
			cardLogin(b, r.number, it)
		}
	},
}

// labelID is the name of such a column.
var labelID = regexp.MustCompile(`^(.*)\(([^()]*)\)$`)

// onePasswordMacField puts the value of column i into its place, or keeps it under its label.
func onePasswordMacField(b *builder, r *csvRow, i int, it *item.Item) {
	parts := labelID.FindStringSubmatch(strings.TrimSpace(r.name(i)))
	if parts == nil || r.taken[i] || r.cells[i] == "" {
		return
	}
	name, id, value := strings.TrimSpace(parts[1]), fold(parts[2]), r.cells[i]
	place := onePasswordMacPlace(it, id)
	if column, _ := meaning(name); column == ColumnTOTP {
		place = &it.TOTP
	}
	switch {
	case it.Card != nil && id == "expiry" && setExpiry(it.Card, value):
	case place != nil && setOnce(place, value):
	default:
		kind := kindOf(name)
		if kindOf(parts[2]) == item.FieldHidden { // its words are told apart by their capitals
			kind = item.FieldHidden
		}
		b.keepField(r.number, it, name, value, kind)
	}
	r.taken[i] = true
}

// onePasswordMacPlace is where the field with that id belongs, nil if it is a custom field.
func onePasswordMacPlace(it *item.Item, id string) *string {
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

// is1PasswordMacCSV tells the table from others with these columns by the comma at the end of its lines or by such a name.
func is1PasswordMacCSV(in *input) bool {
	header := in.csvHeader()
	return onePasswordMacCSV.detect(in) && (slices.Contains(header, "") || slices.ContainsFunc(header, labelID.MatchString))
}
