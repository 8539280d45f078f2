package server

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// shares is a weighted semaphore of the same size for each key, as long as somebody has to do with it.
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

// join returns the share of key, to be left.
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

// waited is why a wait ended without success: the client went away, or what it waited for is busy.
func waited(ctx context.Context, busy error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return busy
}
