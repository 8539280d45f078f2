package transfer

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// Names of strings that mean something to KeePass or to programs that read its files.
const (
	keepassTitle    = "Title"
	keepassUser     = "UserName"
	keepassPassword = "Password"
	keepassURL      = "URL"
	keepassNotes    = "Notes"
	keepassOTP      = "otp"      // KeePassXC: an otpauth address
	keepassMoreURLs = "KP2A_URL" // Keepass2Android, KeePassXC, Strongbox: KP2A_URL, KP2A_URL_1 and so on
	keepassAndroid  = "AndroidApp"
	// keepassFavourite is the tag by which Strongbox knows a favourite.
	keepassFavourite = "Favorite"
)

func readKDBX(in *input, b *builder) error {
	opened, err := openKDBX(in.data, in.options)
	if err != nil {
		return err
	}
	file, err := parseKeepassXML(opened.xml, opened.stream, opened.files)
	if err != nil {
		return err
	}
	if len(file.headerHash) > 0 && len(opened.headerHash) > 0 && !bytes.Equal(file.headerHash, opened.headerHash) {
		return errKDBXHeader
	}
	newKeepass(file, b).read()
	return nil
}

// keepassXMLSource is the document that KeePass 2 exports.
var keepassXMLSource = custom{is: isKeepassXML, parse: readKeepassXML}

func isKeepassXML(in *input) bool {
	head := in.data[:min(len(in.data), 1024)]
	if !bytes.Contains(bytes.ReplaceAll(head, []byte{0}, nil), []byte("<KeePassFile")) { // UTF-16 has a zero in each letter
		return false
	}
	text, err := in.text()
	return err == nil && strings.HasPrefix(strings.TrimSpace(text), "<")
}

func readKeepassXML(in *input, b *builder) error {
	text, err := in.text()
	if err != nil {
		return err
	}
	file, err := parseKeepassXML([]byte(text), nil, map[string]keepassContent{})
	if err != nil {
		return err
	}
	newKeepass(file, b).read()
	return nil
}

// keepass makes items of a document.
type keepass struct {
	file    *keepassFile
	b       *builder
	row     int
	total   int                      // entries, and groups with notes
	entries map[string]*keepassEntry // by what references name them by, see place
}

func newKeepass(file *keepassFile, b *builder) *keepass {
	return &keepass{file: file, b: b, entries: map[string]*keepassEntry{}}
}

func (k *keepass) read() {
	for _, top := range k.file.root.groups {
		k.index(top)
	}
	for _, top := range k.file.root.groups {
		k.group(top, "", false)
	}
}

// index finds the entries that references may name, and counts what will be read.
func (k *keepass) index(g *keepassGroup) {
	k.total += len(g.entries)
	if g.notes != "" {
		k.total++
	}
	for _, e := range g.entries {
		k.note(e)
	}
	for _, inner := range g.groups {
		k.index(inner)
	}
}

// group reads a group and those in it. The path is that of its tag: the group at the top is the database, not a folder.
func (k *keepass) group(g *keepassGroup, path string, trashed bool) {
	if g.notes != "" {
		k.next()
		note := k.b.draft(k.row)
		note.Item = item.Item{Type: item.TypeNote, Title: g.name, Notes: keepassLines(g.notes), Tags: one(path)}
		note.add()
	}
	for _, e := range g.entries {
		k.next()
		k.item(k.b.draft(k.row), e, path, trashed)
	}
	for _, inner := range g.groups {
		if k.file.recycleBin != "" && inner.uuid == k.file.recycleBin {
			k.group(inner, "", true)
			continue
		}
		sub := inner.name
		if path != "" {
			sub = path + "/" + inner.name
		}
		k.group(inner, sub, trashed)
	}
}

func (k *keepass) next() {
	k.row++
	k.b.progress(k.row, k.total)
}

func (k *keepass) item(it *draft, e *keepassEntry, path string, trashed bool) {
	ours := readKeepassExtra(e)
	it.Created, it.Modified, it.exact = e.created, e.modified, ours != nil
	it.Tags, it.Favourite = ours.tags(e.tags)
	if path != "" {
		it.Tags = append([]string{path}, it.Tags...)
	}
	k.strings(it, e, ours)
	k.plugins(it, e, ours)
	k.history(it, e)
	if ours == nil {
		k.olderValues(it, e)
	}
	it.noteOrLogin()
	if !e.expires.IsZero() {
		it.relocate("Expires", e.expires.Format(time.RFC3339), item.FieldText)
	}
	if e.override != "" {
		it.relocate("Override URL", e.override, item.FieldText)
	}
	if e.autoType != "" {
		it.relocate("Auto-Type", e.autoType, item.FieldText)
	}
	if len(e.windows) > 0 && ours == nil {
		it.relocate("Auto-Type windows", strings.Join(e.windows, "\n"), item.FieldText)
	}
	if trashed {
		it.Trashed = e.moved
		if it.Trashed.IsZero() {
			it.trash()
		}
	}
	if ours == nil {
		it.Notes = keepassLines(it.Notes)
	} else {
		ours.restore(&it.Item, e)
	}
	it.add(k.attachments(it, e, ours)...)
}

