//go:build integration

package image_test

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/testenv/engine"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// configuration creates a directory for a BuildKit, with its settings in config.toml. The registry replaces Docker Hub.
func configuration(t testing.TB, registry string) (home string) {
	t.Helper()
	// Socket paths must be short, and t.TempDir contains the test's name.
	home, err := os.MkdirTemp("", "buildkit")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(home)) })
	must(t, os.WriteFile(filepath.Join(home, "config.toml"), fmt.Appendf(nil, `root = %[1]q
[worker.oci]
enabled = true
[worker.containerd]
enabled = false
[registry."docker.io"]
mirrors = [%[2]q]
[registry.%[2]q]
http = true
`, filepath.Join(home, "root"), registry), 0o644))
	return home
}

func start(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); t.Failed() {
			t.Logf("buildkitd: %v\n%s", err, log.String())
		}
	})
}

// startBuildKit returns the address of a BuildKit with support for other platforms and attestations. It replaces the driver
// docker-container, because tests cannot pull the image of that driver.
func startBuildKit(t testing.TB, registry string) string {
	t.Helper()
	home := configuration(t, registry)
	address := "unix://" + filepath.Join(home, "socket")
	start(t, exec.Command(engine.Program(t, "buildkitd"), "--config", filepath.Join(home, "config.toml"), "--addr", address))
	return address
}

// remote returns the name of a builder for the BuildKit at an address.
func remote(t testing.TB, env []string, address string) string {
	t.Helper()
	name := unique()
	run(t, root, env, "docker", "buildx", "create", "--name", name, "--driver", "remote", address)
	run(t, root, env, "docker", "buildx", "inspect", "--bootstrap", name)
	return name
}

// builderID is a user that does not exist on this machine, and subordinateID is its first subordinate id.
const builderID, subordinateID = 47113, 470000000

// startRootless returns the address of a BuildKit of an unprivileged user. In a separate mount namespace, /etc/passwd and /etc/subuid
// contain this user. The user has no capabilities except through newuidmap, which has the set-user-ID bit.
func startRootless(t testing.TB, registry string) string {
	t.Helper()
	home := configuration(t, registry)
	passwd, err := os.ReadFile("/etc/passwd")
	must(t, err)
	for name, content := range map[string]string{
		"passwd": fmt.Sprintf("%sbuilder:x:%d:%d::%s:/bin/sh\n", passwd, builderID, builderID, home),
		"subid":  fmt.Sprintf("builder:%d:65536\n", subordinateID),
	} {
		must(t, os.WriteFile(filepath.Join(home, name), []byte(content), 0o644))
	}
	// Copy the programs to the user's directory, because the user may not be able to read our cache.
	for _, name := range []string{"rootlesskit", "buildkitd"} {
		copyFile(t, engine.Program(t, name), filepath.Join(home, name))
	}
	must(t, filepath.WalkDir(home, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(name, builderID, builderID)
	}))
	address := "unix://" + filepath.Join(home, "socket")
	id := strconv.Itoa(builderID)
	start(t, exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-ec", `cd "$0"
mount --bind passwd /etc/passwd
mount --bind subid /etc/subuid
mount --bind subid /etc/subgid
exec setpriv --reuid "$1" --regid "$1" --clear-groups --inh-caps=-all env --ignore-environment "PATH=$PATH" USER=builder "HOME=$0" "XDG_RUNTIME_DIR=$0" \
  "TMPDIR=$0" ./rootlesskit --state-dir "$0/state" ./buildkitd --config "$0/config.toml" --addr "$2"`, home, id, address))
	return address
}

// TestImageByARootlessBuildKit builds the image as the build of a branch does: without an engine, on an unprivileged BuildKit.
func TestImageByARootlessBuildKit(t *testing.T) {
	env, dir, registry := environment(t), checkout(t), startRegistry(t)
	base := registry + "/base:1"
	for _, entry := range env {
		if image, ok := strings.CutPrefix(entry, "GO_IMAGE="); ok {
			run(t, root, env, "docker", "tag", image, base)
		}
	}
	remove(t, env, "image", "rm", base)
	run(t, root, env, "docker", "push", "--quiet", base)

	address := startRootless(t, registry)
	without := append(env, "DOCKER_HOST=unix:///nowhere", "BUILDKIT_HOST="+address, "GO_IMAGE="+base, "NODE_IMAGE="+base, "IMAGE_ARGS=")
	// The script derives the builder's name from the address.
	run(t, root, without, "docker", "buildx", "inspect", "--bootstrap", run(t, root, without, "scripts/builder.sh"))
	run(t, dir, without, "make", "image")
	out := t.TempDir()
	run(t, dir, without, "make", "image", "IMAGE_OUTPUT=--output type=local,dest="+out)
	program, err := os.ReadFile(filepath.Join(out, names.ServerProgram))
	must(t, err)
	static(t, program, map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[runtime.GOARCH])
}
