// Package loopback runs servers for tests: scripts of the form "NAME.sh run PORT", which listen on 127.0.0.1 and stop when their
// standard input ends.
package loopback

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// Server runs until this process exits for any reason, or until the Server is garbage collected: keep a reference to it.
type Server struct {
	URL string
	// The script stops the server when this end of the pipe closes and the lock is released.
	lifeline, lock *os.File
}

// Start runs the script NAME.sh in the directory of the caller's file on a free port, and returns when it answers HTTP requests with
// any status.
func Start(name string) (*Server, error) { return alone(beside(name), name, startTimeout, answers) }

// StartUntil is like Start for a server that answers before it is ready: it returns when ready is true for the server's URL, and
// fails after timeout.
func StartUntil(name string, timeout time.Duration, ready func(url string) bool) (*Server, error) {
	return alone(beside(name), name, timeout, ready)
}

const startTimeout = 2 * time.Minute

func alone(script, name string, timeout time.Duration, ready func(url string) bool) (*Server, error) {
	dir, err := os.MkdirTemp("", name)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	return start(script, name, dir, timeout, ready)
}

// Share is like Start for a server that all test processes of a user share: the first process starts it, and it stops after the last
// one. The script has the form "NAME.sh run PORT LOCK": when its standard input has ended, it waits for an exclusive lock on the file
// LOCK (flock(1)), on which each process holds a shared lock.
func Share(name string) (*Server, error) {
	script := beside(name)
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	// Each network namespace has its own loopback interface.
	namespace, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cache, "vaultsphere", "shared", name+"-"+strings.Trim(namespace, "net:[]"))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	users := filepath.Join(dir, "users")
	// Two locks, so that a process never uses a server that is about to stop.
	starting, err := Lock(filepath.Join(dir, "starting"), syscall.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer starting.Close()
	lock, err := Lock(users, syscall.LOCK_SH)
	if err != nil {
		return nil, err
	}
	address := filepath.Join(dir, "url")
	if url, err := os.ReadFile(address); err == nil && answers(string(url)) {
		return &Server{URL: string(url), lock: lock}, nil
	}
	server, err := start(script, name, dir, startTimeout, answers, users)
	if err != nil {
		lock.Close()
		return nil, err
	}
	server.lock = lock
	return server, os.WriteFile(address, []byte(server.URL), 0o600)
}

// beside returns the path of NAME.sh in the folder of the file that calls Start, StartUntil or Share.
func beside(name string) string {
	_, caller, _, _ := runtime.Caller(2)
	return filepath.Join(filepath.Dir(caller), name+".sh")
}

// Lock waits for a lock on the file (flock(2)). The lock is released when the file is closed or the process ends.
func Lock(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how) //nolint:gosec // a file descriptor is an int
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, &fs.PathError{Op: "lock", Path: path, Err: err}
	}
	return f, nil
}

func start(script, name, dir string, timeout time.Duration, ready func(url string) bool, arguments ...string) (*Server, error) {
	port, err := FreePort(context.Background())
	if err != nil {
		return nil, err
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	// Use a file: the server may outlive this process, and a broken pipe would kill it.
	output, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer output.Close()
	cmd := exec.Command(script, append([]string{"run", strconv.Itoa(port)}, arguments...)...) //nolint:noctx,gosec // it lives as long as its users; the path is this repository's
	cmd.Stdin, cmd.Stdout, cmd.Stderr = reader, output, output
	// A separate process group, so that Ctrl-C does not stop the server: other processes may still use it, and the script stops it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	over := time.After(timeout)
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case err := <-ended:
			said, _ := os.ReadFile(output.Name())
			return nil, fmt.Errorf("%s ended: %w: %s", name, err, said)
		case <-over:
			return nil, fmt.Errorf("%s is not ready at %s after %s", name, url, timeout)
		case <-again.C:
		}
		if ready(url) {
			return &Server{URL: url, lifeline: writer}, nil
		}
	}
}

// answers reports whether an HTTP server answers there, with any status.
func answers(url string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	res.Body.Close()
	return true
}
