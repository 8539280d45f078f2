package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// vault is the verified state of one user's vault while it is unlocked. It is read under Client.mu. Only an operation
// writes it, also under Client.mu.
type vault struct {
	user     seal.UserID
	account  protocol.Account // from which the vault key was unwrapped
	readOnly bool             // a cache opened by OpenCopy, without a server
	key      seal.VaultKey
	manifest seal.ManifestKey
	seen     Seen          // of the device's memory
	closed   chan struct{} // closed when the key is wiped

	loaded   bool // synced at least once, or opened from the cache
	revision int64
	count    int64 // of records
	digest   seal.Digest
	entries  map[string]*entry // by account id
	sorted   []*entry          // as shown, by folded title
	orders   orders            // other orders, sorted on demand
	indexed  bool              // the details of all entries were opened once
	known    *knowledge        // about passwords
	plain    plaintexts

	confirmed map[string]time.Time // when the master password was entered for an item

	sealedManifest string
	copied         int64 // revision of the cache; notCopied: unknown

	queue    []queued // the oldest first
	stayed   []string // items whose deletion was given up, until a Sync reports them
	queueRow queueRow
	laid     map[string]*entry // by account id, the effect of the outbox on entries; nil: deleted

	// older holds entries from before a sync changed them, for edits that are based on them. It has only entries that were handed
	// out.
	older  map[string][]*entry
	handed map[string]bool
}

// entry is one item: its overview, opened, and its details, sealed. An entry in a vault is immutable, except for inside.
type entry struct {
	id      string
	meta    sealed
	secrets []sealed // ascending versions; the last is current
	waiting *queued  // the pending change that is applied to the records above; nil: none

	item item.Item // the overview
	err  error     // why item is empty

	title string // folded
	hay   string // folded: title, username, URLs and tags, each on a line
	line  []byte // the summary as JSON

	inside atomic.Pointer[inside] // of the current details; nil: not opened yet
}

// sealed is a record; version 0 means no record.
type sealed struct {
	version int64
	token   string
}

func newVault(user seal.UserID, key seal.VaultKey) *vault {
	return &vault{user: user, key: key, manifest: key.ManifestKey(), closed: make(chan struct{}), entries: map[string]*entry{}, copied: notCopied,
		known: newKnowledge(), laid: map[string]*entry{}, older: map[string][]*entry{}, confirmed: map[string]time.Time{}, handed: map[string]bool{}}
}

func (v *vault) place(account string, kind seal.Kind, version int64) seal.Place {
	return seal.Place{User: v.user, Account: seal.AccountID(account), Kind: kind, Version: version}
}

func (v *vault) term(account string, kind seal.Kind, r sealed) (seal.Digest, error) {
	return v.manifest.Term(v.place(account, kind, r.version), r.token)
}

// current returns the current details.
func (e *entry) current() sealed {
	if len(e.secrets) == 0 {
		return sealed{}
	}
	return e.secrets[len(e.secrets)-1]
}

// base returns the version for Item.Base.
func (e *entry) base() string {
	if e.waiting != nil {
		return e.waiting.base()
	}
	return fmt.Sprintf("%d.%d", e.meta.version, e.current().version)
}

func (e *entry) clone() *entry {
	c := &entry{id: e.id, meta: e.meta, secrets: slices.Clone(e.secrets), item: e.item, err: e.err,
		title: e.title, hay: e.hay, line: e.line}
	c.inside.Store(e.inside.Load())
	return c
}

// counts returns the number of items outside and in the trash.
func (v *vault) counts() (live, trashed int) {
	for _, e := range v.sorted {
		if !e.item.Trashed.IsZero() {
			trashed++
		}
	}
	return len(v.sorted) - trashed, trashed
}

var (
	errNoMeta   = errors.New("its account record is missing")
	errNoSecret = errors.New("its password record is missing")
)

// open opens the overview and makes the entry searchable.
func (v *vault) open(e *entry) {
	e.item, e.err = item.Item{}, nil
	if e.meta.version == 0 {
		e.err = errNoMeta
	} else if plaintext, err := v.openRecord(v.place(e.id, seal.KindAccount, e.meta.version), e.meta.token); err != nil {
		e.err = err
	} else {
		e.err = e.item.ReadOverview(plaintext)
	}
	e.item.ID = e.id
	e.index()
}

// whole opens the details as well.
func (v *vault) whole(e *entry) (item.Item, error) {
	if e.err != nil {
		return item.Item{}, &UnreadableError{e.id, e.err}
	}
	if e.waiting != nil {
		it, err := e.waiting.After.open(e.id)
		if err != nil {
			return item.Item{}, &UnreadableError{e.id, err}
		}
		it.Base = e.base()
		return it, nil
	}
	r := e.current()
	if r.version == 0 {
		return item.Item{}, &UnreadableError{e.id, errNoSecret}
	}
	plaintext, err := v.openRecord(v.place(e.id, seal.KindPassword, r.version), r.token)
	if err != nil {
		return item.Item{}, &UnreadableError{e.id, err}
	}
	it, err := e.item.Open(plaintext)
	if err != nil {
		return item.Item{}, &UnreadableError{e.id, err}
	}
	it.Base = e.base()
	return it, nil
}

