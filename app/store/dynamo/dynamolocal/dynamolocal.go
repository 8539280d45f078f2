// Package dynamolocal gives tests a real DynamoDB endpoint on loopback.
package dynamolocal

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"
)

// EnvEndpoint names an endpoint that runs already; without it a test binary starts one of its own.
const EnvEndpoint = "VAULTSPHERE_TEST_DYNAMODB"

// process is a running DynamoDB Local. It ends when lifeline closes, which is referred to from here so that it is not
// collected while tests still run.
type process struct {
	url      string
	lifeline *os.File
}

var started = sync.OnceValues(start)

// Endpoint returns the address of a DynamoDB Local that all tests of this binary share. It starts one at the first
// call, which takes seconds. Tests keep apart by the names of their tables.
func Endpoint(t testing.TB) string {
	t.Helper()
	if given := os.Getenv(EnvEndpoint); given != "" {
		return given
	}
	p, err := started()
	if err != nil {
		t.Fatalf("%v\ninstall it: scripts/dynamodb-local.sh install", err)
	}
	return p.url
}

func start() (*process, error) {
	_, here, _, _ := runtime.Caller(0)
	script := filepath.Join(filepath.Dir(here), "../../../../scripts/dynamodb-local.sh")
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		return nil, err
	}
	// The pipe stays open until this process ends, however it ends; then the script stops the server.
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	var output bytes.Buffer
	cmd := exec.Command(script, "run", strconv.Itoa(port)) //nolint:noctx,gosec // it lives as long as the process; the path is this repository's
	cmd.Stdin, cmd.Stdout, cmd.Stderr = reader, &output, &output
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start DynamoDB Local: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	timeout := time.After(2 * time.Minute)
	for {
		select {
		case err := <-ended:
			return nil, fmt.Errorf("DynamoDB Local ended: %w: %s", err, output.String())
		case <-timeout:
			return nil, fmt.Errorf("DynamoDB Local gave no answer at %s in two minutes", url)
		case <-time.After(100 * time.Millisecond):
		}
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
		if err != nil {
			return nil, err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
			return &process{url, writer}, nil
		}
	}
}
