package server

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"
	"golang.org/x/sync/semaphore"
)

const (
	indexName = "index.html"
	brotliExt = ".br"
)

// contentTypes replaces the system's MIME table, which differs between machines: with nosniff, a wrong type breaks the page.
var contentTypes = map[string]string{
	".html":        "text/html; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".wasm":        "application/wasm",
	".svg":         "image/svg+xml",
	".png":         "image/png",
	".ico":         "image/x-icon",
	".json":        "application/json",
	".webmanifest": "application/manifest+json",
	".woff2":       "font/woff2",
	".txt":         "text/plain; charset=utf-8",
}

// hashedName matches a name that contains a hash of the content, such as core-4f2a91cc.wasm. The content under such a name
// never changes.
var hashedName = regexp.MustCompile(`[-.][0-9A-Za-z_]{8,}\.[a-z0-9]+$`)

// absent is the size of a form that does not exist.
const absent = -1

type asset struct {
	contentType, cache, etag string
	size, brotliSize         int64 // of the plain and of the .br file; one of them may be absent
}

// page serves the built files directly from their file system. Copied to the heap, the WebAssembly core alone would take more
// memory than the rest of the server.
type page struct {
	files    fs.FS
	assets   map[string]asset
	unpacker unpacker
}

func newPage(files fs.FS) (*page, error) {
	p := &page{files: files, assets: map[string]asset{}, unpacker: unpacker{semaphore.NewWeighted(unpackSlots), unpackWait}}
	err := fs.WalkDir(files, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path.Base(file), ".") {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, packed := strings.CutSuffix(file, brotliExt)
		a, ok := p.assets["/"+name]
		if !ok {
			if a, err = newAsset(files, name, file); err != nil {
				return err
			}
		}
		if packed {
			a.brotliSize = info.Size()
		} else {
			a.size = info.Size()
		}
		p.assets["/"+name] = a
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	return p, nil
}

// newAsset describes the asset that is served as name. file is its plain or its .br file.
func newAsset(files fs.FS, name, file string) (asset, error) {
	a := asset{
		contentType: contentTypes[path.Ext(name)], cache: "public, max-age=31536000, immutable",
		etag: name, // a name with a hash identifies the content, so startup need not read megabytes
		size: absent, brotliSize: absent,
	}
	if a.contentType == "" {
		a.contentType = "application/octet-stream"
	}
	if hashedName.MatchString(name) {
		return a, nil
	}
	a.cache = "no-cache"
	var err error
	a.etag, err = contentHash(files, file)
	return a, err
}

func contentHash(files fs.FS, name string) (string, error) {
	f, err := files.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

func (p *page) serve(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return errNotFound
	}
	name := r.URL.Path
	if name == "/" {
		name = "/" + indexName
	}
	a, ok := p.assets[name]
	if !ok {
		if name == "/"+indexName {
			return notBuilt(w, r)
		}
		return errNotFound
	}
	notePage(r.Context())
	h := w.Header()
	file, size, etag, unpack := strings.TrimPrefix(name, "/"), a.size, a.etag, false
	if a.brotliSize != absent {
		h.Set("Vary", "Accept-Encoding")
		switch {
		case acceptsBrotli(r.Header.Values("Accept-Encoding")):
			file, size, etag = file+brotliExt, a.brotliSize, etag+brotliExt
		case a.size == absent:
			file, unpack = file+brotliExt, true
		}
	}
	etag = `"` + etag + `"`
	if matches(r.Header.Values("If-None-Match"), etag) {
		h.Set("Cache-Control", a.cache)
		h.Set("ETag", etag)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if unpack && r.Method == http.MethodGet {
		if err := p.unpacker.take(r.Context()); err != nil {
			return err
		}
		defer p.unpacker.slots.Release(1)
	}
	f, err := p.files.Open(file)
	if err != nil {
		return fmt.Errorf("open a file of the page: %w", err)
	}
	defer f.Close()
	h.Set("Cache-Control", a.cache)
	h.Set("ETag", etag)
	h.Set("Content-Type", a.contentType)
	h.Set("Accept-Ranges", "none") // a range of an unpacked file would cost as much as the whole
	if !unpack {
		h.Set("Content-Length", strconv.FormatInt(size, 10))
		if strings.HasSuffix(file, brotliExt) {
			h.Set("Content-Encoding", "br")
		}
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	var body io.Reader = f
	if unpack {
		body = brotli.NewReader(f)
	}
	if _, err := io.Copy(w, body); err != nil {
		panic(http.ErrAbortHandler) // abort, so the client does not take a partial answer for a complete one
	}
	return nil
}

func notBuilt(w http.ResponseWriter, r *http.Request) error {
	noStore(w)
	notePage(r.Context())
	w.Header().Set("Content-Type", contentTypes[".txt"])
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, "the page is not built: run make web\n") // if the write fails, the client is gone
	return nil
}

// matches compares weakly (RFC 9110 §13.1.2): a proxy that compresses may have added W/.
func matches(fields []string, etag string) bool {
	for candidate := range strings.SplitSeq(strings.Join(fields, ","), ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == etag {
			return true
		}
	}
	return false
}