func (v *vault) secret(account string, r sealed) (item.Item, error) {
	plaintext, err := v.openRecord(v.place(account, seal.KindPassword, r.version), r.token)
	if err != nil {
		return item.Item{}, err
	}
	return item.ParseDetails(plaintext)
}

func order(a, b *entry) int {
	return cmp.Or(compareTitles(a.title, b.title), strings.Compare(a.title, b.title), strings.Compare(a.id, b.id))
}

// compareTitles sorts "Mail 2" before "Mail 10": it compares runs of the digits 0-9 as numbers.
func compareTitles(a, b string) int {
	for a != "" && b != "" {
		m, n := digits(a), digits(b)
		if m == 0 || n == 0 {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		x, y := strings.TrimLeft(a[:m], "0"), strings.TrimLeft(b[:n], "0")
		if c := cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y)); c != 0 {
			return c
		}
		a, b = a[m:], b[n:]
	}
	return cmp.Compare(len(a), len(b))
}

// digits returns the length of the run of digits at the start of s.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// next is a state of the vault that is not verified yet.
type next struct {
	v       *vault
	full    bool
	count   int64
	digest  seal.Digest
	changed map[string]*entry // full: all entries. No records: the entry was deleted
}

func (v *vault) begin(full bool) *next {
	n := &next{v: v, full: full, changed: map[string]*entry{}}
	if !full {
		n.count, n.digest = v.count, v.digest
	}
	return n
}

// entry returns a writable entry.
func (n *next) entry(account string) *entry {
	e := n.changed[account]
	if e == nil {
		if held := n.v.entries[account]; held != nil && !n.full {
			e = held.clone()
		} else {
			e = &entry{id: account}
		}
		n.changed[account] = e
	}
	return e
}

func (n *next) add(account string, kind seal.Kind, r sealed) error {
	term, err := n.v.term(account, kind, r)
	if err != nil {
		return err
	}
	n.digest = n.digest.Add(term)
	n.count++
	return nil
}

func (n *next) sub(account string, kind seal.Kind, r sealed) error {
	term, err := n.v.term(account, kind, r)
	if err != nil {
		return err
	}
	n.digest = n.digest.Sub(term)
	n.count--
	return nil
}

// put adds a record. The error names an impossible one: a duplicate, or one older than the known version.
func (n *next) put(account string, kind seal.Kind, r sealed) error {
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
func (n *next) drop(account string, kind seal.Kind, version int64) error {
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
func (n *next) fill(answer protocol.VaultResponse) []error {
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

func checkRecord(n *next, r *protocol.Record, revision int64) (seal.Kind, error) {
	if n.changed[r.ItemID] == nil {
		if _, err := seal.ParseAccountID(r.ItemID); err != nil {
			return "", found(bridge.Finding{Code: bridge.RecordMalformed}, "a record has a malformed account id")
		}
	}
	kind := sealKind(r.Kind)
	if kind == "" {
		return "", found(bridge.Finding{Code: bridge.RecordMalformed, Name: r.ItemID}, "a record is of an unknown kind")
	}
	p := n.v.place(r.ItemID, kind, r.Version)
	switch {
	case r.Version < 1:
		return "", atPlace(bridge.RecordMalformed, p, "has no version")
	case r.Revision < 1 || r.Revision > revision || !n.full && r.Revision <= n.v.revision:
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

// openChanged opens the changed entries. A verified record that does not open becomes an entry with an error.
func (n *next) openChanged(ctx context.Context) error {
	look := n.v.indexed && len(n.changed) <= maxLookedAtOnce
	opened := 0
	for i, e := range n.changed {
		if opened++; opened%collectEvery == 0 {
			runtime.Gosched()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if e.meta.version == 0 && len(e.secrets) == 0 {
			continue
		}
		held := n.v.entries[i]
		if held != nil && held.meta == e.meta {
			e.item, e.err, e.title, e.hay, e.line = held.item, held.err, held.title, held.hay, held.line
		} else {
			n.v.open(e)
		}
		var in *inside
		if held != nil && held.current() == e.current() && held.err == nil {
			in = held.inside.Load()
		}
		if in == nil && look {
			in = n.v.look(e, held)
		}
		e.inside.Store(in)
	}
	return nil
}

// commit installs the verified state. It is called under Client.mu.
func (n *next) commit(revision int64, sealedManifest string) {
	v := n.v
	for id, e := range n.changed {
		if held := v.entries[id]; held != nil && held.base() != e.base() {
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
	v.loaded, v.revision, v.count, v.digest, v.sealedManifest = true, revision, n.count, n.digest, sealedManifest
}
