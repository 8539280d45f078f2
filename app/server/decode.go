package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

func badBody(format string, args ...any) *vault.Error {
	return &vault.Error{Code: protocol.CodeBadRequest, Message: fmt.Sprintf(format, args...)}
}

// decode reads a JSON body of at most limit bytes for user. It accepts exactly what the API describes: package json alone
// would also take other letter cases of a name, the last of two equal names, and anything after the value.
func decode[T any](s *Server, w http.ResponseWriter, r *http.Request, limit int64, user vault.UserID) (T, error) {
	var v T
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" || (params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8")) {
		return v, &vault.Error{Code: protocol.CodeUnsupportedMedia, Message: "Content-Type must be application/json"}
	}
	body, err := s.bodies.read(w, r, limit, user)
	noteBody(r.Context(), body)
	if err != nil {
		w.Header().Set("Connection", "close") // or the answer would wait for the rest of the body
		return v, err
	}
	if _, err := io.Copy(io.Discard, transform.NewReader(body.reader(), encoding.UTF8Validator)); err != nil {
		return v, badBody("the body is not valid UTF-8")
	}
	if err := checkMembers(body.reader()); err != nil {
		return v, err
	}
	d := json.NewDecoder(body.reader())
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, explain(err)
	}
	return v, nil
}

// Bounds of what a body may make of its bytes: an empty object takes two of them, and many times as much in memory.
const (
	maxDepth    = 8
	maxMembers  = 64
	maxElements = 2 * protocol.MaxChangeRecords
)

// level is an object or an array that has begun.
type level struct {
	names    map[string]bool // nil in an array
	inValue  bool
	elements int
}

// name takes the name of a member.
func (l *level) name(name string) error {
	switch {
	case name != strings.ToLower(name), len(l.names) == maxMembers:
		return badBody("%.64q is not a field of this request", name)
	case l.names[name]:
		return badBody("%.64q stands twice in one object", name)
	}
	l.names[name], l.inValue = true, true
	return nil
}

// ended takes the end of a value.
func (l *level) ended() error {
	l.inValue = false
	if l.elements++; l.names == nil && l.elements > maxElements {
		return badBody("a list of the body has more than %d elements", maxElements)
	}
	return nil
}

// checkMembers walks the one value of body and refuses a name that stands twice in an object, a name that is not in the
// lower case of this API, what no request needs so much of, and whatever follows the value.
func checkMembers(body io.Reader) error {
	d := json.NewDecoder(body)
	var stack []level
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && len(stack) == 0 {
			return badBody("the body is empty")
		}
		if err != nil {
			return explain(err)
		}
		if stack, err = enter(stack, token); err != nil {
			return err
		}
		if len(stack) > 0 {
			continue
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			return badBody("something follows the JSON value")
		}
		return nil
	}
}

// enter takes the next token; the stack is empty once the value has ended.
func enter(stack []level, token json.Token) ([]level, error) {
	top := len(stack) - 1
	switch t := token.(type) {
	case json.Delim:
		if t == '{' || t == '[' {
			if len(stack) == maxDepth {
				return nil, badBody("the body is nested deeper than any request")
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
			return stack, stack[top].name(t)
		}
	}
	if top >= 0 {
		return stack, stack[top].ended()
	}
	return stack, nil
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
