// Package replica holds the verified state of one vault: it checks what a server or a cache says against the sealed manifest, opens
// the items, searches them, builds changes, and shows the changes that wait for the server. It does no input or output, except to
// open and seal records.
package replica

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Replica is the verified state of one vault while it is unlocked, with the changes that wait for the server applied. Methods that
// read it may run at the same time. The caller must not read it while Next.Commit, Overlay, Lend or Wipe run.
type Replica struct {
	User     seal.UserID
	Key      seal.VaultKey
	manifest seal.ManifestKey

	Loaded   bool // synced at least once, or opened from the cache
	Revision int64
	Digest   seal.Digest
	Known    *Knowledge // about passwords
	Indexed  bool       // the details of all entries were opened once

	count          int64             // of records
	entries        map[string]*Entry // by account id
	sorted         []*Entry          // as shown, by folded title
	orders         orders            // other orders, sorted on demand
	plain          plaintexts
	sealedManifest string

	pending map[string]*Contents // by account id, what the outbox makes of an item; nil: it is deleted
	overlay map[string]*Entry    // by account id, the effect of pending on entries; nil: deleted

	// older holds entries from before a sync changed them, for edits that are based on them. It has only entries that were lent.
	older map[string][]*Entry
	lent  map[string]bool
}

// Entry is one item: its overview, opened, and its details, sealed. An entry in a replica is immutable, except for line and details.
type Entry struct {
	ID       string
	Overview item.Item
	Err      error // why Overview is empty

	meta    sealed
	secrets []sealed  // ascending versions; the last is current
	pending *Contents // what the outbox makes of the records above; nil: nothing

	title string // folded
	text  string // folded: title, username, URLs and tags, each on a line

	line    atomic.Pointer[[]byte]  // see summaryJSON; nil: not encoded yet
	details atomic.Pointer[details] // current; nil: not opened yet
}

// sealed is a record; version 0 means no record.
type sealed struct {
	version int64
	token   string
}

// New returns the empty replica of a user's vault.
func New(user seal.UserID, key seal.VaultKey) *Replica {
	return &Replica{User: user, Key: key, manifest: key.ManifestKey(), entries: map[string]*Entry{}, Known: newKnowledge(),
		pending: map[string]*Contents{}, overlay: map[string]*Entry{}, older: map[string][]*Entry{}, lent: map[string]bool{}}
}

// Wipe overwrites the keys.
func (v *Replica) Wipe() {
	v.Key.Wipe()
	v.manifest.Wipe()
}

// Verified returns an entry without the changes that wait; nil if there is none.
func (v *Replica) Verified(id string) *Entry { return v.entries[id] }

// All returns the visible entries by title. The caller must not change the list.
func (v *Replica) All() []*Entry { return v.sorted }

// Versions returns the number of records with details.
func (e *Entry) Versions() int { return len(e.secrets) }

func (v *Replica) place(account string, kind seal.Kind, version int64) seal.Place {
	return seal.Place{User: v.User, Account: seal.AccountID(account), Kind: kind, Version: version}
}

func (v *Replica) term(account string, kind seal.Kind, r sealed) (seal.Digest, error) {
	return v.manifest.Term(v.place(account, kind, r.version), r.token)
}

// current returns the current details.
func (e *Entry) current() sealed {
	if len(e.secrets) == 0 {
		return sealed{}
	}
	return e.secrets[len(e.secrets)-1]
}

// Base returns the version for Item.Base.
func (e *Entry) Base() string {
	if e.pending != nil {
		return e.pending.Base()
	}
	return fmt.Sprintf("%d.%d", e.meta.version, e.current().version)
}

func (e *Entry) clone() *Entry {
	c := &Entry{ID: e.ID, meta: e.meta, secrets: slices.Clone(e.secrets), Overview: e.Overview, Err: e.Err,
		title: e.title, text: e.text}
	c.details.Store(e.details.Load())
	return c
}

// Counts returns the number of items outside and in the trash.
func (v *Replica) Counts() (live, trashed int) {
	for _, e := range v.sorted {
		if !e.Overview.Trashed.IsZero() {
			trashed++
		}
	}
	return len(v.sorted) - trashed, trashed
}

// Why an Entry cannot be read.
var (
	ErrNoOverview = errors.New("its account record is missing")
	ErrNoDetails  = errors.New("its password record is missing")
)

