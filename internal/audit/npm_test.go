//go:build system

package main

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

const advisory = `[{"id": 1, "url": "https://github.com/advisories/GHSA-aaaa-bbbb-cccc", "title": "leftpad pads too far",
	"severity": "low", "vulnerable_versions": "<1.0.1", "cwe": [], "cvss": {"score": 0, "vectorString": null}}]`

// npmRegistry starts a fake npm registry with these advisories, and counts the audits in asked.
func npmRegistry(t *testing.T, advisories string, asked *atomic.Int32) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method + " " + r.URL.Path {
		case "POST /-/npm/v1/security/advisories/bulk":
			asked.Add(1)
			body := io.Reader(r.Body)
			if r.Header.Get("Content-Encoding") == "gzip" {
				z, err := gzip.NewReader(r.Body)
				if err != nil {
					http.Error(w, err.Error(), http.StatusBadRequest)
					return
				}
				body = z
			}
			var packages map[string][]string
			if err := json.NewDecoder(body).Decode(&packages); err != nil || len(packages["leftpad"])+len(packages["tool"]) == 0 {
				http.Error(w, "not a list of packages", http.StatusBadRequest)
				return
			}
			_, _ = io.WriteString(w, advisories)
		case "GET /leftpad", "GET /tool":
			name := strings.TrimPrefix(r.URL.Path, "/")
			_, _ = io.WriteString(w, `{"name": "`+name+`", "dist-tags": {"latest": "1.0.1"}, "versions": {
				"1.0.0": {"name": "`+name+`", "version": "1.0.0"}, "1.0.1": {"name": "`+name+`", "version": "1.0.1"}}}`)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	useRegistry(t, server.URL)
}

func useRegistry(t *testing.T, url string) {
	t.Helper()
	t.Setenv("npm_config_registry", url+"/")
	t.Setenv("npm_config_fetch_retries", "0")
	t.Setenv("npm_config_cache", t.TempDir())
}

// page creates a directory with a bundled package and a development dependency.
func page(t *testing.T) string {
	t.Helper()
	return write(t, t.TempDir(), map[string]string{
		"package.json": `{"name": "page", "private": true, "dependencies": {"leftpad": "1.0.0"}, "devDependencies": {"tool": "1.0.0"}}`,
		"package-lock.json": `{"name": "page", "lockfileVersion": 3, "requires": true, "packages": {
			"": {"name": "page", "dependencies": {"leftpad": "1.0.0"}, "devDependencies": {"tool": "1.0.0"}},
			"node_modules/leftpad": {"version": "1.0.0", "license": "MIT"},
			"node_modules/tool": {"version": "1.0.0", "license": "MIT", "dev": true}}}`,
	})
}

func TestPackagesWithoutKnownVulnerability(t *testing.T) {
	var asked atomic.Int32
	npmRegistry(t, `{}`, &asked)
	none := acceptedFile(t, "[]")
	passes(t, "npm", "-accepted", none, page(t), page(t))
	if asked.Load() != 2 {
		t.Errorf("the registry was asked %d times", asked.Load())
	}
}

func TestPackagesWithKnownVulnerabilities(t *testing.T) {
	var asked atomic.Int32
	npmRegistry(t, `{"leftpad": `+advisory+`, "tool": `+strings.NewReplacer("aaaa", "dddd", "leftpad", "tool").Replace(advisory)+`}`, &asked)
	none, dir := acceptedFile(t, "[]"), page(t)
	named := []string{
		"GHSA-aaaa-bbbb-cccc in leftpad 1.0.0 (leftpad pads too far), bundled or run: fixed in a version outside <1.0.1\n",
		"GHSA-dddd-bbbb-cccc in tool 1.0.0 (tool pads too far), needed for development alone: fixed in a version outside <1.0.1\n",
	}
	fails(t, named, "npm", "-accepted", none, dir)
	until := tomorrow()
	both := `[{"check": "npm", "id": "GHSA-aaaa-bbbb-cccc", "module": "leftpad", "reason": "r", "until": "` + until + `"},
		{"check": "npm", "id": "GHSA-dddd-bbbb-cccc", "module": "tool", "reason": "r", "until": "` + until + `"}]`
	passes(t, "npm", "-accepted", acceptedFile(t, both), dir)
	// Each of these settings would make npm check fewer packages, or none.
	for name, value := range map[string]string{
		"npm_config_audit": "false", "npm_config_offline": "true", "npm_config_omit": "dev", "NODE_ENV": "production",
		"npm_config_audit_level": "critical",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			fails(t, named, "npm", "-accepted", none, dir)
		})
	}
}

func TestUnusableRegistryFails(t *testing.T) {
	none, dir := acceptedFile(t, "[]"), page(t)
	for name, c := range map[string]struct{ url, want string }{
		"not listening":  {"http://127.0.0.1:1", "ECONNREFUSED"},
		"without audits": {serve(t, http.StatusNotFound, "{}"), "404 Not Found"},
		"busy":           {serve(t, http.StatusServiceUnavailable, ""), "503 Service Unavailable"},
		"not JSON":       {serve(t, http.StatusOK, "<html>"), ""},
		"a list":         {serve(t, http.StatusOK, "[1, 2]"), ""},
		"a message":      {serve(t, http.StatusOK, `{"error": "not here"}`), ""},
	} {
		t.Run(name, func(t *testing.T) {
			useRegistry(t, c.url)
			fails(t, []string{"audit npm: error: " + dir + ": npm audit", c.want}, "npm", "-accepted", none, dir)
		})
	}
}

func TestDirectoryWithoutPackagesFails(t *testing.T) {
	none := acceptedFile(t, "[]")
	fails(t, []string{"package-lock.json: no such file"}, "npm", "-accepted", none, t.TempDir())
	t.Chdir(t.TempDir())
	fails(t, []string{"there is no package-lock.json here: run it at the top of the repository"}, "npm", "-accepted", none)
}
