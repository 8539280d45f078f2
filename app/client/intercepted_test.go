package client_test

import (
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
)

func TestAnInterceptionIsNotTakenForAServerThatIsAway(t *testing.T) {
	t.Parallel()
	server, d, bank, _ := cachedVault(t)
	intercept := func() {
		d.wire.mu.Lock()
		defer d.wire.mu.Unlock()
		d.wire.before = func(*client.Request) (*client.Response, error) { return nil, client.ErrIntercepted }
	}
	wants := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, client.ErrIntercepted) || errors.Is(err, client.ErrOffline) || client.Explain(err).Code != client.CodeIntercepted {
			t.Errorf("%s: %v", what, err)
		}
	}
	intercept()
	bank.Notes = "changed"
	_, err := d.Save(t.Context(), bank)
	wants("save", err)
	wants("delete", d.Delete(t.Context(), []string{bank.ID}))
	if w := d.waiting(t); w.Pending != 0 {
		t.Errorf("%d pending changes", w.Pending)
	}
	_, err = d.Sync(t.Context())
	wants("sync", err)

	d = d.restarted(t, server)
	intercept()
	_, _, err = d.Resume(t.Context())
	wants("resume", err)
	_, err = d.Unlock(t.Context(), password)
	wants("unlock", err)
	if !d.Locked() {
		t.Error("the copy was opened")
	}

	d = d.cutOff(t, server)
	d.unlock(t)
	d.save(t, login("offline"))
	intercept()
	_, err = d.Sync(t.Context())
	wants("sync with a change that waits", err)
	_, err = d.Save(t.Context(), login("another"))
	wants("save behind a change that waits", err)
	if w := d.waiting(t); w.Pending != 1 {
		t.Errorf("%d pending changes", w.Pending)
	}
	d.reconnect()
	if s := d.sync(t); s.Pending != 0 || s.Count != 3 {
		t.Errorf("synced %+v", s)
	}
}

// A server could otherwise make a device work with an old cache, by answers that never end.
func TestAnEndlessAnswerIsNotTakenForAServerThatIsAway(t *testing.T) {
	t.Parallel()
	server, d, _, _ := cachedVault(t)
	d = d.restarted(t, server)
	d.unlock(t)
	d.wire.before = func(*client.Request) (*client.Response, error) { return nil, client.ErrLongAnswer }
	for what, do := range map[string]func() error{
		"sync":   func() error { _, err := d.Sync(t.Context()); return err },
		"unlock": func() error { _, err := d.Unlock(t.Context(), password); return err },
		"resume": func() error { _, _, err := d.Resume(t.Context()); return err },
	} {
		if err := do(); errors.Is(err, client.ErrOffline) || client.Explain(err).Code != client.CodeBadAnswer {
			t.Errorf("%s: %v", what, err)
		}
	}
	d.wire.before = func(r *client.Request) (*client.Response, error) {
		return &client.Response{Status: 200, Body: make([]byte, r.Limit+1)}, nil
	}
	if _, err := d.Sync(t.Context()); client.Explain(err).Code != client.CodeBadAnswer {
		t.Errorf("an answer above the limit: %v", err)
	}
}
