package strictjson_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/vaultsphere/vaultsphere/app/strictjson"
)

var form = strictjson.Form{Name: "the text", Depth: 3, Members: 2, Elements: 3}

type target struct {
	Name string            `json:"name"`
	List []json.RawMessage `json:"list"`
}

func TestRejectedTexts(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"":                                      "the text is empty",
		" \n":                                   "the text is empty",
		`{"name":"secret`:                       "the text is not valid JSON",
		`{"name":secret}`:                       "the text is not valid JSON",
		"{\"name\":\"\xff\"}":                   "the text is not valid UTF-8",
		`{"name":7}`:                            "name must not be a JSON number",
		`["secret"]`:                            "the text must not be a JSON array",
		`{"name":"a"}{}`:                        "data follows the JSON value",
		`{"name":"a"}]`:                         "data follows the JSON value",
		`{"name":"a","name":"secret"}`:          `"name" occurs twice in one object`,
		`{"name":"a","n\u0061me":"secret"}`:     `"name" occurs twice in one object`,
		`{"Name":"secret"}`:                     `"Name" is not a member of the text`,
		`{"other":"secret"}`:                    `"other" is not a member of the text`,
		`{"list":[{"a":1,"b":2,"c":3}]}`:        `"c" is not a member of the text`,
		`{"list":[1,2,3,4]}`:                    "a list in the text has more than 3 elements",
		`{"list":[[[]]]}`:                       "the text is nested too deeply",
		`{"` + strings.Repeat("a", 99) + `":1}`: fmt.Sprintf(`"%s is not a member of the text`, strings.Repeat("a", 63)),
	} {
		for how, decode := range ways(text) {
			var v target
			if err := decode(&v); err == nil || err.Error() != says {
				t.Errorf("%s of %q: got %v, want %q", how, text, err, says)
			}
		}
	}
}

// ways decode a text: whole, and byte by byte.
func ways(text string) map[string]func(to any) error {
	return map[string]func(to any) error{
		"Unmarshal": func(to any) error { return form.Unmarshal([]byte(text), to) },
		"Decode": func(to any) error {
			return form.Decode(func() io.Reader { return iotest.OneByteReader(strings.NewReader(text)) }, to)
		},
	}
}

func TestAcceptedTexts(t *testing.T) {
	t.Parallel()
	for how, decode := range ways(`{"name":"ä","list":[[1e999],{"a":null}]}` + "\n") {
		var v target
		if err := decode(&v); err != nil || v.Name != "ä" || len(v.List) != 2 {
			t.Errorf("%s: %+v, %v", how, v, err)
		}
	}
	var m map[string]int
	if err := (strictjson.Form{AnyNames: true}).Unmarshal([]byte(`{"https://A.example":1}`), &m); err != nil || m["https://A.example"] != 1 {
		t.Errorf("got %v, %v", m, err)
	}
}

func TestTruncatedText(t *testing.T) {
	t.Parallel()
	whole := `{"name":"abc","list":[1,{}]}`
	for n := range whole {
		for how, decode := range ways(whole[:n]) {
			if err := decode(new(target)); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s of %s: %v", how, whole[:n], err)
			}
		}
	}
}

// FuzzUnmarshal: a text that passes is one JSON value, and encoding/json reads it without losing a member.
func FuzzUnmarshal(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1,"b":[{"a":null}]}`, `{"a":1,"a":2}`, `[{"a":"a"},"a"]`, `{"A":1}`, `{} {}`, `"a"`, `{"a":{"a":{}}}`, `{"\u0061":1,"a":2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var v any
		if (strictjson.Form{}).Unmarshal(body, &v) != nil {
			return
		}
		if err := json.Unmarshal(body, &v); err != nil {
			t.Fatalf("%q passes, but: %v", body, err)
		}
		// Each member has one colon outside of strings; a duplicate name would have left fewer.
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
