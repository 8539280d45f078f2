package item

import (
	"slices"
	"strings"
)

// Merge merges two versions of base: mine, from this device, and theirs, which is already stored. The row of each field has its rule. ok
// is false if both sides changed a field to different values: the result then has their value, and the caller saves mine as a copy, so
// that nothing is lost. If base is unknown, every difference counts as such a conflict.
func Merge(base Item, known bool, mine, theirs Item) (result Item, ok bool) {
	if !known {
		return theirs, mine.SameOverview(theirs) && mine.SameDetails(theirs)
	}
	m := merging{base: base, mine: mine, theirs: theirs, result: theirs.Clone(), ok: true}
	m.part(overview)
	m.part(details)
	if m.ok && mine.Password != base.Password {
		m.result.Password = mine.Password
	} else if theirs.Password == base.Password {
		// Mine becomes a copy. A password that changed only here still belongs to the item.
		m.result.Password = mine.Password
	}
	m.preserveNewer(overview)
	m.preserveNewer(details)
	return m.result.Clone(), m.ok
}

type merging struct {
	base, mine, theirs, result Item
	ok                         bool
}

func (m *merging) part(o *object) {
	unknown := o.unknown(&m.result)
	switch mine, theirs, base := *o.unknown(&m.mine), *o.unknown(&m.theirs), *o.unknown(&m.base); {
	case mine == base, mine == theirs:
	case theirs == base:
		*unknown = mine
	default:
		m.ok = false
	}
	for i := range o.members {
		f := &o.members[i]
		switch {
		case f.Merge == MergeUnion:
			f.join(&m.result, &m.base, &m.mine)
		case f.Merge != MergeConflict && f.Merge != MergeFirst, f.same(&m.mine, &m.base), f.same(&m.mine, &m.theirs):
		case f.same(&m.theirs, &m.base):
			f.take(&m.result, &m.mine)
		case f.Merge == MergeFirst:
		default:
			m.ok = false
		}
	}
}

// preserveNewer restores theirs where mine would replace what a newer version wrote.
func (m *merging) preserveNewer(o *object) {
	for i := range o.members {
		f := &o.members[i]
		if err := f.check(*o.unknown(&m.result), &m.result, true); err != nil && err.Rule == RuleNewer {
			f.take(&m.result, &m.theirs)
			m.ok = false
		}
	}
}

// CanUpdateFrom reports whether UpdateFrom would lose nothing: no field with ImportSame and no unknown member differs.
func (it Item) CanUpdateFrom(in Item) bool {
	for _, o := range []*object{overview, details} {
		have, unknown := *o.unknown(&it), *o.unknown(&in)
		if _, ok := have.with(unknown); !ok {
			return false
		}
		for i := range o.members {
			f := &o.members[i]
			if f.Import == ImportSame && !f.same(&it, &in) ||
				f.Import != ImportNever && (have.Has(f.Name) && !f.empty(&in) || unknown.Has(f.Name) && !f.empty(&it)) {
				return false
			}
		}
	}
	return true
}

// Covers reports whether the item already has everything that in has. Additions to the item, such as tags, make no difference.
func (it Item) Covers(in Item) bool {
	if !it.CanUpdateFrom(in) {
		return false
	}
	for _, o := range []*object{overview, details} {
		both, _ := o.unknown(&it).with(*o.unknown(&in))
		if both != *o.unknown(&it) || slices.ContainsFunc(o.sorted, func(f *member) bool { return !f.covers(&it, &in) }) {
			return false
		}
	}
	return !slices.ContainsFunc(in.URLs, func(url string) bool { return it.Match[url] != in.Match[url] })
}

func (m *member) covers(have, in *Item) bool {
	switch m.Import {
	case ImportNever, ImportEither:
		return true
	case ImportUnion:
		both := *have
		m.join(&both, &Item{}, in)
		return m.same(&both, have)
	}
	return m.same(in, have)
}

// UpdateFrom merges an imported item into its match in the vault. Only values with ImportReplace are lost; the caller saves them.
func (it Item) UpdateFrom(in Item) Item {
	out := it.Clone()
	for _, o := range []*object{overview, details} {
		for i := range o.members {
			o.members[i].update(&out, &in)
		}
		*o.unknown(&out), _ = o.unknown(&it).with(*o.unknown(&in))
	}
	for url, rule := range in.Match {
		if _, ruled := it.Match[url]; !ruled && (rule.Newer() || !slices.Contains(it.URLs, url)) {
			if out.Match == nil {
				out.Match = map[string]MatchRule{}
			}
			out.Match[url] = rule
		}
	}
	out.PasswordHistory = out.PasswordHistory[:min(len(out.PasswordHistory), MaxPasswordHistory)]
	return out.Normalise()
}

func (m *member) update(out, in *Item) {
	switch m.Import {
	case ImportReplace, ImportEither:
		if !m.empty(in) {
			m.take(out, in)
		}
	case ImportUnion:
		m.join(out, &Item{}, in)
	case ImportAppend:
		have, more := m.at(out).(*string), *m.at(in).(*string)
		switch {
		case strings.Contains(*have, more):
		case strings.Contains(more, *have):
			*have = more
		default:
			*have += "\n\n" + more
		}
	}
}
