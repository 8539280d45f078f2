package item_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// newerOverviews and newerDetails are texts of a newer version, with unknown members at every depth, types, kinds, rules and values.
var newerOverviews = map[string]string{
	"members":                      `{"aaa":1.50e+3,"title":"T","type":"login","zzz":{"b":[null,{"a":"\u0000"}],"a":12345678901234567890}}`,
	"a name with capitals":         `{"Colour":"red","title":"T","type":"login"}`,
	"names of any characters":      `{"":0,"a\"b":1,"a-b":2,"title":"T","type":"login","é":3,"😀":4,"` + "\uE000" + `":5}`,
	"a type":                       `{"title":"T","type":"passkey"}`,
	"a type with digits":           `{"title":"T","type":"passkey-v2"}`,
	"a type that is an object":     `{"title":"T","type":{"base":"login"}}`,
	"a title that is an object":    `{"title":{"de":"Titel"},"type":"login"}`,
	"a favourite that is a number": `{"favourite":3,"title":"T","type":"login"}`,
	"a favourite that is false":    `{"favourite":false,"title":"T","type":"login"}`,
	"tags as objects":              `{"tags":[{"id":1}],"title":"T","type":"login"}`,
	"no tags":                      `{"tags":[],"title":"T","type":"login"}`,
	"tags of two kinds":            `{"tags":["a",1],"title":"T","type":"login"}`,
	"URLs as an object":            `{"match":[{"rule":"host","url":"a"}],"title":"T","type":"login","urls":{"a":"b"}}`,
	"times of another kind":        `{"created":1.5,"modified":"2030-01-01","purge":null,"title":"T","trashed":{},"type":"login"}`,
	"a large time":                 `{"created":90071992547409930,"title":"T","type":"login"}`,
	"times in microseconds":        `{"created":1700000000000000,"modified":1700000000000000,"title":"T","trashed":-1700000000000000,"type":"login"}`,
	"an empty username":            `{"title":"T","type":"login","username":""}`,
	"a rule":                       `{"match":[{"rule":"fuzzy","url":"a"}],"title":"T","type":"login","urls":["a"]}`,
	"a rule with members":          `{"match":[{"aaa":1,"rule":"host","since":2,"url":"a","zzz":[]},{"rule":"host","url":"b"}],"title":"T","type":"login","urls":["a","b"]}`,
	"a rule without a rule":        `{"match":[{"ports":[1],"url":"a"}],"title":"T","type":"login","urls":["a"]}`,
	"a rule of another kind":       `{"match":[{"rule":{"host":true},"url":"a"}],"title":"T","type":"login","urls":["a"]}`,
	"a rule without a URL":         `{"match":[{"app":"x"}],"title":"T","type":"login","urls":["a"]}`,
	"rules for two apps":           `{"match":[{"app":"x"},{"app":"y"}],"title":"T","type":"login","urls":["a"]}`,
	"a rule for another URL":       `{"match":[{"aaa":1,"url":"elsewhere"}],"title":"T","type":"login","urls":["a"]}`,
	"rules as an object":           `{"match":{"a":"host"},"title":"T","type":"login","urls":["a"]}`,
	"rules as strings":             `{"match":["a"],"title":"T","type":"login","urls":["a"]}`,
}

const digest = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

