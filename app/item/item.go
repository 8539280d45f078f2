// Package item is what a sealed record says once it is open: a login, note, card, identity or SSH key.
//
// An item is sealed in two parts. The meta part is what a list and a search need; the secret part is opened only when
// the item is shown. Both are canonical JSON (RFC 8785): one value has one encoding, byte for byte.
package item

import (
	"maps"
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

	// What a newer version wrote and this one does not understand. It is written back unchanged.
	metaExtra, secretExtra []extra
}

// FieldKind says how a custom field is shown.
type FieldKind string

const (
	FieldText    FieldKind = ""
	FieldHidden  FieldKind = "hidden"  // like a password
	FieldBoolean FieldKind = "boolean" // the value is True or False
	FieldLink    FieldKind = "link"    // the value is an address that can be opened
)

// Values of a FieldBoolean.
const (
	True  = "true"
	False = "false"
)

// Known reports whether this version can show the kind.
func (k FieldKind) Known() bool {
	return k == FieldText || k == FieldHidden || k == FieldBoolean || k == FieldLink
}

// Field is a custom field.
type Field struct {
	Name  string    `json:"name"`
	Value string    `json:"value"`
	Kind  FieldKind `json:"kind,omitempty"`
}

// SSHKey is a key pair, each part as its file has it.
type SSHKey struct {
	Fingerprint string `json:"fingerprint,omitempty"` // SHA256:…, as ssh-keygen prints it
	Private     string `json:"private,omitempty"`     // PEM
	Public      string `json:"public,omitempty"`      // one line, as in authorized_keys
}

// OldPassword was in force until a time, zero if that is not known.
type OldPassword struct {
	Password string    `json:"password"`
	Until    time.Time `json:"until,omitzero"`
}

// Attachment names a sealed file that is kept beside the item's records.
type Attachment struct {
	ID     string `json:"id"` // as an account id: 16 bytes, base64url
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // hex, of the whole content
	Size   int64  `json:"size"`   // bytes
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
	it.Trashed = wholeMillis(it.Trashed)
	it.Purge = wholeMillis(it.Purge)
	it.Fields = kept(it.Fields, func(f *Field) bool {
		f.Name = oneLine(f.Name)
		return f.Name != "" || f.Value != ""
	})
	it.PasswordHistory = kept(it.PasswordHistory, func(p *OldPassword) bool {
		p.Until = wholeMillis(p.Until)
		return p.Password != ""
	})
	it.Match = it.normalMatch()
	if it.Card != nil && *it.Card == (Card{}) {
		it.Card = nil
	}
	if it.Identity != nil && *it.Identity == (Identity{}) {
		it.Identity = nil
	}
	if it.SSHKey != nil && *it.SSHKey == (SSHKey{}) {
		it.SSHKey = nil
	}
	return it
}

// kept tidies each element of list and leaves out those that hold nothing. An empty list is nil.
func kept[T any](list []T, tidy func(*T) bool) []T {
	var out []T
	for _, e := range list {
		if tidy(&e) {
			out = append(out, e)
		}
	}
	return out
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
	it.URLs = slices.Clone(it.URLs)
	it.Tags = slices.Clone(it.Tags)
	it.Match = maps.Clone(it.Match)
	it.Fields = slices.Clone(it.Fields)
	it.PasswordHistory = slices.Clone(it.PasswordHistory)
	it.Attachments = slices.Clone(it.Attachments)
	it.Card, it.Identity, it.SSHKey = clone(it.Card), clone(it.Identity), clone(it.SSHKey)
	return it // the extras are never written to
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
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
		maps.Equal(it.Match, other.Match) && it.Trashed.Equal(other.Trashed) && it.Purge.Equal(other.Purge) &&
		slices.Equal(it.metaExtra, other.metaExtra)
}

// SameSecret compares the secret parts, the times apart.
func (it Item) SameSecret(other Item) bool {
	return it.Password == other.Password && it.TOTP == other.TOTP && it.Notes == other.Notes &&
		slices.Equal(it.Fields, other.Fields) && EqualPart(it.Card, other.Card) && EqualPart(it.Identity, other.Identity) &&
		EqualPart(it.SSHKey, other.SSHKey) && slices.Equal(it.Attachments, other.Attachments) &&
		slices.EqualFunc(it.PasswordHistory, other.PasswordHistory, OldPassword.Equal) &&
		slices.Equal(it.secretExtra, other.secretExtra)
}

// Equal compares the time as well.
func (p OldPassword) Equal(other OldPassword) bool {
	return p.Password == other.Password && p.Until.Equal(other.Until)
}

// EqualPart compares a part that an item may have: both are missing, or both say the same.
func EqualPart[T Card | Identity | SSHKey](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// Join makes one item of the meta part of meta and the secret part of secret. The times are those of meta.
func Join(meta, secret Item) Item {
	meta.Password, meta.TOTP, meta.Notes = secret.Password, secret.TOTP, secret.Notes
	meta.Fields, meta.Card, meta.Identity, meta.SSHKey = secret.Fields, secret.Card, secret.Identity, secret.SSHKey
	meta.PasswordHistory, meta.Attachments = secret.PasswordHistory, secret.Attachments
	meta.secretExtra = secret.secretExtra
	return meta.Clone()
}

// KeepUnknown takes over from stored what a newer version wrote, because it does not travel through the worker
// protocol or the command line.
func (it Item) KeepUnknown(stored Item) Item {
	it.metaExtra, it.secretExtra = stored.metaExtra, stored.secretExtra
	return it
}
