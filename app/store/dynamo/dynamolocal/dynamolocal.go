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

// lifeline is the write end of the pipe that DynamoDB Local lives by: referred to here, so that it is not collected
// and closed while tests still run.
var lifeline *os.File

// started is kept for the life of the process: DynamoDB Local ends when the pipe to it closes.
var started = sync.OnceValues(start)

// Endpoint returns the address of a DynamoDB Local that all tests of this binary share. It starts one at the first
// call, which takes seconds. Tests keep apart by the names of their tables.
func Endpoint(t testing.TB) string {
	t.Helper()
	if given := os.Getenv(EnvEndpoint); given != "" {
		return given
	}
	url, err := started()
	if err != nil {
		t.Fatalf("%v\ninstall it: scripts/dynamodb-local.sh install", err)
	}
	return url
}

func start() (string, error) {
	_, here, _, _ := runtime.Caller(0)
	script := filepath.Join(filepath.Dir(here), "../../../../scripts/dynamodb-local.sh")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		return "", err
	}
	// The pipe stays open until this process ends, however it ends; then the script stops the server.
	reader, writer, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer reader.Close()
	lifeline = writer
	var output bytes.Buffer
	cmd := exec.Command(script, "run", strconv.Itoa(port)) //nolint:noctx,gosec // it lives as long as the process; the path is this repository's
	cmd.Stdin, cmd.Stdout, cmd.Stderr = reader, &output, &output
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("start DynamoDB Local: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	timeout := time.After(2 * time.Minute)
	for {
		select {
		case err := <-ended:
			return "", fmt.Errorf("DynamoDB Local ended: %w: %s", err, output.String())
		case <-timeout:
			return "", fmt.Errorf("DynamoDB Local gave no answer at %s in two minutes", url)
		case <-time.After(100 * time.Millisecond):
		}
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
		if err != nil {
			return "", err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
			return url, nil
		}
	}
}
