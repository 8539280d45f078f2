package item

// Differences returns the names of the rows in which the items differ, in the order of the page, without the times of creation and change.
// Members that only a newer version understands count as the row "unknown".
func (it Item) Differences(other Item) []string {
	names := []string{}
	unknown := false
	for _, o := range []*object{overview, details} {
		for i := range o.members {
			if m := &o.members[i]; m.Merge < MergeNever && !m.same(&it, &other) {
				names = append(names, m.Name)
			}
		}
		unknown = unknown || *o.unknown(&it) != *o.unknown(&other)
	}
	if unknown {
		names = append(names, UnknownRow)
	}
	return names
}

// UnknownRow is the name that Differences gives to members of a newer version.
const UnknownRow = "unknown"
