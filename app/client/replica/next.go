package replica

import (
	"cmp"
	"context"
	"maps"
	"math"
	"runtime"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
)

// Next is a state of the vault that is not verified yet.
type Next struct {
	opener
	v       *Replica
	full    bool
	log     *Log
	live    *chain.Live
	changed map[string]*Entry // full: all entries. No records: the entry was deleted
	others  map[chain.Line]sealed
	hasher  chain.TokenHasher
	opened  bool // changed has the plaintexts already

	// What an answer puts and deletes. lines is for a full one, operations for changes: deletes, then puts.
	lines         []chain.Line
	deletes, puts []chain.Operation
	tokens        []*protocol.VaultRecord // of puts
}

func (v *Replica) begin(full bool) *Next {
	n := &Next{opener: v.opener, v: v, full: full, log: v.log, live: v.live, changed: map[string]*Entry{}, others: map[chain.Line]sealed{}}
	if !full {
		maps.Copy(n.others, v.others) // there are few
	}
	return n
}

// entry returns a writable entry.
func (n *Next) entry(name string, id chain.ID) *Entry {
	e := n.changed[name]
	if e == nil {
		if held := n.v.entries[name]; held != nil && !n.full {
			e = held.clone()
		} else {
			e = &Entry{ID: name, id: id}
		}
		n.changed[name] = e
	}
	return e
}

// gone reports whether nothing of the item is left.
func (e *Entry) gone() bool { return len(e.overviews) == 0 && len(e.secrets) == 0 }

// records returns the records of a kind, nil if an item has none of it.
func (e *Entry) records(kind chain.RecordKind) *[]sealed {
	switch kind {
	case chain.RecordOverview:
		return &e.overviews
	case chain.RecordDetails:
		return &e.secrets
	}
	return nil
}

func byVersion(r sealed, version uint32) int { return cmp.Compare(r.version, version) }

// put adds a record, and returns false if one of this kind, item and version is there. name is the text of the id.
func (n *Next) put(l chain.Line, name string, revision int64, token string) bool {
	list := (&Entry{}).records(l.Kind)
	if list == nil {
		if l.Kind.Sealed() {
			n.others[l] = sealed{l.Version, l.Epoch, revision, token}
		}
		return true // the root covers it, and allows only one
	}
	list = n.entry(name, l.ID).records(l.Kind)
	i, found := slices.BinarySearchFunc(*list, l.Version, byVersion)
	if found {
		return false
	}
	*list = slices.Insert(*list, i, sealed{l.Version, l.Epoch, revision, token})
	return true
}

// drop removes a record.
func (n *Next) drop(l chain.Line, name string) {
	switch l.Kind {
	case chain.RecordOverview, chain.RecordDetails:
		list := n.entry(name, l.ID).records(l.Kind)
		if i, found := slices.BinarySearchFunc(*list, l.Version, byVersion); found {
			*list = slices.Delete(*list, i, i+1)
		}
	default:
		delete(n.others, l)
	}
}

// fill adds the records of an answer and returns their faults.
func (n *Next) fill(records []protocol.VaultRecord) []error {
	var problems []error
	if n.full {
		n.lines = make([]chain.Line, 0, len(records))
	}
	p := recordParser{n: n, since: n.v.Revision()}
	for i := range records {
		r := &records[i]
		l, err := p.line(r)
		if err == nil {
			err = n.take(l, r)
		}
		if err != nil {
			problems = append(problems, err)
		}
	}
	if err := n.complete(); err != nil && len(problems) == 0 {
		problems = append(problems, Found(bridge.Finding{Code: bridge.RecordRepeated}, "the records contradict each other: %v", err))
	}
	return problems
}

// take notes one record of an answer. Deletes come into force before puts: see complete.
func (n *Next) take(l chain.Line, r *protocol.VaultRecord) error {
	switch {
	case r.Deleted:
		held, live := n.v.live.Find(l.Kind, l.ID, l.Version)
		if !live || l.Kind != chain.Attachment && held.Epoch != l.Epoch {
			return nil // it was put and deleted since the last sync
		}
		n.deletes = append(n.deletes, chain.Operation{Line: held, Delete: true})
		n.drop(held, n.v.prefix+r.ItemID)
	case n.full:
		if !n.put(l, n.v.prefix+r.ItemID, r.Revision, r.Token) {
			return atPlace(bridge.RecordRepeated, l, "was repeated")
		}
		n.lines = append(n.lines, l)
	default:
		n.puts = append(n.puts, chain.Operation{Line: l})
		n.tokens = append(n.tokens, r)
	}
	return nil
}

// complete brings the live lines up to the records.
func (n *Next) complete() error {
	if n.full {
		live, err := chain.LiveOf(n.v.Vault, n.lines)
		if err == nil {
			n.live = live
		}
		return err
	}
	for i, o := range n.puts {
		if r := n.tokens[i]; !n.put(o.Line, n.v.prefix+r.ItemID, r.Revision, r.Token) {
			return atPlace(bridge.RecordRepeated, o.Line, "was repeated")
		}
	}
	n.live = n.live.Clone()
	return n.live.Catch(slices.Concat(n.deletes, n.puts))
}

