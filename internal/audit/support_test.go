package main

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// audit runs a command and returns its exit status and stderr.
func audit(t *testing.T, args ...string) (status int, said string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = run(t.Context(), args, &stdout, &stderr)
	if stdout.Len() > 0 {
		t.Errorf("stdout has %q", &stdout)
	}
	return status, stderr.String()
}

// fails checks that a command exits with 1 and prints each of the words.
func fails(t *testing.T, words []string, args ...string) {
	t.Helper()
	status, said := audit(t, args...)
	if status != 1 {
		t.Errorf("status %d, want 1: %s", status, said)
	}
	for _, word := range words {
		if !strings.Contains(said, word) {
			t.Errorf("the output lacks %q: %s", word, said)
		}
	}
}

// passes checks that a command exits with 0 and prints nothing.
func passes(t *testing.T, args ...string) {
	t.Helper()
	if status, said := audit(t, args...); status != 0 || said != "" {
		t.Errorf("status %d: %s", status, said)
	}
}

// write creates files in dir, by path, and returns dir.
func write(t *testing.T, dir string, files map[string]string) string {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// acceptedFile writes a list of accepted vulnerabilities.
func acceptedFile(t *testing.T, content string) string {
	t.Helper()
	return filepath.Join(write(t, t.TempDir(), map[string]string{"accepted.json": content}), "accepted.json")
}

// tomorrow is a day until which an acceptance is valid, even if midnight passes during the test.
func tomorrow() string { return today().AddDate(0, 0, 1).Format(time.DateOnly) }

// serveModule makes the go command download one version of one module from a directory, and nothing else.
func serveModule(t *testing.T, path, version string, files map[string]string) {
	t.Helper()
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for name, content := range files {
		w, err := z.Create(path + "@" + version + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	proxy := write(t, t.TempDir(), map[string]string{
		path + "/@v/list":                 version + "\n",
		path + "/@v/" + version + ".info": `{"Version": "` + version + `"}`,
		path + "/@v/" + version + ".mod":  files["go.mod"],
		path + "/@v/" + version + ".zip":  archive.String(),
	})
	t.Setenv("GOPROXY", "file://"+filepath.ToSlash(proxy))
	modules := t.TempDir()
	t.Setenv("GOMODCACHE", modules)
	// The directories of downloaded modules are read-only, so only root could remove them.
	t.Cleanup(func() {
		_ = filepath.WalkDir(modules, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				err = os.Chmod(path, 0o700)
			}
			return err
		})
	})
	t.Setenv("GOSUMDB", "off")
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOTOOLCHAIN", "local")
	t.Setenv("GOWORK", "off")
}
