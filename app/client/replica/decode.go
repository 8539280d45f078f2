package replica

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/strictjson"
)

// Answer is a parsed answer of the server about a vault. Nothing of it is verified.
type Answer struct {
	protocol.VaultAnswer
	// list is the text of Records, with its brackets, so that the cache need not encode it again. Empty: it is not known.
	list string
}

// Parse reads the answer to GET at protocol.PathVault. encoding/json needs seconds for a large vault in WebAssembly, so a
// hand-written parser reads the exact shape that the server writes. Any other shape goes through encoding/json, as strictly as every
// answer. The tokens share memory with body, which must not be written to afterwards.
func Parse(body []byte) (*Answer, error) {
	s := newSplitter(body)
	if a, ok := s.answer(); ok {
		return a, nil
	}
	var w wholeAnswer
	if err := decodeStrict(body, &w); err != nil {
		return nil, err
	}
	return w.answer()
}

// wholeAnswer is protocol.VaultAnswer with lists that are complete.
type wholeAnswer struct {
	Revision int64                     `json:"revision"`
	Sequence int64                     `json:"sequence"`
	Head     protocol.Hash             `json:"head"`
	Entry    protocol.Hash             `json:"entry"`
	Entries  CompleteList[object]      `json:"entries"`
	Writes   CompleteList[object]      `json:"writes"`
	Cards    CompleteList[object]      `json:"cards"`
	Envelope protocol.Signed           `json:"envelope"`
	Policy   protocol.Signed           `json:"policy"`
	More     bool                      `json:"more"`
	Branch   *wholeBranch              `json:"branch"`
	Records  CompleteList[wholeRecord] `json:"records"`
}

type wholeBranch struct {
	Common int64                `json:"common"`
	Join   int64                `json:"join"`
	Writes CompleteList[object] `json:"writes"`
}

func (w wholeAnswer) answer() (*Answer, error) {
	if w.Entries == nil || w.Writes == nil || w.Cards == nil || w.Records == nil {
		return nil, errors.New("a list is missing")
	}
	a := &Answer{VaultAnswer: protocol.VaultAnswer{Records: make([]protocol.VaultRecord, len(w.Records))}}
	a.Revision, a.Sequence, a.Head, a.Entry = w.Revision, w.Sequence, w.Head, w.Entry
	a.Entries, a.Writes, a.Cards = texts(w.Entries), texts(w.Writes), texts(w.Cards)
	a.Envelope, a.Policy, a.More = w.Envelope, w.Policy, w.More
	if w.Branch != nil {
		a.Branch = &protocol.VaultBranch{Common: w.Branch.Common, Join: w.Branch.Join, Writes: texts(w.Branch.Writes)}
	}
	for i, r := range w.Records {
		a.Records[i] = protocol.VaultRecord(r)
	}
	return a, nil
}

// object is a signed object of a list.
type object string

func (o object) Complete() bool { return o != "" }

func texts(objects []object) []protocol.Signed {
	out := make([]protocol.Signed, len(objects))
	for i, o := range objects {
		out[i] = string(o)
	}
	return out
}

// CompleteList rejects a list at its first incomplete element. An empty object takes two bytes of an answer and a hundred in memory,
// and compresses to nothing: without this check, a few KB on the wire could exhaust the memory of the device.
type CompleteList[T interface{ Complete() bool }] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *CompleteList[T]) UnmarshalJSON(list []byte) error {
	d := json.NewDecoder(bytes.NewReader(list))
	d.DisallowUnknownFields()
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return errors.New("not a list")
	}
	*l = CompleteList[T]{}
	for d.More() {
		var one T
		if err := d.Decode(&one); err != nil {
			return err
		}
		if !one.Complete() {
			return fmt.Errorf("element %d of a list lacks members", len(*l))
		}
		*l = append(*l, one)
	}
	return nil
}

type wholeRecord protocol.VaultRecord

func (r wholeRecord) Complete() bool {
	contents := 0
	for _, there := range []bool{r.Token != "", r.Hash != "", r.Deleted} {
		if there {
			contents++
		}
	}
	return r.ItemID != "" && r.Kind != "" && r.Version > 0 && r.Revision > 0 && contents == 1
}

// splitter parses an answer in one pass. encoding/json would return the same for all that it accepts.
type splitter struct {
	s string
	i int
}

func newSplitter(body []byte) *splitter {
	return &splitter{s: unsafe.String(unsafe.SliceData(body), len(body))} // #nosec G103 -- body is not written to any more; a copy would double the memory
}

func (s *splitter) word(w string) bool {
	if strings.HasPrefix(s.s[s.i:], w) {
		s.i += len(w)
		return true
	}
	return false
}

// text reads a nonempty string of printable ASCII without escapes, starting after its opening quote.
func (s *splitter) text() (string, bool) {
	for j := s.i; j < len(s.s); j++ {
		c := s.s[j]
		if c == '"' {
			t := s.s[s.i:j]
			s.i = j + 1
			return t, t != ""
		}
		if c < 0x20 || c > 0x7e || c == '\\' {
			break
		}
	}
	return "", false
}

