//go:build integration

package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sessionmanager"
)

func TestPluginIsBuiltOrTheErrorSaysWhyNot(t *testing.T) {
	t.Parallel()
	elsewhere, tools := t.TempDir(), t.TempDir()
	for _, name := range []string{"bash", "dirname", "cat", "sha256sum", "cut", "mkdir", "mktemp", "grep", "head", "rm", "mv"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(tools, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		args []string
		env  []string
		code int
		want string
	}{
		{"no Go", []string{"path"}, []string{"PATH=" + tools}, 1, "session-manager-plugin.sh: error: go is missing: https://go.dev/dl/"},
		{"no network", []string{"path"}, []string{"XDG_CACHE_HOME=" + elsewhere, "GOMODCACHE=" + filepath.Join(elsewhere, "mod"), "GOPROXY=off"}, 1,
			"session-manager-plugin.sh: error: go could not build it: "},
		{"no directory", []string{"install", filepath.Join(elsewhere, "none")}, nil, 1, "session-manager-plugin.sh: error: " + elsewhere + "/none is not a directory"},
		{"no arguments", nil, nil, 2, "Usage: scripts/session-manager-plugin.sh path"},
	} {
		cmd := exec.CommandContext(t.Context(), "./session-manager-plugin.sh", c.args...)
		cmd.Env = append(os.Environ(), c.env...)
		out, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != c.code || !strings.HasPrefix(string(out), c.want) || c.code == 1 && strings.Count(string(out), "\n") != 1 {
			t.Errorf("%s: exit %d: %s, want %s", c.name, cmd.ProcessState.ExitCode(), out, c.want)
		}
	}
	// A failed build must not leave a file that looks like the plugin.
	if left, _ := filepath.Glob(filepath.Join(elsewhere, "vaultsphere/session-manager-plugin/*/session-manager-plugin")); len(left) > 0 {
		t.Errorf("%q is left behind", left)
	}
	sessionmanager.Plugin(t)
	into := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "./session-manager-plugin.sh", "install", into).CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("install: %v: %s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), filepath.Join(into, "session-manager-plugin"), "--version").Output() //nolint:gosec // it was just built
	if err != nil || !strings.HasPrefix(string(out), "1.") {
		t.Errorf("--version: %q, %v", out, err)
	}
}
