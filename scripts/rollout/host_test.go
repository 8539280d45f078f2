//go:build integration

package rollout_test

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	"github.com/vaultsphere/vaultsphere/internal/testenv/engine"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/registry"
)

const (
	root            = "../.." // of the repository
	registryAddress = "127.0.0.1:5000"
	repository      = registryAddress + "/password-manager"
	site            = "https://localhost"
	// uid is the server's user in the image.
	uid = 65532
)

// host is a machine with its own Docker engine and a registry.
type host struct {
	home   string // HOME_DIRECTORY
	engine engine.Engine
	env    []string
	// within is a command that runs other commands in the host's network, if it is not the test's network.
	within []string
}

// newHost starts engine and registry, and builds the images of Caddy and the server.
func newHost(t *testing.T) *host {
	t.Helper()
	h := newMachine(t, newHome(t))
	emulator.Reset(t)
	h.startEngine(t)
	registry.Serve(t, registryAddress, filepath.Join(h.engine.Directory, "registry"))
	h.proxyImage(t, nil)
	h.serverImages(t)
	return h
}

// newMachine returns a host without an engine.
func newMachine(t *testing.T, home string) *host {
	t.Helper()
	for program, pkg := range map[string]string{
		"docker": "docker.io", "dockerd": "docker.io", "docker-registry": "docker-registry", "curl": "curl", "flock": "util-linux",
	} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is missing: apt-get install %s", program, pkg)
		}
	}
	// Socket paths must be short, and t.TempDir contains the test's name.
	directory, err := os.MkdirTemp("", "rollout")
	must(t, err)
	t.Cleanup(func() {
		// An engine leaves a mount behind if it was restarted.
		_ = syscall.Unmount(filepath.Join(directory, "data"), syscall.MNT_DETACH)
		must(t, os.RemoveAll(directory))
	})
	h := &host{home: home, engine: engine.Engine{Host: "unix://" + filepath.Join(directory, "docker.sock"), Directory: directory}}
	h.env = append(h.engine.Env(t), "HOME_DIRECTORY="+h.home, "WATCH_SECONDS=1", "READY_TRIES=2", "READY_INTERVAL=1")
	return h
}

// proxyImage builds Caddy's image with additional files.
func (h *host) proxyImage(t *testing.T, more map[string]string) {
	t.Helper()
	files := map[string]string{"usr/bin/caddy": engine.Program(t, "caddy")}
	maps.Copy(files, more)
	h.image(t, caddyImage(t), 0, files, "ENV PATH=/usr/bin")
}

func (h *host) serverImages(t *testing.T) {
	t.Helper()
	deploy := map[string]string{
		"deploy/docker-compose.yml": filepath.Join(root, "docker-compose.yml"),
		"deploy/Caddyfile":          filepath.Join(root, "Caddyfile"),
		"deploy/fetch-env.sh":       filepath.Join(root, "scripts/fetch-env.sh"),
		"deploy/rollout.sh":         filepath.Join(root, "scripts/rollout.sh"),
	}
	deploy["vaultsphered"] = build(t, "./app/cmd/vaultsphered")
	h.image(t, "vaultsphere", uid, deploy, `ENTRYPOINT ["/vaultsphered"]`, "ENV DATA_DIR=/data LISTEN_ADDR=:", fmt.Sprintf("USER %d", uid))
	delete(deploy, "vaultsphered")
	deploy["faulty"] = build(t, "./scripts/rollout/testdata/faulty")
	h.image(t, "faulty", uid, deploy, `ENTRYPOINT ["/faulty"]`)
}

// newHome creates the directory of a new host.
func newHome(t *testing.T) string {
	t.Helper()
	must(t, errors.Join(os.RemoveAll(names.HostDirectory), os.MkdirAll(names.HostDirectory, 0o750)))
	return names.HostDirectory
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func build(t *testing.T, pkg string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, pkg)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, out)
	}
	return program
}

// caddyImage returns the image that the Compose file names. The tests must build the same version.
func caddyImage(t *testing.T) string {
	t.Helper()
	cmd := exec.Command(engine.Program(t, "caddy"), "version")
	out, err := cmd.Output()
	must(t, err)
	return "public.ecr.aws/docker/library/caddy:" + strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
}

// startEngine runs an engine with the script's settings until the test ends. The engine of engine.Shared is not suitable, because it
// is in the machine's network, and other tests use it too.
func (h *host) startEngine(t *testing.T) {
	t.Helper()
	reader, lifeline, err := os.Pipe()
	must(t, err)
	var log bytes.Buffer
	cmd := h.command(filepath.Join(root, "internal/testenv/engine/docker-engine.sh"), "run", h.engine.Directory)
	cmd.Env = nil // without the variables of the engine's clients
	cmd.Stdin, cmd.Stdout, cmd.Stderr = reader, &log, &log
	must(t, cmd.Start())
	reader.Close()
	t.Cleanup(func() {
		lifeline.Close()
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Logf("the engine: %v\n%s", err, log.String())
		}
	})
	await.Until(t, "a Docker engine", h.engineAnswers)
}

