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
	a := protocol.VaultAnswer{
		VaultLog: protocol.VaultLog{Revision: 12, Sequence: 1, Head: "h", Entry: "e", Entries: []string{"AA", "BB"}, Writes: []string{"CC"}, Cards: []string{"DD"}, Envelope: "EE"},
		Records: []protocol.VaultRecord{
			{ItemID: "a", Kind: protocol.RecordOverview, Version: 3, Epoch: 2, Revision: 4, Token: "gAAAAA=="},
			{ItemID: "b", Kind: protocol.RecordDetails, Version: 1, Epoch: 1, Revision: 12, Deleted: true},
			{ItemID: "c", Kind: protocol.RecordAttachment, Version: 2, Revision: 12, Hash: "hash"},
			{ItemID: "d", Kind: protocol.RecordAttachment, Version: 2, Revision: 12, Deleted: true},
		},
	}
	for _, k := range kindWords {
		a.Records = append(a.Records, protocol.VaultRecord{ItemID: "e", Kind: k.kind, Version: 1, Epoch: 1, Revision: 1, Token: "x"})
	}
	return encoded(t, a)
}

const emptyAnswer = `{"revision":0,"sequence":0,"head":"h","entries":[],"writes":[],"cards":[],"records":[]}`

// The splitter exists for speed, so it must accept what the server really writes.
func TestVaultAnswersAreSplitWithoutEncodingJSON(t *testing.T) {
	t.Parallel()
	older := strings.Replace(string(answerBody(t)), `"entry":"e",`, "", 1) // in a cache
	for _, body := range []string{string(answerBody(t)), emptyAnswer + "\n", older} {
		s := &splitter{s: body}
		got, ok := s.answer()
		var want protocol.VaultAnswer
		if err := json.Unmarshal([]byte(body), &want); err != nil {
			t.Fatal(err)
		}
		if !ok || !reflect.DeepEqual(got.VaultAnswer, want) {
			t.Errorf("%s: got %+v, %v", body, got, ok)
		}
		var list []protocol.VaultRecord
		if err := json.Unmarshal([]byte(got.list), &list); err != nil || !reflect.DeepEqual(list, want.Records) {
			t.Errorf("the list is %s: %v", got.list, err)
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
	if err != nil || !reflect.DeepEqual(got.VaultAnswer, want.VaultAnswer) || got.list != "" {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

// encoding/json accepts everything that the splitter accepts, with the same result.
func FuzzVaultAnswer(f *testing.F) {
	f.Add(answerBody(f))
	f.Add([]byte(emptyAnswer))
	f.Fuzz(func(t *testing.T, body []byte) {
		s := &splitter{s: string(body)}
		got, ok := s.answer()
		if !ok {
			return
		}
		var want protocol.VaultAnswer
		if err := decodeStrict(body, &want); err != nil {
			t.Fatalf("%q is not strict JSON: %v", body, err)
		}
		if !reflect.DeepEqual(got.VaultAnswer, want) {
			t.Fatalf("%q: got %+v, want %+v", body, got, want)
		}
	})
}

// Once decoded, each of these elements takes many times its size in memory.
func TestIncompleteListsAreRefusedEarly(t *testing.T) {
	t.Parallel()
	whole := `{"item_id":"a","kind":"overview","version":1,"epoch":1,"revision":1,"token":"x"}`
	for _, element := range []string{
		`{}`, `null`, `{"item_id":"a","kind":"overview","version":1,"epoch":1,"revision":1}`,
		`{"item_id":"a","kind":"overview","version":1,"epoch":1,"revision":0,"token":"x"}`,
		`{"item_id":"","kind":"overview","version":1,"epoch":1,"revision":1,"deleted":true}`,
		`{"item_id":"a","kind":"overview","version":1,"epoch":1,"revision":1,"token":"x","deleted":true}`,
		`{"item_id":"a","kind":"overview","version":1,"epoch":1,"revision":1,"token":"x","hash":"x"}`,
	} {
		body := `{"revision":1,"sequence":1,"head":"h","entries":[],"writes":[],"cards":[],"records":[` + whole + strings.Repeat(","+element, 1000) + `]}`
		if _, err := Parse([]byte(body)); err == nil || !strings.Contains(err.Error(), "element 1 ") {
			t.Errorf("%s: %v", element, err)
		}
	}
	if _, err := Parse([]byte(`{"revision":1,"sequence":1,"head":"h","entries":["AA"` + strings.Repeat(`,""`, 1000) + `],"writes":[],"cards":[],"records":[]}`)); err == nil || !strings.Contains(err.Error(), "element 1 ") {
		t.Errorf("empty entries: %v", err)
	}
	for _, body := range []string{
		`{"revision":1,"sequence":1,"head":"h","entries":[],"writes":[],"cards":[],"records":{}}`, `{"revision":1,"sequence":1,"head":"h","entries":[],"writes":[],"cards":[],"records":[1]}`,
		`{"revision":1,"sequence":1,"head":"h","entries":[],"writes":[],"cards":[]}`, `{"writes":[],"cards":[],"records":[]}`,
	} {
		if _, err := Parse([]byte(body)); err == nil {
			t.Errorf("%s is accepted as a vault", body)
		}
	}
}
