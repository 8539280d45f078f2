// Package keepass reads and writes databases of KeePass 2 and compatible programs, and reads their exports.
package keepass

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// Names of strings that KeePass or other programs interpret.
const (
	nameTitle    = "Title"
	nameUser     = "UserName"
	namePassword = "Password"
	nameURL      = "URL"
	nameNotes    = "Notes"
	nameOTP      = "otp"      // KeePassXC: an otpauth URL
	nameMoreURLs = "KP2A_URL" // Keepass2Android, KeePassXC, Strongbox: KP2A_URL, KP2A_URL_1 and so on
	nameAndroid  = "AndroidApp"
	// tagFavourite marks favourites in Strongbox.
	tagFavourite = "Favorite"
)

func readKDBX(in *source.Input, b *source.Builder) error {
	opened, err := openKDBX(in.Data, in.Options)
	if err != nil {
		return err
	}
	file, err := parseXML(opened.xml, opened.stream, opened.files)
	if err != nil {
		return err
	}
	if len(file.headerHash) > 0 && len(opened.headerHash) > 0 && !bytes.Equal(file.headerHash, opened.headerHash) {
		return source.ErrMalformed
	}
	newReader(file, b).read()
	return nil
}

// XML is the document that KeePass 2 exports.
var XML = source.Custom{Is: isXML, Parse: readXML}

func isXML(in *source.Input) bool {
	head := in.Data[:min(len(in.Data), 1024)]
	if !bytes.Contains(bytes.ReplaceAll(head, []byte{0}, nil), []byte("<KeePassFile")) { // in UTF-16, every other byte is zero
		return false
	}
	text, err := in.Text()
	return err == nil && strings.HasPrefix(strings.TrimSpace(text), "<")
}

func readXML(in *source.Input, b *source.Builder) error {
	text, err := in.Text()
	if err != nil {
		return err
	}
	file, err := parseXML([]byte(text), nil, map[string]fileContent{})
	if err != nil {
		return err
	}
	newReader(file, b).read()
	return nil
}

// reader turns a document into items.
type reader struct {
	file    *content
	b       *source.Builder
	row     int
	total   int               // entries and groups with notes
	entries map[string]*entry // by the place that references use
}

func newReader(file *content, b *source.Builder) *reader {
	return &reader{file: file, b: b, entries: map[string]*entry{}}
}

func (k *reader) read() {
	for _, top := range k.file.root.groups {
		k.index(top)
	}
	for _, top := range k.file.root.groups {
		k.group(top, "", false)
	}
}

