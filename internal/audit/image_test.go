package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// osvDouble implements https://google.github.io/osv.dev/api/: it lists the vulnerabilities of a package by "ecosystem/name@version"
// or by package URL, one per page, and returns each entry.
type osvDouble struct {
	known   map[string][]string
	entries map[string]string

	mu    sync.Mutex
	asked []string // without requests for further pages
}

func (d *osvDouble) start(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/querybatch", d.batch)
	mux.HandleFunc("GET /v1/vulns/{id}", func(w http.ResponseWriter, r *http.Request) {
		entry, ok := d.entries[r.PathValue("id")]
		if !ok {
			http.Error(w, `{"code": 5, "message": "Bug not found."}`, http.StatusNotFound)
			return
		}
		fmt.Fprint(w, entry)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func (d *osvDouble) batch(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Queries []struct {
			Package   struct{ Name, Ecosystem, PURL string }
			Version   string
			PageToken string `json:"page_token"`
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil || len(request.Queries) > 1000 {
		http.Error(w, `{"code": 3, "message": "Invalid query."}`, http.StatusBadRequest)
		return
	}
	results := []map[string]any{}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, q := range request.Queries {
		key := q.Package.Ecosystem + "/" + q.Package.Name + "@" + q.Version
		if q.Package.PURL != "" {
			key = q.Package.PURL
			if q.Version != "" || q.Package.Name != "" {
				http.Error(w, `{"code": 3, "message": "version specified in purl and in query"}`, http.StatusBadRequest)
				return
			}
		}
		page := 0
		if q.PageToken == "" {
			d.asked = append(d.asked, key)
		} else if _, err := fmt.Sscanf(q.PageToken, "page-%d", &page); err != nil {
			http.Error(w, `{"code": 3, "message": "Invalid page token."}`, http.StatusBadRequest)
			return
		}
		result := map[string]any{}
		if ids := d.known[key]; page < len(ids) {
			result["vulns"] = []map[string]string{{"id": ids[page], "modified": "2030-01-01T00:00:00Z"}}
			if page+1 < len(ids) {
				result["next_page_token"] = fmt.Sprintf("page-%d", page+1)
			}
		}
		results = append(results, result)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"results": results})
}

// spdx returns an SBOM in the format of BuildKit's scanner, with these names and package URLs.
func spdx(packages ...[2]string) string {
	var all []string
	for _, p := range packages {
		all = append(all, fmt.Sprintf(`{"name": %q, "SPDXID": "SPDXRef-%d", "externalRefs": [
			{"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:x:x:*:*:*:*:*:*:*:*"},
			{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": %q}]}`, p[0], len(all), p[1]))
	}
	return `{"spdxVersion": "SPDX-2.3", "packages": [` + strings.Join(all, ",") + `]}`
}

var server = [][2]string{
	{"stdlib", "pkg:golang/stdlib@1.26.11"},
	{"github.com/vaultsphere/vaultsphere", "pkg:golang/github.com/vaultsphere/vaultsphere@(devel)"},
	{"github.com/BurntSushi/toml", "pkg:golang/github.com/burntsushi/toml@v1.6.0#cmd/tomlv"},
	{"github.com/go-chi/chi/v5", "pkg:golang/github.com/go-chi/chi%2Fv5@v5.5.0?type=module"},
}

func sbomFile(t *testing.T, content string) string {
	t.Helper()
	return filepath.Join(write(t, t.TempDir(), map[string]string{"sbom.spdx.json": content}), "sbom.spdx.json")
}

const tomlEntry = `{"id": "GHSA-aaaa-bbbb-cccc", "summary": "toml reads too far", "aliases": ["CVE-2030-1"], "affected": [{
	"package": {"name": "github.com/BurntSushi/toml", "ecosystem": "Go", "purl": "pkg:golang/github.com/BurntSushi/toml"},
	"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.6.1"}]}]}]}`

func TestImageWithoutKnownVulnerability(t *testing.T) {
	double := &osvDouble{}
	url, none := double.start(t), acceptedFile(t, "[]")
	passes(t, "image", "-osv", url+"/", "-accepted", none, "-sbom", sbomFile(t, spdx(server...)))
	want := []string{"Go/github.com/BurntSushi/toml@1.6.0", "Go/github.com/go-chi/chi/v5@5.5.0", "Go/stdlib@1.26.11"}
	if slices.Sort(double.asked); !slices.Equal(double.asked, want) {
		t.Errorf("asked %q, want %q", double.asked, want)
	}
	// The format that BuildKit writes to a directory.
	passes(t, "image", "-osv", url, "-accepted", none, "-sbom", sbomFile(t, `{"_type": "https://in-toto.io/Statement/v0.1",
		"predicateType": "https://spdx.dev/Document", "predicate": `+spdx(server...)+`}`))
}

func TestImageWithKnownVulnerabilities(t *testing.T) {
	double := &osvDouble{
		known: map[string][]string{
			"Go/github.com/BurntSushi/toml@1.6.0":  {"GHSA-aaaa-bbbb-cccc", "GO-2030-0001", "GO-2030-0002", "GO-2030-0003"},
			"pkg:deb/debian/libc6@2.40?arch=amd64": {"DSA-1"},
		},
		entries: map[string]string{
			"GHSA-aaaa-bbbb-cccc": tomlEntry,
			"GO-2030-0001":        `{"id": "GO-2030-0001", "aliases": ["CVE-2030-1", "GHSA-aaaa-bbbb-cccc"]}`,
			"GO-2030-0002":        `{"id": "GO-2030-0002", "withdrawn": "2030-01-02T00:00:00Z", "summary": "a false alarm"}`,
			"GO-2030-0003":        `{"id": "GO-2030-0003", "summary": "no way out"}`,
			"DSA-1":               `{"id": "DSA-1", "summary": "libc"}`,
		},
	}
	file := sbomFile(t, spdx(append(server, [2]string{"libc6", "pkg:deb/debian/libc6@2.40?arch=amd64"})...))
	url := double.start(t)
	_, said := audit(t, "image", "-osv", url, "-accepted", acceptedFile(t, "[]"), "-sbom", file)
	want := `audit image: error: DSA-1 in debian/libc6 2.40 (libc): no version has a fix
audit image: error: GHSA-aaaa-bbbb-cccc in github.com/BurntSushi/toml 1.6.0 (toml reads too far): fixed in 1.6.1
audit image: error: GO-2030-0003 in github.com/BurntSushi/toml 1.6.0 (no way out): no version has a fix
`
	if said != want {
		t.Errorf("it says\n%s, want\n%s", said, want)
	}
	until := tomorrow()
	fails(t, []string{"GHSA-aaaa-bbbb-cccc"}, "image", "-osv", url, "-sbom", file, "-accepted", acceptedFile(t, `[
		{"check": "image", "id": "DSA-1", "module": "debian/libc6", "reason": "r", "until": "`+until+`"}]`))
	passes(t, "image", "-osv", url, "-sbom", file, "-accepted", acceptedFile(t, `[
		{"check": "image", "id": "DSA-1", "module": "debian/libc6", "reason": "r", "until": "`+until+`"},
		{"check": "image", "id": "CVE-2030-1", "module": "github.com/BurntSushi/toml", "reason": "r", "until": "`+until+`"},
		{"check": "image", "id": "GO-2030-0003", "module": "github.com/BurntSushi/toml", "reason": "r", "until": "`+until+`"}]`))
}

func TestMoreComponentsThanFitOneRequest(t *testing.T) {
	double := &osvDouble{
		known:   map[string][]string{"Go/example.org/lib2400@1.0.0": {"GO-2030-0003"}},
		entries: map[string]string{"GO-2030-0003": `{"id": "GO-2030-0003"}`},
	}
	packages := slices.Clone(server)
	for i := range 2500 {
		packages = append(packages, [2]string{"", fmt.Sprintf("pkg:golang/example.org/lib%d@v1.0.0", i)})
	}
	fails(t, []string{"GO-2030-0003 in example.org/lib2400 1.0.0"}, "image", "-osv", double.start(t), "-accepted", acceptedFile(t, "[]"),
		"-sbom", sbomFile(t, spdx(packages...)))
	if len(double.asked) != 2503 {
		t.Errorf("asked about %d components", len(double.asked))
	}
}

func TestUnusableSBOMFails(t *testing.T) {
	url, none := (&osvDouble{}).start(t), acceptedFile(t, "[]")
	with := func(name, purl string) string { return spdx(append(slices.Clone(server), [2]string{name, purl})...) }
	for name, c := range map[string]struct{ content, want string }{
		"cut":                   {spdx(server...)[:50], "malformed"},
		"another format":        {`{"bomFormat": "CycloneDX", "components": []}`, `its spdxVersion is "", not SPDX-2.…`},
		"of no package":         {spdx(), "it does not list Go's standard library"},
		"of another program":    {spdx([2]string{"libc6", "pkg:deb/debian/libc6@2.40"}), "it does not list Go's standard library"},
		"not a package URL":     {with("x", "https://example.org/x"), `package "x": "https://example.org/x" is not a package URL`},
		"a URL without a name":  {with("x", "pkg:golang"), `"pkg:golang" is not a package URL`},
		"a URL that is garbled": {with("x", "pkg:golang/a%zz@v1"), `is not a package URL`},
		"without a version":     {with("x", "pkg:golang/example.org/x"), "has no version, so it cannot be looked up"},
		"of an unknown version": {with("x", "pkg:golang/example.org/x@UNKNOWN"), "has no version, so it cannot be looked up"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fails(t, []string{c.want, "the SBOM of "}, "image", "-osv", url, "-accepted", none, "-sbom", sbomFile(t, c.content))
		})
	}
	fails(t, []string{"no such file"}, "image", "-osv", url, "-accepted", none, "-sbom", filepath.Join(t.TempDir(), "none"))
}

func TestUnusableServiceFails(t *testing.T) {
	none, file := acceptedFile(t, "[]"), sbomFile(t, spdx(server...))
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"results": [{"next_page_token": "a"}, {"next_page_token": "a"}, {"next_page_token": "a"}]}`)
	}))
	defer endless.Close()
	known := map[string][]string{"Go/stdlib@1.26.11": {"GO-2030-0001"}}
	for name, c := range map[string]struct{ url, want string }{
		"not listening":     {"http://127.0.0.1:1", "connection refused"},
		"busy":              {serve(t, http.StatusServiceUnavailable, ""), "/v1/querybatch: 503 Service Unavailable"},
		"not JSON":          {serve(t, http.StatusOK, "<html>"), "/v1/querybatch: the answer is malformed"},
		"silent":            {serve(t, http.StatusOK, "{}"), "it returned 0 answers to 3 queries"},
		"endless":           {endless.URL, "it returned more than 100 pages for a query"},
		"without the entry": {(&osvDouble{known: known}).start(t), "/v1/vulns/GO-2030-0001: 404 Not Found"},
		"with another entry": {(&osvDouble{known: known, entries: map[string]string{"GO-2030-0001": `{"id": "GO-2030-0002"}`}}).start(t),
			`it returned "GO-2030-0002" for GO-2030-0001`},
		"with a strange name": {(&osvDouble{known: map[string][]string{"Go/stdlib@1.26.11": {"../x"}}}).start(t), `it returned the invalid id "../x"`},
	} {
		t.Run(name, func(t *testing.T) {
			fails(t, []string{c.want, "audit image: error: ask " + c.url}, "image", "-osv", c.url, "-accepted", none, "-sbom", file)
		})
	}
}

func TestAttestedSBOMs(t *testing.T) {
	t.Parallel()
	const both = `"Image": {"linux/amd64": {"architecture": "amd64", "os": "linux"}, "linux/arm64": {"architecture": "arm64", "os": "linux"}}`
	for name, c := range map[string]struct{ answer, documents, problem string }{
		"one platform": {`{"SBOM": {"SPDX": {"a": 1}}, "Image": {"architecture": "amd64", "os": "linux"}}`, `image for its platform: {"a": 1}`, ""},
		"two platforms": {`{"SBOM": {"linux/amd64": {"SPDX": {}}, "linux/arm64": {"SPDX": {"a": 1}, "AdditionalSPDXs": [{"b": 2}]}}, ` + both + `}`,
			`image for linux/amd64: {}, image for linux/arm64: {"a": 1} {"b": 2}`, ""},
		"one of two has none": {`{"SBOM": {"linux/amd64": {"SPDX": {}}}, ` + both + `}`, "", "image has no SBOM for linux/arm64: push it with"},
		"neither has one":     {`{"SBOM": {}, ` + both + `}`, "", "image has no SBOM for linux/amd64: push it with"},
		"the one has none":    {`{"SBOM": {}, "Image": {"architecture": "amd64", "os": "linux"}}`, "", "image has no SBOM for its platform: push it with"},
		"no image":            {`{"SBOM": null, "Image": null}`, "", "cannot read the SBOM of image: buildx found no image"},
		"no answer of buildx": {`{"SBOM": <nil>}`, "", "cannot read the SBOM of image: "},
		"another shape":       {`{"SBOM": [], ` + both + `}`, "", "cannot read the SBOM of image: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			documents, err := attested([]byte(c.answer), "image")
			var got []string
			for platform, texts := range documents {
				line := platform + ":"
				for _, text := range texts {
					line += " " + string(text)
				}
				got = append(got, line)
			}
			slices.Sort(got)
			if got := strings.Join(got, ", "); got != c.documents {
				t.Errorf("documents %q, want %q", got, c.documents)
			}
			if (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
				t.Errorf("it says %v, want %q", err, c.problem)
			}
		})
	}
}

func TestImageWithSeveralDocuments(t *testing.T) {
	t.Parallel()
	other := json.RawMessage(spdx([2]string{"libc6", "pkg:deb/debian/libc6@2.40"}))
	found, err := serverComponents([]json.RawMessage{json.RawMessage(spdx(server...)), other})
	if err != nil || len(found) != 4 {
		t.Errorf("%v, %v", found, err)
	}
	if _, err := serverComponents([]json.RawMessage{other}); err == nil {
		t.Error("an image without Go is accepted as the server's")
	}
}

func TestImageIsRequired(t *testing.T) {
	none := acceptedFile(t, "[]")
	t.Chdir(t.TempDir())
	fails(t, []string{"name it, or run make push, which writes image.json"}, "image", "-accepted", none)
	write(t, ".", map[string]string{"image.json": `{"tag": "0123456789ab"}`})
	fails(t, []string{"image.json names no image: run make push again"}, "image", "-accepted", none)
	fails(t, []string{`"-x" is not the name of an image`}, "image", "-accepted", none, "--", "-x")
}
