// Package item is the plaintext of the sealed records: logins, notes, cards, documents and keys.
//
// An item is sealed in two halves. The overview has what lists and searches need; the details are decrypted only when the item is
// opened. Both are canonical JSON (RFC 8785), described by the tables in fields.go. What a newer version writes into them survives
// reading and writing byte for byte.
package item

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Type is the type of an item. A type that this version does not know, from a newer client, stays as it is.
type Type string

const (
	TypeLogin          Type = "login"
	TypeNote           Type = "note"
	TypeCard           Type = "card"
	TypeBankAccount    Type = "bank_account"
	TypeIdentity       Type = "identity"
	TypePassport       Type = "passport"
	TypeDriversLicense Type = "drivers_license"
	TypeAPIKey         Type = "api_key"
	TypeSSHKey         Type = "ssh_key"
)

// Types are the types of this version, in the order of the page.
var Types = []Type{
	TypeLogin, TypeNote, TypeCard, TypeBankAccount, TypeIdentity, TypePassport, TypeDriversLicense, TypeAPIKey, TypeSSHKey,
}

// Known reports whether this version knows the type.
func (t Type) Known() bool {
	return slices.Contains(Types, t)
}

// Item is an item of a vault. Its JSON is used by the worker protocol and the command line. Overview and Details return the encoding that
// is sealed.
type Item struct {
	ID string `json:"id"` // empty before the first save
	// Base identifies the stored version that this value was read from. Save merges with it if another device has saved since.
	Base string `json:"base,omitempty"`

	Type  Type     `json:"type"`
	Title string   `json:"title"`
	URLs  []string `json:"urls,omitempty"`
	// Match has the rules of URLs other than MatchDomain.
	Match     map[string]MatchRule `json:"match,omitempty"`
	Username  string               `json:"username,omitempty"`
	Tags      []string             `json:"tags,omitempty"`
	Favourite bool                 `json:"favourite,omitempty"`
	// Reprompt asks for the master password before the page shows the item. It stops a person at an unlocked screen, not malware.
	Reprompt bool `json:"reprompt,omitempty"`
	// All times are in UTC, in whole milliseconds.
	Created  time.Time `json:"created,omitzero"`
	Modified time.Time `json:"modified,omitzero"`
	Archived time.Time `json:"archived,omitzero"` // when it was archived; zero: not in the archive
	Trashed  time.Time `json:"trashed,omitzero"`  // when it was moved to the trash; zero: not in the trash
	Purge    time.Time `json:"purge,omitzero"`    // when it may be deleted permanently; zero: only by the user
	// Ignored has the health findings that the user dismissed; see package health.
	Ignored []string `json:"ignored,omitempty"`

	Password string  `json:"password,omitempty"`
	TOTP     string  `json:"totp,omitempty"` // authenticator key; see ParseAuthenticatorKey
	Notes    string  `json:"notes,omitempty"`
	Fields   []Field `json:"fields,omitempty"`
	// The parts: an item of such a type has one of them.
	Card           *Card           `json:"card,omitempty"`
	BankAccount    *BankAccount    `json:"bank_account,omitempty"`
	Identity       *Identity       `json:"identity,omitempty"`
	Passport       *Passport       `json:"passport,omitempty"`
	DriversLicense *DriversLicense `json:"drivers_license,omitempty"`
	APIKey         *APIKey         `json:"api_key,omitempty"`
	SSHKey         *SSHKey         `json:"ssh_key,omitempty"`
	// PasswordHistory has older passwords from an import, newest first. Passwords that were replaced here are in the older
	// versions of the record.
	PasswordHistory []OldPassword `json:"password_history,omitempty"`
	Attachments     []Attachment  `json:"attachments,omitempty"`

	UnknownOverview Unknown `json:"unknown_overview,omitempty"`
	UnknownDetails  Unknown `json:"unknown_details,omitempty"`
}

// FieldKind is the kind of a custom field.
type FieldKind string

const (
	FieldText    FieldKind = ""
	FieldHidden  FieldKind = "hidden"  // like a password
	FieldBoolean FieldKind = "boolean" // the value is True or False
	FieldLink    FieldKind = "link"    // the value is a URL
)

// FieldKinds are the kinds of this version.
var FieldKinds = []FieldKind{FieldText, FieldHidden, FieldBoolean, FieldLink}

// Values of a FieldBoolean.
const (
	True  = "true"
	False = "false"
)

// Known reports whether this version knows the kind.
func (k FieldKind) Known() bool {
	return slices.Contains(FieldKinds, k)
}

// Field is a custom field.
type Field struct {
	Name  string    `json:"name"`
	Value string    `json:"value"`
	Kind  FieldKind `json:"kind,omitempty"`

	Unknown Unknown `json:"unknown,omitempty"`
}

// OldPassword is a password and the time of its replacement, zero if unknown.
type OldPassword struct {
	Password string    `json:"password"`
	Until    time.Time `json:"until,omitzero"`

	Unknown Unknown `json:"unknown,omitempty"`
}

// Attachment describes a sealed file, which is stored separately.
type Attachment struct {
	ID     string `json:"id"` // 16 bytes in base64url
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // hex, of the whole content
	Size   int64  `json:"size"`   // bytes
	Key    string `json:"key"`    // that seals its chunks: 32 bytes in base64url

	Unknown Unknown `json:"unknown,omitempty"`
}

// Normalise trims names and URLs, removes empty and repeated elements of lists, and converts times to UTC and whole milliseconds.
// Passwords, notes and values of fields stay as they are.
func (it Item) Normalise() Item {
	it.unshare()
	if it.Type == "" && !it.UnknownOverview.Has("type") {
		it.Type = TypeLogin
	}
	overview.tidy(&it)
	details.tidy(&it)
	it.Match = it.normalMatch()
	return it
}

