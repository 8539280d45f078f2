package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// asProgram makes this test binary run as vaultsphered, in a separate process that a test can kill.
const asProgram = "VAULTSPHERED_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		signal.Ignore(syscall.SIGXFSZ) // exceeding the file size limit is a write error, as on a full disk
		// os.Exit would make a test binary with coverage print an extra line.
		syscall.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func program(t *testing.T, args []string, settings ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append([]string{environ.Child, asProgram + "=1"}, settings...)
	cmd.Dir = t.TempDir()
	return cmd
}

// process is a running server.
type process struct {
	cmd    *exec.Cmd
	url    string
	log    *output
	events *output // of the audit trail
	read   chan struct{}
}

// serveProcess starts a server on a free port and waits for the line with its URL.
func serveProcess(t *testing.T, settings ...string) *process {
	t.Helper()
	p := &process{log: &output{}, events: &output{}, read: make(chan struct{})}
	p.cmd = program(t, nil, append([]string{"LISTEN_ADDR=127.0.0.1:0", "METRICS_ADDR=off", "REGISTRATION=open"}, settings...)...)
	p.cmd.Stderr = p.log
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	if err != nil {
		_ = p.cmd.Wait()
		t.Fatalf("the server did not start: %s", p.log)
	}
	_, rest, _ := strings.Cut(line, "serving ")
	p.url, _, _ = strings.Cut(rest, ",")
	go func() {
		defer close(p.read)
		_, _ = io.Copy(p.events, lines) // until the process ends
	}()
	return p
}

// end sends a signal and waits for the process to exit. It returns the exit code, or -1 if a signal killed the process.
func (p *process) end(t *testing.T, s syscall.Signal) int {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	<-p.read
	_ = p.cmd.Wait() // the exit code is the result
	return p.cmd.ProcessState.ExitCode()
}
