// Package keeper reads exports of Keeper.
package keeper

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// JSON is an export in JSON: https://docs.keeper.io/en/enterprise-guide/import-records/json-import, and for the types of
// records and fields https://docs.keeper.io/en/keeperpam/privileged-access-manager/references/record-types. The name of a
// custom field is $type:label:number, each part of which is optional.
var JSON = source.Custom{Is: isJSON, Parse: readJSON}

func isJSON(in *source.Input) bool {
	for _, e := range source.Object(in.JSON()).List("records") {
		o, _ := e.(map[string]any)
		if o["title"] != nil && (o["$type"] != nil || o["custom_fields"] != nil || o["folders"] != nil || o["login_url"] != nil) {
			return true
		}
	}
	return false
}

func readJSON(in *source.Input, b *source.Builder) error {
	top := source.Object(in.JSON())
	titles := map[string]string{}
	for _, e := range top.List("records") {
		if o, ok := e.(map[string]any); ok {
			uid, _ := source.Scalar(o["uid"])
			titles[uid], _ = source.Scalar(o["title"])
		}
	}
	b.Each(top.Items("records", nil), func(it *source.Draft, o source.Object, _ string) {
		kind := o.Text("$type")
		it.Item = item.Item{Type: types[kind], Title: o.Text("title"), Notes: o.Text("notes"), Modified: o.Time("last_modified")}
		r := record{it}
		if r.Type == "" {
			r.Type = item.TypeLogin
			if kind != "" && kind != "login" {
				r.Relocate("Type", source.Label(kind), item.FieldText)
			}
		}
		for _, f := range o.Objects("folders") {
			r.folder(f.Text("folder"))
			r.folder(f.Text("shared_folder"))
		}
		r.credentials(o)
		fields := o.Object("custom_fields")
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			r.field(name, fields[name])
		}
		r.references(o.Object("references"), titles)
		o.Drop("uid", "custom_fields", "references", "schema")
		r.RelocateRest(o, "")
		r.Add()
	})
	return nil
}

var types = map[string]item.Type{
	"bankCard": item.TypeCard, "sshKeys": item.TypeSSHKey, "encryptedNotes": item.TypeNote, "contact": item.TypeIdentity, "address": item.TypeIdentity,
	"bankAccount": item.TypeBankAccount, "passport": item.TypePassport, "driverLicense": item.TypeDriversLicense, "ssnCard": item.TypeIdentity, "birthCertificate": item.TypeIdentity,
	"file": item.TypeNote, "photo": item.TypeNote,
}

var places = source.Places{
	item.TypeBankAccount: {"accountType": "account_type", "otherType": "account_type", "routingNumber": "routing_number", "accountNumber": "account_number"},
	item.TypePassport: {
		"accountNumber:passportNumber": "number", "birthDate": "birth_date", "expirationDate": "expires", "date:dateIssued": "issued",
	},
	item.TypeDriversLicense: {"accountNumber:dlNumber": "number", "birthDate": "birth_date", "expirationDate": "expires", "date:dateIssued": "issued"},
}

// names are the texts for the name of a person.
var names = map[item.Type]string{
	item.TypeBankAccount: "bank_account.holder", item.TypePassport: "passport.name", item.TypeDriversLicense: "drivers_license.name",
}

// record is the record being read.
type record struct{ *source.Draft }

// references lists the titles of the records that this one refers to.
func (r *record) references(o source.Object, titles map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(o)) {
		_, what := nameOf(strings.TrimSuffix(name, "Ref"))
		for _, uid := range o.Texts(name) {
			r.Relocate(what, titles[uid], item.FieldText)
		}
	}
}

