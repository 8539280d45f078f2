package replica

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Former is an item as it was at the revision of a Past.
type Former struct {
	ID  string
	Now *Entry // nil: the item is not in the vault now

	id        chain.ID
	overviews []chain.Line // ascending versions; none: the item was not in the vault then
	details   []chain.Line
	seen      [2]uint32 // the highest versions of overview and details since
}

// Existed reports whether anything of the item was in the vault then.
func (f *Former) Existed() bool { return len(f.overviews)+len(f.details) > 0 }

// Formers returns the items that had other records at Revision than they have now, in the order of their ids. wanted says which count.
// Only records of items are looked at: pins, passkeys, invitations and grants never go back.
func (p *Past) Formers(wanted func(id chain.ID) bool) []*Former {
	formers := map[chain.ID]*Former{}
	of := func(l chain.Line) *Former {
		if formers[l.ID] == nil && (l.Kind == chain.RecordOverview || l.Kind == chain.RecordDetails) && wanted(l.ID) {
			formers[l.ID] = &Former{ID: p.v.Name(l.ID), id: l.ID, Now: p.v.entries[p.v.Name(l.ID)],
				seen: [2]uint32{p.seen[chain.Line{Kind: chain.RecordOverview, ID: l.ID}], p.seen[chain.Line{Kind: chain.RecordDetails, ID: l.ID}]}}
		}
		return formers[l.ID]
	}
	for bucket := range 256 {
		for _, l := range p.past.Live().Lines(byte(bucket)) {
			if f := of(l); f != nil {
				f.add(l)
			}
		}
		for _, l := range p.v.live.Lines(byte(bucket)) {
			of(l)
		}
	}
	maps.DeleteFunc(formers, func(_ chain.ID, f *Former) bool { return p.same(f) })
	return slices.SortedFunc(maps.Values(formers), func(a, b *Former) int { return slices.Compare(a.id[:], b.id[:]) })
}

// Former returns an item as it was at Revision.
func (p *Past) Former(id chain.ID) *Former {
	f := &Former{ID: p.v.Name(id), id: id, Now: p.v.entries[p.v.Name(id)]}
	for _, l := range p.past.Live().Lines(chain.Bucket(id)) {
		if l.ID == id {
			f.add(l)
		}
	}
	return f
}

func (f *Former) add(l chain.Line) {
	switch l.Kind {
	case chain.RecordOverview:
		f.overviews = append(f.overviews, l)
	case chain.RecordDetails:
		f.details = append(f.details, l)
	}
}

// same reports whether the newest records of an item are those of then.
func (p *Past) same(f *Former) bool {
	if !f.Existed() || f.Now == nil {
		return !f.Existed() && f.Now == nil
	}
	return p.current(f.overviews, f.Now.overviews) && p.current(f.details, f.Now.secrets)
}

// current reports whether the newest record of then is the newest one now.
func (p *Past) current(then []chain.Line, now []sealed) bool {
	if len(then) == 0 {
		return len(now) == 0
	}
	newest := then[len(then)-1]
	return p.live(newest) && last(now).version == newest.Version
}

// live reports whether a line is live now.
func (p *Past) live(l chain.Line) bool {
	now, ok := p.v.live.Find(l.Kind, l.ID, l.Version)
	return ok && now == l
}

// Missing returns the records that the item needs to come back, and that are not in the replica: its newest overview and details, and, if
// nothing of the item is there now, its older details.
func (p *Past) Missing(f *Former) []chain.Line {
	details := f.details
	if f.Now != nil {
		details = details[max(0, len(details)-1):]
	}
	return p.gone(f.overviews[max(0, len(f.overviews)-1):], details)
}

// Newest is Missing without older details.
func (p *Past) Newest(f *Former) []chain.Line {
	return p.gone(f.overviews[max(0, len(f.overviews)-1):], f.details[max(0, len(f.details)-1):])
}

// NewestOverview is Newest without the details.
func (p *Past) NewestOverview(f *Former) []chain.Line {
	return p.gone(f.overviews[max(0, len(f.overviews)-1):])
}

// gone returns the lines that are not live now.
func (p *Past) gone(lists ...[]chain.Line) (lines []chain.Line) {
	for _, l := range slices.Concat(lists...) {
		if !p.live(l) {
			lines = append(lines, l)
		}
	}
	return lines
}

// Ask returns the request for the tokens of lines, of which there are at most protocol.MaxHistoryTokens.
func Ask(lines []chain.Line) protocol.TokensRequest {
	r := protocol.TokensRequest{Tokens: []protocol.KeptToken{}}
	for _, l := range lines {
		r.Tokens = append(r.Tokens, protocol.KeptToken{
			ItemID: l.ID.String(), Kind: l.Kind.Wire(), Version: int64(l.Version), Epoch: int64(l.Epoch), Hash: encodeSigned(l.Hash[:]),
		})
	}
	return r
}

