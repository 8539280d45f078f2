package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Rewind says what to restore: items as they were at a revision, the whole vault, or what one write changed.
type Rewind struct {
	Revision int64    `json:"revision"`
	IDs      []string `json:"ids"`  // the items; empty: all
	Undo     bool     `json:"undo"` // the state before the write of Revision, of the items that it changed
	// Seen is the newest revision that the user saw when confirming; 0: the newest. An item that was changed since stays.
	Seen int64 `json:"seen"`
}

// Rewound says what a Rewind changes, or has changed.
type Rewound struct {
	Revision int64         `json:"revision"` // of the state that is restored
	Time     time.Time     `json:"time"`     // of its write, by the author's clock; zero: before the first write
	Author   string        `json:"author"`
	Seen     int64         `json:"seen"` // the newest revision, for Rewind
	Items    []RewoundItem `json:"items"`
}

// RewoundItem says what happens to an item.
type RewoundItem struct {
	ID      string        `json:"id"`
	Title   string        `json:"title"` // after the restoration if it is known; otherwise now
	Change  Changed       `json:"change"`
	Fields  []string      `json:"fields"`            // that change, as item.Differences names them
	Problem RewindProblem `json:"problem,omitempty"` // why the item stays as it is
	// LostFiles are the names of attachments that the server no longer keeps.
	LostFiles []string `json:"lost_files,omitempty"`
}

// RewindProblem says why an item stays as it is.
type RewindProblem string

const (
	RewindExpired    RewindProblem = "expired"    // the server no longer keeps that state
	RewindAltered    RewindProblem = "altered"    // the server sent something other than what the signed history names
	RewindUnreadable RewindProblem = "unreadable" // this version cannot read that state
	RewindAbsent     RewindProblem = "absent"     // the item did not exist then
	RewindWaiting    RewindProblem = "waiting"    // a change of the item waits for the server
	RewindChanged    RewindProblem = "changed"    // another device changed the item after the preview
)

// PreviewRewind returns what a Rewind would change, and changes nothing. progress may be nil.
func (c *Client) PreviewRewind(ctx context.Context, r Rewind, progress func(done, total int)) (Rewound, error) {
	return c.rewind(ctx, r, progress, func(*rewinding, []*rewindTarget) error { return nil })
}

// Rewind restores. Items that cannot come back stay as they are, and the result says why. It changes no pin, passkey, invitation or grant,
// and not the log. What it replaces or deletes is kept like after any other change. After an error or a cancellation, the result has what
// was restored by then, and the same call goes on from there.
func (c *Client) Rewind(ctx context.Context, r Rewind, progress func(done, total int)) (Rewound, error) {
	return c.rewind(ctx, r, progress, (*rewinding).apply)
}

// rewinding is one Rewind that runs.
type rewinding struct {
	*operation
	v     *vault
	past  *replica.Past
	now   time.Time
	whole bool            // not of chosen items
	moved map[string]bool // items that were changed after the preview

	deleted bool // an item was deleted
}

// rewindTarget is an item that a Rewind changes.
type rewindTarget struct {
	*replica.Former
	RewoundItem
	base   string    // of the item now; empty: it is not there
	item   item.Item // after the restoration, unless it is deleted
	then   item.Item // now
	tokens *replica.Tokens
}

// rewindBatch is how many items are restored at a time: it bounds the memory for their contents.
const rewindBatch = 100

func (c *Client) rewind(ctx context.Context, r Rewind, progress func(done, total int), do func(*rewinding, []*rewindTarget) error) (Rewound, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return Rewound{}, err
	}
	defer op.end()
	v, _, err := op.past()
	if err != nil {
		return Rewound{}, err
	}
	if err := op.flush(v); err != nil {
		return Rewound{}, err
	}
	p, err := v.Past() // the outbox may have had changes
	if err != nil {
		return Rewound{}, err
	}
	w := &rewinding{operation: op, v: v, past: p, now: time.Now(), whole: len(r.IDs) == 0, moved: map[string]bool{}}
	out, formers, err := w.plan(r)
	if err != nil {
		return out, err
	}
	for total := len(formers); len(formers) > 0; {
		n := min(rewindBatch, len(formers))
		if err := w.batch(&out, formers[:n], do); err != nil {
			return out, err
		}
		formers = formers[n:]
		if progress != nil {
			progress(total-len(formers), total)
		}
	}
	if w.deleted {
		_, _ = op.clearOrphans(v) // the items are gone; a later call deletes the attachments that remain
	}
	return out, nil
}

