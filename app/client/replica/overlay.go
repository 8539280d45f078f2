package replica

import (
	"slices"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// A replica shows its verified entries with the outbox applied to them.

// Shown returns the visible entry for an id; nil if there is none.
func (v *Replica) Shown(id string) *Entry {
	if e, waits := v.overlay[id]; waits {
		return e
	}
	return v.entries[id]
}

// set replaces a verified entry; nil removes it.
func (v *Replica) set(id string, e *Entry) {
	v.show(id, func() {
		if e == nil {
			delete(v.entries, id)
		} else {
			v.entries[id] = e
		}
		v.overlayOne(id)
	})
}

// setAll replaces all verified entries.
func (v *Replica) setAll(entries map[string]*Entry) {
	v.entries = entries
	v.overlayAll()
}

// Overlay applies the outbox to some items: what newest returns for their ids, nil for a deleted item. ok is false if no change of
// the item waits.
func (v *Replica) Overlay(ids []string, newest func(id string) (after *Contents, ok bool)) {
	for _, id := range ids {
		if e := v.overlay[id]; e != nil {
			v.supersede(e)
		}
	}
	put := func(id string) {
		if after, ok := newest(id); ok {
			v.pending[id] = after
		} else {
			delete(v.pending, id)
		}
	}
	if len(ids) > insertOneByOne {
		for _, id := range ids {
			put(id)
		}
		v.overlayAll()
		return
	}
	for _, id := range ids {
		v.show(id, func() {
			put(id)
			v.overlayOne(id)
		})
	}
}

// insertOneByOne is the number of entries up to which inserting them one by one into a large list is faster than sorting it again.
const insertOneByOne = 500

// overlayAll applies the whole outbox to the verified entries.
func (v *Replica) overlayAll() {
	clear(v.overlay)
	for id := range v.pending {
		v.overlayOne(id)
	}
	v.sorted = make([]*Entry, 0, len(v.entries)+len(v.overlay))
	for id, e := range v.entries {
		if _, waits := v.overlay[id]; !waits {
			v.sorted = append(v.sorted, e)
		}
	}
	for _, e := range v.overlay {
		if e != nil {
			v.sorted = append(v.sorted, e)
		}
	}
	slices.SortFunc(v.sorted, order)
	v.orders.forget()
}

// overlayOne rebuilds the overlay of one item from the outbox.
func (v *Replica) overlayOne(id string) {
	after, waits := v.pending[id]
	if !waits {
		delete(v.overlay, id)
		return
	}
	if after == nil {
		v.overlay[id] = nil
		return
	}
	e := &Entry{ID: id}
	if held := v.entries[id]; held != nil {
		e.id, e.overviews, e.secrets = held.id, held.overviews, held.secrets
	}
	e.pending = after
	if e.Overview, e.Err = item.ParseOverview(after.Meta); e.Err != nil {
		e.Overview = item.Item{}
	}
	e.Overview.ID = id
	e.index()
	if v.Indexed {
		e.details.Store(v.look(e, nil))
	}
	v.overlay[id] = e
}

// show keeps the list sorted when the visible entry of an item changes.
func (v *Replica) show(id string, change func()) {
	before := v.Shown(id)
	change()
	after := v.Shown(id)
	if before == after {
		return
	}
	v.orders.forget()
	if before != nil {
		if i, found := slices.BinarySearchFunc(v.sorted, before, order); found {
			v.sorted = slices.Delete(v.sorted, i, i+1)
		}
	}
	if after != nil {
		i, _ := slices.BinarySearchFunc(v.sorted, after, order)
		v.sorted = slices.Insert(v.sorted, i, after)
	}
}

// maxOlder bounds the versions on which an edit may be based. An edit of an older one is saved as a copy.
const maxOlder = 16

// Lend notes that a caller has the item, and may base an edit on it.
func (v *Replica) Lend(id string) { v.lent[id] = true }

// Edited reports whether an edit of a superseded version of the item may come.
func (v *Replica) Edited(id string) bool { return v.older[id] != nil }

// supersede keeps a version on which an edit may be based.
func (v *Replica) supersede(held *Entry) {
	if v.lent[held.ID] {
		older := append(v.older[held.ID], held)
		v.older[held.ID] = older[max(0, len(older)-maxOlder):]
	}
}

// BaseOf finds the version on which an edit is based.
func (v *Replica) BaseOf(id, base string) (item.Item, bool) {
	for _, e := range slices.Concat(v.older[id], []*Entry{v.entries[id], v.overlay[id]}) {
		if e != nil && e.Base() == base {
			it, err := v.Open(e)
			return it, err == nil
		}
	}
	return item.Item{}, false
}