var (
	// ErrExpired: the server no longer has a token that was replaced or deleted.
	ErrExpired = errors.New("the server no longer keeps this state")
	// ErrOtherToken: the server sent something other than what the signed history names.
	ErrOtherToken = errors.New("the server sent another record than the one in the signed history")
)

// Tokens are tokens of older records. Each has the hash of its line.
type Tokens struct {
	has map[chain.Line]string
	bad map[chain.Line]error
}

// Add takes the answer to Ask. A token that is missing or is another one affects no other.
func (t *Tokens) Add(lines []chain.Line, a protocol.TokensAnswer) error {
	if len(a.Tokens) != len(lines) {
		return broken(errHistory)
	}
	if t.has == nil {
		t.has, t.bad = map[chain.Line]string{}, map[chain.Line]error{}
	}
	for i, l := range lines {
		switch token := a.Tokens[i]; {
		case token == "":
			t.bad[l] = ErrExpired
		case len(token) > protocol.MaxTokenBytes || chain.HashOf(chain.HashToken, []byte(token)) != l.Hash:
			t.bad[l] = ErrOtherToken
		default:
			t.has[l] = token
		}
	}
	return nil
}

// token returns that of a record that was live then.
func (p *Past) token(l chain.Line, tokens *Tokens) (string, error) {
	if token, ok := tokens.has[l]; ok {
		return token, nil
	}
	if p.live(l) {
		if e := p.v.entries[p.v.Name(l.ID)]; e != nil {
			if i, found := slices.BinarySearchFunc(*e.records(l.Kind), l.Version, byVersion); found {
				return (*e.records(l.Kind))[i].token, nil
			}
		}
	}
	if err := tokens.bad[l]; err != nil {
		return "", err
	}
	return "", ErrExpired
}

func (p *Past) open(l chain.Line, tokens *Tokens) ([]byte, error) {
	token, err := p.token(l, tokens)
	if err != nil {
		return nil, err
	}
	return p.v.openRecord(l.ID, l.Kind, sealed{version: l.Version, epoch: l.Epoch, token: token})
}

// Overview opens the overview of an item that was in the vault then.
func (p *Past) Overview(f *Former, tokens *Tokens) (item.Item, error) {
	if len(f.overviews) == 0 {
		return item.Item{}, ErrNoOverview
	}
	return p.OpenOverview(f.overviews[len(f.overviews)-1], tokens)
}

// Open opens an item that was in the vault then.
func (p *Past) Open(f *Former, tokens *Tokens) (item.Item, error) {
	it, err := p.Overview(f, tokens)
	if err != nil {
		return it, err
	}
	if len(f.details) == 0 {
		return it, ErrNoDetails
	}
	plaintext, err := p.open(f.details[len(f.details)-1], tokens)
	if err != nil {
		return it, err
	}
	return it.Open(plaintext)
}

// older returns the details before the newest ones, as far as the server still keeps them.
func (p *Past) older(f *Former, tokens *Tokens) (older [][]byte) {
	for _, l := range f.details[:len(f.details)-1] {
		if plaintext, err := p.open(l, tokens); err == nil {
			older = append(older, plaintext)
		}
	}
	return older[max(0, len(older)-MaxHistory):]
}

// Attachment returns the line of an attachment that was live then and is not now.
func (p *Past) Attachment(id chain.ID) (chain.Line, bool) {
	l, ok := p.past.Live().Find(chain.Attachment, id, 0)
	if _, now := p.v.live.Find(chain.Attachment, id, 0); !ok || now {
		return chain.Line{}, false
	}
	return l, true
}

// Reattach makes an attachment live again whose chunks the server still keeps.
func (c *Change) Reattach(l chain.Line) {
	c.operations = append(c.operations, chain.Operation{Line: l})
}

// Revive writes an item that is not in the vault, with its history, under the newest epoch and above all versions that it had: a device
// that has not seen the deletion must not take the new records for those that it knows.
func (c *Change) Revive(p *Past, f *Former, it item.Item, tokens *Tokens) error {
	if c.v.entries[f.ID] != nil {
		return fmt.Errorf("revive %s: %w", f.ID, chain.ErrOperations)
	}
	if err := c.write(f.ID, f.id, chain.RecordOverview, f.seen[0]+1, it.Overview()); err != nil {
		return err
	}
	version := f.seen[1]
	for _, details := range append(p.older(f, tokens), it.Details()) {
		version++
		if err := c.write(f.ID, f.id, chain.RecordDetails, version, details); err != nil {
			return err
		}
	}
	return nil
}

// ReviveOperations returns the most operations that Revive may need.
func (f *Former) ReviveOperations() int { return 1 + min(len(f.details), MaxHistory+1) }

// RemoveOperations returns the number of operations that remove the item.
func (e *Entry) RemoveOperations() int { return len(e.overviews) + len(e.secrets) }

// Erase deletes an item.
func (c *Change) Erase(e *Entry) { c.eraseAll(e) }
