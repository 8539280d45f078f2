package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

func openFile(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func addUser(t testing.TB, s *Store, name string) {
	t.Helper()
	u := vault.User{Username: vault.Username(name), ID: vault.UserID("id-" + name), Created: time.Now(), Manifest: "manifest 0"}
	if err := s.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
}

func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	path := filepath.Join(dir, "vault.db")
	s := openFile(t, path)
	addUser(t, s, "ada")
	want := map[string]os.FileMode{dir: 0o700 | os.ModeDir, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600}
	for name, mode := range want {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != mode {
			t.Errorf("%s has mode %v, want %v", name, info.Mode(), mode)
		}
	}
}

func TestPathWithOddCharacters(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b?c=d&e%20f#g", "vault;ü.db")
	addUser(t, openFile(t, path), "ada")
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// A write must reach the disk before it is reported, on every connection.
func TestDurability(t *testing.T) {
	t.Parallel()
	s := openFile(t, filepath.Join(t.TempDir(), "vault.db"))
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1"} {
		var got string
		if err := s.writer.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
	if _, err := s.reader.ExecContext(t.Context(), "DELETE FROM users"); err == nil {
		t.Error("a reader could write")
	}
}

func TestNewerFileIsRejected(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vault.db")
	s := openFile(t, path)
	if _, err := s.writer.ExecContext(t.Context(), fmt.Sprintf("PRAGMA user_version = %d", len(migrations)+1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), path)
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "newer release") {
		t.Errorf("error is %v", err)
	}
}

func TestForeignFileIsRejected(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{"text": strings.Repeat("not a database\n", 100)} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), path); err == nil {
			t.Errorf("%s was opened", name)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != content {
			t.Errorf("%s was written to (%v)", name, err)
		}
	}
	path := filepath.Join(t.TempDir(), "other.db")
	s := openFile(t, path)
	for _, q := range []string{"PRAGMA user_version = 0", "ALTER TABLE users RENAME TO people"} {
		if _, err := s.writer.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("error is %v", err)
	}
}

func TestFileOfTheFirstSchemaIsMigrated(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vault.db")
	old, err := connect(path, "immediate", 1, writerCacheKiB)
	if err != nil {
		t.Fatal(err)
	}
	if err := migrate(t.Context(), old, migrations[:1]); err != nil {
		t.Fatal(err)
	}
	_, err = old.ExecContext(t.Context(), `INSERT INTO used_user_ids VALUES ('id'); INSERT INTO users (username, id, created, kdf_salt,
		kdf_memory_kib, kdf_time, kdf_threads, auth_hash, recovery_auth_hash, wrapped_key, recovery_wrapped_key, totp_secret,
		totp_last_step, generation, revision, manifest) VALUES ('ada', 'id', 0, '', 0, 0, 0, x'', x'', 'key', '', '', 0, 1, 7, 'm')`)
	if err := errors.Join(err, old.Close()); err != nil {
		t.Fatal(err)
	}
	s := openFile(t, path)
	if u, err := s.User(t.Context(), "ada"); err != nil || u.WrappedKey != "key" || u.Revision != 7 {
		t.Errorf("user is %+v, %v", u, err)
	}
	if err := s.PutChunk(t.Context(), "ada", vault.Chunk{Attachment: "a", Number: 1, Count: 1, Token: "t"}, time.Now(), 1); err != nil {
		t.Errorf("attachment of an older user: %v", err)
	}
}

// A failed migration leaves the file at the previous version with its data; the next program continues from there.
func TestMigrationIsAtomic(t *testing.T) {
	t.Parallel()
	s := openFile(t, filepath.Join(t.TempDir(), "vault.db"))
	addUser(t, s, "ada")
	broken := append(migrations[:len(migrations):len(migrations)], "CREATE TABLE extra (x TEXT) STRICT; CREATE TABLE users (x TEXT) STRICT")
	if err := migrate(t.Context(), s.writer, broken); err == nil {
		t.Fatal("the broken migration succeeded")
	}
	fixed := append(migrations[:len(migrations):len(migrations)], "CREATE TABLE extra (x TEXT) STRICT")
	if err := migrate(t.Context(), s.writer, fixed); err != nil {
		t.Fatal(err)
	}
	if _, err := s.User(t.Context(), "ada"); err != nil {
		t.Error(err)
	}
}

func TestFullDiskChangesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vault.db")
	s := openFile(t, path)
	addUser(t, s, "ada")
	small := vault.Change{Base: 0, Manifest: "manifest 1", Puts: []protocol.Put{{Place: protocol.Place{ItemID: "a", Kind: protocol.KindDetails, Version: 1}, Token: "token"}}}
	if _, err := s.Apply(t.Context(), "ada", small); err != nil {
		t.Fatal(err)
	}
	var pages int
	if err := s.writer.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	limit := func(n int) {
		t.Helper()
		if _, err := s.writer.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", n)); err != nil {
			t.Fatal(err)
		}
	}
	limit(pages)
	big := vault.Change{Base: 1, Manifest: "manifest 2"}
	for i := range protocol.MaxChangeRecords {
		big.Puts = append(big.Puts, protocol.Put{
			Place: protocol.Place{ItemID: fmt.Sprint(i), Kind: protocol.KindDetails, Version: 1}, Token: strings.Repeat("x", 4000),
		})
	}
	if _, err := s.Apply(t.Context(), "ada", big); !errors.Is(err, vault.ErrStoreFull) {
		t.Fatalf("error is %v, want %v", err, vault.ErrStoreFull)
	}
	r, err := vault.Collect(t.Context(), s, "ada", 0)
	if err != nil || r.Revision != 1 || r.Manifest != "manifest 1" || len(r.Records) != 1 {
		t.Errorf("after the failure the vault is %+v, %v", r, err)
	}
	limit(1 << 30)
	if _, err := s.Apply(t.Context(), "ada", big); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// If another process holds the write lock for too long, writes fail and reads continue.
func TestLockedFileIsUnavailable(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vault.db")
	a, b := openFile(t, path), openFile(t, path)
	addUser(t, a, "ada")
	if _, err := b.writer.ExecContext(t.Context(), "PRAGMA busy_timeout = 20"); err != nil {
		t.Fatal(err)
	}
	tx, err := a.writer.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Apply(t.Context(), "ada", vault.Change{Base: 0, Manifest: "m"})
	if !errors.Is(err, vault.ErrStoreUnavailable) {
		t.Errorf("apply: %v", err)
	}
	if _, err := b.User(t.Context(), "ada"); err != nil {
		t.Errorf("read: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Apply(t.Context(), "ada", vault.Change{Base: 0, Manifest: "m"}); err != nil {
		t.Errorf("apply with the lock free: %v", err)
	}
}

// A deadline that expires while waiting for the write connection is the store's failure, not a cancellation.
func TestDeadlineIsUnavailable(t *testing.T) {
	t.Parallel()
	s := openFile(t, filepath.Join(t.TempDir(), "vault.db"))
	addUser(t, s, "ada")
	tx, err := s.writer.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := s.Apply(ctx, "ada", vault.Change{Base: 0, Manifest: "m"}); !errors.Is(err, vault.ErrStoreUnavailable) {
		t.Errorf("error is %v", err)
	}
}

func TestExpiredRowsAreDeleted(t *testing.T) {
	t.Parallel()
	s := openFile(t, filepath.Join(t.TempDir(), "vault.db"))
	addUser(t, s, "ada")
	now := time.Now()
	for i := range 100 {
		at := now.Add(time.Duration(i) * time.Minute)
		v := vault.Session{Hash: vault.SessionHash(fmt.Sprint(i)), UserID: "id-ada", Username: "ada", Created: at, LastSeen: at, Expires: at.Add(time.Minute)}
		if err := s.PutSession(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		if err := s.SwapThrottle(t.Context(), fmt.Sprint(i), 0, vault.Throttle{Attempts: 1, Expires: at.Add(time.Minute)}, at); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range []string{"sessions", "throttles"} {
		var n int
		if err := s.writer.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 2 {
			t.Errorf("%d rows are left in %s, want 1", n, table)
		}
	}
}

func TestOldTombstonesAreDeleted(t *testing.T) {
	t.Parallel()
	s := openFile(t, filepath.Join(t.TempDir(), "vault.db"))
	addUser(t, s, "ada")
	at := protocol.Place{ItemID: "a", Kind: protocol.KindDetails, Version: 1}
	for base, c := range []vault.Change{{Puts: []protocol.Put{{Place: at, Token: "x"}}}, {Deletes: []protocol.Place{at}}, {}, {}} {
		c.Base, c.Manifest = int64(base), "m"
		if base == 3 {
			if _, err := s.writer.ExecContext(t.Context(), "UPDATE records SET deleted = deleted - ?", (vault.TombstoneDays * 24 * time.Hour).Milliseconds()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Apply(t.Context(), "ada", c); err != nil {
			t.Fatal(err)
		}
		var rows, bytes int
		if err := s.writer.QueryRowContext(t.Context(), "SELECT (SELECT count(*) FROM records), record_bytes FROM users").Scan(&rows, &bytes); err != nil {
			t.Fatal(err)
		}
		if want := [][2]int{{1, 129}, {1, 128}, {1, 128}, {0, 0}}[base]; [2]int{rows, bytes} != want {
			t.Errorf("after change %d: %d rows of %d bytes, want %v", base, rows, bytes, want)
		}
	}
}
