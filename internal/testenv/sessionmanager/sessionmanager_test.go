//go:build integration

package sessionmanager_test

import (
	"bytes"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sessionmanager"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sshd"
)

const node = "i-0123456789abcdef0"

// onTheHost is a fake start-release, whose output needs many messages.
const onTheHost = `#!/usr/bin/env bash
case $SSH_ORIGINAL_COMMAND in
  *--status) echo "$SSH_ORIGINAL_COMMAND"; head -c 200000 /dev/zero | base64 -w 100 ;;
  *) echo "start-release: error: the host says no" >&2; exit 1 ;;
esac
`

// pipeline deploys from outside. Only the AWS command line with the real plugin can reach the host.
type pipeline struct {
	double *sessionmanager.Double
	dir    string
	env    []string
}

func newPipeline(t *testing.T) *pipeline {
	t.Helper()
	aws, err := exec.CommandContext(t.Context(), "../../../scripts/python-tool.sh", "path", "aws").Output()
	if err != nil {
		t.Fatalf("the AWS command line: %v: scripts/python-tool.sh install aws", err)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	host := sshd.Start(t, onTheHost, "")
	// The emulator is not needed: requests that the double does not answer fail.
	p := &pipeline{dir: t.TempDir(), double: sessionmanager.Start(t, "http://127.0.0.1:1", map[string]sessionmanager.Node{node: {SSH: host.Address}})}
	if err := os.WriteFile(filepath.Join(p.dir, "known_hosts"), []byte(node+" "+host.HostKey), 0o600); err != nil {
		t.Fatal(err)
	}
	p.env = append(os.Environ(), "AWS_ENDPOINT_URL="+p.double.URL, "AWS_REGION="+emulator.Region, "AWS_DEFAULT_REGION="+emulator.Region,
		"AWS_ACCESS_KEY_ID=testing", "AWS_SECRET_ACCESS_KEY=testing", "AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1",
		"PATH="+sessionmanager.Plugin(t)+":"+filepath.Dir(string(aws))+":"+os.Getenv("PATH"), "OUTPUTS=none",
		"KNOWN_HOSTS="+filepath.Join(p.dir, "known_hosts"), "DEPLOY_KEY="+host.Key, "DEPLOY_HOST="+node, "DEPLOY_USER="+me.Username,
		"SITE_URL=https://127.0.0.1:1", "CHECK_SECONDS=1")
	return p
}

func (p *pipeline) run(t *testing.T, name string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = p.dir, p.env
	// Keep stdin open like a terminal: at the end of its input, the plugin ends the session even if output is missing.
	input, keyboard, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer input.Close()
	defer keyboard.Close()
	cmd.Stdin = input
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), complaints.String(), cmd.ProcessState.ExitCode()
}

func TestReleaseThroughSessionManager(t *testing.T) {
	t.Parallel()
	p := newPipeline(t)
	script, err := filepath.Abs("../../../scripts/deploy.sh")
	if err != nil {
		t.Fatal(err)
	}
	out, said, code := p.run(t, script, "--status")
	if code != 0 || !strings.HasPrefix(out, "sudo -n /opt/password-manager/bin/start-release --status\n") || len(out) < 250_000 {
		t.Errorf("--status: exit %d, %d bytes: %s", code, len(out), said)
	}
	// The host's output and exit status must arrive.
	_, said, code = p.run(t, script, "registry/password-manager@sha256:"+strings.Repeat("a", 64))
	if want := "deploy.sh: error: the host has not taken the release: start-release: error: the host says no\n"; code != 1 || !strings.HasSuffix(said, want) {
		t.Errorf("exit %d: %s, want %s", code, said, want)
	}
	want := []string{node + " AWS-StartSSHSession", node + " AWS-StartSSHSession"}
	if got := p.double.Sessions(); !slices.Equal(got, want) {
		t.Errorf("sessions %q, want %q", got, want)
	}
}

func TestOtherHostsGetNothing(t *testing.T) {
	t.Parallel()
	p, other := newPipeline(t), newPipeline(t)
	p.env = append(p.env, "KNOWN_HOSTS="+filepath.Join(other.dir, "known_hosts"))
	script, err := filepath.Abs("../../../scripts/deploy.sh")
	if err != nil {
		t.Fatal(err)
	}
	out, said, code := p.run(t, script, "--status")
	if code == 0 || out != "" || !strings.Contains(said, "Host key verification failed.") {
		t.Errorf("another host's key: exit %d: %s%s", code, out, said)
	}
	// A host that does not exist looks like a host without a running agent.
	p.env = append(p.env, "DEPLOY_HOST=i-00000000000000000")
	_, said, code = p.run(t, script, "registry/password-manager@sha256:"+strings.Repeat("a", 64))
	if code != 1 || !strings.Contains(said, "deploy.sh: error: no connection to i-00000000000000000, or it broke: ") {
		t.Errorf("no such host: exit %d: %s", code, said)
	}
}
