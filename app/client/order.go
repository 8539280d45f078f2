package client

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

// orders caches the lists in orders other than by title.
type orders struct {
	mu               sync.Mutex // readers of the vault fill the lists
	changed, created []*entry
}

func (o *orders) forget() { o.changed, o.created = nil, nil }

func (v *vault) ordered(by Sort) []*entry {
	switch by {
	case SortChanged:
		return v.newestFirst(&v.orders.changed, func(e *entry) time.Time { return e.item.Modified })
	case SortCreated:
		return v.newestFirst(&v.orders.created, func(e *entry) time.Time { return e.item.Created })
	}
	return v.sorted
}

func (v *vault) newestFirst(list *[]*entry, of func(*entry) time.Time) []*entry {
	v.orders.mu.Lock()
	defer v.orders.mu.Unlock()
	if *list == nil {
		*list = slices.Clone(v.sorted)
		slices.SortStableFunc(*list, func(a, b *entry) int { return of(b).Compare(of(a)) })
	}
	return *list
}
