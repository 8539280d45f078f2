package item

import (
	"slices"
	"strings"
)

// Unknown preserves what a newer version wrote and this one does not understand, byte for byte. It is canonical JSON: an object with the
// unknown members, or any value in place of an element of a list. A known member whose value has another type is unknown, too.
type Unknown string

// pending iterates over the members of an Unknown.
type pending struct {
	r           reader
	name, value string
	text        string // name and value
	ok          bool   // false at the end
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

// Has reports whether u has a member of this name.
func (u Unknown) Has(name string) bool {
	p := u.members()
	for p.ok && p.name != name {
		p.next()
	}
	return p.ok
}

// with adds the members of other. ok is false if a member has different values.
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

// canonical reports whether u is canonical JSON: an object, or any value if it belongs to an element of a list.
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

// Row is a row of a table of fields.
type Row struct {
	Name     string // in the sealed encoding and in JSON
	Label    string // key of the page's message; empty: not on the page
	Limit    int    // characters of the text, or of each text
	MaxCount int    // elements of the list
	Required bool
	Merge    MergeRule
	Import   ImportRule
	Search   bool   // searchable
	Hidden   bool   // shown only on request
	Input    Input  // input control of the page
	Fixed    bool   // not editable: an edit takes it over from the stored item
	Type     Type   // the only type with this field; empty: all types
	Table    string // table (see Rows) of the members of the object, or of the elements
	Shape    Shape  // set by Rows
}

// Shape is the shape of a value in the JSON of an Item.
type Shape int

const (
	ShapeText    Shape = iota
	ShapeFlag          // true or false
	ShapeTexts         // a list of texts
	ShapeObject        // with the members of Row.Table
	ShapeObjects       // a list of such objects
	ShapeMap           // from texts to texts
)

// Input is the input control for a text of a part.
type Input string

const (
	InputText    Input = ""
	InputLines   Input = "lines"
	InputEmail   Input = "email"
	InputPhone   Input = "tel"
	InputNumeric Input = "numeric"
	InputDate    Input = "date" // YYYY-MM-DD; imports may have another text
)

// member is a row with its field in a struct and the kind of the value.
type member struct {
	Row
	at    func(v any) any // pointer to the field, from a pointer to the struct
	kind  *kind
	extra func(v any) *FieldError       // in addition to the check of the kind
	found func(v any, add func(string)) // instead of the texts of the kind
}

func (m *member) empty(v any) bool        { return m.kind.empty(m.at(v)) }
func (m *member) same(a, b any) bool      { return m.kind.same(m.at(a), m.at(b)) }
func (m *member) take(to, from any)       { m.kind.take(m.at(to), m.at(from)) }
func (m *member) join(to, base, mine any) { m.kind.join(m.at(to), m.at(base), m.at(mine)) }

// object is the table of a struct. It is not generic, because the WebAssembly module would contain the code once for each struct.
type object struct {
	members []member  // in the order of the page
	sorted  []*member // by name, the order of the encoding
	unknown func(any) *Unknown
	element bool // of a list; in its place, a newer version may have another value
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

// member returns the row of that name, or nil.
func (o *object) member(name string) *member {
	i := slices.IndexFunc(o.members, func(m member) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return &o.members[i]
}

func (o *object) rows() []Row {
	out := make([]Row, len(o.members))
	for i, m := range o.members {
		out[i] = m.Row
		out[i].Shape = m.kind.shape
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
			r.i = value // has another type: read it again as unknown
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

// foreign reports whether u is an element of a list that is not an object.
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

// append appends the member, and advances p past it. A value that a newer version wrote has precedence.
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

// overrides reports whether our value may replace that of a newer version without a loss: that value is empty, or the row is the time of
// the last change.
func (r *Row) overrides(value string) bool {
	return r.Merge == MergeStamp || slices.Contains([]string{`""`, "0", "false", "null", "[]", "{}"}, value)
}

// same ignores the times that a save sets.
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

func (o *object) values(v any, prefix string, out []Value) []Value {
	for i := range o.members {
		m := &o.members[i]
		if m.empty(v) {
			continue
		}
		p := m.at(v)
		if s, ok := p.(*string); ok {
			out = append(out, Value{prefix + m.Name, *s, m.Hidden})
		}
		if m.kind.part != nil {
			out = m.kind.part.values(m.kind.get(p), m.Name+".", out)
		}
	}
	return out
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
		if err := m.check(u, v, o.element && u != ""); err != nil {
			return err
		}
	}
	return nil
}

// check validates a member. It is lenient for an element that a newer version wrote: required members can be missing.
func (m *member) check(u Unknown, v any, lenient bool) *FieldError {
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
	if m.extra != nil {
		return m.extra(v)
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
