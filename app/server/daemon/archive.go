package daemon

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// A backup is a tar archive of these entries, in this order. It has no session.key if the server takes its keys from
// SESSION_SECRET. SHA256 holds the digest of all bytes before it, so any changed byte is detected.
const (
	aboutEntry    = "backup.json"
	keyEntry      = secretFile
	databaseEntry = "vault.db"
	digestEntry   = "SHA256"

	archiveFormat = 1
	maxSmallEntry = 64 << 10 // maximum size of backup.json and of session.key
)

// about is the content of backup.json.
type about struct {
	Format  int       `json:"format"`
	Created time.Time `json:"created"`
	Release string    `json:"release"`
}

func writeArchive(ctx context.Context, out io.Writer, a about, key []byte, database *os.File) error {
	info, err := database.Stat()
	if err != nil {
		return err
	}
	made, err := json.Marshal(a)
	if err != nil {
		return err
	}
	digest := sha256.New()
	t := tar.NewWriter(io.MultiWriter(out, digest))
	err = addEntry(t, aboutEntry, int64(len(made)), bytes.NewReader(made))
	if err == nil && key != nil {
		err = addEntry(t, keyEntry, int64(len(key)), bytes.NewReader(key))
	}
	if err == nil {
		err = addEntry(t, databaseEntry, info.Size(), untilDone{ctx, database})
	}
	if err == nil {
		err = t.Flush() // not Close: the digest entry comes before the end of the archive
	}
	if err != nil {
		return err
	}
	end, err := archiveEnd(digest.Sum(nil))
	if err != nil {
		return err
	}
	_, err = out.Write(end)
	return err
}

func addEntry(t *tar.Writer, name string, size int64, content io.Reader) error {
	if err := t.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600}); err != nil {
		return err
	}
	_, err := io.Copy(t, content)
	return err
}

// archiveEnd returns the digest entry and the end of the archive. Only the digest varies, so verifyArchive can compare every
// byte.
func archiveEnd(digest []byte) ([]byte, error) {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	text := hex.EncodeToString(digest) + "\n"
	err := addEntry(t, digestEntry, int64(len(text)), bytes.NewReader([]byte(text)))
	err = errors.Join(err, t.Close())
	return b.Bytes(), err
}

// verifyArchive checks the digest of a whole file and seeks back to its start.
func verifyArchive(ctx context.Context, f *os.File) error {
	first, err := tar.NewReader(f).Next()
	if err != nil || first.Name != aboutEntry {
		return errors.New("it is not a backup made by vaultsphered")
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	end, err := archiveEnd(make([]byte, sha256.Size))
	if err != nil {
		return err
	}
	content := info.Size() - int64(len(end))
	digest := sha256.New()
	if _, err := io.Copy(digest, untilDone{ctx, io.NewSectionReader(f, 0, content)}); err != nil {
		return err
	}
	found := make([]byte, len(end))
	if _, err := f.ReadAt(found, max(0, content)); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if end, err = archiveEnd(digest.Sum(nil)); err != nil {
		return err
	}
	if !bytes.Equal(found, end) {
		return errors.New("it is damaged or incomplete: its digest does not match")
	}
	_, err = f.Seek(0, io.SeekStart)
	return err
}

// readArchive unpacks a verified archive and writes the database to out. key is nil if the archive has none.
func readArchive(ctx context.Context, in io.Reader, out io.Writer) (key []byte, err error) {
	for t := tar.NewReader(in); ; {
		header, err := t.Next()
		if err != nil {
			return nil, err
		}
		switch header.Name {
		case aboutEntry:
			err = knownArchive(t)
		case keyEntry:
			key, err = io.ReadAll(io.LimitReader(t, maxSmallEntry))
		case databaseEntry:
			_, err = io.Copy(out, untilDone{ctx, t})
		case digestEntry:
			return key, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// knownArchive rejects an unknown format. It ignores unknown JSON members, so it can report the format of a newer release.
func knownArchive(in io.Reader) error {
	var a about
	if err := json.NewDecoder(io.LimitReader(in, maxSmallEntry)).Decode(&a); err != nil {
		return fmt.Errorf("read %s: %w", aboutEntry, err)
	}
	if a.Format != archiveFormat {
		return fmt.Errorf("it has format %d, but this program only knows format %d: a newer release, %q, wrote it", a.Format, archiveFormat, a.Release)
	}
	return nil
}

// untilDone aborts a long copy when ctx is done.
type untilDone struct {
	ctx context.Context
	io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(p)
}
