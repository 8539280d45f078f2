package replica

import (
	"errors"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Change is one step of the vault, from its revision to the next.
type Change struct {
	*Next
	// Branch has the writes of another branch that the change brings together with the vault, in ascending order; empty for none.
	Branch []protocol.BranchWrite
	End    chain.Hash // of the last of them

	operations []chain.Operation
	sealed     map[chain.Line]string // the tokens of what operations put
}

// Change begins a change of the current state.
func (v *Replica) Change() *Change {
	return &Change{Next: v.begin(false), sealed: map[chain.Line]string{}}
}

// Operations returns their number so far. A change without any does nothing.
func (c *Change) Operations() int { return len(c.operations) }

// write seals content as the given version of a record, under the key of the newest epoch.
func (c *Change) write(name string, id chain.ID, kind chain.RecordKind, version uint32, content []byte) error {
	r, err := c.sealRecord(id, kind, version, c.log.State.Entry.Epoch, c.revision(), content)
	if err != nil {
		return err
	}
	return c.add(name, id, kind, r)
}

// revision returns that of the write that the change becomes.
func (c *Change) revision() int64 { return c.log.State.Revision + 1 }

// add puts a sealed record.
func (c *Change) add(name string, id chain.ID, kind chain.RecordKind, r sealed) error {
	l := chain.Line{Kind: kind, ID: id, Version: r.version, Epoch: r.epoch, Hash: c.hasher.Hash(r.token)}
	if !c.put(l, name, r.revision, r.token) {
		return chain.ErrOperations // of a version that is there
	}
	c.operations = append(c.operations, chain.Operation{Line: l})
	c.sealed[l] = r.token
	return nil
}

// erase deletes the live record of this kind, item and version, in whatever epoch.
func (c *Change) erase(name string, id chain.ID, kind chain.RecordKind, version uint32) {
	if l, live := c.v.live.Find(kind, id, version); live {
		c.operations = append(c.operations, chain.Operation{Line: l, Delete: true})
		c.drop(l, name)
	}
}

// Attach makes the stored chunks of an attachment live, by their hashes in order.
func (c *Change) Attach(id chain.ID, chunks []chain.Hash) {
	c.operations = append(c.operations, chain.Operation{Line: chain.Line{
		Kind: chain.Attachment, ID: id, Version: uint32(len(chunks)), Hash: chain.HashAttachment(chunks), // #nosec G115 -- at most protocol.MaxChunks
	}})
}

// AttachLine makes an attachment live whose chunks are stored.
func (c *Change) AttachLine(l chain.Line) {
	c.operations = append(c.operations, chain.Operation{Line: l})
}

// Detach deletes an attachment, if it is live.
func (c *Change) Detach(id chain.ID) { c.erase("", id, chain.Attachment, 0) }

// MaxOperations bounds the operations of a change of many items, below chain.MaxOperations: each change is a step of its progress.
const MaxOperations = 1000

// MaxChangeBytes is a size of the tokens of a change that stays well below protocol.MaxBodyBytes, including the JSON around them.
const MaxChangeBytes = protocol.MaxBodyBytes * 3 / 4

// TokenBytes returns an upper bound of a part's size in a change: sealing less than doubles it.
func TokenBytes(part []byte) int { return len(part)*2 + 512 }

// MaxHistory is the number of older passwords that an item keeps.
const MaxHistory = 10

// CreateOperations is the number of operations that Create needs.
const CreateOperations = 2

// Create writes both parts of a new item.
func (c *Change) Create(name string, overview, details []byte) error {
	id, err := c.v.ParseName(name)
	if err != nil {
		return err
	}
	if err := c.write(name, id, chain.RecordOverview, 1, overview); err != nil {
		return err
	}
	return c.write(name, id, chain.RecordDetails, 1, details)
}

// UpdateOperations returns the most operations that Update may need, with details or without.
func (e *Entry) UpdateOperations(details bool) int {
	n := len(e.overviews) + 1
	if details {
		n += len(e.secrets) + 1
	}
	return n
}

// Update writes the next version of an overview, in place of those before, and, unless they are nil, of the details. It deletes the
// details beyond MaxHistory.
func (c *Change) Update(e *Entry, overview, details []byte) error {
	for _, r := range e.overviews {
		c.erase(e.ID, e.id, chain.RecordOverview, r.version)
	}
	if err := c.write(e.ID, e.id, chain.RecordOverview, e.meta().version+1, overview); err != nil {
		return err
	}
	if details == nil {
		return nil
	}
	for i := range len(e.secrets) - MaxHistory {
		c.erase(e.ID, e.id, chain.RecordDetails, e.secrets[i].version)
	}
	return c.write(e.ID, e.id, chain.RecordDetails, e.current().version+1, details)
}

// ErrTooManyVersions: Remove cannot delete an item in one change.
var ErrTooManyVersions = errors.New("item has more versions than one change can delete")

// Remove deletes the first of the items, as many as fit into one change, and returns their number.
func (c *Change) Remove(ids []string, wanted func(*Entry) bool) (int, error) {
	for n, id := range ids {
		e := c.v.entries[id]
		if e == nil {
			continue
		}
		if len(c.operations)+len(e.overviews)+len(e.secrets) > MaxOperations {
			if n == 0 {
				return 0, ErrTooManyVersions
			}
			return n, nil
		}
		if wanted(e) {
			c.eraseAll(e)
		}
	}
	return len(ids), nil
}

func (c *Change) eraseAll(e *Entry) {
	for _, r := range e.overviews {
		c.erase(e.ID, e.id, chain.RecordOverview, r.version)
	}
	for _, r := range e.secrets {
		c.erase(e.ID, e.id, chain.RecordDetails, r.version)
	}
}

// Author is the member who signs a change.
type Author struct {
	User chain.ID
	Card chain.Hash // the one in the roster
	Keys seal.CardKeys
}

// Signed is a signed write with its operations and tokens: what a device stores, and sends until the vault holds it or something else in
// its place.
type Signed struct {
	Write      *chain.Write
	Operations []chain.Operation
	Tokens     []string               // of the puts of sealed records, in their order
	Branch     []protocol.BranchWrite // that Write brings together with the vault

	sequence int64 // of the newest log entry
}

// Sign ends the change with the next write of the vault. It fails if the author may not write it.
func (c *Change) Sign(a Author, now time.Time) (*Signed, error) {
	state := c.log.State
	s := &Signed{Operations: c.operations, Branch: c.Branch, sequence: state.Entry.Sequence}
	chain.SortOperations(s.Operations)
	for _, o := range s.Operations {
		if !o.Delete && o.Kind.Sealed() {
			s.Tokens = append(s.Tokens, c.sealed[o.Line])
		}
	}
	after := c.live.Clone()
	if err := after.Apply(s.Operations); err != nil {
		return nil, err
	}
	s.Write = &chain.Write{
		Vault: c.v.Vault, Epoch: state.Entry.Epoch, Revision: state.Revision + 1, Previous: state.Write, Skip: state.SkipHash(), Branch: c.End,
		Entry: state.Entry.Hash(), Author: a.User, AuthorCard: a.Card, Time: max(0, now.UnixMilli()),
		Count: after.Count(), Root: after.Root(), Operations: chain.HashOperations(s.Operations),
	}
	s.Write.Sign(a.Keys.Signing)
	// The server makes the same checks. A device that skipped one could sign something that no other device accepts.
	live := c.live.Clone()
	next, err := state.Admit(s.Write, s.Operations, live, c.log.Cards)
	if err != nil {
		return nil, err
	}
	log := *c.log
	log.State, log.Head, log.known = next, s.Write, nil
	c.log, c.live = &log, live
	return s, nil
}

// Request returns what the server gets.
func (s *Signed) Request() protocol.WriteRequest {
	return protocol.WriteRequest{
		Write: encodeSigned(s.Write.Encode()), Operations: encodeSigned(chain.EncodeOperations(s.Operations)), Tokens: s.Tokens,
		Branch: s.Branch,
	}
}

// ParseSigned reads what Request returned on this device.
func ParseSigned(r protocol.WriteRequest) (*Signed, error) {
	w, err := parseWrite(r.Write)
	if err != nil {
		return nil, err
	}
	b, err := signedEncoding.DecodeString(r.Operations)
	if err != nil {
		return nil, err
	}
	ops, err := chain.ParseOperations(b)
	if err != nil {
		return nil, err
	}
	return &Signed{Write: w, Operations: ops, Tokens: r.Tokens, Branch: r.Branch}, nil
}

// Answer returns the write as the server reports it to other devices.
func (s *Signed) Answer() protocol.VaultAnswer {
	out := protocol.VaultAnswer{
		VaultLog: protocol.VaultLog{
			Revision: s.Write.Revision, Sequence: s.sequence, Head: encodeHash(s.Write.Hash()), Entry: encodeHash(s.Write.Entry),
			Entries: []protocol.Signed{}, Writes: []protocol.Signed{encodeSigned(s.Write.Encode())}, Cards: []protocol.Signed{},
		},
		Records: []protocol.VaultRecord{},
	}
	tokens := s.Tokens
	for _, o := range s.Operations {
		token := ""
		if !o.Delete && o.Kind.Sealed() {
			token, tokens = tokens[0], tokens[1:]
		}
		out.Records = append(out.Records, wireRecord(o.Line, s.Write.Revision, token, o.Delete))
	}
	return out
}

func wireRecord(l chain.Line, revision int64, token string, deleted bool) protocol.VaultRecord {
	r := protocol.VaultRecord{
		ItemID: l.ID.String(), Kind: l.Kind.Wire(), Version: int64(l.Version), Epoch: int64(l.Epoch), Revision: revision, Token: token, Deleted: deleted,
	}
	if !deleted && !l.Kind.Sealed() {
		r.Hash = encodeSigned(l.Hash[:])
	}
	return r
}
