package item

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// The canonical form is a subset of RFC 8785: no white space; unique names in ascending order; strings in UTF-8 with the shortest
// escapes; no empty strings, lists or objects, no zero, no false. Every accepted text is written back as the same bytes. So reading
// and writing never alters a record, and two readers cannot disagree about its meaning.

// ErrMalformed is returned for a plaintext that is not an item in canonical form.
var ErrMalformed = errors.New("record is not an item")

// maxDepth bounds the nesting of unknown values, to protect the stack.
const maxDepth = 32

const maxInteger = 1<<53 - 1 // every JSON reader represents it exactly (RFC 7493 §2.2)

type reader struct {
	s string
	i int
}

func (r *reader) fail(why string) error {
	return fmt.Errorf("%w: %s at byte %d", ErrMalformed, why, r.i)
}

func (r *reader) peek() byte {
	if r.i < len(r.s) {
		return r.s[r.i]
	}
	return 0
}

func (r *reader) eat(c byte) bool {
	if r.peek() != c || r.i >= len(r.s) {
		return false
	}
	r.i++
	return true
}

func (r *reader) word(w string) bool {
	if len(r.s)-r.i < len(w) || r.s[r.i:r.i+len(w)] != w {
		return false
	}
	r.i += len(w)
	return true
}

// object calls member for each name, with the offset of the name. member must read the value.
func (r *reader) object(member func(name string, start int) error) error {
	if !r.eat('{') {
		return r.fail("expected an object")
	}
	last := ""
	for n := 0; !r.eat('}'); n++ {
		if n > 0 && !r.eat(',') {
			return r.fail("expected a comma")
		}
		start := r.i
		name, err := r.name()
		if err != nil {
			return err
		}
		if n > 0 && !before(last, name) {
			return r.fail("names are not in order")
		}
		last = name
		if err := member(name, start); err != nil {
			return err
		}
	}
	return nil
}

// name reads the name of a member and the colon.
func (r *reader) name() (string, error) {
	if !r.eat('"') {
		return "", r.fail("expected a name")
	}
	start := r.i
	for c := r.peek(); c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_'; c = r.peek() {
		r.i++
	}
	name := r.s[start:r.i]
	if !r.eat('"') { // has other characters: the name is from a newer version
		r.i = start - 1
		var err error
		if name, err = r.str(); err != nil {
			return "", err
		}
	}
	if !r.eat(':') {
		return "", r.fail("expected a colon")
	}
	return name, nil
}

// before reports whether a sorts before b in UTF-16 order (RFC 8785 §3.2.3). It differs from the order of UTF-8 in one point: U+E000 to
// U+FFFF sort after all higher characters.
func before(a, b string) bool {
	for i := range min(len(a), len(b)) {
		if x, y := a[i], b[i]; x != y {
			return (x < y) != (min(x, y) >= 0xee && max(x, y) >= 0xf0 && min(x, y) < 0xf0)
		}
	}
	return len(a) < len(b)
}

// text reads a non-empty string.
func (r *reader) text(to *string) error {
	s, err := r.str()
	if err == nil && s == "" {
		err = r.fail("empty string")
	}
	*to = s
	return err
}

func (r *reader) str() (string, error) {
	if !r.eat('"') {
		return "", r.fail("expected a string")
	}
	start := r.i
	for r.i < len(r.s) {
		switch c := r.s[r.i]; {
		case c == '"':
			s := r.s[start:r.i]
			if !utf8.ValidString(s) {
				return "", r.fail("invalid UTF-8")
			}
			r.i++
			return s, nil
		case c == '\\':
			return r.escaped(start)
		case c < 0x20:
			return "", r.fail("unescaped control character")
		}
		r.i++
	}
	return "", r.fail("unterminated string")
}

// escaped reads the rest of a string from its first backslash.
func (r *reader) escaped(start int) (string, error) {
	out := []byte(r.s[start:r.i])
	for r.i < len(r.s) {
		c := r.s[r.i]
		switch {
		case c == '"':
			if !utf8.Valid(out) {
				return "", r.fail("invalid UTF-8")
			}
			r.i++
			return string(out), nil
		case c < 0x20:
			return "", r.fail("unescaped control character")
		case c != '\\':
			out = append(out, c)
			r.i++
			continue
		}
		plain, n := unescape(r.s[r.i:])
		if n == 0 {
			return "", r.fail("not the shortest escape")
		}
		out = append(out, plain)
		r.i += n
	}
	return "", r.fail("unterminated string")
}

