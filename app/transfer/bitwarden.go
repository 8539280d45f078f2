package transfer

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// What Bitwarden exports is described at https://bitwarden.com/help/export-your-data/ and, member by member, by the
// classes under libs/common/src/models/export of its clients.

func isBitwardenJSON(in *input) bool {
	top := in.json()
	items, listed := top["items"].([]any)
	_, encrypted := top["encrypted"].(bool)
	_, sealed := top["encKeyValidation_DO_NOT_EDIT"]
	if encrypted && (listed || sealed) {
		return true
	}
	switch {
	case top == nil:
		items, _ = in.jsonValue().([]any)
	case isBitwardenItem(top):
		return true
	}
	return slices.ContainsFunc(items, isBitwardenItem)
}

// isBitwardenItem tells an item of Bitwarden's from those of others, where nothing else in the file does: exports of
// before 2021 do not say whether they are encrypted, and "bw list items" and "bw get item" print items alone.
func isBitwardenItem(e any) bool {
	o, _ := e.(map[string]any)
	_, kind := o["type"].(json.Number)
	_, name := o["name"].(string)
	return kind && name && slices.ContainsFunc([]string{"login", "secureNote", "card", "identity", "sshKey", "folderId", "organizationId"},
		func(member string) bool { _, ok := o[member]; return ok })
}

func readBitwardenJSON(in *input, b *builder) error {
	top := object(in.json())
	switch {
	case top == nil:
		top = object{"items": in.jsonValue()}
	case isBitwardenItem(in.json()):
		top = object{"items": []any{in.jsonValue()}}
	}
	if top.yes("passwordProtected") {
		plain, err := openBitwarden(top, in.options.Password)
		if err != nil {
			return err
		}
		top, err = decodeObject(plain)
		if err != nil {
			return err
		}
	}
	return readBitwarden(top, nil, b)
}

func isBitwardenZIP(in *input) bool {
	names := in.zipNames()
	return slices.Contains(names, "data.json") && !slices.Contains(names, "export.data")
}

func readBitwardenZIP(in *input, b *builder) error {
	data, err := in.unzip("data.json")
	if err != nil {
		return err
	}
	top, err := decodeObject(data)
	if err != nil {
		return err
	}
	files := map[string][]Attached{}
	for _, name := range in.zipNames() {
		owner, file, ok := strings.Cut(strings.TrimPrefix(name, "attachments/"), "/")
		if !ok || !strings.HasPrefix(name, "attachments/") || file == "" {
			continue
		}
		data, err := in.unzip(name)
		if err != nil {
			return err
		}
		files[owner] = append(files[owner], Attached{Name: path.Base(file), Data: data})
	}
	return readBitwarden(top, files, b)
}

// bitwarden reads the items of one export.
type bitwarden struct {
	b      *builder
	groups map[string]string     // names of folders and collections by id
	files  map[string][]Attached // attachments by id of their item
}

func readBitwarden(top object, files map[string][]Attached, b *builder) error {
	if top.yes("encrypted") {
		return ErrAccountRestricted
	}
	r := bitwarden{b, map[string]string{}, files}
	for _, list := range []string{"folders", "collections"} {
		for _, group := range top.objects(list) {
			r.groups[group.text("id")] = group.text("name")
		}
	}
	b.each(top.entries("items", nil), r.item)
	for _, left := range r.files {
		leftFiles(b, left)
	}
	return nil
}

// bitwardenTypes are the values of CipherType.
var bitwardenTypes = map[string]item.Type{
	"1": item.TypeLogin,
	"2": item.TypeNote,
	"3": item.TypeCard,
	"4": item.TypeIdentity,
	"5": item.TypeSSHKey,
	"6": item.TypeNote,     // a bank account
	"7": item.TypeIdentity, // a driver's licence
	"8": item.TypeIdentity, // a passport
}

func (r *bitwarden) item(row int, o object, _ string) {
	it := item.Item{
		Type:      bitwardenTypes[o.text("type")],
		Title:     o.text("name"),
		Notes:     o.text("notes"),
		Favourite: o.yes("favorite"),
		Created:   o.time("creationDate"),
		Modified:  o.time("revisionDate"),
		Trashed:   o.time("deletedDate"),
	}
	if it.Type == "" {
		it.Type = item.TypeNote
	}
	id := o.text("id")
	r.group(&it, o)
	r.fields(row, &it, o)
	r.login(row, &it, o.object("login"))
	r.card(&it, o.object("card"))
	r.identity(row, &it, o)
	if key := o.object("sshKey"); len(key) > 0 {
		it.SSHKey = &item.SSHKey{
			Private: key.text("privateKey"), Public: key.text("publicKey"), Fingerprint: key.text("keyFingerprint", "fingerprint"),
		}
	}
	for _, old := range o.objects("passwordHistory") {
		it.PasswordHistory = append(it.PasswordHistory, item.OldPassword{Until: old.time("lastUsedDate"), Password: old.text("password")})
		keepRest(r.b, row, &it, old, "Password history")
	}
	newestFirst(it.PasswordHistory)
	bitwardenFlags(r.b, row, &it, o.text("archivedDate"), o.yes("reprompt"))
	o.object("secureNote").drop("type")       // there is one type only
	o.drop("organizationId", "object", "key") // the key sealed the item on Bitwarden's server
	for _, part := range bitwardenParts {
		keepRest(r.b, row, &it, o.object(part), "")
	}
	keepRest(r.b, row, &it, o, "")
	r.b.add(row, it, r.files[id]...)
	delete(r.files, id)
}