// openOverview opens the overview and makes the entry searchable.
func (v *Replica) openOverview(e *Entry) {
	e.Overview, e.Err = item.Item{}, nil
	if e.meta.version == 0 {
		e.Err = ErrNoOverview
	} else if plaintext, err := v.openRecord(v.place(e.ID, seal.KindAccount, e.meta.version), e.meta.token); err != nil {
		e.Err = err
	} else {
		e.Err = e.Overview.ReadOverview(plaintext)
	}
	e.Overview.ID = e.ID
	e.index()
}

// Open opens the details as well.
func (v *Replica) Open(e *Entry) (item.Item, error) {
	if e.Err != nil {
		return item.Item{}, &UnreadableError{e.ID, e.Err}
	}
	if e.pending != nil {
		it, err := e.pending.Open(e.ID)
		if err != nil {
			return item.Item{}, &UnreadableError{e.ID, err}
		}
		it.Base = e.Base()
		return it, nil
	}
	r := e.current()
	if r.version == 0 {
		return item.Item{}, &UnreadableError{e.ID, ErrNoDetails}
	}
	plaintext, err := v.openRecord(v.place(e.ID, seal.KindPassword, r.version), r.token)
	if err != nil {
		return item.Item{}, &UnreadableError{e.ID, err}
	}
	it, err := e.Overview.Open(plaintext)
	if err != nil {
		return item.Item{}, &UnreadableError{e.ID, err}
	}
	it.Base = e.Base()
	return it, nil
}

func (v *Replica) openDetails(account string, r sealed) (item.Item, error) {
	plaintext, err := v.openRecord(v.place(account, seal.KindPassword, r.version), r.token)
	if err != nil {
		return item.Item{}, err
	}
	return item.ParseDetails(plaintext)
}

func order(a, b *Entry) int {
	if c := compareTitles(a.title, b.title); c != 0 {
		return c
	}
	return cmp.Or(strings.Compare(a.title, b.title), strings.Compare(a.ID, b.ID))
}

// compareTitles sorts "Mail 2" before "Mail 10": it compares runs of the digits 0-9 as numbers.
func compareTitles(a, b string) int {
	for {
		i := 0
		for i < len(a) && i < len(b) && a[i] == b[i] {
			i++
		}
		for i > 0 && isDigit(a[i-1]) { // the whole number counts
			i--
		}
		a, b = a[i:], b[i:]
		m, n := digits(a), digits(b)
		if m == 0 || n == 0 {
			return strings.Compare(a, b)
		}
		x, y := strings.TrimLeft(a[:m], "0"), strings.TrimLeft(b[:n], "0")
		if c := cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y)); c != 0 {
			return c
		}
		a, b = a[m:], b[n:]
	}
}

// digits returns the length of the run of digits at the start of s.
func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// Next is a state of the vault that is not verified yet.
type Next struct {
	v       *Replica
	full    bool
	count   int64
	digest  seal.Digest
	changed map[string]*Entry // full: all entries. No records: the entry was deleted
}

func (v *Replica) begin(full bool) *Next {
	n := &Next{v: v, full: full, changed: map[string]*Entry{}}
	if !full {
		n.count, n.digest = v.count, v.Digest
	}
	return n
}

// entry returns a writable entry.
func (n *Next) entry(account string) *Entry {
	e := n.changed[account]
	if e == nil {
		if held := n.v.entries[account]; held != nil && !n.full {
			e = held.clone()
		} else {
			e = &Entry{ID: account}
		}
		n.changed[account] = e
	}
	return e
}

func (n *Next) add(account string, kind seal.Kind, r sealed) error {
	term, err := n.v.term(account, kind, r)
	if err != nil {
		return err
	}
	n.digest = n.digest.Add(term)
	n.count++
	return nil
}

func (n *Next) sub(account string, kind seal.Kind, r sealed) error {
	term, err := n.v.term(account, kind, r)
	if err != nil {
		return err
	}
	n.digest = n.digest.Sub(term)
	n.count--
	return nil
}

// put adds a record. The error names an impossible one: a duplicate, or one older than the known version.
func (n *Next) put(account string, kind seal.Kind, r sealed) error {
	e := n.entry(account)
	if kind == seal.KindAccount {
		if held := e.meta; held.version != 0 {
			switch {
			case n.full:
				return atPlace(bridge.RecordRepeated, n.v.place(account, kind, r.version), "exists twice, also as version %d", held.version)
			case r.version == held.version:
				return atPlace(bridge.RecordRepeated, n.v.place(account, kind, r.version), "was repeated")
			case r.version < held.version:
				return older(n.v.place(account, kind, r.version), held.version)
			}
			if err := n.sub(account, kind, held); err != nil {
				return err
			}
		}
		e.meta = r
	} else {
		i, found := slices.BinarySearchFunc(e.secrets, r.version, func(s sealed, version int64) int { return cmp.Compare(s.version, version) })
		if found {
			return atPlace(bridge.RecordRepeated, n.v.place(account, kind, r.version), "was repeated")
		}
		e.secrets = slices.Insert(e.secrets, i, r)
	}
	return n.add(account, kind, r)
}

