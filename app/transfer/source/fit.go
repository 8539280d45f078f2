package source

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

const (
	// maxFiles is how many attachments one item gets. Their names take room in its details.
	maxFiles = 50
	// spareBytes is the room for everything but the values in the canonical form.
	spareBytes = 1000
	// valueBytes is the overhead of one value: member names, quotes, a time.
	valueBytes = 60
	// chunkBytes is the encoded size of one field, so several fit into an item.
	chunkBytes = 15_000
)

// fit turns a draft of any size into items that can be saved. A value that is too long continues in fields, and fields that
// are too many continue in further items with the same title.
func (d *Draft) fit(files []parcel.Attached) []parcel.Imported {
	typ := d.Type
	d.Item = tidy(d.Item)
	if d.Exact && (typ != "" || d.UnknownOverview.Has("type")) {
		d.Type = typ // a newer version may know it
	}
	if len(files) == 0 && d.Validate() == nil {
		return []parcel.Imported{{Row: d.row, Item: d.Item}}
	}
	f := &fitting{Draft: d}
	f.files(files)
	f.meta()
	f.secret()
	return f.fields()
}

// tidy makes the values valid without splitting the item: UTF-8, times, match rules, a title.
func tidy(it item.Item) item.Item {
	it = it.Clone()
	tidyRules(&it)
	for _, s := range []*string{&it.Title, &it.Username, &it.Password, &it.TOTP, &it.Notes} {
		*s = clean(*s)
	}
	it.TOTP = oneLine(it.TOTP)
	for i := range it.Tags {
		it.Tags[i] = clean(it.Tags[i])
	}
	for i, f := range it.Fields {
		if !f.Kind.Known() || f.Kind == item.FieldBoolean && f.Value != item.True && f.Value != item.False && !f.Unknown.Has("value") {
			f.Kind = item.FieldText
		}
		f.Name, f.Value = clean(f.Name), clean(f.Value)
		it.Fields[i] = f
	}
	for i := range it.PasswordHistory {
		it.PasswordHistory[i].Password = clean(it.PasswordHistory[i].Password)
	}
	for _, v := range PartValues(&it) {
		*v.Value = clean(*v.Value)
	}
	SaneTimes(&it)
	if !it.Type.Known() {
		it.Type = defaultType(it)
	}
	it = it.Normalise()
	if it.Title == "" && !it.UnknownOverview.Has("title") {
		it.Title = untitled(it)
	}
	return it
}

// tidyRules cleans the URLs. It keeps valid match rules, and those of a newer version.
func tidyRules(it *item.Item) {
	match := it.Match
	it.Match = map[string]item.MatchRule{}
	for i, rawURL := range it.URLs {
		rule := match[rawURL]
		it.URLs[i] = clean(rawURL)
		if !rule.Known() && !rule.Newer() || rule == item.MatchRegexp && !item.ValidPattern(rawURL) {
			rule = item.MatchNever // instead of pages that its owner did not mean
		}
		it.Match[oneLine(it.URLs[i])] = rule
	}
	for rawURL, rule := range match {
		if rule.Newer() {
			it.Match[rawURL] = rule
		}
	}
}

// defaultType is the type of an item without a known one.
func defaultType(it item.Item) item.Type {
	if it.Type == "" {
		return item.TypeLogin
	}
	return item.TypeNote
}

// untitled returns a title for an item without one.
func untitled(it item.Item) string {
	for _, rawURL := range it.URLs {
		if host := HostOf(rawURL); host != "" {
			return strings.TrimPrefix(oneLine(host), "www.")
		}
	}
	return "Untitled"
}

