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

// localSecret returns the session key stored in dir, and creates it on first start. A hard link gives the file its name and
// fails if the name exists: if two processes start together, both read the same complete key.
func localSecret(dir string) (string, error) {
	path := filepath.Join(dir, secretFile)
	secret, err := readSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("create the data directory: %w", err)
	}
	f, err := os.CreateTemp(dir, secretFile+".*") // O_EXCL, 0600
	if err != nil {
		return "", fmt.Errorf("create a session key: %w", err)
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
		return "", fmt.Errorf("create a session key: %w", err)
	}
	if err := syncDir(dir); err != nil {
		return "", fmt.Errorf("create a session key: %w", err)
	}
	return readSecret(path)
}

func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("read the session key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s is readable by others: run chmod 600 on it", path)
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
