package client

import (
	"maps"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// merge brings together what this device (mine) and another (theirs, already stored) made of base. whole is false if a
// field was changed on both sides to different values; result then holds theirs for that field, and the caller keeps mine
// as a copy. So nothing that anyone typed is lost:
//
//   - a field changed on one side only takes that side's value;
//   - addresses, tags and attachments are merged as sets;
//   - of two passwords the later one, mine, is in force, and the other is the newest in the history;
//   - anything else changed on both sides stays as the other device stored it, with all of mine in the copy.
//
// Without a known base every difference counts as changed on both sides.
func merge(base item.Item, known bool, mine, theirs item.Item) (result item.Item, whole bool) {
	if !known {
		if mine.SameMeta(theirs) && mine.SameSecret(theirs) {
			return theirs, true
		}
		return theirs, false
	}
	m := merging{whole: true}
	result = theirs.Clone()
	field(&m, base.Type, mine.Type, &result.Type)
	field(&m, base.Title, mine.Title, &result.Title)
	field(&m, base.Username, mine.Username, &result.Username)
	field(&m, base.Favourite, mine.Favourite, &result.Favourite)
	field(&m, base.TOTP, mine.TOTP, &result.TOTP)
	field(&m, base.Notes, mine.Notes, &result.Notes)
	fieldFunc(&m, base.Fields, mine.Fields, &result.Fields, slices.Equal)
	fieldFunc(&m, base.Match, mine.Match, &result.Match, maps.Equal)
	fieldFunc(&m, base.Trashed, mine.Trashed, &result.Trashed, time.Time.Equal)
	fieldFunc(&m, base.Purge, mine.Purge, &result.Purge, time.Time.Equal)
	fieldFunc(&m, base.Card, mine.Card, &result.Card, item.EqualPart)
	fieldFunc(&m, base.Identity, mine.Identity, &result.Identity, item.EqualPart)
	fieldFunc(&m, base.SSHKey, mine.SSHKey, &result.SSHKey, item.EqualPart)
	fieldFunc(&m, base.PasswordHistory, mine.PasswordHistory, &result.PasswordHistory, func(a, b []item.OldPassword) bool {
		return slices.EqualFunc(a, b, item.OldPassword.Equal)
	})
	result.URLs = mergeSet(base.URLs, mine.URLs, theirs.URLs)
	result.Tags = mergeSet(base.Tags, mine.Tags, theirs.Tags)
	result.Attachments = mergeSet(base.Attachments, mine.Attachments, theirs.Attachments)
	if m.whole && mine.Password != base.Password {
		result.Password = mine.Password
	} else if !m.whole {
		// Mine is in the copy as a whole. A password changed here alone still belongs to the item.
		field(&merging{}, base.Password, mine.Password, &result.Password)
	}
	return result.Clone(), m.whole
}

type merging struct{ whole bool }

func field[T comparable](m *merging, base, mine T, result *T) {
	fieldFunc(m, base, mine, result, func(a, b T) bool { return a == b })
}

// fieldFunc begins with theirs in result.
func fieldFunc[T any](m *merging, base, mine T, result *T, equal func(a, b T) bool) {
	switch theirs := *result; {
	case equal(mine, base), equal(mine, theirs):
	case equal(theirs, base):
		*result = mine
	default:
		m.whole = false
	}
}

// mergeSet applies to theirs what mine added to base and removed from it.
func mergeSet[T comparable](base, mine, theirs []T) []T {
	if slices.Equal(theirs, base) {
		return mine // the order of mine counts too
	}
	var out []T
	for _, s := range theirs {
		if slices.Contains(mine, s) || !slices.Contains(base, s) {
			out = append(out, s)
		}
	}
	for _, s := range mine {
		if !slices.Contains(base, s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
