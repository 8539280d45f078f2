//go:build integration

package scripts_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/executables"
)

// The fake AWS has a fixed answer for each call, and can fail. A test in infra follows docs/operations.md with the emulated AWS, where
// no call fails.
const platformAWS = `#!/usr/bin/env bash
printf '%%s\n' "$*" >>%[1]s/calls
case "$*" in
  *"$FAILS"*) [ -z "$FAILS" ] || { echo "An error occurred: no answer" >&2; exit 254; } ;;&
  "ssm get-parameters "*) cat %[1]s/image ;;
  "ssm get-parameter "*) echo ami-new ;;
  "ssm put-parameter "*) value=$*; value=${value#*--value }; echo "${value%%%% *}" >%[1]s/image ;;
  *describe-images*) echo "al2023-of-some-day	2026-11-01T00:00:00.000Z" ;;
  *describe-stack-resources*EC2::Instance*) echo "${INSTANCE-i-1}" ;;
  *describe-stack-resources*) echo "subnet-a	subnet-b" ;;
  *describe-instances*) echo "subnet-a	t4g.small" ;;
  *describe-subnets*subnet-b*) echo eu-central-1b ;;
  *describe-instance-type-offerings*) echo "${OFFERED-t4g.small}" ;;
  *) echo "not asked before: $*" >&2; exit 1 ;;
esac
`

const platformMake = `#!/usr/bin/env bash
echo "make $*" >>%[1]s/calls
case $1 in
  "$MAKE_FAILS") echo "preflight: error: $1 says no" >&2; exit 2 ;;
  "$MAKE_HANGS") touch %[1]s/hangs; exec sleep 60 ;;
esac
`

// platform is a checkout of a platform whose account has a host.
type platform struct {
	root string
	env  []string
}

