package sqlite

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
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

func addUser(t testing.TB, s *Store, name string) *testvault.Vault {
	t.Helper()
	v, founding := testvault.NewPerson(name).Found()
	if err := s.CreateAccount(t.Context(), v.User(), founding); err != nil {
		t.Fatal(err)
	}
	return v
}

// draft returns a write that puts n records of 4000 bytes.
func draft(v *testvault.Vault, n int) testvault.Write {
	var ops []testvault.Operation
	for range n {
		ops = append(ops, v.PutToken(chain.RecordDetails, seal.NewID(), 1, strings.Repeat("x", 4000)))
	}
	d := v.Draft(ops...)
	d.Now = time.Now()
	return d
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
	if _, err := s.writer.ExecContext(t.Context(), fmt.Sprintf("PRAGMA user_version = %d", firstVersion+len(migrations))); err != nil {
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

func wantUntouched(t *testing.T, path string, content []byte, want string) {
	t.Helper()
	if _, err := Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), want) {
		t.Errorf("open: %v, want %q", err, want)
	}
	into := filepath.Join(t.TempDir(), "copy.db")
	if err := Backup(t.Context(), path, into); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("backup: %v", err)
	}
	if err := Check(t.Context(), path); err == nil {
		t.Error("it passed as a copy")
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, content) {
		t.Errorf("%s was written to (%v)", path, err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("files are %v, %v", files, err)
	}
}

func TestForeignFileIsRejected(t *testing.T) {
	t.Parallel()
	const foreign = "the file belongs to another program"
	for name, c := range map[string]struct {
		statements []string
		want       string
	}{
		"without a version": {[]string{"CREATE TABLE people (name TEXT)"}, foreign},
		"version 3":         {[]string{"CREATE TABLE people (name TEXT)", "PRAGMA user_version = 3"}, foreign},
		"our version":       {[]string{"CREATE TABLE people (name TEXT)", fmt.Sprintf("PRAGMA user_version = %d", firstVersion)}, foreign},
		"without tables":    {[]string{"PRAGMA user_version = 3"}, foreign},
		"negative version":  {[]string{"CREATE TABLE used_user_ids (id TEXT)", "PRAGMA user_version = -1"}, foreign},
	} {
		path := filepath.Join(t.TempDir(), "other.db")
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range c.statements {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		wantUntouched(t, path, content, c.want)
	}
	path := filepath.Join(t.TempDir(), "text.db")
	content := []byte(strings.Repeat("not a database\n", 100))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	wantUntouched(t, path, content, "file is not a database")
}

// The file was made by the last release of format 1.
func TestFormat1IsRejected(t *testing.T) {
	t.Parallel()
	packed, err := os.Open("testdata/format-1.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "vault.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	wantUntouched(t, path, content, "the file has vaults of format 1, which this release cannot read: move it and its -wal and -shm files away")
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
	v := addUser(t, s, "ada")
	small := draft(v, 1)
	if err := s.ApplyWrite(t.Context(), small.WriteChange); err != nil {
		t.Fatal(err)
	}
	v.Apply(small)
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
	big := draft(v, 500)
	if err := s.ApplyWrite(t.Context(), big.WriteChange); !errors.Is(err, vault.ErrStoreFull) {
		t.Fatalf("error is %v, want %v", err, vault.ErrStoreFull)
	}
	var n counted
	head, err := s.Head(t.Context(), v.ID)
	if err == nil {
		err = s.Changes(t.Context(), v.ID, 0, &n)
	}
	if err != nil || head.State.Revision != 1 || n != 1 {
		t.Errorf("after the failure the vault is at revision %d with %d records, %v", head.State.Revision, n, err)
	}
	limit(1 << 30)
	if err := s.ApplyWrite(t.Context(), big.WriteChange); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// If another process holds the write lock for too long, writes fail and reads continue.
func TestLockedFileIsUnavailable(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vault.db")
	a, b := openFile(t, path), openFile(t, path)
	v := addUser(t, a, "ada")
	d := draft(v, 1)
	if _, err := b.writer.ExecContext(t.Context(), "PRAGMA busy_timeout = 20"); err != nil {
		t.Fatal(err)
	}
	tx, err := a.writer.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	err = b.ApplyWrite(t.Context(), d.WriteChange)
	if !errors.Is(err, vault.ErrStoreUnavailable) {
		t.Errorf("write: %v", err)
	}
	if _, err := b.User(t.Context(), "ada"); err != nil {
		t.Errorf("read: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := b.ApplyWrite(t.Context(), d.WriteChange); err != nil {
		t.Errorf("write with the lock free: %v", err)
	}
}

// A deadline that expires while waiting for the write connection is the store's failure, not a cancellation.
func TestDeadlineIsUnavailable(t *testing.T) {
	t.Parallel()
	s := openFile(t, filepath.Join(t.TempDir(), "vault.db"))
	d := draft(addUser(t, s, "ada"), 1)
	tx, err := s.writer.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.ApplyWrite(ctx, d.WriteChange); !errors.Is(err, vault.ErrStoreUnavailable) {
		t.Errorf("error is %v", err)
	}
}

func TestExpiredRowsAreDeleted(t *testing.T) {
	t.Parallel()
	s := openFile(t, filepath.Join(t.TempDir(), "vault.db"))
	u := addUser(t, s, "ada").User()
	now := time.Now()
	for i := range 100 {
		at := now.Add(time.Duration(i) * time.Minute)
		v := vault.Session{Hash: vault.SessionHash(fmt.Sprint(i)), UserID: u.ID, Username: u.Username, Created: at, LastSeen: at, Expires: at.Add(time.Minute)}
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
	v := addUser(t, s, "ada")
	o := v.PutToken(chain.RecordDetails, seal.NewID(), 1, "x")
	now := time.Now()
	for i, step := range []struct {
		ops  []testvault.Operation
		days int
		rows int
	}{
		{[]testvault.Operation{o}, 0, 1},
		{[]testvault.Operation{testvault.Delete(o), v.PutToken(chain.RecordDetails, seal.NewID(), 1, "y")}, 0, 2},
		{[]testvault.Operation{v.PutToken(chain.RecordDetails, seal.NewID(), 1, "z")}, vault.TombstoneDays - 1, 3},
		{[]testvault.Operation{v.PutToken(chain.RecordDetails, seal.NewID(), 1, "z")}, vault.TombstoneDays, 3},
	} {
		d := v.Draft(step.ops...)
		d.Now = now.AddDate(0, 0, step.days)
		if err := s.ApplyWrite(t.Context(), d.WriteChange); err != nil {
			t.Fatal(err)
		}
		v.Apply(d)
		var rows int
		if err := s.writer.QueryRowContext(t.Context(), "SELECT count(*) FROM records").Scan(&rows); err != nil || rows != step.rows {
			t.Errorf("after write %d: %d rows, %v, want %d", i+1, rows, err, step.rows)
		}
	}
}
