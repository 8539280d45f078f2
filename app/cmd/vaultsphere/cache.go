package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/vaultsphere/vaultsphere/app/client"
)

const (
	cacheDir  = "cache"
	cacheLock = "cache.lock"
)

// maxCacheFileBytes limits how much of a file is read. The largest file holds a whole vault.
const maxCacheFileBytes = 512 << 20

// cache implements client.Cache for one server. Each name is a directory, and each part is a file in it. The name of the file has a
// number, the stamp, and whether the part replaces the earlier ones or follows them. Adding a part never rewrites another, and a
// program that is killed leaves the state before or after its change. A lock serializes commands that run at the same time.
type cache struct {
	state  state
	server string
}

// Extensions of the files.
const (
	fullExt  = ".full"  // replaces all earlier files
	deltaExt = ".delta" // follows the file before it
)

// cacheFile is the parsed name of a file.
type cacheFile struct {
	number int
	stamp  string
	ext    string
}

func (f cacheFile) String() string { return fmt.Sprintf("%08d-%s%s", f.number, f.stamp, f.ext) }

func parseCacheFile(name string) (cacheFile, bool) {
	var f cacheFile
	f.ext = filepath.Ext(name)
	_, err := fmt.Sscanf(name, "%08d-%s", &f.number, &f.stamp)
	f.stamp = strings.TrimSuffix(f.stamp, f.ext)
	return f, err == nil && f.String() == name && (f.ext == fullExt || f.ext == deltaExt)
}

// dir is the directory of a name. The server is hashed because a URL is not a valid file name.
func (c cache) dir(name string) string {
	sum := sha256.Sum256([]byte(c.server))
	return filepath.Join(c.state.dir, cacheDir, hex.EncodeToString(sum[:8]), name)
}

func (c cache) lock() (unlock func(), err error) {
	if err := os.MkdirAll(c.state.dir, 0o700); err != nil {
		return nil, fmt.Errorf("save state: %w", err)
	}
	if unlock, err = lockedfile.MutexAt(filepath.Join(c.state.dir, cacheLock)).Lock(); err != nil {
		return nil, fmt.Errorf("lock state: %w", err)
	}
	return unlock, nil
}

// files returns the files in use, and stale ones that a killed program left behind.
func (c cache) files(name string) (current, stale []cacheFile, err error) {
	entries, err := os.ReadDir(c.dir(name)) // sorted by name, which is by number
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("read state: %w", err)
	}
	full := false
	for _, e := range entries {
		f, ok := parseCacheFile(e.Name())
		switch {
		case !ok:
			continue
		case f.ext == fullExt:
			stale, current, full = append(stale, current...), nil, true
		}
		if full {
			current = append(current, f)
		} else {
			stale = append(stale, f)
		}
	}
	return current, stale, nil
}

func (c cache) Load(name string) (client.Cached, error) {
	if _, err := os.Stat(c.dir(name)); errors.Is(err, fs.ErrNotExist) {
		return client.Cached{}, nil // reading alone does not create a lock file
	}
	unlock, err := c.lock()
	if err != nil {
		return client.Cached{}, err
	}
	defer unlock()
	files, _, err := c.files(name)
	if err != nil {
		return client.Cached{}, err
	}
	var loaded client.Cached
	for _, f := range files {
		data, err := readCacheFile(filepath.Join(c.dir(name), f.String()))
		if err != nil {
			return client.Cached{}, err
		}
		loaded.Stamp, loaded.Chunks = f.stamp, append(loaded.Chunks, data)
	}
	return loaded, nil
}

func (c cache) Stamp(name string) (string, error) {
	if _, err := os.Stat(c.dir(name)); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	unlock, err := c.lock()
	if err != nil {
		return "", err
	}
	defer unlock()
	files, _, err := c.files(name)
	if err != nil || len(files) == 0 {
		return "", err
	}
	return files[len(files)-1].stamp, nil
}

func readCacheFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxCacheFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	if len(data) > maxCacheFileBytes {
		return nil, fmt.Errorf("%s is too large", path)
	}
	return data, nil
}

func (c cache) Add(name, after string, p client.Chunk) error {
	return c.put(name, after, p, deltaExt)
}

func (c cache) Replace(name, after string, p client.Chunk) error {
	return c.put(name, after, p, fullExt)
}

func (c cache) put(name, after string, p client.Chunk, ext string) error {
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	current, stale, err := c.files(name)
	if err != nil {
		return err
	}
	last := cacheFile{}
	if n := len(current); n > 0 {
		last = current[n-1]
	} else if n := len(stale); n > 0 {
		last.number = stale[n-1].number
	}
	if last.stamp != after {
		return client.ErrCacheMoved
	}
	if err := writeFile(c.dir(name), cacheFile{last.number + 1, p.Stamp, ext}.String(), p.Data); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	if ext == fullExt {
		stale = append(stale, current...)
	}
	return c.remove(name, stale)
}

// Forget removes the oldest file first: deltas without a full file before them are stale.
func (c cache) Forget(name string) error {
	if _, err := os.Stat(c.dir(name)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	current, stale, err := c.files(name)
	if err != nil {
		return err
	}
	if err := c.remove(name, append(stale, current...)); err != nil {
		return err
	}
	if err := os.Remove(c.dir(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("save state: %w", err)
	}
	return nil
}

func (c cache) remove(name string, files []cacheFile) error {
	for _, f := range files {
		if err := os.Remove(filepath.Join(c.dir(name), f.String())); err != nil {
			return fmt.Errorf("save state: %w", err)
		}
	}
	return nil
}
