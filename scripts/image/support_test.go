//go:build integration

package image_test

import (
	"archive/tar"
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/internal/testenv/engine"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

const root = "../.." // of the repository

// deployed lists the files of a release in /deploy.
var deployed = map[string]string{
	"docker-compose.yml": "docker-compose.yml",
	"Caddyfile":          "Caddyfile",
	"fetch-env.sh":       "scripts/fetch-env.sh",
	"rollout.sh":         "scripts/rollout.sh",
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// run returns the standard output of a command.
func run(t testing.TB, dir string, env []string, args ...string) string {
	t.Helper()
	out, err := output(dir, env, args...)
	must(t, err)
	return strings.TrimSpace(out)
}

func output(dir string, env []string, args ...string) (string, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		err = errors.New(strings.Join(args, " ") + ": " + err.Error() + "\n" + string(failed.Stderr))
	}
	return string(out), err
}

// checkout copies this work tree to a repository with one commit, whose hash depends only on the files.
func checkout(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range strings.Fields(run(t, root, nil, "git", "ls-files", "--cached", "--others", "--exclude-standard")) {
		copyFile(t, filepath.Join(root, name), filepath.Join(dir, name))
	}
	git := []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1"}
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		git = append(git, "GIT_"+who+"_NAME=test", "GIT_"+who+"_EMAIL=test@localhost", "GIT_"+who+"_DATE=2026-01-02T03:04:05Z")
	}
	run(t, dir, git, "git", "init", "--quiet")
	run(t, dir, git, "git", "add", "--all")
	run(t, dir, git, "git", "commit", "--quiet", "--message", "test")
	return dir
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	if errors.Is(err, fs.ErrNotExist) {
		return // deleted and not yet committed
	}
	must(t, err)
	b, err := os.ReadFile(from)
	must(t, err)
	must(t, os.MkdirAll(filepath.Dir(to), 0o700))
	must(t, os.WriteFile(to, b, info.Mode()))
}

// environment returns the environment of a build on this machine.
func environment(t testing.TB) []string {
	t.Helper()
	e := engine.Shared(t)
	env := e.Env(t)
	build, err := e.Build(env)
	must(t, err)
	return append(env, build...)
}

// unique returns a name that no other test uses.
// versionOf returns the version of a program that is built from a checkout: SemVer, with the commit as build metadata.
func versionOf(t testing.TB, dir string) string {
	t.Helper()
	number, err := os.ReadFile(filepath.Join(dir, "VERSION"))
	must(t, err)
	return strings.TrimSpace(string(number)) + "+" + run(t, dir, nil, "git", "rev-parse", "HEAD")[:12]
}

func unique() string { return "vaultsphere-test-" + strings.ToLower(rand.Text()[:12]) }

// remove deletes a Docker object when the test ends. It may already be gone.
func remove(t testing.TB, env []string, args ...string) {
	t.Cleanup(func() { _, _ = output(root, env, append([]string{"docker"}, args...)...) })
}

type entry struct {
	tar.Header
	content []byte
}

// entries returns the files of the image, except those that the engine replaces in a container.
func entries(t testing.TB, env []string, image string) map[string]entry {
	t.Helper()
	container := run(t, root, env, "docker", "create", image)
	remove(t, env, "rm", container)
	all := map[string]entry{}
	exported := run(t, root, env, "docker", "export", container)
	for r := tar.NewReader(strings.NewReader(exported)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		must(t, err)
		var content bytes.Buffer
		_, err = io.Copy(&content, r) //nolint:gosec // a trusted image
		must(t, err)
		name := "/" + strings.TrimSuffix(h.Name, "/")
		switch {
		case strings.HasPrefix(name, "/dev"), name == "/.dockerenv", name == "/proc", name == "/sys", name == "/etc/hostname",
			name == "/etc/hosts", name == "/etc/mtab", name == "/etc/resolv.conf":
		default:
			all[name] = entry{*h, content.Bytes()}
		}
	}
}
