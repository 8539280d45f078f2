package client

import (
	"slices"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// A vault shows its verified entries with the outbox applied to them.

// shown returns the visible entry for an id; nil if there is none.
func (v *vault) shown(id string) *entry {
	if e, waits := v.laid[id]; waits {
		return e
	}
	return v.entries[id]
}

// set replaces a verified entry; nil removes it. It is called under Client.mu.
func (v *vault) set(id string, e *entry) {
	v.show(id, func() {
		if e == nil {
			delete(v.entries, id)
		} else {
			v.entries[id] = e
		}
		v.lay(id)
	})
}

// setAll replaces all verified entries. It is called under Client.mu.
func (v *vault) setAll(entries map[string]*entry) {
	v.entries = entries
	v.layAll()
}

// setQueue replaces the outbox. It is called under Client.mu.
func (v *vault) setQueue(changes []queued, row queueRow) {
	s := difference(v.queue, changes)
	touched := slices.Concat(v.queue[s.At:s.At+s.Cut], s.Put)
	v.queue, v.queueRow = changes, row
	for _, q := range touched {
		if e := v.laid[q.ID]; e != nil {
			v.supersede(e)
		}
	}
	if len(touched) > layOneByOne {
		v.layAll()
		return
	}
	for _, q := range touched {
		v.show(q.ID, func() { v.lay(q.ID) })
	}
}

// layOneByOne is the number of entries up to which inserting them one by one into a large list is faster than sorting it again.
const layOneByOne = 500

// layAll applies the whole outbox to the verified entries.
func (v *vault) layAll() {
	clear(v.laid)
	newest := make(map[string]int, len(v.queue))
	for i, q := range v.queue {
		newest[q.ID] = i
	}
	for id, i := range newest {
		v.layNewest(id, i)
	}
	v.sorted = make([]*entry, 0, len(v.entries)+len(v.laid))
	for id, e := range v.entries {
		if _, waits := v.laid[id]; !waits {
			v.sorted = append(v.sorted, e)
		}
	}
	for _, e := range v.laid {
		if e != nil {
			v.sorted = append(v.sorted, e)
		}
	}
	slices.SortFunc(v.sorted, order)
	v.orders.forget()
}

// lay rebuilds the overlay of one item from the outbox.
func (v *vault) lay(id string) {
	if i := last(v.queue, id); i >= 0 {
		v.layNewest(id, i)
	} else {
		delete(v.laid, id)
	}
}

// layNewest is lay for an item whose newest change is the i-th.
func (v *vault) layNewest(id string, i int) {
	q := v.queue[i] // a copy: a pointer would hold the whole list
	if q.After == nil {
		v.laid[id] = nil
		return
	}
	e := &entry{id: id}
	if held := v.entries[id]; held != nil {
		e.meta, e.secrets = held.meta, held.secrets
	}
	e.waiting = &q
	if e.item, e.err = item.ParseOverview(q.After.Meta); e.err != nil {
		e.item = item.Item{}
	}
	e.item.ID = id
	e.index()
	if v.indexed {
		e.inside.Store(v.look(e, nil))
	}
	v.laid[id] = e
}

// show keeps the list sorted when the visible entry of an item changes.
func (v *vault) show(id string, change func()) {
	before := v.shown(id)
	change()
	after := v.shown(id)
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

// supersede keeps a version on which an edit may be based.
func (v *vault) supersede(held *entry) {
	if v.handed[held.id] {
		older := append(v.older[held.id], held)
		v.older[held.id] = older[max(0, len(older)-maxOlder):]
	}
}

// baseOf finds the version on which an edit is based.
func (v *vault) baseOf(id, base string) (item.Item, bool) {
	for _, e := range slices.Concat(v.older[id], []*entry{v.entries[id], v.laid[id]}) {
		if e != nil && e.base() == base {
			it, err := v.whole(e)
			return it, err == nil
		}
	}
	return item.Item{}, false
}
