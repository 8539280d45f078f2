// Package safeincloud reads exports of SafeInCloud.
package safeincloud

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// XML is the document that SafeInCloud exports: labels, and cards with typed fields.
var XML = source.Custom{Is: isXML, Parse: readXML}

func isXML(in *source.Input) bool {
	text, err := in.Text()
	text = strings.TrimSpace(text)
	head := text[:min(len(text), 1000)]
	return err == nil && strings.HasPrefix(head, "<") && strings.Contains(head, "<database") &&
		(strings.Contains(text, "<card ") || strings.Contains(text, "<label "))
}

func readXML(in *source.Input, b *source.Builder) error {
	text, err := in.Text()
	if err != nil {
		return err
	}
	database, err := source.DecodeXML(strings.TrimSpace(text))
	if err != nil {
		return err
	}
	labels := map[string]string{}
	var cards []*source.Element
	for i := range database.Elements {
		e := &database.Elements[i]
		switch o := e.Object(); e.Name() {
		case "label":
			labels[o.Text("id")] = o.Text("name")
		case "card":
			if !isTrue(o.Text("template")) {
				cards = append(cards, e)
			}
		case "ghost", "record": // permanently deleted cards, and sync times
		default:
			b.Problem(0, e.Name(), parcel.UnknownPart)
		}
	}
	for i, e := range cards {
		if b.Full {
			break
		}
		b.Progress(i+1, len(cards))
		c := card{Draft: b.Draft(i + 1), labels: labels}
		c.read(e)
	}
	return nil
}

// isTrue knows both spellings.
func isTrue(s string) bool { return strings.EqualFold(s, "true") || s == "1" }

// card is the card being read.
type card struct {
	*source.Draft
	labels   map[string]string
	attached []parcel.Attached
}

func (c *card) read(e *source.Element) {
	o := e.Object()
	c.Title, c.Favourite, c.Created, c.Modified = o.Text("title"), isTrue(o.Text("star")), o.Time("first_stamp"), o.Time("time_stamp")
	if o.Text("type") == "note" {
		c.Type = item.TypeNote
	}
	if isTrue(o.Text("deleted")) {
		c.Trash()
	}
	for i := range e.Elements {
		c.part(&e.Elements[i])
	}
	source.NewestFirst(c.PasswordHistory)
	if c.Card != nil {
		c.Type = item.TypeCard
		c.CardLogin()
	}
	c.NoteOrLogin()
	o.Drop("id", "symbol", "color", "autofill", "prev_stamp", "template", "custom_icon", "website_icon")
	c.RelocateRest(o, "")
	c.Add(c.attached...)
}

func (c *card) part(e *source.Element) {
	switch e.Name() {
	case "field":
		c.field(e)
	case "notes":
		source.SetNotes(&c.Item, e.Text)
	case "label_id":
		id := strings.TrimSpace(e.Text)
		if name := c.labels[id]; name != "" {
			c.Tags = append(c.Tags, name)
		} else {
			c.Relocate("Label", id, item.FieldText)
		}
	case "image", "file":
		c.file(e)
	case "custom_icon":
	default:
		c.Relocate(source.Label(e.Name()), strings.TrimSpace(e.Text), item.FieldHidden)
	}
}

func (c *card) file(e *source.Element) {
	name := e.Object().Text("name")
	if name == "" {
		name = fmt.Sprintf("%s %d", e.Name(), len(c.attached)+1)
	}
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(e.Text), ""))
	if err != nil {
		c.Problem(parcel.AttachmentDamaged, parcel.Values{Name: name})
		return
	}
	c.attached = append(c.attached, parcel.Attached{Name: name, Data: data})
}

// hiddenTypes are the field types that SafeInCloud masks.
var hiddenTypes = []string{"password", "pin", "secret", "one_time_password"}

func (c *card) field(e *source.Element) {
	o, value := e.Object(), strings.TrimSpace(e.Text)
	name, kind, fills := o.Text("name"), o.Text("type"), o.Text("autofill")
	style := source.KindOfValue(name, value)
	if slices.Contains(hiddenTypes, kind) {
		style = item.FieldHidden
	}
	place := c.place(kind, fills)
	switch {
	case value == "":
	case kind == "website":
		c.AddURL(value, item.MatchDomain)
	case kind == "application":
		c.AddURL("androidapp://"+value, item.MatchDomain)
	case fills == "cc-exp" && source.SetExpiry(c.card(), value):
	case place != nil && *place == "":
		*place = value
	default:
		c.AddField(name, value, style)
	}
	c.history(o.Text("history"), name, style, kind == "password" && *c.place(kind, "") == value)
	o.Drop("score", "hash")
	c.RelocateRest(o, name)
}

// place returns the place of a field by its type, or by what it fills in; nil for a custom field.
func (c *card) place(kind, fills string) *string {
	switch fills {
	case "cc-number":
		return &c.card().Number
	case "cc-name":
		return &c.card().Holder
	case "cc-csc":
		return &c.card().Code
	}
	return map[string]*string{"login": &c.Username, "password": &c.Password, "one_time_password": &c.TOTP}[kind]
}

func (c *card) card() *item.Card {
	if c.Card == nil {
		c.Card = &item.Card{}
	}
	return c.Card
}

// history reads the older values of a field, by the time until which each was valid: JSON in an attribute. Only old
// passwords have a place in an item.
func (c *card) history(text, name string, style item.FieldKind, password bool) {
	if text == "" {
		return
	}
	older, err := source.DecodeObject([]byte(text))
	if err != nil {
		c.Relocate(name+" (older)", text, item.FieldHidden)
		return
	}
	for _, stamp := range slices.Sorted(maps.Keys(older)) {
		value, ok := source.Scalar(older[stamp])
		milli := source.Int(stamp)
		switch {
		case ok && value == "":
			older.Drop(stamp)
		case ok && password && milli > 0:
			c.PasswordHistory = append(c.PasswordHistory, item.OldPassword{Password: value, Until: time.UnixMilli(int64(milli)).UTC()})
			older.Drop(stamp)
		case ok:
			c.Relocate(name+" (older)", value, style)
			older.Drop(stamp)
		}
	}
	c.RelocateRest(older, name)
}
