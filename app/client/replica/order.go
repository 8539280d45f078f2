package replica

import (
	"slices"
	"sync"
	"time"
)

// Sort is the order of a list.
type Sort string

const (
	SortTitle   Sort = ""        // by title, with numbers compared by value
	SortChanged Sort = "changed" // the most recently changed first
	SortCreated Sort = "created" // the most recently created first
)

// orders caches values computed from the list of items: the list in orders other than by title, and values for searches.
type orders struct {
	mu               sync.Mutex // readers of the vault fill it
	changed, created []*Entry
	tags             []string
	last             *narrowing
	findings         map[string]facts // by account id; from health
	of               findingsState    // of which findings were computed
	complete         bool             // the details of all items are open
}

func (o *orders) forget() {
	o.changed, o.created, o.tags, o.last, o.findings, o.complete = nil, nil, nil, nil, nil, false
}

func (v *Replica) ordered(q Query) []*Entry {
	list := v.inOrder(q.Sort)
	if q.Reverse {
		list = slices.Clone(list)
		slices.Reverse(list)
	}
	return list
}

func (v *Replica) inOrder(by Sort) []*Entry {
	switch by {
	case SortChanged:
		return v.newestFirst(&v.orders.changed, func(e *Entry) time.Time { return e.Overview.Modified })
	case SortCreated:
		return v.newestFirst(&v.orders.created, func(e *Entry) time.Time { return e.Overview.Created })
	}
	return v.sorted
}

func (v *Replica) newestFirst(list *[]*Entry, of func(*Entry) time.Time) []*Entry {
	v.orders.mu.Lock()
	defer v.orders.mu.Unlock()
	if *list == nil {
		*list = slices.Clone(v.sorted)
		slices.SortStableFunc(*list, func(a, b *Entry) int { return of(b).Compare(of(a)) })
	}
	return *list
}
