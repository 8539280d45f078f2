package client_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// Lock does not wait for the server. It cancels running operations.
func TestLockEndsRunningOperations(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	asked := make(chan struct{})
	stuck := &stuckTransport{wire: d.wire, asked: asked}
	c := client.New(stuck, d.memory, d.cache)
	if _, err := c.Unlock(t.Context(), password); err != nil {
		t.Fatal(err)
	}
	stuck.hang = true
	failed := make(chan error)
	go func() {
		_, err := c.Sync(t.Context())
		failed <- err
	}()
	<-asked
	c.Lock()
	if err := <-failed; !errors.Is(err, context.Canceled) || client.Explain(err).Code != client.CodeCancelled {
		t.Errorf("the sync ended with %v", err)
	}
	if !c.Locked() {
		t.Error("the vault is open")
	}
}

// stuckTransport never answers once it hangs.
type stuckTransport struct {
	*wire
	asked chan struct{}
	hang  bool
}

func (s *stuckTransport) Do(ctx context.Context, r client.Request) (client.Response, error) {
	if !s.hang {
		return s.wire.Do(ctx, r)
	}
	close(s.asked)
	<-ctx.Done()
	return client.Response{}, ctx.Err()
}

// Readers, writers, syncs and a lock run concurrently, under the race detector. Only the expected errors may occur.
func TestOneClientIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	it := d.save(t, login("bank"))
	var wg sync.WaitGroup
	each := func(work func() error) {
		wg.Go(func() {
			for range 20 {
				if err := work(); err != nil && !errors.Is(err, client.ErrLocked) && !errors.Is(err, context.Canceled) &&
					!errors.Is(err, client.ErrNotFound) {
					t.Error(err)
					return
				}
			}
		})
	}
	each(func() error { _, err := d.Sync(t.Context()); return err })
	each(func() error { _, err := d.Search(client.Query{Text: "b"}); return err })
	each(func() error { _, err := d.SearchJSON(client.Query{}, 0, 10); return err })
	each(func() error { _, err := d.Get(it.ID); return err })
	each(func() error { _, err := d.History(it.ID); return err })
	each(func() error { _, err := d.Save(t.Context(), login("new")); return err })
	wg.Go(func() {
		d.Lock()
		if _, err := d.Unlock(t.Context(), password); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	d.sync(t)
	if got := d.get(t, it.ID); got.Password != "secret of bank" {
		t.Errorf("got %+v", got)
	}
}
