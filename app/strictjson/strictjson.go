// Package strictjson decodes JSON (RFC 8259) that programs of ours exchange. It rejects what encoding/json lets pass: names in
// another letter case, duplicate names, invalid UTF-8, and trailing data. No error quotes a value, which may be secret; a
// member's name is truncated.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// Form describes one kind of text. A bound of 0 means unlimited. Text from elsewhere needs bounds, because an empty object takes
// two bytes on the wire and many times that in memory.
type Form struct {
	Name     string // of the text, in errors
	Depth    int
	Members  int // of an object
	Elements int // of an array
	// AnyNames accepts names in any letter case: for maps with keys that people write.
	AnyNames bool
}

// Error says why a text was rejected, as a sentence about it.
type Error struct {
	message string
	cause   error // io.ErrUnexpectedEOF if the text is empty or truncated; else nil
}

func (e *Error) Error() string { return e.message }
func (e *Error) Unwrap() error { return e.cause }

func reject(format string, args ...any) error { return &Error{message: fmt.Sprintf(format, args...)} }

// Unmarshal decodes a complete text. The member names of to are in lower case.
func (f Form) Unmarshal(text []byte, to any) error {
	if !utf8.Valid(text) {
		return f.notUTF8()
	}
	return f.decode(func() io.Reader { return bytes.NewReader(text) }, to)
}

// Decode is Unmarshal for a text in parts. It reads the text several times, each time from a new reader.
func (f Form) Decode(text func() io.Reader, to any) error {
	if _, err := io.Copy(io.Discard, transform.NewReader(text(), encoding.UTF8Validator)); err != nil {
		return f.notUTF8()
	}
	return f.decode(text, to)
}

func (f Form) notUTF8() error { return reject("%s is not valid UTF-8", f.Name) }

func (f Form) decode(text func() io.Reader, to any) error {
	if err := f.walk(text()); err != nil {
		return err
	}
	d := json.NewDecoder(text())
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return f.explain(err)
	}
	return nil
}

// level is an object or array that is still open.
type level struct {
	names    map[string]bool // nil in an array
	inValue  bool
	elements int
}

// walk checks the single value of text.
func (f Form) walk(text io.Reader) error {
	d := json.NewDecoder(text)
	d.UseNumber() // the types decide which numbers are too large
	var stack []level
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && len(stack) == 0 {
			return &Error{f.Name + " is empty", io.ErrUnexpectedEOF}
		}
		if err != nil {
			return f.explain(err)
		}
		if stack, err = f.enter(stack, token); err != nil {
			return err
		}
		if len(stack) > 0 {
			continue
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			return reject("data follows the JSON value")
		}
		return nil
	}
}

// enter processes the next token; the stack is empty once the value has ended.
func (f Form) enter(stack []level, token json.Token) ([]level, error) {
	top := len(stack) - 1
	switch t := token.(type) {
	case json.Delim:
		if t == '{' || t == '[' {
			if f.Depth > 0 && len(stack) == f.Depth {
				return nil, reject("%s is nested too deeply", f.Name)
			}
			next := level{}
			if t == '{' {
				next.names = map[string]bool{}
			}
			return append(stack, next), nil
		}
		stack, top = stack[:top], top-1
	case string:
		if top >= 0 && stack[top].names != nil && !stack[top].inValue {
			return stack, f.name(&stack[top], t)
		}
	}
	if top >= 0 {
		return stack, f.ended(&stack[top])
	}
	return stack, nil
}

// name processes the name of a member of l.
func (f Form) name(l *level, name string) error {
	switch {
	case !f.AnyNames && name != strings.ToLower(name), f.Members > 0 && len(l.names) == f.Members:
		return reject("%.64q is not a member of %s", name, f.Name)
	case l.names[name]:
		return reject("%.64q occurs twice in one object", name)
	}
	l.names[name], l.inValue = true, true
	return nil
}

// ended processes the end of a value in l.
func (f Form) ended(l *level) error {
	l.inValue = false
	if l.elements++; f.Elements > 0 && l.names == nil && l.elements > f.Elements {
		return reject("a list in %s has more than %d elements", f.Name, f.Elements)
	}
	return nil
}

// explain names the member, never its value. It passes on errors of a json.Unmarshaler unchanged.
func (f Form) explain(err error) error {
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrongType):
		member := wrongType.Field
		if member == "" {
			member = f.Name
		}
		return reject("%s must not be a JSON %s", member, strings.Fields(wrongType.Value)[0])
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{f.Name + " is not valid JSON", io.ErrUnexpectedEOF}
	case errors.As(err, &syntax):
		return reject("%s is not valid JSON", f.Name)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return reject("%.64s is not a member of %s", name, f.Name)
	}
	return err
}
