// Package scripts_test tests the scripts, with the AWS command line and an emulated AWS on loopback, and the tiers of tests.
package scripts_test

import (
	"go/build/constraint"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A tier has the packages and build tags of one make target.
type tier struct {
	packages, tags []string
}

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// tiers returns the tiers in the Makefile.
func tiers(t *testing.T) []tier {
	t.Helper()
	content := read(t, "../Makefile")
	integration := regexp.MustCompile(`(?m)^\t\$\(call GO_TEST,-integration,\w+\) -tags integration (.*)$`).FindStringSubmatch(content)
	wasm := regexp.MustCompile(`(?m)^WASM_PACKAGES := (.*)$`).FindStringSubmatch(content)
	if integration == nil || wasm == nil || !regexp.MustCompile(`(?m)^\t\$\(call GO_TEST,\) -tags system `).MatchString(content) {
		t.Fatal("the Makefile runs the tests in an unexpected way")
	}
	unix := []string{"linux", "unix", "amd64", "cgo"}
	return []tier{
		{[]string{"./..."}, unix},
		{[]string{"./..."}, append([]string{"system"}, unix...)},
		{strings.Fields(integration[1]), append([]string{"integration"}, unix...)},
		{strings.Fields(wasm[1]), []string{"js", "wasm"}},
	}
}

func (t tier) runs(directory string, expression constraint.Expr) bool {
	inPackage := slices.ContainsFunc(t.packages, func(pattern string) bool {
		folder, all := strings.CutSuffix(pattern, "/...")
		return "./"+directory == folder || all && (folder == "." || strings.HasPrefix("./"+directory, folder+"/"))
	})
	return inPackage && (expression == nil || expression.Eval(func(tag string) bool { return slices.Contains(t.tags, tag) }))
}

// The tests of a file that no tier compiles would be skipped without a trace.
func TestEveryTestFileRunsInATier(t *testing.T) {
	t.Parallel()
	all, found := tiers(t), 0
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{"node_modules", ".git", "cdk.out", "testdata"}, entry.Name()) {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		found++
		expression, err := constraintOf(path, read(t, filepath.Join("..", path)))
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(all, func(one tier) bool { return one.runs(filepath.Dir(path), expression) }) {
			t.Errorf("no tier runs the tests of %s, which needs %s", path, expression)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 100 {
		t.Errorf("found only %d files with tests", found)
	}
}

// constraintOf returns the build constraint of a file from its first lines and its name, or nil.
func constraintOf(path, content string) (constraint.Expr, error) {
	var expression constraint.Expr
	head, _, _ := strings.Cut(content, "\npackage ")
	for line := range strings.Lines(head) {
		if constraint.IsGoBuild(line) {
			var err error
			if expression, err = constraint.Parse(strings.TrimSpace(line)); err != nil {
				return nil, err
			}
		}
	}
	// See "go help buildconstraint": NAME_GOOS_test.go, NAME_GOARCH_test.go.
	for _, part := range strings.Split(strings.TrimSuffix(filepath.Base(path), "_test.go"), "_")[1:] {
		if slices.Contains([]string{"linux", "windows", "darwin", "js", "wasm", "amd64", "arm64"}, part) {
			var of constraint.Expr = &constraint.TagExpr{Tag: part}
			if expression != nil {
				of = &constraint.AndExpr{X: expression, Y: of}
			}
			expression = of
		}
	}
	return expression, nil
}
