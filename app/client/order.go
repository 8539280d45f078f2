package client

import (
	"slices"
	"sync"
	"time"
)

// Sort is an order of a list.
type Sort string

const (
	SortTitle   Sort = ""        // by title, numbers in it by their value
	SortChanged Sort = "changed" // the last changed first
	SortCreated Sort = "created" // the last created first
)

// orders keeps the lists in other orders than that of the titles.
type orders struct {
	mu               sync.Mutex // lists are made by readers of the vault
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
