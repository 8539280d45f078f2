package item

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// The canonical form, a subset of RFC 8785: no white space; the names of an object in ascending order, once each; strings
// in UTF-8 with the shortest escapes; empty strings, lists, objects, zero and false are left out. Whatever is accepted here
// prints as the same bytes, so a record cannot be altered by reading and writing it, and no two readers can disagree about
// what it says.

// ErrMalformed says that an opened record is not an item in canonical form.
var ErrMalformed = errors.New("record is not an item")

// maxDepth bounds the nesting of what a newer version wrote, so that reading it cannot exhaust the stack.
const maxDepth = 32

const maxInteger = 1<<53 - 1 // what every JSON reader keeps exactly (RFC 7493 §2.2)

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

// object calls member for each name in turn, with the place where the name begins; member has to read the value.
func (r *reader) object(member func(name string, start int) error) error {
	if !r.eat('{') {
		return r.fail("an object should begin")
	}
	last := ""
	for n := 0; !r.eat('}'); n++ {
		if n > 0 && !r.eat(',') {
			return r.fail("a comma is missing")
		}
		start := r.i
		name, err := r.name()
		if err != nil {
			return err
		}
		if n > 0 && !before(last, name) {
			return r.fail("names are out of order")
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
		return "", r.fail("a name should begin")
	}
	start := r.i
	for c := r.peek(); c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_'; c = r.peek() {
		r.i++
	}
	name := r.s[start:r.i]
	if !r.eat('"') { // a name of a newer version
		r.i = start - 1
		var err error
		if name, err = r.str(); err != nil {
			return "", err
		}
	}
	if !r.eat(':') {
		return "", r.fail("a colon is missing")
	}
	return name, nil
}

// before reports whether a name comes before another in canonical order, that of their UTF-16 (RFC 8785 §3.2.3). It differs from
// that of UTF-8 in one thing: U+E000 to U+FFFF come after what is above them.
func before(a, b string) bool {
	for i := range min(len(a), len(b)) {
		if x, y := a[i], b[i]; x != y {
			return (x < y) != (min(x, y) >= 0xee && max(x, y) >= 0xf0 && min(x, y) < 0xf0)
		}
	}
	return len(a) < len(b)
}

// text reads a string that is not empty.
func (r *reader) text(to *string) error {
	s, err := r.str()
	if err == nil && s == "" {
		err = r.fail("an empty string was not left out")
	}
	*to = s
	return err
}

func (r *reader) str() (string, error) {
	if !r.eat('"') {
		return "", r.fail("a string should begin")
	}
	start := r.i
	for r.i < len(r.s) {
		switch c := r.s[r.i]; {
		case c == '"':
			s := r.s[start:r.i]
			if !utf8.ValidString(s) {
				return "", r.fail("a string is not valid UTF-8")
			}
			r.i++
			return s, nil
		case c == '\\':
			return r.escaped(start)
		case c < 0x20:
			return "", r.fail("a control character was not escaped")
		}
		r.i++
	}
	return "", r.fail("a string does not end")
}

// escaped reads the rest of a string from its first backslash on.
func (r *reader) escaped(start int) (string, error) {
	out := []byte(r.s[start:r.i])
	for r.i < len(r.s) {
		c := r.s[r.i]
		switch {
		case c == '"':
			if !utf8.Valid(out) {
				return "", r.fail("a string is not valid UTF-8")
			}
			r.i++
			return string(out), nil
		case c < 0x20:
			return "", r.fail("a control character was not escaped")
		case c != '\\':
			out = append(out, c)
			r.i++
			continue
		}
		plain, n := unescape(r.s[r.i:])
		if n == 0 {
			return "", r.fail("an escape is not the shortest one")
		}
		out = append(out, plain)
		r.i += n
	}
	return "", r.fail("a string does not end")
}

const hexDigits = "0123456789abcdef"

var escapes = [0x20]string{'\b': `\b`, '\t': `\t`, '\n': `\n`, '\f': `\f`, '\r': `\r`}

// unescape takes the one escape that appendString writes; n is 0 for any other.
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
		return r.fail("true should stand here, false is left out")
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
		return 0, r.fail("a whole number in its shortest form should stand here")
	}
	return n, nil
}

// list calls element for each element; at least one has to be there.
func (r *reader) list(element func() error) error {
	if !r.eat('[') {
		return r.fail("a list should begin")
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if r.eat(']') {
			return nil
		}
		if !r.eat(',') {
			return r.fail("a comma is missing")
		}
	}
}

// skip passes over any JSON value (RFC 8259) without white space.
func (r *reader) skip(depth int) error {
	if depth == 0 {
		return r.fail("values are nested too deeply")
	}
	switch c := r.peek(); {
	case c == '"':
		_, err := r.str()
		return err
	case c == '{':
		r.i++
		for first := true; !r.eat('}'); first = false {
			if !first && !r.eat(',') {
				return r.fail("a comma is missing")
			}
			if _, err := r.str(); err != nil {
				return err
			}
			if !r.eat(':') {
				return r.fail("a colon is missing")
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
			return r.fail("a comma is missing")
		}
	}
}

func (r *reader) number() error {
	r.eat('-')
	if !r.eat('0') && !r.digits() {
		return r.fail("a value should stand here")
	}
	if r.eat('.') && !r.digits() {
		return r.fail("a digit is missing")
	}
	if r.eat('e') || r.eat('E') {
		if !r.eat('+') {
			r.eat('-')
		}
		if !r.digits() {
			return r.fail("a digit is missing")
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
		return r.fail("something follows the object")
	}
	return nil
}

// AppendString appends s as a JSON string in canonical form. Bytes that are not UTF-8 become U+FFFD; Validate refuses
// them before anything is sealed.
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
