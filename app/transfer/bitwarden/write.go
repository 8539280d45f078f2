package bitwarden

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// exportedFile is an unencrypted export of Bitwarden. docs/export-format.md lists what an item loses.
type exportedFile struct {
	Encrypted bool             `json:"encrypted"`
	Folders   []exportedFolder `json:"folders"`
	Items     []exportedItem   `json:"items"`
}

type exportedFolder struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type exportedItem struct {
	FolderID        *string           `json:"folderId"`
	Type            int               `json:"type"`
	Name            string            `json:"name"`
	Notes           *string           `json:"notes"`
	Favorite        bool              `json:"favorite"`
	Reprompt        int               `json:"reprompt,omitempty"` // 1: before showing secrets
	Fields          []exportedField   `json:"fields,omitempty"`
	Login           *exportedLogin    `json:"login,omitempty"`
	SecureNote      *exportedNote     `json:"secureNote,omitempty"`
	Card            map[string]string `json:"card,omitempty"`
	Identity        map[string]string `json:"identity,omitempty"`
	SSHKey          map[string]string `json:"sshKey,omitempty"`
	BankAccount     map[string]string `json:"bankAccount,omitempty"`
	DriversLicense  map[string]string `json:"driversLicense,omitempty"`
	Passport        map[string]string `json:"passport,omitempty"`
	PasswordHistory []exportedOld     `json:"passwordHistory,omitempty"`
	CreationDate    *time.Time        `json:"creationDate,omitempty"`
	RevisionDate    *time.Time        `json:"revisionDate,omitempty"`
	ArchivedDate    *time.Time        `json:"archivedDate,omitempty"`
	DeletedDate     *time.Time        `json:"deletedDate,omitempty"`
}

type exportedField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Type  int    `json:"type"`
}

type exportedNote struct {
	Type int `json:"type"`
}

type exportedLogin struct {
	URIs     []exportedURI `json:"uris,omitempty"`
	Username *string       `json:"username"`
	Password *string       `json:"password"`
	TOTP     *string       `json:"totp"`
}

type exportedURI struct {
	Match *int   `json:"match"`
	URI   string `json:"uri"`
}

type exportedOld struct {
	LastUsedDate time.Time `json:"lastUsedDate"` // required by Bitwarden; the year 1 if unknown
	Password     string    `json:"password"`
}

// fieldType is the custom field for a type that Bitwarden lacks, and whose texts become fields.
const fieldType = "VaultSphere type"

// fieldTags is the custom field for the tags, one per line, without the tag that becomes the folder.
const fieldTags = "Tags"

// Bitwarden rejects the whole file if one value is too long once encrypted: above 10,000 characters for notes, 5,000 for a
// field, a password and an SSH key, and 1,000 for others. These numbers of bytes stay below.
const (
	notesBytes = 7439
	valueBytes = 3695
	lineBytes  = 687
)

// Bitwarden's numbers for types, kinds of fields and match rules.
var (
	typeNumbers = map[item.Type]int{
		item.TypeLogin: 1, item.TypeNote: 2, item.TypeCard: 3, item.TypeIdentity: 4, item.TypeSSHKey: 5,
		item.TypeBankAccount: 6, item.TypeDriversLicense: 7, item.TypePassport: 8,
	}
	kindNumbers = map[item.FieldKind]int{item.FieldText: 0, item.FieldHidden: 1, item.FieldBoolean: 2, item.FieldLink: 0}
	ruleNumbers = map[item.MatchRule]int{
		item.MatchHost: 1, item.MatchStarts: 2, item.MatchExact: 3, item.MatchRegexp: 4, item.MatchNever: 5,
	}
)

