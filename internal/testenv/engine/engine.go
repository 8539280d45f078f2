// Package engine gives tests and measurements a Docker engine and related programs.
package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/loopback"
)

// Engine is a running Docker engine.
type Engine struct {
	// Host is its address, as in DOCKER_HOST.
	Host string
	// Directory contains all files of a private engine, including its process id in docker.pid. If that process is killed, it is
	// started again. Empty for an engine that was already running.
	Directory string
	// The script stops the engine when this end of the pipe closes and the lock is released.
	lifeline, lock *os.File
}

const answerTimeout = 2 * time.Minute

var shared = sync.OnceValues(func() (*Engine, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if exec.CommandContext(ctx, "docker", "version").Run() == nil {
		// Use the engine's address, not its context, because Env replaces the configuration, which has the contexts.
		host, err := exec.CommandContext(ctx, "docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}").Output()
		return &Engine{Host: strings.TrimSpace(string(host))}, err
	}
	return private()
})

const hint = "install it: scripts/setup.sh && internal/testenv/engine/docker-engine.sh install"

// Find returns an engine that all tests of this machine share, across processes: the running engine, or a private one that stops
// with its last user and keeps its images and its build cache for the next time. Users must choose unique names for containers,
// networks, volumes and tags, and remove them.
func Find() (*Engine, error) {
	e, err := shared()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, hint)
	}
	return e, nil
}

// Shared is Find for a test.
func Shared(t testing.TB) *Engine {
	t.Helper()
	e, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// private takes the lock of the private engine. There is only one per machine, because an engine flushes the firewall rules of
// others when it starts. The lock is released when its process exits for any reason.
func private() (*Engine, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	e := &Engine{Directory: filepath.Join(cache, "vaultsphere", "docker", "engine")}
	e.Host = "unix://" + filepath.Join(e.Directory, "docker.sock")
	if err := os.MkdirAll(e.Directory, 0o700); err != nil {
		return nil, err
	}
	if e.lock, err = loopback.Lock(filepath.Join(e.Directory, "users"), syscall.LOCK_SH); err != nil {
		return nil, err
	}
	starting, err := loopback.Lock(filepath.Join(e.Directory, "starting"), syscall.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer starting.Close()
	if answers(e.Host) {
		return e, nil
	}
	return e, e.start()
}

func (e *Engine) start() error {
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	defer reader.Close()
	// Use a file: the engine may outlive the process that starts it, and a broken pipe would kill it.
	output, err := os.Create(filepath.Join(e.Directory, "log"))
	if err != nil {
		return err
	}
	defer output.Close()
	cmd := exec.Command(script(), "run", e.Directory) //nolint:noctx,gosec // it lives as long as its users; the path is this repository's
	cmd.Stdin, cmd.Stdout, cmd.Stderr = reader, output, output
	// A signal to this process group, such as Ctrl-C, must not stop the engine: other test binaries may use it, and its containers
	// must stop first.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the Docker engine: %w", err)
	}
	e.lifeline = writer
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	timeout := time.After(answerTimeout)
	for {
		select {
		case err := <-ended:
			said, _ := os.ReadFile(output.Name())
			return fmt.Errorf("the Docker engine ended: %w: %s", err, said)
		case <-timeout:
			return fmt.Errorf("the Docker engine gave no answer at %s in %s", e.Host, answerTimeout)
		case <-time.After(100 * time.Millisecond):
		}
		if answers(e.Host) {
			return nil
		}
	}
}

func answers(host string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return exec.CommandContext(ctx, "docker", "--host", host, "version").Run() == nil //nolint:gosec // a trusted host
}

func script() string { return beside("docker-engine.sh") }

func beside(name string) string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), name)
}

var programs = sync.OnceValues(func() (string, error) {
	return output(nil, script(), "path")
})

// output returns the output of the command. It has no timeout, because a build takes minutes.
func output(env []string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...) //nolint:noctx,gosec // the path is this repository's
	cmd.Env = env
	out, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("%w: %s", err, failed.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}

// Program returns the path of docker-buildx, buildkitd, rootlesskit, docker-compose or caddy.
func Program(t testing.TB, name string) string {
	t.Helper()
	folder, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, name)
}

// Environ returns the environment for a child process that uses the engine: this process's environment, with a configuration in the
// new folder config, which has the plugins but no credentials.
func (e *Engine) Environ(config string) ([]string, error) {
	folder, err := programs()
	if err != nil {
		return nil, err
	}
	plugins := filepath.Join(config, "cli-plugins")
	if err := os.MkdirAll(plugins, 0o700); err != nil {
		return nil, err
	}
	for _, name := range []string{"docker-buildx", "docker-compose"} {
		if err := os.Symlink(filepath.Join(folder, name), filepath.Join(plugins, name)); err != nil {
			return nil, err
		}
	}
	// Do not use a developer's builder or context.
	env := without(os.Environ(), "DOCKER_CONTEXT", "BUILDX_BUILDER", "BUILDX_CONFIG", "COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "COMPOSE_PROFILES")
	return append(env, "DOCKER_CONFIG="+config, "DOCKER_HOST="+e.Host), nil
}

// Env is Environ for a test, in a temporary folder.
func (e *Engine) Env(t testing.TB) []string {
	t.Helper()
	env, err := e.Environ(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return env
}

// Build returns the variables for building the server's image here with env: the machine's tools instead of the base images, and the
// machine's network.
func (e *Engine) Build(env []string) ([]string, error) {
	image, err := output(env, beside("builder-image.sh"))
	if err != nil {
		return nil, err
	}
	return []string{"GO_IMAGE=" + image, "NODE_IMAGE=" + image, "IMAGE_ARGS=--network host"}, nil
}

func without(env []string, names ...string) []string {
	var rest []string
	for _, entry := range env {
		name, _, _ := strings.Cut(entry, "=")
		if !slices.Contains(names, name) {
			rest = append(rest, entry)
		}
	}
	return rest
}
