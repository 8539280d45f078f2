package vault

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// ErrWaiting: the store was restored from a backup, and the operator has not opened it yet.
var ErrWaiting = &Error{
	Code: protocol.CodeWaiting, Message: "the server was restored from a backup and waits for its operator: until then it takes only what devices send again",
	RetryAfter: time.Minute,
}

// openFor is how long a server relies on a store being open.
const openFor = 10 * time.Second

// waiting remembers that the store is open. A store that waits is asked each time, so that opening it has an effect at once.
type waiting struct {
	mu     sync.Mutex
	opened time.Time // when the store was last found open
}

// CheckOpen returns ErrWaiting while the operator has not opened a restored store.
func (s *Service) CheckOpen(ctx context.Context) error {
	s.waiting.mu.Lock()
	opened := s.waiting.opened
	s.waiting.mu.Unlock()
	now := s.now()
	if age := now.Sub(opened); age >= 0 && age < openFor {
		return nil
	}
	waits, err := s.store.Waiting(ctx)
	if err != nil {
		return fmt.Errorf("read whether the store waits for its operator: %w", err)
	}
	if waits {
		return ErrWaiting
	}
	s.waiting.mu.Lock()
	defer s.waiting.mu.Unlock()
	s.waiting.opened = now
	return nil
}
