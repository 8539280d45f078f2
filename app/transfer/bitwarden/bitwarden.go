// Package bitwarden reads and writes exports of Bitwarden.
package bitwarden

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// JSON is an export in JSON, with or without a password. See https://bitwarden.com/help/export-your-data/, and for its
// members the classes in libs/common/src/models/export of Bitwarden's clients.
var JSON = source.Custom{Is: isJSON, Parse: readJSON}

func isJSON(in *source.Input) bool {
	top := in.JSON()
	items, listed := top["items"].([]any)
	_, encrypted := top["encrypted"].(bool)
	_, sealed := top["encKeyValidation_DO_NOT_EDIT"]
	if encrypted && (listed || sealed) {
		return true
	}
	switch {
	case top == nil:
		items, _ = in.JSONValue().([]any)
	case isItem(top):
		return true
	}
	return slices.ContainsFunc(items, isItem)
}

// isItem recognizes an item of Bitwarden where nothing else in the file does: exports before 2021 do not say whether they
// are encrypted, and "bw list items" and "bw get item" print only items.
func isItem(e any) bool {
	o, _ := e.(map[string]any)
	_, kind := o["type"].(json.Number)
	_, name := o["name"].(string)
	return kind && name && slices.ContainsFunc([]string{"login", "secureNote", "card", "identity", "sshKey", "bankAccount", "driversLicense", "passport", "folderId", "organizationId"},
		func(member string) bool { _, ok := o[member]; return ok })
}

func readJSON(in *source.Input, b *source.Builder) error {
	top := source.Object(in.JSON())
	switch {
	case top == nil:
		top = source.Object{"items": in.JSONValue()}
	case isItem(in.JSON()):
		top = source.Object{"items": []any{in.JSONValue()}}
	}
	if top.Yes("passwordProtected") {
		plain, err := open(top, in.Options.Password)
		if err != nil {
			return err
		}
		top, err = source.DecodeObject(plain)
		if err != nil {
			return err
		}
	}
	return readItems(top, nil, b)
}

// ZIP is an export with attachments.
var ZIP = source.Custom{Is: isZIP, Parse: readZIP}

func isZIP(in *source.Input) bool {
	names := in.ZIPNames()
	return slices.Contains(names, "data.json") && !slices.Contains(names, "export.data")
}

func readZIP(in *source.Input, b *source.Builder) error {
	data, err := in.Unzip("data.json")
	if err != nil {
		return err
	}
	top, err := source.DecodeObject(data)
	if err != nil {
		return err
	}
	files := map[string][]parcel.Attached{}
	for _, name := range in.ZIPNames() {
		owner, file, ok := strings.Cut(strings.TrimPrefix(name, "attachments/"), "/")
		if !ok || !strings.HasPrefix(name, "attachments/") || file == "" {
			continue
		}
		data, err := in.Unzip(name)
		if err != nil {
			return err
		}
		files[owner] = append(files[owner], parcel.Attached{Name: path.Base(file), Data: data})
	}
	return readItems(top, files, b)
}

// export holds what the items of an export refer to.
type export struct {
	b      *source.Builder
	groups map[string]string            // names of folders and collections by ID
	files  map[string][]parcel.Attached // attachments by the ID of their item
}

func readItems(top source.Object, files map[string][]parcel.Attached, b *source.Builder) error {
	if top.Yes("encrypted") {
		return source.ErrAccountRestricted
	}
	r := export{b, map[string]string{}, files}
	for _, list := range []string{"folders", "collections"} {
		for _, group := range top.Objects(list) {
			r.groups[group.Text("id")] = group.Text("name")
		}
	}
	b.Each(top.Items("items", nil), r.item)
	for _, left := range r.files {
		source.LeftFiles(b, left)
	}
	return nil
}

// types are the values of CipherType.
var types = map[string]item.Type{
	"1": item.TypeLogin,
	"2": item.TypeNote,
	"3": item.TypeCard,
	"4": item.TypeIdentity,
	"5": item.TypeSSHKey,
	"6": item.TypeBankAccount,
	"7": item.TypeDriversLicense,
	"8": item.TypePassport,
}