const hexDigits = "0123456789abcdef"

var escapes = [0x20]string{'\b': `\b`, '\t': `\t`, '\n': `\n`, '\f': `\f`, '\r': `\r`}

// unescape decodes the escape at the start of s. n is 0 unless AppendString would write it.
func unescape(s string) (plain byte, n int) {
	if len(s) < 2 {
		return 0, 0
	}
	switch s[1] {
	case '"', '\\':
		return s[1], 2
	case 'b':
		return '\b', 2
	case 't':
		return '\t', 2
	case 'n':
		return '\n', 2
	case 'f':
		return '\f', 2
	case 'r':
		return '\r', 2
	case 'u':
		for c := byte(0); c < 0x20; c++ {
			if escapes[c] == "" && len(s) >= 6 && s[2:4] == "00" && s[4] == hexDigits[c>>4] && s[5] == hexDigits[c&15] {
				return c, 6
			}
		}
	}
	return 0, 0
}

func (r *reader) yes(to *bool) error {
	if !r.word("true") {
		return r.fail("expected true")
	}
	*to = true
	return nil
}

func (r *reader) integer() (int64, error) {
	start := r.i
	r.eat('-')
	for c := r.peek(); c >= '0' && c <= '9'; c = r.peek() {
		r.i++
	}
	n, err := strconv.ParseInt(r.s[start:r.i], 10, 64)
	if err != nil || n == 0 || n > maxInteger || n < -maxInteger || r.s[start] == '0' || r.s[start:r.i] == "-0" ||
		r.s[start] == '-' && r.s[start+1] == '0' {
		return 0, r.fail("expected an integer other than 0 in its shortest form")
	}
	return n, nil
}

// list calls element for each element of a non-empty list.
func (r *reader) list(element func() error) error {
	if !r.eat('[') {
		return r.fail("expected a list")
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if r.eat(']') {
			return nil
		}
		if !r.eat(',') {
			return r.fail("expected a comma")
		}
	}
}

// skip reads any JSON value (RFC 8259) without white space.
func (r *reader) skip(depth int) error {
	if depth == 0 {
		return r.fail("nested too deep")
	}
	switch c := r.peek(); {
	case c == '"':
		_, err := r.str()
		return err
	case c == '{':
		r.i++
		for first := true; !r.eat('}'); first = false {
			if !first && !r.eat(',') {
				return r.fail("expected a comma")
			}
			if _, err := r.str(); err != nil {
				return err
			}
			if !r.eat(':') {
				return r.fail("expected a colon")
			}
			if err := r.skip(depth - 1); err != nil {
				return err
			}
		}
		return nil
	case c == '[':
		r.i++
		if r.eat(']') {
			return nil
		}
		return r.elements(depth)
	case r.word("true"), r.word("false"), r.word("null"):
		return nil
	}
	return r.number()
}

func (r *reader) elements(depth int) error {
	for {
		if err := r.skip(depth - 1); err != nil {
			return err
		}
		if r.eat(']') {
			return nil
		}
		if !r.eat(',') {
			return r.fail("expected a comma")
		}
	}
}

func (r *reader) number() error {
	r.eat('-')
	if !r.eat('0') && !r.digits() {
		return r.fail("expected a value")
	}
	if r.eat('.') && !r.digits() {
		return r.fail("expected a digit")
	}
	if r.eat('e') || r.eat('E') {
		if !r.eat('+') {
			r.eat('-')
		}
		if !r.digits() {
			return r.fail("expected a digit")
		}
	}
	return nil
}

func (r *reader) digits() bool {
	start := r.i
	for c := r.peek(); c >= '0' && c <= '9'; c = r.peek() {
		r.i++
	}
	return r.i > start
}

func (r *reader) end() error {
	if r.i != len(r.s) {
		return r.fail("unexpected data after the object")
	}
	return nil
}

// AppendString appends s as a canonical JSON string. Invalid UTF-8 becomes U+FFFD; Validate refuses it before an item is sealed.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(b, s[start:i]...)
				b = append(b, "\uFFFD"...)
				start = i + 1
			}
			i += n
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch {
		case c >= 0x20:
			b = append(b, '\\', c)
		case escapes[c] != "":
			b = append(b, escapes[c]...)
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