// group makes tags of the folder and the collections.
func (r *bitwarden) group(it *item.Item, o object) {
	ids := o.texts("collectionIds")
	if folder := o.text("folderId"); folder != "" {
		ids = append([]string{folder}, ids...)
	}
	for _, id := range ids {
		if name := r.groups[id]; name != "" {
			it.Tags = append(it.Tags, name)
		}
	}
}

// bitwardenMatch are the rules of UriMatchStrategy, by number.
var bitwardenMatch = map[string]item.MatchRule{
	"0": item.MatchDomain, "1": item.MatchHost, "2": item.MatchStarts, "3": item.MatchExact, "4": item.MatchRegexp, "5": item.MatchNever,
}

func (r *bitwarden) login(row int, it *item.Item, o object) {
	it.Username, it.Password, it.TOTP = o.text("username"), o.text("password"), o.text("totp")
	for _, uri := range o.objects("uris") {
		addURL(r.b, row, it, uri.text("uri"), bitwardenMatch[uri.text("match")])
		uri.drop("uriChecksum")
		keepRest(r.b, row, it, uri, "URL")
	}
	keepPasskeys(r.b, row, it, o.objects("fido2Credentials"))
}

func (r *bitwarden) card(it *item.Item, o object) {
	if len(o) == 0 {
		return
	}
	month, year := expiry(o.text("expMonth"), o.text("expYear"))
	it.Card = &item.Card{
		Holder: o.text("cardholderName"), Brand: o.text("brand"), Number: o.text("number"), Code: o.text("code"),
		ExpiryMonth: month, ExpiryYear: year,
	}
}

// bitwardenParts are the members of which an item has one, by its type. What is left of it is kept by its own name alone.
var bitwardenParts = []string{"login", "card", "identity", "sshKey", "bankAccount", "driversLicense", "passport"}

// identity reads the identity, and those papers that are identities here.
func (r *bitwarden) identity(row int, it *item.Item, o object) {
	for _, name := range []string{"identity", "driversLicense", "passport"} {
		o := o.object(name)
		if len(o) == 0 {
			continue
		}
		it.Identity = &item.Identity{
			Title: o.text("title"), FirstName: o.text("firstName", "givenName"), MiddleName: o.text("middleName"),
			LastName: o.text("lastName", "surname"), Address: lines(o.text("address1"), o.text("address2"), o.text("address3")),
			City: o.text("city"), State: o.text("state", "issuingState"), PostalCode: o.text("postalCode"),
			Country: o.text("country", "issuingCountry"), Company: o.text("company"), Email: o.text("email"), Phone: o.text("phone"),
			SSN: o.text("ssn"), Passport: o.text("passportNumber"), License: o.text("licenseNumber"),
		}
		it.Username = o.text("username")
	}
}

// bitwardenLinks are the values of a linked field: the member of the item that it fills in.
var bitwardenLinks = map[string]string{
	"100": "username", "101": "password",
	"300": "cardholder name", "301": "expiration month", "302": "expiration year", "303": "security code", "304": "brand", "305": "number",
	"400": "title", "401": "middle name", "402": "address 1", "403": "address 2", "404": "address 3", "405": "city", "406": "state",
	"407": "postal code", "408": "country", "409": "company", "410": "email", "411": "phone", "412": "SSN", "413": "username",
	"414": "passport number", "415": "license number", "416": "first name", "417": "last name", "418": "full name",
}

func (r *bitwarden) fields(row int, it *item.Item, o object) {
	for _, f := range o.objects("fields") {
		name, value := f.text("name"), f.text("value")
		switch kind := f.text("type"); {
		case kind == "1":
			addField(it, name, value, item.FieldHidden)
		case kind == "2":
			if value == "" {
				value = item.False
			}
			addField(it, name, value, item.FieldBoolean)
		case kind == "3":
			link := f.text("linkedId")
			if known := bitwardenLinks[link]; known != "" {
				link = known
			}
			r.b.keepField(row, it, name, lines(value, link), item.FieldText)
		case name == fieldTags:
			it.Tags = append(it.Tags, strings.Split(value, "\n")...)
		default:
			addField(it, name, value, item.FieldText)
		}
		f.drop("linkedId")
		keepRest(r.b, row, it, f, "Field")
	}
}
