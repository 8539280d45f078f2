package server_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/andybalholm/brotli"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

const corePath = "/core-0123abcd.wasm"

// packedSite returns a site whose core exists only as brotli, as in a real build.
func packedSite(t *testing.T, core []byte) (s *site, packed []byte) {
	t.Helper()
	var b bytes.Buffer
	w := brotli.NewWriterOptions(&b, brotli.WriterOptions{Quality: 5, LGWin: 21})
	if _, err := w.Write(core); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{"index.html": {Data: []byte("page")}, corePath[1:] + ".br": {Data: b.Bytes()}}
	return newSite(t, configured(func(c *server.Config) { c.Page = files })), b.Bytes()
}

func TestPackedFileIsServedToEveryClient(t *testing.T) {
	t.Parallel()
	core := append(bytes.Repeat([]byte("\x00asm some code, some data "), 100_000), sample.Bytes(100_000)...)
	s, packed := packedSite(t, core)
	const plainTag, brotliTag = `"core-0123abcd.wasm"`, `"core-0123abcd.wasm.br"`
	for _, c := range []struct {
		accept []string
		brotli bool
	}{
		{[]string{"identity"}, false},
		{[]string{"gzip, deflate"}, false},
		{[]string{"x-unknown;q=1"}, false},
		{[]string{"br"}, true},
		{[]string{"gzip, deflate, br, zstd"}, true},
		{[]string{"gzip", "br"}, true},
		{[]string{"BR ; Q=0.5"}, true},
		{[]string{"br;q=0.001"}, true},
		{[]string{"br;q=0"}, false},
		{[]string{"br;q=0.000, *"}, false},
		{[]string{"br;q=2"}, false},
		{[]string{"br;q=Inf"}, false},
		{[]string{"br;q=half"}, false},
		{[]string{"br;q=0.5, identity;q=0.8"}, true},
		{[]string{"br;q=0.8, identity;q=0.5"}, true},
		{[]string{"br;q=0.5, gzip;q=1.0"}, true},
		{[]string{"*"}, false},
		{[]string{"*, identity;q=0"}, false},
		{[]string{";, br"}, true},
		{[]string{"*;q=0"}, false},
		{[]string{"identity;q=0"}, false},
	} {
		accept := func(r *http.Request) { r.Header["Accept-Encoding"] = c.accept }
		want, coding, etag, length := core, "", plainTag, ""
		if c.brotli {
			want, coding, etag, length = packed, "br", brotliTag, strconv.Itoa(len(packed))
		}
		a := s.send("GET", corePath, nil, accept)
		if a.status != 200 || !bytes.Equal(a.body, want) {
			t.Errorf("%q: %d with %d bytes, want %d", c.accept, a.status, len(a.body), len(want))
		}
		head := s.send("HEAD", corePath, nil, accept)
		if head.status != 200 || len(head.body) > 0 {
			t.Errorf("%q: HEAD: %d with %d bytes", c.accept, head.status, len(head.body))
		}
		for method, h := range map[string]http.Header{"GET": a.header, "HEAD": head.header} {
			for name, value := range map[string]string{
				"Content-Encoding": coding, "Etag": etag, "Content-Length": length, "Vary": "Accept-Encoding", "Content-Type": "application/wasm",
				"Cache-Control": "public, max-age=31536000, immutable", "Accept-Ranges": "none",
			} {
				if got := h.Get(name); got != value {
					t.Errorf("%q: %s: %s is %q, want %q", c.accept, method, name, got, value)
				}
			}
		}
	}
}

// The test calls the handler directly, because Go's HTTP client adds Accept-Encoding: gzip.
func TestClientWithoutCodingsGetsThePlainFile(t *testing.T) {
	t.Parallel()
	core := []byte("\x00asm")
	s, _ := packedSite(t, core)
	for _, accept := range [][]string{nil, {""}} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, corePath, nil)
		r.Header["Accept-Encoding"] = accept
		w := httptest.NewRecorder()
		s.srv.ServeHTTP(w, r)
		if w.Code != 200 || !bytes.Equal(w.Body.Bytes(), core) || w.Header().Get("Content-Encoding") != "" {
			t.Errorf("%q: %d %q %v", accept, w.Code, w.Body, w.Header())
		}
	}
}

