package item

import (
	"slices"
	"strings"
)

// Merge brings together what one device (mine) and another (theirs, already stored) made of base. whole is false if a field was
// changed on both sides to different values; result then holds theirs for that field, and the caller keeps mine as a copy. So
// nothing that anyone typed is lost. What becomes of each field, its row says. Without a known base every difference counts as
// changed on both sides.
func Merge(base Item, known bool, mine, theirs Item) (result Item, whole bool) {
	if !known {
		return theirs, mine.SameOverview(theirs) && mine.SameDetails(theirs)
	}
	m := merging{base: base, mine: mine, theirs: theirs, result: theirs.Clone(), whole: true}
	m.part(overview)
	m.part(details)
	if m.whole && mine.Password != base.Password {
		m.result.Password = mine.Password
	} else if theirs.Password == base.Password {
		// Mine is in the copy as a whole. A password changed here alone still belongs to the item.
		m.result.Password = mine.Password
	}
	m.keepNewer(overview)
	m.keepNewer(details)
	return m.result.Clone(), m.whole
}

type merging struct {
	base, mine, theirs, result Item
	whole                      bool
}

func (m *merging) part(o *object) {
	unknown := o.unknown(&m.result)
	switch mine, theirs, base := *o.unknown(&m.mine), *o.unknown(&m.theirs), *o.unknown(&m.base); {
	case mine == base, mine == theirs:
	case theirs == base:
		*unknown = mine
	default:
		m.whole = false
	}
	for i := range o.members {
		f := &o.members[i]
		switch {
		case f.Merge == MergeUnion:
			f.join(&m.result, &m.base, &m.mine)
		case f.Merge != MergeConflict, f.same(&m.mine, &m.base), f.same(&m.mine, &m.theirs):
		case f.same(&m.theirs, &m.base):
			f.take(&m.result, &m.mine)
		default:
			m.whole = false
		}
	}
}

// keepNewer goes back to theirs where mine would take the place of what a newer version wrote there.
func (m *merging) keepNewer(o *object) {
	for i := range o.members {
		f := &o.members[i]
		if err := f.wrong(*o.unknown(&m.result), &m.result, true); err != nil && err.Rule == RuleNewer {
			f.take(&m.result, &m.theirs)
			m.whole = false
		}
	}
}

// CanUpdateFrom reports whether an import can update the item by in: they differ in nothing that would be overwritten.
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

// Covers reports whether everything that in says is in the item. What was done to it in its vault, such as a tag that was added,
// makes no difference.
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
	return !slices.ContainsFunc(in.URLs, func(address string) bool { return it.Match[address] != in.Match[address] })
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

// UpdateFrom is the item with what an import has of it. Nothing that the item says is lost, but for values that are replaced: those
// the caller keeps.
func (it Item) UpdateFrom(in Item) Item {
	out := it.Clone()
	for _, o := range []*object{overview, details} {
		for i := range o.members {
			o.members[i].update(&out, &in)
		}
		*o.unknown(&out), _ = o.unknown(&it).with(*o.unknown(&in))
	}
	for address, rule := range in.Match {
		if _, ruled := it.Match[address]; !ruled && (rule.Newer() || !slices.Contains(it.URLs, address)) {
			if out.Match == nil {
				out.Match = map[string]MatchRule{}
			}
			out.Match[address] = rule
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
