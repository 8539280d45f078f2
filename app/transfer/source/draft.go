// Package source is the engine behind the formats of app/transfer. An [Input] is a file with its decoded views: a table, a
// JSON value, an archive. A [Format] makes a [Draft] of each item in it, and a [Builder] collects the drafts as items that
// can be saved.
//
// Most formats are a [CSV]: which columns identify the format, and where their values go. Values that a format does not take
// from a [Row] or an [Object] become custom fields, so nothing is lost.
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

// Draft is an item in the making, and its position in the file. Problems reported through it carry that position.
type Draft struct {
	item.Item
	b   *Builder
	row int
	// Exact: VaultSphere exported the item, so its values must not be changed.
	Exact bool
}

// Draft starts the item at that position.
func (b *Builder) Draft(row int) *Draft { return &Draft{b: b, row: row, Exact: b.Exact} }

// Add adds the item to the result, split into several if it is too large for one.
func (d *Draft) Add(files ...parcel.Attached) {
	b := d.b
	if d.Item = d.Clone(); d.Exact {
		d.Item = d.FromNewerExport()
	}
	d.oneLineEach()
	for _, t := range d.PartTexts() {
		if t.Input == item.InputDate && !d.Exact {
			*t.Value = day(*t.Value)
		}
	}
	d.check()
	for i, part := range d.fit(files) {
		if len(b.Result.Items) == MaxItems {
			b.Full = true
			return
		}
		if err := part.Item.Validate(); err != nil {
			d.b.report(parcel.Problem{Row: d.row, Title: part.Item.Title, Code: parcel.InvalidItem, Err: err}) // fit prevents this
			continue
		}
		if i > 0 {
			b.relocated(d.row, part.Item.Title, parcel.ToItem)
		}
		b.Result.Items = append(b.Result.Items, part)
	}
}

// oneLineEach keeps the first line of values that allow only one, and relocates the whole. If an item has no title, text in
// place of its URL becomes the title.
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

// Problem reports the item, or a part of it, that is not imported. The values must not quote a secret.
func (d *Draft) Problem(code parcel.ProblemCode, values ...parcel.Values) {
	d.b.Problem(d.row, d.Title, code, values...)
}

// Malformed reports an item that cannot be decoded. It drops an error that may quote a value.
func (d *Draft) Malformed(title string, err error) {
	if _, safe := errors.AsType[*strictjson.Error](err); !safe {
		err = nil
	}
	d.b.report(parcel.Problem{Row: d.row, Title: Cut(clean(title), item.MaxTitle), Code: parcel.MalformedItem, Err: err})
}

// Relocate adds a value that has no place in an item as a custom field. It ignores an empty value.
func (d *Draft) Relocate(name, value string, kind item.FieldKind) {
	if value == "" {
		return
	}
	d.Fields = append(d.Fields, item.Field{Name: name, Value: value, Kind: kind})
	d.b.relocated(d.row, name, parcel.ToField)
}

// RelocateRest adds everything left in o as custom fields. Their names start with prefix, which may be empty.
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

// RelocatePasskeys adds passkeys as custom fields, because items cannot hold them.
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

// RelocateUnusable turns an authenticator key into a custom field if this vault cannot make codes from it, although the
// original program could.
func (d *Draft) RelocateUnusable() {
	if d.TOTP != "" && !MakesCodes(d.TOTP) {
		d.Relocate("One-time code", d.TOTP, item.FieldHidden)
		d.TOTP = ""
		d.Problem(parcel.UnsupportedKey)
	}
}

// AddField adds a field that was a custom field in the original program as well.
func (d *Draft) AddField(name, value string, kind item.FieldKind) {
	AddField(&d.Item, name, value, kind)
}

// AddURL adds a URL with its match rule. A rule that does not compile is relocated, and the URL then matches no page instead
// of more pages than intended.
func (d *Draft) AddURL(rawURL string, rule item.MatchRule) {
	rawURL = strings.TrimSpace(rawURL)
	if rawURL == "" {
		return
	}
	if rule == item.MatchRegexp {
		if _, err := regexp.Compile("(?i)" + rawURL); err != nil {
			d.Relocate("URL as a regular expression", rawURL, item.FieldText)
			rule = item.MatchNever
		}
	}
	if !slices.Contains(d.URLs, rawURL) {
		d.URLs = append(d.URLs, rawURL)
	}
	if rule != item.MatchDomain {
		if d.Match == nil {
			d.Match = map[string]item.MatchRule{}
		}
		d.Match[rawURL] = rule
	}
}

// Trash puts the item into the trash. Its time there is the best one known; without any, the item gets a tag instead.
func (d *Draft) Trash() { d.since(&d.Trashed, "Trash") }

// Archive puts the item into the archive, as Trash does.
func (d *Draft) Archive() { d.since(&d.Archived, "Archived") }

func (d *Draft) since(at *time.Time, tag string) {
	for _, t := range []time.Time{d.Modified, d.Created, d.b.now} {
		if at.IsZero() {
			*at = t
		}
	}
	if at.IsZero() {
		d.Tags = append(d.Tags, tag)
	}
}

// NoteOrLogin sets the type of a free-form item: a login if it has login values, or a URL and no type; else a note.
func (d *Draft) NoteOrLogin() {
	switch {
	case d.Type != "" && d.Type != item.TypeNote:
	case d.Username+d.Password+d.TOTP != "", d.Type == "" && len(d.URLs) > 0:
		d.Type = item.TypeLogin
	default:
		d.Type = item.TypeNote
	}
}
