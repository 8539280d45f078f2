package main

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

func storedLogin() item.Item {
	at := time.UnixMilli(1_700_000_000_000).UTC()
	return item.Item{
		ID: "AAAAAAAAAAAAAAAAAAAAAA", Base: "7", Type: item.TypeLogin, Title: "Mail", URLs: []string{"https://A.example"},
		Match:   map[string]item.MatchRule{"https://A.example": item.MatchHost},
		Created: at, Modified: at, Trashed: at, Purge: at, Password: "p", Notes: "one\n\ttwo\n",
		Fields:          []item.Field{{Name: "pin", Value: "007", Kind: item.FieldHidden, Unknown: `{"since":1}`}},
		Attachments:     []item.Attachment{{ID: "BBBBBBBBBBBBBBBBBBBBBA", Name: "a", SHA256: strings.Repeat("0", 64), Size: 1}},
		PasswordHistory: []item.OldPassword{{Password: "older"}}, UnknownOverview: `{"colour":"red"}`, UnknownDetails: `{"passkeys":[]}`,
	}
}

func TestDocumentRoundTripChangesNothing(t *testing.T) {
	t.Parallel()
	odd := storedLogin()
	odd.Password, odd.Username, odd.TOTP = "null", "&a *b !c #d", "~"
	odd.Fields[0].Value = "- a: 'b' # c\r\n\u0085\u2028\ufeff"
	card := item.Item{ID: "C", Type: item.TypeCard, Title: "no", Card: &item.Card{Number: "0123", Unknown: `{"pin":"1"}`}, Favourite: true}
	for _, stored := range []item.Item{storedLogin(), odd, card} {
		text, err := document(stored)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseDocument(text, stored)
		if err != nil || !got.Equal(stored) || got.Base != stored.Base {
			t.Errorf("from\n%s\ngot %+v, %v\nwant %+v", text, got, err, stored)
		}
	}
}

func TestDocumentIsReadStrictly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                      "the text is empty",
		"# nothing\n":                           "the text is empty",
		"just words":                            "an item must be lines of NAME: VALUE",
		"- a":                                   "an item must be lines of NAME: VALUE",
		"title: \"x":                            "not valid YAML",
		"title: x\n---\ntitle: y":               "a second document",
		"title: x\ntitle: secret":               `line 2: "title" occurs twice`,
		"title: x\n\"ti\\x74le\": secret":       `line 2: "title" occurs twice`,
		"Title: secret":                         `line 1: "Title" is not a member of an item`,
		"title: x\nPassword: secret":            `line 2: "Password" is not a member of an item`,
		"title: x\ncolour: secret":              `line 2: "colour" is not a member of an item`,
		"title: x\ncard:\n  Number: secret":     `line 3: "Number" is not a member of card`,
		"title: x\ncard:\n  pin: secret":        `line 3: "pin" is not a member of card`,
		"title: x\nfields:\n- hidden: true":     "not a member of an item",
		"title: x\nfields:\n- {name: a, a: b}":  `line 3: "a" is not a member of fields`,
		"title: x\n? [a]\n: secret":             "line 2: a name must be text; put quotes around it",
		"title: x\n<<: {password: secret}":      `line 2: "<<" is not a member of an item`,
		"title: x\nid: secret":                  `line 2: "id" is not a member of an item`,
		"title: x\nattachments: []":             "line 2: attachments cannot be edited",
		"title: x\nunknown_details: secret":     `line 2: "unknown_details" is not a member of an item`,
		"title: &secret x":                      "line 1: put quotes around the value of title",
		"title: x\npassword: &secret":           "line 2: put quotes around the value of password",
		"title: x\npassword: !secret":           "line 2: put quotes around the value of password",
		"title: x\npassword: !!binary c2VjcmV0": "line 2: put quotes around the value of password",
		"title: x\npassword: *secret":           "YAML",
		"title: &a x\npassword: *a":             "line 1: put quotes",
		"title: x\npassword: secret #1":         "line 2: put quotes around the value of password",
		"title: x\npassword: #secret":           "line 2: put quotes around the value of password",
		"title: x\nfavourite: secret":           "line 2: favourite must be true or false",
		"title: x\npassword: [secret]":          "password must be text",
		"title: x\npassword: {a: secret}":       "line 2: password must be text; put quotes around it",
		"title: x\nurls: secret":                "urls must be a list",
		"title: x\ncard: secret":                "card must be lines of NAME: VALUE",
		"title: x\nfields: {a: secret}":         "line 2: fields must be a list",
		"title: x\nmatch: secret":               "match must be lines of NAME: VALUE",
		"title: x\nmatch:\n  A: {b: secret}":    "line 3: match.A must be text; put quotes around it",
		"title: x\npassword: \"\xffsecret\"":    "YAML",
		"title: x\npassword: \"\\uD800\"":       "YAML",
		"urls: " + strings.Repeat("[", 100) + strings.Repeat("]", 100): "urls[] must be text",
		"urls: " + strings.Repeat("[", 100_000):                        "YAML",
	} {
		it, err := parseDocument([]byte(text), item.Item{Type: item.TypeLogin})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %+v, %v; want an error with %q", text, it, err, want)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%.60q: the error quotes a value: %v", text, err)
		}
	}
}

