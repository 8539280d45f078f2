package replica

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
)

// The cache of a vault on a device is a list of chunks: the first has the whole verified state, each later one an answer of the server
// to the changes since.

// Whole encodes the verified state as the first chunk of a cache. a is the answer about the whole vault from which it comes, so that
// its records need not be encoded again; nil: there is none.
func (v *Replica) Whole(a *Answer) ([]byte, error) {
	s := v.log.State
	head := protocol.VaultLog{
		Revision: s.Revision, Sequence: s.Entry.Sequence, Head: encodeHash(s.Write), Entry: encodeHash(s.Entry.Hash()),
		Entries: []protocol.Signed{}, Writes: []protocol.Signed{}, Cards: []protocol.Signed{},
	}
	for _, e := range v.log.Entries {
		head.Entries = append(head.Entries, encodeSigned(e.Encode()))
	}
	if v.log.Head != nil {
		head.Writes = append(head.Writes, encodeSigned(v.log.Head.Encode()))
	}
	for _, c := range v.log.cards {
		head.Cards = append(head.Cards, encodeSigned(c.Encode()))
	}
	head.Envelope = encodeSigned(v.log.Envelope)
	log, err := json.Marshal(head)
	if err != nil {
		return nil, fmt.Errorf("encode the log: %w", err)
	}
	var list []byte
	if a == nil || a.list == "" {
		if list, err = json.Marshal(v.records()); err != nil {
			return nil, fmt.Errorf("encode the records: %w", err)
		}
	}
	state := encodeSigned(v.log.State.Encode())
	out := make([]byte, 0, len(state)+len(log)+len(list)+64)
	if a != nil {
		out = slices.Grow(out, len(a.list))
	}
	out = append(append(append(out, wholeBegin...), state...), `",`...)
	out = append(append(out, log[1:len(log)-1]...), `,"records":`...)
	if list != nil {
		out = append(out, list...)
	} else {
		out = append(out, a.list...)
	}
	return append(out, '}'), nil
}

const wholeBegin = `{"state":"`

// records returns all live records. The revision of an attachment is not known; the newest one is good enough for readers of the whole
// vault.
func (v *Replica) records() []protocol.VaultRecord {
	out := make([]protocol.VaultRecord, 0, v.live.Count())
	revision := v.Revision()
	for _, e := range v.entries {
		for _, kind := range []chain.RecordKind{chain.RecordOverview, chain.RecordDetails} {
			for _, r := range *e.records(kind) {
				out = append(out, wireRecord(chain.Line{Kind: kind, ID: e.id, Version: r.version, Epoch: r.epoch}, r.revision, r.token, false))
			}
		}
	}
	for l, r := range v.others {
		out = append(out, wireRecord(l, r.revision, r.token, false))
	}
	for _, l := range v.Attachments() {
		out = append(out, wireRecord(l, revision, "", false))
	}
	return out
}

// Copy is a parsed cache. Nothing of it is verified.
type Copy struct {
	state  chain.State
	whole  *Answer
	deltas []*Answer
}

// ParseCopy reads the chunks of a cache, of which there is at least one.
func ParseCopy(chunks [][]byte) (*Copy, error) {
	c, err := parseWhole(chunks[0])
	if err != nil {
		return nil, damaged(err)
	}
	for _, chunk := range chunks[1:] {
		a, err := Parse(chunk)
		if err != nil {
			return nil, damaged(err)
		}
		c.deltas = append(c.deltas, a)
	}
	return c, nil
}

func damaged(err error) error {
	return &AlteredError{Problems: []error{Found(bridge.Finding{Code: bridge.CacheDamaged}, "the copy on this device is damaged")}, Err: err}
}

func parseWhole(chunk []byte) (*Copy, error) {
	s := newSplitter(chunk)
	if !s.word(wholeBegin) {
		return nil, errors.New("not a cache of this version")
	}
	text, ok := s.text()
	if !ok || !s.word(`,`) {
		return nil, errors.New("no state")
	}
	b, err := signedEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	state, err := chain.ParseState(b)
	if err != nil {
		return nil, err
	}
	rest := s.i
	a, ok := s.rest()
	if !ok {
		if a, err = Parse([]byte("{" + s.s[rest:])); err != nil {
			return nil, err
		}
	}
	return &Copy{state: state, whole: a}, nil
}