func (w *rewinding) batch(out *Rewound, formers []*replica.Former, do func(*rewinding, []*rewindTarget) error) error {
	targets, err := w.resolve(formers)
	if err == nil {
		err = do(w, targets)
	}
	if err != nil {
		return err
	}
	for _, t := range targets {
		out.Items = append(out.Items, t.RewoundItem)
	}
	return nil
}

// plan goes back to the revision, and finds the items that had other records then.
func (w *rewinding) plan(r Rewind) (Rewound, []*replica.Former, error) {
	out := Rewound{Revision: r.Revision, Seen: w.v.Revision(), Items: []RewoundItem{}}
	if r.Undo {
		out.Revision--
	}
	if r.Revision < 1 {
		return out, nil, fmt.Errorf("%w: %d", ErrNoRevision, r.Revision)
	}
	chosen := map[string]bool{}
	for _, id := range r.IDs {
		chosen[id] = true
	}
	last, err := w.goBack(w.v, w.past, out.Revision, func(s replica.Step) {
		moved, undone := r.Seen > 0 && s.Revision > r.Seen, r.Undo && s.Revision == r.Revision && w.whole
		for _, did := range s.Items() {
			w.moved[did.ID] = w.moved[did.ID] || moved
			chosen[did.ID] = chosen[did.ID] || undone
		}
	})
	if err != nil {
		return out, nil, err
	}
	if last != nil {
		out.Time, out.Author = timeOf(last.Time), authorOf(w.past, *last)
	}
	formers := w.past.Formers(func(id chain.ID) bool { return w.whole && !r.Undo || chosen[w.v.Name(id)] })
	return out, formers, w.known(r.IDs, formers)
}

// known returns ErrNotFound for an item that is neither in the vault nor was there then.
func (w *rewinding) known(ids []string, formers []*replica.Former) error {
	for _, id := range ids {
		if !slices.ContainsFunc(formers, func(f *replica.Former) bool { return f.ID == id }) && w.v.Verified(id) == nil {
			return fmt.Errorf("%w: %s", ErrNotFound, id)
		}
	}
	return nil
}

// resolve opens the states of items, and says what changes. It leaves out items whose contents are the same.
func (w *rewinding) resolve(formers []*replica.Former) ([]*rewindTarget, error) {
	var ask []chain.Line
	for _, f := range formers {
		ask = append(ask, w.past.Missing(f)...)
	}
	tokens, err := w.tokens(w.v, ask)
	if err != nil {
		return nil, err
	}
	var out []*rewindTarget
	for _, f := range formers {
		t := &rewindTarget{Former: f, tokens: tokens, RewoundItem: RewoundItem{ID: f.ID, Change: ItemAdded, Fields: []string{}}}
		if f.Now != nil {
			t.base, t.Title, t.Change = f.Now.Base(), f.Now.Overview.Title, ItemChanged
		}
		if w.compare(t) {
			out = append(out, t)
		}
	}
	return out, nil
}

// compare reports whether the item changes.
func (w *rewinding) compare(t *rewindTarget) bool {
	switch {
	case !t.Existed() && !w.whole:
		t.Problem = RewindAbsent
	case !t.Existed():
		t.Change = ItemDeleted
	default:
		if t.Problem = w.open(t); t.Problem == "" && t.Now != nil && len(t.Fields) == 0 {
			return false
		}
	}
	switch {
	case t.Problem != "":
	case w.moved[t.Former.ID]:
		t.Problem = RewindChanged
	case w.v.Shown(t.Former.ID) != w.v.Verified(t.Former.ID):
		t.Problem = RewindWaiting
	}
	return true
}

// open reads the state of then.
func (w *rewinding) open(t *rewindTarget) RewindProblem {
	it, err := w.past.Open(t.Former, t.tokens)
	switch {
	case errors.Is(err, replica.ErrExpired):
		return RewindExpired
	case errors.Is(err, replica.ErrOtherToken):
		return RewindAltered
	case err != nil:
		return RewindUnreadable
	}
	t.Title = it.Title
	// An item that was chosen comes back where it is seen. One whose time in the trash is over would be deleted again at once.
	if t.Now == nil && !w.whole || !it.Purge.IsZero() && it.Purge.Before(w.now) {
		it.Trashed, it.Purge = time.Time{}, time.Time{}
	}
	if t.Now != nil {
		now, err := w.v.Open(t.Now)
		if err == nil {
			t.Fields = it.Differences(now)
		} else {
			t.Fields = []string{item.UnknownRow} // what is there now cannot be read
		}
		t.then = now
	}
	it.Modified = w.now
	t.item = it.Normalise()
	if t.item.Validate() != nil {
		return RewindUnreadable
	}
	return ""
}

