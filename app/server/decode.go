package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/vaultsphere/vaultsphere/app/api"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// smallBody is enough for every request but a change of the vault.
const smallBody = 64 << 10

func badBody(format string, args ...any) *vault.Error {
	return &vault.Error{Code: api.CodeBadRequest, Message: fmt.Sprintf(format, args...)}
}

// decode reads a JSON body of at most limit bytes. It accepts exactly what the API describes: package json alone would
// also take other letter cases of a name, the last of two equal names, and anything after the value.
func decode[T any](w http.ResponseWriter, r *http.Request, limit int64) (T, error) {
	var v T
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" || (params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8")) {
		return v, &vault.Error{Code: api.CodeUnsupportedMedia, Message: "Content-Type must be application/json"}
	}
	body, err := readBody(w, r, limit)
	if err != nil {
		return v, err
	}
	if !utf8.Valid(body) {
		return v, badBody("the body is not valid UTF-8")
	}
	if err := checkMembers(body); err != nil {
		return v, err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, explain(err)
	}
	return v, nil
}

func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	tooLarge := &vault.Error{Code: api.CodeTooLarge, Message: fmt.Sprintf("the body is longer than %d bytes", limit)}
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var max *http.MaxBytesError
	if errors.As(err, &max) {
		return nil, tooLarge
	}
	if err != nil {
		return nil, badBody("the body was cut off")
	}
	if len(body) == 0 {
		return nil, badBody("the body is empty")
	}
	return body, nil
}

// checkMembers walks the one value of body and refuses a name that stands twice in an object, a name that is not in the
// lower case of this API, and whatever follows the value.
func checkMembers(body []byte) error {
	d := json.NewDecoder(bytes.NewReader(body))
	type level struct {
		names   map[string]bool // nil in an array
		inValue bool
	}
	var stack []level
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && len(stack) == 0 {
			return badBody("the body is empty")
		}
		if err != nil {
			return explain(err)
		}
		top := len(stack) - 1
		switch t := token.(type) {
		case json.Delim:
			switch t {
			case '{':
				stack = append(stack, level{names: map[string]bool{}})
				continue
			case '[':
				stack = append(stack, level{})
				continue
			}
			stack, top = stack[:top], top-1
		case string:
			if top >= 0 && stack[top].names != nil && !stack[top].inValue {
				if t != strings.ToLower(t) {
					return badBody("%.64q is not a field of this request", t)
				}
				if stack[top].names[t] {
					return badBody("%.64q stands twice in one object", t)
				}
				stack[top].names[t], stack[top].inValue = true, true
				continue
			}
		}
		if top >= 0 {
			stack[top].inValue = false
			continue
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			return badBody("something follows the JSON value")
		}
		return nil
	}
}

// explain names the field, never its value.
func explain(err error) error {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		field := wrongType.Field
		if field == "" {
			field = "the body"
		}
		return badBody("%s must not be a JSON %s", field, strings.Fields(wrongType.Value)[0])
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return badBody("%.64s is not a field of this request", name)
	}
	return badBody("the body is not valid JSON")
}
