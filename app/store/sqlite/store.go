// Package sqlite implements vault.Store and vault.Store in one SQLite file on one host. Several processes on that host may share the file.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite" // the driver, and its error codes
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

const (
	// busyTimeout is how long a write waits for another process.
	busyTimeout = 5 * time.Second
	// A read walks a vault once, so a larger page cache gains nothing over the kernel's. Memory is per connection.
	readers          = 4
	writerCacheKiB   = 1024
	readerCacheKiB   = 512
	walSizeLimitByte = 8 << 20
)

// Store is a vault.Store. All writes share one connection: SQLite has one writer at a time anyway, and a queue in the process
// is fair and cheap, unlike waiting for the file lock.
type Store struct {
	writer *sql.DB
	reader *sql.DB
	stmt   statements
}

var (
	_ vault.Store = (*Store)(nil)
	_ vault.Store = (*Store)(nil)
)

// Open opens or creates the file at path, and its directory. It creates them private to the owner, with the modes 0600 and
// 0700.
func Open(ctx context.Context, path string) (*Store, error) {
	s, err := open(ctx, path)
	if errors.Is(err, errFormat1) {
		err = fmt.Errorf("%w: move it and its -wal and -shm files away", err)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return s, nil
}

func open(ctx context.Context, path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	// SQLite gives the -wal and -shm files the mode of the main file.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	s := &Store{}
	if s.writer, err = connect(path, "immediate", 1, writerCacheKiB); err != nil {
		return nil, err
	}
	if s.reader, err = connect(path, "deferred", readers, readerCacheKiB, "query_only(1)"); err != nil {
		return nil, errors.Join(err, s.writer.Close())
	}
	err = useWAL(ctx, s.writer)
	if err == nil {
		err = migrate(ctx, s.writer, migrations)
	}
	if err == nil {
		err = s.stmt.prepare(ctx, s.writer, s.reader)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func connect(path, lock string, conns, cacheKiB int, pragmas ...string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	q := url.Values{"_txlock": {lock}, "_pragma": append([]string{
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"synchronous(FULL)", // an acknowledged write survives power loss
		"foreign_keys(1)",
		fmt.Sprintf("cache_size(-%d)", cacheKiB),
		fmt.Sprintf("journal_size_limit(%d)", walSizeLimitByte),
	}, pragmas...)}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: abs, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// useWAL switches the file to a write-ahead log. It leaves a file alone that is not a vault of this format. It retries, because SQLite
// ignores its busy timeout here if another process does the same.
func useWAL(ctx context.Context, db *sql.DB) error {
	deadline := time.Now().Add(busyTimeout)
	for {
		err := switchToWAL(ctx, db)
		if !isBusy(err) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return storeError(ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func switchToWAL(ctx context.Context, db *sql.DB) error {
	if _, err := readVersion(ctx, db, migrations); err != nil {
		return err
	}
	var mode string
	err := db.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
	if err == nil && mode != "wal" {
		return fmt.Errorf("the file system does not support a write-ahead log (journal mode %q)", mode)
	}
	return storeError(err)
}

// write runs f in an immediate transaction. ctx applies only while waiting for the connection. A transaction that has begun
// is short and runs to its end, so a client that disconnects leaves no half-done work and no broken connection.
func (s *Store) write(ctx context.Context, f func(ctx context.Context, tx *sql.Tx) error) error {
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return storeError(err)
	}
	defer func() { _ = conn.Close() }() // returns it to the pool
	ctx = context.WithoutCancel(ctx)
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return storeError(err)
	}
	defer func() { _ = tx.Rollback() }() // no-op after Commit
	if err := f(ctx, tx); err != nil {
		return storeError(err)
	}
	return storeError(tx.Commit())
}

// Probe implements vault.Store. It uses users, sessions and throttles, as a login does, so it finds a damaged page in any of
// them.
func (s *Store) Probe(ctx context.Context, now time.Time) error {
	var sum int64
	if err := s.stmt.probe.QueryRowContext(ctx, vault.ProbeKey).Scan(&sum); err != nil {
		return storeError(err)
	}
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := exec(ctx, tx, s.stmt.purgeSessions, now.UnixMilli()); err != nil {
			return err
		}
		if err := s.purgeKept(ctx, tx, now, 0); err != nil {
			return err
		}
		_, err := exec(ctx, tx, s.stmt.putThrottle, vault.ProbeKey, 0, 0, now.UnixMilli(), 1)
		return err
	})
}

// Close closes the file. The last process to close it merges the write-ahead log into it.
func (s *Store) Close() error {
	return errors.Join(s.reader.Close(), s.writer.Close())
}

// storeError maps an error of SQLite, database/sql or a context to the errors of vault.Store. It leaves errors of package vault
// unchanged.
func storeError(err error) error {
	if err == nil {
		return nil
	}
	for _, known := range []error{
		vault.ErrNotFound, vault.ErrUsernameTaken, vault.ErrUserIDTaken, vault.ErrRevisionConflict, vault.ErrConflict,
		vault.ErrStoreFull, vault.ErrStoreUnavailable, vault.ErrInvalidChange, vault.ErrChunkTaken, vault.ErrQuotaReached,
		vault.ErrItemQuota, vault.ErrRecordQuota, vault.ErrKeptQuota, vault.ErrVaultQuota,
		vault.ErrNoInvitation, vault.ErrNotFirst, vault.ErrVaultIDTaken, vault.ErrSuspended, vault.ErrLastAdministrator, context.Canceled,
	} {
		if errors.Is(err, known) {
			return err
		}
	}
	switch primaryCode(err) {
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w", vault.ErrStoreFull, err)
	case sqlite3.SQLITE_TOOBIG:
		return fmt.Errorf("%w: %w", vault.ErrInvalidChange, err)
	}
	return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
}

func isBusy(err error) bool { return primaryCode(err) == sqlite3.SQLITE_BUSY }

// primaryCode returns SQLite's result code without the extended part, or 0.
func primaryCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}