// HostOf returns the host of a URL, which may lack its scheme. It is empty for other text.
func HostOf(rawURL string) string {
	if !strings.Contains(rawURL, "://") {
		rawURL = "https://" + rawURL
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// SaneTimes removes times that the sealed form or JSON cannot hold. It modifies the password history in place.
func SaneTimes(it *item.Item) {
	times := []*time.Time{&it.Created, &it.Modified, &it.Archived, &it.Trashed, &it.Purge}
	for i := range it.PasswordHistory {
		times = append(times, &it.PasswordHistory[i].Until)
	}
	for _, t := range times {
		if *t = t.UTC(); t.Year() < 1 || t.Year() > 9999 || t.UnixMilli() == 0 {
			*t = time.Time{}
		}
	}
}

// oneLine replaces line breaks and other control characters with spaces.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, clean(s)))
}

// PartValue is a text of a part of an item, such as its card.
type PartValue struct {
	Name  string // for display
	Value *string
	Kind  item.FieldKind
}

// partNames are the names of texts whose row has a name that says too little.
var partNames = map[string]string{
	"card.code": "Security code", "ssh_key.private": "Private key", "ssh_key.public": "Public key", "api_key.key": "API key",
	"api_key.username": "API username", // the item can have another one
}

func partName(part, name string) string { return cmp.Or(partNames[part+"."+name], Label(name)) }

// TextNamed returns the text of the part of the item's type that PartValues calls by that name, or nil.
func TextNamed(it *item.Item, name string) *string {
	part := string(it.Type)
	for _, r := range item.Rows(part) {
		if partName(part, r.Name) == name {
			return it.Place(part + "." + r.Name)
		}
	}
	return nil
}

// PartValues lists the texts of the parts of an item.
func PartValues(it *item.Item) []PartValue {
	var out []PartValue
	for _, t := range it.PartTexts() {
		v := PartValue{partName(t.Part, t.Name), t.Value, item.FieldText}
		if t.Hidden {
			v.Kind = item.FieldHidden
		}
		out = append(out, v)
	}
	return out
}

// fitting is a draft that is being split into items.
type fitting struct {
	*Draft                     // the first item
	rest   []item.Field        // fields that follow those of the draft
	held   [][]parcel.Attached // attachments by item
	left   int                 // bytes left in the overview or the details being filled
}

func encoded(s string) int {
	return len(item.AppendString(nil, s)) + valueBytes
}

// moveOn puts a value that does not fit into a field.
func (f *fitting) moveOn(name, value string, kind item.FieldKind) {
	f.rest = append(f.rest, item.Field{Name: name, Value: value, Kind: kind})
	f.b.relocated(f.row, name, parcel.ToField)
}

// takes reports whether s is within the limit and the remaining room, and if so, uses the room.
func (f *fitting) takes(s string, limit int) bool {
	size := encoded(s)
	if utf8.RuneCountInString(s) > limit || size > f.left {
		return false
	}
	f.left -= size
	return true
}

// keep leaves a value in place if it fits.
func (f *fitting) keep(name string, value *string, limit int, kind item.FieldKind) {
	if *value != "" && !f.takes(*value, limit) {
		f.moveOn(name, *value, kind)
		*value = ""
	}
}

func (f *fitting) files(files []parcel.Attached) {
	var held []parcel.Attached
	for _, file := range files {
		name := oneLine(file.Name)
		if name == "" {
			name = "file"
		}
		if len(file.Data) > item.MaxAttachmentBytes {
			f.Problem(parcel.AttachmentTooLarge, parcel.Values{Name: Cut(name, item.MaxAttachmentName), Limit: item.MaxAttachmentBytes >> 20})
			continue
		}
		held = append(held, parcel.Attached{Name: Cut(name, item.MaxAttachmentName), Data: file.Data, Unknown: file.Unknown})
	}
	f.held = slices.Collect(slices.Chunk(held, maxFiles))
}

func (f *fitting) meta() {
	f.left = item.MaxPartBytes - spareBytes - len(f.UnknownOverview)
	if title := f.Title; utf8.RuneCountInString(title) > item.MaxTitle {
		f.moveOn("Title", title, item.FieldText)
		f.Title = Cut(title, item.MaxTitle)
	}
	f.left -= encoded(f.Title)
	f.keep("Username", &f.Username, item.MaxUsername, item.FieldText)
	var urls, tags []string
	for _, rawURL := range f.URLs {
		rule := f.Match[rawURL]
		// A rule repeats its URL in the overview.
		if rule != item.MatchDomain && encoded(rawURL)*2 > f.left || len(urls) == item.MaxURLs || !f.takes(rawURL, item.MaxURL) {
			f.moveOn("URL", rawURL, item.FieldLink)
			continue
		}
		if rule != item.MatchDomain {
			f.left -= encoded(rawURL)
		}
		urls = append(urls, rawURL)
	}
	for _, tag := range f.Tags {
		if len(tags) == item.MaxTags || !f.takes(tag, item.MaxTag) {
			f.moveOn("Tag", tag, item.FieldText)
			continue
		}
		tags = append(tags, tag)
	}
	f.URLs, f.Tags = urls, tags
}

func (f *fitting) secret() {
	f.left = f.roomFor(0) - len(f.UnknownDetails)
	f.keep("Password", &f.Password, item.MaxPassword, item.FieldHidden)
	f.keep("TOTP", &f.TOTP, item.MaxTOTP, item.FieldHidden)
	for _, v := range PartValues(&f.Item) {
		f.keep(v.Name, v.Value, item.MaxValue, v.Kind)
	}
	notes, more := Split(f.Notes, item.MaxNotes, f.left-valueBytes)
	if more != "" {
		f.moveOn("Notes (continued)", more, item.FieldText)
	}
	if f.Notes = notes; notes != "" {
		f.left -= encoded(notes)
	}
	var history []item.OldPassword
	for _, old := range f.PasswordHistory {
		if len(history) < item.MaxPasswordHistory && f.takes(old.Password, item.MaxPassword) {
			history = append(history, old)
			continue
		}
		name := "Old password"
		if !old.Until.IsZero() {
			name += ", until " + old.Until.Format(time.DateOnly)
		}
		f.moveOn(name, old.Password, item.FieldHidden)
	}
	f.PasswordHistory = history
}

// roomFor returns how many bytes the details of the nth item have beside the names of its attachments.
func (f *fitting) roomFor(n int) int {
	room := item.MaxPartBytes - spareBytes
	if n < len(f.held) {
		for _, file := range f.held[n] {
			room -= encoded(file.Name) + 200 // ID and digest
		}
	}
	return room
}

// fields adds the fields, starting a further item when one is full.
func (f *fitting) fields() []parcel.Imported {
	source := f.Fields
	f.Fields = nil
	out := []parcel.Imported{{Row: f.row, Item: f.Item}}
	for _, field := range slices.Concat(source, f.rest) {
		for _, chunk := range chunks(field) {
			size := encoded(chunk.Name) + encoded(chunk.Value) + len(chunk.Unknown)
			if last := out[len(out)-1].Item; size > f.left || len(last.Fields) == item.MaxFields {
				f.left = f.roomFor(len(out))
				out = append(out, f.next(len(out)))
			}
			f.left -= size
			last := &out[len(out)-1].Item
			last.Fields = append(last.Fields, chunk)
		}
	}
	for len(out) < len(f.held) {
		out = append(out, f.next(len(out)))
	}
	for i, files := range f.held {
		out[i].Files = files
	}
	for i := range out {
		out[i].Item = out[i].Item.Normalise()
	}
	return out
}

// next starts an item that continues a full one.
func (f *fitting) next(n int) parcel.Imported {
	suffix := fmt.Sprintf(" (continued %d)", n)
	it := item.Item{
		Type: item.TypeNote, Title: Cut(f.Title, item.MaxTitle-len(suffix)) + suffix, Tags: f.Tags,
		Created: f.Created, Modified: f.Modified, Archived: f.Archived, Trashed: f.Trashed, Purge: f.Purge,
	}
	return parcel.Imported{Row: f.row, Item: it}
}

// chunks splits a field that is too long into several.
func chunks(field item.Field) []item.Field {
	var out []item.Field
	if utf8.RuneCountInString(field.Name) > item.MaxName {
		out = chunks(item.Field{Name: "Name of the next field", Value: field.Name})
		field.Name = Cut(field.Name, item.MaxName)
	}
	name := field.Name
	for n := 2; ; n++ {
		head, tail := Split(field.Value, item.MaxValue, chunkBytes)
		field.Value = head
		out = append(out, field)
		if tail == "" {
			return out
		}
		suffix := fmt.Sprintf(" (%d)", n)
		field = item.Field{Name: Cut(name, item.MaxName-len(suffix)) + suffix, Value: tail, Kind: field.Kind}
	}
}

// Split cuts s so that the head has at most the given number of characters and encoded bytes. The rest is the tail.
func Split(s string, runes, bytes int) (head, tail string) {
	bytes -= 2 // the quotes
	for i, r := range s {
		size := utf8.RuneLen(r)
		if r < 0x20 || r == '"' || r == '\\' {
			size = 6
		}
		if runes--; runes < 0 || bytes < size {
			return s[:i], s[i:]
		}
		bytes -= size
	}
	return s, ""
}