var newerDetails = map[string]string{
	"members":                   `{"aaa":[],"passkeys":[{"id":"x"}],"password":"p"}`,
	"members of parts":          `{"card":{"brand":"b","pin":"1","zip":{}},"identity":{"birthday":1,"city":"c"},"ssh_key":{"comment":"c","private":"p"}}`,
	"only members of parts":     `{"card":{"pin":"1"},"identity":{"birthday":1},"ssh_key":{"comment":"c"}}`,
	"parts of another kind":     `{"card":"4111","identity":[],"ssh_key":null}`,
	"lines of another kind":     `{"card":{"code":7,"number":["4111"]},"identity":{"address":{"street":"s"}},"ssh_key":{"private":false}}`,
	"members of fields":         `{"fields":[{"id":1,"name":"n","value":"v"},{"name":"m","value":"w"},{"at":2}]}`,
	"a kind of field":           `{"fields":[{"kind":"date","name":"n","value":"2030"}]}`,
	"a kind of hidden field":    `{"fields":[{"hidden":true,"kind":"pin","name":"n","value":"1"}]}`,
	"hidden that is a string":   `{"fields":[{"hidden":"touch","name":"n","value":"1"}]}`,
	"a hidden kind":             `{"fields":[{"kind":"hidden","name":"n"}]}`,
	"values of another kind":    `{"fields":[{"name":"n","value":5},{"name":["n"],"value":"v"}]}`,
	"fields of another kind":    `{"fields":["text",{"name":"n","value":"v"},null]}`,
	"fields as an object":       `{"fields":{"n":"v"}}`,
	"no fields":                 `{"fields":[]}`,
	"fields out of order":       `{"fields":[{"name":"n","kind":"link"},{"name":"n","name":"m"}]}`,
	"members of attachments":    `{"attachments":[{"id":"i","mime":"x","name":"n","sha256":"` + digest + `","size":1}]}`,
	"attachments without names": `{"attachments":[{"at":"s3","name":{"x":1}}]}`,
	"members of old passwords":  `{"password_history":[{"by":"x","password":"p"},{"by":"y"}]}`,
	"old passwords as strings":  `{"password_history":["p",{"password":"q","until":"2030"}]}`,
	"texts of another kind":     `{"notes":{"md":"x"},"password":["p"],"totp":[{"secret":"x"}]}`,
	"texts that are empty":      `{"notes":"","password":"","totp":""}`,
	"a time of another kind":    `{"modified":"now","notes":"n"}`,
	"names of any characters":   `{"A":1,"card":{"A b":1,"brand":"x"},"notes":"n"}`,
	"large numbers":             `{"attachments":[{"id":"i","name":"n","sha256":"` + digest + `","size":9007199254740993}]}`,
	"all of them together":      `{"aaa":1,"attachments":[{"aaa":1,"id":"i","name":"n","sha256":"` + digest + `","size":1}],"card":{"aaa":1,"brand":"b"},"fields":[{"aaa":1,"kind":"x","name":"n","value":"v"}],"identity":{"aaa":1,"city":"c"},"notes":5,"password":"p","password_history":[{"aaa":1,"password":"q"}],"ssh_key":{"aaa":1,"public":"p"},"zzz":1}`,
	"attachments as an object":  `{"attachments":{"a":1}}`,
	"old passwords as a number": `{"password_history":1}`,
}

