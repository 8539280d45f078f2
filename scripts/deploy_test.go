//go:build integration

package scripts_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/executables"
)

// around has fakes of the programs that deploy.sh calls with topology fargate. make and infra record their calls.
var around = map[string]string{
	"make": `#!/usr/bin/env bash
shift 3
echo "make $*" >>"$ROOT/asked"
case "$1" in
  topology) [ -z "${BROKEN:-}" ] || exit 2; echo "${TOPOLOGY:-fargate}" ;;
  deploy)
    [ -z "${FAILING:-}" ] || { printf '%s\n\n' "$FAILING" >&2; echo "make[1]: *** [Makefile:1: deploy] Error 1" >&2; exit 2; }
    printf '{"PasswordManager-Service": {"SiteUrl": "%s", "DomainTarget": "balancer.example.org"}}' \
      "${SITE-https://vault.example.org}" >"$ROOT/cdk-outputs.json" ;;
esac
`,
	"infra": `#!/usr/bin/env bash
echo "infra $*" | sed "s| $ROOT/cdk.out$||" >>"$ROOT/asked"
case "$2" in
  --why) [ -z "${WHY:-}" ] || echo "$WHY" ;;
  --back) [ -z "${NO_WAY_BACK:-}" ] || { echo "release: error: there is no release before" >&2; exit 1; } ;;
  "$ROOT/cdk.out") [ -z "${NO_SERVICE:-}" ] || exit 1; echo sha256:serving ;;
esac
`,
	"curl": `#!/usr/bin/env bash
case "$*" in
  *"--connect-to ::balancer.example.org: "*) [ -n "${BALANCER:-}" ] && exit ;;
  *)
    next=$(head -n 1 "$ROOT/answers")
    sed -i 1d "$ROOT/answers"
    [ "$next" != yes ] || exit 0 ;;
esac
echo "curl: (6) Could not resolve host" >&2
exit 6
`,
}

const image = "registry.example.org/vault@sha256:1111111111111111111111111111111111111111111111111111111111111111"

