//go:build integration

package jenkins_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/executables"
)

const (
	jenkinsfile = "../Jenkinsfile"
	keyName     = "EC2_SSH_KEY"
	mailTo      = "night@example.org"
	token       = "squ_the-token-of-the-test"
	branchToken = "squ_another-for-branches"
)

// recorder replaces make: it records its targets, writes the files that real targets write, and fails at $FAILING. With $REAL_SONAR it
// runs the tests of a Go module and a real analysis.
const recorder = `#!/usr/bin/env bash
set -euo pipefail
deployment=
for target in "$@"; do case $target in DEPLOYMENT=*) deployment=:${target#*=} ;; esac; done
for target in "$@"; do
  case $target in *=*) continue ;; esac
  target+=$deployment
  echo "$target" >>"$RECORD/targets"
  if [ "$target" = "${FAILING:-}" ]; then echo "make: *** [$target] Error 1"; exit 2; fi
  case "$target" in
    setup) if [ -n "${SLOW:-}" ]; then sleep 600 & echo $! >"$RECORD/sleeper"; wait; fi ;;
    test)
      mkdir -p reports
      printf '<testsuites><testsuite><testcase name="a">%s</testcase><testcase name="b"/></testsuite></testsuites>' \
        "${JUNIT:-}" >reports/junit.xml
      echo '<coverage/>' >coverage.xml
      if [ -n "${REAL_SONAR:-}" ]; then echo TN: >reports/lcov.info; go test -json -coverprofile=reports/cover.out ./... >reports/go-test.json; fi
      ;;
    integration)
      mkdir -p reports
      printf '<testsuites><testsuite><testcase name="c">%s</testcase></testsuite></testsuites>' "${JUNIT_INTEGRATION:-}" >reports/junit-integration.xml
      ;;
    sonar)
      if [ -n "${REAL_SONAR:-}" ]; then scripts/sonar.sh; continue; fi
      echo "token: $SONAR_AUTH_TOKEN at $SONAR_HOST_URL"
      if [ -n "${UNANALYSED:-}" ]; then continue; fi
      mkdir -p .scannerwork
      printf 'serverUrl=%s\nceTaskId=%s\n' "$SONAR_HOST_URL" "${TASK:-1}" >.scannerwork/report-task.txt
      n=0
      for hook in "$RECORD"/hook-*; do
        [ -e "$hook" ] || continue
        signature=SIGNATURE_$n
        curl --fail --silent --header "X-Sonar-Webhook-HMAC-SHA256: ${!signature}" --data-binary "@$hook" "$WEBHOOK"
        n=$((n + 1))
      done
      ;;
    push) echo "$RANDOM$RANDOM" >image.json ;;
    topology) echo "${TOPOLOGY:-ec2}" ;;
    topology:staging) echo "${STAGING:-none}" ;;
    release | release:staging)
      echo "$(cat image.json) $target" >>"$RECORD/released"
      if [ -n "${SSH_AUTH_SOCK:-}" ]; then ssh-add -L >>"$RECORD/keys"; fi
      ;;
  esac
done
`

// build is one run of the pipeline, with make recorded.
type build struct {
	workspace, secrets, record string
	env                        []string
}

func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Fatalf("%s is missing: run make setup", p)
		}
	}
}

func write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := executables.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func newBuild(t *testing.T) *build {
	t.Helper()
	need(t, "java", "groovy", "git", "ssh-agent", "ssh-keygen")
	root := t.TempDir()
	b := &build{
		workspace: filepath.Join(root, "workspace"), secrets: filepath.Join(root, "secrets"), record: filepath.Join(root, "record"),
	}
	write(t, filepath.Join(root, "bin", "make"), recorder, 0o755)
	write(t, filepath.Join(b.record, "targets"), "", 0o644)
	write(t, filepath.Join(b.workspace, "Jenkinsfile"), read(t, jenkinsfile), 0o644)
	write(t, filepath.Join(b.secrets, "SONAR_TOKEN"), token+"\n", 0o600)
	write(t, filepath.Join(b.secrets, "SONAR_BRANCHES_TOKEN"), branchToken+"\n", 0o600)
	for _, command := range [][]string{
		{"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "pipeline", "-f", filepath.Join(b.secrets, keyName)},
		{"git", "-C", b.workspace, "init", "--quiet"},
		{"git", "-C", b.workspace, "add", "."},
		{"git", "-C", b.workspace, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "--message", "the last commit"},
	} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", command, out)
		}
	}
	b.env = append(os.Environ(), "PATH="+filepath.Join(root, "bin")+":"+os.Getenv("PATH"), "RECORD="+b.record,
		"AWS_REGION=eu-central-1", "NOTIFY_EMAIL="+mailTo, "SONAR_URL=http://sonarqube:9000")
	return b
}

// outcome is the result of a run: its output, its log, and the make targets.
type outcome struct {
	status  int
	lines   []string
	log     string
	targets []string
}

func script(t *testing.T, env []string, arguments ...string) outcome {
	t.Helper()
	need(t, "java", "groovy")
	cmd := exec.Command("./run-pipeline.sh", arguments...)
	var out, log bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &out, &log
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() < 0) {
		t.Fatal(err)
	}
	return outcome{status: cmd.ProcessState.ExitCode(), lines: strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n"), log: log.String()}
}

func (b *build) run(t *testing.T, branch string, arguments ...string) outcome {
	t.Helper()
	o := script(t, b.env, append([]string{"--branch", branch, "--workspace", b.workspace, "--secrets", b.secrets}, arguments...)...)
	o.targets = strings.Fields(read(t, filepath.Join(b.record, "targets")))
	return o
}

// stages returns the stages with a result.
func (o outcome) stages(result string) (names []string) {
	for _, line := range o.lines {
		if w := strings.Split(line, "\t"); w[0] == "stage" && w[2] == result {
			names = append(names, w[1])
		}
	}
	return names
}

func (o outcome) has(line string) bool { return slices.Contains(o.lines, line) }

// want checks the result, the make targets and some lines of the output.
func (o outcome) want(t *testing.T, result, targets string, lines ...string) {
	t.Helper()
	if !o.has("result\t"+result) || (o.status == 0) != (result == "SUCCESS") {
		t.Errorf("exit %d, want the result %s", o.status, result)
	}
	if got := strings.Join(o.targets, " "); got != targets {
		t.Errorf("ran make\n%s\nwant\n%s", got, targets)
	}
	for _, line := range lines {
		if !o.has(line) {
			t.Errorf("the line %q is missing", line)
		}
	}
	if t.Failed() {
		t.Logf("%s\n%s", strings.Join(o.lines, "\n"), o.log)
	}
}
