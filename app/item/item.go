// Package item is what a sealed record says once it is open: a login, note, card, identity or SSH key.
//
// An item is sealed in two parts: the overview is what a list and a search need, the details are opened only when the item
// is shown. Both are canonical JSON (RFC 8785), described by the tables in fields.go. Whatever a newer version writes into
// them, this one reads, and writes back byte for byte.
package item

import (
	"fmt"
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
	TypeSSHKey   Type = "ssh_key"
)

// Types are those that this version can make.
var Types = []Type{TypeLogin, TypeNote, TypeCard, TypeIdentity, TypeSSHKey}

// Known reports whether this version can make items of the type.
func (t Type) Known() bool {
	return slices.Contains(Types, t)
}

// Item is one entry of a vault. The JSON names are those of the worker protocol and of the command line; the sealed
// encoding is that of Meta and Secret.
type Item struct {
	ID string `json:"id"` // empty until it is saved for the first time
	// Base names the stored version this value was read from. Save merges against it when another device was faster.
	Base string `json:"base,omitempty"`

	Type  Type     `json:"type"`
	Title string   `json:"title"`
	URLs  []string `json:"urls,omitempty"`
	// Match says which pages belong to an address of URLs, where that is not MatchDomain.
	Match     map[string]MatchRule `json:"match,omitempty"`
	Username  string               `json:"username,omitempty"`
	Tags      []string             `json:"tags,omitempty"`
	Favourite bool                 `json:"favourite,omitempty"`
	// Times are in UTC and whole milliseconds.
	Created  time.Time `json:"created,omitzero"`
	Modified time.Time `json:"modified,omitzero"`
	Trashed  time.Time `json:"trashed,omitzero"` // when it went to the trash; zero: it is not there
	Purge    time.Time `json:"purge,omitzero"`   // when it may be deleted for good; zero: never by itself

	Password string    `json:"password,omitempty"`
	TOTP     string    `json:"totp,omitempty"` // otpauth:// URI, or the base32 secret alone
	Notes    string    `json:"notes,omitempty"`
	Fields   []Field   `json:"fields,omitempty"`
	Card     *Card     `json:"card,omitempty"`
	Identity *Identity `json:"identity,omitempty"`
	SSHKey   *SSHKey   `json:"ssh_key,omitempty"`
	// PasswordHistory is what other managers kept of older passwords, the newest first. Those that were replaced here are
	// in the older versions of the record.
	PasswordHistory []OldPassword `json:"password_history,omitempty"`
	Attachments     []Attachment  `json:"attachments,omitempty"`

	UnknownOverview Unknown `json:"unknown_overview,omitempty"`
	UnknownDetails  Unknown `json:"unknown_details,omitempty"`
}

// FieldKind says how a custom field is shown.
type FieldKind string

const (
	FieldText    FieldKind = ""
	FieldHidden  FieldKind = "hidden"  // like a password
	FieldBoolean FieldKind = "boolean" // the value is True or False
	FieldLink    FieldKind = "link"    // the value is an address that can be opened
)

// FieldKinds are those that this version can show.
var FieldKinds = []FieldKind{FieldText, FieldHidden, FieldBoolean, FieldLink}

// Values of a FieldBoolean.
const (
	True  = "true"
	False = "false"
)

// Known reports whether this version can show the kind.
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

// SSHKey is a key pair, each part as its file has it.
type SSHKey struct {
	Fingerprint string `json:"fingerprint,omitempty"` // SHA256:…, as ssh-keygen prints it
	Private     string `json:"private,omitempty"`     // PEM
	Public      string `json:"public,omitempty"`      // one line, as in authorized_keys

	Unknown Unknown `json:"unknown,omitempty"`
}

// OldPassword was in force until a time, zero if that is not known.
type OldPassword struct {
	Password string    `json:"password"`
	Until    time.Time `json:"until,omitzero"`

	Unknown Unknown `json:"unknown,omitempty"`
}

// Attachment names a sealed file that is kept beside the item's records.
type Attachment struct {
	ID     string `json:"id"` // as an account id: 16 bytes, base64url
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // hex, of the whole content
	Size   int64  `json:"size"`   // bytes

	Unknown Unknown `json:"unknown,omitempty"`
}

type Card struct {
	Brand       string `json:"brand,omitempty"`
	Code        string `json:"code,omitempty"`
	ExpiryMonth string `json:"expiry_month,omitempty"` // 1 to 12
	ExpiryYear  string `json:"expiry_year,omitempty"`  // four digits
	Holder      string `json:"holder,omitempty"`
	Number      string `json:"number,omitempty"`

	Unknown Unknown `json:"unknown,omitempty"`
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

	Unknown Unknown `json:"unknown,omitempty"`
}

