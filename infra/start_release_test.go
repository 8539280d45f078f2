//go:build integration

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/executables"
	"github.com/vaultsphere/vaultsphere/internal/testenv/signing"
)

// host is a directory that start-release treats as a host. Its docker logs each command and has one image. It trusts one key and has
// verified one release.
type host struct {
	t         *testing.T
	home, bin string
	key       signing.Key
}

const (
	testRepository = "123456789012.dkr.ecr.us-east-1.amazonaws.com/password-manager"
	noDigest       = "sha256:"
)

var testDigest = noDigest + strings.Repeat("0123456789abcdef", 4)

// fakeDocker replaces the engine; the tests in scripts/rollout run a real one.
const fakeDocker = `#!/usr/bin/env bash
echo "$*" >>"$FAKE_DOCKER_LOG"
case "$1 ${2:-}" in
  "image inspect") [ -e "$FAKE_DOCKER_IMAGE/pulled" ] ;;
  "login "*) cat >/dev/null ;;
  "pull "*) [ -d "$FAKE_DOCKER_IMAGE" ] && touch "$FAKE_DOCKER_IMAGE/pulled" ;;
  "create "*) echo c0ffee ;;
  "cp "*) cp -r "$FAKE_DOCKER_IMAGE/deploy/." "$3" ;;
  "rm "*) echo c0ffee ;;
  *) exit 64 ;;
esac
`

func newHost(t *testing.T) *host {
	h := &host{t: t, home: filepath.Join(t.TempDir(), "home"), bin: t.TempDir(), key: signing.NewKey(t)}
	verify, err := os.ReadFile("host/verify-release.sh")
	must(t, err)
	h.write(filepath.Join(h.home, "bin", "verify-release"), string(verify), 0o755)
	h.key.WritePublic(t, filepath.Join(h.home, "signing-key.pem"))
	h.storeSignature(testRepository + "@" + testDigest)
	h.write(filepath.Join(h.bin, "docker"), fakeDocker, 0o755)
	script := "#!/usr/bin/env bash\necho \"$(basename \"$0\") $*\" >>\"$FAKE_DOCKER_LOG\"\n"
	for _, name := range []string{"fetch-env.sh", "rollout.sh"} {
		h.write(filepath.Join(h.bin, "image", "deploy", name), script, 0o755)
	}
	aws, err := exec.Command("../scripts/python-tool.sh", "path", "aws").Output()
	if err != nil {
		t.Fatalf("find the AWS CLI: %v: scripts/python-tool.sh install aws", err)
	}
	if err := os.Symlink(strings.TrimSpace(string(aws)), filepath.Join(h.bin, "aws")); err != nil {
		t.Fatal(err)
	}
	return h
}

// storeSignature writes what a host stores after it verified a release.
func (h *host) storeSignature(image string) {
	h.t.Helper()
	signature := h.key.Sign(h.t, image)
	_, hex, _ := strings.Cut(image, "@sha256:")
	file := filepath.Join(h.home, "state", "signatures", hex)
	h.write(file+".payload", string(signature.Payload), 0o644)
	h.write(file+".signature", string(signature.Signature), 0o644)
}

func (h *host) write(path, content string, mode os.FileMode) {
	h.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := executables.WriteFile(path, []byte(content), mode); err != nil {
		h.t.Fatal(err)
	}
}

// start runs the script like the systemd unit, and returns its output and exit code.
func (h *host) start(settings ...string) (string, int) {
	h.t.Helper()
	return h.run(settings)
}

func (h *host) run(settings []string, args ...string) (string, int) {
	h.t.Helper()
	cmd := exec.CommandContext(h.t.Context(), "host/start-release.sh", args...)
	cmd.Env = append(emulator.Env(h.t),
		"PATH="+h.bin+":"+os.Getenv("PATH"), "FAKE_DOCKER_LOG="+h.log(), "FAKE_DOCKER_IMAGE="+filepath.Join(h.bin, "image"),
		"HOME_DIRECTORY="+h.home, "REPOSITORY="+testRepository, "RELEASE_PARAMETER="+names.ParameterPath+names.Release)
	cmd.Env = append(cmd.Env, settings...)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		h.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func (h *host) log() string { return filepath.Join(h.bin, "log") }

// calls returns the logged calls of docker and of the release's scripts, without names of temporary folders.
func (h *host) calls() string {
	content, err := os.ReadFile(h.log())
	if err != nil {
		return ""
	}
	var lines []string
	for line := range strings.Lines(string(content)) {
		if words := strings.Fields(line); words[0] == "cp" {
			line = strings.Join(words[:2], " ") + "\n"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "")
}

func setRelease(t *testing.T, value string) {
	t.Helper()
	emulator.Reset(t)
	if _, err := ssm.NewFromConfig(emulator.Config(t)).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String(names.ParameterPath + names.Release), Value: &value, Type: types.ParameterTypeString,
	}); err != nil {
		t.Fatal(err)
	}
}