func TestDocumentTakesScalarsAsText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"null", "~", "Null", "007", "1e3", "no", "0x1F", "2030-01-01", ".nan", "true"} {
		it, err := parseDocument([]byte("title: x\npassword: "+text), item.Item{})
		if err != nil || it.Password != text {
			t.Errorf("%s: %q, %v", text, it.Password, err)
		}
	}
	it, err := parseDocument([]byte("title: x\nusername:\nurls:\nfields:\ncard:\nmatch:\nfavourite:\n"), item.Item{Username: "u"})
	if err != nil || it.Username != "" {
		t.Errorf("without values: %+v, %v", it, err)
	}
}

// Every editable field is a member of the document, and every other field survives an edit.
func TestDocumentKnowsEveryField(t *testing.T) {
	t.Parallel()
	stored := storedLogin()
	text, err := document(stored)
	if err != nil {
		t.Fatal(err)
	}
	edited, err := parseDocument(text, stored)
	if err != nil {
		t.Fatal(err)
	}
	for i := range reflect.TypeOf(stored).NumField() {
		field := reflect.TypeOf(stored).Field(i)
		before, after := reflect.ValueOf(stored).Field(i).Interface(), reflect.ValueOf(edited).Field(i).Interface()
		a, _ := json.Marshal(before)
		b, _ := json.Marshal(after)
		if string(a) != string(b) {
			t.Errorf("%s: %s became %s", field.Name, a, b)
		}
	}
	var rows []item.Row
	for _, table := range []string{"overview", "details"} {
		rows = append(rows, item.Rows(table)...)
	}
	for _, typ := range item.Types {
		blank, err := document(item.Item{Type: typ})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			offered := strings.Contains("\n"+string(blank), "\n"+row.Name+":")
			want := !row.Fixed && (row.Type == "" || row.Type == typ) && !slices.Contains([]string{"match", "fields", "favourite", "reprompt"}, row.Name)
			if offered != want {
				t.Errorf("a new %s offers %s: %t", typ, row.Name, offered)
			}
		}
	}
}

// FuzzDocument: an unedited document gives the same item, whatever its texts are.
func FuzzDocument(f *testing.F) {
	f.Add("null")
	f.Add(" a: b # c\n\t- d\r\n\u0085\u2028\u2029\ufeff\x00\x7f\u009b")
	f.Add("\n\n leading\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		stored := item.Item{ID: "A", Type: item.TypeLogin, Title: "T", Password: text, Notes: text, Fields: []item.Field{{Name: "n", Value: text}}}.Normalise()
		if stored.Validate() != nil {
			return
		}
		document, err := document(stored)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseDocument(document, stored)
		if err != nil || !got.Equal(stored) {
			t.Errorf("%q: %v from\n%s", text, err, document)
		}
	})
}
