//go:build integration

package jenkins_test

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// Containers that run code of branches have no privileges on the machine and cannot reach the role.
func TestContainersForBranchesHaveNoPrivileges(t *testing.T) {
	t.Parallel()
	p := compose(t)
	for name, s := range p.Services {
		inTrusted := slices.Contains(s.Networks, "trusted")
		// The engine with the trusted agent, and the service that assumes the role for branches.
		if want := name == "engine" || name == "diff-credentials"; inTrusted != want {
			t.Errorf("%s is on networks %q", name, s.Networks)
		}
		if trusted := name == "engine" || name == "agent-trusted"; s.Privileged != trusted || slices.Contains(s.Volumes, "socket:/run/docker-engine") != trusted {
			t.Errorf("%s is privileged: %v, and has the volumes %q", name, s.Privileged, s.Volumes)
		}
		for _, volume := range s.Volumes {
			if from, _, _ := strings.Cut(volume, ":"); strings.ContainsAny(from, "/.~") {
				t.Errorf("%s mounts a folder of the machine: %s", name, volume)
			}
		}
		if s.NetworkMode == "host" || len(s.CapAdd) > 0 {
			t.Errorf("%s uses the machine's network or adds capabilities %q", name, s.CapAdd)
		}
	}
	for name, n := range p.Networks {
		if n.EnableIPv6 {
			t.Errorf("%s has IPv6, which the firewall does not filter", name)
		}
	}
	for name, has := range map[string]struct{ secrets, networks, volumes string }{
		"agent-branches":   {"AGENT_SSH_KEY.pub HOST_KEY_BRANCHES", "branches", "agent-branches:/home/agent diff-credentials:/run/diff-credentials:ro"},
		"agent-main":       {"AGENT_SSH_KEY.pub HOST_KEY_MAIN", "main", "agent-main:/home/agent"},
		"diff-credentials": {"", "trusted", "diff-credentials:/run/diff-credentials"},
	} {
		s := p.Services[name]
		if s.User != "1000:1000" || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}) {
			t.Errorf("%s runs as user %s, drops %q, and has the options %q", name, s.User, s.CapDrop, s.SecurityOpt)
		}
		if strings.Join(s.Secrets, " ") != has.secrets || strings.Join(s.Networks, " ") != has.networks || strings.Join(s.Volumes, " ") != has.volumes {
			t.Errorf("%s has the secrets %q, networks %q and volumes %q", name, s.Secrets, s.Networks, s.Volumes)
		}
	}
	for branches, main := range map[string]string{"agent-branches": "agent-main", "buildkit-branches": "buildkit-trusted"} {
		for _, volume := range p.Services[branches].Volumes {
			if slices.Contains(p.Services[main].Volumes, strings.TrimSuffix(volume, ":ro")) {
				t.Errorf("%s writes to %s, which %s uses", branches, volume, main)
			}
		}
	}
	bridge := p.Networks["trusted"].DriverOpts["com.docker.network.bridge.name"]
	if rule := "! --in-interface " + bridge + " "; !strings.Contains(read(t, "close-metadata.sh"), rule) || len(bridge) > 15 {
		t.Errorf("close-metadata.sh lacks %q, or the name is too long for the kernel", rule)
	}
	c, _ := configuration(t)
	for _, n := range c.Jenkins.Nodes {
		ssh := n.Permanent.Launcher.SSH
		s := p.Services[map[string]string{"engine": "agent-trusted"}[ssh.Host]+strings.TrimPrefix(ssh.Host, "engine")]
		if s.Build.Target != "agent" || ssh.Port != 2222 || s.Environment["HOST_KEY"] != "/run/secrets/HOST_KEY_"+strings.ToUpper(n.Permanent.Name) ||
			(ssh.Credential == "agent-ssh-root") != (s.User == "0:0") || !slices.Contains(s.Volumes, "agent-"+n.Permanent.Name+":"+n.Permanent.RemoteFS) {
			t.Errorf("the agent %s is %+v, and its container %+v", n.Permanent.Name, ssh, s)
		}
	}
}

// unprivileged runs a program as an otherwise unused user, without capabilities.
func unprivileged(t *testing.T, home, program string, env ...string) *exec.Cmd {
	t.Helper()
	const id = "47114"
	passwd := read(t, "/etc/passwd") + "agent:x:" + id + ":" + id + "::" + home + ":/bin/bash\n"
	write(t, filepath.Join(home, "passwd"), passwd, 0o644)
	cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "--propagation", "private", "sh", "-ec", `mount --bind "$0/passwd" /etc/passwd
chown -R "$2:$2" "$0"
exec setpriv --reuid "$2" --regid "$2" --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs "$1"`, home, program, id)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH") + ":/usr/sbin:/sbin"}, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// documentedKeys creates keys with the commands in docs/jenkins.md.
func documentedKeys(t *testing.T, folder string) {
	t.Helper()
	lines := regexp.MustCompile(`(?m)^ *(ssh-keygen .*AGENT_SSH_KEY|for agent in .*)$`).FindAllString(read(t, "../docs/jenkins.md"), -1)
	if len(lines) != 2 {
		t.Fatalf("docs/jenkins.md creates keys with %q", lines)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-ec", strings.Join(lines, "\n"))
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%q: %v: %s", lines, err, out)
	}
}

