package replica

import (
	"slices"
	"strings"
	"unicode"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// HintCode says why a search may find something other than the user expects.
type HintCode string

const (
	HintOperator  HintCode = "unknown_operator" // Word was searched as text, without a result
	HintValue     HintCode = "unknown_value"    // the operator exists, its value does not; Word was searched as text
	HintUnjudged  HintCode = "unjudged"         // Health has not judged all passwords yet
	HintUnchecked HintCode = "unchecked"        // Breaches has not looked up all passwords yet
)

// Hint is a remark about a query.
type Hint struct {
	Code HintCode `json:"code"`
	Word string   `json:"word,omitempty"` // as compared, so in lower case
}

// facts are what the operators has: and is: ask of an item.
type facts uint16

const (
	hasTOTP facts = 1 << iota
	hasAttachment
	hasNote
	hasPassword
	hasField
	hasUsername
	hasURL
	hasTag
	isFavourite
	isArchived
	isTrashed
	isWeak
	isReused
	isExposed
	isOld
)

const isFinding = isWeak | isReused | isExposed | isOld

// factName is a value of has: or is:.
type factName struct {
	value string
	fact  facts
}

var (
	hasValues = []factName{
		{"totp", hasTOTP}, {"attachment", hasAttachment}, {"note", hasNote}, {"password", hasPassword}, {"field", hasField},
		{"username", hasUsername}, {"url", hasURL}, {"tag", hasTag},
	}
	isValues = []factName{
		{"favourite", isFavourite}, {"favorite", isFavourite}, {"archived", isArchived}, {"trashed", isTrashed},
		{"weak", isWeak}, {"reused", isReused}, {"exposed", isExposed}, {"old", isOld},
	}
)

// factNamed also takes the plural of a value, and its beginning, which is still being typed; 0: there is none.
func factNamed(names []factName, value string) (f facts) {
	for _, n := range names {
		if n.value == strings.TrimSuffix(value, "s") {
			return n.fact
		}
		if strings.HasPrefix(n.value, value) {
			f |= n.fact
		}
	}
	return f
}

// finding returns the health finding that a word names.
func finding(word string) facts {
	for _, n := range isValues {
		if n.value == word {
			return n.fact & isFinding
		}
	}
	return 0
}

// parsed is the text of a query. See Query.Text for its grammar.
type parsed struct {
	text              string   // the words, joined: what a title may begin with
	words             []string // folded; an item must have each
	without           []string // an item must have none
	tests             []func(*Entry) bool
	asks              facts // of items, by operators and by words that are also findings
	archived, trashed bool
	hints             []Hint
	unknown           []string // words that look like an operator
	plain             bool     // words only, so a longer text finds a part of what a shorter one finds

	findings map[string]facts // by account id, if they are asked for
}

// parse reads the text of a query. Fold also makes plain quotation marks and hyphens of those that phones insert.
func (v *Replica) parse(q Query) parsed {
	p := parsed{plain: true}
	if q.Literal {
		p.words = strings.Fields(fold(q.Text))
	} else {
		for rest := fold(q.Text); ; {
			var t term
			if t, rest = nextTerm(rest); t == (term{}) {
				break
			}
			v.add(&p, t)
		}
	}
	p.text = strings.Join(p.words, " ")
	if p.asks&isFinding != 0 {
		p.findings = v.findings()
	}
	return p
}

// term is one part of a query: -name:"value". Without a name it is text.
type term struct {
	not    bool
	quoted bool
	name   string
	value  string
}

// nextTerm cuts the first term off. The zero term is the end.
func nextTerm(s string) (t term, rest string) {
	s = strings.TrimLeftFunc(s, unicode.IsSpace)
	if len(s) > 1 && s[0] == '-' && (wordByte(s[1]) || s[1] == '"') {
		t.not, s = true, s[1:]
	}
	if t.value, rest, t.quoted = cutQuoted(s); t.quoted {
		return t, rest
	}
	end := strings.IndexFunc(s, unicode.IsSpace)
	if end < 0 {
		end = len(s)
	}
	name, value, named := strings.Cut(s[:end], ":")
	if !named || !slices.Contains(operators, name) || strings.HasPrefix(value, "//") {
		t.value = s[:end]
		return t, s[end:]
	}
	t.name = name
	if quoted, after, ok := cutQuoted(s[len(name)+1:]); ok {
		t.value, t.quoted = quoted, true
		return t, after
	}
	t.value = value
	return t, s[end:]
}

// cutQuoted cuts off a text in quotation marks. The second mark may still be missing.
func cutQuoted(s string) (quoted, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		return "", s, false
	}
	quoted, rest, _ = strings.Cut(s[1:], `"`)
	return strings.Join(strings.Fields(quoted), " "), rest, true
}