// strings gives each string of an entry its place.
func (k *keepass) strings(it *draft, e *keepassEntry, ours *keepassExtra) {
	codes := keepassCodes{}
	for _, s := range e.strings {
		value := k.resolve(s.value)
		if ours.take(&it.Item, s, value) || codes.take(s.name, value) {
			continue
		}
		switch {
		case value == "":
		case s.name == keepassRPC:
			k.rpc(it, value)
		case s.name == keepassTitle:
			it.Title = value
		case s.name == keepassUser:
			it.Username = value
		case s.name == keepassPassword:
			it.Password = value
		case s.name == keepassURL:
			it.URLs = append([]string{value}, it.URLs...)
		case s.name == keepassNotes:
			it.Notes = value
		case isMoreURL(s.name):
			it.URLs = append(it.URLs, value)
		case strings.TrimRight(s.name, "0123456789_") == keepassAndroid && !s.protected:
			it.URLs = append(it.URLs, "androidapp://"+value)
		case s.protected || value != s.value && strings.HasPrefix(s.value, "{REF:P@"):
			it.addField(s.name, value, item.FieldHidden)
		default:
			it.addField(s.name, value, item.FieldText)
		}
	}
	if ours != nil && codes[keepassOTP] != "" {
		it.TOTP = codes[keepassOTP]
		delete(codes, keepassOTP)
	} else {
		it.TOTP = codes.address(it.Title, it.Username)
	}
	for _, s := range codes.left() {
		it.addField(s.name, s.value, item.FieldHidden)
	}
}

func isMoreURL(name string) bool {
	rest, ok := strings.CutPrefix(name, keepassMoreURLs)
	return ok && strings.Trim(rest, "_0123456789") == ""
}

// keepassLines undoes the line ends of Windows, in which KeePass keeps notes.
func keepassLines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// history lists the passwords that were replaced. Each version of an entry was in force until the next was made.
func (k *keepass) history(it *draft, e *keepassEntry) {
	versions := append(slices.Clone(e.history), e)
	for i, old := range versions[:len(versions)-1] {
		next := versions[i+1]
		if p := k.resolve(old.value(keepassPassword)); p != "" && old.value(keepassPassword) != next.value(keepassPassword) {
			it.PasswordHistory = append(it.PasswordHistory, item.OldPassword{Password: p, Until: next.modified})
		}
	}
	slices.Reverse(it.PasswordHistory)
	newestFirst(it.PasswordHistory)
}

// olderValues keeps what else the versions say that a person may look for: user names, addresses, custom strings.
func (k *keepass) olderValues(it *draft, e *keepassEntry) {
	seen := map[[2]string]bool{}
	for _, s := range e.strings {
		seen[[2]string{s.name, s.value}] = true
	}
	for _, old := range e.history {
		for _, s := range old.strings {
			if seen[[2]string{s.name, s.value}] || slices.Contains([]string{keepassTitle, keepassPassword, keepassNotes, keepassRPC}, s.name) {
				continue
			}
			seen[[2]string{s.name, s.value}] = true
			kind := item.FieldText
			if s.protected || slices.Contains(keepassCodeNames, s.name) {
				kind = item.FieldHidden
			}
			it.relocate(s.name+" (older)", k.resolve(s.value), kind)
		}
	}
}

func (e *keepassEntry) value(name string) string {
	for _, s := range e.strings {
		if s.name == name {
			return s.value
		}
	}
	return ""
}

func (k *keepass) attachments(it *draft, e *keepassEntry, ours *keepassExtra) []Attached {
	var out []Attached
	for _, a := range e.files {
		content, ok := a.content, true
		if a.ref != "" {
			content, ok = k.file.files[a.ref]
		}
		switch {
		case !ok:
			it.problemWith(e.value(keepassTitle), "the attachment “"+a.name+"” is missing in the file")
			continue
		case content.damaged:
			it.problemWith(e.value(keepassTitle), "the attachment “"+a.name+"” is damaged; what there is of it came in")
		}
		out = append(out, Attached{Name: ours.fileName(a.name), Data: content.data})
	}
	return out
}
