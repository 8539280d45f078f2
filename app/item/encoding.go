package item

import (
	"errors"
	"maps"
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
	w.number(name, millis(t))
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func (w *writer) number(name string, n int64) {
	if n != 0 {
		w.name(name)
		w.b = strconv.AppendInt(w.b, n, 10)
	}
}

// each writes a list of objects.
func each[T any](w *writer, name string, list []T, members func(*writer, T)) {
	if len(list) == 0 {
		return
	}
	w.name(name)
	for i, e := range list {
		w.b = append(w.b, ",["[b2i(i == 0)])
		in := open(nil)
		members(in, e)
		w.b = append(w.b, in.close()...)
	}
	w.b = append(w.b, ']')
}

func (w *writer) match(rules map[string]MatchRule) {
	each(w, "match", slices.Sorted(maps.Keys(rules)), func(in *writer, address string) {
		in.text("rule", string(rules[address]))
		in.text("url", address)
	})
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
		*to = representable(time.UnixMilli(ms))
	}
	return err
}

// Meta is the canonical plaintext of the meta part. The times are Unix milliseconds.
func (it Item) Meta() []byte {
	w := open(it.metaExtra)
	w.time("created", it.Created)
	w.yes("favourite", it.Favourite)
	w.match(it.Match)
	w.time("modified", it.Modified)
	w.time("purge", it.Purge)
	w.texts("tags", it.Tags)
	w.text("title", it.Title)
	w.time("trashed", it.Trashed)
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
		case "match":
			return r.match(&it.Match)
		case "modified":
			return r.time(&it.Modified)
		case "purge":
			return r.time(&it.Purge)
		case "tags":
			return r.texts(&it.Tags)
		case "title":
			return r.text(&it.Title)
		case "trashed":
			return r.time(&it.Trashed)
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
	each(w, "attachments", it.Attachments, func(in *writer, a Attachment) {
		in.text("id", a.ID)
		in.text("name", a.Name)
		in.text("sha256", a.SHA256)
		in.number("size", a.Size)
	})
	if it.Card != nil {
		w.name("card")
		w.b = append(w.b, object(it.Card.members())...)
	}
	each(w, "fields", it.Fields, func(in *writer, f Field) {
		in.yes("hidden", f.Kind == FieldHidden)
		if f.Kind != FieldHidden {
			in.text("kind", string(f.Kind))
		}
		in.text("name", f.Name)
		in.text("value", f.Value)
	})
	if it.Identity != nil {
		w.name("identity")
		w.b = append(w.b, object(it.Identity.members())...)
	}
	w.time("modified", it.Modified)
	w.text("notes", it.Notes)
	w.text("password", it.Password)
	each(w, "password_history", it.PasswordHistory, func(in *writer, p OldPassword) {
		in.text("password", p.Password)
		in.time("until", p.Until)
	})
	if it.SSHKey != nil {
		w.name("ssh_key")
		w.b = append(w.b, object(it.SSHKey.members())...)
	}
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
		case "attachments":
			return all(r, &it.Attachments, (*reader).attachment)
		case "card":
			it.Card = &Card{}
			return r.members(it.Card.members())
		case "fields":
			return all(r, &it.Fields, (*reader).field)
		case "identity":
			it.Identity = &Identity{}
			return r.members(it.Identity.members())
		case "modified":
			return r.time(&it.Modified)
		case "notes":
			return r.text(&it.Notes)
		case "password":
			return r.text(&it.Password)
		case "password_history":
			return all(r, &it.PasswordHistory, (*reader).oldPassword)
		case "ssh_key":
			it.SSHKey = &SSHKey{}
			return r.members(it.SSHKey.members())
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
			f.Kind = FieldHidden
			var yes bool
			return r.yes(&yes)
		case "kind":
			if f.Kind == FieldHidden {
				return r.fail("a hidden field has no other kind")
			}
			err := r.text((*string)(&f.Kind))
			if err == nil && f.Kind == FieldHidden {
				return r.fail("a hidden field says so by another member")
			}
			if err == nil && !f.Kind.Known() {
				return ErrNewerVersion
			}
			return err
		case "name":
			return r.text(&f.Name)
		case "value":
			return r.text(&f.Value)
		}
		return ErrNewerVersion
	})
	return f, err
}

func (r *reader) attachment() (a Attachment, err error) {
	err = r.object(func(name string) (err error) {
		switch name {
		case "id":
			return r.text(&a.ID)
		case "name":
			return r.text(&a.Name)
		case "sha256":
			return r.text(&a.SHA256)
		case "size":
			a.Size, err = r.integer()
			return err
		}
		return ErrNewerVersion
	})
	return a, err
}

func (r *reader) oldPassword() (p OldPassword, err error) {
	err = r.object(func(name string) error {
		switch name {
		case "password":
			return r.text(&p.Password)
		case "until":
			return r.time(&p.Until)
		}
		return ErrNewerVersion
	})
	return p, err
}

// all reads a list of objects.
func all[T any](r *reader, to *[]T, element func(*reader) (T, error)) error {
	return r.list(func() error {
		e, err := element(r)
		*to = append(*to, e)
		return err
	})
}

// match reads what writer.match wrote: the addresses in ascending order, each once.
func (r *reader) match(to *map[string]MatchRule) error {
	*to = map[string]MatchRule{}
	last := ""
	return r.list(func() error {
		var address string
		var rule MatchRule
		err := r.object(func(name string) error {
			switch name {
			case "rule":
				return r.text((*string)(&rule))
			case "url":
				return r.text(&address)
			}
			return ErrNewerVersion
		})
		if err == nil && !rule.Known() {
			err = ErrNewerVersion
		}
		if err == nil && (rule == MatchDomain || address <= last) {
			err = r.fail("rules of addresses are out of order, or one is not complete")
		}
		(*to)[address], last = rule, address
		return err
	})
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

func (k *SSHKey) members() []member {
	return []member{{"fingerprint", &k.Fingerprint}, {"private", &k.Private}, {"public", &k.Public}}
}

func (i *Identity) members() []member {
	return []member{
		{"address", &i.Address}, {"city", &i.City}, {"company", &i.Company}, {"country", &i.Country},
		{"email", &i.Email}, {"first_name", &i.FirstName}, {"last_name", &i.LastName}, {"license", &i.License},
		{"middle_name", &i.MiddleName}, {"passport", &i.Passport}, {"phone", &i.Phone},
		{"postal_code", &i.PostalCode}, {"ssn", &i.SSN}, {"state", &i.State}, {"title", &i.Title},
	}
}
