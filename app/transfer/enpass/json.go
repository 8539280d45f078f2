// Package enpass reads exports of Enpass.
package enpass

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// JSON is an export in JSON, as Enpass, Bitwarden and KeePassium import it: folders, and items with a list of typed fields.
var JSON = source.Custom{Is: isJSON, Parse: readJSON}

func isJSON(in *source.Input) bool {
	return slices.ContainsFunc(source.Object(in.JSON()).List("items"), func(e any) bool {
		o, _ := e.(map[string]any)
		return o["template_type"] != nil || o["category"] != nil && o["uuid"] != nil
	})
}

func readJSON(in *source.Input, b *source.Builder) error {
	top := source.Object(in.JSON())
	folders := foldersOf(top)
	b.Each(top.Items("items", nil), func(it *source.Draft, o source.Object, _ string) {
		it.Item = item.Item{
			Type: types[o.Text("category")], Title: o.Text("title"), Notes: o.Text("note"), Favourite: o.Yes("favorite"),
			Created: o.Time("createdAt"), Modified: o.Time("updated_at"),
		}
		setType(it, o)
		for _, id := range o.Texts("folders") {
			it.Tags = append(it.Tags, folders[id])
		}
		if o.Yes("archived") {
			it.Archive()
		}
		if o.Yes("trashed") {
			it.Trash()
		}
		r := draft{it}
		for _, f := range o.Objects("fields") {
			r.field(f)
		}
		source.NewestFirst(it.PasswordHistory)
		// The subtitle repeats a field, often masked.
		if s := o.Text("subtitle"); s != it.Username && !strings.Contains(s, "•") && !r.has(s) {
			it.Relocate("Subtitle", s, item.FieldText)
		}
		files := r.attachments(o)
		o.Drop("uuid", "icon", "auto_submit", "template_type", "category_name", "field_updated_at", "meta_updated_at")
		it.RelocateRest(o, "")
		it.Add(files...)
	})
	return nil
}

// setType turns an item of an unknown type into a login.
func setType(it *source.Draft, o source.Object) {
	if it.Type != "" {
		return
	}
	it.Type = item.TypeLogin
	template, _ := source.Scalar(o["template_type"])
	for part, typ := range templates {
		if strings.Contains(template, part) {
			it.Type = typ
			return
		}
	}
	if category := o.Text("category_name"); !strings.EqualFold(category, "login") {
		it.Relocate("Category", category, item.FieldText)
	}
}

var types = map[string]item.Type{
	"login": item.TypeLogin, "password": item.TypeLogin, "creditcard": item.TypeCard, "identity": item.TypeIdentity, "note": item.TypeNote,
}

// templates are the types of items by a part of the name of their template.
var templates = map[string]item.Type{
	"bankaccount": item.TypeBankAccount, "passport": item.TypePassport, "driv": item.TypeDriversLicense,
}

// places has the labels of fields in these templates, in English.
var places = source.Places{
	item.TypeBankAccount: {
		"bank name": "bank_name", "bank": "bank_name", "account holder": "holder", "name": "holder", "owner": "holder", "account type": "account_type",
		"type": "account_type", "account number": "account_number", "routing number": "routing_number", "branch code": "branch_number",
		"iban": "iban", "swift": "swift", "swift code": "swift", "bic": "swift", "pin": "pin", "phone": "branch_phone", "branch address": "branch_address",
	},
	item.TypePassport: {
		"full name": "name", "name": "name", "passport number": "number", "number": "number", "type": "type", "nationality": "nationality",
		"country": "country", "issuing country": "country", "issuing authority": "authority", "issued by": "authority", "sex": "sex", "gender": "sex",
		"birth date": "birth_date", "birthday": "birth_date", "date of birth": "birth_date", "birth place": "birth_place", "place of birth": "birth_place",
		"issue date": "issued", "issued on": "issued", "expiry date": "expires", "valid till": "expires",
	},
	item.TypeDriversLicense: {
		"full name": "name", "name": "name", "number": "number", "license number": "number", "class": "class", "state": "state", "country": "country",
		"issuing authority": "authority", "birth date": "birth_date", "birthday": "birth_date", "date of birth": "birth_date",
		"issue date": "issued", "issued on": "issued", "expiry date": "expires", "valid till": "expires",
	},
}