// FollowCopy returns the log of a cache. seen is what this device remembers; the zero State if there is nothing. It changes nothing. It returns a
// *RolledBackError if the cache does not lead to what this device has seen.
func (v *Replica) FollowCopy(c *Copy, seen chain.State) (*Log, error) {
	first, err := c.log()
	if err != nil {
		return nil, damaged(err)
	}
	if first.State.Entry.Vault != v.Vault {
		return nil, damaged(chain.ErrVault)
	}
	w := New(v.User, v.Vault)
	w.log = first
	// A whole cache is written before it is remembered. If the program ended between the two, the cache is newer.
	reached := reaches(first.State, seen) || first.newer(seen)
	for _, a := range c.deltas {
		if w.log, err = w.follow(a, chain.State{}); err != nil {
			return nil, damaged(err)
		}
		reached = reached || reaches(w.log.State, seen)
	}
	if !reached {
		return nil, &RolledBackError{Seen: seen.Revision, Got: w.log.State.Revision, Copy: true}
	}
	if w.log.Headless() {
		return nil, damaged(chain.ErrFork)
	}
	return w.log, nil
}

func reaches(s, seen chain.State) bool {
	return seen.Entry == nil || s.Revision == seen.Revision && s.Write == seen.Write && s.Entry.Hash() == seen.Entry.Hash()
}

// newer reports whether the log leads through the remembered entry and beyond the remembered write.
func (l *Log) newer(seen chain.State) bool {
	n := seen.Entry.Sequence
	through := n < int64(len(l.Entries)) && l.Entries[n].Hash() == seen.Entry.Hash()
	return through && (l.State.Revision > seen.Revision || l.State.Revision == seen.Revision && l.State.Write == seen.Write)
}

// log returns the log of the first chunk, which ends in its state.
func (c *Copy) log() (*Log, error) {
	entries, writes, err := c.whole.objects()
	if err != nil {
		return nil, err
	}
	l, err := (&Log{}).with(c.whole)
	if err != nil {
		return nil, err
	}
	if l.State, err = chain.Whole(c.state.Genesis, &c.state, entries, nil, l.Cards); err != nil {
		return nil, err
	}
	l.Entries = entries
	if l.Envelope, err = signedEncoding.DecodeString(c.whole.Envelope); err != nil {
		return nil, err
	}
	if len(writes) > 0 && writes[0].Hash() == l.State.Write {
		l.Head = writes[0]
	}
	return l, nil
}

// Records returns all records: those of the first chunk with the changes since.
func (c *Copy) Records() []protocol.VaultRecord {
	if len(c.deltas) == 0 {
		return c.whole.Records
	}
	type place struct {
		id      string
		kind    protocol.RecordKind
		version int64
		epoch   int64
	}
	at := func(r protocol.VaultRecord) place {
		if r.Kind == protocol.RecordAttachment {
			r.Version = 0
		}
		return place{r.ItemID, r.Kind, r.Version, r.Epoch}
	}
	records := make(map[place]protocol.VaultRecord, len(c.whole.Records))
	for _, r := range c.whole.Records {
		records[at(r)] = r
	}
	for _, a := range c.deltas {
		for _, r := range a.Records {
			if r.Deleted {
				delete(records, at(r))
			} else {
				records[at(r)] = r
			}
		}
	}
	out := make([]protocol.VaultRecord, 0, len(records))
	for _, r := range records {
		out = append(out, r)
	}
	// The records of an item follow each other, which is faster to verify.
	sort.Slice(out, func(i, j int) bool { return out[i].ItemID < out[j].ItemID })
	return out
}

// Token returns the token of a live sealed record, and false if there is none at this place with this hash.
func (v *Replica) Token(l chain.Line) (string, bool) {
	token := v.others[l].token
	if e := v.entries[v.Name(l.ID)]; e != nil && token == "" {
		if list := e.records(l.Kind); list != nil {
			if i, found := slices.BinarySearchFunc(*list, l.Version, byVersion); found && (*list)[i].epoch == l.Epoch {
				token = (*list)[i].token
			}
		}
	}
	return token, token != "" && chain.HashOf(chain.HashToken, []byte(token)) == l.Hash
}
