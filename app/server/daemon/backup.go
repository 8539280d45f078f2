package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/store/sqlite"
)

var errTables = errors.New(`with STORE=dynamodb the vaults are in tables, which AWS backs up and restores: see "Restoring the tables" in docs/operations.md`)

// Backup writes the vaults and the session key into file, which must not exist, for its owner alone. Servers may use the store
// meanwhile: all that they had acknowledged before is in it. If it fails, no file is there.
func (c Config) Backup(ctx context.Context, file string) error {
	if c.SQLitePath == "" {
		return errTables
	}
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s exists already: name a file that does not", file)
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

// Restore puts the vaults and the session key of a backup where the settings say that they lie. No server may run. What is
// there already is replaced if replace says so, and not before all of the backup has been checked.
func (c Config) Restore(ctx context.Context, file string, replace bool) error {
	if c.SQLitePath == "" {
		return errTables
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := os.Stat(c.SQLitePath); err == nil && info.Size() > 0 && !replace {
		return fmt.Errorf("%s exists already: --replace puts the backup in its place", c.SQLitePath)
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
	return secret.publish(path)
}

// prepareKey writes the session key of a backup beside its place, so that no full disk comes between the vaults and the key.
// It returns nil if nothing is to be replaced.
func (c Config) prepareKey(path string, key []byte, replace bool) (*draft, error) {
	if c.SessionSecret != "" {
		return nil, c.knowsKeys(string(key))
	}
	if key == nil {
		return nil, fmt.Errorf("the backup has no session key, as its server had it from %[1]s: set %[1]s as it was there", names.EnvSessionSecret)
	}
	switch old, err := os.ReadFile(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case bytes.Equal(bytes.TrimSpace(old), bytes.TrimSpace(key)):
		return nil, nil
	case !replace:
		return nil, fmt.Errorf("%s exists already, with another key: --replace puts that of the backup in its place", path)
	}
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
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

// knowsKeys refuses a backup with a session key that SESSION_SECRET does not have: a server with these settings would not
// read the file, and nobody could use a second factor.
func (c Config) knowsKeys(keys string) error {
	words := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(", \n", r) })
	}
	known := words(c.SessionSecret)
	for _, key := range words(keys) {
		if !slices.Contains(known, key) {
			return fmt.Errorf("%[1]s lacks a key of the backup's %[2]s: append it to %[1]s, or unset %[1]s", names.EnvSessionSecret, secretFile)
		}
	}
	return nil
}

// draft is a file under another name beside its own, for the owner alone, until it is whole. nil is no file, of which nothing
// is left to do.
type draft struct{ *os.File }

func newDraft(path string) (*draft, error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part") // O_EXCL, 0600
	return &draft{f}, err
}

// finish closes the file once it is on the disk.
func (d *draft) finish() error { return errors.Join(d.Sync(), d.Close()) }

// publish gives a finished draft its name.
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
