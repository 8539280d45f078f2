package replica

import (
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// Summary is an item as lists show it.
type Summary struct {
	ID         string    `json:"id"`
	Type       item.Type `json:"type"`
	Title      string    `json:"title"`
	Username   string    `json:"username"`
	URL        string    `json:"url"` // the first
	Tags       []string  `json:"tags"`
	Favourite  bool      `json:"favourite"`
	Modified   time.Time `json:"modified,omitzero"`
	Archived   time.Time `json:"archived,omitzero"`    // zero: not in the archive
	Trashed    time.Time `json:"trashed,omitzero"`     // zero: not in the trash
	Purge      time.Time `json:"purge,omitzero"`       // when the trash deletes it; zero: never
	Pending    bool      `json:"pending,omitempty"`    // its last change is still in the outbox
	Unreadable string    `json:"unreadable,omitempty"` // why the item cannot be shown; all fields but ID are empty then
	// Subtitle tells cards and identities apart, see item.Subtitle. It is empty until Index has opened the item.
	Subtitle string `json:"subtitle,omitempty"`
	Code     bool   `json:"code,omitempty"`  // it makes verification codes; false until Index has opened the item
	Vault    string `json:"vault,omitempty"` // id of the shared vault that it is in; empty: the personal one
}

// Query selects items. The zero Query selects all items outside the archive and the trash.
type Query struct {
	// Text has words that must all be in the item, see Search; case and accents do not matter. "two words" in quotation marks must
	// be adjacent. -word excludes items. Operators narrow the result: type:login, tag:work, title:, username:, url: or site:,
	// has:totp and is:weak, with the values in hasValues and isValues. The words weak, reused, exposed and old also find items with
	// that finding. Anything else with a colon is a word.
	Text    string
	Literal bool      // Text has only words
	Type    item.Type // empty: any
	Tag     string    // empty: any
	// Favourite restricts the result to favourites.
	Favourite bool
	Archive   bool // only items in the archive. An archived item in the trash is only there
	Trash     bool // only items in the trash
	Sort      Sort
	Reverse   bool   // the order of Sort
	Vault     string // id of the only vault to search; empty: all
}

// Search returns the matching items, the best first: titles that begin with the text, then words that begin with it, then matches
// anywhere else. Equal matches are in the order of q.Sort. It searches titles, usernames, URLs and tags. After Index it also
// searches, with the lowest rank, notes, names of attachments, what an item shows without a click (custom fields, the texts of
// cards, identities and so on), and the last four characters of numbers such as that of a card.
func (v *Replica) Search(q Query) []Summary {
	h := v.search(q)
	found := h.best(0, 0)
	out := make([]Summary, len(found))
	for i, e := range found {
		out[i] = e.summary()
	}
	return out
}

// ForPage returns the items for the page at a URL, by title, without those in the archive and the trash. For registrable see item.BelongsTo.
func (v *Replica) ForPage(page string, registrable func(host string) (string, error)) []Summary {
	return summaries(v.forPage(page, registrable))
}

func (v *Replica) forPage(page string, registrable func(host string) (string, error)) []*Entry {
	var out []*Entry
	for _, e := range v.sorted {
		if e.listed() && e.Overview.BelongsTo(page, registrable) {
			out = append(out, e)
		}
	}
	return out
}

// SearchJSON is Search in the form of the worker protocol: {"total":…,"complete":…,"hints":[…],"items":[…]}, with at most limit items
// starting at offset (limit 0: all). The result is complete once Index has finished.
func (v *Replica) SearchJSON(q Query, offset, limit int) []byte {
	h := v.search(q)
	return listJSON(h.total(), v.complete(), h.query.hints, h.best(offset, limit))
}

// listed reports whether the item is neither in the archive nor in the trash.
func (e *Entry) listed() bool { return e.Overview.Archived.IsZero() && e.Overview.Trashed.IsZero() }

func (e *Entry) summary() Summary {
	if e.Err != nil {
		return Summary{ID: e.ID, Vault: vaultOf(e.ID), Tags: []string{}, Unreadable: e.Err.Error()}
	}
	s := Summary{ID: e.ID, Vault: vaultOf(e.ID), Type: e.Overview.Type, Title: e.Overview.Title, Username: e.Overview.Username, Tags: append([]string{}, e.Overview.Tags...),
		Favourite: e.Overview.Favourite, Modified: e.Overview.Modified, Archived: e.Overview.Archived, Trashed: e.Overview.Trashed, Purge: e.Overview.Purge,
		Pending: e.pending != nil}
	if len(e.Overview.URLs) > 0 {
		s.URL = e.Overview.URLs[0]
	}
	s.Subtitle, s.Code = e.indexed()
	return s
}

// indexed returns what a Summary has from the details.
func (e *Entry) indexed() (subtitle string, code bool) {
	if in := e.details.Load(); in != nil {
		return in.subtitle, in.totp
	}
	return "", false
}

// index folds the searchable texts.
func (e *Entry) index() {
	if e.Err != nil {
		return
	}
	var h strings.Builder
	e.Overview.OverviewTexts(func(s string) { // the title first
		h.WriteString(fold(s))
		h.WriteByte('\n')
	})
	e.text = h.String()
	e.title = e.text[:strings.IndexByte(e.text, '\n')]
}

// summaryJSON returns the encoded summary, without the search index. It encodes an item once, when a list first shows it.
func (e *Entry) summaryJSON() []byte {
	line := e.line.Load()
	if line == nil {
		encoded := e.appendJSON(make([]byte, 0, 192+len(e.text)))
		line = &encoded
		e.line.Store(line)
	}
	return *line
}

func (e *Entry) appendJSON(b []byte) []byte {
	it := &e.Overview
	text := func(name, s string) {
		b = append(append(append(b, `,"`...), name...), `":`...)
		b = item.AppendString(b, s)
	}
	b = item.AppendString(append(b, `{"id":`...), e.ID)
	text("type", string(it.Type))
	text("title", it.Title)
	text("username", it.Username)
	url := ""
	if len(it.URLs) > 0 {
		url = it.URLs[0]
	}
	text("url", url)
	b = append(b, `,"tags":[`...)
	for i, t := range it.Tags {
		if i > 0 {
			b = append(b, ',')
		}
		b = item.AppendString(b, t)
	}
	b = strconv.AppendBool(append(b, `],"favourite":`...), it.Favourite)
	if vault := vaultOf(e.ID); vault != "" {
		text("vault", vault)
	}
	if e.Err != nil {
		text("unreadable", e.Err.Error())
		return append(b, '}')
	}
	if e.pending != nil {
		b = append(b, `,"pending":true`...)
	}
	moment := func(name string, t time.Time) {
		if t.IsZero() {
			return
		}
		b = append(append(append(b, `,"`...), name...), `":"`...)
		b = append(t.AppendFormat(b, time.RFC3339Nano), '"')
	}
	moment("modified", it.Modified)
	moment("archived", it.Archived)
	moment("trashed", it.Trashed)
	moment("purge", it.Purge)
	return append(b, '}')
}

// Ranks, the best first.
const (
	titlePrefix = iota
	titleWord
	otherWord
	titlePart
	otherPart
	insideWord
	insidePart
	noMatch
)

// narrowing is the last search for words alone. A longer text finds a part of what it found.
type narrowing struct {
	query Query
	text  string
	found []*Entry // in the order of the list
}

// candidates returns the items to search, in the order of q, and a place to remember those found; nil: they are not remembered.
func (v *Replica) candidates(q Query, p parsed) (list []*Entry, remember *narrowing) {
	if !p.plain || p.text == "" || !v.complete() {
		return v.ordered(q), nil
	}
	q.Text = ""
	v.orders.mu.Lock()
	last := v.orders.last
	v.orders.mu.Unlock()
	next := &narrowing{query: q, text: p.text}
	if last != nil && last.query == q && strings.HasPrefix(p.text, last.text) {
		return last.found, next
	}
	return v.ordered(q), next
}

// hits is the result of a search: items in the order of the list, with the rank of each. In WebAssembly a collection of garbage takes
// longer than a search, so it only allocates what it returns.
type hits struct {
	list  []*Entry
	ranks []byte
	count [noMatch + 1]int // of items, by rank
	query parsed
}

func (v *Replica) search(q Query) hits {
	p := v.parse(q)
	q.Archive, q.Trash = q.Archive || p.archived, q.Trash || p.trashed
	list, next := v.candidates(q, p)
	h := hits{list: list, ranks: make([]byte, len(list)), query: p}
	for i, e := range list {
		rank := noMatch
		if q.admits(e) && p.admits(e) {
			rank = e.rank(&p)
		}
		h.ranks[i] = byte(rank)
		h.count[rank]++
	}
	if next != nil {
		next.found = h.matches()
		v.orders.mu.Lock()
		v.orders.last = next
		v.orders.mu.Unlock()
	}
	h.query.hints = append(h.query.hints, v.remarks(p, h.total())...)
	return h
}

func (h *hits) total() int { return len(h.list) - h.count[noMatch] }

// matches returns the items that were found, in the order of the list.
func (h *hits) matches() []*Entry {
	if h.count[noMatch] == 0 {
		return h.list
	}
	out := make([]*Entry, 0, h.total())
	for i, e := range h.list {
		if h.ranks[i] < noMatch {
			out = append(out, e)
		}
	}
	return out
}

// best returns at most limit of the items that were found, the best first, starting at offset. With limit 0 it returns all.
func (h *hits) best(offset, limit int) []*Entry {
	offset = min(max(offset, 0), h.total())
	n := h.total() - offset
	if limit > 0 {
		n = min(n, limit)
	}
	var place [noMatch]int // of the next item, by rank, from offset on
	at := -offset
	for rank := range place {
		place[rank] = at
		at += h.count[rank]
	}
	out := make([]*Entry, n)
	for i, e := range h.list {
		rank := h.ranks[i]
		if rank == noMatch {
			continue
		}
		if at := place[rank]; at >= 0 && at < n {
			out[at] = e
		}
		place[rank]++
	}
	return out
}

// remarks are the hints that depend on the vault.
func (v *Replica) remarks(p parsed, found int) (hints []Hint) {
	if found == 0 {
		for _, word := range p.unknown {
			hints = append(hints, Hint{Code: HintOperator, Word: word})
		}
	}
	if p.asks&isWeak != 0 && len(v.Known.Unjudged(v.Logins())) > 0 {
		hints = append(hints, Hint{Code: HintUnjudged})
	}
	if p.asks&isExposed != 0 && v.Known.lacks(v.Logins()) {
		hints = append(hints, Hint{Code: HintUnchecked})
	}
	return hints
}

// admits applies everything but the text. An unreadable item is only in the list of all items.
func (q Query) admits(e *Entry) bool {
	trashed, archived := !e.Overview.Trashed.IsZero(), !e.Overview.Archived.IsZero()
	return q.Trash == trashed && (trashed || q.Archive == archived) && (q.Type == "" || e.Overview.Type == q.Type) &&
		(q.Tag == "" || slices.Contains(e.Overview.Tags, q.Tag)) && (!q.Favourite || e.Overview.Favourite)
}

// admits applies the operators and the excluded words.
func (p *parsed) admits(e *Entry) bool {
	if e.Err != nil {
		return len(p.tests)+len(p.without) == 0
	}
	for _, test := range p.tests {
		if !test(e) {
			return false
		}
	}
	return !slices.ContainsFunc(p.without, func(w string) bool { return e.rankWord(w) < noMatch })
}

// complete reports whether all searchable texts were searched.
func (v *Replica) complete() bool {
	v.orders.mu.Lock()
	defer v.orders.mu.Unlock()
	v.orders.complete = v.orders.complete || !slices.ContainsFunc(v.sorted, func(e *Entry) bool { return e.details.Load() == nil })
	return v.orders.complete
}

// rank is the rank of the worst word, so one word in the title does not outweigh a poor match of another. A word that names a
// health finding also matches the items with it.
func (e *Entry) rank(p *parsed) int {
	if strings.HasPrefix(e.title, p.text) {
		return titlePrefix
	}
	worst := titlePrefix
	for _, w := range p.words {
		r := e.rankWord(w)
		if f := finding(w) & p.asks; r == noMatch && f != 0 && p.factsOf(e)&f != 0 {
			r = insidePart
		}
		if r == noMatch {
			return noMatch
		}
		worst = max(worst, max(r, titleWord))
	}
	return worst
}

func (e *Entry) rankWord(w string) int {
	best := noMatch
	for i := range occurrences(e.text, w) {
		inTitle := i < len(e.title)
		switch begins := beginsWord(e.text, i); {
		case inTitle && begins:
			return titleWord
		case begins:
			return otherWord // the title comes first
		case inTitle:
			best = titlePart
		default:
			best = min(best, otherPart)
		}
	}
	in := e.details.Load()
	if best < noMatch || in == nil {
		return best
	}
	for i := range occurrences(in.text, w) {
		if beginsWord(in.text, i) {
			return insideWord
		}
		best = insidePart
	}
	return best
}

// occurrences yields the positions of w in s, from left to right.
func occurrences(s, w string) iter.Seq[int] {
	return func(yield func(int) bool) {
		for from := 0; ; {
			i := strings.Index(s[from:], w)
			if i < 0 || !yield(from+i) {
				return
			}
			from += i + 1
		}
	}
}

func beginsWord(s string, i int) bool { return i == 0 || !wordByte(s[i-1]) }

// wordByte treats every byte of a letter outside ASCII as part of a word.
func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= utf8.RuneSelf
}

//go:generate go run ./foldgen

// simplerLetters is letters as a map.
var simplerLetters = sync.OnceValue(func() map[rune]string {
	table := map[rune]string{}
	for _, pair := range strings.Fields(letters) {
		from, size := utf8.DecodeRuneInString(pair)
		table[from] = pair[size:]
	}
	return table
})

// fold returns the form of a text that searches compare: compatibility decomposition (Unicode NFKD), lower case, without marks
// and invisible characters (soft hyphens, joiners, directional controls), and with plain letters, dashes and quotation marks.
func fold(s string) string {
	ascii, upper := true, false
	for i := range len(s) {
		c := s[i]
		ascii = ascii && c < utf8.RuneSelf
		upper = upper || c >= 'A' && c <= 'Z'
	}
	if ascii {
		if upper {
			return strings.ToLower(s)
		}
		return s
	}
	simpler := simplerLetters()
	var b strings.Builder
	s = strings.ReplaceAll(s, "´", "'") // an accent alone, which decomposes into a space
	for _, r := range norm.NFKD.String(s) {
		if unicode.In(r, unicode.Mn, unicode.Cf) {
			continue
		}
		r = unicode.ToLower(r)
		if to, ok := simpler[r]; ok {
			b.WriteString(to)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
