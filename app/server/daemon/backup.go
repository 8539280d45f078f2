package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/store/sqlite"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

var errTables = errors.New(`with STORE=dynamodb, AWS backs up and restores the tables: see "Restoring the tables" in docs/operations.md`)

// Backup writes the vaults and the session key to a new file that only its owner can read. Servers may keep running: the
// backup has every write that they acknowledged before the call. If Backup fails, it leaves no file.
func (c Config) Backup(ctx context.Context, file string) error {
	if c.SQLitePath == "" {
		return errTables
	}
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s already exists: choose another name", file)
	}
	var key []byte
	if c.SessionSecret == "" {
		secret, err := readSecret(filepath.Join(c.DataDir, secretFile))
		if err != nil {
			return err
		}
		key = []byte(secret + "\n")
	}
	database, err := newDraft(file)
	if err != nil {
		return err
	}
	defer database.discard()
	if err := sqlite.Backup(ctx, c.SQLitePath, database.Name()); err != nil {
		return err
	}
	archive, err := newDraft(file)
	if err != nil {
		return err
	}
	defer archive.discard()
	a := about{Format: archiveFormat, Created: time.Now().UTC().Truncate(time.Second), Release: c.Version}
	if err := writeArchive(ctx, archive, a, key, database.File); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	if err := archive.finish(); err != nil {
		return err
	}
	return archive.publish(file)
}

// Restore restores the vaults and the session key of a backup to the paths in the settings. No server may be running. It
// replaces existing data only if replace is set, and only after it has checked the whole backup. The vaults wait for Open; report is as
// in Close.
func (c Config) Restore(ctx context.Context, file string, replace bool, report io.Writer) error {
	if c.SQLitePath == "" {
		return errTables
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := os.Stat(c.SQLitePath); err == nil && info.Size() > 0 && !replace {
		return fmt.Errorf("%s already exists: use --replace to replace it with the backup", c.SQLitePath)
	}
	if err := verifyArchive(ctx, f); err != nil {
		return fmt.Errorf("%s cannot be restored: %w", file, err)
	}
	if err := os.MkdirAll(filepath.Dir(c.SQLitePath), 0o700); err != nil {
		return err
	}
	database, err := newDraft(c.SQLitePath)
	if err != nil {
		return err
	}
	defer database.discard()
	key, err := readArchive(ctx, f, database)
	if err == nil {
		err = errors.Join(database.finish(), sqlite.Check(ctx, database.Name()))
	}
	if err == nil { // before the vaults are in place: a server could be started at once
		err = sqlite.Close(ctx, database.Name())
	}
	if err != nil {
		return fmt.Errorf("%s cannot be restored: %w", file, err)
	}
	path := filepath.Join(c.DataDir, secretFile)
	secret, err := c.prepareKey(path, key, replace)
	if err != nil {
		return err
	}
	defer secret.discard()
	if err := sqlite.Restore(ctx, c.SQLitePath, database.Name()); err != nil {
		return err
	}
	if err := secret.publish(path); err != nil {
		return err
	}
	return c.withStore(ctx, func(s vault.Store) error { return revived(ctx, s, report) })
}

// prepareKey writes the session key of a backup to a temporary file before the vaults are replaced, so a full disk cannot
// leave the vaults without their key. It returns nil if the key file needs no change.
func (c Config) prepareKey(path string, key []byte, replace bool) (*draft, error) {
	if c.SessionSecret != "" {
		return nil, c.knowsKeys(string(key))
	}
	if key == nil {
		return nil, fmt.Errorf("the backup has no session key, because its server used %[1]s: set %[1]s to the same value", names.EnvSessionSecret)
	}
	switch old, err := os.ReadFile(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case bytes.Equal(bytes.TrimSpace(old), bytes.TrimSpace(key)):
		return nil, nil
	case !replace:
		return nil, fmt.Errorf("%s already exists with another key: use --replace to replace it with the one in the backup", path)
	}
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("create the data directory: %w", err)
	}
	d, err := newDraft(path)
	if err != nil {
		return nil, err
	}
	_, err = d.Write(key)
	if err = errors.Join(err, d.finish()); err != nil {
		d.discard()
		return nil, err
	}
	return d, nil
}

// knowsKeys rejects a backup whose session key is not in SESSION_SECRET: a server with these settings would not read the key
// file, and second factors would stop working.
func (c Config) knowsKeys(keys string) error {
	words := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(", \n", r) })
	}
	known := words(c.SessionSecret)
	for _, key := range words(keys) {
		if !slices.Contains(known, key) {
			return fmt.Errorf("%[1]s lacks a key from the backup's %[2]s: append it to %[1]s, or unset %[1]s", names.EnvSessionSecret, secretFile)
		}
	}
	return nil
}

// draft is an unfinished file with a temporary name beside the final one, readable only by its owner. publish and discard do
// nothing on a nil draft.
type draft struct{ *os.File }

func newDraft(path string) (*draft, error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part") // O_EXCL, 0600
	return &draft{f}, err
}

// finish flushes the file to disk and closes it.
func (d *draft) finish() error { return errors.Join(d.Sync(), d.Close()) }

// publish renames a finished draft to its final name.
func (d *draft) publish(path string) error {
	if d == nil {
		return nil
	}
	if err := os.Rename(d.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// discard removes the draft unless it was published.
func (d *draft) discard() {
	if d == nil {
		return
	}
	_ = d.Close() // may be closed already
	_ = os.Remove(d.Name())
}
