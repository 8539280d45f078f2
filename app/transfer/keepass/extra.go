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

// extra is what an item says that a KeePass entry has no place for. It is kept in the entry's custom data, which
// KeePass and KeePassXC carry on. It holds no value of a field: those are strings of the entry, where a person finds
// them and may change them.
type extra struct {
	Type      item.Type                 `json:"type"`
	Favourite bool                      `json:"favourite,omitempty"`
	Tags      []string                  `json:"tags,omitempty"`
	Match     map[string]item.MatchRule `json:"match,omitempty"`
	Created   int64                     `json:"created,omitempty"` // times in milliseconds since 1970; KDBX has seconds
	Modified  int64                     `json:"modified,omitempty"`
	Trashed   int64                     `json:"trashed,omitempty"`
	Purge     int64                     `json:"purge,omitempty"`
	Until     []int64                   `json:"until,omitempty"` // of the old passwords, the newest first
	TOTP      *string                   `json:"totp,omitempty"`  // what stood before the key, where that was all
	Strings   map[string]place          `json:"strings,omitempty"`
	Files     map[string]string         `json:"files,omitempty"` // names of files, by those that they have in the entry instead

	parts map[string]map[string]string
}

// place is where a string of an entry belongs: a member of a part, or a custom field.
type place struct {
	Part   string         `json:"part,omitempty"`
	Member string         `json:"member,omitempty"`
	Name   string         `json:"name,omitempty"`
	Kind   item.FieldKind `json:"kind,omitempty"`
}

const (
	extraName = "VaultSphere"

	partCard     = "card"
	partIdentity = "identity"
	partSSHKey   = "ssh_key"
)

// readExtra is nil for the entries that other programs made.
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

// take puts a string where it was before the export.
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

// fileName is the name that a file had before the export.
func (x *extra) fileName(name string) string {
	if x != nil && x.Files[name] != "" {
		return x.Files[name]
	}
	return name
}

// tags are those of an entry, and whether the one that stands for a favourite is among them. As long as nobody changed
// them since the export, they are those of the item, which may have a character that separates them in an entry.
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

// joinTags writes them down.
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

// restore brings back what take and tags did not. What was changed since the export by a program that does not know the
// extra wins over it.
func (x *extra) restore(it *item.Item, e *entry) {
	it.Type, it.Match = x.Type, x.Match
	it.Created, it.Modified, it.Trashed = finer(it.Created, x.Created), finer(it.Modified, x.Modified), finer(it.Trashed, x.Trashed)
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
	restorePart(x.parts[partCard], &it.Card)
	restorePart(x.parts[partIdentity], &it.Identity)
	restorePart(x.parts[partSSHKey], &it.SSHKey)
	if x.TOTP != nil {
		if u, err := url.Parse(it.TOTP); err == nil && u.Query().Has("secret") {
			it.TOTP = *x.TOTP + u.Query().Get("secret")
		}
	}
}

func restorePart[T item.Card | item.Identity | item.SSHKey](members map[string]string, to **T) {
	if len(members) == 0 {
		return
	}
	var part T
	text, err := json.Marshal(members)
	if err == nil && json.Unmarshal(text, &part) == nil {
		*to = &part
	}
}

// finer is t in milliseconds, if it is still the second that was exported.
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

// text is the extra in JSON, with escapes for the few characters that XML has no way to write.
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

// isXMLChar reports whether XML 1.0 can hold a character.
func isXMLChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r < 0xfffe && (r < 0xd800 || r > 0xdfff) || r >= 0x10000
}
