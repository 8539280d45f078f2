//go:build integration

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMakeReadsOptionsFromTheFile(t *testing.T) {
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
		t.Errorf("refusals: %s, %v", refusals, err)
	}
}

// Bad options of staging must not look like a missing staging, which the pipeline skips.
func TestUnknownTopologyIsAnError(t *testing.T) {
	e := newEngineer(t)
	for _, c := range []struct{ options, want string }{
		{"", "none"}, {"{}", "ec2"}, {`{"topology": null}`, "ec2"}, {`{"topology": "ec2"}`, "ec2"}, {`{"topology": "fargate"}`, "fargate"},
		{" ", ""}, {`{"topology": "ec3"}`, ""}, {`{"topology": "none"}`, ""}, {`{"topology": ""}`, ""}, {`{"topology": ["ec2"]}`, ""},
		{"{} {}", ""}, {"[]", ""}, {"{", ""}, {`"ec2"`, ""},
	} {
		if c.options != "" {
			must(t, os.WriteFile(filepath.Join(e.dir, "platform.staging.json"), []byte(c.options), 0o644))
		}
		out, code := e.try("make", "topology", "DEPLOYMENT=staging")
		rejected := code != 0 && strings.Contains(out, "make topology: error: platform.staging.json does not say whether the vault runs on ec2 or fargate\n")
		if c.want == "" && !rejected || c.want != "" && (code != 0 || out != c.want+"\n") {
			t.Errorf("%q: exit %d, %q, want %q", c.options, code, out, c.want)
		}
	}
	file := filepath.Join(e.dir, "platform.staging.json")
	must(t, os.Remove(file))
	must(t, os.Symlink("nowhere", file))
	if out, code := e.try("make", "topology", "DEPLOYMENT=staging"); code == 0 {
		t.Errorf("a dangling link: %q", out)
	}
}
