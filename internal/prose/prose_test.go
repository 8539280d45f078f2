package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// sample is a file with a sentence, or with an identifier if the rule is about those.
func sample(r rule, text string) (file, content string) {
	if r.kind == name {
		return "x.go", "package x\n\nvar " + text + " int\n"
	}
	return "x.md", text + "\n"
}

func TestEveryRuleFindsItsSampleOnly(t *testing.T) {
	t.Parallel()
	for i, r := range slices.Concat(rules, pageRules) {
		folder := ""
		if i >= len(rules) {
			folder = pageFolder
		}
		file, content := sample(r, r.wrong)
		found := false
		for _, f := range check(folder+file, []byte(content)) {
			found = found || f.advice == r.advice
		}
		if !found {
			t.Errorf("%s does not find %q", r.pattern, r.wrong)
		}
		file, content = sample(r, r.right)
		for _, f := range check(folder+file, []byte(content)) {
			t.Errorf("the good sample of %s is found: %s", r.pattern, f)
		}
	}
}

func TestWordingIsFoundAcrossLines(t *testing.T) {
	t.Parallel()
	for file, content := range map[string]string{
		"x.go":    "package x\n\n// It is made\n// anew, of its\n// own.\n",
		"y.go":    "package x\n\nvar x = \"of its \" +\n\t\"own\"\n",
		"x.sh":    "# one of\n# its own\n",
		"x.ts":    "/**\n * one of\n * its own\n */\n",
		"x.md":    "> one of\n> its own\n",
		"x.json":  `{"x": "one of its own"}`,
		"Example": "of its  own",
	} {
		found := check(file, []byte(content))
		if len(found) == 0 || found[len(found)-1].text != "of its own" {
			t.Errorf("%s: %v", file, found)
		}
	}
	if found := check("x.md", []byte("# Users of\n\nits own are kept\n")); found != nil {
		t.Errorf("two paragraphs: %v", found)
	}
}

func TestNamesOfEveryLanguageAreChecked(t *testing.T) {
	t.Parallel()
	for file, content := range map[string]string{
		"a.go":  "package x\n\nfunc f(handed int) { _ = other.Kept(other.Piece{Laid: handed}) }\n",
		"b.ts":  "export const handed = 1;\n",
		"c.tsx": "type Props = {\n  handed?: string;\n};\n",
		"d.mjs": "let handed;\n",
		"e.sh":  "handed=1\n",
		"f.py":  "handed = 1\n",
	} {
		if found := check(file, []byte(content)); len(found) != 1 || found[0].text != "handed" {
			t.Errorf("%s: %v", file, found)
		}
	}
	if found := check("x.go", []byte("package x\n\nvar handedness, piecemeal, turns, keptUp int\n")); len(found) != 1 || found[0].text != "keptUp" {
		t.Errorf("words inside others: %v", found)
	}
	if found := check("x.go", []byte("not Go")); found != nil {
		t.Errorf("what does not compile: %v", found)
	}
}

func TestExemptFoldersAreLeftAlone(t *testing.T) {
	t.Parallel()
	for _, e := range exemptions {
		if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(e.path))); err != nil {
			t.Errorf("an exemption for %s, which does not exist", e.path)
		}
	}
	if found := check("docs/threat-model.md", []byte("the user name\n")); found != nil {
		t.Errorf("an exempt word: %v", found)
	}
	if isExempt("internal/prose/rules.go.txt", word) {
		t.Error("the name of a file is taken for a folder")
	}
}

func TestTheRepositoryIsChecked(t *testing.T) {
	dir := t.TempDir()
	for file, content := range map[string]string{
		"guide.md":             "It is made anew.\n",
		"LICENSE":              "made anew\n",
		"web/de.json":          `{"x": "anew"}`,
		"web/fr/index.ts":      "// anew\n",
		"web/logo.webp":        "\x00 anew",
		"web/testdata/file.md": "made anew\n",
		"web/en.json":          `{"x": "for ever"}`,
		"ignored.md":           "anew",
		".gitignore":           "/ignored.md\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	prose(t, 1, "", "not a git repository")
	if out, err := exec.Command("git", "init", "--quiet").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	prose(t, 1, "guide.md:1: \"anew\": write: again, or a verb with re-\nweb/en.json:1: \"for ever\": write: forever, permanently, indefinitely\n", "")
	prose(t, 1, "web/en.json:1: \"for ever\": write: forever, permanently, indefinitely\n", "", "web")
	prose(t, 0, "", "", "LICENSE")
	prose(t, 0, "", "Usage: prose", "--help")
	prose(t, 2, "", "not defined: -x", "-x")
}

// prose runs the command and compares its status and output. Its stderr must contain said.
func prose(t *testing.T, status int, output, said string, args ...string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if got := run(t.Context(), args, &stdout, &stderr); got != status {
		t.Errorf("status %d, want %d", got, status)
	}
	if stdout.String() != output {
		t.Errorf("output %q, want %q", &stdout, output)
	}
	if !strings.Contains(stderr.String(), said) || said == "" && stderr.Len() > 0 {
		t.Errorf("stderr %q, want %q", &stderr, said)
	}
}
