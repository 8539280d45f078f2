package server

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// shares holds a weighted semaphore per key, all of the same size, while the key is in use.
type shares[K comparable] struct {
	size int64

	mu   sync.Mutex
	used map[K]*share
}

type share struct {
	*semaphore.Weighted
	users int
}

func newShares[K comparable](size int64) *shares[K] {
	return &shares[K]{size: size, used: map[K]*share{}}
}

// join returns the share of key; leave releases it.
func (s *shares[K]) join(key K) *share {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.used[key]
	if one == nil {
		one = &share{Weighted: semaphore.NewWeighted(s.size)}
		s.used[key] = one
	}
	one.users++
	return one
}

func (s *shares[K]) leave(key K, one *share) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one.users--; one.users == 0 {
		delete(s.used, key)
	}
}

// waited returns why a wait failed: the client disconnected, or the resource is busy.
func waited(ctx context.Context, busy error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return busy
}
