package item

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kind has the operations on the values of one type. All functions take pointers to values. It is not generic, because the WebAssembly
// module would contain most of the code once for each type.
type kind struct {
	shape   Shape
	empty   func(p any) bool
	read    func(r *reader, p any) error // into an empty value; an error means that the text has another type
	append  func(b []byte, p any) []byte // of a non-empty value
	same    func(a, b any) bool
	take    func(to, from any)
	clear   func(p any)
	unshare func(p any)                       // may be nil, like all below
	tidy    func(p any)                       // normalises what users type
	check   func(row *Row, p any) *FieldError // checks the limits of the row
	texts   func(p any, add func(string))     // the searchable texts
	part    *object                           // the table of a part, which get returns and add makes
	get     func(p any) any
	add     func(p any)
	join    func(to, base, mine any) // adds to and removes from a list what mine added to and removed from base
}

// plain returns a kind for comparable values, without the optional functions.
func plain[V comparable](read func(*reader, *V) error, write func([]byte, *V) []byte) kind {
	return kind{
		empty:  func(p any) bool { return *p.(*V) == *new(V) },
		read:   func(r *reader, p any) error { return read(r, p.(*V)) },
		append: func(b []byte, p any) []byte { return write(b, p.(*V)) },
		same:   func(a, b any) bool { return *a.(*V) == *b.(*V) },
		take:   func(to, from any) { *to.(*V) = *from.(*V) },
		clear:  func(p any) { *p.(*V) = *new(V) },
	}
}

var (
	text     = textKind(checkText, nil)               // any number of lines
	line     = textKind(checkLine, oneLine)           // trimmed
	key      = textKind(checkLine, strings.TrimSpace) // a line whose inner characters stay
	filename = textKind(checkLine, nil)
	lastFour = lastFourKind() // a number, searchable by its last four letters or digits
	flag     = flagKind()
	number   = numberKind()
	moment   = timeKind()
	lines    = listKind(ShapeTexts, elementsOf[string](), lineElement(), func(p any) { *p.(*[]string) = distinct(*p.(*[]string)) })
	word     = typeKind()
	rules    = matchKind()
)

func textKind(check func(*Row, any) *FieldError, tidy func(string) string) *kind {
	k := plain((*reader).text, func(b []byte, s *string) []byte { return AppendString(b, *s) })
	k.check = check
	k.texts = func(p any, add func(string)) { add(*p.(*string)) }
	if tidy != nil {
		k.tidy = func(p any) { *p.(*string) = tidy(*p.(*string)) }
	}
	return &k
}

// shownEnd is the number of characters at the end of a number that are not secret.
const shownEnd = 4

// short returns the letters and digits of a number.
func short(number string) string {
	return strings.Map(func(r rune) rune {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return -1
		}
		return r
	}, number)
}

func lastFourKind() *kind {
	k := textKind(checkText, nil)
	k.texts = func(p any, add func(string)) {
		short := short(*p.(*string))
		add(short[max(0, len(short)-shownEnd):])
	}
	return k
}

func flagKind() *kind {
	k := plain((*reader).yes, func(b []byte, _ *bool) []byte { return append(b, "true"...) })
	k.shape = ShapeFlag
	return &k
}

func numberKind() *kind {
	k := plain(func(r *reader, n *int64) (err error) { *n, err = r.integer(); return err },
		func(b []byte, n *int64) []byte { return strconv.AppendInt(b, *n, 10) })
	return &k
}

// timeKind encodes times as Unix milliseconds.
func timeKind() *kind {
	k := plain(func(r *reader, t *time.Time) error {
		ms, err := r.integer()
		if *t = time.UnixMilli(ms).UTC(); err == nil && !representable(*t).Equal(*t) {
			err = r.fail("time out of range")
		}
		return err
	}, func(b []byte, t *time.Time) []byte { return strconv.AppendInt(b, t.UnixMilli(), 10) })
	k.empty = func(p any) bool { return p.(*time.Time).IsZero() || p.(*time.Time).UnixMilli() == 0 }
	k.same = func(a, b any) bool { return a.(*time.Time).Equal(*b.(*time.Time)) }
	k.tidy = func(p any) { *p.(*time.Time) = wholeMillis(*p.(*time.Time)) }
	return &k
}

func typeKind() *kind {
	k := plain(func(r *reader, t *Type) error {
		err := r.text((*string)(t))
		if err == nil && !validType(*t) {
			err = r.fail("invalid type")
		}
		return err
	}, func(b []byte, t *Type) []byte { return AppendString(b, string(*t)) })
	return &k
}

// elements has the operations on a list that depend on the type of its elements.
type elements struct {
	size  func(l any) int
	at    func(l any, i int) any
	add   func(l, e any) any // appends a copy of e, or an empty element if e is nil; returns a pointer to it
	fresh func() any
	clone func(l any)
	take  func(to, from any)
}