func (v *Replica) add(p *parsed, t term) {
	if t.value == "" { // still being typed
		p.plain = false
		return
	}
	if t.name == "" {
		p.addText(t)
		return
	}
	p.plain = false
	test := v.test(p, t)
	if test == nil {
		p.hints = append(p.hints, Hint{HintValue, t.name + ":" + t.value})
		t.value, t.name = t.name+":"+t.value, ""
		p.addText(t)
		return
	}
	p.tests = append(p.tests, func(e *Entry) bool { return test(e) != t.not })
}

func (p *parsed) addText(t term) {
	if t.not {
		p.plain = false
		p.without = append(p.without, t.value)
		return
	}
	p.words = append(p.words, t.value)
	if t.quoted {
		p.plain = false
		return
	}
	if f := finding(t.value); f != 0 {
		p.plain = false
		p.asks |= f
	}
	if looksLikeOperator(t.value) {
		p.unknown = append(p.unknown, t.value)
	}
}

func looksLikeOperator(word string) bool {
	name, value, named := strings.Cut(word, ":")
	return named && !slices.Contains(operators, name) && len(name) > 1 && !strings.HasPrefix(value, "//") &&
		!strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) })
}

var operators = []string{"type", "tag", "has", "is", "title", "username", "url", "site"}

// test returns the test of a term; nil: the operator has no such value.
func (v *Replica) test(p *parsed, t term) func(*Entry) bool {
	in := func(s string) bool { return strings.Contains(s, t.value) }
	switch t.name {
	case "type":
		return byType(t.value)
	case "tag":
		return v.byTag(t)
	case "has":
		return p.byFact(factNamed(hasValues, t.value))
	case "is":
		f := factNamed(isValues, t.value)
		p.archived = p.archived || f == isArchived && !t.not
		p.trashed = p.trashed || f == isTrashed && !t.not
		return p.byFact(f)
	case "title":
		return func(e *Entry) bool { return in(e.title) }
	case "username":
		return func(e *Entry) bool { return in(fold(e.Overview.Username)) }
	}
	return func(e *Entry) bool {
		return slices.ContainsFunc(e.Overview.URLs, func(u string) bool { return in(fold(u)) })
	}
}

// byType also takes the plural of a type, and its beginning, which is still being typed.
func byType(value string) func(*Entry) bool {
	wanted := item.Type(strings.ReplaceAll(strings.ReplaceAll(value, "-", "_"), " ", "_"))
	var types []item.Type
	for _, known := range item.Types {
		if known == wanted || known+"s" == wanted {
			types = []item.Type{known}
			break
		}
		if strings.HasPrefix(string(known), string(wanted)) {
			types = append(types, known)
		}
	}
	if types == nil {
		return nil
	}
	return func(e *Entry) bool { return slices.Contains(types, e.Overview.Type) }
}

// byTag selects the tags with this name, in any case. If there is none, it selects those that begin with it.
func (v *Replica) byTag(t term) func(*Entry) bool {
	var same, begin []string
	for _, tag := range v.Tags() {
		switch name := fold(tag); {
		case name == t.value:
			same = append(same, tag)
		case !t.quoted && strings.HasPrefix(name, t.value):
			begin = append(begin, tag)
		}
	}
	if same == nil {
		same = begin
	}
	return func(e *Entry) bool {
		return slices.ContainsFunc(e.Overview.Tags, func(tag string) bool { return slices.Contains(same, tag) })
	}
}

