package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

const secretFile = "session.key"

// localSecret returns the session key kept in dir, and makes it on first start. The file gets its name by a hard link,
// which fails if the name is there: of two processes that start at once one makes the key and both read the same, and
// none ever reads half of it.
func localSecret(dir string) (string, error) {
	path := filepath.Join(dir, secretFile)
	secret, err := readSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the data directory: %w", err)
	}
	f, err := os.CreateTemp(dir, secretFile+".*") // O_EXCL, 0600
	if err != nil {
		return "", fmt.Errorf("make a session key: %w", err)
	}
	_, err = f.WriteString(vault.NewKey() + "\n")
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		if err = os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
			err = nil
		}
	}
	if err = errors.Join(err, os.Remove(f.Name())); err != nil {
		return "", fmt.Errorf("make a session key: %w", err)
	}
	if err := syncDir(dir); err != nil {
		return "", fmt.Errorf("make a session key: %w", err)
	}
	return readSecret(path)
}

func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("read the session key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s can be read by others: run chmod 600 on it", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the session key: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