func TestNewHostServesTheCurrentRelease(t *testing.T) {
	setRelease(t, testDigest)
	h := newHost(t)
	image := testRepository + "@" + testDigest
	if out, code := h.start(); code != 0 || !strings.HasSuffix(out, "start-release: "+image+" is up\n") {
		t.Fatalf("exit %d: %s", code, out)
	}
	want := "image inspect " + image + "\n" +
		"login --username AWS --password-stdin 123456789012.dkr.ecr.us-east-1.amazonaws.com\n" +
		"pull --quiet " + image + "\n" +
		"create " + image + "\ncp c0ffee:/deploy/.\nrm c0ffee\nfetch-env.sh \nrollout.sh " + image + "\n"
	if got := h.calls(); got != want {
		t.Errorf("calls:\n%swant:\n%s", got, want)
	}
}

func TestRebootedHostServesItsLastRelease(t *testing.T) {
	setRelease(t, noDigest+strings.Repeat("f", 64))
	h := newHost(t)
	h.write(filepath.Join(h.home, "state", "current"), testDigest+"\n", 0o644)
	h.write(filepath.Join(h.home, "deploy", "old"), "", 0o644)
	h.write(filepath.Join(h.bin, "image", "pulled"), "", 0o644)
	if out, code := h.start("AWS_ENDPOINT_URL=http://127.0.0.1:1"); code != 0 {
		t.Fatalf("exit %d: %s", code, out)
	}
	if got := h.calls(); !strings.Contains(got, "rollout.sh "+testRepository+"@"+testDigest) || strings.Contains(got, "pull") {
		t.Errorf("calls:\n%s", got)
	}
	if _, err := os.Stat(filepath.Join(h.home, "deploy", "old")); err == nil {
		t.Error("files of the previous release remain beside the new ones")
	}
}

