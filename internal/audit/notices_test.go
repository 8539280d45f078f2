package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const bundledLock = `{"lockfileVersion": 3, "packages": {"": {"name": "page"},
	"node_modules/@o/page": {"version": "1.0.0", "license": "MIT"}, "node_modules/tool": {"version": "1.0.0", "license": "MIT", "dev": true}}}`

func TestNoticesContainEveryLicenceOnce(t *testing.T) {
	dir := linking(t, map[string]string{
		"lib/LICENSE": mit, "lib/NOTICE.txt": "Made by Somebody.\n", "lib/deep/LICENSE": "\r\n" + strings.ReplaceAll(mit, "\n", " \r\n") + "\n\n",
		"package-lock.json": bundledLock, "node_modules/@o/page/LICENSE": "ISC License\n\nCopyright Somebody Else\n", "node_modules/tool/LICENSE": "not ours",
	})
	file := filepath.Join(dir, "NOTICES.txt")
	args := []string{"notices", "-C", dir, "-npm", filepath.Join(dir, "package-lock.json"), "-file", file}
	passes(t, args...)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := string(content)
	for words, want := range map[string]int{
		strings.TrimSpace(mit): 1, "example.org/lib (LICENSE)\nexample.org/lib (deep/LICENSE)\n\nMIT License": 1, "example.org/lib (NOTICE.txt)\n\nMade by Somebody.\n": 1,
		"npm: @o/page (LICENSE)\n\nISC License": 1, "not ours": 0, "GNU": 0, "\r": 0, "Go's standard library (LICENSE)\n": 1, "eff.org/dice": 1,
	} {
		if n := strings.Count(got, words); n != want {
			t.Errorf("%q occurs %d times, want %d:\n%s", words, n, want, got)
		}
	}

	passes(t, append(args, "-check")...)
	write(t, dir, map[string]string{"lib/NOTICE.txt": "Made by Somebody, and by another.\n"})
	fails(t, []string{"NOTICES.txt is out of date: make notices"}, append(args, "-check")...)
	if after, err := os.ReadFile(file); err != nil || string(after) != got {
		t.Errorf("-check changed the file: %v", err)
	}
}

func TestNoticesNeedALicenceFile(t *testing.T) {
	dir := linking(t, map[string]string{"lib/LICENSE": mit, "package-lock.json": bundledLock, "node_modules/@o/page/README.md": "MIT"})
	file, lock := filepath.Join(dir, "NOTICES.txt"), filepath.Join(dir, "package-lock.json")
	fails(t, []string{"@o/page has no licence file, so nothing allows us to bundle it"}, "notices", "-C", dir, "-npm", lock, "-file", file)
	if err := os.RemoveAll(filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	fails(t, []string{"@o/page", "no such file"}, "notices", "-C", dir, "-npm", lock, "-file", file)
	if err := os.Remove(filepath.Join(dir, "lib", "LICENSE")); err != nil {
		t.Fatal(err)
	}
	fails(t, []string{"example.org/lib v1.0.0 has no licence file"}, "notices", "-C", dir, "-file", file)
	fails(t, []string{"NOTICES.txt: no such file"}, "notices", "-C", linking(t, map[string]string{"lib/LICENSE": mit}), "-file", file, "-check")
	if _, err := os.Stat(file); err == nil {
		t.Error("it wrote notices")
	}
	if status, said := audit(t, "notices", "-C", dir); status != 2 || !strings.Contains(said, "-file") {
		t.Errorf("without a file: status %d: %s", status, said)
	}
}
