//go:build system

package scripts_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/executables"
)

const (
	passingGo = "package %s\n\nimport \"testing\"\n\nfunc TestConcurrent(*testing.T) {}\n"
	// A skipped subtest, whose parent passes.
	skippingGo   = "package sample\n\nimport \"testing\"\n\nfunc TestAtOnce(t *testing.T) { t.Run(\"part\", func(t *testing.T) { t.Skip(\"no docker\") }) }\n"
	passingNode  = "import { test } from \"node:test\";\n\ntest(\"runs\", () => {});\n"
	skippingNode = "import { test } from \"node:test\";\n\ntest(\"runs\", () => {});\ntest(\"waits\", { skip: \"no browser\" }, () => {});\n"
)

// suite is a checkout with the real Makefile, in which every package has one test.
type suite struct{ root string }

func newSuite(t *testing.T) suite {
	t.Helper()
	s := suite{t.TempDir()}
	here, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Makefile", "scripts/no-skips.sh", "app/web/run-tests.mjs", "app/web/package.json", "app/web/package-lock.json",
		"infra/package.json", "infra/package-lock.json"} {
		s.write(t, name, read(t, filepath.Join(here, name)))
	}
	versions, _, found := strings.Cut(read(t, "../go.mod"), "\n\nrequire")
	_, versions, after := strings.Cut(versions, "\n")
	if !found || !after {
		t.Fatal("go.mod has an unexpected format")
	}
	s.write(t, "go.mod", "module example.org/suite\n"+versions+"\n")
	for _, folder := range []string{
		"app/chain", "app/seal", "app/item", "app/generate", "app/strength", "app/health", "app/transfer", "app/store/sqlite", "app/store/dynamo", "app/vault",
		"app/server", "app/server/daemon", "app/client", "app/client/directory", "scripts/rollout", "infra", "jenkins", "internal/audit", "internal/cosign",
		"docs/model", "attack",
	} {
		s.write(t, folder+"/sample.go", "package sample\n")
		s.write(t, folder+"/sample_test.go", strings.Replace(passingGo, "%s", "sample", 1))
	}
	tests, err := filepath.Glob("../app/web/e2e/*.test.mjs")
	if err != nil || len(tests) == 0 {
		t.Fatalf("%v: there are no browser tests", err)
	}
	for _, test := range tests {
		s.write(t, "app/web/e2e/"+filepath.Base(test), passingNode)
	}
	s.write(t, "app/web/unit/sample.test.mjs", passingNode)
	s.write(t, "app/web/unit/compile.mjs", "export const compile = async () => {};\n")
	s.write(t, "app/web/unit/setup.mjs", "")
	s.write(t, "app/web/coverage.mjs", "")
	s.write(t, "app/web/node_modules/.package-lock.json", "{}")
	s.write(t, "infra/node_modules/.package-lock.json", "{}")
	// Install the tools in the real checkout, because npm does not install through a link.
	install := exec.CommandContext(t.Context(), "make", "-C", here, "app/web/node_modules/.package-lock.json")
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("make: %v: %s", err, out)
	}
	if err := os.MkdirAll(filepath.Join(here, ".bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".bin", "scripts/node"} {
		if err := os.Symlink(filepath.Join(here, name), filepath.Join(s.root, name)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s suite) write(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(s.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := executables.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

// change writes a file until the test ends.
func (s suite) change(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(s.root, name)
	before, err := os.ReadFile(path)
	t.Cleanup(func() {
		if err == nil {
			s.write(t, name, string(before))
		} else if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	})
	s.write(t, name, content)
}

// make runs a tier's target without installing or building, and without the given parts.
func (s suite) make(t *testing.T, target string, without ...string) (status int, said string) {
	t.Helper()
	arguments := []string{"-C", s.root}
	for _, name := range append([]string{"test-setup", "integration-setup", "build"}, without...) {
		arguments = append(arguments, "-o", name)
	}
	cmd := exec.CommandContext(t.Context(), "make", append(arguments, target)...)
	// Variables from Jenkins or a developer must not select tests.
	cmd.Env = append(os.Environ(), "PACKAGES=./none", "ARGS=-run none", "VERSION=9", "IMAGE=elsewhere/vault", "STACKS=none")
	out, _ := cmd.CombinedOutput()
	return cmd.ProcessState.ExitCode(), string(out)
}

func TestSkippedTestFailsItsTier(t *testing.T) {
	s := newSuite(t)
	parts := []string{"go-test", "race-test", "wasm-test", "web-unit-test", "web-browser-test"}
	for _, target := range []string{"test", "integration"} {
		if status, said := s.make(t, target); status != 0 {
			t.Fatalf("make %s, without a skipped test: exit %d: %s", target, status, said)
		}
	}
	green := os.DirFS(filepath.Join(s.root, "green"))
	if err := os.CopyFS(filepath.Join(s.root, "green"), os.DirFS(filepath.Join(s.root, "reports"))); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ target, part, files, content string }{
		"go test":      {"test", "go-test", "app/api/api_test.go", skippingGo},
		"by a tag":     {"test", "go-test", "app/api/api_test.go", "//go:build system\n\n" + skippingGo},
		"race":         {"test", "race-test", "app/vault/race_test.go", "//go:build race\n\n" + skippingGo},
		"race clients": {"test", "race-test", "app/client/race_test.go", "//go:build race\n\n" + skippingGo},
		"WebAssembly":  {"test", "wasm-test", "app/item/wasm_js_test.go", skippingGo},
		"unit":         {"test", "web-unit-test", "app/web/unit/more.test.mjs", skippingNode},
		"to do":        {"test", "web-unit-test", "app/web/unit/more.test.mjs", strings.Replace(skippingNode, "skip:", "todo:", 1)},
		"browser":      {"test", "web-browser-test", "app/web/e2e/more.test.mjs", skippingNode},
		"no test runs": {"test", "race-test", "app/client/sample_test.go app/server/sample_test.go", "package sample\n"},
		"integration":  {"integration", "", "jenkins/more_test.go", "//go:build integration\n\n" + skippingGo},
	} {
		t.Run(name, func(t *testing.T) {
			for file := range strings.FieldsSeq(c.files) {
				s.change(t, file, c.content)
			}
			var without []string
			for _, part := range parts {
				if part != c.part {
					without = append(without, part)
				}
			}
			status, said := s.make(t, c.target, without...)
			if status == 0 || !regexp.MustCompile(`error: .*(has skipped tests|has no test|1 of the tests did not run)`).MatchString(said) {
				t.Errorf("make %s, with a skipped test: exit %d: %s", c.target, status, said)
			}
			if err := errors.Join(os.RemoveAll(filepath.Join(s.root, "reports")), os.CopyFS(filepath.Join(s.root, "reports"), green)); err != nil {
				t.Fatal(err)
			}
		})
	}
}
