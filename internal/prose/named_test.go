package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	namedTest   = regexp.MustCompile(`\bTest[A-Z][A-Za-z0-9]*\b`)
	namedAttack = regexp.MustCompile(`ONLY=([a-z][a-z'-]*)`)
	testFunc    = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]*)\(`)
)

// A document that names a test as its proof must not outlive the test.
func TestDocumentsNameTestsThatExist(t *testing.T) {
	t.Parallel()
	tests, attacks := testsOf(t, "../..")
	named := 0
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "attack/*.md"} {
		documents, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range documents {
			text := readFile(t, path)
			for _, name := range namedTest.FindAllString(text, -1) {
				named++
				if !tests[name] {
					t.Errorf("%s names %s, which does not exist", path, name)
				}
			}
			for _, name := range namedAttack.FindAllStringSubmatch(text, -1) {
				named++
				if !strings.Contains(attacks, `"`+strings.ReplaceAll(name[1], "-", " ")+`"`) {
					t.Errorf("%s names the attack %s, which does not exist", path, name[1])
				}
			}
		}
	}
	if named == 0 {
		t.Error("no document names a test")
	}
}

// testsOf returns the names of all Go tests, and the source of the attacks.
func testsOf(t *testing.T, root string) (tests map[string]bool, attacks string) {
	t.Helper()
	tests = map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text := readFile(t, path)
		for _, name := range testFunc.FindAllStringSubmatch(text, -1) {
			tests[name[1]] = true
		}
		if filepath.Base(filepath.Dir(path)) == "attack" {
			attacks += text
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests, attacks
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