// index finds the entries that references may refer to, and counts what will be read.
func (k *reader) index(g *group) {
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

// group reads a group and its subgroups. path is the tag of the group; the top group is the database and has none.
func (k *reader) group(g *group, path string, trashed bool) {
	if g.notes != "" {
		k.next()
		note := k.b.Draft(k.row)
		note.Item = item.Item{Type: item.TypeNote, Title: g.name, Notes: unixLines(g.notes), Tags: source.ListOf(path)}
		note.Add()
	}
	for _, e := range g.entries {
		k.next()
		k.item(k.b.Draft(k.row), e, path, trashed)
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

func (k *reader) next() {
	k.row++
	k.b.Progress(k.row, k.total)
}

func (k *reader) item(it *source.Draft, e *entry, path string, trashed bool) {
	ours := readExtra(e)
	it.Created, it.Modified, it.Exact = e.created, e.modified, ours != nil
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
	it.NoteOrLogin()
	if !e.expires.IsZero() {
		it.Relocate("Expires", e.expires.Format(time.RFC3339), item.FieldText)
	}
	if e.override != "" {
		it.Relocate("Override URL", e.override, item.FieldText)
	}
	if e.autoType != "" {
		it.Relocate("Auto-Type", e.autoType, item.FieldText)
	}
	if len(e.windows) > 0 && ours == nil {
		it.Relocate("Auto-Type windows", strings.Join(e.windows, "\n"), item.FieldText)
	}
	if trashed {
		it.Trashed = e.moved
		if it.Trashed.IsZero() {
			it.Trash()
		}
	}
	if ours == nil {
		it.Notes = unixLines(it.Notes)
	} else {
		ours.restore(&it.Item, e)
	}
	it.Add(k.attachments(it, e, ours)...)
}

// strings puts each string of an entry into place.
func (k *reader) strings(it *source.Draft, e *entry, ours *extra) {
	codes := codes{}
	for _, s := range e.strings {
		value := k.resolve(s.value)
		if ours.take(&it.Item, s, value) || codes.take(s.name, value) {
			continue
		}
		switch {
		case value == "":
		case s.name == rpcName:
			k.rpc(it, value)
		case s.name == nameTitle:
			it.Title = value
		case s.name == nameUser:
			it.Username = value
		case s.name == namePassword:
			it.Password = value
		case s.name == nameURL:
			it.URLs = append([]string{value}, it.URLs...)
		case s.name == nameNotes:
			it.Notes = value
		case isMoreURL(s.name):
			it.URLs = append(it.URLs, value)
		case strings.TrimRight(s.name, "0123456789_") == nameAndroid && !s.protected:
			it.URLs = append(it.URLs, "androidapp://"+value)
		case s.protected || value != s.value && strings.HasPrefix(s.value, "{REF:P@"):
			it.AddField(s.name, value, item.FieldHidden)
		default:
			it.AddField(s.name, value, item.FieldText)
		}
	}
	if ours != nil && codes[nameOTP] != "" {
		it.TOTP = codes[nameOTP]
		delete(codes, nameOTP)
	} else {
		it.TOTP = codes.url(it.Title, it.Username)
	}
	for _, s := range codes.left() {
		it.AddField(s.name, s.value, item.FieldHidden)
	}
}

func isMoreURL(name string) bool {
	rest, ok := strings.CutPrefix(name, nameMoreURLs)
	return ok && strings.Trim(rest, "_0123456789") == ""
}

// unixLines converts the CRLF line ends in which KeePass stores notes.
func unixLines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// history returns the replaced passwords. Each version of an entry was valid until the next one.
func (k *reader) history(it *source.Draft, e *entry) {
	versions := append(slices.Clone(e.history), e)
	for i, old := range versions[:len(versions)-1] {
		next := versions[i+1]
		if p := k.resolve(old.value(namePassword)); p != "" && old.value(namePassword) != next.value(namePassword) {
			it.PasswordHistory = append(it.PasswordHistory, item.OldPassword{Password: p, Until: next.modified})
		}
	}
	slices.Reverse(it.PasswordHistory)
	source.NewestFirst(it.PasswordHistory)
}

// olderValues relocates other values of older versions that a user may look for: usernames, URLs, custom strings.
func (k *reader) olderValues(it *source.Draft, e *entry) {
	seen := map[[2]string]bool{}
	for _, s := range e.strings {
		seen[[2]string{s.name, s.value}] = true
	}
	for _, old := range e.history {
		for _, s := range old.strings {
			if seen[[2]string{s.name, s.value}] || slices.Contains([]string{nameTitle, namePassword, nameNotes, rpcName}, s.name) {
				continue
			}
			seen[[2]string{s.name, s.value}] = true
			kind := item.FieldText
			if s.protected || slices.Contains(codeNames, s.name) {
				kind = item.FieldHidden
			}
			it.Relocate(s.name+" (older)", k.resolve(s.value), kind)
		}
	}
}

func (e *entry) value(name string) string {
	for _, s := range e.strings {
		if s.name == name {
			return s.value
		}
	}
	return ""
}

func (k *reader) attachments(it *source.Draft, e *entry, ours *extra) []parcel.Attached {
	var out []parcel.Attached
	for _, a := range e.files {
		content, ok := a.content, true
		if a.ref != "" {
			content, ok = k.file.files[a.ref]
		}
		switch {
		case !ok:
			it.Problem(parcel.AttachmentMissing, parcel.Values{Name: a.name})
			continue
		case content.damaged:
			it.Problem(parcel.AttachmentTruncated, parcel.Values{Name: a.name})
		}
		out = append(out, parcel.Attached{Name: ours.fileName(a.name), Data: content.data})
	}
	return out
}
