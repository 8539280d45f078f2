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

// Parse reads the answer to PathVault. encoding/json needs seconds for a large vault in WebAssembly, so a hand-written
// parser reads the exact shape that the server writes. Any other shape goes through encoding/json, as strictly as every answer.
// The tokens share memory with body, which must not be written to afterwards.
func Parse(body []byte) (protocol.VaultResponse, error) {
	s := &splitter{s: unsafe.String(unsafe.SliceData(body), len(body))} // #nosec G103 -- body is not written to any more; a copy would double the memory
	if v, ok := s.vault(); ok {
		return v, nil
	}
	var v struct {
		Revision int64                     `json:"revision"`
		Manifest string                    `json:"manifest"`
		Records  CompleteList[wholeRecord] `json:"records"`
	}
	if err := decodeStrict(body, &v); err != nil {
		return protocol.VaultResponse{}, err
	}
	if v.Records == nil {
		return protocol.VaultResponse{}, errors.New("records are missing")
	}
	records := make([]protocol.Record, len(v.Records))
	for i, r := range v.Records {
		records[i] = protocol.Record(r)
	}
	return protocol.VaultResponse{Revision: v.Revision, Manifest: v.Manifest, Records: records}, nil
}

// newerWords translates the answer of a server from before the wire format was renamed. No token contains a quote.
var newerWords = strings.NewReplacer(`"account_id":`, `"item_id":`, `"kind":"account"`, `"kind":"overview"`, `"kind":"password"`, `"kind":"details"`)

// parseChunk reads one chunk of a cached vault, including chunks of older releases: it may be the last good copy.
func parseChunk(chunk []byte) (protocol.VaultResponse, error) {
	v, err := Parse(chunk)
	if err == nil {
		return v, nil
	}
	if older, olderErr := Parse([]byte(newerWords.Replace(string(chunk)))); olderErr == nil {
		return older, nil
	}
	return v, err
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

type wholeRecord protocol.Record

func (r wholeRecord) Complete() bool {
	return r.ItemID != "" && r.Kind != "" && r.Version > 0 && r.Revision > 0 && r.Deleted == (r.Token == "")
}

// splitter parses the answer in one pass. encoding/json would return the same for all that it accepts.
type splitter struct {
	s string
	i int
}

func (s *splitter) word(w string) bool {
	if strings.HasPrefix(s.s[s.i:], w) {
		s.i += len(w)
		return true
	}
	return false
}

// text reads a string of printable ASCII without escapes, starting after its opening quote.
func (s *splitter) text() (string, bool) {
	for j := s.i; j < len(s.s); j++ {
		c := s.s[j]
		if c == '"' {
			t := s.s[s.i:j]
			s.i = j + 1
			return t, true
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

func (s *splitter) vault() (v protocol.VaultResponse, ok bool) {
	if !s.word(`{"revision":`) {
		return v, false
	}
	if v.Revision, ok = s.number(); !ok || !s.word(`,"manifest":"`) {
		return v, false
	}
	if v.Manifest, ok = s.text(); !ok || !s.word(`,"records":[`) {
		return v, false
	}
	// A record takes about 500 bytes; a wrong guess costs a copy.
	v.Records = make([]protocol.Record, 0, len(s.s)/512+1)
	if !s.word(`]`) && !s.records(&v.Records) {
		return v, false
	}
	return v, s.word(`}`) && strings.TrimRight(s.s[s.i:], "\n") == ""
}

// records reads a nonempty list to its end.
func (s *splitter) records(to *[]protocol.Record) bool {
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

func (s *splitter) record() (r protocol.Record, ok bool) {
	if !s.word(`{"item_id":"`) {
		return r, false
	}
	if r.ItemID, ok = s.text(); !ok {
		return r, false
	}
	switch {
	case s.word(`,"kind":"overview","version":`):
		r.Kind = protocol.KindOverview
	case s.word(`,"kind":"details","version":`):
		r.Kind = protocol.KindDetails
	default:
		return r, false
	}
	if r.Version, ok = s.number(); !ok || !s.word(`,"revision":`) {
		return r, false
	}
	if r.Revision, ok = s.number(); !ok {
		return r, false
	}
	if s.word(`,"token":"`) {
		if r.Token, ok = s.text(); !ok {
			return r, false
		}
	}
	if s.word(`,"deleted":true`) {
		r.Deleted = true
	}
	return r, s.word(`}`) && wholeRecord(r).Complete()
}

// decodeStrict accepts exactly what our server, or an earlier run on this device, writes.
func decodeStrict(text []byte, out any) error {
	return strictjson.Form{Name: "the text"}.Unmarshal(text, out)
}