// FromNewerExport moves unknown kinds and rules, from an export of a newer version, to the Unknown values that preserve them.
func (it Item) FromNewerExport() Item {
	it = it.Clone()
	for i := range it.Fields {
		f := &it.Fields[i]
		if unknown, ok := f.Unknown.with(Unknown(AppendString([]byte(`{"kind":`), string(f.Kind))) + "}"); ok && !f.Kind.Known() {
			f.Kind, f.Unknown = FieldText, unknown
		}
	}
	for url, rule := range it.Match {
		if !rule.Known() && !rule.Newer() {
			it.Match[url] = MatchRule(AppendString([]byte(`{"rule":`), string(rule))) + "}"
		}
	}
	return it
}

// oneLine trims s and replaces control characters, including line breaks, by spaces.
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
	return representable(t)
}

// EarliestTime and LatestTime bound the times of an item: RFC 3339 (§5.6) has years of four digits, and the zero time means none.
var (
	EarliestTime = time.Date(1, 1, 1, 0, 0, 0, 1_000_000, time.UTC)
	LatestTime   = time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC)
)

// representable returns t in UTC and whole milliseconds, clamped to EarliestTime and LatestTime. A wrong clock, here, on another device
// or in a file, must not make an item that cannot be shown.
func representable(t time.Time) time.Time {
	switch t = t.UTC(); {
	case t.Before(EarliestTime):
		return EarliestTime
	case t.After(LatestTime):
		return LatestTime
	}
	return t.Truncate(time.Millisecond)
}

// Clone returns a deep copy.
func (it Item) Clone() Item {
	it.unshare()
	return it
}

func (it *Item) unshare() {
	overview.unshare(it)
	details.unshare(it)
}

// Equal compares everything that is stored, including the id, the times and unknown members, but not Base.
func (it Item) Equal(other Item) bool {
	return it.ID == other.ID && it.Created.Equal(other.Created) && it.Modified.Equal(other.Modified) &&
		it.SameOverview(other) && it.SameDetails(other)
}

// SameOverview compares the overviews, except for the times of creation and change.
func (it Item) SameOverview(other Item) bool { return overview.same(&it, &other) }

// SameDetails compares the details, except for the time of change.
func (it Item) SameDetails(other Item) bool { return details.same(&it, &other) }

// Join returns an item with the overview and the times of one item and the details of another.
func Join(overviewOf, detailsOf Item) Item {
	for i := range details.members {
		if m := &details.members[i]; m.Merge != MergeStamp {
			m.take(&overviewOf, &detailsOf)
		}
	}
	overviewOf.UnknownDetails = detailsOf.UnknownDetails
	overviewOf.unshare()
	return overviewOf
}

// WithUnknownOf takes over the unknown members of stored. An older version never removes them.
func (it Item) WithUnknownOf(stored Item) Item {
	it.UnknownOverview, it.UnknownDetails = stored.UnknownOverview, stored.UnknownDetails
	return it
}

// WithFixedOf takes over from stored what users do not edit: the id, the base, the fixed rows and the unknown members.
func (it Item) WithFixedOf(stored Item) Item {
	for _, o := range []*object{overview, details} {
		for i := range o.members {
			if m := &o.members[i]; m.Fixed {
				m.take(&it, &stored)
			}
		}
	}
	it.ID, it.Base = stored.ID, stored.Base
	return it.WithUnknownOf(stored)
}

// Value is a text of an item.
type Value struct {
	Name   string // "username", or "card.number"
	Text   string
	Hidden bool // shown only on request
}

// Values returns the non-empty texts of an item and its parts.
func (it *Item) Values() []Value { return details.values(it, "", overview.values(it, "", nil)) }

// Overview encodes the overview as canonical JSON. Times are Unix milliseconds.
func (it *Item) Overview() []byte { return overview.append(make([]byte, 0, 256), it) }

// Details encodes the details as canonical JSON.
func (it *Item) Details() []byte { return details.append(make([]byte, 0, 256), it) }

// ReadOverview decodes a text that Overview encoded. Any other text is ErrMalformed.
func (it *Item) ReadOverview(plaintext []byte) error {
	*it = Item{}
	err := overview.readAll(plaintext, it)
	if err == nil && (it.Title == "" && !it.UnknownOverview.Has("title") || it.Type == "" && !it.UnknownOverview.Has("type")) {
		err = fmt.Errorf("%w: title or type is missing", ErrMalformed)
	}
	if err != nil {
		*it = Item{}
	}
	return err
}

// ParseOverview is ReadOverview for a new item.
func ParseOverview(plaintext []byte) (Item, error) {
	var it Item
	err := it.ReadOverview(plaintext)
	return it, err
}

// ParseDetails decodes a text that Details encoded. Modified is the time when that version was saved. Any other text is ErrMalformed.
func ParseDetails(plaintext []byte) (Item, error) {
	var it Item
	err := details.readAll(plaintext, &it)
	if err != nil {
		return Item{}, err
	}
	return it, nil
}

// Open adds the details to an item that has only its overview. The times are those of the overview. Any text that Details did not encode
// is ErrMalformed.
func (it Item) Open(plaintext []byte) (Item, error) {
	overview.unshare(&it)
	modified := it.Modified
	if err := details.readAll(plaintext, &it); err != nil {
		return Item{}, err
	}
	it.Modified = modified
	return it, nil
}

// OverviewTexts calls add with the searchable texts of the overview, the title first.
func (it *Item) OverviewTexts(add func(string)) { overview.texts(it, add) }

// DetailsTexts calls add with the searchable texts of the details. Hidden values are not searchable.
func (it *Item) DetailsTexts(add func(string)) { details.texts(it, add) }
