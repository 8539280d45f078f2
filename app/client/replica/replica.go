// Package replica holds the verified state of one vault: it checks what a server or a cache says against the signed history, opens
// the items, searches them, builds changes, and shows the changes that wait for the server. It does no input or output, except to
// open and seal records.
package replica

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Replica is the verified state of one vault while it is unlocked, with the changes that wait for the server applied. Methods that
// read it may run at the same time. The caller must not read it while Next.Commit, Overlay, Lend or Wipe run.
type Replica struct {
	User  chain.ID
	Vault chain.ID

	Loaded  bool       // synced at least once, or opened from the cache
	Known   *Knowledge // about passwords
	Indexed bool       // the details of all entries were opened once

	prefix string // of the names of its items: see Name

	opener
	log     *Log
	live    *chain.Live
	entries map[string]*Entry     // by id of the item
	others  map[chain.Line]sealed // the live records of other kinds
	sorted  []*Entry              // as shown, by folded title
	orders  orders                // other orders, sorted on demand

	pending map[string]*Contents // by id of the item, what the outbox makes of it; nil: it is deleted
	overlay map[string]*Entry    // by id of the item, the effect of pending on entries; nil: deleted

	// older holds entries from before a sync changed them, for edits that are based on them. It has only entries that were lent.
	older map[string][]*Entry
	lent  map[string]bool
}

// Entry is one item: its overview, opened, and its details, sealed. An entry in a replica is immutable, except for line and details.
type Entry struct {
	ID       string // the item's name: see Replica.Name
	Overview item.Item
	Err      error // why Overview is empty

	id        chain.ID
	overviews []sealed  // ascending versions; the last is current, and all others are left over from a faulty client
	secrets   []sealed  // ascending versions; the last is current
	pending   *Contents // what the outbox makes of the records above; nil: nothing

	title string // folded
	text  string // folded: title, username, URLs and tags, each on a line

	line    atomic.Pointer[[]byte]  // see summaryJSON; nil: not encoded yet
	details atomic.Pointer[details] // current; nil: not opened yet
}

// sealed is a record; version 0 means no record.
type sealed struct {
	version, epoch uint32
	revision       int64 // of the write that put it, as the server says: nothing signs it
	token          string
}

// New returns the empty replica of a user's vault. Nothing is known of its history.
func New(user, vault chain.ID) *Replica {
	return &Replica{User: user, Vault: vault, opener: opener{vault: vault, plain: &plaintexts{}}, log: &Log{}, live: chain.NewLive(vault),
		entries: map[string]*Entry{}, others: map[chain.Line]sealed{}, Known: newKnowledge(),
		pending: map[string]*Contents{}, overlay: map[string]*Entry{}, older: map[string][]*Entry{}, lent: map[string]bool{}}
}

// NewShared returns the empty replica of a shared vault.
func NewShared(user, vault chain.ID) *Replica {
	v := New(user, vault)
	v.prefix = vault.String() + nameSeparator
	return v
}

// nameSeparator is in no id.
const nameSeparator = "."

// Name returns what an item is called outside of its vault. In a shared vault that begins with the vault: its members choose the ids of items,
// and one could choose that of an item elsewhere.
func (v *Replica) Name(id chain.ID) string { return v.prefix + id.String() }

// NewName returns that of a new item.
func (v *Replica) NewName() string { return v.Name(seal.NewID()) }

// Owns reports whether an item with this name would be in the vault.
func (v *Replica) Owns(name string) bool {
	rest, ok := strings.CutPrefix(name, v.prefix)
	return ok && !strings.Contains(rest, nameSeparator)
}

// ParseName reverses Name. It returns an error for the name of an item in another vault.
func (v *Replica) ParseName(name string) (chain.ID, error) {
	if !v.Owns(name) {
		return chain.ID{}, ErrNotFound
	}
	return chain.ParseID(name[len(v.prefix):])
}

// Wipe overwrites the keys.
func (v *Replica) Wipe() { v.wipe() }

// Log returns the verified history, as far as it is known. The caller must not change it.
func (v *Replica) Log() *Log { return v.log }

// Revision returns that of the newest verified write.
func (v *Replica) Revision() int64 { return v.log.State.Revision }

// Attachment returns the live line of an attachment: its number of chunks as version, and the hash over all of them.
func (v *Replica) Attachment(id chain.ID) (chain.Line, bool) {
	return v.live.Find(chain.Attachment, id, 0)
}

// Attachments returns the live lines of all attachments.
func (v *Replica) Attachments() []chain.Line {
	var lines []chain.Line
	for bucket := range 256 {
		for _, l := range v.live.Lines(byte(bucket)) {
			if l.Kind == chain.Attachment {
				lines = append(lines, l)
			}
		}
	}
	return lines
}

// Verified returns an entry without the changes that wait; nil if there is none.
func (v *Replica) Verified(id string) *Entry { return v.entries[id] }

// All returns the visible entries by title. The caller must not change the list.
func (v *Replica) All() []*Entry { return v.sorted }

// Versions returns the number of records with details.
func (e *Entry) Versions() int { return len(e.secrets) }

// meta returns the current overview.
func (e *Entry) meta() sealed { return last(e.overviews) }

// current returns the current details.
func (e *Entry) current() sealed { return last(e.secrets) }

func last(records []sealed) sealed {
	if len(records) == 0 {
		return sealed{}
	}
	return records[len(records)-1]
}

// Base returns the version for Item.Base.
func (e *Entry) Base() string {
	if e.pending != nil {
		return e.pending.Base()
	}
	return fmt.Sprintf("%d.%d", e.meta().version, e.current().version)
}

func (e *Entry) clone() *Entry {
	c := &Entry{ID: e.ID, id: e.id, overviews: slices.Clone(e.overviews), secrets: slices.Clone(e.secrets), Overview: e.Overview, Err: e.Err,
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
	ErrNoOverview = errors.New("its overview is missing")
	ErrNoDetails  = errors.New("its details are missing")
)

// openOverview opens the overview and makes the entry searchable.
func (o opener) openOverview(e *Entry) {
	e.Overview, e.Err = item.Item{}, nil
	if e.meta().version == 0 {
		e.Err = ErrNoOverview
	} else if plaintext, err := o.openRecord(e.id, chain.RecordOverview, e.meta()); err != nil {
		e.Err = err
	} else {
		e.Err = e.Overview.ReadOverview(plaintext)
	}
	e.Overview.ID = e.ID
	e.index()
}

// Open opens the details as well.
func (o opener) Open(e *Entry) (item.Item, error) {
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
	plaintext, err := o.openRecord(e.id, chain.RecordDetails, r)
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

func (o opener) openDetails(id chain.ID, r sealed) (item.Item, error) {
	plaintext, err := o.openRecord(id, chain.RecordDetails, r)
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
