// Package strictjson decodes JSON (RFC 8259) that two programs of ours have agreed on. Package encoding/json alone also takes
// other letter cases of a name, the last of two equal names, bytes that are not UTF-8, and anything after the value. No error
// quotes a value, which may be a secret; the name of a member is cut.
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

// Form is what one kind of text looks like. The zero bounds are none: a text from elsewhere needs them, because an empty object
// takes two bytes, and many times as much in memory.
type Form struct {
	Name     string // of the text, in errors
	Depth    int
	Members  int // of an object
	Elements int // of an array
	// AnyNames takes names in any letter case: for texts whose maps have keys that people write.
	AnyNames bool
}

// Error is why a text was refused, as a sentence about it.
type Error struct {
	message string
	cause   error // io.ErrUnexpectedEOF of a text that is empty or was cut off; else nil
}

func (e *Error) Error() string { return e.message }
func (e *Error) Unwrap() error { return e.cause }

func refuse(format string, args ...any) error { return &Error{message: fmt.Sprintf(format, args...)} }

// Unmarshal decodes a text that is in memory as a whole. The names of the members of to are in lower case.
func (f Form) Unmarshal(text []byte, to any) error {
	if !utf8.Valid(text) {
		return f.notUTF8()
	}
	return f.decode(func() io.Reader { return bytes.NewReader(text) }, to)
}

// Decode is Unmarshal for a text in parts. It reads it several times, each time from a new reader.
func (f Form) Decode(text func() io.Reader, to any) error {
	if _, err := io.Copy(io.Discard, transform.NewReader(text(), encoding.UTF8Validator)); err != nil {
		return f.notUTF8()
	}
	return f.decode(text, to)
}

func (f Form) notUTF8() error { return refuse("%s is not valid UTF-8", f.Name) }

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

// level is an object or an array that has begun.
type level struct {
	names    map[string]bool // nil in an array
	inValue  bool
	elements int
}

// walk goes over the one value of text.
func (f Form) walk(text io.Reader) error {
	d := json.NewDecoder(text)
	d.UseNumber() // which numbers are too large is for the types to say
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
			return refuse("something follows the JSON value")
		}
		return nil
	}
}

// enter takes the next token; the stack is empty once the value has ended.
func (f Form) enter(stack []level, token json.Token) ([]level, error) {
	top := len(stack) - 1
	switch t := token.(type) {
	case json.Delim:
		if t == '{' || t == '[' {
			if f.Depth > 0 && len(stack) == f.Depth {
				return nil, refuse("%s is nested too deep", f.Name)
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

// name takes the name of a member of l.
func (f Form) name(l *level, name string) error {
	switch {
	case !f.AnyNames && name != strings.ToLower(name), f.Members > 0 && len(l.names) == f.Members:
		return refuse("%.64q is not a member of %s", name, f.Name)
	case l.names[name]:
		return refuse("%.64q occurs twice in one object", name)
	}
	l.names[name], l.inValue = true, true
	return nil
}

// ended takes the end of a value in l.
func (f Form) ended(l *level) error {
	l.inValue = false
	if l.elements++; f.Elements > 0 && l.names == nil && l.elements > f.Elements {
		return refuse("a list in %s has more than %d elements", f.Name, f.Elements)
	}
	return nil
}

// explain names the member, never its value. What a json.Unmarshaler refused is passed on as it is.
func (f Form) explain(err error) error {
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrongType):
		member := wrongType.Field
		if member == "" {
			member = f.Name
		}
		return refuse("%s must not be a JSON %s", member, strings.Fields(wrongType.Value)[0])
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{f.Name + " is not valid JSON", io.ErrUnexpectedEOF}
	case errors.As(err, &syntax):
		return refuse("%s is not valid JSON", f.Name)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return refuse("%.64s is not a member of %s", name, f.Name)
	}
	return err
}
