//go:build system

package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/executables"
)

// machine returns a PATH with the given programs, each a shell script, and with the basic programs of every system.
func machine(t *testing.T, programs map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"bash", "sh", "cat", "grep", "head", "tail", "sort", "mktemp", "rm", "env"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, script := range programs {
		if script == "" {
			continue
		}
		if err := executables.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSetupNamesMissingPrograms(t *testing.T) {
	t.Parallel()
	const (
		root, somebody = "echo 0", "echo 1000"
		works, fails   = "exit 0", "echo E: no network >&2; exit 100"
	)
	good := map[string]string{
		"go": "echo go1.26.11", "node": "echo v24.1.0", "npm": "echo 11.0.0", "python3": "[ $1 = -c ] || echo Python 3.11.2", "id": somebody, "sudo": "exit 1",
		"shellcheck": works, "gcc": works, "java": works, "mvn": works, "chromium": works, "firefox-esr": works, "apt-get": works,
	}
	for name, c := range map[string]struct {
		change map[string]string // "" removes a program
		env    []string
		status int
		want   string // the last line
	}{
		"nothing":                      {nil, nil, 0, ""},
		"no Go":                        {map[string]string{"go": ""}, nil, 1, "setup.sh: error: go 1.26 or newer is needed: https://go.dev/dl/"},
		"an old Go":                    {map[string]string{"go": "echo go1.25.9"}, nil, 1, "setup.sh: error: go is 1.25.9, but 1.26 or newer is needed: https://go.dev/dl/"},
		"no network for Go":            {map[string]string{"go": "echo go: downloading go1.26.11; echo go: no network >&2; exit 1"}, nil, 1, "setup.sh: error: go does not run: go: no network"},
		"a Go that says odd":           {map[string]string{"go": "echo devel"}, nil, 1, "setup.sh: error: go does not print its version: devel"},
		"Go just fetched":              {map[string]string{"go": "echo go: downloading go1.2.3 >&2; echo go1.26.11"}, nil, 0, ""},
		"an old Node.js":               {map[string]string{"node": "echo v18.2.0"}, nil, 1, "setup.sh: error: node is 18.2.0, but 20.0 or newer is needed: https://nodejs.org/"},
		"npm that warns":               {map[string]string{"npm": "echo npm 0.1.2 is old >&2; echo 11.0.0"}, nil, 0, ""},
		"an old Python":                {map[string]string{"python3": "[ $1 = -c ] || echo Python 3.9.2"}, nil, 1, "setup.sh: error: python3 is 3.9.2, but 3.11 or newer is needed: https://www.python.org/downloads/"},
		"no rights":                    {map[string]string{"mvn": "", "gcc": ""}, nil, 1, "setup.sh: error: programs are missing: run 'sudo apt-get install gcc libc6-dev maven'"},
		"rights, no network":           {map[string]string{"shellcheck": "", "id": root, "apt-get": fails}, nil, 1, "setup.sh: error: apt-get could not install shellcheck"},
		"another system":               {map[string]string{"chromium": "", "apt-get": ""}, nil, 1, "setup.sh: error: programs are missing: install chromium fonts-liberation (Debian's names) with your system's packages"},
		"a browser of one's own":       {map[string]string{"chromium": ""}, []string{"CHROMIUM=/bin/sh"}, 0, ""},
		"a browser that is not there":  {nil, []string{"FIREFOX=/no/firefox"}, 1, "setup.sh: error: FIREFOX is /no/firefox, which is not a program"},
		"what root can install is not": {map[string]string{"mvn": "", "id": root}, nil, 0, "setup.sh: installing maven"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			programs := map[string]string{}
			for _, of := range []map[string]string{good, c.change} {
				for program, script := range of {
					programs[program] = script
				}
			}
			cmd := exec.CommandContext(t.Context(), "./setup.sh", "build", "lint", "test")
			cmd.Env = append([]string{"PATH=" + machine(t, programs)}, c.env...)
			out, _ := cmd.CombinedOutput()
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			if cmd.ProcessState.ExitCode() != c.status || lines[len(lines)-1] != c.want || strings.Count(string(out), "error: ") > 1 {
				t.Errorf("exit %d, want %d and %q: %s", cmd.ProcessState.ExitCode(), c.status, c.want, out)
			}
		})
	}
}
