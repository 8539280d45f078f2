package loopback

import (
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// RefusesTakenPort runs "script command PORT arguments" with a port that is in use, and expects a one-line error.
func RefusesTakenPort(t *testing.T, script, command string, arguments ...string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	cmd := exec.CommandContext(t.Context(), script, slices.Concat([]string{command, port}, arguments)...) //nolint:gosec // this repository's
	stdin, err := cmd.StdinPipe()                                                                         // a script that used the port would wait for its end
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	out, _ := cmd.CombinedOutput()
	if want := strings.TrimPrefix(script, "./") + ": error: port " + port + " is in use\n"; cmd.ProcessState.ExitCode() != 1 || string(out) != want {
		t.Errorf("exit %d, want %q: %s", cmd.ProcessState.ExitCode(), want, out)
	}
}
