package vault

import (
	"context"
	"errors"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// An unknown user must cost as much as a known one, so the dummy must have the cost of real hashes.
func TestDummyHashHasTheRealCost(t *testing.T) {
	t.Parallel()
	h := newHasher(HashCost, 1)
	real, err := h.hash(t.Context(), "key")
	if err != nil {
		t.Fatal(err)
	}
	dummy, err := bcrypt.Cost(h.dummy)
	if err != nil {
		t.Fatal(err)
	}
	if cost, err := bcrypt.Cost(real); err != nil || cost != dummy || cost != 10 {
		t.Errorf("real hashes cost %d, the dummy %d (%v)", cost, dummy, err)
	}
	if ok, err := h.matches(t.Context(), nil, "key"); ok || err != nil {
		t.Errorf("dummy hash: matches %v, %v", ok, err)
	}
	if ok, err := h.matches(t.Context(), real, "key"); !ok || err != nil {
		t.Errorf("right key: matches %v, %v", ok, err)
	}
}

func TestHashQueueIsBoundedAndDrains(t *testing.T) {
	t.Parallel()
	h := newHasher(HashCost, 1)
	release, err := h.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waited := make(chan error)
	for range queuePerSlot {
		go func() {
			_, err := h.acquire(ctx)
			waited <- err
		}()
	}
	for h.waiting.Load() < queuePerSlot+1 {
		if t.Context().Err() != nil {
			t.Fatal("the queue does not fill up")
		}
	}
	if _, err := h.acquire(t.Context()); !errors.Is(err, ErrBusy) {
		t.Errorf("full queue: got %v, want ErrBusy", err)
	}
	cancel()
	for range queuePerSlot {
		if err := <-waited; !errors.Is(err, context.Canceled) {
			t.Errorf("canceled waiter: got %v", err)
		}
	}
	release()
	if n := h.waiting.Load(); n != 0 {
		t.Errorf("%d waiters are left in the queue", n)
	}
}