func newPlatform(t *testing.T, image string) *platform {
	t.Helper()
	p := &platform{root: t.TempDir()}
	for name, content := range map[string]string{
		"bin/aws": fmt.Sprintf(platformAWS, p.root), "bin/make": fmt.Sprintf(platformMake, p.root),
		"bin/infra":     "#!/bin/sh\ncase $1 in region) echo eu-central-1;; host-image) echo \"${PARAMETER-/password-manager/HOST_IMAGE_ARM64}\";; esac\n",
		"platform.json": "{\"siteAddress\": \"vault.example.org\"}\n", "image": image + "\n",
	} {
		path := filepath.Join(p.root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := executables.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script, err := os.ReadFile("replace-host.sh")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(p.root, "scripts"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := executables.WriteFile(filepath.Join(p.root, "scripts", "replace-host.sh"), script, 0o755); err != nil {
		t.Fatal(err)
	}
	p.env = append(os.Environ(), "PATH="+filepath.Join(p.root, "bin")+":"+os.Getenv("PATH"))
	return p
}

func (p *platform) script(arguments ...string) *exec.Cmd {
	return exec.Command(filepath.Join(p.root, "scripts", "replace-host.sh"), arguments...)
}

func (p *platform) read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(p.root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestReplaceHostErrorsChangeNothing(t *testing.T) {
	t.Parallel()
	const (
		newest, zone, look, seed = "--newest", "--other-zone", "--look", "--seed"
		option                   = "{\"siteAddress\": \"vault.example.org\"}\n"
	)
	for name, c := range map[string]struct {
		command string
		env     string
		image   string
		want    string // the last line
		status  int
	}{
		"nothing newer":           {newest, "", "ami-new", "replace-host.sh: the host has the newest image: ami-new (al2023-of-some-day, 2026-11-01)", 0},
		"a look":                  {look, "", "ami-old", "replace-host.sh: the host's image is ami-old (al2023-of-some-day, 2026-11-01), the newest ami-new (al2023-of-some-day, 2026-11-01)", 0},
		"an image chosen already": {seed, "", "ami-old", "", 0},
		"no host to seed for":     {seed, "PARAMETER=", "None", "", 0},
		"a look without a host":   {look, "", "None", "replace-host.sh: error: there is no host yet: make deploy", 1},
		"hostImage":               {newest, "PARAMETER=", "ami-old", "replace-host.sh: error: no parameter names the host's image: platform.json does (hostImage), or its topology has no host", 1},
		"options that make no sense": {newest, "MAKE_FAILS=synth", "ami-old",
			"replace-host.sh: error: the platform cannot be synthesized: preflight: error: synth says no", 1},
		"SSM away":        {newest, "FAILS=get-parameters", "ami-old", "replace-host.sh: error: cannot read /password-manager/HOST_IMAGE_ARM64: An error occurred: no answer", 1},
		"SSM away, seed":  {seed, "FAILS=get-parameters", "None", "replace-host.sh: error: cannot read /password-manager/HOST_IMAGE_ARM64: An error occurred: no answer", 1},
		"no newest":       {seed, "FAILS=/aws/service/", "None", "replace-host.sh: error: cannot look up /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64: An error occurred: no answer", 1},
		"EC2 away":        {newest, "FAILS=describe-images", "ami-old", "replace-host.sh: error: cannot look at the image ami-old: An error occurred: no answer", 1},
		"no right":        {newest, "FAILS=put-parameter", "ami-old", "replace-host.sh: error: cannot write /password-manager/HOST_IMAGE_ARM64: An error occurred: no answer", 1},
		"another deploy":  {newest, "MAKE_FAILS=preflight", "ami-old", "preflight: error: preflight says no", 2},
		"not replaced":    {newest, "MAKE_FAILS=deploy", "ami-old", "replace-host.sh: error: the host was not replaced: the old one stays, and the change was undone", 1},
		"not moved":       {zone, "MAKE_FAILS=deploy", "ami-old", "replace-host.sh: error: the host was not replaced: the old one stays, and the change was undone", 1},
		"no host to move": {zone, "INSTANCE=None", "ami-old", "replace-host.sh: error: stack PasswordManager-Host has no host: make deploy", 1},
		"a zone without the instance type": {zone, "OFFERED=None", "ami-old",
			"replace-host.sh: error: the zone eu-central-1b has no t4g.small: choose another instanceType in platform.json first", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t, c.image)
			status, said := run(t, append(p.env, c.env), p.script(c.command))
			lines := strings.Split(strings.TrimSuffix(said, "\n"), "\n")
			if last := lines[len(lines)-1]; status != c.status || last != c.want {
				t.Errorf("exit %d, want %d and %q: %s", status, c.status, c.want, said)
			}
			if image, options := p.read(t, "image"), p.read(t, "platform.json"); image != c.image+"\n" || options != option {
				t.Errorf("the image is %q, the options are %q", image, options)
			}
		})
	}
	if status, said := run(t, newPlatform(t, "ami-old").env, newPlatform(t, "ami-old").script("--zone", "2")); status != 2 || !strings.HasPrefix(said, "Usage: ") {
		t.Errorf("a wrong call: exit %d: %s", status, said)
	}
}

func TestReplaceHostChangesWhatTheDeployReads(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]struct{ image, options string }{
		"--newest":     {"ami-new\n", "{\"siteAddress\": \"vault.example.org\"}\n"},
		"--other-zone": {"ami-old\n", "{\n  \"siteAddress\": \"vault.example.org\",\n  \"hostZone\": 2\n}\n"},
	} {
		p := newPlatform(t, "ami-old")
		status, said := run(t, p.env, p.script(command))
		if image, options := p.read(t, "image"), p.read(t, "platform.json"); status != 0 || image != want.image || options != want.options {
			t.Errorf("%s: exit %d, the image is %q, the options are %q: %s", command, status, image, options, said)
		}
		if calls := p.read(t, "calls"); !strings.HasSuffix(calls, "make deploy REPLACE_HOST=yes\n") {
			t.Errorf("the last call of %s was not a deploy: %s", command, calls)
		}
	}
}

func TestInterruptedReplaceHostUndoesItsChange(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"--newest", "--other-zone"} {
		p := newPlatform(t, "ami-old")
		options := p.read(t, "platform.json")
		cmd := p.script(command)
		cmd.Env = append(p.env, "MAKE_HANGS=deploy")
		// Ctrl-C, and Jenkins when it stops a build, signal all processes.
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		await.Until(t, "the deploy", func() bool {
			_, err := os.Stat(filepath.Join(p.root, "hangs"))
			return err == nil
		})
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // its error is the exit code
		if now, image := p.read(t, "platform.json"), p.read(t, "image"); cmd.ProcessState.ExitCode() != 1 || now != options || image != "ami-old\n" {
			t.Errorf("%s: exit %d, the image is %q, the options are %q", command, cmd.ProcessState.ExitCode(), image, now)
		}
	}
}