func elementsOf[E any]() elements {
	return elements{
		size: func(l any) int { return len(*l.(*[]E)) },
		at:   func(l any, i int) any { return &(*l.(*[]E))[i] },
		add: func(l, e any) any {
			if e == nil {
				e = new(E)
			}
			list := l.(*[]E)
			*list = append(*list, *e.(*E))
			return &(*list)[len(*list)-1]
		},
		fresh: func() any { return new([]E) },
		clone: func(l any) { *l.(*[]E) = slices.Clone(*l.(*[]E)) },
		take:  func(to, from any) { *to.(*[]E) = *from.(*[]E) },
	}
}

func lineElement() kind {
	e := *line
	e.check = func(row *Row, p any) *FieldError {
		if *p.(*string) == "" {
			return &FieldError{Rule: RuleNeeded, Reason: "must not be empty"}
		}
		return checkLine(row, p)
	}
	return e
}

// sequence is a list whose elements have a kind.
type sequence struct {
	elements
	element kind
}

func listKind(shape Shape, s elements, e kind, tidy func(p any)) *kind {
	l := sequence{s, e}
	return &kind{
		shape: shape,
		empty: func(p any) bool { return s.size(p) == 0 },
		read: func(r *reader, p any) error {
			return r.list(func() error { return e.read(r, s.add(p, nil)) })
		},
		append: l.append, same: l.same, take: s.take, clear: func(p any) { s.take(p, s.fresh()) },
		unshare: s.clone, tidy: tidy, check: l.check, texts: l.texts, join: l.join,
	}
}

func (l sequence) append(b []byte, p any) []byte {
	for i := range l.size(p) {
		b = l.element.append(append(b, ",["[b2i(i == 0)]), l.at(p, i))
	}
	return append(b, ']')
}

func (l sequence) same(a, b any) bool {
	n := l.size(a)
	for i := range n {
		if n != l.size(b) || !l.element.same(l.at(a, i), l.at(b, i)) {
			return false
		}
	}
	return n == l.size(b)
}

func (l sequence) has(p, e any) bool {
	for i := range l.size(p) {
		if l.element.same(l.at(p, i), e) {
			return true
		}
	}
	return false
}

func (l sequence) check(row *Row, p any) *FieldError {
	n := l.size(p)
	if n > row.MaxCount {
		return &FieldError{Rule: RuleCount, Have: n, Limit: row.MaxCount, Reason: fmt.Sprintf("at most %d, there are %d", row.MaxCount, n)}
	}
	for i := range n {
		if err := l.element.check(row, l.at(p, i)); err != nil {
			return err.in("[" + strconv.Itoa(i) + "]")
		}
	}
	return nil
}

func (l sequence) texts(p any, add func(string)) {
	for i := range l.size(p) {
		l.element.texts(l.at(p, i), add)
	}
}

func (l sequence) join(to, base, mine any) {
	if l.same(to, base) {
		l.take(to, mine) // keeps the order of mine
		return
	}
	out := l.fresh()
	for i := range l.size(to) {
		if e := l.at(to, i); l.has(mine, e) || !l.has(base, e) {
			l.add(out, e)
		}
	}
	for i := range l.size(mine) {
		if e := l.at(mine, i); !l.has(base, e) && !l.has(out, e) {
			l.add(out, e)
		}
	}
	l.take(to, out)
}

// list is the kind of a list of objects. Tidying removes the objects for which nonEmpty is false; a nil nonEmpty keeps all.
func list[E any](o *object, nonEmpty func(*E) bool) *kind {
	o.element = true
	s := elementsOf[E]()
	return listKind(ShapeObjects, s, kind{
		read: o.readElement, append: o.append, same: o.same, texts: o.texts,
		check: func(_ *Row, p any) *FieldError { return o.check(p) },
	}, func(p any) {
		out := s.fresh()
		for i := range s.size(p) {
			e := s.at(p, i)
			o.tidy(e)
			if nonEmpty == nil || *o.unknown(e) != "" || nonEmpty(e.(*E)) {
				s.add(out, e)
			}
		}
		s.take(p, out)
	})
}

// part is the kind of an optional object.
func part[P any](o *object) *kind {
	k := plain(func(r *reader, p **P) error {
		*p = new(P)
		return o.read(r, *p)
	}, func(b []byte, p **P) []byte { return o.append(b, *p) })
	k.get = func(p any) any { return *p.(**P) }
	k.add = func(p any) { *p.(**P) = new(P) }
	return partKind(o, k, func(p any) { c := **p.(**P); *p.(**P) = &c })
}

