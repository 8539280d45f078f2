package transfer

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// What Keeper exports: https://docs.keeper.io/en/enterprise-guide/import-records/json-import and, for the types of
// records and fields, https://docs.keeper.io/en/keeperpam/privileged-access-manager/references/record-types. The name of a
// custom field is $type:label:number, where any of the parts may be missing.

// keeperJSON is an export in JSON.
var keeperJSON = custom{is: isKeeperJSON, parse: readKeeperJSON}

func isKeeperJSON(in *input) bool {
	for _, e := range object(in.json()).list("records") {
		o, _ := e.(map[string]any)
		if o["title"] != nil && (o["$type"] != nil || o["custom_fields"] != nil || o["folders"] != nil || o["login_url"] != nil) {
			return true
		}
	}
	return false
}

func readKeeperJSON(in *input, b *builder) error {
	top := object(in.json())
	titles := map[string]string{}
	for _, e := range top.list("records") {
		if o, ok := e.(map[string]any); ok {
			uid, _ := scalar(o["uid"])
			titles[uid], _ = scalar(o["title"])
		}
	}
	b.each(top.entries("records", nil), func(it *draft, o object, _ string) {
		kind := o.text("$type")
		it.Item = item.Item{Type: keeperTypes[kind], Title: o.text("title"), Notes: o.text("notes"), Modified: o.time("last_modified")}
		r := keeper{it}
		if r.Type == "" {
			r.Type = item.TypeLogin
			if kind != "" && kind != "login" {
				r.relocate("Type", label(kind), item.FieldText)
			}
		}
		for _, f := range o.objects("folders") {
			r.folder(f.text("folder"))
			r.folder(f.text("shared_folder"))
		}
		r.credentials(o)
		fields := o.object("custom_fields")
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			r.field(name, fields[name])
		}
		references := o.object("references")
		for _, name := range slices.Sorted(maps.Keys(references)) {
			_, what := keeperName(strings.TrimSuffix(name, "Ref"))
			for _, uid := range references.texts(name) {
				r.relocate(what, titles[uid], item.FieldText)
			}
		}
		o.drop("uid", "custom_fields", "references", "schema")
		r.relocateRest(o, "")
		r.add()
	})
	return nil
}

var keeperTypes = map[string]item.Type{
	"bankCard": item.TypeCard, "sshKeys": item.TypeSSHKey, "encryptedNotes": item.TypeNote, "contact": item.TypeIdentity, "address": item.TypeIdentity,
	"passport": item.TypeIdentity, "driverLicense": item.TypeIdentity, "ssnCard": item.TypeIdentity, "birthCertificate": item.TypeIdentity,
	"file": item.TypeNote, "photo": item.TypeNote,
}

// keeper is the record that is read.
type keeper struct{ *draft }

// folder makes a tag of a path, in which a backslash separates folders and two are one in a name.
func (r *keeper) folder(path string) {
	const both = "\x00"
	path = strings.ReplaceAll(path, `\\`, both)
	path = strings.ReplaceAll(path, `\`, "/")
	if path = strings.ReplaceAll(path, both, `\`); path != "" {
		r.Tags = append(r.Tags, path)
	}
}

// credentials has a place in a login only; what another type says of them is kept.
func (r *keeper) credentials(o object) {
	user, password, address := o.text("login"), o.text("password"), o.text("login_url")
	r.addURL(address, item.MatchDomain)
	if r.Type == item.TypeLogin {
		r.Username, r.Password = user, password
		return
	}
	r.relocate("Login", user, item.FieldText)
	r.relocate("Password", password, item.FieldHidden)
}

// keeperName takes the name of a field apart. The label is made of the type if there is none.
func keeperName(key string) (kind, name string) {
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
		name = label(kind)
	case keeperCode:
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

// field puts a custom field into its place. A value may be a list of several.
func (r *keeper) field(key string, value any) {
	kind, name := keeperName(key)
	values, several := value.([]any)
	if !several {
		values = []any{value}
	}
	for _, v := range values {
		if o, ok := v.(map[string]any); ok {
			r.object(kind, name, o)
			continue
		}
		if s, ok := scalar(v); ok && s != "" {
			r.text(kind, name, s)
		}
	}
}

func (r *keeper) text(kind, name, value string) {
	switch kind {
	case "oneTimeCode":
		if setOnce(&r.TOTP, value) {
			return
		}
	case "url":
		r.addURL(value, item.MatchDomain)
		return
	case "date", "birthDate", "expirationDate":
		if milli, err := strconv.ParseInt(value, 10, 64); err == nil {
			value = chosenDay(time.UnixMilli(milli))
		}
	}
	if place := r.place(kind, name); place != nil && setOnce(place, value) {
		return
	}
	r.addField(upperFirst(name), value, keeperKind(kind, name, value))
}

func upperFirst(s string) string {
	for i, c := range s {
		return string(unicode.ToUpper(c)) + s[i+len(string(c)):]
	}
	return s
}

func keeperKind(kind, name, value string) item.FieldKind {
	switch kind {
	case "oneTimeCode", "pinCode", "secret", "password", "note": // a note is "secured" in Keeper, and masked
		return item.FieldHidden
	case "checkbox":
		return item.FieldBoolean
	}
	return kindOfValue(name, value)
}

// place is where a value belongs in an item of its type, nil if it is a custom field.
func (r *keeper) place(kind, name string) *string {
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
			"accountNumber:passportNumber": &i.Passport, "accountNumber:dlNumber": &i.License, "accountNumber:identityNumber": &i.SSN,
			"text:company": &i.Company, "email:Email": &i.Email,
		}[kind+":"+name]
	}
	return nil
}

func (r *keeper) card() *item.Card {
	if r.Card == nil {
		r.Card = &item.Card{}
	}
	return r.Card
}

func (r *keeper) identity() *item.Identity {
	if r.Identity == nil {
		r.Identity = &item.Identity{}
	}
	return r.Identity
}

// object takes the members that have a place; the others are fields named after the field and the member.
func (r *keeper) object(kind, name string, o object) {
	prefix := upperFirst(name)
	switch {
	case kind == "appFiller":
		return // how Keeper types into programs
	case kind == "paymentCard" && r.Type == item.TypeCard:
		month, year, _ := strings.Cut(o.text("cardExpirationDate"), "/")
		c := r.card()
		c.Number, c.Code = o.text("cardNumber"), o.text("cardSecurityCode")
		c.ExpiryMonth, c.ExpiryYear = expiry(month, year)
	case kind == "keyPair" && r.Type == item.TypeSSHKey:
		r.SSHKey = &item.SSHKey{Private: o.text("privateKey"), Public: strings.TrimSpace(o.text("publicKey"))}
	case kind == "name" && r.Type == item.TypeIdentity:
		i := r.identity()
		i.FirstName, i.MiddleName, i.LastName = o.text("first"), o.text("middle"), o.text("last")
	case kind == "address" && r.Type == item.TypeIdentity:
		i := r.identity()
		i.Address, i.City, i.State = lines(o.text("street1"), o.text("street2")), o.text("city"), o.text("state")
		i.PostalCode, i.Country = o.text("zip"), o.text("country")
	case kind == "phone" && r.Type == item.TypeIdentity && r.identity().Phone == "":
		r.Identity.Phone = strings.TrimSpace(o.text("region") + " " + o.text("number"))
	case kind == "securityQuestion":
		r.addField(o.text("question"), o.text("answer"), item.FieldHidden)
	case kind == "host":
		prefix = ""
	}
	r.relocateRest(o, prefix)
}