// throughJSON returns the item after encoding and decoding as JSON, as on its way to the page and back.
func throughJSON(t *testing.T, it item.Item) item.Item {
	t.Helper()
	text, err := json.Marshal(it)
	if err != nil {
		t.Fatal(err)
	}
	var out item.Item
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestUnknownValuesStayByteForByte(t *testing.T) {
	for name, overview := range newerOverviews {
		t.Run("overview/"+name, func(t *testing.T) { checkPreserved(t, overview, `{"password":"p"}`) })
	}
	for name, details := range newerDetails {
		t.Run("details/"+name, func(t *testing.T) { checkPreserved(t, `{"title":"T","type":"login"}`, details) })
	}
}

func checkPreserved(t *testing.T, overview, details string) {
	t.Helper()
	stored := parse(t, []byte(overview), []byte(details))
	for what, it := range map[string]item.Item{
		"as it was read":     stored,
		"cloned":             stored.Clone(),
		"tidied":             stored.Normalise(),
		"joined":             item.Join(stored, stored),
		"through JSON":       throughJSON(t, stored).Normalise(),
		"through JSON twice": throughJSON(t, throughJSON(t, stored)),
	} {
		if got := string(it.Overview()); got != overview {
			t.Errorf("%s\n got %s\nwant %s", what, got, overview)
		}
		if got := string(it.Details()); got != details {
			t.Errorf("%s\n got %s\nwant %s", what, got, details)
		}
		if !it.Equal(stored) {
			t.Errorf("%s: a different item: %+v", what, it)
		}
	}
	// An edit on an older device, of fields that it knows.
	edited := throughJSON(t, stored)
	edited.Tags = append(edited.Tags, "edited")
	edited.Fields = append(edited.Fields, item.Field{Name: "edited", Value: "x"})
	edited = edited.Normalise()
	err := edited.Validate()
	var refused *item.FieldError
	switch {
	case errors.As(err, &refused) && strings.HasSuffix(err.Error(), "was written by a newer version of VaultSphere"):
		return // the edit is refused, and nothing is lost
	case err != nil:
		t.Fatalf("the edit is refused: %v", err)
	}
	again := parse(t, edited.Overview(), edited.Details())
	again.Tags, again.Fields = stored.Tags, again.Fields[:len(again.Fields)-1]
	if !again.SameOverview(stored) && stored.Tags != nil {
		t.Errorf("the edit changed more\n got %s\nwant %s", again.Overview(), overview)
	}
	if len(stored.Fields) > 0 && !again.SameDetails(stored) {
		t.Errorf("the edit changed more\n got %s\nwant %s", again.Details(), details)
	}
}

func TestFromNewer(t *testing.T) {
	it := item.Item{Title: "T", URLs: []string{"a", "b"}, Match: map[string]item.MatchRule{"a": "fuzzy", "b": item.MatchHost},
		Fields: []item.Field{{Name: "n", Kind: "date"}, {Name: "m", Kind: item.FieldLink}, {Name: "o", Kind: "x", Unknown: `{"a":1}`}}}.FromNewerExport().Normalise()
	if err := it.Validate(); err != nil {
		t.Fatal(err)
	}
	const overview = `{"match":[{"rule":"fuzzy","url":"a"},{"rule":"host","url":"b"}],"title":"T","type":"login","urls":["a","b"]}`
	const details = `{"fields":[{"kind":"date","name":"n"},{"kind":"link","name":"m"},{"a":1,"kind":"x","name":"o"}]}`
	if got := string(it.Overview()); got != overview {
		t.Errorf("overview %s", got)
	}
	if got := string(it.Details()); got != details {
		t.Errorf("details %s", got)
	}
}

func TestInvalidUnknownIsRefused(t *testing.T) {
	for _, unknown := range []item.Unknown{`5`, `{`, `{"b":1,"a":2}`, `{"a": 1}`, `{"a":1}x`, `{"a":"\u0041"}`} {
		for name, it := range map[string]item.Item{
			"overview": {UnknownOverview: unknown}, "details": {UnknownDetails: unknown}, "card": {Card: &item.Card{Unknown: unknown}},
			"match": {URLs: []string{"a"}, Match: map[string]item.MatchRule{"a": item.MatchRule(unknown)}},
		} {
			it.Title = "T"
			if err := it.Normalise().Validate(); err == nil {
				t.Errorf("%s: %s is accepted", name, unknown)
			}
		}
	}
	for name, it := range map[string]item.Item{
		"title": {Title: "T", UnknownOverview: `{"title":"evil"}`}, "password": {Title: "T", Password: "p", UnknownDetails: `{"password":1}`},
		"card.code":       {Title: "T", Card: &item.Card{Code: "1", Unknown: `{"code":"2"}`}},
		"fields[0].value": {Title: "T", Fields: []item.Field{{Value: "1", Unknown: `{"value":"2"}`}}},
	} {
		if err := it.Normalise().Validate(); err == nil || err.Error() != name+": was written by a newer version of VaultSphere" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