// folder turns a path into a tag. A backslash separates folders; two are one in a name.
func (r *record) folder(path string) {
	const both = "\x00"
	path = strings.ReplaceAll(path, `\\`, both)
	path = strings.ReplaceAll(path, `\`, "/")
	if path = strings.ReplaceAll(path, both, `\`); path != "" {
		r.Tags = append(r.Tags, path)
	}
}

// credentials are values of a login only. For other types they become fields.
func (r *record) credentials(o source.Object) {
	user, password, rawURL := o.Text("login"), o.Text("password"), o.Text("login_url")
	r.AddURL(rawURL, item.MatchDomain)
	if r.Type == item.TypeLogin {
		r.Username, r.Password = user, password
		return
	}
	r.Relocate("Login", user, item.FieldText)
	r.Relocate("Password", password, item.FieldHidden)
}

// nameOf splits the name of a field. Without a label, the type becomes the label.
func nameOf(key string) (kind, name string) {
	name = key
	if rest, typed := strings.CutPrefix(key, "$"); typed {
		kind, name, _ = strings.Cut(rest, ":")
	}
	if before, number, ok := cutLast(name, ":"); ok && number != "" && strings.Trim(number, "0123456789") == "" {
		name = before
	} else if kind != "" && name != "" && strings.Trim(name, "0123456789") == "" {
		name = ""
	}
	switch name {
	case "":
		name = source.Label(kind)
	case codeName:
		kind, name = "oneTimeCode", "One-time code"
	}
	return kind, name
}

func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}

// field puts a custom field into place. Its value may be a list.
func (r *record) field(key string, value any) {
	kind, name := nameOf(key)
	values, several := value.([]any)
	if !several {
		values = []any{value}
	}
	for _, v := range values {
		if o, ok := v.(map[string]any); ok {
			r.object(kind, name, o)
			continue
		}
		if s, ok := source.Scalar(v); ok && s != "" {
			r.text(kind, name, s)
		}
	}
}

func (r *record) text(kind, name, value string) {
	switch kind {
	case "oneTimeCode":
		if source.SetOnce(&r.TOTP, value) {
			return
		}
	case "url":
		r.AddURL(value, item.MatchDomain)
		return
	case "date", "birthDate", "expirationDate":
		if milli, err := strconv.ParseInt(value, 10, 64); err == nil {
			value = source.ChosenDay(time.UnixMilli(milli))
		}
	}
	if place := r.place(kind, name); place != nil && source.SetOnce(place, value) {
		return
	}
	r.AddField(upperFirst(name), value, kindOf(kind, name, value))
}

func upperFirst(s string) string {
	for i, c := range s {
		return string(unicode.ToUpper(c)) + s[i+len(string(c)):]
	}
	return s
}

func kindOf(kind, name, value string) item.FieldKind {
	switch kind {
	case "oneTimeCode", "pinCode", "secret", "password", "note": // Keeper masks this kind of note
		return item.FieldHidden
	case "checkbox":
		return item.FieldBoolean
	}
	return source.KindOfValue(name, value)
}

// place returns the place of a value in an item of its type, or nil for a custom field.
func (r *record) place(kind, name string) *string {
	for _, key := range []string{kind + ":" + name, kind} {
		if to := places.Of(&r.Item, key); to != nil {
			return to
		}
	}
	switch r.Type {
	case item.TypeCard:
		if kind == "text" && name == "cardholderName" {
			return &r.card().Holder
		}
	case item.TypeNote:
		if kind == "note" {
			return &r.Notes
		}
	case item.TypeIdentity:
		i := r.identity()
		return map[string]*string{
			"accountNumber:identityNumber": &i.SSN,
			"text:company":                 &i.Company, "email:Email": &i.Email,
		}[kind+":"+name]
	}
	return nil
}

func (r *record) card() *item.Card {
	if r.Card == nil {
		r.Card = &item.Card{}
	}
	return r.Card
}

func (r *record) identity() *item.Identity {
	if r.Identity == nil {
		r.Identity = &item.Identity{}
	}
	return r.Identity
}

// object takes the members that have a place. The others become fields named after the field and the member.
func (r *record) object(kind, name string, o source.Object) {
	prefix := upperFirst(name)
	switch {
	case kind == "appFiller":
		return // settings for filling in
	case kind == "paymentCard" && r.Type == item.TypeCard:
		month, year, _ := strings.Cut(o.Text("cardExpirationDate"), "/")
		c := r.card()
		c.Number, c.Code = o.Text("cardNumber"), o.Text("cardSecurityCode")
		c.ExpiryMonth, c.ExpiryYear = source.CardExpiry(month, year)
	case kind == "keyPair" && r.Type == item.TypeSSHKey:
		r.SSHKey = &item.SSHKey{Private: o.Text("privateKey"), Public: strings.TrimSpace(o.Text("publicKey"))}
	case kind == "bankAccount" && r.Type == item.TypeBankAccount:
		places.Fill(&r.Item, o)
	case kind == "name" && names[r.Type] != "":
		source.SetOnce(r.Place(names[r.Type]), source.JoinName(o.Text("first"), o.Text("middle"), o.Text("last")))
	case kind == "name" && r.Type == item.TypeIdentity:
		i := r.identity()
		i.FirstName, i.MiddleName, i.LastName = o.Text("first"), o.Text("middle"), o.Text("last")
	case kind == "address" && r.Type == item.TypeIdentity:
		i := r.identity()
		i.Address, i.City, i.State = source.JoinLines(o.Text("street1"), o.Text("street2")), o.Text("city"), o.Text("state")
		i.PostalCode, i.Country = o.Text("zip"), o.Text("country")
	case kind == "phone" && r.Type == item.TypeIdentity && r.identity().Phone == "":
		r.Identity.Phone = strings.TrimSpace(o.Text("region") + " " + o.Text("number"))
	case kind == "securityQuestion":
		r.AddField(o.Text("question"), o.Text("answer"), item.FieldHidden)
	case kind == "host":
		prefix = ""
	}
	r.RelocateRest(o, prefix)
}
