package main

import (
	"compress/gzip"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// flawed is a module with a vulnerability in Read, fixed in v1.0.1.
var flawed = map[string]string{
	"go.mod": "module example.org/lib\n\ngo 1.24\n",
	"lib.go": "package lib\n\nfunc Read() {}\n\nfunc Write() {}\n",
}

// database contains this vulnerability and one of an old Go, in the layout of https://go.dev/doc/security/vuln/database.
var database = map[string]string{
	"index/db.json": `{"modified": "2030-01-01T00:00:00Z"}`,
	"index/modules.json": `[
		{"path": "example.org/lib", "vulns": [{"id": "GO-2030-0001", "modified": "2030-01-01T00:00:00Z", "fixed": "1.0.1"}]},
		{"path": "stdlib", "vulns": [{"id": "GO-2030-0002", "modified": "2030-01-01T00:00:00Z", "fixed": "1.1.0"}]}]`,
	"ID/GO-2030-0001.json": `{"schema_version": "1.3.1", "id": "GO-2030-0001", "modified": "2030-01-01T00:00:00Z",
		"aliases": ["CVE-2030-1"], "summary": "Read reads too far in example.org/lib", "affected": [{
			"package": {"name": "example.org/lib", "ecosystem": "Go"},
			"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.1"}]}],
			"ecosystem_specific": {"imports": [{"path": "example.org/lib", "symbols": ["Read"]}]}}]}`,
	"ID/GO-2030-0002.json": `{"schema_version": "1.3.1", "id": "GO-2030-0002", "modified": "2030-01-01T00:00:00Z", "affected": [{
			"package": {"name": "stdlib", "ecosystem": "Go"},
			"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.1.0"}]}]}]}`,
}

func program(t *testing.T, call string) string {
	t.Helper()
	return write(t, t.TempDir(), map[string]string{
		"go.mod":  "module example.org/program\n\ngo 1.24\n\nrequire example.org/lib v1.0.0\n",
		"main.go": "package main\n\nimport \"example.org/lib\"\n\nfunc main() { " + call + " }\n",
		// These call Read only with the tag, or only in WebAssembly.
		"tagged.go":       "//go:build special\n\npackage main\n\nimport \"example.org/lib\"\n\nfunc init() { lib.Read() }\n",
		"page/main.go":    "package main\n\nfunc main() {}\n",
		"page/page_js.go": "package main\n\nimport \"example.org/lib\"\n\nfunc init() { lib.Read() }\n",
	})
}

func TestReachedVulnerabilitiesAreReported(t *testing.T) {
	serveModule(t, "example.org/lib", "v1.0.0", flawed)
	db := "file://" + filepath.ToSlash(write(t, t.TempDir(), database))
	calls, spared := program(t, "lib.Read()"), program(t, "lib.Write()")
	none := acceptedFile(t, "[]")
	accepted := acceptedFile(t, `[{"check": "code", "id": "GO-2030-0001", "module": "example.org/lib", "reason": "it reads nothing", "until": "`+
		tomorrow()+`"}]`)
	named := []string{"GO-2030-0001 in example.org/lib v1.0.0 (Read reads too far in example.org/lib)", "lib.Read from ", ": fixed in v1.0.1\n"}

	fails(t, append(named, "main.go:5"), "code", "-database", db, "-accepted", none, "-C", calls)
	passes(t, "code", "-database", db, "-accepted", none, "-C", spared)
	fails(t, append(named, "tagged.go:7"), "code", "-database", db, "-accepted", none, "-C", spared, "-tags", "other,special")
	fails(t, append(named, "page_js.go:5"), "code", "-database", db, "-accepted", none, "-C", spared, "-wasm", "./page")
	passes(t, "code", "-database", db, "-accepted", accepted, "-C", calls)
	fails(t, []string{"GO-2030-0001 in example.org/lib is accepted but was not found"}, "code", "-database", db, "-accepted", accepted, "-C", spared)
}

func TestUnreadableCodeFails(t *testing.T) {
	serveModule(t, "example.org/lib", "v1.0.0", flawed)
	db, none := "file://"+filepath.ToSlash(write(t, t.TempDir(), database)), acceptedFile(t, "[]")
	fails(t, []string{"govulncheck: "}, "code", "-database", db, "-accepted", none, "-C", program(t, "lib.NoSuch()"))
	fails(t, []string{"govulncheck: "}, "code", "-database", db, "-accepted", none, "-C", filepath.Join(t.TempDir(), "none"))
	fails(t, []string{"govulncheck"}, "code", "-database", db, "-accepted", none,
		"-C", write(t, t.TempDir(), map[string]string{"go.mod": "module example.org/empty\n\ngo 1.24\n"}))
	fails(t, []string{"no such file"}, "code", "-database", db, "-accepted", filepath.Join(t.TempDir(), "none.json"), "-C", program(t, "lib.Read()"))
}

func TestUnusableDatabaseFails(t *testing.T) {
	serveModule(t, "example.org/lib", "v1.0.0", flawed)
	dir, none := program(t, "lib.Write()"), acceptedFile(t, "[]")
	with := func(name, content string) string {
		files := maps.Clone(database)
		if files[name] = content; content == "" {
			delete(files, name)
		}
		return "file://" + filepath.ToSlash(write(t, t.TempDir(), files))
	}
	index := "index/modules.json"
	for name, c := range map[string]struct{ url, want string }{
		"missing":             {"file://" + filepath.ToSlash(filepath.Join(t.TempDir(), "none")), "no such file"},
		"without its index":   {with(index, ""), "no such file"},
		"with a cut index":    {with(index, database[index][:40]), "unexpected end of JSON input"},
		"empty":               {with(index, "[]"), "it has no vulnerability of Go's standard library"},
		"of one other module": {with(index, `[{"path": "example.org/lib", "vulns": [{"id": "GO-2030-0001"}]}]`), "it has no vulnerability of Go's standard library"},
		"without an entry":    {with("ID/GO-2030-0001.json", ""), "GO-2030-0001"},
		"with a cut entry":    {with("ID/GO-2030-0001.json", `{"id": "GO-`), "unexpected end of JSON input"},
		"another scheme":      {"ftp://127.0.0.1/db", "it must be a URL with file, http or https"},
		"not listening":       {"http://127.0.0.1:1", "connection refused"},
		"not JSON":            {serve(t, http.StatusOK, "<html>"), "read its index of modules: "},
		"not found":           {serve(t, http.StatusNotFound, ""), "404 Not Found"},
	} {
		t.Run(name, func(t *testing.T) {
			fails(t, []string{c.want}, "code", "-database", c.url, "-accepted", none, "-C", dir)
		})
	}
}

// serve starts a server that gives the same answer to every request, and returns its URL.
func serve(t *testing.T, status int, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestDatabaseOverHTTP(t *testing.T) {
	serveModule(t, "example.org/lib", "v1.0.0", flawed)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, ok := database[strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/"), ".gz")]
		if !ok || !strings.HasSuffix(r.URL.Path, ".gz") {
			http.NotFound(w, r)
			return
		}
		z := gzip.NewWriter(w)
		_, _ = z.Write([]byte(content))
		_ = z.Close()
	}))
	defer server.Close()
	none := acceptedFile(t, "[]")
	fails(t, []string{"GO-2030-0001"}, "code", "-database", server.URL, "-accepted", none, "-C", program(t, "lib.Read()"))
	passes(t, "code", "-database", server.URL, "-accepted", none, "-C", program(t, "lib.Write()"))
}

