package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// Limits of a JSON file. A decoded value takes about a hundred bytes of memory, however short its text is.
const (
	MaxJSONDepth  = 64
	maxJSONValues = 3_000_000
)

// JSON returns the object that is the whole file, or nil. Numbers are json.Number.
func (in *Input) JSON() map[string]any {
	object, _ := in.JSONValue().(map[string]any)
	return object
}

// JSONValue returns the JSON value that is the whole file, or nil.
func (in *Input) JSONValue() any {
	if in.decodedJSON == nil {
		in.decodedJSON = &decoded[any]{}
		text, err := in.Text()
		if begin := strings.TrimLeft(text, " \t\r\n"); err == nil && begin != "" && (begin[0] == '{' || begin[0] == '[') {
			in.decodedJSON.value, err = DecodeJSON([]byte(begin))
			in.Broken = err
		}
		in.decodedJSON.err = err
	}
	return in.decodedJSON.value
}

// DecodeJSON decodes one value, within limits on memory and stack.
func DecodeJSON(data []byte) (any, error) {
	if err := BoundJSON(data); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, JSONError(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, Fail(parcel.FileDamagedJSON, parcel.Values{Count: int(d.InputOffset())})
	}
	return v, nil
}

// JSONError hides the error of package json, which may quote the file, and gives the position instead.
func JSONError(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return ErrTruncated
	case errors.As(err, &syntax):
		return Fail(parcel.FileDamagedJSON, parcel.Values{Count: int(syntax.Offset)})
	}
	return ErrMalformed
}

// BoundJSON checks nesting and the number of values before decoding. It leaves invalid JSON to the decoder.
func BoundJSON(data []byte) error {
	depth, values, quoted := 0, 0, false
	for i := 0; i < len(data); i++ {
		c := data[i]
		if quoted {
			switch c {
			case '\\':
				i++
			case '"':
				quoted = false
			}
			continue
		}
		switch c {
		case '"':
			quoted = true
		case '{', '[':
			depth++
			values++
		case '}', ']':
			depth--
		case ',':
			values++
		}
		if depth > MaxJSONDepth {
			return Fail(parcel.FileTooNested, parcel.Values{Limit: MaxJSONDepth})
		}
		if values > maxJSONValues {
			return Fail(parcel.FileTooManyValues, parcel.Values{Limit: maxJSONValues})
		}
	}
	return nil
}
