package replica

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

func answerBody(t testing.TB) []byte {
	t.Helper()
	body, err := json.Marshal(protocol.VaultResponse{Revision: 12, Manifest: "gAAA_-=", Records: []protocol.Record{
		{Place: protocol.Place{ItemID: "a", Kind: protocol.KindOverview, Version: 3}, Revision: 4, Token: "gAAAAA=="},
		{Place: protocol.Place{ItemID: "b", Kind: protocol.KindDetails, Version: 1}, Revision: 12, Deleted: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// The splitter exists for speed, so it must accept what the server really writes.
func TestVaultAnswersAreSplitWithoutEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, body := range []string{string(answerBody(t)), `{"revision":0,"manifest":"x","records":[]}` + "\n"} {
		s := &splitter{s: body}
		got, ok := s.vault()
		var want protocol.VaultResponse
		if err := json.Unmarshal([]byte(body), &want); err != nil {
			t.Fatal(err)
		}
		if !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", body, got, ok)
		}
	}
}

func TestVaultAnswersInAnotherShapeAreReadAllTheSame(t *testing.T) {
	t.Parallel()
	want, err := Parse(answerBody(t))
	if err != nil {
		t.Fatal(err)
	}
	spaced := strings.NewReplacer(`,"`, ` , "`, `":`, `" : `).Replace(string(answerBody(t)))
	got, err := Parse([]byte(spaced))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

// encoding/json accepts everything that the splitter accepts, with the same result.
func FuzzVaultAnswer(f *testing.F) {
	f.Add(answerBody(f))
	f.Add([]byte(`{"revision":0,"manifest":"","records":[]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		s := &splitter{s: string(body)}
		got, ok := s.vault()
		if !ok {
			return
		}
		var want protocol.VaultResponse
		if err := decodeStrict(body, &want); err != nil {
			t.Fatalf("%q is not strict JSON: %v", body, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: got %+v, want %+v", body, got, want)
		}
	})
}

// Once decoded, each of these elements takes many times its size in memory.
func TestIncompleteListsAreRefusedEarly(t *testing.T) {
	t.Parallel()
	whole := `{"item_id":"a","kind":"overview","version":1,"revision":1,"token":"x"}`
	for _, element := range []string{
		`{}`, `null`, `{"item_id":"a","kind":"overview","version":1,"revision":1}`,
		`{"item_id":"a","kind":"overview","version":1,"revision":0,"token":"x"}`,
		`{"item_id":"","kind":"overview","version":1,"revision":1,"deleted":true}`,
		`{"item_id":"a","kind":"overview","version":1,"revision":1,"token":"x","deleted":true}`,
	} {
		body := `{"revision":1,"manifest":"x","records":[` + whole + strings.Repeat(","+element, 1000) + `]}`
		if _, err := Parse([]byte(body)); err == nil || !strings.Contains(err.Error(), "element 1 ") {
			t.Errorf("%s: %v", element, err)
		}
	}
	for _, body := range []string{`{"revision":1,"manifest":"x","records":{}}`, `{"revision":1,"manifest":"x","records":[1]}`, `{"revision":1,"manifest":"x"}`} {
		if _, err := Parse([]byte(body)); err == nil {
			t.Errorf("%s is accepted as a vault", body)
		}
	}
}
