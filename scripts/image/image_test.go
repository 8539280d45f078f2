//go:build integration

// Package image_test builds the server's image with "make image", and runs it as a host does.
package image_test

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
)

const (
	uid     = "65532"
	maxSize = 25_000_000
)

// built builds the image and returns its reference and its checkout.
func built(t *testing.T, env []string) (image, dir string) {
	t.Helper()
	dir = checkout(t)
	name := unique()
	run(t, dir, env, "make", "image", "IMAGE="+name)
	image = name + ":" + run(t, dir, env, "git", "rev-parse", "HEAD")[:12]
	remove(t, env, "image", "rm", image)
	return image, dir
}

func TestImage(t *testing.T) {
	env := environment(t)
	image, dir := built(t, env)
	t.Run("contains one static program, certificates and the release's files", func(t *testing.T) { testFiles(t, env, image, dir) })
	t.Run("describes itself", func(t *testing.T) { testConfig(t, env, image, dir) })
	t.Run("serves without privileges", func(t *testing.T) { testServes(t, env, image) })
	t.Run("has a reproducible program", func(t *testing.T) { testSameProgram(t, env, image) })
	t.Run("can be built for another platform", func(t *testing.T) { testOtherPlatform(t, env, dir) })
}

func testFiles(t *testing.T, env []string, image, dir string) {
	files := entries(t, env, image)
	want := []string{"/data", "/deploy", "/etc", "/etc/ssl", "/etc/ssl/certs", "/etc/ssl/certs/ca-certificates.crt", names.ServerProgram}
	for name, source := range deployed {
		name = "/deploy/" + name
		want = append(want, name)
		content, err := os.ReadFile(filepath.Join(dir, source))
		must(t, err)
		mode := fs.FileMode(0o644)
		if strings.HasSuffix(name, ".sh") {
			mode = 0o755
		}
		if got := files[name]; !bytes.Equal(got.content, content) || got.FileInfo().Mode() != mode {
			t.Errorf("%s is not %s with mode %v", name, source, mode)
		}
	}
	var got []string
	for name, f := range files {
		got = append(got, name)
		owner := 0
		if name == "/data" {
			owner, _ = strconv.Atoi(uid)
		}
		if f.Uid != owner || f.Mode&0o022 != 0 {
			t.Errorf("%s belongs to %d, mode %o", name, f.Uid, f.Mode)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the image contains %v, want %v", got, want)
	}
	static(t, files[names.ServerProgram].content, map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[runtime.GOARCH])
	if !bytes.Contains(files["/etc/ssl/certs/ca-certificates.crt"].content, []byte("BEGIN CERTIFICATE")) {
		t.Error("no certificate to trust")
	}
}

func static(t *testing.T, program []byte, machine elf.Machine) {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(program))
	must(t, err)
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("the program has a %v segment: it is not static", p.Type)
		}
	}
	if f.Machine != machine {
		t.Errorf("the program is for %v, want %v", f.Machine, machine)
	}
}

func testConfig(t *testing.T, env []string, image, dir string) {
	var all []struct {
		Size   int64
		Config struct {
			User            string
			Entrypoint, Cmd []string
			Env             []string
			ExposedPorts    map[string]struct{}
			Labels          map[string]string
			Volumes         map[string]struct{}
			Healthcheck     struct {
				Test                           []string
				Interval, Timeout, StartPeriod time.Duration
				Retries                        int
			}
		}
	}
	must(t, json.Unmarshal([]byte(run(t, root, env, "docker", "image", "inspect", image)), &all))
	size, c := all[0].Size, all[0].Config
	t.Logf("%.1f MB", float64(size)/1e6)
	if size >= maxSize {
		t.Errorf("the image has %d bytes, want less than %d", size, maxSize)
	}
	if c.User != uid+":"+uid {
		t.Errorf("the image runs as %q", c.User)
	}
	if !slices.Equal(c.Entrypoint, []string{names.ServerProgram}) || len(c.Cmd) > 0 {
		t.Errorf("the image runs %q %q", c.Entrypoint, c.Cmd)
	}
	if _, ok := c.ExposedPorts[strconv.Itoa(names.DefaultPort)+"/tcp"]; !ok || len(c.ExposedPorts) != 1 {
		t.Errorf("the image exposes %v", c.ExposedPorts)
	}
	// With a volume in the image, each container would leave an anonymous volume behind.
	if len(c.Volumes) > 0 {
		t.Errorf("the image has volumes: %v", c.Volumes)
	}
	h := c.Healthcheck
	if !slices.Equal(h.Test, []string{"CMD", names.ServerProgram, "health"}) || h.Interval != 30*time.Second ||
		h.Timeout != 10*time.Second || h.StartPeriod != 5*time.Second || h.Retries != 3 {
		t.Errorf("the health check is %+v", h)
	}
	commit := run(t, dir, env, "git", "rev-parse", "HEAD")
	for label, want := range map[string]string{
		"revision": commit, "version": versionOf(t, dir), "source": "https://github.com/vaultsphere/vaultsphere", "title": "VaultSphere",
		"licenses": "Apache-2.0",
	} {
		if got := c.Labels["org.opencontainers.image."+label]; got != want {
			t.Errorf("label %s is %q, want %q", label, got, want)
		}
	}
	if got := run(t, root, env, "docker", "run", "--rm", "--network", "none", image, "version"); got != versionOf(t, dir) {
		t.Errorf("the program is version %q, want %q", got, versionOf(t, dir))
	}
}