func (p *parsed) byFact(wanted facts) func(*Entry) bool {
	if wanted == 0 {
		return nil
	}
	p.asks |= wanted
	return func(e *Entry) bool { return p.factsOf(e)&wanted != 0 }
}

// factsOf returns the facts of an item that are known by now.
func (p *parsed) factsOf(e *Entry) facts {
	it := &e.Overview
	f := p.findings[e.ID] | factIf(it.Favourite, isFavourite) | factIf(!it.Archived.IsZero(), isArchived) | factIf(!it.Trashed.IsZero(), isTrashed) |
		factIf(it.Username != "", hasUsername) | factIf(len(it.URLs) > 0, hasURL) | factIf(len(it.Tags) > 0, hasTag)
	if in := e.details.Load(); in != nil {
		f |= in.has
	}
	return f
}

func factIf(is bool, f facts) facts {
	if is {
		return f
	}
	return 0
}

// Hints returns remarks about the text of a query, for those who call Search.
func (v *Replica) Hints(q Query) []Hint {
	return v.search(q).query.hints
}

// closestAtMost is the number of items that Closest returns.
const closestAtMost = 3

// Closest returns the items with the titles that resemble the words of a query most, for a search without a result. It allows for
// one wrong letter in a word, and for two in a long one.
func (v *Replica) Closest(q Query) []Summary {
	words := v.parse(q).words
	var byDistance [2*maxDistance + 1][]Summary
	for _, e := range v.sorted {
		if !q.admits(e) || e.Err != nil {
			continue
		}
		if d := distance(words, strings.Fields(e.title)); d > 0 && d < len(byDistance) && len(byDistance[d]) < closestAtMost {
			byDistance[d] = append(byDistance[d], e.summary())
		}
	}
	closest := slices.Concat(byDistance[:]...)
	return closest[:min(len(closest), closestAtMost)]
}

const (
	maxDistance = 2
	longWord    = 6  // letters, from which on two may be wrong
	maxCompared = 32 // letters
)

// distance adds up how far each word is from the word of the title that is closest to it; -1: too far.
func distance(words, title []string) int {
	sum := 0
	for _, w := range words {
		word := []rune(w)
		allowed := 0
		if len(word) > 2 {
			allowed = 1
		}
		if len(word) >= longWord {
			allowed = maxDistance
		}
		best := allowed + 1
		for _, t := range title {
			best = min(best, typos(word, []rune(t), allowed))
		}
		if best > allowed {
			return -1
		}
		sum += best
	}
	return sum
}

// typos counts letters that are missing, surplus, different or in the wrong order, up to one more than allowed. The user may have
// typed only the beginning of the word.
func typos(typed, word []rune, allowed int) int {
	if len(word) > len(typed) {
		if n := editDistance(typed, word[:len(typed)]); n <= allowed {
			return n
		}
	}
	if len(typed) > maxCompared || len(word) > len(typed)+allowed || len(typed) > len(word)+allowed {
		return allowed + 1
	}
	return editDistance(typed, word)
}

// editDistance is the distance of Damerau and Levenshtein, with adjacent transpositions.
func editDistance(a, b []rune) int {
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(row[j]+cost, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}

// appendHints appends hints as a member of a JSON object.
func appendHints(b []byte, hints []Hint) []byte {
	for i, h := range hints {
		if i == 0 {
			b = append(b, `,"hints":[`...)
		} else {
			b = append(b, ',')
		}
		b = item.AppendString(append(b, `{"code":`...), string(h.Code))
		if h.Word != "" {
			b = item.AppendString(append(b, `,"word":`...), h.Word)
		}
		b = append(b, '}')
	}
	if len(hints) > 0 {
		b = append(b, ']')
	}
	return b
}
