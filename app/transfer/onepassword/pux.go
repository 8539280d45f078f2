// Package onepassword reads exports of 1Password 4 to 8.
package onepassword

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// PUX is the archive that 1Password 8 exports (https://support.1password.com/1pux-format/): a ZIP archive with
// export.attributes, export.data (JSON) and files/.
var PUX = source.Custom{Is: isPUX, Parse: readPUX}

func isPUX(in *source.Input) bool { return slices.Contains(in.ZIPNames(), "export.data") }

func readPUX(in *source.Input, b *source.Builder) error {
	data, err := in.Unzip("export.data")
	if err != nil {
		return err
	}
	top, err := source.DecodeObject(data)
	if err != nil {
		return err
	}
	r := export{b: b, files: map[string]parcel.Attached{}}
	for _, name := range in.ZIPNames() {
		id, file, ok := strings.Cut(path.Base(name), "__")
		if !ok || !strings.HasPrefix(name, "files/") || file == "" {
			continue
		}
		data, err := in.Unzip(name)
		if err != nil {
			return err
		}
		r.files[id] = parcel.Attached{Name: file, Data: data}
	}
	return r.read(top)
}

// export holds what the items of an export refer to.
type export struct {
	b      *source.Builder
	files  map[string]parcel.Attached // by document ID
	titles map[string]string          // by item ID, for references between items
}

func (r *export) read(top source.Object) error {
	accounts := top.Objects("accounts")
	if accounts == nil {
		return source.Incomplete("accounts")
	}
	r.titles = map[string]string{}
	var items []source.Item
	for _, account := range accounts {
		prefix := ""
		if len(accounts) > 1 {
			prefix = account.Object("attrs").Text("accountName") + "/"
		}
		for _, vault := range account.Objects("vaults") {
			name := prefix + vault.Object("attrs").Text("name")
			for _, e := range vault.Items("items", func(source.Object) string { return name }) {
				if inner := e.Object.Object("item"); inner != nil { // exports before version 3
					e.Object = inner
				}
				id, _ := source.Scalar(e.Object["uuid"])
				r.titles[id], _ = source.Scalar(e.Object.Object("overview")["title"])
				items = append(items, e)
			}
		}
	}
	r.b.Each(items, r.item)
	source.LeftFiles(r.b, slices.Collect(maps.Values(r.files)))
	return nil
}

// types are the categories that map to a type. All others are logins if they have a password, and notes otherwise.
var types = map[string]item.Type{
	"001": item.TypeLogin, "002": item.TypeCard, "003": item.TypeNote, "004": item.TypeIdentity, "005": item.TypeLogin,
	"101": item.TypeBankAccount, "103": item.TypeDriversLicense, "106": item.TypePassport, "112": item.TypeAPIKey, "108": item.TypeIdentity, "114": item.TypeSSHKey,
}

// categoryNames are the categories that need no tag because their type says the same.
var categoryNames = map[string]string{
	"006": "Document", "100": "Software license", "102": "Database",
	"104": "Outdoor license", "105": "Membership", "107": "Rewards program", "108": "Social security number",
	"109": "Wireless router", "110": "Server", "111": "Email account", "113": "Medical record",
}

func (r *export) item(it *source.Draft, o source.Object, vault string) {
	overview, details := o.Object("overview"), o.Object("details")
	category := o.Text("categoryUuid")
	it.Item = item.Item{
		Type: types[category], Title: overview.Text("title"), Notes: details.Text("notesPlain"),
		Favourite: o.Yes("favIndex"), Created: o.Time("createdAt"), Modified: o.Time("updatedAt"),
		Tags: append(source.ListOf(vault), overview.Texts("tags")...),
	}
	switch state := o.Text("state"); state {
	case "archived":
		it.Archive()
	case "trashed":
		it.Trash()
	}
	if o.Yes("trashed") {
		it.Trash()
	}
	c := draft{export: r, Draft: it, category: category}
	c.urls(overview)
	c.loginFields(details)
	it.Password = keepFirst(it.Password, details, "password")
	for _, section := range details.Objects("sections") {
		title := section.Text("title")
		for _, field := range section.Objects("fields") {
			c.field(title, field)
		}
		section.Drop("name", "hideAddAnotherField")
		it.RelocateRest(section, "Section")
	}
	for _, old := range details.Objects("passwordHistory") {
		it.PasswordHistory = append(it.PasswordHistory, item.OldPassword{Until: old.Time("time"), Password: old.Text("value")})
	}
	source.NewestFirst(it.PasswordHistory)
	if document := details.Object("documentAttributes"); document != nil {
		c.file(document)
	}
	if _, document := places[it.Type]; document {
		it.CardLogin()
	}
	it.NoteOrLogin()
	if name := categoryNames[category]; name != "" {
		it.Relocate("Category", name, item.FieldText)
	}
	// Derived values: password strength, subtitles and icons.
	overview.Drop("subtitle", "ps", "pbe", "pgrng", "icons", "watchtowerExclusions", "ainfo")
	o.Drop("uuid")
	it.RelocateRest(overview, "")
	it.RelocateRest(details, "")
	it.RelocateRest(o, "")
	it.Add(c.attached...)
}

// keepFirst returns have, or if it is empty, takes the member of o.
func keepFirst(have string, o source.Object, name string) string {
	if s, ok := source.Scalar(o[name]); ok && (have == "" || have == s) {
		o.Drop(name)
		return s
	}
	return have
}

// draft is the item being read.
type draft struct {
	*export
	*source.Draft
	category string
	attached []parcel.Attached
}

func (c *draft) urls(overview source.Object) {
	for _, u := range overview.Objects("urls") {
		rawURL := u.Text("url")
		c.AddURL(rawURL, item.MatchDomain)
		if name := u.Text("label"); name != "" && name != "website" {
			c.Relocate("Label of "+rawURL, name, item.FieldText)
		}
		u.Drop("mode")
		c.RelocateRest(u, "URL")
	}
	c.AddURL(overview.Text("url"), item.MatchDomain)
}

// loginFields reads the form that was saved with a login.
func (c *draft) loginFields(details source.Object) {
	for _, f := range details.Objects("loginFields") {
		value := f.Text("value")
		if o := f.Object("value"); value == "" && o != nil { // an email address of another account
			value = o.Text("email_address", "string")
			c.RelocateRest(o, f.Text("name"))
		}
		kind := f.Text("fieldType", "type")
		name := f.Text("name")
		id := f.Text("id")
		if name == "" {
			name = id
		}
		switch designation := f.Text("designation"); {
		case value == "":
		case designation == "username" && c.Username == "":
			c.Username = value
		case designation == "password" && c.Password == "":
			c.Password = value
		case kind == "P":
			c.AddField(name, value, item.FieldHidden)
		case kind == "C":
			c.AddField(name, item.True, item.FieldBoolean)
		case kind == "I" || kind == "B": // the submit button
		default:
			c.AddField(name, value, source.KindOfValue(name, value))
		}
		c.RelocateRest(f, name)
	}
}

// file attaches the exported content of a document.
func (c *draft) file(o source.Object) {
	name, id := o.Text("fileName"), o.Text("documentId")
	o.Drop("decryptedSize")
	file, ok := c.files[id]
	if !ok {
		c.Problem(parcel.AttachmentMissing, parcel.Values{Name: name})
		return
	}
	delete(c.files, id)
	if name != "" {
		file.Name = name
	}
	c.attached = append(c.attached, file)
}
