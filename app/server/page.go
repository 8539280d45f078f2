package server

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
)

const (
	indexName = "index.html"
	brotliExt = ".br"
)

// The system's MIME table differs from machine to machine, and nosniff makes a wrong type fatal to the page.
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

// hashedName is a name that carries a hash of the content, as in core-4f2a91cc.wasm: under it the content never changes.
var hashedName = regexp.MustCompile(`[-.][0-9A-Za-z_]{8,}\.[a-z0-9]+$`)

type asset struct {
	contentType, cache, etag string
	size, brotliSize         int64 // brotliSize is 0 when there is no compressed file
}

// page serves the built files. They stay in the file system they come from: copied into the heap, the WebAssembly core
// alone would weigh more than the rest of the server.
type page struct {
	files  fs.FS
	assets map[string]asset
}

func newPage(files fs.FS) (*page, error) {
	p := &page{files: files, assets: map[string]asset{}}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path.Base(name), ".") || path.Ext(name) == brotliExt {
			return err
		}
		a := asset{contentType: contentTypes[path.Ext(name)], cache: "public, max-age=31536000, immutable"}
		if a.contentType == "" {
			a.contentType = "application/octet-stream"
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		a.size = info.Size()
		switch compressed, err := fs.Stat(files, name+brotliExt); {
		case err == nil:
			a.brotliSize = compressed.Size()
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
		if hashedName.MatchString(name) {
			a.etag = name // the name is as good as the content, and reading megabytes at each start is not free
		} else {
			a.cache = "no-cache"
			if a.etag, err = contentHash(files, name); err != nil {
				return err
			}
		}
		p.assets["/"+name] = a
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	return p, nil
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
	h.Set("Cache-Control", a.cache)
	h.Set("Content-Type", a.contentType)
	file, size, etag := strings.TrimPrefix(name, "/"), a.size, a.etag
	if a.brotliSize > 0 {
		h.Set("Vary", "Accept-Encoding")
		if acceptsBrotli(r.Header.Get("Accept-Encoding")) {
			file, size, etag = file+brotliExt, a.brotliSize, etag+brotliExt
			h.Set("Content-Encoding", "br")
		}
	}
	etag = `"` + etag + `"`
	h.Set("ETag", etag)
	if matches(r.Header.Get("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	f, err := p.files.Open(file)
	if err != nil {
		return fmt.Errorf("open a file of the page: %w", err)
	}
	defer f.Close()
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		if _, err := io.Copy(w, f); err != nil {
			panic(http.ErrAbortHandler) // the client must not take a part for the whole
		}
	}
	return nil
}

func notBuilt(w http.ResponseWriter, r *http.Request) error {
	noStore(w)
	notePage(r.Context())
	w.Header().Set("Content-Type", contentTypes[".txt"])
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, "the page is not built: run make web\n") // a client that is gone needs no page
	return nil
}

// acceptsBrotli reads Accept-Encoding (RFC 9110 §12.5.3) as far as one coding needs it.
func acceptsBrotli(header string) bool {
	for _, part := range strings.Split(header, ",") {
		coding, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "br") {
			continue
		}
		q, ok := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		if !ok {
			return true
		}
		weight, err := strconv.ParseFloat(q, 64)
		return err == nil && weight > 0
	}
	return false
}

// matches compares weakly (RFC 9110 §13.1.2): a proxy that compresses may have put W/ in front.
func matches(header, etag string) bool {
	for _, candidate := range strings.Split(header, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == etag {
			return true
		}
	}
	return false
}