// partNames are the names of the parts that have the same form as in Bitwarden, but for the names of people.
var partNames = map[item.Type]string{
	item.TypeBankAccount: "bankAccount", item.TypeDriversLicense: "driversLicense", item.TypePassport: "passport",
}

var places = source.Places{
	item.TypeBankAccount: {
		"bankName": "bank_name", "nameOnAccount": "holder", "accountType": "account_type", "accountNumber": "account_number",
		"routingNumber": "routing_number", "branchNumber": "branch_number", "pin": "pin", "swiftCode": "swift", "iban": "iban",
		"bankContactPhone": "branch_phone",
	},
	item.TypeDriversLicense: {
		"dateOfBirth": "birth_date", "licenseNumber": "number", "issuingCountry": "country", "issuingState": "state",
		"issueDate": "issued", "issuingAuthority": "authority", "expirationDate": "expires", "licenseClass": "class",
	},
	item.TypePassport: {
		"dateOfBirth": "birth_date", "sex": "sex", "birthPlace": "birth_place", "nationality": "nationality", "issuingCountry": "country",
		"passportNumber": "number", "passportType": "type", "issuingAuthority": "authority", "issueDate": "issued", "expirationDate": "expires",
	},
}

func (r *export) item(it *source.Draft, o source.Object, _ string) {
	it.Item = item.Item{
		Type:      types[o.Text("type")],
		Title:     o.Text("name"),
		Notes:     o.Text("notes"),
		Favourite: o.Yes("favorite"),
		Reprompt:  o.Yes("reprompt"),
		Created:   o.Time("creationDate"),
		Modified:  o.Time("revisionDate"),
		Archived:  o.Time("archivedDate"),
		Trashed:   o.Time("deletedDate"),
	}
	if it.Type == "" {
		it.Type = item.TypeNote
	}
	id := o.Text("id")
	r.group(it, o)
	r.fields(it, o)
	r.login(it, o.Object("login"))
	r.card(it, o.Object("card"))
	r.identity(it, o.Object("identity"))
	if o := o.Object(partNames[it.Type]); len(o) > 0 {
		places.Fill(&it.Item, o)
		if name := it.Place(string(it.Type) + ".name"); name != nil {
			*name = joinName(o.Text("firstName", "givenName"), o.Text("middleName"), o.Text("lastName", "surname"))
		}
	}
	if it.Type == item.TypeBankAccount || it.Type == item.TypeAPIKey {
		ownTexts(it)
	}
	if key := o.Object("sshKey"); len(key) > 0 {
		it.SSHKey = &item.SSHKey{
			Private: key.Text("privateKey"), Public: key.Text("publicKey"), Fingerprint: key.Text("keyFingerprint", "fingerprint"),
		}
	}
	for _, old := range o.Objects("passwordHistory") {
		it.PasswordHistory = append(it.PasswordHistory, item.OldPassword{Until: old.Time("lastUsedDate"), Password: old.Text("password")})
		it.RelocateRest(old, "Password history")
	}
	source.NewestFirst(it.PasswordHistory)
	o.Object("secureNote").Drop("type")       // always the same
	o.Drop("organizationId", "object", "key") // key encrypted the item on Bitwarden's server
	for _, part := range parts {
		it.RelocateRest(o.Object(part), "")
	}
	it.RelocateRest(o, "")
	it.Add(r.files[id]...)
	delete(r.files, id)
}

// group turns the folder and the collections into tags.
func (r *export) group(it *source.Draft, o source.Object) {
	ids := o.Texts("collectionIds")
	if folder := o.Text("folderId"); folder != "" {
		ids = append([]string{folder}, ids...)
	}
	for _, id := range ids {
		if name := r.groups[id]; name != "" {
			it.Tags = append(it.Tags, name)
		}
	}
}

// rules are the values of UriMatchStrategy.
var rules = map[string]item.MatchRule{
	"0": item.MatchDomain, "1": item.MatchHost, "2": item.MatchStarts, "3": item.MatchExact, "4": item.MatchRegexp, "5": item.MatchNever,
}

