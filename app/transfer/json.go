package transfer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bounds of a JSON file. A value takes about a hundred bytes of memory once it is decoded, however short it is written.
const (
	maxJSONDepth  = 64
	maxJSONValues = 3_000_000
)

// json is the object that the whole file is, nil if it is none. Numbers are json.Number.
func (in *input) json() map[string]any {
	object, _ := in.jsonValue().(map[string]any)
	return object
}

// jsonValue is what the whole file says in JSON, nil if it is none.
func (in *input) jsonValue() any {
	if in.decodedJSON == nil {
		in.decodedJSON = &decoded[any]{}
		text, err := in.text()
		if begin := strings.TrimLeft(text, " \t\r\n"); err == nil && begin != "" && (begin[0] == '{' || begin[0] == '[') {
			in.decodedJSON.value, err = decodeJSON([]byte(begin))
			in.broken = err
		}
		in.decodedJSON.err = err
	}
	return in.decodedJSON.value
}

// decodeJSON decodes one value and refuses what would take more memory or stack than the file's size lets expect.
func decodeJSON(data []byte) (any, error) {
	if err := boundJSON(data); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, jsonError(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows the JSON", ErrMalformed)
	}
	return v, nil
}

// jsonError says where, and never what stands there.
func jsonError(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return ErrTruncated
	case errors.As(err, &syntax):
		return fmt.Errorf("%w: it is not JSON from byte %d on", ErrMalformed, syntax.Offset)
	}
	return fmt.Errorf("%w: it is not JSON", ErrMalformed)
}

// boundJSON counts nesting and values before anything is decoded. What is no JSON is left to the decoder.
func boundJSON(data []byte) error {
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
		if depth > maxJSONDepth {
			return fmt.Errorf("%w: it is nested more than %d deep", ErrTooLarge, maxJSONDepth)
		}
		if values > maxJSONValues {
			return fmt.Errorf("%w: more than %d values", ErrTooLarge, maxJSONValues)
		}
	}
	return nil
}