func TestOnlyTheControllerLogsInToAnAgent(t *testing.T) {
	t.Parallel()
	need(t, "ssh", "ssh-keygen", "setpriv")
	home, err := os.MkdirTemp("", "agent") // its user cannot enter t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	if err := errors.Join(os.Chmod(home, 0o755), os.Mkdir(filepath.Join(home, "secrets"), 0o755)); err != nil {
		t.Fatal(err)
	}
	documentedKeys(t, home)
	secrets, keys := filepath.Join(home, "secrets"), t.TempDir()
	write(t, filepath.Join(home, "agent"), read(t, "agent.sh"), 0o755)
	// The controller's key, and another one.
	write(t, filepath.Join(keys, "controller"), read(t, filepath.Join(secrets, "AGENT_SSH_KEY")), 0o600)
	if out, err := exec.CommandContext(t.Context(), "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(keys, "other")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	port := freePort(t)
	for _, agent := range []string{"BRANCHES", "MAIN"} {
		write(t, filepath.Join(keys, agent), "[127.0.0.1]:"+port+" "+read(t, filepath.Join(secrets, "HOST_KEY_"+agent+".pub")), 0o600)
	}
	var log bytes.Buffer
	cmd := unprivileged(t, home, filepath.Join(home, "agent"), "PORT="+port, "HOST_KEY="+filepath.Join(secrets, "HOST_KEY_BRANCHES"),
		"AUTHORIZED_KEYS="+filepath.Join(secrets, "AGENT_SSH_KEY.pub"), "BUILDKIT_HOST=tcp://buildkit:1234", "JAVA_HOME=/opt/java/openjdk", "EC2_SSH_KEY=secret")
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	await.Until(t, "an SSH server", func() bool {
		conn, err := net.DialTimeout("tcp", "127.0.0.1:"+port, time.Second)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	login := func(key, known string, more ...string) (string, error) {
		out, err := exec.CommandContext(t.Context(), "ssh", slices.Concat([]string{"-F", "none", "-p", port, "-i", filepath.Join(keys, key), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
			"-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=" + filepath.Join(keys, known)}, more, []string{"agent@127.0.0.1", "env; grep -E '^(Cap(Eff|Bnd)|NoNewPrivs)' /proc/self/status"})...).CombinedOutput()
		return string(out), err
	}
	got, err := login("controller", "BRANCHES")
	if err != nil {
		t.Fatalf("the controller cannot log in: %v: %s", err, got)
	}
	for _, want := range []string{"BUILDKIT_HOST=tcp://buildkit:1234\n", "JAVA_HOME=/opt/java/openjdk\n", "PATH=" + os.Getenv("PATH"), "CapEff:\t0000000000000000\n", "CapBnd:\t0000000000000000\n", "NoNewPrivs:\t1\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("a build lacks %q: %s", want, got)
		}
	}
	if strings.Contains(got, "EC2_SSH_KEY") {
		t.Errorf("a build gets a variable that it must not have: %s", got)
	}
	for _, c := range []struct{ key, known, want string }{
		{"other", "BRANCHES", "Permission denied (publickey)"}, {"controller", "MAIN", "Host key verification failed"},
	} {
		if out, err := login(c.key, c.known); err == nil || !strings.Contains(out, c.want) {
			t.Errorf("login with the key %s, expecting the host key %s: %v: %s", c.key, c.known, err, out)
		}
	}
}

func TestAgentReportsMissingKeys(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "./agent.sh")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOST_KEY=/no/key"}
	if out, err := cmd.CombinedOutput(); err == nil || string(out) != "agent: error: /no/key cannot be read, or is empty\n" {
		t.Errorf("%v: %s", err, out)
	}
}

