//go:build integration

package engine

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// asUser makes this test binary another user of the shared engine, which exits without cleaning up.
const asUser = "VAULTSPHERE_ENGINE_USER"

func TestMain(m *testing.M) {
	if os.Getenv(asUser) == "" {
		os.Exit(m.Run())
	}
	e, err := shared()
	if err != nil {
		os.Stderr.WriteString(err.Error())
		os.Exit(1)
	}
	os.Stdout.WriteString(e.Host)
}

func run(t *testing.T, env []string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = env
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

func TestEnvLimitsChildrenToTheEngine(t *testing.T) {
	t.Setenv("DOCKER_CONTEXT", "production")
	t.Setenv("BUILDX_BUILDER", "a-person's")
	env := Shared(t).Env(t)
	for _, c := range []struct{ want, args string }{
		{"v0.29.1", "docker buildx version"},
		{"v2.40.3", "docker compose version --short"},
		{"linux", "docker version --format {{.Server.Os}}"},
		{"docker", "docker buildx inspect"},
	} {
		got := run(t, env, strings.Fields(c.args)...)
		if !strings.Contains(got, strings.TrimPrefix(c.want, "v")) {
			t.Errorf("%s prints %q, want %q", c.args, got, c.want)
		}
	}
	if got := run(t, env, Program(t, "caddy"), "version"); got != "v2.11.9" {
		t.Errorf("caddy is %s", got)
	}
}

func TestOtherBinariesShareTheEngine(t *testing.T) {
	e := Shared(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if got := run(t, append(os.Environ(), asUser+"=1"), self); got != e.Host {
		t.Errorf("another test binary uses %s, want %s", got, e.Host)
	}
	if !answers(e.Host) {
		t.Error("the engine stopped with the other test binary")
	}
}
