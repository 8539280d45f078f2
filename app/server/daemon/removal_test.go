package daemon_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/store/sqlite"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// A server that starts deletes the users who are due, and no others.
func TestServerDeletesRemovedUsers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "vault.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	now := time.Now()
	for name, age := range map[string]time.Duration{"due": protocol.RemovalDays*24*time.Hour + time.Minute, "early": time.Hour} {
		v, f := testvault.NewPerson(name).Found()
		u := v.User()
		u.Created = now
		if err := store.CreateAccount(t.Context(), u, f); err != nil {
			t.Fatal(err)
		}
		stored, err := store.User(t.Context(), vault.Username(name))
		if err != nil {
			t.Fatal(err)
		}
		if err := store.SetStanding(t.Context(), stored, vault.Standing{Suspended: true, Removed: now.Add(-age).UnixMilli()}); err != nil {
			t.Fatal(err)
		}
	}
	r := start(t, "DATA_DIR="+dir)
	await.Until(t, "the user who is due is deleted", func() bool {
		_, err := store.User(t.Context(), "due")
		return errors.Is(err, vault.ErrNotFound)
	})
	r.cancel()
	if err := <-r.ended; err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if _, err := store.User(t.Context(), "early"); err != nil {
		t.Error(err)
	}
}