// apply restores items in as few writes as possible. Each write is all or nothing.
func (w *rewinding) apply(targets []*rewindTarget) error {
	if err := w.reattach(targets); err != nil {
		return err
	}
	for len(targets) > 0 {
		n := 0
		err := w.operation.apply(w.v, noEdits, func(ch *replica.Change) (err error) {
			n, err = w.build(ch, targets)
			return err
		})
		if err != nil {
			return err
		}
		targets = targets[n:]
	}
	return nil
}

// build restores the first of the items, as many as fit into one change, and returns their number.
func (w *rewinding) build(ch *replica.Change, targets []*rewindTarget) (int, error) {
	size := 0
	for n, t := range targets {
		if w.ctx.Err() != nil {
			return 0, w.ctx.Err()
		}
		e := w.v.Verified(t.Former.ID)
		if t.Problem == "" && !t.is(e) {
			t.Problem = RewindChanged
		}
		if t.Problem != "" {
			continue
		}
		operations, bytes := t.size(e)
		size += bytes
		if ch.Operations() > 0 && (ch.Operations()+operations > replica.MaxOperations || size > replica.MaxChangeBytes) {
			return n, nil
		}
		if err := w.put(ch, t, e); err != nil {
			return 0, err
		}
	}
	return len(targets), nil
}

// is reports whether e still is what the item was when it was compared.
func (t *rewindTarget) is(e *replica.Entry) bool {
	if e == nil {
		return t.base == ""
	}
	return t.base == e.Base()
}

// size returns upper bounds of the operations and bytes that restore the item.
func (t *rewindTarget) size(e *replica.Entry) (operations, bytes int) {
	switch t.Change {
	case ItemDeleted:
		return e.RemoveOperations(), 0
	case ItemAdded:
		return t.ReviveOperations(), sealedBytes(t.item) * t.ReviveOperations()
	default:
		return e.UpdateOperations(true), sealedBytes(t.item)
	}
}

func (w *rewinding) put(ch *replica.Change, t *rewindTarget, e *replica.Entry) error {
	switch {
	case t.Change == ItemDeleted:
		w.deleted = true
		ch.Erase(e)
		return nil
	case t.Change == ItemAdded:
		return ch.Revive(w.past, t.Former, t.item, t.tokens)
	case t.item.SameDetails(t.then):
		return ch.Update(e, t.item.Overview(), nil)
	}
	return ch.Update(e, t.item.Overview(), t.item.Details())
}

// reattach makes the attachments live again that the items had. One that the server no longer keeps is noted with its item.
func (w *rewinding) reattach(targets []*rewindTarget) error {
	lines, names := w.detached(targets)
	for l, of := range lines {
		err := w.operation.apply(w.v, noEdits, func(ch *replica.Change) error {
			if _, gone := w.past.Attachment(l.ID); gone {
				ch.Reattach(l)
			}
			return nil
		})
		lost := hasCode(err, protocol.CodeBadRequest)
		if err != nil && !lost {
			return err
		}
		for _, t := range of {
			if lost {
				t.LostFiles = append(t.LostFiles, names[l])
			}
		}
	}
	return nil
}

// detached returns the attachments of items that are not live any more, with their items, and their names.
func (w *rewinding) detached(targets []*rewindTarget) (lines map[chain.Line][]*rewindTarget, names map[chain.Line]string) {
	lines, names = map[chain.Line][]*rewindTarget{}, map[chain.Line]string{}
	for _, t := range targets {
		if t.Problem != "" {
			continue
		}
		for _, a := range t.item.Attachments {
			id, err := chain.ParseID(a.ID)
			if err != nil {
				continue
			}
			if l, gone := w.past.Attachment(id); gone {
				lines[l], names[l] = append(lines[l], t), a.Name
			}
		}
	}
	return lines, names
}