// drop removes a record. An unknown record was created and deleted since the last sync.
func (n *Next) drop(account string, kind seal.Kind, version int64) error {
	e := n.entry(account)
	if kind == seal.KindAccount {
		held := e.meta
		if held.version != version {
			return nil
		}
		e.meta = sealed{}
		return n.sub(account, kind, held)
	}
	for i, s := range e.secrets {
		if s.version == version {
			e.secrets = slices.Delete(e.secrets, i, i+1)
			return n.sub(account, kind, s)
		}
	}
	return nil
}

// fill adds the records of an answer and returns their faults.
func (n *Next) fill(answer protocol.VaultResponse) []error {
	var problems []error
	for i := range answer.Records {
		r := &answer.Records[i]
		kind, err := checkRecord(n, r, answer.Revision)
		switch {
		case err != nil:
		case r.Deleted:
			err = n.drop(r.ItemID, kind, r.Version)
		default:
			err = n.put(r.ItemID, kind, sealed{r.Version, r.Token})
		}
		if err != nil {
			problems = append(problems, err)
		}
	}
	return problems
}

func checkRecord(n *Next, r *protocol.Record, revision int64) (seal.Kind, error) {
	if n.changed[r.ItemID] == nil {
		if _, err := seal.ParseAccountID(r.ItemID); err != nil {
			return "", Found(bridge.Finding{Code: bridge.RecordMalformed}, "a record has a malformed account id")
		}
	}
	kind := sealKind(r.Kind)
	if kind == "" {
		return "", Found(bridge.Finding{Code: bridge.RecordMalformed, Name: r.ItemID}, "a record is of an unknown kind")
	}
	p := n.v.place(r.ItemID, kind, r.Version)
	switch {
	case r.Version < 1:
		return "", atPlace(bridge.RecordMalformed, p, "has no version")
	case r.Revision < 1 || r.Revision > revision || !n.full && r.Revision <= n.v.Revision:
		return "", atPlace(bridge.RecordMalformed, p, "claims revision %d", r.Revision)
	case r.Deleted && (n.full || r.Token != ""), !r.Deleted && r.Token == "":
		return "", atPlace(bridge.RecordMalformed, p, "is neither a tombstone nor a record")
	case len(r.Token) > protocol.MaxTokenBytes:
		return "", atPlace(bridge.RecordMalformed, p, "exceeds the size of a token")
	}
	return kind, nil
}

// collectEvery is after how many entries the garbage collector gets a turn. WebAssembly has one thread, which the collector cannot
// take from a running loop: without this, opening a large vault uses four times the memory that it needs, and never returns it.
const collectEvery = 50

// maxLookedAtOnce is the number of downloaded entries whose details are opened immediately. Index opens the details of larger
// syncs.
const maxLookedAtOnce = 100

// OpenChanged opens the changed entries. A verified record that does not open becomes an entry with an error.
func (n *Next) OpenChanged(ctx context.Context) error {
	look := n.v.Indexed && len(n.changed) <= maxLookedAtOnce
	opened := 0
	for i, e := range n.changed {
		if opened++; opened%collectEvery == 0 {
			runtime.Gosched()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if e.meta.version != 0 || len(e.secrets) > 0 {
			n.v.renew(e, n.v.entries[i], look)
		}
	}
	return nil
}

// renew opens what differs in e from held, which it replaces; nil: it is new. The details are only opened to look at them.
func (v *Replica) renew(e, held *Entry, look bool) {
	if held != nil && held.meta == e.meta {
		e.Overview, e.Err, e.title, e.text = held.Overview, held.Err, held.title, held.text
	} else {
		v.openOverview(e)
	}
	var in *details
	if held != nil && held.current() == e.current() && held.Err == nil {
		in = held.details.Load()
	}
	if in == nil && look {
		in = v.look(e, held)
	}
	e.details.Store(in)
}

// Commit installs the verified state.
func (n *Next) Commit(revision int64, sealedManifest string) {
	v := n.v
	for id, e := range n.changed {
		if held := v.entries[id]; held != nil && held.Base() != e.Base() {
			v.supersede(held)
		}
		gone := e.meta.version == 0 && len(e.secrets) == 0
		if gone {
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
	v.Loaded, v.Revision, v.count, v.Digest, v.sealedManifest = true, revision, n.count, n.digest, sealedManifest
}
