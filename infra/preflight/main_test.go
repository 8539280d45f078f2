//go:build integration

package preflight_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/infra/preflight"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
)

func TestCommandPrintsArgumentsOrProblems(t *testing.T) {
	w := newWorld(t)
	for _, entry := range emulator.Env(t) {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value)
		}
	}
	w.deploy(host, hostTemplate(nil))
	same := assembly(t, map[string]object{host: hostTemplate(nil)})
	other := hostTemplate(object{"Host": instance("ami-22222222")})
	replaced := assembly(t, map[string]object{host: other})
	tasks := assembly(t, map[string]object{service: taskTemplate("example.org/vault:1")})
	both := assembly(t, map[string]object{host: other, service: taskTemplate("example.org/vault:1")})
	refused := assembly(t, map[string]object{host: hostTemplate(nil)})
	w.must(preflight.WriteRefusals(refused, []string{"first reason", "second reason"}))
	noRefusals := assembly(t, map[string]object{host: hostTemplate(nil)})
	w.must(preflight.WriteRefusals(noRefusals, nil))
	for _, c := range []struct {
		args   string
		status int
		lines  int
	}{
		{same, 0, 0},
		{refused, 1, 2},
		{noRefusals, 0, 0},
		{replaced, 1, 1},
		{"--replace-host " + replaced, 0, 0},
		{tasks, 1, 1},
		{"--seeding " + tasks, 0, 0},
		{both, 1, 2},
		{os.DevNull, 1, 1},
	} {
		var stdout, stderr bytes.Buffer
		status := preflight.Main(t.Context(), strings.Fields(c.args), &stdout, &stderr)
		if out := stdout.String(); (out != "") != (status == 0) || out != "" && !strings.HasPrefix(out, "PasswordManager-") {
			t.Errorf("%s: stdout %q", c.args, out)
		}
		if status != c.status || strings.Count(stderr.String(), "preflight: error: ") != c.lines || strings.Count(stderr.String(), "\n") != c.lines {
			t.Errorf("%s: exit %d, want %d; stderr %q", c.args, status, c.status, &stderr)
		}
	}
	for _, args := range [][]string{{}, {same, same}, {"--force", same}, {"--release", "latest", same}} {
		var stdout, stderr bytes.Buffer
		if status := preflight.Main(t.Context(), args, &stdout, &stderr); status != 2 || !strings.Contains(stderr.String(), "Usage: ") {
			t.Errorf("%q: exit %d, stderr %q", args, status, &stderr)
		}
	}
	var stdout, stderr bytes.Buffer
	if status := preflight.Main(t.Context(), []string{"--seeding", assembly(t, map[string]object{data: template(object{}), service: releaseTemplate()})},
		&stdout, &stderr); status != 0 || stdout.String() != data+"\n" || stderr.String() != "preflight: leaving out stack PasswordManager-Service, "+
		"because there is no image yet: run make push, then make release\n" {
		t.Errorf("without a release: exit %d, stdout %q, stderr %q", status, &stdout, &stderr)
	}
	stdout.Reset()
	stderr.Reset()
	if status := preflight.Main(t.Context(), []string{"--help"}, &stdout, &stderr); status != 0 || !strings.HasPrefix(stdout.String(), "Usage: ") || stderr.Len() > 0 {
		t.Errorf("--help: exit %d, stdout %q, stderr %q", status, &stdout, &stderr)
	}
}

func TestOutputsOfDeployedStacks(t *testing.T) {
	w := newWorld(t)
	for _, entry := range emulator.Env(t) {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value)
		}
	}
	images := template(object{"Images": repository("password-manager")})
	images["Outputs"] = object{"RepositoryName": object{"Value": object{"Ref": "Images"}}}
	dir := assembly(t, map[string]object{data: images, host: hostTemplate(nil)})
	for _, want := range []string{"{}", "{\n  \"PasswordManager-Data\": {\n    \"RepositoryName\": \"password-manager\"\n  }\n}"} {
		if got, err := preflight.Outputs(t.Context(), dir); err != nil || got != want {
			t.Errorf("outputs are %s, %v, want %s", got, err, want)
		}
		if want == "{}" {
			w.deploy(data, images)
		}
	}
	elsewhere := assemblyFor(t, "aws://111111111111/us-east-1", map[string]object{data: images})
	for dir, want := range map[string]string{elsewhere: "but the credentials belong to account 123456789012", os.DevNull: os.DevNull} {
		if got, err := preflight.Outputs(t.Context(), dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("outputs of %s are %s, %v", dir, got, err)
		}
	}
}
