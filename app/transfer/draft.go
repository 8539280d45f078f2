package transfer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// draft is a cursor at one entry of a source, with the item that is made of it. What is reported through it bears the
// number of the entry.
type draft struct {
	item.Item
	b   *builder
	row int
	// exact says that the entry is an item of ours, and comes back as it went out whatever is in it.
	exact bool
}

// draft begins at the entry with that number.
func (b *builder) draft(row int) *draft { return &draft{b: b, row: row, exact: b.exact} }

// add adds the entry to the result, in as many items as it takes.
func (d *draft) add(files ...Attached) {
	b := d.b
	d.Item = d.Clone()
	d.oneLineEach()
	d.check()
	for i, part := range d.fit(files) {
		if len(b.result.Items) == maxItems {
			b.full = true
			return
		}
		if err := part.Item.Validate(); err != nil {
			// fit has failed at its duty; the entry is still told of, and the error names no value.
			d.problemWith(part.Item.Title, err.Error())
			continue
		}
		if i > 0 {
			b.relocated(d.row, part.Item.Title, KeptAsItem)
		}
		b.result.Items = append(b.result.Items, part)
	}
}

// oneLineEach leaves the first line where there is room for one, and keeps the whole beside it. Words that were typed where
// an address belongs are the title of an item that has none.
func (d *draft) oneLineEach() {
	for _, part := range []struct {
		name  string
		value *string
	}{{"Title", &d.Title}, {"Username", &d.Username}} {
		whole := strings.TrimSpace(*part.value)
		if end := strings.IndexAny(whole, "\r\n"); end >= 0 {
			d.relocate(part.name, whole, item.FieldText)
			*part.value = whole[:end]
		}
	}
	if d.Title == "" && len(d.URLs) > 0 && strings.Contains(strings.TrimSpace(d.URLs[0]), " ") {
		d.Title = d.URLs[0]
	}
}

// problem reports the entry, or a part of it, that does not come in. The reason quotes no secret.
func (d *draft) problem(reason string) { d.b.problem(d.row, d.Title, reason) }

// problemWith reports a part of the entry that has a name of its own, such as a file.
func (d *draft) problemWith(name, reason string) { d.b.problem(d.row, name, reason) }

// relocate puts a value that has no place of its own into a custom field. An empty one is left out.
func (d *draft) relocate(name, value string, kind item.FieldKind) {
	if value == "" {
		return
	}
	if kind == item.FieldText && isCardNumber(value) {
		kind = item.FieldHidden
	}
	d.Fields = append(d.Fields, item.Field{Name: name, Value: value, Kind: kind})
	d.b.relocated(d.row, name, KeptAsField)
}

// relocateToNotes puts a value that has no place of its own at the end of the notes.
func (d *draft) relocateToNotes(name, value string) {
	if value == "" {
		return
	}
	setNotes(&d.Item, name+": "+value)
	d.b.relocated(d.row, name, KeptAsNote)
}

// relocateRest takes all that is left of o and puts it into fields. Their names begin with prefix, which may be empty.
func (d *draft) relocateRest(o object, prefix string) {
	for path, value := range o.rest() {
		name := label(path...)
		if prefix != "" {
			name = prefix + ": " + lowerFirst(name)
		}
		d.relocate(name, value, kindOf(label(path...)))
	}
	clear(o)
}

// relocatePasskeys puts passkeys, for which an item has no place, into fields, so that what they say is not lost.
func (d *draft) relocatePasskeys(list []object) {
	for i, key := range list {
		prefix := "Passkey"
		if i > 0 {
			prefix = fmt.Sprintf("Passkey %d", i+1)
		}
		for _, secret := range []string{"keyValue", "content"} {
			d.relocate(prefix+": private key", key.text(secret), item.FieldHidden)
		}
		d.relocateRest(key, prefix)
	}
}

// relocateUnusable makes a field of an authenticator key that an authenticator makes codes of, and that this vault cannot.
func (d *draft) relocateUnusable() {
	if d.TOTP != "" && !usable(d.TOTP) {
		d.relocate("One-time code", d.TOTP, item.FieldHidden)
		d.TOTP = ""
		d.problem("its codes cannot be made here; the key came in as a field")
	}
}

// addField adds a field that was a custom field in the source too.
func (d *draft) addField(name, value string, kind item.FieldKind) {
	addField(&d.Item, name, value, kind)
}

// addURL adds a URL with its rule. A rule that cannot be followed here is relocated, and the URL then stands for no page,
// rather than for more pages than its owner meant.
func (d *draft) addURL(address string, rule item.MatchRule) {
	address = strings.TrimSpace(address)
	if address == "" {
		return
	}
	if rule == item.MatchRegexp {
		if _, err := regexp.Compile("(?i)" + address); err != nil {
			d.relocate("URL as a regular expression", address, item.FieldText)
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

// trash puts the item into the trash at the best known time. Without any it gets a tag, because only a time puts it there.
func (d *draft) trash() {
	for _, t := range []time.Time{d.Modified, d.Created, d.b.now} {
		if d.Trashed.IsZero() {
			d.Trashed = t
		}
	}
	if d.Trashed.IsZero() {
		d.Tags = append(d.Tags, "Trash")
	}
}

// noteOrLogin gives an entry of a free form its type: a login if it has what only a login shows, or a URL and nothing says
// that it is a note.
func (d *draft) noteOrLogin() {
	switch {
	case d.Type != "" && d.Type != item.TypeNote:
	case d.Username+d.Password+d.TOTP != "", d.Type == "" && len(d.URLs) > 0:
		d.Type = item.TypeLogin
	default:
		d.Type = item.TypeNote
	}
}