// WriteJSON writes an unencrypted export. docs/export-format.md lists what an item loses.
func WriteJSON(items []parcel.Exported, _ string) ([]byte, error) {
	file := exportedFile{Folders: []exportedFolder{}, Items: []exportedItem{}}
	folders := map[string]string{}
	for _, x := range items {
		out := itemOf(x.Item)
		if len(x.Item.Tags) > 0 {
			name := x.Item.Tags[0]
			id := folders[name]
			if id == "" {
				id = folderID(len(folders) + 1)
				folders[name] = id
				file.Folders = append(file.Folders, exportedFolder{id, name})
			}
			out.FolderID = &id
		}
		file.Items = append(file.Items, out)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(file); err != nil {
		return nil, fmt.Errorf("write for Bitwarden: %w", err)
	}
	return b.Bytes(), nil
}

// folderID returns a UUID (RFC 9562, version 8) that is unique in the file.
func folderID(n int) string {
	return fmt.Sprintf("00000000-0000-8000-8000-%012x", n)
}

func itemOf(it item.Item) exportedItem {
	it = it.Clone()
	if it.SSHKey != nil {
		key := completeSSHKey(*it.SSHKey)
		it.SSHKey = &key
	}
	name, _ := source.Split(it.Title, item.MaxTitle, lineBytes)
	notes, more := source.Split(it.Notes, item.MaxNotes, notesBytes)
	out := exportedItem{
		Type: typeNumbers[it.Type], Name: name, Notes: textOrNull(notes), Favorite: it.Favourite,
		CreationDate: timeOrNull(it.Created), RevisionDate: timeOrNull(it.Modified),
		ArchivedDate: timeOrNull(it.Archived), DeletedDate: timeOrNull(it.Trashed),
	}
	if it.Reprompt {
		out.Reprompt = 1
	}
	for _, f := range it.Fields {
		out.field(f.Name, f.Value, f.Kind)
	}
	if name != it.Title {
		out.field("Title", it.Title, item.FieldText)
	}
	out.keep("Notes (continued)", more, item.FieldText)
	for tags := range slices.Chunk(it.Tags[min(1, len(it.Tags)):], valueBytes/(item.MaxTag*utf8.UTFMax)) {
		out.field(fieldTags, strings.Join(tags, "\n"), item.FieldText)
	}
	for _, old := range it.PasswordHistory {
		if len(old.Password) > valueBytes {
			out.field("Old password", old.Password, item.FieldHidden)
			continue
		}
		out.PasswordHistory = append(out.PasswordHistory, exportedOld{old.Until, old.Password})
	}
	out.login(it)
	out.parts(it)
	return out
}

// field adds a field, split into several if its value is too long.
func (b *exportedItem) field(name, value string, kind item.FieldKind) {
	if value == "" && name == "" {
		return
	}
	name, _ = source.Split(name, item.MaxName, lineBytes)
	for n, suffix := 1, ""; ; suffix = fmt.Sprintf(" (%d)", n) {
		head, tail := source.Split(value, item.MaxValue, valueBytes)
		b.Fields = append(b.Fields, exportedField{name + suffix, head, kindNumbers[kind]})
		if tail == "" {
			return
		}
		value, n = tail, n+1
	}
}

// tooLong turns a value that is too long for its place into a field.
func (b *exportedItem) tooLong(name string, value *string, kind item.FieldKind, most int) {
	if len(*value) > most {
		b.field(name, *value, kind)
		*value = ""
	}
}

// login writes the login values of an item. For other types they become fields, because Bitwarden has no place for them.
func (b *exportedItem) login(it item.Item) {
	if it.Type != item.TypeLogin {
		if it.Type == item.TypeAPIKey {
			b.field(fieldType, string(it.Type), item.FieldText)
		}
		if it.Type == item.TypeNote || b.Type == 0 || it.Type == item.TypeSSHKey && !takesKey(it.SSHKey) {
			b.Type, b.SecureNote = 2, &exportedNote{}
		}
		if it.Type != item.TypeIdentity || it.Identity == nil {
			b.keep("Username", it.Username, item.FieldText)
		}
		b.keep("Password", it.Password, item.FieldHidden)
		b.keep("TOTP", it.TOTP, item.FieldHidden)
		for _, rawURL := range it.URLs {
			b.field("URL", rawURL, item.FieldLink)
		}
		return
	}
	b.tooLong("Username", &it.Username, item.FieldText, lineBytes)
	b.tooLong("Password", &it.Password, item.FieldHidden, valueBytes)
	b.tooLong("TOTP", &it.TOTP, item.FieldHidden, lineBytes)
	b.Login = &exportedLogin{Username: textOrNull(it.Username), Password: textOrNull(it.Password), TOTP: textOrNull(it.TOTP)}
	for _, rawURL := range it.URLs {
		uri := exportedURI{URI: rawURL}
		if rule, stated := it.Match[rawURL]; stated {
			n := ruleNumbers[rule]
			uri.Match = &n
		}
		b.Login.URIs = append(b.Login.URIs, uri)
	}
}

func (b *exportedItem) keep(name, value string, kind item.FieldKind) {
	if value != "" {
		b.field(name, value, kind)
	}
}

// parts writes card, identity and SSH key if the type allows them, and else as fields.
func (b *exportedItem) parts(it item.Item) {
	if it.SSHKey == nil { // see takesKey
		for _, v := range source.PartValues(&it) {
			b.tooLong(v.Name, v.Value, v.Kind, lineBytes)
		}
		if it.Type == item.TypeIdentity {
			b.tooLong("Username", &it.Username, item.FieldText, lineBytes)
		}
	}
	switch {
	case it.Type == item.TypeCard && it.Card != nil:
		b.Card = given(map[string]string{
			"cardholderName": it.Card.Holder, "brand": it.Card.Brand, "number": it.Card.Number, "code": it.Card.Code,
			"expMonth": it.Card.ExpiryMonth, "expYear": it.Card.ExpiryYear,
		})
		it.Card = nil
	case it.Type == item.TypeIdentity && it.Identity != nil:
		b.Identity = identityOf(*it.Identity, it.Username)
		it.Identity = nil
	case it.Type == item.TypeSSHKey && takesKey(it.SSHKey):
		b.SSHKey = given(map[string]string{
			"privateKey": it.SSHKey.Private, "publicKey": it.SSHKey.Public, "keyFingerprint": it.SSHKey.Fingerprint,
		})
		it.SSHKey = nil
	}
	b.document(&it)
	for _, v := range source.PartValues(&it) {
		b.keep(v.Name, *v.Value, v.Kind)
	}
}

// document writes the part of a type that has the same form in Bitwarden, and removes it from it.
func (b *exportedItem) document(it *item.Item) {
	to := map[item.Type]*map[string]string{
		item.TypeBankAccount: &b.BankAccount, item.TypeDriversLicense: &b.DriversLicense, item.TypePassport: &b.Passport,
	}[it.Type]
	if to == nil {
		return
	}
	values := map[string]string{}
	for member := range places[it.Type] {
		text := places.Of(it, member)
		values[member], *text = *text, ""
	}
	if name := it.Place(string(it.Type) + ".name"); name != nil {
		first, last := splitName(*name)
		if it.Type == item.TypePassport {
			values["givenName"], values["surname"] = first, last
		} else {
			values["firstName"], values["lastName"] = first, last
		}
		*name = ""
	}
	*to = given(values)
}

// splitName splits a full name before its last word, so that joining both gives the same name.
func splitName(full string) (first, last string) {
	if i := strings.LastIndexByte(full, ' '); i > 0 && i < len(full)-1 {
		return full[:i], full[i+1:]
	}
	return "", full
}

// takesKey reports whether an SSH key is complete. Bitwarden rejects the file for an incomplete one, so it is exported as a
// note.
func takesKey(k *item.SSHKey) bool {
	return k != nil && !slices.ContainsFunc([]string{k.Private, k.Public, k.Fingerprint}, func(s string) bool {
		return strings.TrimSpace(s) == "" || len(s) > valueBytes
	})
}

func identityOf(i item.Identity, username string) map[string]string {
	out := map[string]string{
		"title": i.Title, "firstName": i.FirstName, "middleName": i.MiddleName, "lastName": i.LastName, "city": i.City,
		"state": i.State, "postalCode": i.PostalCode, "country": i.Country, "company": i.Company, "email": i.Email,
		"phone": i.Phone, "ssn": i.SSN, "username": username, "passportNumber": i.Passport, "licenseNumber": i.License,
	}
	for n, line := range strings.SplitN(i.Address, "\n", 3) {
		out["address"+strconv.Itoa(n+1)] = line
	}
	return given(out)
}

// given drops empty values.
func given(values map[string]string) map[string]string {
	for name, value := range values {
		if value == "" {
			delete(values, name)
		}
	}
	return values
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