func TestHostServesTheRequestedRelease(t *testing.T) {
	setRelease(t, noDigest+strings.Repeat("f", 64))
	h := newHost(t)
	h.write(filepath.Join(h.home, "state", "current"), noDigest+strings.Repeat("e", 64)+"\n", 0o644)
	h.write(filepath.Join(h.home, "deploy.abcdef", "left by a killed start"), "", 0o644)
	if out, code := h.run(nil, testDigest); code != 0 {
		t.Fatalf("exit %d: %s", code, out)
	}
	if got := h.calls(); !strings.HasSuffix(got, "rollout.sh "+testRepository+"@"+testDigest+"\n") {
		t.Errorf("calls:\n%s", got)
	}
	if left, _ := filepath.Glob(filepath.Join(h.home, "deploy.*")); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

func TestFailedRolloutKeepsTheCurrentFiles(t *testing.T) {
	h := newHost(t)
	h.write(filepath.Join(h.home, "deploy", "old"), "", 0o644)
	h.write(filepath.Join(h.bin, "image", "deploy", "rollout.sh"), "#!/bin/sh\nexit 1\n", 0o755)
	if out, code := h.run(nil, testDigest); code != 1 {
		t.Errorf("exit %d: %s", code, out)
	}
	if _, err := os.Stat(filepath.Join(h.home, "deploy", "old")); err != nil {
		t.Error(err)
	}
}

func TestRollbackRunsTheCurrentReleasesScript(t *testing.T) {
	h := newHost(t)
	if out, code := h.run(nil, "--back"); code != 1 || out != "start-release: error: no release has served on this host\n" {
		t.Errorf("on a new host: exit %d: %s", code, out)
	}
	h.write(filepath.Join(h.home, "deploy", "rollout.sh"), "#!/bin/sh\necho \"$HOME_DIRECTORY $RELEASE_PARAMETER $*\"\n", 0o755)
	if out, code := h.run(nil, "--back"); code != 0 || out != h.home+" "+names.ParameterPath+names.Release+" --back\n" {
		t.Errorf("exit %d: %s", code, out)
	}
}

// Over SSH, systemd does not set the environment. Variables that are set override the file.
func TestStartReleaseReadsItsSettingsFile(t *testing.T) {
	h := newHost(t)
	file := filepath.Join(h.bin, "settings")
	h.write(file, "HOME_DIRECTORY=/nowhere\n# no setting\nEXTRA=$(touch "+filepath.Join(h.bin, "ran")+") two words\n", 0o644)
	h.write(filepath.Join(h.home, "deploy", "rollout.sh"), "#!/bin/sh\necho \"$HOME_DIRECTORY|$EXTRA\"\n", 0o755)
	want := h.home + "|$(touch " + filepath.Join(h.bin, "ran") + ") two words\n"
	if out, code := h.run([]string{"SETTINGS_FILE=" + file}, "--status"); code != 0 || out != want {
		t.Errorf("exit %d: %s", code, out)
	}
	if _, err := os.Stat(filepath.Join(h.bin, "ran")); err == nil {
		t.Error("the shell executed the file")
	}
}

func TestStartReleaseRejectsBadArguments(t *testing.T) {
	h := newHost(t)
	for _, args := range [][]string{{"latest"}, {"sha256:0"}, {"--force"}, {testDigest, testDigest}} {
		if out, code := h.run(nil, args...); code != 2 || out == "" {
			t.Errorf("%q: exit %d: %s", args, code, out)
		}
	}
	if got := h.calls(); got != "" {
		t.Errorf("calls:\n%s", got)
	}
}

func TestHostWithoutAReleaseWaitsForOne(t *testing.T) {
	emulator.Reset(t)
	h := newHost(t)
	out, code := h.start()
	if code != 0 || out != "start-release: no release yet: the first make release deploys one\n" {
		t.Errorf("exit %d: %s", code, out)
	}
	if got := h.calls(); got != "" {
		t.Errorf("calls:\n%s", got)
	}
}

func TestStartReleaseExplainsFailures(t *testing.T) {
	for name, c := range map[string]struct {
		release  string
		prepare  func(*host)
		settings []string
		want     string
	}{
		"no digest":    {"latest", nil, nil, "the current release is 'latest', which is not a digest (sha256:…)"},
		"another host": {"evil.example.org/x@" + testDigest, nil, nil, "which is not a digest (sha256:…)"},
		"no setting":   {testDigest, nil, []string{"REPOSITORY="}, "REPOSITORY is not set"},
		"no SSM":       {testDigest, nil, []string{"AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_MAX_ATTEMPTS=1"}, "cannot read /password-manager/RELEASE: "},
		"no image":     {testDigest, func(h *host) { must(h.t, os.RemoveAll(filepath.Join(h.bin, "image"))) }, nil, "cannot pull " + testRepository},
		"no release": {testDigest, func(h *host) { must(h.t, os.Remove(filepath.Join(h.bin, "image", "deploy", "rollout.sh"))) }, nil,
			"has no /deploy/rollout.sh: it is not a release"},
	} {
		t.Run(name, func(t *testing.T) {
			setRelease(t, c.release)
			h := newHost(t)
			h.write(filepath.Join(h.home, "deploy", "old"), "", 0o644)
			if c.prepare != nil {
				c.prepare(h)
			}
			out, code := h.start(c.settings...)
			if code == 0 || !strings.Contains(out, "start-release: error: ") || !strings.Contains(out, c.want) {
				t.Errorf("exit %d: %s", code, out)
			}
			if _, err := os.Stat(filepath.Join(h.home, "deploy", "old")); err != nil {
				t.Errorf("the files of the current release are gone: %v", err)
			}
			if got := h.calls(); strings.Contains(got, "rollout.sh") {
				t.Errorf("the rollout started anyway:\n%s", got)
			}
			if left, _ := filepath.Glob(filepath.Join(h.home, "deploy.*")); left != nil {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