func TestDownloadedDatabase(t *testing.T) {
	const version = "v0.0.0-20300101000000-0123456789ab"
	// This indexer only copies the files. "make lint" runs the real one.
	serveModule(t, databaseModule, version, map[string]string{
		"go.mod":                        "module golang.org/x/vulndb\n\ngo 1.24\n",
		"data/osv/GO-2030-0001.json":    database["ID/GO-2030-0001.json"],
		"data/index/index/modules.json": database["index/modules.json"],
		"cmd/indexdb/main.go": `package main

import (
	"flag"
	"os"
)

func main() {
	vulns, out := flag.String("vulns", "", ""), flag.String("out", "", "")
	flag.Parse()
	if os.CopyFS(*out+"/ID", os.DirFS(*vulns)) != nil || os.CopyFS(*out, os.DirFS(*vulns+"/../index")) != nil {
		os.Exit(1)
	}
}
`,
	})
	cache := t.TempDir()
	var said strings.Builder
	dir, err := indexed(t.Context(), cache, version, &said)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkIndex(t.Context(), "file://"+filepath.ToSlash(dir)); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(cache); err != nil || len(entries) != 1 {
		t.Errorf("the cache has %v: %v", entries, err)
	}
	// The second run uses the cache and sends no request.
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOMODCACHE", t.TempDir())
	said.Reset()
	if again, err := indexed(t.Context(), cache, version, &said); err != nil || again != dir || said.Len() > 0 {
		t.Errorf("again: %s, %v, says %q", again, err, &said)
	}
	for what, damage := range map[string]func(string) error{
		"an entry is gone":   func(dir string) error { return os.Remove(filepath.Join(dir, "ID", "GO-2030-0001.json")) },
		"an entry is cut":    func(dir string) error { return os.Truncate(filepath.Join(dir, "ID", "GO-2030-0001.json"), 10) },
		"the digest is gone": func(dir string) error { return os.Remove(filepath.Join(dir, digestFile)) },
	} {
		damaged := filepath.Join(t.TempDir(), version)
		if err := os.CopyFS(damaged, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		if err := damage(damaged); err != nil {
			t.Fatal(err)
		}
		if _, err := indexed(t.Context(), filepath.Dir(damaged), version, &said); err == nil || !strings.Contains(err.Error(), "is damaged") {
			t.Errorf("%s: %v", what, err)
		}
	}
	empty := t.TempDir()
	if _, err := indexed(t.Context(), empty, version, &said); err == nil || !strings.Contains(err.Error(), "cannot download golang.org/x/vulndb@"+version) {
		t.Errorf("without a proxy: %v", err)
	}
	if entries, err := os.ReadDir(empty); err != nil || len(entries) != 0 {
		t.Errorf("after a failure the cache has %v: %v", entries, err)
	}
}
