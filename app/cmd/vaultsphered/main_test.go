package main

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
)

func runProgram(t *testing.T, args []string, settings ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := program(t, args, settings...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // the exit code is enough
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestServePrintsItsURLAndStopsOnSIGTERM(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault data")
	p := serveProcess(t, "DATA_DIR="+dir)
	await.Until(t, "a server that is ready", func() bool {
		res, err := http.Get(p.url + "/ready")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	_, port, _ := strings.Cut(strings.TrimPrefix(p.url, "http://"), ":")
	if code, _, stderr := runProgram(t, []string{"health"}, "PORT="+port); code != 0 {
		t.Errorf("health: exit %d: %s", code, stderr)
	}
	if code := p.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit %d: %s", code, p.log)
	}
	if code, _, stderr := runProgram(t, []string{"health"}, "PORT="+port); code != 1 || !strings.HasPrefix(stderr, "vaultsphered: error: ") {
		t.Errorf("health of a stopped server: exit %d: %s", code, stderr)
	}
	for _, name := range []string{"vault.db", "session.key"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestBadSettingEndsTheProgram(t *testing.T) {
	code, stdout, stderr := runProgram(t, nil, "PORT=http", "VAULTSPHERE_COLOUR=blue")
	if code != 1 || stdout != "" || !strings.Contains(stderr, "PORT must be") || !strings.Contains(stderr, "VAULTSPHERE_COLOUR") {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
}

func TestAddressInUseNamesItsSetting(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	taken := listener.Addr().String()
	for setting, settings := range map[string][]string{
		"PORT":         {"LISTEN_ADDR=" + taken, "METRICS_ADDR=off"},
		"METRICS_ADDR": {"LISTEN_ADDR=127.0.0.1:0", "METRICS_ADDR=" + taken},
	} {
		code, stdout, stderr := runProgram(t, nil, settings...)
		want := "vaultsphered: error: listen tcp " + taken + ": bind: address already in use: " + "set another address with " + setting + "\n"
		if code != 1 || stdout != "" || !strings.HasSuffix(stderr, want) {
			t.Errorf("exit %d, %q, %q; want %q", code, stdout, stderr, want)
		}
	}
}

func TestCommands(t *testing.T) {
	for _, c := range []struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		{[]string{"version"}, 0, version, ""},
		{[]string{"--help"}, 0, "SESSION_SECRET", ""},
		{[]string{"server"}, 2, "", "Usage: vaultsphered"},
		{[]string{"serve", "now"}, 2, "", "Usage: vaultsphered"},
		{[]string{"--help"}, 0, "restore [--replace] FILE", ""},
		{[]string{"invite", "--administrator"}, 2, "", "Usage: vaultsphered"},
		{[]string{"invite", "--admin", "--admin"}, 2, "", "Usage: vaultsphered"},
		{[]string{"invite", "--admin", "a", "b"}, 2, "", "Usage: vaultsphered"},
		{[]string{"users", "suspend"}, 2, "", "Usage: vaultsphered"},
		{[]string{"users", "read", "ada"}, 2, "", "Usage: vaultsphered"},
		{[]string{"users", "delete", "--all"}, 2, "", "Usage: vaultsphered"},
		{[]string{"invite", "a", "b"}, 2, "", "Usage: vaultsphered"},
		{[]string{"backup"}, 2, "", "Usage: vaultsphered"},
		{[]string{"backup", "--force", "a"}, 2, "", "Usage: vaultsphered"},
		{[]string{"backup", "-f"}, 2, "", "Usage: vaultsphered"},
		{[]string{"restore", "--replace"}, 2, "", "Usage: vaultsphered"},
		{[]string{"restore", "a", "b"}, 2, "", "Usage: vaultsphered"},
	} {
		code, stdout, stderr := runProgram(t, c.args)
		if code != c.code || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) || (c.stdout == "" && stdout != "") {
			t.Errorf("%v: exit %d, %q, %q", c.args, code, stdout, stderr)
		}
	}
}