// Normalise trims what is typed around names and addresses, drops empty and repeated entries of lists, and brings the
// times to UTC and whole milliseconds. Passwords, notes and values of fields stay as they are.
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

// FromNewerExport brings kinds and rules that this version does not know, as an export of a newer one has them, to the form in which they
// are kept.
func (it Item) FromNewerExport() Item {
	it = it.Clone()
	for i := range it.Fields {
		f := &it.Fields[i]
		if unknown, ok := f.Unknown.with(Unknown(AppendString([]byte(`{"kind":`), string(f.Kind))) + "}"); ok && !f.Kind.Known() {
			f.Kind, f.Unknown = FieldText, unknown
		}
	}
	for address, rule := range it.Match {
		if !rule.Known() && !rule.Newer() {
			it.Match[address] = MatchRule(AppendString([]byte(`{"rule":`), string(rule))) + "}"
		}
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
	return representable(t)
}

// The times that every encoding of an item can hold: RFC 3339 has years of four digits (§5.6), and the zero time is none.
var (
	EarliestTime = time.Date(1, 1, 1, 0, 0, 0, 1_000_000, time.UTC)
	LatestTime   = time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC)
)

// representable is t in UTC and whole milliseconds. What lies outside is brought to the end on its side: a clock that is wrong,
// here, on another device or in a file, must not make an item that cannot be shown.
func representable(t time.Time) time.Time {
	switch t = t.UTC(); {
	case t.Before(EarliestTime):
		return EarliestTime
	case t.After(LatestTime):
		return LatestTime
	}
	return t.Truncate(time.Millisecond)
}

// Clone shares nothing with it that can be written to.
func (it Item) Clone() Item {
	it.unshare()
	return it
}

func (it *Item) unshare() {
	overview.unshare(it)
	details.unshare(it)
}

// Equal compares everything that is stored: the id, the times and what a newer version wrote too, but not Base.
func (it Item) Equal(other Item) bool {
	return it.ID == other.ID && it.Created.Equal(other.Created) && it.Modified.Equal(other.Modified) &&
		it.SameOverview(other) && it.SameDetails(other)
}

// SameOverview compares the overviews, but for the times of creation and change.
func (it Item) SameOverview(other Item) bool { return overview.same(&it, &other) }

// SameDetails compares the details, but for the time of change.
func (it Item) SameDetails(other Item) bool { return details.same(&it, &other) }

// Join makes one item of the overview of meta and the details of secret. The times are those of meta.
func Join(meta, secret Item) Item {
	for i := range details.members {
		if m := &details.members[i]; m.Merge != MergeStamp {
			m.take(&meta, &secret)
		}
	}
	meta.UnknownDetails = secret.UnknownDetails
	meta.unshare()
	return meta
}

// WithUnknownOf takes over from stored what a newer version wrote beside the fields, which an older one never removes.
func (it Item) WithUnknownOf(stored Item) Item {
	it.UnknownOverview, it.UnknownDetails = stored.UnknownOverview, stored.UnknownDetails
	return it
}

// Overview is the canonical plaintext of the overview. The times are Unix milliseconds.
func (it *Item) Overview() []byte { return overview.append(make([]byte, 0, 256), it) }

// Details is the canonical plaintext of the details.
func (it *Item) Details() []byte { return details.append(make([]byte, 0, 256), it) }

// ReadOverview makes of it what Meta wrote. Any other encoding is ErrMalformed.
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

// ParseOverview is ReadMeta into a new item.
func ParseOverview(plaintext []byte) (Item, error) {
	var it Item
	err := it.ReadOverview(plaintext)
	return it, err
}

// ParseDetails reads what Secret wrote; Modified is when that version was saved. Any other encoding is ErrMalformed.
func ParseDetails(plaintext []byte) (Item, error) {
	var it Item
	err := details.readAll(plaintext, &it)
	if err != nil {
		return Item{}, err
	}
	return it, nil
}

// Open is the item of an overview and of the plaintext of its details. The times are those of the overview.
func (it Item) Open(secret []byte) (Item, error) {
	overview.unshare(&it)
	modified := it.Modified
	if err := details.readAll(secret, &it); err != nil {
		return Item{}, err
	}
	it.Modified = modified
	return it, nil
}

// OverviewTexts gives add what a search finds in the overview: the title, and then the rest in any order.
func (it *Item) OverviewTexts(add func(string)) { overview.texts(it, add) }

// DetailsTexts gives add what a search finds in the details: nothing that is shown only when asked for.
func (it *Item) DetailsTexts(add func(string)) { details.texts(it, add) }
