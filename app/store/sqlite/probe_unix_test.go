//go:build unix

package sqlite

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

// wantProbe expects the same result from a probe and from a login, which needs users, sessions and throttles.
func wantProbe(t *testing.T, s *Store, when string, want error) {
	t.Helper()
	login := func(ctx context.Context) error {
		now := time.Now()
		u, err := s.User(ctx, "ada")
		if err == nil {
			err = s.SwapThrottle(ctx, "ada", 0, vault.Throttle{Attempts: 1, Expires: now}, now)
		}
		if err == nil {
			err = s.PutSession(ctx, vault.Session{
				Hash: vault.SessionHash(now.String()), UserID: u.ID, Username: u.Username, Created: now, LastSeen: now, Expires: now,
			})
		}
		return err
	}
	if err := login(t.Context()); !errors.Is(err, want) {
		t.Errorf("%s: login: got %v, want %v", when, err, want)
	}
	if err := s.Probe(t.Context(), time.Now()); !errors.Is(err, want) {
		t.Errorf("%s: probe: got %v, want %v", when, err, want)
	}
}

func TestProbeFailsWhileTheStoreIsReadOnly(t *testing.T) {
	t.Parallel()
	s := openFile(t, filepath.Join(t.TempDir(), "vault.db"))
	addUser(t, s, "ada")
	wantProbe(t, s, "before", nil)
	for _, c := range []struct {
		pragma string
		want   error
	}{{"query_only = 1", vault.ErrStoreUnavailable}, {"query_only = 0", nil}} {
		if _, err := s.writer.ExecContext(t.Context(), "PRAGMA "+c.pragma); err != nil {
			t.Fatal(err)
		}
		wantProbe(t, s, c.pragma, c.want)
	}
}

// No file can grow, as on a full disk. The limit applies to the whole process, so this test does not run in parallel.
func TestProbeFailsWhileNoFileCanGrow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.db")
	s := openFile(t, path)
	addUser(t, s, "ada")
	wantProbe(t, s, "before", nil)
	log, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	t.Cleanup(func() { signal.Reset(syscall.SIGXFSZ) })
	limit := func(l syscall.Rlimit) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { limit(old) })
	full := old
	full.Cur = uint64(log.Size())
	limit(full)
	wantProbe(t, s, "full", vault.ErrStoreUnavailable)
	limit(old)
	wantProbe(t, s, "with room again", nil)
}

func TestProbeFailsOnDamagedFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vault.db")
	s := openFile(t, path)
	addUser(t, s, "ada")
	roots := map[string]int64{}
	for _, name := range []string{"users", "sqlite_autoindex_users_1", "sessions", "throttles"} {
		var root int64
		if err := s.writer.QueryRowContext(t.Context(), "SELECT rootpage FROM sqlite_schema WHERE name = ?", name).Scan(&root); err != nil {
			t.Fatal(err)
		}
		roots[name] = root
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	for name, root := range roots {
		damaged := bytes.Clone(whole)
		copy(damaged[(root-1)*page:root*page], bytes.Repeat([]byte{0xa5}, page))
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		s := openFile(t, path)
		wantProbe(t, s, name+" overwritten", vault.ErrStoreUnavailable)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestProbesLeaveOneRow(t *testing.T) {
	t.Parallel()
	s := openFile(t, filepath.Join(t.TempDir(), "vault.db"))
	for range 10 {
		if err := s.Probe(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	var rows int
	if err := s.writer.QueryRowContext(t.Context(), "SELECT (SELECT count(*) FROM throttles) + (SELECT count(*) FROM users)").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows, %v", rows, err)
	}
}
