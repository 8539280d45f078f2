//go:build integration

package jenkins_test

import (
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/internal/testenv/engine"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// probe shows what a branch's build can see in its container. It only uses programs in the image for tests.
const probe = `cat /proc/self/status
for folder in /run /var/run /run/secrets /run/diff-credentials; do echo "$folder: $(ls -A $folder 2>&1)"; done
echo "written: $(touch /run/diff-credentials/x 2>&1)"
node -e '
for (const path of ["/run/docker-engine/docker.sock", "/var/run/docker.sock"])
  require("net").connect(path).on("error", e => console.log(path, e.code)).on("connect", () => console.log(path, "answers"));
require("net").connect(2222, "engine").on("error", e => console.log("engine", e.code)).on("connect", () => console.log("engine answers"));
'
`

// The test starts the container with Compose, but with another image.
func TestBranchReachesNoEngineFromItsContainer(t *testing.T) {
	t.Parallel()
	e := engine.Shared(t)
	env := e.Env(t)
	build, err := e.Build(env)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "docker-compose.yml"), read(t, "docker-compose.yml"), 0o644)
	write(t, filepath.Join(dir, "other.yml"), `services:
  agent-branches:
    build: !reset null
    image: `+strings.TrimPrefix(build[0], "GO_IMAGE=")+`
    entrypoint: ["sh", "-c"]
    restart: "no"
`, 0o644)
	if err := os.Mkdir(filepath.Join(dir, "secrets"), 0o755); err != nil {
		t.Fatal(err)
	}
	documentedKeys(t, dir)
	env = append(env, "JENKINS_URL=x", "JENKINS_ADMIN_ID=x", "AWS_REGION=x", "NOTIFY_EMAIL=x", "SMTP_HOST=x", "SMTP_USER=x", "SONAR_DB_PASSWORD=x")
	project := "vaultsphere-test-" + strings.ToLower(rand.Text()[:8])
	docker := func(arguments ...string) ([]byte, error) {
		cmd := exec.Command("docker", slices.Concat([]string{"compose", "--project-name", project,
			"--file", "docker-compose.yml", "--file", "other.yml"}, arguments)...)
		cmd.Dir, cmd.Env = dir, env
		return cmd.CombinedOutput()
	}
	t.Cleanup(func() {
		if out, err := docker("down", "--volumes", "--remove-orphans"); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	out, err := docker("run", "--rm", "--no-deps", "--no-TTY", "agent-branches", probe)
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{`Uid:\t1000\t1000\t1000\t1000\n`, `CapEff:\t0+\n`, `CapBnd:\t0+\n`, `NoNewPrivs:\t1\n`, `Seccomp:\t2\n`,
		`/run/secrets: AGENT_SSH_KEY\.pub\nHOST_KEY_BRANCHES\n/run/diff-credentials: \n`, `written: .*Read-only file system`,
		`/run/docker-engine/docker\.sock ENOENT\n`, `/var/run/docker\.sock ENOENT\n`, `engine (ENOTFOUND|EAI_AGAIN)\n`} {
		if !regexp.MustCompile(want).Match(out) {
			t.Errorf("a branch's build does not show %s: %s", want, out)
		}
	}
}
