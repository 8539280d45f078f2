// Package source is the engine that the formats of app/transfer share. An [Input] is a file and what can be seen in it: a
// table, a JSON object, an archive. A [Format] takes its entries apart and makes a [Draft] of each; a [Builder] collects
// them and sees to it that every item can be saved.
//
// Most formats are a [CSV]: the names of the columns that tell it, and what becomes of each. What a format does not take
// from a [Row] or an [Object] is relocated to fields, so that nothing is lost.
package source

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/strictjson"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// Draft is a cursor at one entry of a source, with the item that is made of it. What is reported through it bears the
// number of the entry.
type Draft struct {
	item.Item
	b   *Builder
	row int
	// Exact says that the entry is an item of ours, and comes back as it went out whatever is in it.
	Exact bool
}

// Draft begins at the entry with that number.
func (b *Builder) Draft(row int) *Draft { return &Draft{b: b, row: row, Exact: b.Exact} }

// Add adds the entry to the result, in as many items as it takes.
func (d *Draft) Add(files ...parcel.Attached) {
	b := d.b
	if d.Item = d.Clone(); d.Exact {
		d.Item = d.FromNewerExport()
	}
	d.oneLineEach()
	d.check()
	for i, part := range d.fit(files) {
		if len(b.Result.Items) == MaxItems {
			b.Full = true
			return
		}
		if err := part.Item.Validate(); err != nil {
			d.b.Problem(d.row, part.Item.Title, parcel.InvalidItem, parcel.Values{Name: invalidField(err)}) // fit should have prevented it
			continue
		}
		if i > 0 {
			b.relocated(d.row, part.Item.Title, parcel.ToItem)
		}
		b.Result.Items = append(b.Result.Items, part)
	}
}

func invalidField(err error) string {
	if field, ok := errors.AsType[*item.FieldError](err); ok {
		return field.Field
	}
	return ""
}

// oneLineEach leaves the first line where there is room for one, and relocates the whole. Words that were typed where
// a URL belongs are the title of an item that has none.
func (d *Draft) oneLineEach() {
	for _, part := range []struct {
		name  string
		value *string
	}{{"Title", &d.Title}, {"Username", &d.Username}} {
		whole := strings.TrimSpace(*part.value)
		if end := strings.IndexAny(whole, "\r\n\v\f\u0085\u2028\u2029"); end >= 0 {
			d.Relocate(part.name, whole, item.FieldText)
			*part.value = whole[:end]
		}
	}
	if d.Title == "" && len(d.URLs) > 0 && strings.Contains(strings.TrimSpace(d.URLs[0]), " ") {
		d.Title = d.URLs[0]
	}
}

// Problem reports the item, or a part of it, that is not imported. The values quote no secret.
func (d *Draft) Problem(code parcel.ProblemCode, values ...parcel.Values) {
	d.b.Problem(d.row, d.Title, code, values...)
}

// Malformed reports an item that cannot be read. An error that may quote a value is left out.
func (d *Draft) Malformed(title string, err error) {
	if _, safe := errors.AsType[*strictjson.Error](err); !safe {
		err = nil
	}
	d.b.report(parcel.Problem{Row: d.row, Title: Cut(clean(title), item.MaxTitle), Code: parcel.MalformedItem, Err: err})
}

// Relocate puts a value for which an item has no place into a custom field. An empty one is left out.
func (d *Draft) Relocate(name, value string, kind item.FieldKind) {
	if value == "" {
		return
	}
	d.Fields = append(d.Fields, item.Field{Name: name, Value: value, Kind: kind})
	d.b.relocated(d.row, name, parcel.ToField)
}

// RelocateRest takes all that is left of o and puts it into fields. Their names begin with prefix, which may be empty.
func (d *Draft) RelocateRest(o Object, prefix string) {
	for path, value := range o.rest() {
		name := Label(path...)
		if prefix != "" {
			name = prefix + ": " + lowerFirst(name)
		}
		d.Relocate(name, value, KindOf(Label(path...)))
	}
	clear(o)
}

// RelocatePasskeys puts passkeys, for which an item has no place, into fields, so that what they say is not lost.
func (d *Draft) RelocatePasskeys(list []Object) {
	for i, key := range list {
		prefix := "Passkey"
		if i > 0 {
			prefix = fmt.Sprintf("Passkey %d", i+1)
		}
		for _, secret := range []string{"keyValue", "content"} {
			d.Relocate(prefix+": private key", key.Text(secret), item.FieldHidden)
		}
		d.RelocateRest(key, prefix)
	}
}

// RelocateUnusable makes a field of an authenticator key that an authenticator makes codes of, and that this vault cannot.
func (d *Draft) RelocateUnusable() {
	if d.TOTP != "" && !MakesCodes(d.TOTP) {
		d.Relocate("One-time code", d.TOTP, item.FieldHidden)
		d.TOTP = ""
		d.Problem(parcel.UnsupportedKey)
	}
}

// AddField adds a field that was a custom field in the source too.
func (d *Draft) AddField(name, value string, kind item.FieldKind) {
	AddField(&d.Item, name, value, kind)
}

// AddURL adds a URL with its rule. A rule that cannot be followed here is relocated, and the URL then stands for no page,
// rather than for more pages than its owner meant.
func (d *Draft) AddURL(address string, rule item.MatchRule) {
	address = strings.TrimSpace(address)
	if address == "" {
		return
	}
	if rule == item.MatchRegexp {
		if _, err := regexp.Compile("(?i)" + address); err != nil {
			d.Relocate("URL as a regular expression", address, item.FieldText)
			rule = item.MatchNever
		}
	}
	if !slices.Contains(d.URLs, address) {
		d.URLs = append(d.URLs, address)
	}
	if rule != item.MatchDomain {
		if d.Match == nil {
			d.Match = map[string]item.MatchRule{}
		}
		d.Match[address] = rule
	}
}

// Trash puts the item into the trash at the best known time. Without any it gets a tag, because only a time puts it there.
func (d *Draft) Trash() {
	for _, t := range []time.Time{d.Modified, d.Created, d.b.now} {
		if d.Trashed.IsZero() {
			d.Trashed = t
		}
	}
	if d.Trashed.IsZero() {
		d.Tags = append(d.Tags, "Trash")
	}
}

// NoteOrLogin gives an entry of a free form its type: a login if it has what only a login shows, or a URL and nothing says
// that it is a note.
func (d *Draft) NoteOrLogin() {
	switch {
	case d.Type != "" && d.Type != item.TypeNote:
	case d.Username+d.Password+d.TOTP != "", d.Type == "" && len(d.URLs) > 0:
		d.Type = item.TypeLogin
	default:
		d.Type = item.TypeNote
	}
}
