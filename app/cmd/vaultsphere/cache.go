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
	cacheDir  = "copies"
	cacheLock = "copies.lock"
)

// maxPieceBytes bounds what is read back of one piece: a whole vault is the largest.
const maxPieceBytes = 512 << 20

// cache is the client.Cache of one server. Each name is a directory, and each piece a file in it, named for its number,
// its stamp, and whether what comes before it still counts. So adding one writes no other, and whatever a program that
// ends half way leaves behind reads as the state before or after. Commands that run at the same time take turns.
type cache struct {
	state  state
	server string
}

// Endings of the files' names.
const (
	wholePiece = ".whole" // takes the place of all before it
	morePiece  = ".more"
)

// pieceFile is the name of a piece's file, taken apart.
type pieceFile struct {
	number int
	stamp  string
	ending string
}

func (f pieceFile) String() string { return fmt.Sprintf("%08d-%s%s", f.number, f.stamp, f.ending) }

func parsePieceFile(name string) (pieceFile, bool) {
	var f pieceFile
	f.ending = filepath.Ext(name)
	_, err := fmt.Sscanf(name, "%08d-%s", &f.number, &f.stamp)
	f.stamp = strings.TrimSuffix(f.stamp, f.ending)
	return f, err == nil && f.String() == name && (f.ending == wholePiece || f.ending == morePiece)
}

// dir is where a name's pieces lie. The server is hashed because a URL is no file name.
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

// files are the pieces that count, and apart from them those that a program which ended half way left behind.
func (c cache) files(name string) (count, stale []pieceFile, err error) {
	entries, err := os.ReadDir(c.dir(name)) // sorted by name, which is by number
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("read state: %w", err)
	}
	whole := false
	for _, e := range entries {
		f, ok := parsePieceFile(e.Name())
		switch {
		case !ok:
			continue
		case f.ending == wholePiece:
			stale, count, whole = append(stale, count...), nil, true
		}
		if whole {
			count = append(count, f)
		} else {
			stale = append(stale, f)
		}
	}
	return count, stale, nil
}

func (c cache) Load(name string) (client.Kept, error) {
	if _, err := os.Stat(c.dir(name)); errors.Is(err, fs.ErrNotExist) {
		return client.Kept{}, nil // a command that only reads leaves no lock file
	}
	unlock, err := c.lock()
	if err != nil {
		return client.Kept{}, err
	}
	defer unlock()
	files, _, err := c.files(name)
	if err != nil {
		return client.Kept{}, err
	}
	var kept client.Kept
	for _, f := range files {
		data, err := readPiece(filepath.Join(c.dir(name), f.String()))
		if err != nil {
			return client.Kept{}, err
		}
		kept.Stamp, kept.Pieces = f.stamp, append(kept.Pieces, data)
	}
	return kept, nil
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

func readPiece(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxPieceBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	if len(data) > maxPieceBytes {
		return nil, fmt.Errorf("%s is too large", path)
	}
	return data, nil
}

func (c cache) Add(name, after string, p client.Piece) error {
	return c.put(name, after, p, morePiece)
}

func (c cache) Replace(name, after string, p client.Piece) error {
	return c.put(name, after, p, wholePiece)
}

func (c cache) put(name, after string, p client.Piece, ending string) error {
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	count, stale, err := c.files(name)
	if err != nil {
		return err
	}
	last := pieceFile{}
	if n := len(count); n > 0 {
		last = count[n-1]
	} else if n := len(stale); n > 0 {
		last.number = stale[n-1].number
	}
	if last.stamp != after {
		return client.ErrCacheMoved
	}
	if err := writeFile(c.dir(name), pieceFile{last.number + 1, p.Stamp, ending}.String(), p.Data); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	if ending == wholePiece {
		stale = append(stale, count...)
	}
	return c.remove(name, stale)
}

// Forget takes the oldest first: what is left without a whole piece in front counts for nothing.
func (c cache) Forget(name string) error {
	if _, err := os.Stat(c.dir(name)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	count, stale, err := c.files(name)
	if err != nil {
		return err
	}
	if err := c.remove(name, append(stale, count...)); err != nil {
		return err
	}
	if err := os.Remove(c.dir(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("save state: %w", err)
	}
	return nil
}

func (c cache) remove(name string, files []pieceFile) error {
	for _, f := range files {
		if err := os.Remove(filepath.Join(c.dir(name), f.String())); err != nil {
			return fmt.Errorf("save state: %w", err)
		}
	}
	return nil
}
