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
	// is tells the table from others with these columns by the comma at the end of its lines or by such a name.
	is: func(in *input) bool {
		header := in.csvHeader()
		return slices.Contains(header, "") || slices.ContainsFunc(header, labelID.MatchString)
	},
	set: map[string]setter{
		"title": setTitle, "username": setUsername, "password": setPassword, "notes": setNotes, "favorite": setFavourite,
		"tags":              func(it *item.Item, v string) { it.Tags = append(it.Tags, tagsOf("tags", v)...) },
		"one-time password": setTOTP, "otpauth": setTOTP,
	},
	finish: func(r *csvRow) {
		kind := r.text("type")
		r.takeTime(&r.Created, "created date")
		r.takeTime(&r.Modified, "modified date")
		for _, column := range []string{"url", "urls", "website"} {
			for _, address := range splitURLs(r.text(column)) {
				r.addURL(address, item.MatchDomain)
			}
		}
		r.drop("uuid", "scope", "autosubmit", "ainfo")
		if r.Type = typeOf(kind); r.Type == "" {
			r.relocate("Type", kind, item.FieldText)
			r.noteOrLogin()
		}
		switch r.Type {
		case item.TypeIdentity:
			r.Identity = &item.Identity{}
		case item.TypeCard:
			r.Card = &item.Card{}
		}
		for i := range r.cells {
			onePasswordMacField(r, i)
		}
		if r.Type == item.TypeCard {
			r.cardLogin()
		}
	},
}

// labelID is the name of such a column.
var labelID = regexp.MustCompile(`^(.*)\(([^()]*)\)$`)

// onePasswordMacField puts the value of column i into its place, or keeps it under its label.
func onePasswordMacField(r *csvRow, i int) {
	parts := labelID.FindStringSubmatch(strings.TrimSpace(r.name(i)))
	if parts == nil || r.taken[i] || r.cells[i] == "" {
		return
	}
	name, id, value := strings.TrimSpace(parts[1]), fold(parts[2]), r.cells[i]
	place := onePasswordMacPlace(&r.Item, id)
	if column, _ := meaning(name); column == ColumnTOTP {
		place = &r.TOTP
	}
	switch {
	case r.Card != nil && id == "expiry" && setExpiry(r.Card, value):
	case place != nil && setOnce(place, value):
	default:
		kind := kindOf(name)
		if kindOf(id) == item.FieldHidden {
			kind = item.FieldHidden
		}
		r.relocate(name, value, kind)
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
