// Package item is what a sealed record says once it is open: a login, note, card or identity.
//
// An item is sealed in two parts. The meta part is what a list and a search need; the secret part is opened only when
// the item is shown. Both are canonical JSON (RFC 8785): one value has one encoding, byte for byte.
package item

import (
	"slices"
	"strings"
	"time"
)

// Type says what an item describes. A newer client may write types that this one does not know; they are kept as they are.
type Type string

const (
	TypeLogin    Type = "login"
	TypeNote     Type = "note"
	TypeCard     Type = "card"
	TypeIdentity Type = "identity"
)

// Known reports whether this version can make items of the type.
func (t Type) Known() bool {
	switch t {
	case TypeLogin, TypeNote, TypeCard, TypeIdentity:
		return true
	}
	return false
}

// Item is one entry of a vault. The JSON names are those of the worker protocol and of the command line; the sealed
// encoding is that of Meta and Secret.
type Item struct {
	ID string `json:"id"` // empty until it is saved for the first time
	// Base names the stored version this value was read from. Save merges against it when another device was faster.
	Base string `json:"base,omitempty"`

	Type      Type      `json:"type"`
	Title     string    `json:"title"`
	URLs      []string  `json:"urls,omitempty"`
	Username  string    `json:"username,omitempty"`
	Tags      []string  `json:"tags,omitempty"`
	Favourite bool      `json:"favourite,omitempty"`
	Created   time.Time `json:"created,omitzero"`  // UTC, whole milliseconds
	Modified  time.Time `json:"modified,omitzero"` // UTC, whole milliseconds

	Password string    `json:"password,omitempty"`
	TOTP     string    `json:"totp,omitempty"` // otpauth:// URI, or the base32 secret alone
	Notes    string    `json:"notes,omitempty"`
	Fields   []Field   `json:"fields,omitempty"`
	Card     *Card     `json:"card,omitempty"`
	Identity *Identity `json:"identity,omitempty"`

	// What a newer version wrote and this one does not understand. It is written back unchanged.
	metaExtra, secretExtra []extra
}

// Field is a custom field. Hidden ones are shown like passwords.
type Field struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Hidden bool   `json:"hidden,omitempty"`
}

type Card struct {
	Brand       string `json:"brand,omitempty"`
	Code        string `json:"code,omitempty"`
	ExpiryMonth string `json:"expiry_month,omitempty"` // 1 to 12
	ExpiryYear  string `json:"expiry_year,omitempty"`  // four digits
	Holder      string `json:"holder,omitempty"`
	Number      string `json:"number,omitempty"`
}

type Identity struct {
	Address    string `json:"address,omitempty"` // street and number; may have several lines
	City       string `json:"city,omitempty"`
	Company    string `json:"company,omitempty"`
	Country    string `json:"country,omitempty"`
	Email      string `json:"email,omitempty"`
	FirstName  string `json:"first_name,omitempty"`
	LastName   string `json:"last_name,omitempty"`
	License    string `json:"license,omitempty"`
	MiddleName string `json:"middle_name,omitempty"`
	Passport   string `json:"passport,omitempty"`
	Phone      string `json:"phone,omitempty"`
	PostalCode string `json:"postal_code,omitempty"`
	SSN        string `json:"ssn,omitempty"`
	State      string `json:"state,omitempty"`
	Title      string `json:"title,omitempty"`
}

// Normalise trims what is typed around names and addresses, drops empty and repeated entries of lists, and brings the
// times to UTC and whole milliseconds. Passwords, notes and values of fields stay as they are.
func (it Item) Normalise() Item {
	it = it.Clone()
	if it.Type == "" {
		it.Type = TypeLogin
	}
	it.Title = oneLine(it.Title)
	it.Username = oneLine(it.Username)
	it.URLs = distinct(it.URLs)
	it.Tags = distinct(it.Tags)
	it.TOTP = strings.TrimSpace(it.TOTP)
	it.Created = wholeMillis(it.Created)
	it.Modified = wholeMillis(it.Modified)
	fields := it.Fields[:0]
	for _, f := range it.Fields {
		f.Name = oneLine(f.Name)
		if f.Name != "" || f.Value != "" {
			fields = append(fields, f)
		}
	}
	it.Fields = fields
	if len(fields) == 0 {
		it.Fields = nil
	}
	if it.Card != nil && *it.Card == (Card{}) {
		it.Card = nil
	}
	if it.Identity != nil && *it.Identity == (Identity{}) {
		it.Identity = nil
	}
	return it
}

// oneLine trims s and turns control characters, line breaks among them, into spaces.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if isControl(r) {
			return ' '
		}
		return r
	}, s))
}

func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if s = oneLine(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func wholeMillis(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}

// Clone shares nothing with it that can be written to.
func (it Item) Clone() Item {
	it.URLs = slices.Clone(it.URLs)
	it.Tags = slices.Clone(it.Tags)
	it.Fields = slices.Clone(it.Fields)
	if it.Card != nil {
		c := *it.Card
		it.Card = &c
	}
	if it.Identity != nil {
		i := *it.Identity
		it.Identity = &i
	}
	return it // the extras are never written to
}

// Equal compares everything that is stored: the id, the times and what a newer version wrote too, but not Base.
func (it Item) Equal(other Item) bool {
	return it.ID == other.ID && it.Created.Equal(other.Created) && it.Modified.Equal(other.Modified) &&
		it.SameMeta(other) && it.SameSecret(other)
}

// SameMeta compares the meta parts, the times apart.
func (it Item) SameMeta(other Item) bool {
	return it.Type == other.Type && it.Title == other.Title && it.Username == other.Username &&
		it.Favourite == other.Favourite && slices.Equal(it.URLs, other.URLs) && slices.Equal(it.Tags, other.Tags) &&
		slices.Equal(it.metaExtra, other.metaExtra)
}

// SameSecret compares the secret parts, the times apart.
func (it Item) SameSecret(other Item) bool {
	return it.Password == other.Password && it.TOTP == other.TOTP && it.Notes == other.Notes &&
		slices.Equal(it.Fields, other.Fields) && it.Card.equal(other.Card) && it.Identity.equal(other.Identity) &&
		slices.Equal(it.secretExtra, other.secretExtra)
}

func (c *Card) equal(other *Card) bool {
	return c == other || c != nil && other != nil && *c == *other
}

func (i *Identity) equal(other *Identity) bool {
	return i == other || i != nil && other != nil && *i == *other
}

// Join makes one item of the meta part of meta and the secret part of secret. The times are those of meta.
func Join(meta, secret Item) Item {
	meta.Password, meta.TOTP, meta.Notes = secret.Password, secret.TOTP, secret.Notes
	meta.Fields, meta.Card, meta.Identity = secret.Fields, secret.Card, secret.Identity
	meta.secretExtra = secret.secretExtra
	return meta.Clone()
}

// KeepUnknown takes over from stored what a newer version wrote, because it does not travel through the worker
// protocol or the command line.
func (it Item) KeepUnknown(stored Item) Item {
	it.metaExtra, it.secretExtra = stored.metaExtra, stored.secretExtra
	return it
}
