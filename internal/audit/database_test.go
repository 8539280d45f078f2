//go:build system

package main

import (
	"os"
	"regexp"
	"testing"
)

// Checks the database that lint uses with a public vulnerability: https://pkg.go.dev/vuln/GO-2021-0113
func TestPinnedDatabaseKnowsAnOldVulnerability(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	pin := regexp.MustCompile(`(?m)^VULNDB_VERSION\s*:= (v\S+)$`).FindSubmatch(makefile)
	if pin == nil {
		t.Fatal("the Makefile has no VULNDB_VERSION")
	}
	if status, said := audit(t, "code", "-database", string(pin[1]), "-accepted", acceptedFile(t, "[]"), "-C", parsing(t, "v0.3.7")); status != 0 {
		t.Errorf("v0.3.7: status %d: %s", status, said)
	}
	fails(t, []string{"GO-2021-0113 in golang.org/x/text v0.3.5", "language.Parse from main.go:5", ": fixed in v0.3.7\n"},
		"code", "-database", string(pin[1]), "-accepted", acceptedFile(t, "[]"), "-C", parsing(t, "v0.3.5"))
}

// parsing creates a program that parses a language with the given version of golang.org/x/text.
func parsing(t *testing.T, version string) string {
	t.Helper()
	t.Setenv("GOFLAGS", "-mod=mod")
	return write(t, t.TempDir(), map[string]string{
		"go.mod":  "module example.org/program\n\ngo 1.24\n\nrequire golang.org/x/text " + version + "\n",
		"main.go": "package main\n\nimport \"golang.org/x/text/language\"\n\nfunc main() { _, _ = language.Parse(\"en\") }\n",
	})
}
