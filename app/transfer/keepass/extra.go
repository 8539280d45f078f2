package keepass

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// extra is the part of an item that a KeePass entry cannot hold. It is stored in the custom data of the entry, which KeePass
// and KeePassXC preserve. It contains no values of fields: those are strings of the entry, where a user can see and change
// them.
type extra struct {
	Type      item.Type                 `json:"type"`
	Favourite bool                      `json:"favourite,omitempty"`
	Reprompt  bool                      `json:"reprompt,omitempty"`
	Tags      []string                  `json:"tags,omitempty"`
	Match     map[string]item.MatchRule `json:"match,omitempty"`
	Created   int64                     `json:"created,omitempty"` // milliseconds since 1970, because KDBX has seconds
	Modified  int64                     `json:"modified,omitempty"`
	Archived  int64                     `json:"archived,omitempty"`
	Trashed   int64                     `json:"trashed,omitempty"`
	Purge     int64                     `json:"purge,omitempty"`
	Ignored   []string                  `json:"ignored,omitempty"`
	Until     []int64                   `json:"until,omitempty"` // of the old passwords, newest first
	TOTP      *string                   `json:"totp,omitempty"`  // prefix of the key, if that was all
	Strings   map[string]place          `json:"strings,omitempty"`
	Files     map[string]string         `json:"files,omitempty"` // original attachment names, by their names in the entry

	parts map[string]map[string]string
}

// place is where a string of an entry belongs: in a part, or in a custom field.
type place struct {
	Part   string         `json:"part,omitempty"`
	Member string         `json:"member,omitempty"`
	Name   string         `json:"name,omitempty"`
	Kind   item.FieldKind `json:"kind,omitempty"`
}

const extraName = "VaultSphere"

// readExtra returns nil for entries written by other programs.
func readExtra(e *entry) *extra {
	for _, s := range e.custom {
		if s.name != extraName {
			continue
		}
		x := &extra{parts: map[string]map[string]string{}}
		if json.Unmarshal([]byte(s.value), x) == nil && x.Type.Known() {
			return x
		}
	}
	return nil
}

// take puts a string back where it was before the export.
func (x *extra) take(it *item.Item, s stringField, value string) bool {
	if x == nil {
		return false
	}
	place, ok := x.Strings[s.name]
	switch {
	case !ok:
		return false
	case place.Part != "":
		if x.parts[place.Part] == nil {
			x.parts[place.Part] = map[string]string{}
		}
		x.parts[place.Part][place.Member] = value
	default:
		source.AddField(it, place.Name, value, place.Kind)
	}
	return true
}

// fileName returns the original name of an attachment.
func (x *extra) fileName(name string) string {
	if x != nil && x.Files[name] != "" {
		return x.Files[name]
	}
	return name
}

// tags returns the tags of an entry, and whether the one for favourites is among them. If they did not change since the
// export, they are the tags of the item, which may contain the separators of an entry.
func (x *extra) tags(text string) (tags []string, favourite bool) {
	if x != nil && text == joinTags(x.Tags, x.Favourite) {
		return x.Tags, x.Favourite
	}
	for _, tag := range strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == ',' }) {
		if strings.TrimSpace(tag) == tagFavourite {
			favourite = true
			continue
		}
		tags = append(tags, tag)
	}
	return tags, favourite
}

// joinTags is the inverse of splitting them.
func joinTags(tags []string, favourite bool) string {
	out := slices.Clone(tags)
	for i, tag := range out {
		out[i] = strings.Map(func(r rune) rune {
			if r == ';' || r == ',' || !isXMLChar(r) {
				return ' '
			}
			return r
		}, tag)
	}
	if favourite {
		out = append(out, tagFavourite)
	}
	return strings.Join(out, ";")
}

// restore restores what take and tags did not. Changes by a program that does not know the extra take precedence.
func (x *extra) restore(it *item.Item, e *entry) {
	it.Type, it.Match, it.Ignored, it.Reprompt = x.Type, x.Match, x.Ignored, x.Reprompt
	it.Created, it.Modified, it.Trashed = finer(it.Created, x.Created), finer(it.Modified, x.Modified), finer(it.Trashed, x.Trashed)
	it.Archived = fromMilli(x.Archived)
	if it.Trashed.IsZero() == (x.Trashed == 0) {
		it.Purge = fromMilli(x.Purge)
	}
	if len(x.Until) == len(e.history) {
		it.PasswordHistory = nil
		for i, until := range x.Until {
			old := e.history[len(e.history)-1-i]
			it.PasswordHistory = append(it.PasswordHistory, item.OldPassword{Password: old.value(namePassword), Until: fromMilli(until)})
		}
	}
	if text, err := json.Marshal(x.parts); err == nil {
		_ = json.Unmarshal(text, it) // the parts have the names of JSON
	}
	if x.TOTP != nil {
		if u, err := url.Parse(it.TOTP); err == nil && u.Query().Has("secret") {
			it.TOTP = *x.TOTP + u.Query().Get("secret")
		}
	}
}

// finer returns t in milliseconds, if the second has not changed since the export.
func finer(t time.Time, milli int64) time.Time {
	if exact := fromMilli(milli); exact.Truncate(time.Second).Equal(t) {
		return exact
	}
	return t
}

func toMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMilli(milli int64) time.Time {
	if milli == 0 {
		return time.Time{}
	}
	return time.UnixMilli(milli).UTC()
}

// text encodes the extra as JSON, and escapes the characters that XML cannot represent.
func (x *extra) text() (string, error) {
	text, err := json.Marshal(x)
	if err != nil {
		return "", fmt.Errorf("describe an item: %w", err)
	}
	var b strings.Builder
	for _, r := range string(text) {
		if isXMLChar(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String(), nil
}

// isXMLChar reports whether XML 1.0 allows a character.
func isXMLChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r < 0xfffe && (r < 0xd800 || r > 0xdfff) || r >= 0x10000
}
