package server

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzCheckMembers: a body that passes is one JSON value, and reading it as package json does loses no member.
func FuzzCheckMembers(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1,"b":[{"a":null}]}`, `{"a":1,"a":2}`, `[{"a":"a"},"a"]`, `{"A":1}`, `{} {}`, `"a"`, `{"a":{"a":{}}}`, `{"\u0061":1,"a":2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if checkMembers(bytes.NewReader(body)) != nil {
			return
		}
		var v any
		if err := json.Unmarshal(body, &v); err != nil {
			t.Fatalf("%q passes, but: %v", body, err)
		}
		// Each member has one colon outside of strings; a name that stood twice would have left fewer behind.
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if members(again) != members(body) {
			t.Fatalf("%q passes, but reads as %q", body, again)
		}
	})
}

func members(body []byte) int {
	n, inString := 0, false
	for i := 0; i < len(body); i++ {
		switch {
		case inString && body[i] == '\\':
			i++
		case body[i] == '"':
			inString = !inString
		case !inString && body[i] == ':':
			n++
		}
	}
	return n
}
