// Package loopback runs the servers that tests need: scripts of the form "NAME.sh run PORT", which listen on 127.0.0.1
// and end with their standard input.
package loopback

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
	"time"
)

// Server runs until this process ends, however it ends, or until it is collected: whoever needs it holds on to it.
type Server struct {
	URL string
	// The script ends the server when this end of the pipe closes.
	lifeline *os.File
}

// Start runs the script NAME.sh beside the caller's file on a free port and returns when it answers HTTP, whatever it says.
func Start(name string) (*Server, error) {
	_, caller, _, _ := runtime.Caller(1)
	script := filepath.Join(filepath.Dir(caller), name+".sh")
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		return nil, err
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	var output bytes.Buffer
	cmd := exec.Command(script, "run", strconv.Itoa(port)) //nolint:noctx,gosec // it lives as long as the process; the path is this repository's
	cmd.Stdin, cmd.Stdout, cmd.Stderr = reader, &output, &output
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	timeout := time.After(2 * time.Minute)
	for {
		select {
		case err := <-ended:
			return nil, fmt.Errorf("%s ended: %w: %s", name, err, output.String())
		case <-timeout:
			return nil, fmt.Errorf("%s gave no answer at %s in two minutes", name, url)
		case <-time.After(100 * time.Millisecond):
		}
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
		if err != nil {
			return nil, err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
			return &Server{url, writer}, nil
		}
	}
}
