//go:build integration

package jenkins_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

func TestSonarReadsTheReportsThatTheTestsWrite(t *testing.T) {
	t.Parallel()
	makefile := read(t, "../Makefile")
	for _, property := range []string{"sonar.go.coverage.reportPaths", "sonar.go.tests.reportPaths"} {
		match := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(property) + `=(\S+)$`).FindStringSubmatch(read(t, "../sonar-project.properties"))
		if match == nil {
			t.Errorf("there is no %s", property)
		} else if report := strings.Replace(match[1], "go-test.", "go-test$(1).", 1); !strings.Contains(makefile, report) {
			t.Errorf("%s is %s, which the Makefile does not write", property, match[1])
		}
	}
}

// docker stands in for the scanner's engine: it notes how it was called, keeps what was copied in, and leaves a report.
const docker = `#!/usr/bin/env bash
set -euo pipefail
printf '%s\n' "$*" >>"$RECORD/docker"
case "$1" in
  version) [ -z "${NO_ENGINE:-}" ] ;;
  create) echo "token=${SONAR_TOKEN:-} url=$SONAR_HOST_URL" >"$RECORD/env"; echo container ;;
  start) [ -z "${SCAN_FAILS:-}" ] ;;
  cp) if [ "$2" = - ]; then tar --list >"$RECORD/copied"; else echo taskId=1 >"$3"; fi ;;
esac
`

func sonar(t *testing.T, reports bool, env ...string) (o outcome, root, record string) {
	t.Helper()
	need(t, "git", "tar")
	root, record = filepath.Join(t.TempDir(), "checkout"), t.TempDir()
	write(t, filepath.Join(root, "scripts", "sonar.sh"), read(t, "../scripts/sonar.sh"), 0o755)
	write(t, filepath.Join(root, ".gitignore"), "/reports/\n/.env\n", 0o644)
	write(t, filepath.Join(root, ".env"), "SESSION_SECRET=x\n", 0o600)
	if reports {
		write(t, filepath.Join(root, "reports", "cover.out"), "mode: set\n", 0o644)
	}
	write(t, filepath.Join(record, "bin", "docker"), docker, 0o755)
	for _, arguments := range [][]string{{"init", "--quiet"}, {"add", "."}} {
		if out, err := exec.Command("git", append([]string{"-C", root}, arguments...)...).CombinedOutput(); err != nil {
			t.Fatalf("%s", out)
		}
	}
	cmd := exec.Command(filepath.Join(root, "scripts", "sonar.sh"))
	cmd.Env = append([]string{"PATH=" + filepath.Join(record, "bin") + ":" + os.Getenv("PATH"), "RECORD=" + record}, env...)
	out, _ := cmd.CombinedOutput()
	return outcome{status: cmd.ProcessState.ExitCode(), log: string(out)}, root, record
}

func TestSonarAnalysesWhatGitKnowsAndItsReports(t *testing.T) {
	t.Parallel()
	o, root, record := sonar(t, true, "SONAR_HOST_URL=http://sonarqube:9000", "SONAR_AUTH_TOKEN="+token, "BRANCH_NAME=feature/x")
	if o.status != 0 {
		t.Fatal(o.log)
	}
	if got := read(t, filepath.Join(record, "env")); got != "token="+token+" url=http://sonarqube:9000\n" {
		t.Errorf("the scanner had %q", got)
	}
	calls := read(t, filepath.Join(record, "docker"))
	if strings.Contains(calls, token) || !strings.Contains(calls, "-Dsonar.projectKey=vaultsphere-feature-x") ||
		!strings.Contains(calls, "rm --force --volumes container") {
		t.Errorf("docker was called so:\n%s", calls)
	}
	copied := strings.Fields(read(t, filepath.Join(record, "copied")))
	for _, name := range []string{"scripts/sonar.sh", "reports/cover.out", ".git/HEAD"} {
		if !slices.Contains(copied, name) {
			t.Errorf("the scanner did not get %s", name)
		}
	}
	if slices.Contains(copied, ".env") {
		t.Error("the scanner got .env")
	}
	if got := read(t, filepath.Join(root, ".scannerwork", "report-task.txt")); got != "taskId=1\n" {
		t.Errorf("the report says %q", got)
	}
}

func TestSonarSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	url, auth := "SONAR_HOST_URL=http://sonarqube:9000", "SONAR_TOKEN="+token
	for _, c := range []struct {
		env     []string
		reports bool
		want    string
	}{
		{[]string{auth}, true, "SONAR_HOST_URL is not set"},
		{[]string{auth, "SONAR_HOST_URL=sonarqube"}, true, "SONAR_HOST_URL is sonarqube, but must be an http or https URL"},
		{[]string{url}, true, "SONAR_TOKEN is not set"},
		{[]string{url, auth, "NO_ENGINE=yes"}, true, "no Docker engine answers"},
		{[]string{url, auth}, false, "reports/cover.out is missing: make test"},
		{[]string{url, auth, "SCAN_FAILS=yes"}, true, ""},
	} {
		o, root, _ := sonar(t, c.reports, c.env...)
		if o.status != 1 || (c.want != "" && !strings.HasPrefix(o.log, "sonar.sh: error: "+c.want)) {
			t.Errorf("%v: exit %d: %s", c.env, o.status, o.log)
		}
		if _, err := os.Stat(filepath.Join(root, ".scannerwork")); err == nil {
			t.Errorf("%v: there is a report", c.env)
		}
	}
}
