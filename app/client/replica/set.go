package replica

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// Set are vaults that lists and searches show together. A Set of one vault gives what the vault gives.
type Set []*Replica

// Search is Replica.Search in all vaults.
func (s Set) Search(q Query) []Summary {
	if len(s) == 1 {
		return s[0].Search(q)
	}
	found := s.search(q).best(q, 0, 0)
	out := make([]Summary, len(found))
	for i, e := range found {
		out[i] = e.summary()
	}
	return out
}

// SearchJSON is Replica.SearchJSON in all vaults.
func (s Set) SearchJSON(q Query, offset, limit int) []byte {
	if len(s) == 1 {
		return s[0].SearchJSON(q, offset, limit)
	}
	all := s.search(q)
	return listJSON(all.total(), s.complete(), all.hints(), all.best(q, offset, limit))
}

// Hints is Replica.Hints in all vaults.
func (s Set) Hints(q Query) []Hint {
	if len(s) == 1 {
		return s[0].Hints(q)
	}
	return s.search(q).hints()
}

// Closest is Replica.Closest in all vaults.
func (s Set) Closest(q Query) []Summary {
	var all []Summary
	for _, v := range s {
		all = append(all, v.Closest(q)...)
	}
	return all[:min(len(all), closestAtMost)]
}

// ForPage is Replica.ForPage in all vaults.
func (s Set) ForPage(page string, registrable func(host string) (string, error)) []Summary {
	lists := make([][]*Entry, len(s))
	for i, v := range s {
		lists[i] = v.forPage(page, registrable)
	}
	return summaries(merge(lists, order))
}

func summaries(entries []*Entry) []Summary {
	var out []Summary
	for _, e := range entries {
		out = append(out, e.summary())
	}
	return out
}

func (s Set) complete() bool {
	return !slices.ContainsFunc(s, func(v *Replica) bool { return !v.complete() })
}

// allHits are the results of one search in several vaults.
type allHits []hits

func (s Set) search(q Query) allHits {
	all := make(allHits, len(s))
	for i, v := range s {
		all[i] = v.search(q)
	}
	return all
}

func (a allHits) total() (n int) {
	for i := range a {
		n += a[i].total()
	}
	return n
}

// hints returns the remarks about a query, each once. An unknown operator counts only if nothing was found anywhere.
func (a allHits) hints() (all []Hint) {
	for i := range a {
		for _, h := range a[i].query.hints {
			if !slices.Contains(all, h) && (h.Code != HintOperator || a.total() == 0) {
				all = append(all, h)
			}
		}
	}
	return all
}

// best is hits.best of all vaults.
func (a allHits) best(q Query, offset, limit int) []*Entry {
	offset = max(offset, 0)
	upTo := 0
	if limit > 0 {
		upTo = offset + limit
	}
	lists := make([][]*Entry, len(a))
	ranks := map[*Entry]byte{}
	for i := range a {
		lists[i] = a[i].best(0, upTo)
		a[i].rankInto(ranks, lists[i])
	}
	found := merge(lists, func(x, y *Entry) int { return cmp.Or(cmp.Compare(ranks[x], ranks[y]), q.order(x, y)) })
	found = found[min(offset, len(found)):]
	if limit > 0 {
		found = found[:min(limit, len(found))]
	}
	return found
}

// rankInto notes the ranks of the entries that best returned.
func (h *hits) rankInto(ranks map[*Entry]byte, best []*Entry) {
	rank, left := 0, h.count[0]
	for _, e := range best {
		for left == 0 {
			rank++
			left = h.count[rank]
		}
		ranks[e] = byte(rank)
		left--
	}
}

// order compares two entries as the lists of Replica.ordered do.
func (q Query) order(a, b *Entry) int {
	c := 0
	switch q.Sort {
	case SortChanged:
		c = b.Overview.Modified.Compare(a.Overview.Modified)
	case SortCreated:
		c = b.Overview.Created.Compare(a.Overview.Created)
	}
	if c = cmp.Or(c, order(a, b)); q.Reverse {
		return -c
	}
	return c
}

// merge returns sorted lists as one.
func merge(lists [][]*Entry, compare func(a, b *Entry) int) []*Entry {
	n := 0
	for _, list := range lists {
		n += len(list)
	}
	out := make([]*Entry, 0, n)
	for len(out) < n {
		first := -1
		for i, list := range lists {
			if len(list) > 0 && (first < 0 || compare(list[0], lists[first][0]) < 0) {
				first = i
			}
		}
		out, lists[first] = append(out, lists[first][0]), lists[first][1:]
	}
	return out
}

// listJSON writes the result of a search in the form of the worker protocol.
func listJSON(total int, complete bool, hints []Hint, found []*Entry) []byte {
	out := append([]byte(`{"total":`), strconv.Itoa(total)...)
	out = strconv.AppendBool(append(out, `,"complete":`...), complete)
	out = appendHints(out, hints)
	out = append(out, `,"items":[`...)
	size := len(out) + 2
	for _, e := range found {
		size += len(e.summaryJSON()) + 1
	}
	out = slices.Grow(out, size)
	for i, e := range found {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, e.summaryJSON()...)
		subtitle, code := e.indexed()
		if subtitle != "" {
			out = item.AppendString(append(out[:len(out)-1], `,"subtitle":`...), subtitle)
			out = append(out, '}')
		}
		if code {
			out = append(out[:len(out)-1], `,"code":true}`...)
		}
	}
	return append(out, "]}"...)
}

// vaultOf returns the id of the shared vault that an item is in; empty for the personal one.
func vaultOf(name string) string {
	vault, _, shared := strings.Cut(name, nameSeparator)
	if !shared {
		return ""
	}
	return vault
}