func TestDeployToAService(t *testing.T) {
	digest := strings.Split(image, "@")[1]
	serves := []string{"make topology", "make synth", "infra release", "make deploy RELEASE_DIGEST=" + digest, "infra release --run " + digest}
	failed := append(serves[:4:4], "infra release --run sha256:serving", "infra release --why "+digest)
	const outputs = `{"PasswordManager-Service": {"SiteUrl": "https://vault.example.org", "DomainTarget": "balancer.example.org"}}`
	for _, c := range []struct {
		name, argument, outputs string
		env                     []string
		answers                 string // of the public address, one word per request
		status                  int
		last                    string
		asked                   []string
	}{
		{"a release", image, outputs, nil, "yes yes", 0, "deploy.sh: " + digest + " serves at https://vault.example.org after N s", serves},
		{"the first release of a domain that points elsewhere", image, `{"PasswordManager-Data": {}}`, []string{"BALANCER=yes"}, "no", 0,
			"deploy.sh: " + digest + " serves at balancer.example.org; point the domain of https://vault.example.org there, which does not answer yet: curl: (6) Could not resolve host", serves},
		{"a first release that is unreachable", image, "", nil, "no", 1,
			"deploy.sh: error: " + digest + " serves on the service, but https://vault.example.org does not answer and did not before: curl: (6) Could not resolve host", serves},
		{"without an address", image, "", []string{"SITE="}, "", 0,
			"deploy.sh: " + digest + " serves on the service; its public address was not checked, because siteAddress is not set in platform.json", serves},
		{"a release that breaks the vault", image, outputs, nil, "yes no", 1,
			"deploy.sh: error: https://vault.example.org does not answer: curl: (6) Could not resolve host; the service went back to the previous release",
			append(serves[:5:5], "make synth", "infra release --back")},
		{"a rollback that fails", image, outputs, []string{"NO_WAY_BACK=yes"}, "yes no", 1,
			"deploy.sh: error: https://vault.example.org does not answer: curl: (6) Could not resolve host; the rollback failed too: release: error: there is no release before",
			append(serves[:5:5], "make synth", "infra release --back")},
		{"tasks that stop", image, outputs, []string{"FAILING=CloudFormation is sorry", "WHY=task 1 stopped: no memory"}, "yes", 1,
			"deploy.sh: error: the service has not taken the release: task 1 stopped: no memory", failed},
		{"a first release whose tasks stop", image, outputs, []string{"FAILING=CloudFormation is sorry", "NO_SERVICE=yes"}, "no", 1,
			"deploy.sh: error: the service has not taken the release: CloudFormation is sorry", append(serves[:4:4], "infra release --why "+digest)},
		{"a deploy that preflight rejects", image, outputs, []string{"FAILING=preflight: error: the image is not in ECR"}, "yes", 1,
			"deploy.sh: error: the service has not taken the release: preflight: error: the image is not in ECR", failed},
		{"rollback", "--back", outputs, nil, "yes yes", 0, "deploy.sh: the previous release serves at https://vault.example.org after N s",
			[]string{"make topology", "make synth", "infra release --back"}},
		{"rollback without a previous release", "--back", outputs, []string{"NO_WAY_BACK=yes"}, "yes", 1,
			"deploy.sh: error: the service has not taken the release: release: error: there is no release before",
			[]string{"make topology", "make synth", "infra release --back"}},
		{"rollback to an unreachable release", "--back", outputs, nil, "yes no", 1,
			"deploy.sh: error: the previous release serves on the service, but https://vault.example.org does not answer: curl: (6) Could not resolve host",
			[]string{"make topology", "make synth", "infra release --back"}},
		{"status", "--status", outputs, nil, "", 0, "sha256:serving", []string{"make topology", "make synth", "infra release"}},
		{"a tag", "registry.example.org/vault:latest", outputs, nil, "", 2, "deploy.sh: error: 'registry.example.org/vault:latest' is not IMAGE@sha256:DIGEST", nil},
		{"broken options", image, outputs, []string{"BROKEN=yes"}, "", 1, "deploy.sh: error: the platform's options do not say what the vault runs on", []string{"make topology"}},
		{"no such deployment", image, outputs, []string{"TOPOLOGY=none", "DEPLOYMENT=staging"}, "", 2,
			"deploy.sh: error: there is no platform.staging.json, so nothing is deployed under that name", []string{"make topology"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			write := func(name, content string) {
				t.Helper()
				file := filepath.Join(root, name)
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := executables.WriteFile(file, []byte(content), 0o755); err != nil { //nolint:gosec // some are programs
					t.Fatal(err)
				}
			}
			for name, program := range around {
				write(filepath.Join("bin", name), program)
			}
			script, err := os.ReadFile("deploy.sh")
			if err != nil {
				t.Fatal(err)
			}
			write("scripts/deploy.sh", string(script))
			write("answers", strings.ReplaceAll(c.answers, " ", "\n")+"\n")
			write("asked", "")
			if c.outputs != "" {
				write("cdk-outputs.json", c.outputs)
			}
			cmd := exec.CommandContext(t.Context(), filepath.Join(root, "scripts", "deploy.sh"), c.argument)
			cmd.Env = append(os.Environ(), append(c.env, "ROOT="+root, "CHECK_SECONDS=0", "PATH="+filepath.Join(root, "bin")+":"+os.Getenv("PATH"))...)
			var said bytes.Buffer
			cmd.Stdout, cmd.Stderr = &said, &said
			_ = cmd.Run()
			lines := strings.Split(strings.TrimSpace(said.String()), "\n")
			last := regexp.MustCompile(` after \d+ s$`).ReplaceAllString(lines[len(lines)-1], " after N s")
			if status := cmd.ProcessState.ExitCode(); status != c.status || last != c.last {
				t.Errorf("exit %d, want %d and %q: %s", status, c.status, c.last, &said)
			}
			asked, err := os.ReadFile(filepath.Join(root, "asked"))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := strings.TrimSpace(string(asked)), strings.Join(c.asked, "\n"); got != want {
				t.Errorf("calls:\n%s\nwant\n%s", got, want)
			}
		})
	}
}