// foldersOf returns the path of each folder by its ID.
func foldersOf(top source.Object) map[string]string {
	title, parent := map[string]string{}, map[string]string{}
	for _, f := range top.Objects("folders") {
		id := f.Text("uuid")
		title[id], parent[id] = strings.TrimSpace(f.Text("title")), f.Text("parent_uuid")
	}
	return source.FolderPaths(title, parent)
}

// draft puts the fields of one item into place.
type draft struct{ *source.Draft }

func (r *draft) field(f source.Object) {
	kind, name, value := f.Text("type"), f.Text("label"), f.Text("value")
	if f.Yes("deleted") || kind == "section" {
		return
	}
	style := item.FieldText
	if f.Yes("sensitive") || slices.Contains([]string{"pin", "password", "totp", "ccNumber", "ccCvc", "ccPin"}, kind) {
		style = item.FieldHidden
	}
	if n, err := strconv.ParseInt(value, 10, 64); err == nil && kind == "date" {
		value = source.ChosenDay(time.Unix(n, 0))
	}
	place := r.place(kind, name)
	switch {
	case value == "":
	case kind == "url":
		r.AddURL(value, item.MatchDomain)
	case kind == ".Android#":
		r.AddURL("androidapp://"+value, item.MatchDomain)
	case kind == "ccExpiry" && r.Card != nil && r.Card.ExpiryYear == "":
		month, year, _ := strings.Cut(value, "/")
		r.Card.ExpiryMonth, r.Card.ExpiryYear = source.CardExpiry(month, year)
	case place != nil && *place == "":
		*place = value
	default:
		r.AddField(name, value, style)
	}
	r.history(f, name, style, kind == "password" && place == &r.Password)
	f.Drop("uid", "order", "updated_at", "value_updated_at", "initial")
	r.RelocateRest(f, name)
}

// place returns the place of a field of that type, or nil for a custom field.
func (r *draft) place(kind, name string) *string {
	if to := places.Of(&r.Item, source.Fold(name)); to != nil {
		return to
	}
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
		return identityPlace(r.Identity, source.Fold(name))
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

func identityPlace(i *item.Identity, label string) *string {
	return map[string]*string{
		"title": &i.Title, "first name": &i.FirstName, "middle name": &i.MiddleName, "last name": &i.LastName, "company": &i.Company,
		"address": &i.Address, "street": &i.Address, "city": &i.City, "state": &i.State, "country": &i.Country, "zip": &i.PostalCode,
		"zip code": &i.PostalCode, "e-mail": &i.Email, "email": &i.Email, "phone": &i.Phone, "cellular": &i.Phone,
	}[label]
}

// history reads the older values of a field. Only old passwords have a place in an item.
func (r *draft) history(f source.Object, name string, style item.FieldKind, password bool) {
	for _, old := range f.Objects("history") {
		value, until, encrypted := old.Text("value"), old.Time("updated_at"), old.Yes("encrypted")
		switch {
		case encrypted && password:
			r.Problem(parcel.EncryptedOldPassword)
		case encrypted:
			r.Problem(parcel.EncryptedOldValue, parcel.Values{Name: name})
		case password:
			r.PasswordHistory = append(r.PasswordHistory, item.OldPassword{Password: value, Until: until})
		default:
			r.Relocate(name+" (older)", value, style)
		}
	}
	f.Drop("history")
}

// has reports whether s is already the value of a field.
func (r *draft) has(s string) bool {
	return slices.Contains(r.URLs, s) || slices.ContainsFunc(r.Fields, func(f item.Field) bool { return f.Value == s })
}

func (r *draft) attachments(o source.Object) []parcel.Attached {
	var out []parcel.Attached
	for _, a := range o.Objects("attachments") {
		name := a.Text("name")
		data, err := base64.StdEncoding.DecodeString(a.Text("data"))
		if err != nil {
			r.Problem(parcel.AttachmentDamaged, parcel.Values{Name: name})
			continue
		}
		out = append(out, parcel.Attached{Name: name, Data: data})
	}
	return out
}