func partKind(o *object, k kind, clone func(any)) *kind {
	empty, get := k.empty, k.get
	k.shape, k.part = ShapeObject, o
	k.same = func(a, b any) bool { return empty(a) && empty(b) || !empty(a) && !empty(b) && o.same(get(a), get(b)) }
	k.unshare = func(p any) {
		if !empty(p) {
			clone(p)
		}
	}
	k.tidy = func(p any) {
		if !empty(p) && o.empty(get(p)) {
			k.clear(p)
		}
	}
	k.check = func(_ *Row, p any) *FieldError {
		if empty(p) {
			return nil
		}
		return o.check(get(p))
	}
	k.texts = func(p any, add func(string)) {
		if !empty(p) {
			o.texts(get(p), add)
		}
	}
	return &k
}

// urlRule is the encoding of a rule in Item.Match.
type urlRule struct {
	Rule    MatchRule
	URL     string
	Unknown Unknown
}

var urlRules = objectOf(func(v any) *Unknown { return &v.(*urlRule).Unknown },
	member{Row: Row{Name: "rule"}, at: func(v any) any { return &v.(*urlRule).Rule }, kind: ruleKind()},
	member{Row: Row{Name: "url"}, at: func(v any) any { return &v.(*urlRule).URL }, kind: text},
)

func ruleKind() *kind {
	k := plain(func(r *reader, rule *MatchRule) error {
		err := r.text((*string)(rule))
		if err == nil && !rule.Known() {
			err = r.fail("unknown rule")
		}
		return err
	}, func(b []byte, rule *MatchRule) []byte { return AppendString(b, string(*rule)) })
	return &k
}

// matchKind encodes the rules in ascending order of their URLs.
func matchKind() *kind {
	type match = map[string]MatchRule
	return &kind{
		shape:   ShapeMap,
		empty:   func(p any) bool { return len(*p.(*match)) == 0 },
		read:    func(r *reader, p any) error { return readMatch(r, p.(*match)) },
		append:  func(b []byte, p any) []byte { return appendMatch(b, *p.(*match)) },
		same:    func(a, b any) bool { return maps.Equal(*a.(*match), *b.(*match)) },
		take:    func(to, from any) { *to.(*match) = *from.(*match) },
		clear:   func(p any) { *p.(*match) = nil },
		unshare: func(p any) { *p.(*match) = maps.Clone(*p.(*match)) },
	}
}

func readMatch(r *reader, m *map[string]MatchRule) error {
	*m = map[string]MatchRule{}
	last := ""
	return r.list(func() error {
		var u urlRule
		if err := urlRules.read(r, &u); err != nil {
			return err
		}
		if len(*m) > 0 && u.URL <= last {
			return r.fail("URLs are not in order")
		}
		rule := u.Rule
		if last, u.URL = u.URL, ""; u.Unknown != "" || rule == MatchDomain {
			rule = MatchRule(urlRules.append(nil, &u))
		}
		(*m)[last] = rule
		return nil
	})
}

func appendMatch(b []byte, m map[string]MatchRule) []byte {
	for i, url := range slices.Sorted(maps.Keys(m)) {
		u := urlRule{Rule: m[url], URL: url}
		if u.Rule.Newer() {
			u.Rule, u.Unknown = "", Unknown(u.Rule)
		}
		b = urlRules.append(append(b, ",["[b2i(i == 0)]), &u)
	}
	return append(b, ']')
}

// The kind of a custom field is encoded as two members: hidden is true for FieldHidden, and kind has the other kinds.
func hiddenKind() *kind {
	k := fieldKind(func(f *Field) bool { return f.Kind == FieldHidden })
	k.read = func(r *reader, p any) error {
		var yes bool
		err := r.yes(&yes)
		if err == nil {
			p.(*Field).Kind = FieldHidden
		}
		return err
	}
	k.append = func(b []byte, _ any) []byte { return append(b, "true"...) }
	return k
}

func wordKind() *kind {
	k := fieldKind(func(f *Field) bool { return f.Kind != FieldHidden && f.Kind != FieldText })
	k.read = func(r *reader, p any) error {
		var s string
		err := r.text(&s)
		if kind := FieldKind(s); err == nil && (p.(*Field).Kind == FieldHidden || kind == FieldHidden || !kind.Known()) {
			return r.fail("unknown kind")
		}
		if err == nil {
			p.(*Field).Kind = FieldKind(s)
		}
		return err
	}
	k.append = func(b []byte, p any) []byte { return AppendString(b, string(p.(*Field).Kind)) }
	return k
}

func fieldKind(applies func(*Field) bool) *kind {
	return &kind{
		empty: func(p any) bool { return !applies(p.(*Field)) },
		same:  func(a, b any) bool { return a.(*Field).Kind == b.(*Field).Kind },
		take:  func(to, from any) { to.(*Field).Kind = from.(*Field).Kind },
		clear: func(p any) {
			if f := p.(*Field); applies(f) {
				f.Kind = FieldText
			}
		},
	}
}
