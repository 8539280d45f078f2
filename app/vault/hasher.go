package vault

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/crypto/bcrypt"
)

// HashCost is the cost of bcrypt for stored hashes.
const HashCost = 10

const (
	// Waiters for each slot. At about 60 ms a hash, the last one waits about four seconds; beyond that, telling the client to
	// come back is better than letting it time out.
	queuePerSlot = 64
)

// dummyHash returns a hash of the given cost that fits no key. An unknown user is checked against it, so the answer takes as long as
// for a known one.
func dummyHash(cost int) []byte {
	return fmt.Appendf(nil, "$2a$%02d$wfbzopE.wACTFTqm7VZxVOA.IKlQR.3JT4TIdN23EjIEJV3ztyozK", cost)
}

// hasher runs bcrypt in a bounded number of slots: without the bound, a burst of logins would starve the rest of the server.
type hasher struct {
	cost    int
	dummy   []byte
	slots   chan struct{}
	waiting atomic.Int64
	limit   int64
}

func newHasher(cost, slots int) *hasher {
	return &hasher{cost: cost, dummy: dummyHash(cost), slots: make(chan struct{}, slots), limit: int64(slots * (queuePerSlot + 1))}
}

// acquire takes a slot. It returns ErrBusy immediately if the queue is full.
func (h *hasher) acquire(ctx context.Context) (release func(), err error) {
	if h.waiting.Add(1) > h.limit {
		h.waiting.Add(-1)
		return nil, ErrBusy
	}
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots; h.waiting.Add(-1) }, nil
	case <-ctx.Done():
		h.waiting.Add(-1)
		return nil, fmt.Errorf("wait for a hashing slot: %w", ctx.Err())
	}
}

func (h *hasher) hash(ctx context.Context, key string) ([]byte, error) {
	release, err := h.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	return bcrypt.GenerateFromPassword([]byte(key), h.cost)
}

// matches compares key with the hash want. If want is nil, it compares with the dummy and returns false.
func (h *hasher) matches(ctx context.Context, want []byte, key string) (bool, error) {
	release, err := h.acquire(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	known := want != nil
	if !known {
		want = h.dummy
	}
	err = bcrypt.CompareHashAndPassword(want, []byte(key))
	if err != nil && !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return false, fmt.Errorf("compare a stored hash: %w", err)
	}
	return err == nil && known, nil
}
