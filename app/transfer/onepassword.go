package transfer

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// https://support.1password.com/1pux-format/: a ZIP archive with export.attributes, export.data (JSON) and files/.

func is1PUX(in *input) bool { return slices.Contains(in.zipNames(), "export.data") }

func read1PUX(in *input, b *builder) error {
	data, err := in.unzip("export.data")
	if err != nil {
		return err
	}
	top, err := decodeObject(data)
	if err != nil {
		return err
	}
	r := onePassword{b: b, files: map[string]Attached{}}
	for _, name := range in.zipNames() {
		id, file, ok := strings.Cut(path.Base(name), "__")
		if !ok || !strings.HasPrefix(name, "files/") || file == "" {
			continue
		}
		data, err := in.unzip(name)
		if err != nil {
			return err
		}
		r.files[id] = Attached{Name: file, Data: data}
	}
	return r.read(top)
}

// onePassword reads the items of one export.
type onePassword struct {
	b      *builder
	files  map[string]Attached // by document id
	titles map[string]string   // by item id, for references between items
}

func (r *onePassword) read(top object) error {
	accounts := top.objects("accounts")
	if accounts == nil {
		return fmt.Errorf("%w: the accounts are missing", ErrMalformed)
	}
	r.titles = map[string]string{}
	var entries []groupedEntry
	for _, account := range accounts {
		prefix := ""
		if len(accounts) > 1 {
			prefix = account.object("attrs").text("accountName") + "/"
		}
		for _, vault := range account.objects("vaults") {
			name := prefix + vault.object("attrs").text("name")
			for _, e := range vault.entries("items", func(object) string { return name }) {
				if inner := e.o.object("item"); inner != nil { // exports before version 3
					e.o = inner
				}
				id, _ := scalar(e.o["uuid"])
				r.titles[id], _ = scalar(e.o.object("overview")["title"])
				entries = append(entries, e)
			}
		}
	}
	r.b.each(entries, r.item)
	leftFiles(r.b, slices.Collect(maps.Values(r.files)))
	return nil
}

// onePasswordTypes are the categories that are a type here. All others are logins if they have a password, or notes.
var onePasswordTypes = map[string]item.Type{
	"001": item.TypeLogin, "002": item.TypeCard, "003": item.TypeNote, "004": item.TypeIdentity, "005": item.TypeLogin,
	"103": item.TypeIdentity, "106": item.TypeIdentity, "108": item.TypeIdentity, "114": item.TypeSSHKey,
}

// onePasswordNames are the categories that lose their name when they become one of the types here.
var onePasswordNames = map[string]string{
	"006": "Document", "100": "Software license", "101": "Bank account", "102": "Database", "103": "Driver's license",
	"104": "Outdoor license", "105": "Membership", "106": "Passport", "107": "Rewards program", "108": "Social security number",
	"109": "Wireless router", "110": "Server", "111": "Email account", "112": "API credential", "113": "Medical record",
}

func (r *onePassword) item(row int, o object, vault string) {
	overview, details := o.object("overview"), o.object("details")
	category := o.text("categoryUuid")
	it := item.Item{
		Type: onePasswordTypes[category], Title: overview.text("title"), Notes: details.text("notesPlain"),
		Favourite: o.yes("favIndex"), Created: o.time("createdAt"), Modified: o.time("updatedAt"),
		Tags: append(one(vault), overview.texts("tags")...),
	}
	switch state := o.text("state"); state {
	case "archived":
		it.Tags = append(it.Tags, tagArchived)
	case "trashed":
		r.b.trash(&it)
	}
	if o.yes("trashed") {
		r.b.trash(&it)
	}
	c := onePasswordEntry{onePassword: r, row: row, it: &it, category: category}
	c.addresses(overview)
	c.loginFields(details)
	it.Password = keepFirst(it.Password, details, "password")
	for _, section := range details.objects("sections") {
		title := section.text("title")
		for _, field := range section.objects("fields") {
			c.field(title, field)
		}
		section.drop("name", "hideAddAnotherField")
		keepRest(r.b, row, &it, section, "Section")
	}
	for _, old := range details.objects("passwordHistory") {
		it.PasswordHistory = append(it.PasswordHistory, item.OldPassword{Until: old.time("time"), Password: old.text("value")})
	}
	newestFirst(it.PasswordHistory)
	if document := details.object("documentAttributes"); document != nil {
		c.file(document)
	}
	noteOrLogin(&it)
	if name := onePasswordNames[category]; name != "" {
		r.b.keepField(row, &it, "Category", name, item.FieldText)
	}
	// How strong a password was, what a list showed below the title, and pictures are worked out anew.
	overview.drop("subtitle", "ps", "pbe", "pgrng", "icons", "watchtowerExclusions", "ainfo")
	o.drop("uuid")
	keepRest(r.b, row, &it, overview, "")
	keepRest(r.b, row, &it, details, "")
	keepRest(r.b, row, &it, o, "")
	r.b.add(row, it, c.attached...)
}

// keepFirst is have, or else the member of o, which otherwise stays there to be kept.
func keepFirst(have string, o object, name string) string {
	if s, ok := scalar(o[name]); ok && (have == "" || have == s) {
		o.drop(name)
		return s
	}
	return have
}

// onePasswordEntry is the item that is being read.
type onePasswordEntry struct {
	*onePassword
	row      int
	it       *item.Item
	category string
	attached []Attached
}

func (c *onePasswordEntry) addresses(overview object) {
	for _, u := range overview.objects("urls") {
		address := u.text("url")
		addURL(c.b, c.row, c.it, address, item.MatchDomain)
		if name := u.text("label"); name != "" && name != "website" {
			c.b.keepField(c.row, c.it, "Label of "+address, name, item.FieldText)
		}
		u.drop("mode")
		keepRest(c.b, c.row, c.it, u, "URL")
	}
	addURL(c.b, c.row, c.it, overview.text("url"), item.MatchDomain)
}

// loginFields reads the form that was saved with a login.
func (c *onePasswordEntry) loginFields(details object) {
	for _, f := range details.objects("loginFields") {
		value := f.text("value")
		if o := f.object("value"); value == "" && o != nil { // an address that belongs to another account
			value = o.text("email_address", "string")
			keepRest(c.b, c.row, c.it, o, f.text("name"))
		}
		kind := f.text("fieldType", "type")
		name := f.text("name")
		id := f.text("id")
		if name == "" {
			name = id
		}
		switch designation := f.text("designation"); {
		case value == "":
		case designation == "username" && c.it.Username == "":
			c.it.Username = value
		case designation == "password" && c.it.Password == "":
			c.it.Password = value
		case kind == "P":
			addField(c.it, name, value, item.FieldHidden)
		case kind == "C":
			addField(c.it, name, item.True, item.FieldBoolean)
		case kind == "I" || kind == "B": // the button that sends the form
		default:
			addField(c.it, name, value, kindOfValue(name, value))
		}
		keepRest(c.b, c.row, c.it, f, name)
	}
}

// file attaches the content that was exported for a document.
func (c *onePasswordEntry) file(o object) {
	name, id := o.text("fileName"), o.text("documentId")
	o.drop("decryptedSize")
	file, ok := c.files[id]
	if !ok {
		c.b.problem(c.row, name, "the file is not in the export")
		return
	}
	delete(c.files, id)
	if name != "" {
		file.Name = name
	}
	c.attached = append(c.attached, file)
}