func (r *export) login(it *source.Draft, o source.Object) {
	it.Username, it.Password, it.TOTP = o.Text("username"), o.Text("password"), o.Text("totp")
	for _, uri := range o.Objects("uris") {
		it.AddURL(uri.Text("uri"), rules[uri.Text("match")])
		uri.Drop("uriChecksum")
		it.RelocateRest(uri, "URL")
	}
	it.RelocatePasskeys(o.Objects("fido2Credentials"))
}

func (r *export) card(it *source.Draft, o source.Object) {
	if len(o) == 0 {
		return
	}
	month, year := source.CardExpiry(o.Text("expMonth"), o.Text("expYear"))
	it.Card = &item.Card{
		Holder: o.Text("cardholderName"), Brand: o.Text("brand"), Number: o.Text("number"), Code: o.Text("code"),
		ExpiryMonth: month, ExpiryYear: year,
	}
}

// parts are the members of which an item has one, by its type. Their remaining values become fields without a prefix.
var parts = []string{"login", "card", "identity", "sshKey", "bankAccount", "driversLicense", "passport"}

func (r *export) identity(it *source.Draft, o source.Object) {
	if len(o) == 0 {
		return
	}
	it.Identity = &item.Identity{
		Title: o.Text("title"), FirstName: o.Text("firstName"), MiddleName: o.Text("middleName"), LastName: o.Text("lastName"),
		Address: source.JoinLines(o.Text("address1"), o.Text("address2"), o.Text("address3")),
		City:    o.Text("city"), State: o.Text("state"), PostalCode: o.Text("postalCode"), Country: o.Text("country"),
		Company: o.Text("company"), Email: o.Text("email"), Phone: o.Text("phone"),
		SSN: o.Text("ssn"), Passport: o.Text("passportNumber"), License: o.Text("licenseNumber"),
	}
	it.Username = o.Text("username")
}

// joinName is the inverse of splitName.
func joinName(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

// links are the values of a linked field: the member of the item that it fills in.
var links = map[string]string{
	"100": "username", "101": "password",
	"300": "cardholder name", "301": "expiration month", "302": "expiration year", "303": "security code", "304": "brand", "305": "number",
	"400": "title", "401": "middle name", "402": "address 1", "403": "address 2", "404": "address 3", "405": "city", "406": "state",
	"407": "postal code", "408": "country", "409": "company", "410": "email", "411": "phone", "412": "SSN", "413": "username",
	"414": "passport number", "415": "license number", "416": "first name", "417": "last name", "418": "full name",
}

// ownTexts puts the texts back that WriteJSON wrote as custom fields, because Bitwarden has no place for them.
func ownTexts(it *source.Draft) {
	names := map[string]bool{}
	for _, f := range it.Fields {
		names[f.Name] = true
	}
	it.Fields = slices.DeleteFunc(it.Fields, func(f item.Field) bool {
		place := source.TextNamed(&it.Item, f.Name)
		return place != nil && *place == "" && !names[f.Name+" (2)"] && source.SetOnce(place, f.Value)
	})
}

func (r *export) fields(it *source.Draft, o source.Object) {
	for _, f := range o.Objects("fields") {
		name, value := f.Text("name"), f.Text("value")
		switch kind := f.Text("type"); {
		case kind == "1":
			it.AddField(name, value, item.FieldHidden)
		case kind == "2":
			if value == "" {
				value = item.False
			}
			it.AddField(name, value, item.FieldBoolean)
		case kind == "3":
			link := f.Text("linkedId")
			if known := links[link]; known != "" {
				link = known
			}
			it.Relocate(name, source.JoinLines(value, link), item.FieldText)
		case name == fieldType:
			it.Type = item.Type(value)
		case name == fieldTags:
			it.Tags = append(it.Tags, strings.Split(value, "\n")...)
		default:
			it.AddField(name, value, item.FieldText)
		}
		f.Drop("linkedId")
		it.RelocateRest(f, "Field")
	}
}
