package item

import (
	"slices"
	"strings"
)

// Unknown is what a newer version wrote and this one does not understand, in canonical JSON: an object with the members, or, for an
// element of a list, whatever is there in place of an object. It also holds the members that this version knows by name, with a
// value of another type. An older client carries it along, byte for byte.
type Unknown string

// pending goes through the members of an Unknown.
type pending struct {
	r           reader
	name, value string
	text        string // name and value
	ok          bool   // there is one
}

func (u Unknown) members() pending {
	p := pending{r: reader{s: string(u)}}
	if p.r.eat('{') {
		p.next()
	}
	return p
}

func (p *pending) next() {
	p.ok = false
	p.r.eat(',')
	start := p.r.i
	if p.r.peek() != '"' {
		return
	}
	name, err := p.r.name()
	value := p.r.i
	if err == nil && p.r.skip(maxDepth) == nil {
		p.name, p.value, p.text, p.ok = name, p.r.s[value:p.r.i], p.r.s[start:p.r.i], true
	}
}

func (p *pending) append(b []byte) []byte {
	b = append(comma(b), p.text...)
	p.next()
	return b
}

// Has reports whether there is a member of the name.
func (u Unknown) Has(name string) bool {
	p := u.members()
	for p.ok && p.name != name {
		p.next()
	}
	return p.ok
}

// with adds the members of other that are not there. ok is false if one is there with another value.
func (u Unknown) with(other Unknown) (both Unknown, ok bool) {
	if u == other || other == "" {
		return u, true
	}
	a, b := u.members(), other.members()
	out := []byte{'{'}
	for a.ok || b.ok {
		switch {
		case a.ok && b.ok && a.name == b.name:
			if a.value != b.value {
				return u, false
			}
			b.next()
			out = a.append(out)
		case !b.ok || a.ok && before(a.name, b.name):
			out = a.append(out)
		default:
			out = b.append(out)
		}
	}
	return Unknown(append(out, '}')), true
}

// canonical reports whether an object, or an element of a list, can be written with it.
func (u Unknown) canonical(element bool) bool {
	r := &reader{s: string(u)}
	err := r.fail("")
	switch {
	case r.peek() == '{':
		err = r.object(func(string, int) error { return r.skip(maxDepth) })
	case element:
		err = r.skip(maxDepth)
	}
	return err == nil && r.end() == nil
}

// Row is one line of a table of fields.
type Row struct {
	Name     string // in the encoding and in JSON
	Label    string // key of the page's message; empty: the page has no line for it
	Limit    int    // characters of the text, or of each text
	MaxCount     int    // elements of the list
	Required bool
	Merge    MergeRule
	Import   ImportRule
	Search   bool  // a search looks at its texts
	Hidden   bool  // shown only when asked for
	Input    Input // how the page lets people type it
}

// Input is what people type into a line of a card, an identity or an SSH key.
type Input string

const (
	InputText    Input = ""
	InputLines   Input = "lines"
	InputEmail   Input = "email"
	InputPhone   Input = "tel"
	InputNumeric Input = "numeric"
)

// member is a row with its place in a struct, and the kind of the value there.
type member struct {
	Row
	at      func(v any) any // from the pointer to the struct to the pointer that kind takes
	kind    *kind
	checked func(v any) *FieldError       // beyond what the kind checks
	found   func(v any, add func(string)) // in place of the texts of the kind
}

func (m *member) empty(v any) bool        { return m.kind.empty(m.at(v)) }
func (m *member) same(a, b any) bool      { return m.kind.same(m.at(a), m.at(b)) }
func (m *member) take(to, from any)       { m.kind.take(m.at(to), m.at(from)) }
func (m *member) join(to, base, mine any) { m.kind.join(m.at(to), m.at(base), m.at(mine)) }

// object is a table of the members of a struct. It is not generic, because the browser's core would hold it once for each struct.
type object struct {
	members []member  // in the order in which people see them
	sorted  []*member // by name, as they are encoded
	unknown func(any) *Unknown
	element bool // of a list, in which a newer version may have put something else
}

