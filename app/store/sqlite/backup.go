package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	errInUse   = errors.New("a server is using it: stop the server first")
	errDamaged = errors.New("it is damaged")
)

// Backup copies the vaults in the file at path to the empty file at into, as one consistent state, even while servers use the
// original. The copy has no write-ahead log. The caller must flush it to disk.
func Backup(ctx context.Context, path, into string) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	db, err := connect(path, "deferred", 1, readerCacheKiB)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := mustBeVault(ctx, db); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", into); err != nil {
		return fmt.Errorf("copy %s: %w", path, err)
	}
	return nil
}

// Check verifies a copy that Backup made. No other process may have it open.
func Check(ctx context.Context, path string) error {
	db, err := connect(path, "deferred", 1, readerCacheKiB, "query_only(1)")
	if err != nil {
		return err
	}
	defer db.Close()
	if err := mustBeVault(ctx, db); err != nil {
		return err
	}
	var finding string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&finding); err != nil {
		return err
	}
	if finding != "ok" {
		_, finding, _ = strings.Cut(finding, "\n") // the first line names the database
		return fmt.Errorf("%w: %s", errDamaged, finding)
	}
	return nil
}

// Close makes a copy that Backup made wait for its operator: see vault.Store.SetWaiting. No other process may have it open. A copy of an
// older release is migrated first.
func Close(ctx context.Context, path string) error {
	db, err := connect(path, "immediate", 1, writerCacheKiB)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := migrate(ctx, db, migrations); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, waitSQL)
	return storeError(err)
}

// mustBeVault rejects files that are not vaults, or that this release cannot read.
func mustBeVault(ctx context.Context, db *sql.DB) error {
	version, err := readVersion(ctx, db, migrations)
	if err == nil && version == 0 {
		err = errors.New("the file is not a vault")
	}
	return err
}

// Restore replaces the contents of the file at path with those of the copy at from, and creates the file if needed. It is one
// transaction: if it fails, or the machine crashes, the file keeps its old contents. It fails if a server has the file open,
// and no server can open the file while it runs.
func Restore(ctx context.Context, path, from string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	db, err := connect(path, "exclusive", 1, writerCacheKiB, "locking_mode(EXCLUSIVE)", "busy_timeout(0)")
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return inUse(path, err)
	}
	defer conn.Close()
	// SQLite removes the log of a file only if no other process has the file open.
	var mode string
	if err := conn.QueryRowContext(ctx, "PRAGMA journal_mode = DELETE").Scan(&mode); err != nil {
		return inUse(path, err)
	}
	if from, err = filepath.Abs(from); err != nil {
		return err
	}
	err = conn.Raw(func(driver any) error {
		b, err := driver.(interface {
			NewRestore(string) (*sqlite.Backup, error)
		}).NewRestore((&url.URL{Scheme: "file", Path: from}).String())
		if err != nil {
			return err
		}
		_, err = b.Step(-1)
		return errors.Join(err, b.Finish())
	})
	return inUse(path, err)
}

func inUse(path string, err error) error {
	switch {
	case err == nil:
		return nil
	case isBusy(err):
		return fmt.Errorf("write %s: %w", path, errInUse)
	case primaryCode(err) == sqlite3.SQLITE_NOTADB, primaryCode(err) == sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("write %s: %w: move it and its -wal and -shm files away: %w", path, errDamaged, err)
	}
	return fmt.Errorf("write %s: %w", path, err)
}