func TestCachedPackedFileIsNotSentAgain(t *testing.T) {
	t.Parallel()
	s, _ := packedSite(t, []byte("\x00asm"))
	for _, c := range []struct {
		accept, etag string
		status       int
	}{
		{"identity", `"core-0123abcd.wasm"`, 304},
		{"identity", `"core-0123abcd.wasm.br"`, 200},
		{"br", `"core-0123abcd.wasm.br"`, 304},
		{"br", `"core-0123abcd.wasm"`, 200},
		{"identity", `*`, 304},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			a := s.send(method, corePath, nil, header("Accept-Encoding", c.accept), header("If-None-Match", c.etag))
			if a.status != c.status || a.header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s, %s, %s: %d %v", method, c.accept, c.etag, a.status, a.header)
			}
			if a.status == 304 && (a.header.Get("Content-Encoding") != "" || a.header.Get("ETag") == "" || len(a.body) > 0) {
				t.Errorf("%s, %s, %s: 304 with %v", method, c.accept, c.etag, a.header)
			}
		}
	}
}

func TestRangeGetsTheWholeFile(t *testing.T) {
	t.Parallel()
	core := []byte("\x00asm and more")
	s, packed := packedSite(t, core)
	for accept, want := range map[string][]byte{"identity": core, "br": packed} {
		a := s.send("GET", corePath, nil, header("Accept-Encoding", accept), header("Range", "bytes=1-3"))
		if a.status != 200 || !bytes.Equal(a.body, want) || a.header.Get("Content-Range") != "" {
			t.Errorf("%s: %d %q", accept, a.status, a.body)
		}
	}
}

func TestTruncatedPackedFileIsNotMistakenForWhole(t *testing.T) {
	t.Parallel()
	_, packed := packedSite(t, sample.Bytes(200_000))
	files := fstest.MapFS{corePath[1:] + ".br": {Data: packed[:len(packed)/2]}}
	s := newSite(t, configured(func(c *server.Config) { c.Page = files }))
	res, err := http.DefaultTransport.RoundTrip(request(t, s.url+corePath))
	if err == nil {
		_, err = io.ReadAll(res.Body)
		res.Body.Close()
	}
	if err == nil {
		t.Error("the client saw a complete answer")
	}
}

func TestConcurrentClientsWithoutBrotli(t *testing.T) {
	t.Parallel()
	core := append(bytes.Repeat([]byte("some code "), 50_000), sample.Bytes(50_000)...)
	s, _ := packedSite(t, core)
	s.srv.UnpackWithin(time.Hour)
	var wg sync.WaitGroup
	for range 5 * server.UnpackSlots {
		wg.Go(func() {
			if a := s.send("GET", corePath, nil, header("Accept-Encoding", "identity")); a.status != 200 || !bytes.Equal(a.body, core) {
				t.Errorf("got %d with %d bytes", a.status, len(a.body))
			}
		})
	}
	wg.Wait()
}

func TestSlowClientsWithoutBrotliBlockOnlyEachOther(t *testing.T) {
	t.Parallel()
	s, packed := packedSite(t, make([]byte, 64<<20)) // more than the socket buffers hold
	s.srv.UnpackWithin(50 * time.Millisecond)
	var slow []io.Closer
	for range server.UnpackSlots {
		res, err := http.DefaultTransport.RoundTrip(request(t, s.url+corePath)) //nolint:bodyclose // closed below, late on purpose
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusOK {
			t.Fatalf("with a free slot: got %d", res.StatusCode)
		}
		slow = append(slow, res.Body)
	}
	identity := header("Accept-Encoding", "identity")
	a := s.send("GET", corePath, nil, identity).want(503, protocol.CodeUnavailable)
	if a.header.Get("Retry-After") == "" || a.header.Get("Cache-Control") != "no-store" || a.header.Get("ETag") != "" {
		t.Errorf("503 with %v", a.header)
	}
	if a := s.send("GET", corePath, nil, header("Accept-Encoding", "br")); a.status != 200 || !bytes.Equal(a.body, packed) {
		t.Errorf("with brotli: %d", a.status)
	}
	for name, a := range map[string]answer{
		"HEAD": s.send("HEAD", corePath, nil, identity), "the page": s.send("GET", "/", nil, identity),
	} {
		if a.status != 200 {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	for _, body := range slow {
		body.Close()
	}
	s.srv.UnpackWithin(time.Hour)
	if a := s.send("GET", corePath, nil, identity); a.status != 200 || len(a.body) != 64<<20 {
		t.Errorf("after the slow clients: got %d with %d bytes", a.status, len(a.body))
	}
}

func request(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	return r
}