func objectOf(unknown func(any) *Unknown, members ...member) *object {
	o := &object{members: members, unknown: unknown}
	for i := range members {
		m := &members[i]
		at, _ := slices.BinarySearchFunc(o.sorted, m.Name, func(m *member, name string) int { return strings.Compare(m.Name, name) })
		o.sorted = slices.Insert(o.sorted, at, m)
	}
	return o
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (o *object) rows() []Row {
	out := make([]Row, len(o.members))
	for i, m := range o.members {
		out[i] = m.Row
	}
	return out
}

func (o *object) read(r *reader, v any) error {
	var unknown []byte
	next := 0
	err := r.object(func(name string, start int) error {
		for next < len(o.sorted) && o.sorted[next].Name < name {
			next++
		}
		if next < len(o.sorted) && o.sorted[next].Name == name {
			value := r.i
			m := o.sorted[next]
			p := m.at(v)
			if m.kind.read(r, p) == nil && (r.peek() == ',' || r.peek() == '}') {
				return nil
			}
			m.kind.clear(p)
			r.i = value // a value of another type, if it is one
		}
		if err := r.skip(maxDepth); err != nil {
			return err
		}
		unknown = append(append(unknown, ",{"[b2i(unknown == nil)]), r.s[start:r.i]...)
		return nil
	})
	if unknown != nil {
		*o.unknown(v) = Unknown(append(unknown, '}'))
	}
	return err
}

func (o *object) readAll(plaintext []byte, v any) error {
	r := &reader{s: string(plaintext)}
	if err := o.read(r, v); err != nil {
		return err
	}
	return r.end()
}

func (o *object) readElement(r *reader, v any) error {
	start := r.i
	if r.peek() == '{' {
		return o.read(r, v)
	}
	err := r.skip(maxDepth)
	*o.unknown(v) = Unknown(r.s[start:r.i])
	return err
}

// foreign reports whether v is an element that is no object.
func (o *object) foreign(u Unknown) bool { return o.element && u != "" && u[0] != '{' }

func (o *object) append(b []byte, v any) []byte {
	u := *o.unknown(v)
	if o.foreign(u) {
		return append(b, u...)
	}
	b = append(b, '{')
	p := u.members()
	for _, m := range o.sorted {
		for p.ok && before(p.name, m.Name) {
			b = p.append(b)
		}
		b = m.append(b, v, &p)
	}
	for p.ok {
		b = p.append(b)
	}
	return append(b, '}')
}

// append takes p past the member. What a newer version has there goes before ours.
func (m *member) append(b []byte, v any, p *pending) []byte {
	empty := m.empty(v)
	if p.ok && p.name == m.Name {
		if empty || !m.overrides(p.value) {
			return p.append(b)
		}
		p.next()
	}
	if empty {
		return b
	}
	b = append(append(append(comma(b), '"'), m.Name...), '"', ':')
	return m.kind.append(b, m.at(v))
}

func comma(b []byte) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return b
}

// overrides reports whether a value of ours may take the place of a newer version's, because nothing is lost: it says nothing, or
// is the time of a change, which every change replaces.
func (r *Row) overrides(value string) bool {
	return r.Merge == MergeStamp || slices.Contains([]string{`""`, "0", "false", "null", "[]", "{}"}, value)
}

// same leaves out the times that saving sets.
func (o *object) same(a, b any) bool {
	if *o.unknown(a) != *o.unknown(b) {
		return false
	}
	for i := range o.members {
		if m := &o.members[i]; m.Merge < MergeNever && !m.same(a, b) {
			return false
		}
	}
	return true
}

func (o *object) empty(v any) bool {
	return *o.unknown(v) == "" && !slices.ContainsFunc(o.sorted, func(m *member) bool { return !m.empty(v) })
}

func (o *object) unshare(v any) {
	for i := range o.members {
		if m := &o.members[i]; m.kind.unshare != nil {
			m.kind.unshare(m.at(v))
		}
	}
}

func (o *object) tidy(v any) {
	for i := range o.members {
		if m := &o.members[i]; m.kind.tidy != nil {
			m.kind.tidy(m.at(v))
		}
	}
}

func (o *object) texts(v any, add func(string)) {
	for i := range o.members {
		switch m := &o.members[i]; {
		case !m.Search:
		case m.found != nil:
			m.found(v, add)
		default:
			m.kind.texts(m.at(v), add)
		}
	}
}

func (o *object) check(v any) *FieldError {
	u := *o.unknown(v)
	if u != "" && !u.canonical(o.element) {
		return &FieldError{Field: "unknown", Rule: RuleForm, Reason: "is not canonical JSON"}
	}
	if o.foreign(u) {
		return nil
	}
	for i := range o.members {
		m := &o.members[i]
		if err := m.wrong(u, v, o.element && u != ""); err != nil {
			return err
		}
	}
	return nil
}

// wrong is what is wrong with a member. Of an element that a newer version wrote, something else than usual may be missing.
func (m *member) wrong(u Unknown, v any, lenient bool) *FieldError {
	if u.Has(m.Name) {
		if !m.empty(v) && m.Merge < MergeNever && !m.overrides(u.value(m.Name)) {
			return &FieldError{Field: m.Name, Rule: RuleNewer, Reason: "was written by a newer version of VaultSphere"}
		}
		return nil
	}
	if m.empty(v) && lenient {
		return nil
	}
	if m.empty(v) && m.Required {
		return &FieldError{Field: m.Name, Rule: RuleNeeded, Reason: "must not be empty"}
	}
	if m.kind.check != nil {
		if err := m.kind.check(&m.Row, m.at(v)); err != nil {
			return err.in(m.Name)
		}
	}
	if m.checked != nil {
		return m.checked(v)
	}
	return nil
}

func (u Unknown) value(name string) string {
	p := u.members()
	for p.ok && p.name != name {
		p.next()
	}
	return p.value
}