func (h *host) engineAnswers() bool { return h.command("docker", "version").Run() == nil }

// restartEngine stops the engine as systemd does. The script starts it again.
func (h *host) restartEngine(t *testing.T) {
	t.Helper()
	before := h.enginePID(t)
	must(t, syscall.Kill(before, syscall.SIGTERM))
	await.Until(t, "the engine's end", func() bool { return syscall.Kill(before, 0) != nil })
	await.Until(t, "the engine's return", h.engineAnswers)
	if h.enginePID(t) == before {
		t.Fatal("the engine has not restarted")
	}
}

func (h *host) enginePID(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(h.engine.Directory, "docker.pid"))
	must(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	must(t, err)
	return pid
}

// image builds an image from files, and a /data that only owner may write. paths maps each path in the image to its source.
func (h *host) image(t *testing.T, name string, owner int, paths map[string]string, changes ...string) {
	t.Helper()
	var files bytes.Buffer
	w := tar.NewWriter(&files)
	must(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "data/", Mode: 0o700, Uid: owner, Gid: owner}))
	for path, source := range paths {
		content, err := os.ReadFile(source)
		must(t, err)
		must(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: path, Mode: 0o755, Size: int64(len(content))}))
		_, err = w.Write(content)
		must(t, err)
	}
	must(t, w.Close())
	args := []string{"import"}
	for _, change := range changes {
		args = append(args, "--change", change)
	}
	cmd := h.command("docker", append(args, "-", name)...)
	cmd.Stdin = &files
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("docker import %s: %v\n%s", name, err, out)
	}
}

var releases int

// release pushes a copy of the image name with a unique digest, and returns its reference by digest.
func (h *host) release(t *testing.T, name string, changes ...string) string {
	t.Helper()
	releases++
	tag := fmt.Sprintf("%s:%d", repository, releases)
	container := h.docker(t, "create", "--network", "none", name)
	args := []string{"commit", "--change", fmt.Sprintf("LABEL number=%d", releases)}
	for _, change := range changes {
		args = append(args, "--change", change)
	}
	h.docker(t, append(args, container, tag)...)
	h.docker(t, "rm", container)
	h.docker(t, "push", "--quiet", tag)
	image := h.docker(t, "image", "inspect", "--format", "{{index .RepoDigests 0}}", tag)
	h.docker(t, "image", "rm", tag) // so that a rollout must pull it
	return image
}

func (h *host) command(program string, args ...string) *exec.Cmd {
	line := slices.Concat(h.within, []string{program}, args)
	cmd := exec.Command(line[0], line[1:]...) //nolint:gosec // the programs are named by the tests
	cmd.Env = h.env
	return cmd
}

// docker runs the command line and returns its output.
func (h *host) docker(t *testing.T, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := h.command("docker", args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// A run is the result of one run of rollout.sh.
type run struct {
	code int // -1 if a signal ended it
	said string
	took time.Duration
}

func (h *host) rollout(env []string, args ...string) run {
	var out bytes.Buffer
	cmd := h.command(filepath.Join(root, "scripts/rollout.sh"), args...)
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	begin := time.Now()
	err := cmd.Run()
	if cmd.ProcessState == nil {
		return run{-1, err.Error(), 0}
	}
	return run{cmd.ProcessState.ExitCode(), strings.TrimSpace(out.String()), time.Since(begin)}
}

// mustServe rolls out an image that must serve.
func (h *host) mustServe(t *testing.T, image string, env ...string) run {
	t.Helper()
	r := h.rollout(env, image)
	if r.code != 0 || !strings.Contains(r.said, digest(image)+" serves") {
		t.Fatalf("exit %d: %s", r.code, r.said)
	}
	h.serves(t, image)
	return r
}

// serves checks that exactly one slot serves, and that it runs image.
func (h *host) serves(t *testing.T, image string) {
	t.Helper()
	r := h.rollout(nil, "--status")
	if r.code != 0 || strings.Count(r.said, "serving ") != 1 || !strings.Contains(r.said, "serving "+image) ||
		!strings.Contains(r.said, "current  "+digest(image)) {
		t.Errorf("%s must serve, alone: exit %d\n%s", image, r.code, r.said)
	}
}

func digest(image string) string {
	_, d, _ := strings.Cut(image, "@")
	return d
}

func (h *host) write(t *testing.T, name, content string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(h.home, name), []byte(content), 0o600))
}

// authority returns the proxy's authority, which signs the certificate of localhost.
func (h *host) authority(t *testing.T) *x509.CertPool {
	t.Helper()
	var archive []byte
	await.Until(t, "the proxy's authority", func() (ok bool) {
		var err error
		archive, err = h.command("docker", "cp", "vaultsphere-proxy:/data/caddy/pki/authorities/local/root.crt", "-").Output()
		return err == nil
	})
	files := tar.NewReader(bytes.NewReader(archive))
	_, err := files.Next()
	must(t, err)
	certificate, err := io.ReadAll(files)
	must(t, err)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(certificate) {
		t.Fatalf("the proxy's authority is not a certificate: %s", certificate)
	}
	return pool
}
