package item

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrNewerVersion says that a record holds something, deep inside, that only a newer version can keep.
var ErrNewerVersion = errors.New("record was written by a newer version of VaultSphere")

// writer prints one object. Members of newer versions are merged in by name.
type writer struct {
	b      []byte
	extras []extra
	began  bool
}

func open(extras []extra) *writer {
	return &writer{b: append(make([]byte, 0, 256), '{'), extras: extras}
}

func (w *writer) name(name string) {
	for len(w.extras) > 0 && w.extras[0].name < name {
		e := w.extras[0]
		w.extras = w.extras[1:]
		w.key(e.name)
		w.b = append(w.b, e.value...)
	}
	w.key(name)
}

func (w *writer) key(name string) {
	if w.began {
		w.b = append(w.b, ',')
	}
	w.began = true
	w.b = append(append(append(w.b, '"'), name...), '"', ':')
}

func (w *writer) text(name, s string) {
	if s != "" {
		w.name(name)
		w.b = AppendString(w.b, s)
	}
}

func (w *writer) texts(name string, list []string) {
	if len(list) == 0 {
		return
	}
	w.name(name)
	for i, s := range list {
		w.b = append(w.b, ",["[b2i(i == 0)])
		w.b = AppendString(w.b, s)
	}
	w.b = append(w.b, ']')
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (w *writer) yes(name string, on bool) {
	if on {
		w.name(name)
		w.b = append(w.b, "true"...)
	}
}

func (w *writer) time(name string, t time.Time) {
	if ms := millis(t); ms != 0 {
		w.name(name)
		w.b = strconv.AppendInt(w.b, ms, 10)
	}
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func (w *writer) close() []byte {
	for _, e := range w.extras {
		w.key(e.name)
		w.b = append(w.b, e.value...)
	}
	return append(w.b, '}')
}

func (r *reader) time(to *time.Time) error {
	ms, err := r.integer()
	if err == nil {
		*to = time.UnixMilli(ms).UTC()
	}
	return err
}

// Meta is the canonical plaintext of the meta part. The times are Unix milliseconds.
func (it Item) Meta() []byte {
	w := open(it.metaExtra)
	w.time("created", it.Created)
	w.yes("favourite", it.Favourite)
	w.time("modified", it.Modified)
	w.texts("tags", it.Tags)
	w.text("title", it.Title)
	w.text("type", string(it.Type))
	w.texts("urls", it.URLs)
	w.text("username", it.Username)
	return w.close()
}

// ParseMeta reads what Meta wrote. Any other encoding of the same values is ErrMalformed.
func ParseMeta(plaintext []byte) (Item, error) {
	var it Item
	r := &reader{s: string(plaintext)}
	err := r.object(func(name string) error {
		switch name {
		case "created":
			return r.time(&it.Created)
		case "favourite":
			return r.yes(&it.Favourite)
		case "modified":
			return r.time(&it.Modified)
		case "tags":
			return r.texts(&it.Tags)
		case "title":
			return r.text(&it.Title)
		case "type":
			return r.text((*string)(&it.Type))
		case "urls":
			return r.texts(&it.URLs)
		case "username":
			return r.text(&it.Username)
		}
		return r.unknown(name, &it.metaExtra)
	})
	if err == nil {
		err = r.end()
	}
	if err == nil && (it.Title == "" || !validType(it.Type)) {
		err = r.fail("title or type is missing")
	}
	if err != nil {
		return Item{}, err
	}
	return it, nil
}

// Secret is the canonical plaintext of the secret part. Modified is in it, so that each version in the history has a date.
func (it Item) Secret() []byte {
	w := open(it.secretExtra)
	if it.Card != nil {
		w.name("card")
		w.b = append(w.b, object(it.Card.members())...)
	}
	if len(it.Fields) > 0 {
		w.name("fields")
		for i, f := range it.Fields {
			w.b = append(w.b, ",["[b2i(i == 0)])
			in := open(nil)
			in.yes("hidden", f.Hidden)
			in.text("name", f.Name)
			in.text("value", f.Value)
			w.b = append(w.b, in.close()...)
		}
		w.b = append(w.b, ']')
	}
	if it.Identity != nil {
		w.name("identity")
		w.b = append(w.b, object(it.Identity.members())...)
	}
	w.time("modified", it.Modified)
	w.text("notes", it.Notes)
	w.text("password", it.Password)
	w.text("totp", it.TOTP)
	return w.close()
}

// ParseSecret reads what Secret wrote; Modified is when that version was saved. Any other encoding is ErrMalformed,
// an unknown member of a field, card or identity is ErrNewerVersion.
func ParseSecret(plaintext []byte) (Item, error) {
	var it Item
	r := &reader{s: string(plaintext)}
	err := r.object(func(name string) error {
		switch name {
		case "card":
			it.Card = &Card{}
			return r.members(it.Card.members())
		case "fields":
			return r.list(func() error {
				f, err := r.field()
				it.Fields = append(it.Fields, f)
				return err
			})
		case "identity":
			it.Identity = &Identity{}
			return r.members(it.Identity.members())
		case "modified":
			return r.time(&it.Modified)
		case "notes":
			return r.text(&it.Notes)
		case "password":
			return r.text(&it.Password)
		case "totp":
			return r.text(&it.TOTP)
		}
		return r.unknown(name, &it.secretExtra)
	})
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return Item{}, err
	}
	return it, nil
}

func (r *reader) field() (f Field, err error) {
	err = r.object(func(name string) error {
		switch name {
		case "hidden":
			return r.yes(&f.Hidden)
		case "name":
			return r.text(&f.Name)
		case "value":
			return r.text(&f.Value)
		}
		return ErrNewerVersion
	})
	return f, err
}

// member is one line of a card or an identity.
type member struct {
	name  string
	value *string
}

func object(members []member) []byte {
	w := open(nil)
	for _, m := range members {
		w.text(m.name, *m.value)
	}
	return w.close()
}

func (r *reader) members(members []member) error {
	return r.object(func(name string) error {
		i, found := slices.BinarySearchFunc(members, name, func(m member, name string) int {
			return strings.Compare(m.name, name)
		})
		if !found {
			return ErrNewerVersion
		}
		return r.text(members[i].value)
	})
}

// members are in ascending order of their names, as the canonical form wants them.
func (c *Card) members() []member {
	return []member{
		{"brand", &c.Brand}, {"code", &c.Code}, {"expiry_month", &c.ExpiryMonth}, {"expiry_year", &c.ExpiryYear},
		{"holder", &c.Holder}, {"number", &c.Number},
	}
}

func (i *Identity) members() []member {
	return []member{
		{"address", &i.Address}, {"city", &i.City}, {"company", &i.Company}, {"country", &i.Country},
		{"email", &i.Email}, {"first_name", &i.FirstName}, {"last_name", &i.LastName}, {"license", &i.License},
		{"middle_name", &i.MiddleName}, {"passport", &i.Passport}, {"phone", &i.Phone},
		{"postal_code", &i.PostalCode}, {"ssn", &i.SSN}, {"state", &i.State}, {"title", &i.Title},
	}
}