func testServes(t *testing.T, env []string, image string) {
	volume, network := unique(), unique()
	run(t, root, env, "docker", "network", "create", network)
	remove(t, env, "network", "rm", network)
	remove(t, env, "volume", "rm", volume)
	for _, start := range []string{"first", "again on the same volume"} {
		t.Run(start, func(t *testing.T) {
			began := time.Now()
			container := run(t, root, env, "docker", "run", "--detach", "--read-only", "--cap-drop", "ALL",
				"--security-opt", "no-new-privileges", "--network", network, "--volume", volume+":/data",
				"--publish", fmt.Sprintf("127.0.0.1::%d", names.DefaultPort), "--health-interval", "1s", image)
			remove(t, env, "rm", "--force", container)
			address := run(t, root, env, "docker", "port", container, strconv.Itoa(names.DefaultPort))
			url := "http://" + strings.Fields(address)[0]
			awaitContainer(t, env, container, "ready", func() bool { return status(url+names.PathReady) == http.StatusOK })
			t.Logf("ready after %s", time.Since(began).Round(time.Millisecond))
			if s := status(url + "/health"); s != http.StatusOK {
				t.Errorf("/health answers %d", s)
			}
			if s := status(url + "/"); s != http.StatusOK {
				t.Errorf("the page answers %d: it is not in the image", s)
			}
			awaitContainer(t, env, container, "healthy", func() bool {
				return run(t, root, env, "docker", "inspect", "--format", "{{.State.Health.Status}}", container) == "healthy"
			})
			process := strings.Fields(run(t, root, env, "docker", "top", container, "-o", "pid,uid"))
			if len(process) != 4 || process[3] != uid {
				t.Fatalf("the container runs %v", process)
			}
			// A program that does not stop in time is killed and exits with 137.
			run(t, root, env, "docker", "stop", "--time", "30", container)
			if code := run(t, root, env, "docker", "inspect", "--format", "{{.State.ExitCode}}", container); code != "0" {
				t.Errorf("after SIGTERM, it exits with %s", code)
			}
		})
	}
}

func status(url string) int {
	res, err := http.Get(url)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

func awaitContainer(t *testing.T, env []string, container, what string, ok func() bool) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := output(root, env, "sh", "-c", `docker logs "$0" 2>&1; docker inspect --format '{{json .State}}' "$0"`, container)
			t.Log(log)
		}
	})
	await.Until(t, "a container that is "+what, ok)
}

// testSameProgram builds page and program outside any container, in a separate checkout.
func testSameProgram(t *testing.T, env []string, image string) {
	dir := checkout(t)
	// There is no .git where the image is built.
	run(t, dir, append(env, "GOFLAGS=-buildvcs=false"), "make", "build", "VERSION="+versionOf(t, dir))
	program, err := os.ReadFile(filepath.Join(dir, "bin/vaultsphered"))
	must(t, err)
	if !bytes.Equal(entries(t, env, image)[names.ServerProgram].content, program) {
		t.Error("two builds of one commit differ")
	}
}

func testOtherPlatform(t *testing.T, env []string, dir string) {
	other, machine := "arm64", elf.EM_AARCH64
	if runtime.GOARCH == other {
		other, machine = "amd64", elf.EM_X86_64
	}
	out := t.TempDir()
	run(t, dir, env, "make", "image", "IMAGE="+unique(),
		"IMAGE_ARGS=--network host --platform linux/"+other, "IMAGE_OUTPUT=--output type=local,dest="+out)
	program, err := os.ReadFile(filepath.Join(out, names.ServerProgram))
	must(t, err)
	static(t, program, machine)
}
