package main

import (
	"context"
	"errors"
	"testing"
)

func TestOneCommandSignsAtATime(t *testing.T) {
	t.Parallel()
	m := memory{state: state{t.TempDir()}, server: "https://example.com"}
	unlock, err := m.Lock(t.Context(), "anna")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := make(chan error, 1)
	go func() {
		_, err := m.Lock(ctx, "anna")
		cancelled <- err
	}()
	cancel()
	if err := <-cancelled; !errors.Is(err, context.Canceled) {
		t.Errorf("while another command signs: %v", err)
	}
	unlock()
	if unlock, err = m.Lock(t.Context(), "anna"); err != nil { // a wait that was cancelled does not keep the lock
		t.Fatal(err)
	}
	unlock()
}