// Operations returns what a delta puts and deletes, in the order of a write. Those of one write are its operations, if it names their hash.
func (n *Next) Operations() []chain.Operation {
	ops := slices.Concat(n.deletes, n.puts)
	chain.SortOperations(ops)
	return ops
}

// recordParser checks the records of an answer one by one. Records of one item mostly follow each other.
type recordParser struct {
	n     *Next
	since int64
	name  string
	id    chain.ID
}

func (p *recordParser) line(r *protocol.VaultRecord) (l chain.Line, err error) {
	if r.ItemID != p.name {
		if p.id, err = chain.ParseID(r.ItemID); err != nil {
			p.name = ""
			return l, Found(bridge.Finding{Code: bridge.RecordMalformed}, "a record has a malformed id")
		}
		p.name = r.ItemID
	}
	kind, err := chain.ParseRecordKind(r.Kind)
	if err != nil {
		return l, Found(bridge.Finding{Code: bridge.RecordMalformed, Name: r.ItemID}, "a record is of an unknown kind")
	}
	l = chain.Line{Kind: kind, ID: p.id}
	if r.Version < 1 || r.Version > math.MaxUint32 || r.Epoch < 0 || r.Epoch > math.MaxUint32 || kind.Sealed() != (r.Epoch > 0) {
		return l, atPlace(bridge.RecordMalformed, l, "has no version or epoch")
	}
	l.Version, l.Epoch = uint32(r.Version), uint32(r.Epoch)
	switch {
	case r.Revision < 1 || r.Revision > p.n.log.State.Revision || !p.n.full && r.Revision <= p.since:
		return l, atPlace(bridge.RecordMalformed, l, "claims revision %d", r.Revision)
	case r.Deleted:
		if p.n.full {
			return l, atPlace(bridge.RecordMalformed, l, "is a tombstone")
		}
		return l, nil
	case kind.Sealed() != (r.Token != "") || kind.Sealed() == (r.Hash != ""):
		return l, atPlace(bridge.RecordMalformed, l, "is neither a tombstone nor a record")
	case len(r.Token) > protocol.MaxTokenBytes:
		return l, atPlace(bridge.RecordMalformed, l, "exceeds the size of a token")
	case kind.Sealed():
		l.Hash = p.n.hasher.Hash(r.Token)
		return l, nil
	}
	if l.Hash, err = parseHash(r.Hash); err != nil {
		return l, atPlace(bridge.RecordMalformed, l, "has a malformed hash")
	}
	return l, nil
}

func parseHash(text protocol.Hash) (h chain.Hash, err error) {
	b, err := signedEncoding.DecodeString(text)
	if err != nil || len(b) != len(h) {
		return h, chain.ErrEncoding
	}
	return chain.Hash(b), nil
}

// collectEvery is after how many entries the garbage collector gets a turn. WebAssembly has one thread, which the collector cannot
// take from a running loop: without this, opening a large vault uses four times the memory that it needs, and never returns it.
const collectEvery = 50

// maxLookedAtOnce is the number of downloaded entries whose details are opened immediately. Index opens the details of larger
// syncs.
const maxLookedAtOnce = 100

// OpenChanged opens the changed entries. A verified record that does not open becomes an entry with an error.
func (n *Next) OpenChanged(ctx context.Context) error {
	if n.opened {
		return nil
	}
	look := n.v.Indexed && len(n.changed) <= maxLookedAtOnce
	opened := 0
	for i, e := range n.changed {
		if opened++; opened%collectEvery == 0 {
			runtime.Gosched()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !e.gone() {
			n.renew(e, n.v.entries[i], look)
		}
	}
	return nil
}

// renew opens what differs in e from held, which it replaces; nil: it is new. The details are only opened to look at them.
func (o opener) renew(e, held *Entry, look bool) {
	if held != nil && held.meta() == e.meta() {
		e.Overview, e.Err, e.title, e.text = held.Overview, held.Err, held.title, held.text
	} else {
		o.openOverview(e)
	}
	var in *details
	if held != nil && held.current() == e.current() && held.Err == nil {
		in = held.details.Load()
	}
	if in == nil && look {
		in = o.look(e, held)
	}
	e.details.Store(in)
}

// Commit installs the verified state.
func (n *Next) Commit() {
	v := n.v
	for id, e := range n.changed {
		if held := v.entries[id]; held != nil && held.Base() != e.Base() {
			v.supersede(held)
		}
		if e.gone() {
			delete(n.changed, id)
			e = nil
		}
		if !n.full {
			v.set(id, e)
		}
	}
	if n.full {
		for id, held := range v.entries {
			if n.changed[id] == nil {
				v.supersede(held)
			}
		}
		v.setAll(n.changed)
	}
	v.Loaded, v.log, v.live, v.others, v.opener = true, n.log, n.live, n.others, n.opener
}
