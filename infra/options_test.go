//go:build integration

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMakeTakesItsOptionsFromTheFile(t *testing.T) {
	e := newEngineer(t)
	e.options(map[string]any{"hostImage": testImage, "siteAddress": "file.example.org"})
	e.do("make", "synth")
	content, err := os.ReadFile(filepath.Join(e.dir, "cdk.out", "PasswordManager-Host.template.json"))
	must(t, err)
	if !strings.Contains(string(content), `"file.example.org"`) {
		t.Error("siteAddress of platform.json is not in the template")
	}
	refusals, err := os.ReadFile(filepath.Join(e.dir, "cdk.out", "refusals.json"))
	if err != nil || !strings.Contains(string(refusals), "neither sshPublicKey nor sshCidr") {
		t.Errorf("what speaks against a deploy: %s, %v", refusals, err)
	}
}
