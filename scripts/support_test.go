//go:build integration

package scripts_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/executables"
)

// awsProgram returns the AWS command line that the lock file pins.
var awsProgram = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("./python-tool.sh", "path", "aws").Output()
	return strings.TrimSpace(string(out)), err
})

// environment returns the emulator's environment with the AWS command line in PATH. Later variables win.
func environment(t *testing.T, more ...string) []string {
	t.Helper()
	program, err := awsProgram()
	if err != nil {
		t.Fatalf("install the AWS command line: %v", err)
	}
	env := append(emulator.Env(t), "AWS_MAX_ATTEMPTS=1", "PATH="+filepath.Dir(program)+":"+os.Getenv("PATH"))
	return append(env, more...)
}

// run returns the exit status and stderr of a script. The script must not print to stdout.
func run(t *testing.T, env []string, cmd *exec.Cmd) (status int, said string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &stdout, &stderr
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Error(err)
	}
	if stdout.Len() > 0 {
		t.Errorf("stdout has %q", &stdout)
	}
	return cmd.ProcessState.ExitCode(), stderr.String()
}

func client(t *testing.T, region string) *ssm.Client {
	cfg := emulator.Config(t)
	cfg.Region = region
	return ssm.NewFromConfig(cfg)
}

// answers starts a fake SSM that returns the next of the given answers for each call of an action, such as "GetParameters".
func answers(t *testing.T, next map[string][]string) string {
	t.Helper()
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if request, _ := io.ReadAll(r.Body); bytes.Contains(request, []byte("Overwrite")) {
			t.Error("the script would overwrite another run's value")
		}
		if len(next[action]) == 0 {
			t.Errorf("unexpected call of %s", action)
			return
		}
		said := next[action][0]
		next[action] = next[action][1:]
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if strings.Contains(said, "__type") {
			w.WriteHeader(http.StatusBadRequest)
		}
		io.WriteString(w, said)
	}))
	t.Cleanup(server.Close)
	return "AWS_ENDPOINT_URL=" + server.URL
}

// isolatedPath returns a PATH with only these programs and bash.
func isolatedPath(t *testing.T, programs ...string) string {
	t.Helper()
	bin := t.TempDir()
	for _, name := range append(programs, "bash") {
		program, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(program, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	return bin
}

// watched returns a PATH with a wrapper for each of these programs. The wrapper appends its arguments and environment, which other
// processes can see, to the file log. Then it runs the real program.
func watched(t *testing.T, programs map[string]string) (path, log string) {
	t.Helper()
	bin, log := t.TempDir(), filepath.Join(t.TempDir(), "log")
	for name, program := range programs {
		wrapper := fmt.Sprintf("#!/bin/sh\n/bin/cat /proc/$$/cmdline /proc/$$/environ >>%s\nexec %s \"$@\"\n", log, program)
		if err := executables.WriteFile(filepath.Join(bin, name), []byte(wrapper), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return bin + ":" + os.Getenv("PATH"), log
}
