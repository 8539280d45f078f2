package daemon_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/server/daemon"
	"github.com/vaultsphere/vaultsphere/app/store/sqlite"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// newData returns the settings of a new data directory that has a session key and a store with one user.
func newData(t *testing.T, user vault.Username) daemon.Config {
	t.Helper()
	c := emptyData(t)
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.DataDir, "session.key"), []byte(vault.NewKey()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	withStore(t, c, func(s vault.Store) {
		v, founding := testvault.NewPerson(string(user)).Found()
		if err := s.CreateAccount(t.Context(), v.User(), founding); err != nil {
			t.Fatal(err)
		}
	})
	return c
}

func emptyData(t *testing.T, settings ...string) daemon.Config {
	t.Helper()
	c, err := daemon.ConfigFromEnv(append(settings, "DATA_DIR="+filepath.Join(t.TempDir(), "data"), "LISTEN_ADDR=127.0.0.1:0", "METRICS_ADDR=off"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func withStore(t *testing.T, c daemon.Config, use func(vault.Store)) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), c.SQLitePath)
	if err != nil {
		t.Fatal(err)
	}
	use(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func newBackup(t *testing.T, c daemon.Config) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "backup.tar")
	if err := c.Backup(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	return file
}

// wantUser checks that the store of a data directory has this user.
func wantUser(t *testing.T, c daemon.Config, name vault.Username) {
	t.Helper()
	withStore(t, c, func(s vault.Store) {
		if _, err := s.User(t.Context(), name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
}

// files returns the digests of all files in the data directory.
func files(t *testing.T, c daemon.Config) string {
	t.Helper()
	var all strings.Builder
	entries, err := os.ReadDir(c.DataDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(c.DataDir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s %x\n", e.Name(), sha256.Sum256(content))
	}
	return all.String()
}

// wantRejected expects do to fail with an error of one line that contains want, and to leave the data directory unchanged.
func wantRejected(t *testing.T, c daemon.Config, want string, do func() error) {
	t.Helper()
	before := files(t, c)
	err := do()
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error is %v, want %q", err, want)
	}
	if after := files(t, c); after != before {
		t.Errorf("%q: the data directory was\n%sand is\n%s", want, before, after)
	}
}

func TestBackupIsAPrivateArchive(t *testing.T) {
	t.Parallel()
	c := newData(t, "ada")
	file := newBackup(t, c)
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
		t.Errorf("other files: %v, %v", entries, err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var entries []string
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, h.Name)
	}
	if got := strings.Join(entries, " "); got != "backup.json session.key vault.db SHA256" {
		t.Errorf("the archive holds %s", got)
	}
}

func TestFailedBackupLeavesNothing(t *testing.T) {
	t.Parallel()
	c := newData(t, "ada")
	there := newBackup(t, c)
	content, err := os.ReadFile(there)
	if err != nil {
		t.Fatal(err)
	}
	lost := newData(t, "ada")
	if err := os.Remove(filepath.Join(lost.DataDir, "session.key")); err != nil {
		t.Fatal(err)
	}
	tables := emptyData(t, "STORE=dynamodb", "AWS_REGION=us-east-1", "SESSION_SECRET="+vault.NewKey())
	dir := t.TempDir()
	for _, r := range []struct {
		c          daemon.Config
		file, want string
	}{
		{c, there, "already exists"},
		{c, dir, "already exists"},
		{c, filepath.Join(dir, "missing", "backup.tar"), "no such file or directory"},
		{lost, filepath.Join(dir, "backup.tar"), "session.key: no such file or directory"},
		{emptyData(t, "SESSION_SECRET="+vault.NewKey()), filepath.Join(dir, "backup.tar"), "vault.db: no such file or directory"},
		{tables, filepath.Join(dir, "backup.tar"), `see "Restoring the tables"`},
	} {
		wantRejected(t, r.c, r.want, func() error { return r.c.Backup(t.Context(), r.file) })
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	wantRejected(t, c, "canceled", func() error { return c.Backup(cancelled, filepath.Join(dir, "backup.tar")) })
	if after, err := os.ReadFile(there); err != nil || !bytes.Equal(after, content) {
		t.Errorf("the existing file changed: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("leftover %v, %v", left, err)
	}
}

// waits reports whether the store of a data directory waits for its operator.
func waits(t *testing.T, c daemon.Config) (waits bool) {
	t.Helper()
	withStore(t, c, func(s vault.Store) {
		var err error
		if waits, err = s.Waiting(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	return waits
}

func TestRestoredVaultsWaitForTheOperator(t *testing.T) {
	t.Parallel()
	c := newData(t, "ada")
	if waits(t, c) {
		t.Error("new vaults wait")
	}
	wantRejected(t, c, "the server is open already", func() error { return c.Open(t.Context()) })
	if err := c.Restore(t.Context(), newBackup(t, c), true, io.Discard); err != nil || !waits(t, c) {
		t.Errorf("restored vaults do not wait: %v", err)
	}
	again := newBackup(t, c)
	if err := c.Open(t.Context()); err != nil || waits(t, c) {
		t.Errorf("opened vaults wait: %v", err)
	}
	var report bytes.Buffer
	if err := c.Close(t.Context(), &report); err != nil || !waits(t, c) || !strings.Contains(report.String(), "ada") {
		t.Errorf("closed vaults do not wait: %v; %s", err, &report)
	}
	if err := c.Restore(t.Context(), again, true, io.Discard); err != nil || !waits(t, c) {
		t.Errorf("a backup of vaults that wait: %v", err)
	}
}

func TestRestoreReturnsVaultsAndKey(t *testing.T) {
	t.Parallel()
	from := newData(t, "ada")
	withStore(t, from, func(s vault.Store) {
		u, err := s.User(t.Context(), "ada")
		if err != nil {
			t.Fatal(err)
		}
		signedIn := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
		session := vault.Session{
			Hash: vault.SessionHash(strings.Repeat("a", 64)), UserID: u.ID, Username: u.Username, Device: "Ada's laptop", Created: signedIn,
			LastSeen: signedIn, Expires: time.Now().Add(time.Hour),
		}
		if err := s.PutSession(t.Context(), session); err != nil {
			t.Fatal(err)
		}
	})
	file := newBackup(t, from)
	for name, to := range map[string]daemon.Config{"nothing there": emptyData(t), "another vault there": newData(t, "eve"), "the same there": from} {
		t.Run(name, func(t *testing.T) {
			var report bytes.Buffer
			if err := to.Restore(t.Context(), file, name != "nothing there", &report); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"1 user with 1 session.", "ada\tregistered", "\"Ada's laptop\", signed in 2026-11-02", "vaultsphered open"} {
				if !strings.Contains(report.String(), want) {
					t.Errorf("the report lacks %q: %s", want, &report)
				}
			}
			wantUser(t, to, "ada")
			withStore(t, to, func(s vault.Store) {
				if _, err := s.User(t.Context(), "eve"); !errors.Is(err, vault.ErrNotFound) {
					t.Errorf("the old data is still there: %v", err)
				}
			})
			want, err := os.ReadFile(filepath.Join(from.DataDir, "session.key"))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(filepath.Join(to.DataDir, "session.key")); err != nil || !bytes.Equal(got, want) {
				t.Errorf("the key differs: %v", err)
			}
			for _, file := range []string{"session.key", "vault.db"} {
				if info, err := os.Stat(filepath.Join(to.DataDir, file)); err != nil || info.Mode() != 0o600 {
					t.Errorf("%s: %v, %v", file, info, err)
				}
			}
		})
	}
}

func TestRestoreRejectsDamagedBackups(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(newBackup(t, newData(t, "ada")))
	if err != nil {
		t.Fatal(err)
	}
	change := func(at int) []byte {
		b := bytes.Clone(whole)
		b[at] ^= 1
		return b
	}
	foreign := &bytes.Buffer{}
	w := tar.NewWriter(foreign)
	if err := errors.Join(w.WriteHeader(&tar.Header{Name: "vault.db", Mode: 0o600}), w.Close()); err != nil {
		t.Fatal(err)
	}
	const none, damaged = "it is not a backup made by vaultsphered", "it is damaged or incomplete"
	file := filepath.Join(t.TempDir(), "backup.tar")
	for name, r := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":                 {nil, none},
		"text":                  {[]byte("a letter to grandmother"), none},
		"another archive":       {foreign.Bytes(), none},
		"header changed":        {change(0), none},
		"the first kilobyte":    {whole[:1024], damaged},
		"half":                  {whole[:len(whole)/2], damaged},
		"without the end":       {whole[:len(whole)-2048], damaged},
		"all but the last byte": {whole[:len(whole)-1], damaged},
		"one byte more":         {append(bytes.Clone(whole), 0), damaged},
		"twice":                 {append(bytes.Clone(whole), whole...), damaged},
	} {
		for _, to := range []daemon.Config{emptyData(t), newData(t, "eve")} {
			if err := os.WriteFile(file, r.content, 0o600); err != nil {
				t.Fatal(err)
			}
			t.Run(name, func(t *testing.T) {
				wantRejected(t, to, r.want, func() error { return to.Restore(t.Context(), file, true, io.Discard) })
			})
		}
	}
	to := newData(t, "eve")
	for at := 512; at < len(whole); at += 509 { // one byte in each block of the file, at a varying offset
		if err := os.WriteFile(file, change(at), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := to.Restore(t.Context(), file, true, io.Discard); err == nil {
			t.Fatalf("byte %d was changed, but the file was restored", at)
		}
	}
	wantUser(t, to, "eve")
}

func TestRestoreProtectsExistingData(t *testing.T) {
	t.Parallel()
	from := newData(t, "ada")
	file := newBackup(t, from)
	secret := newData(t, "ada")
	secret.SessionSecret = vault.NewKey()
	withoutKey := newBackup(t, secret)
	otherKey := emptyData(t)
	if err := os.MkdirAll(otherKey.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(otherKey.DataDir, "session.key"), []byte(vault.NewKey()), 0o600); err != nil {
		t.Fatal(err)
	}
	noVault := newData(t, "eve")
	if err := os.WriteFile(noVault.SQLitePath, []byte(strings.Repeat("not a database\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, r := range []struct {
		to      daemon.Config
		file    string
		replace bool
		want    string
	}{
		{newData(t, "eve"), file, false, "vault.db already exists: use --replace"},
		{otherKey, file, false, "session.key already exists with another key"},
		{emptyData(t), filepath.Join(t.TempDir(), "none.tar"), false, "none.tar: no such file or directory"},
		{emptyData(t), withoutKey, false, "the backup has no session key"},
		{noVault, file, true, "it is damaged: move it"},
		{emptyData(t, "STORE=dynamodb", "AWS_REGION=us-east-1", "SESSION_SECRET="+vault.NewKey()), file, true, `see "Restoring the tables"`},
		{emptyData(t, "SESSION_SECRET="+vault.NewKey()), file, false, "SESSION_SECRET lacks a key"},
	} {
		if err := os.MkdirAll(r.to.DataDir, 0o700); err != nil {
			t.Fatal(err)
		}
		wantRejected(t, r.to, r.want, func() error { return r.to.Restore(t.Context(), r.file, r.replace, io.Discard) })
	}
}

func TestRestoreRejectsNewerBackups(t *testing.T) {
	t.Parallel()
	from := newData(t, "ada")
	file := newBackup(t, from)
	withDatabase := func(statement string) daemon.Config {
		c := newData(t, "ada")
		db, err := sql.Open("sqlite", c.SQLitePath)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.ExecContext(t.Context(), statement)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		return c
	}
	newer := withDatabase("PRAGMA user_version = 99")
	wantRejected(t, newer, "a newer release wrote it", func() error { return newer.Backup(t.Context(), filepath.Join(t.TempDir(), "backup.tar")) })
	to := newData(t, "eve")
	for name, edit := range map[string]func([]byte) []byte{
		"a newer release": func(b []byte) []byte { return bytes.Replace(b, []byte(`"format":1`), []byte(`"format":2`), 1) },
		"schema version 99": func(b []byte) []byte {
			// The user version is at byte 60 of a database (SQLite, "Database File Format", §1.3).
			b[bytes.Index(b, []byte("SQLite format 3\x00"))+63] = 99
			return b
		},
		"it is damaged": func(b []byte) []byte {
			at := bytes.Index(b, []byte("SQLite format 3\x00")) + 4096
			copy(b[at:at+4096], bytes.Repeat([]byte{0xa5}, 4096))
			return b
		},
	} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b = edit(b)
		// Make the digest match: it proves that a file is complete, not who made it.
		copy(b[len(b)-1536:], fmt.Sprintf("%x", sha256.Sum256(b[:len(b)-2048])))
		edited := filepath.Join(t.TempDir(), "backup.tar")
		if err := os.WriteFile(edited, b, 0o600); err != nil {
			t.Fatal(err)
		}
		wantRejected(t, to, name, func() error { return to.Restore(t.Context(), edited, true, io.Discard) })
	}
}

// The backup was made by the last release of format 1.
func TestFormat1IsRejected(t *testing.T) {
	t.Parallel()
	packed, err := os.Open("testdata/format-1.backup.gz")
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
	file := filepath.Join(t.TempDir(), "backup.tar")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	const want = "vaults of format 1, which this release cannot read"
	to := newData(t, "eve")
	wantRejected(t, to, want, func() error { return to.Restore(t.Context(), file, true, io.Discard) })
	wantUser(t, to, "eve")

	old := emptyData(t)
	if err := os.MkdirAll(old.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(content, []byte("SQLite format 3\x00")) // SQLite ignores what follows its last page
	for path, content := range map[string][]byte{old.SQLitePath: content[at:], filepath.Join(old.DataDir, "session.key"): []byte(vault.NewKey())} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wantRejected(t, old, want, func() error { return daemon.New(old, slog.New(slog.DiscardHandler)).Run(t.Context()) })
	wantRejected(t, old, want, func() error { return old.Backup(t.Context(), filepath.Join(t.TempDir(), "backup.tar")) })
}

func TestSessionSecretIsNotInTheBackup(t *testing.T) {
	t.Parallel()
	from, secret := newData(t, "ada"), vault.NewKey()
	from.SessionSecret = secret
	file := newBackup(t, from)
	if b, err := os.ReadFile(file); err != nil || bytes.Contains(b, []byte(secret)) {
		t.Errorf("the file contains the secret, %v", err)
	}
	to := emptyData(t, "SESSION_SECRET="+secret)
	if err := to.Restore(t.Context(), file, false, io.Discard); err != nil {
		t.Fatal(err)
	}
	wantUser(t, to, "ada")
	// A backup with a key file can be restored if SESSION_SECRET contains that key.
	from.SessionSecret = ""
	key, err := os.ReadFile(filepath.Join(from.DataDir, "session.key"))
	if err != nil {
		t.Fatal(err)
	}
	to = emptyData(t, "SESSION_SECRET="+secret+","+strings.TrimSpace(string(key)))
	if err := to.Restore(t.Context(), newBackup(t, from), false, io.Discard); err != nil {
		t.Fatal(err)
	}
	wantUser(t, to, "ada")
}

func TestRestoreRequiresAStoppedServer(t *testing.T) {
	t.Parallel()
	file := newBackup(t, newData(t, "ada"))
	to := newData(t, "eve")
	s, err := sqlite.Open(t.Context(), to.SQLitePath)
	if err != nil {
		t.Fatal(err)
	}
	if err := to.Restore(t.Context(), file, true, io.Discard); err == nil || !strings.Contains(err.Error(), "stop the server first") {
		t.Errorf("error is %v", err)
	}
	if _, err := s.User(t.Context(), "eve"); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := to.Restore(t.Context(), file, true, io.Discard); err != nil {
		t.Fatal(err)
	}
	wantUser(t, to, "ada")
}