// number reads zero or a positive integer of at most 15 digits.
func (s *splitter) number() (int64, bool) {
	start, n := s.i, int64(0)
	for s.i < len(s.s) && s.s[s.i] >= '0' && s.s[s.i] <= '9' {
		n = n*10 + int64(s.s[s.i]-'0')
		s.i++
		if s.i-start > 15 {
			return 0, false
		}
	}
	digits := s.s[start:s.i]
	return n, digits != "" && (digits == "0" || digits[0] != '0')
}

// answer reads a whole answer.
func (s *splitter) answer() (*Answer, bool) {
	if !s.word(`{`) {
		return nil, false
	}
	return s.rest()
}

// rest reads an answer after its opening brace.
func (s *splitter) rest() (*Answer, bool) {
	a := &Answer{}
	var ok bool
	if !s.word(`"revision":`) {
		return nil, false
	}
	if a.Revision, ok = s.number(); !ok || !s.word(`,"sequence":`) {
		return nil, false
	}
	if a.Sequence, ok = s.number(); !ok || !s.word(`,"head":"`) {
		return nil, false
	}
	if a.Head, ok = s.text(); !ok {
		return nil, false
	}
	if s.word(`,"entry":"`) { // older caches do not have it
		if a.Entry, ok = s.text(); !ok {
			return nil, false
		}
	}
	if !s.signed(a) || !s.word(`,"records":[`) {
		return nil, false
	}
	start := s.i - 1
	// A record takes about 500 bytes; a wrong guess costs a copy.
	a.Records = make([]protocol.VaultRecord, 0, len(s.s)/512+1)
	if !s.word(`]`) && !s.records(&a.Records) {
		return nil, false
	}
	a.list = s.s[start:s.i]
	return a, s.word(`}`) && strings.TrimRight(s.s[s.i:], "\n") == ""
}

// signed reads the signed objects of an answer.
func (s *splitter) signed(a *Answer) (ok bool) {
	if a.Entries, ok = s.objects(`,"entries":[`); !ok {
		return false
	}
	if a.Writes, ok = s.objects(`,"writes":[`); !ok {
		return false
	}
	if a.Cards, ok = s.objects(`,"cards":[`); !ok {
		return false
	}
	if s.word(`,"envelope":"`) {
		a.Envelope, ok = s.text()
	}
	if ok && s.word(`,"policy":"`) {
		a.Policy, ok = s.text()
	}
	return ok
}

// objects reads a list of signed objects, which begins with a word.
func (s *splitter) objects(begin string) ([]protocol.Signed, bool) {
	list := []protocol.Signed{}
	if !s.word(begin) {
		return nil, false
	}
	for !s.word(`]`) {
		if len(list) > 0 && !s.word(`,`) || !s.word(`"`) {
			return nil, false
		}
		o, ok := s.text()
		if !ok {
			return nil, false
		}
		list = append(list, o)
	}
	return list, true
}

// records reads a nonempty list to its end.
func (s *splitter) records(to *[]protocol.VaultRecord) bool {
	for {
		r, ok := s.record()
		if !ok {
			return false
		}
		*to = append(*to, r)
		if s.word(`]`) {
			return true
		}
		if !s.word(`,`) {
			return false
		}
	}
}

// kindWords are the kinds of records, the most frequent first.
var kindWords = []struct {
	word string
	kind protocol.RecordKind
}{
	{`overview","version":`, protocol.RecordOverview}, {`details","version":`, protocol.RecordDetails},
	{`attachment","version":`, protocol.RecordAttachment}, {`vault","version":`, protocol.RecordVault},
	{`pin","version":`, protocol.RecordPin}, {`passkey","version":`, protocol.RecordPasskey},
	{`invitation","version":`, protocol.RecordInvitation}, {`grant","version":`, protocol.RecordGrant},
}

func (s *splitter) kind() (protocol.RecordKind, bool) {
	for _, k := range kindWords {
		if s.word(k.word) {
			return k.kind, true
		}
	}
	return "", false
}

func (s *splitter) record() (r protocol.VaultRecord, ok bool) {
	if !s.word(`{"item_id":"`) {
		return r, false
	}
	if r.ItemID, ok = s.text(); !ok || !s.word(`,"kind":"`) {
		return r, false
	}
	if r.Kind, ok = s.kind(); !ok {
		return r, false
	}
	if !s.numbers(&r) {
		return r, false
	}
	switch {
	case s.word(`,"token":"`):
		r.Token, ok = s.text()
	case s.word(`,"hash":"`):
		r.Hash, ok = s.text()
	case s.word(`,"deleted":true`):
		r.Deleted = true
	}
	return r, ok && s.word(`}`) && wholeRecord(r).Complete()
}

// numbers reads version, epoch and revision.
func (s *splitter) numbers(r *protocol.VaultRecord) (ok bool) {
	if r.Version, ok = s.number(); !ok {
		return false
	}
	if s.word(`,"epoch":`) {
		if r.Epoch, ok = s.number(); !ok {
			return false
		}
	}
	if !s.word(`,"revision":`) {
		return false
	}
	r.Revision, ok = s.number()
	return ok
}

// decodeStrict accepts exactly what our server, or an earlier run on this device, writes.
func decodeStrict(text []byte, out any) error {
	return strictjson.Form{Name: "the text"}.Unmarshal(text, out)
}
