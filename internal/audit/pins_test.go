package main

import (
	"os"
	"regexp"
	"testing"
)

// An older Go would link vulnerabilities that the audit of our code does not find.
func TestEverythingUsesOneGoVersion(t *testing.T) {
	t.Parallel()
	find := func(file, pattern string) string {
		content, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		match := regexp.MustCompile(`(?m)` + pattern).FindSubmatch(content)
		if match == nil {
			t.Fatalf("%s has no Go version that matches %s", file, pattern)
		}
		return string(match[1])
	}
	want := find("go.mod", `^toolchain go(\S+)$`)
	for file, pattern := range map[string]string{
		"internal/testenv/engine/parts/go.mod":  `^toolchain go(\S+)$`,
		"jenkins/session-manager-plugin/go.mod": `^toolchain go(\S+)$`,
		"Dockerfile":                            `^ARG GO_IMAGE=golang:([0-9.]+)-`,
		"jenkins/Dockerfile":                    `^ARG GO_IMAGE=golang:([0-9.]+)-`,
	} {
		if got := find(file, pattern); got != want {
			t.Errorf("%s has Go %s, but go.mod %s", file, got, want)
		}
	}
}