// The firewall runs in a network namespace, with bridges like Docker's and a metadata service outside of them.
func TestOnlyTheTrustedNetworkReachesMetadata(t *testing.T) {
	t.Parallel()
	need(t, "ip", "iptables", "python3", "curl", "unshare")
	closer, err := filepath.Abs("close-metadata.sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "timeout", "120", "unshare", "--net", "--mount", "--propagation", "private", "bash", "-euc", `
mount -t tmpfs tmpfs /run
mkdir /run/netns
echo 1 >/proc/sys/net/ipv4/ip_forward
iptables --new-chain DOCKER-USER
iptables --append FORWARD --jump DOCKER-USER
container() { # bridge, network
  ip link show "$1" >/dev/null 2>&1 || { ip link add "$1" type bridge; ip address add "$2.1/24" dev "$1"; ip link set "$1" up; }
  ip netns add "$1"
  ip link add "v-$2" type veth peer name eth0 netns "$1"
  ip link set "v-$2" master "$1" up
  ip -n "$1" address add "$2.2/24" dev eth0
  ip -n "$1" link set eth0 up
  ip -n "$1" route add default via "$2.1"
}
container jenkins-trusted 10.0.1
container br-branches 10.0.2
ip netns add service
ip link add out type veth peer name eth0 netns service
ip address add 169.254.1.1/16 dev out
ip link set out up
ip -n service address add 169.254.169.254/16 dev eth0
ip -n service link set eth0 up
ip -n service link set lo up
ip -n service route add default via 169.254.1.1
ip netns exec service python3 -m http.server --bind 169.254.169.254 --directory "$(mktemp -d)" 80 >/dev/null 2>&1 &
trap 'kill %1' EXIT
reaches() { # network, arguments of curl
  ip netns exec "$1" curl --noproxy '*' --silent --output /dev/null --max-time 5 "${@:2}" http://169.254.169.254/ && echo "$1 reaches it" || echo "$1 does not"
}
until ip netns exec service curl --noproxy '*' --silent --max-time 2 --output /dev/null http://169.254.169.254/; do kill -0 %1; done
reaches br-branches
"$0" && "$0"
reaches br-branches
# A spoofed address of the other network does not help.
ip -n br-branches address add 10.0.1.2/32 dev eth0
reaches br-branches --interface 10.0.1.2
reaches jenkins-trusted
iptables --list DOCKER-USER --numeric | grep --count REJECT
`, closer)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if want := "br-branches reaches it\nbr-branches does not\nbr-branches does not\njenkins-trusted reaches it\n1\n"; err != nil || string(out) != want {
		t.Errorf("%v: %s, want %s\n%s", err, out, want, &stderr)
	}
}

func TestBranchesGetCredentialsOfOneRole(t *testing.T) {
	t.Parallel()
	const role = "arn:aws:iam::123456789012:role/branches"
	for _, c := range []struct {
		name, role, aws string
		arguments       []string
		status          int
		output, file    string
	}{
		{"credentials", role, `printf 'ID\tSECRET\tTOKEN\n'`, []string{"--once"}, 0, "", "[default]\naws_access_key_id = ID\naws_secret_access_key = SECRET\naws_session_token = TOKEN\n"},
		{"access denied", role, "echo AccessDenied >&2; exit 254", []string{"--once"}, 1, "AccessDenied\ndiff-credentials: error: cannot assume the role " + role + ": see above\n", "before\n"},
		{"not a role", "pipeline", "exit 1", []string{"--once"}, 1, "diff-credentials: error: BRANCH_ROLE is 'pipeline', not the ARN of a role\n", "before\n"},
		{"recent credentials", role, "exit 1", []string{"--check"}, 0, "", "before\n"},
		{"no role", "", "exit 1", []string{"--check"}, 0, "", "before\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, "credentials")
			write(t, file, "before\n", 0o600)
			write(t, filepath.Join(dir, "bin", "aws"), "#!/bin/bash\necho \"$*\" >\"$RECORD\"\n"+c.aws+"\n", 0o755)
			cmd := exec.CommandContext(t.Context(), "./diff-credentials.sh", c.arguments...)
			cmd.Env = []string{"PATH=" + filepath.Join(dir, "bin") + ":" + os.Getenv("PATH"), "BRANCH_ROLE=" + c.role, "FILE=" + file, "RECORD=" + filepath.Join(dir, "record")}
			out, _ := cmd.CombinedOutput()
			if cmd.ProcessState.ExitCode() != c.status || string(out) != c.output || read(t, file) != c.file {
				t.Errorf("exit %d: %s\n%s", cmd.ProcessState.ExitCode(), out, read(t, file))
			}
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("others can read the credentials: %v, %v", info.Mode(), err)
			}
			if c.aws != "exit 1" && !strings.Contains(read(t, filepath.Join(dir, "record")), "--role-arn "+role+" ") {
				t.Errorf("the role is wrong: %s", read(t, filepath.Join(dir, "record")))
			}
		})
	}
	// Credentials from an hour ago.
	old := filepath.Join(t.TempDir(), "credentials")
	write(t, old, "keys\n", 0o600)
	past := time.Now().Add(-time.Hour)
	cmd := exec.CommandContext(t.Context(), "./diff-credentials.sh", "--check")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "BRANCH_ROLE=" + role, "FILE=" + old}
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	if out, err := cmd.CombinedOutput(); err == nil || string(out) != "diff-credentials: error: the credentials in "+old+" are too old or missing\n" {
		t.Errorf("%v: %s", err, out)
	}
}
