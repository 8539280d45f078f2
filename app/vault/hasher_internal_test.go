package vault

import (
	"context"
	"errors"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// An unknown user must cost what a known one does: the dummy has to be at the cost of the real hashes.
func TestDummyHashCostsWhatRealOnesDo(t *testing.T) {
	t.Parallel()
	h := newHasher(1)
	real, err := h.hash(t.Context(), "key")
	if err != nil {
		t.Fatal(err)
	}
	dummy, err := bcrypt.Cost([]byte(dummyHash))
	if err != nil {
		t.Fatal(err)
	}
	if cost, err := bcrypt.Cost(real); err != nil || cost != dummy || cost != 10 {
		t.Errorf("real hashes cost %d, the dummy %d (%v)", cost, dummy, err)
	}
	if ok, err := h.matches(t.Context(), nil, "key"); ok || err != nil {
		t.Errorf("the dummy matches: %v, %v", ok, err)
	}
	if ok, err := h.matches(t.Context(), real, "key"); !ok || err != nil {
		t.Errorf("the right key: %v, %v", ok, err)
	}
}

func TestHashQueueIsBoundedAndEmptiesAgain(t *testing.T) {
	t.Parallel()
	h := newHasher(1)
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
			t.Fatal("the queue does not fill")
		}
	}
	if _, err := h.acquire(t.Context()); !errors.Is(err, ErrBusy) {
		t.Errorf("a full queue says %v", err)
	}
	cancel()
	for range queuePerSlot {
		if err := <-waited; !errors.Is(err, context.Canceled) {
			t.Errorf("a waiter whose caller left says %v", err)
		}
	}
	release()
	if n := h.waiting.Load(); n != 0 {
		t.Errorf("%d are left in the queue", n)
	}
}
