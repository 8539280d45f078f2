//go:build integration

package rollout_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/fernet/fernet-go"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/store/dynamo"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/dynamolocal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/executables"
	"github.com/vaultsphere/vaultsphere/internal/testenv/signing"
)

// settingsFile is written by a host's user data.
const settingsFile = "/etc/password-manager.env"

// deployer runs deploy.sh like the pipeline, with its own SSH key, the host's public key, and a key that signs releases.
type deployer struct {
	host
	env []string
	key signing.Key
}

// install writes the files of a host's first boot: its scripts, and the key that it trusts.
func (d *deployer) install(t *testing.T) {
	t.Helper()
	d.scripts(t)
	d.key.WritePublic(t, filepath.Join(d.home, "signing-key.pem"))
}

func (h *host) scripts(t *testing.T) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Join(h.home, "bin"), 0o755))
	for _, name := range []string{"start-release", "verify-release"} {
		copyFile(t, filepath.Join(root, "infra/host", name+".sh"), filepath.Join(h.home, "bin", name))
	}
}

// release pushes a release and signs it.
func (d *deployer) release(t *testing.T, name string, changes ...string) string {
	t.Helper()
	image := d.host.release(t, name, changes...)
	signing.Attach(t, image, d.key.Sign(t, image))
	return image
}

// TestDeploy deploys releases over SSH to a host that serves the tables.
func TestDeploy(t *testing.T) {
	d := &deployer{host: *newHost(t), key: signing.NewKey(t)}
	d.install(t)
	d.env = append(os.Environ(), d.startSSH(t)...)
	d.seed(t)
	d.settings(t)

	first := d.release(t, "vaultsphere")
	if code, said := d.deploy(nil, first); code != 1 || !strings.Contains(said, "serves on the host, but "+site+" does not answer and did not before: ") {
		// The proxy creates its authority when it first starts, so curl cannot trust it yet.
		t.Fatalf("the first release: exit %d: %s", code, said)
	}
	d.serves(t, first)
	certificate := filepath.Join(t.TempDir(), "authority.pem")
	d.docker(t, "cp", "vaultsphere-proxy:/data/caddy/pki/authorities/local/root.crt", certificate)
	d.env = append(d.env, "CURL_CA_BUNDLE="+certificate)

	l := startLoad(t, site, d.authority(t), readers)
	current := first
	for _, part := range []struct {
		name string
		test func(*deployer, *testing.T, string) string
	}{
		{"six good releases", testDeployGood},
		{"rollback", testDeployBack},
		{"another secret", testDeploySecret},
		{"releases without a trusted signature", testDeployUnsigned},
		{"releases that do not serve", testDeployBad},
		{"no settings", testDeployWithoutSettings},
		{"another host", testDeployElsewhere},
	} {
		t.Run(part.name, func(t *testing.T) {
			begin := time.Now()
			current = part.test(d, t, current)
			d.serves(t, current)
			l.check(t, "DynamoDB, over SSH: "+part.name, begin)
		})
	}
	l.stop()
	t.Run("no write is lost", l.readBack)
	for _, last := range []struct {
		name string
		test func(*deployer, *testing.T, *load, string)
	}{
		{"a release that serves no one is rolled back", testHollow},
		{"an empty host serves the current release, with every write", testReplaced},
	} {
		begin := time.Now()
		how := map[bool]string{true: "ok", false: "FAILED"}[t.Run(last.name, func(t *testing.T) { last.test(d, t, l, current) })]
		noted("DynamoDB, over SSH: "+last.name, how, time.Since(begin), 0)
	}
}

// startSSH serves SSH on port 22 and returns the settings for deploy.sh to connect.
func (d *deployer) startSSH(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, key := range []string{"host", "pipeline", "stranger"} {
		output(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", key, "-f", path(key))
	}
	copyFile(t, path("pipeline.pub"), path("authorized_keys"))
	for known, key := range map[string]string{"known_hosts": "host.pub", "other_hosts": "stranger.pub"} {
		content, err := os.ReadFile(path(key))
		must(t, err)
		must(t, os.WriteFile(path(known), append([]byte("127.0.0.1 "), content...), 0o600))
	}
	serveSSH(t, nil, "127.0.0.1", path("host"), path("authorized_keys"))
	return []string{
		"DEPLOY_HOST=127.0.0.1", "DEPLOY_USER=root", "DEPLOY_KEY=" + path("pipeline"), "KNOWN_HOSTS=" + path("known_hosts"),
		"OTHER_HOSTS=" + path("other_hosts"), "SITE_URL=" + site, "CHECK_SECONDS=5",
	}
}

// serveSSH serves SSH on port 22 of an address. If the host is in another network, within is the command that runs programs in that
// network.
func serveSSH(t *testing.T, within []string, address, hostKey, authorized string) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "sshd_config")
	// Like the configuration of Debian and Amazon Linux, except for the paths of the keys.
	must(t, os.WriteFile(config, fmt.Appendf(nil, `ListenAddress %s
HostKey %s
AuthorizedKeysFile %s
PermitRootLogin prohibit-password
PasswordAuthentication no
StrictModes no
UsePAM no
PidFile none
`, address, hostKey, authorized), 0o600))
	program, err := exec.LookPath("sshd")
	if err != nil {
		t.Fatal("sshd is missing: apt-get install openssh-server")
	}
	if _, err := exec.LookPath("sudo"); err != nil {
		t.Fatal("sudo is missing: apt-get install sudo")
	}
	var log bytes.Buffer
	line := slices.Concat(within, []string{program, "-D", "-e", "-f", config})
	cmd := exec.Command(line[0], line[1:]...) //nolint:gosec // the programs are named by the tests
	cmd.Stderr = &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	must(t, cmd.Start())
	t.Cleanup(func() {
		_, _ = cmd.Process.Kill(), cmd.Wait()
		if t.Failed() {
			t.Logf("sshd: %s", log.String())
		}
	})
	await.Until(t, "sshd", func() bool {
		conn, err := net.Dial("tcp", address+":22")
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	must(t, err)
	must(t, executables.WriteFile(to, content, 0o755))
}

func output(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.Command(program, args...).CombinedOutput() //nolint:gosec // the programs are named by the tests
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// seedTables creates a deployment's tables in DynamoDB Local, because the emulator is too slow for the load. It also sets the settings
// that a team chooses.
func seedTables(t *testing.T, d names.Deployment) {
	t.Helper()
	endpoint := dynamolocal.Endpoint(t)
	must(t, dynamo.CreateTables(t.Context(), dynamo.Config{
		Endpoint: endpoint, Region: emulator.Region, Users: d.Name(names.UsersTable), Accounts: d.Name(names.AccountsTable),
		Passwords: d.Name(names.PasswordsTable), Sessions: d.Name(names.SessionsTable), Vaults: d.Name(names.VaultsTable), Events: d.Name(names.EventsTable),
	}))
	at, err := url.Parse(endpoint)
	must(t, err)
	for name, value := range map[string]string{
		// No public authority issues a certificate for this site, and the tables are on this machine.
		"SITE": "site", "AUTH_RATE": "1000000", "DYNAMODB_ENDPOINT": "http://" + net.JoinHostPort(address, at.Port()),
	} {
		putParameter(t, d.Name(names.ParameterPath)+name, value, types.ParameterTypeSecureString)
	}
}

// seed creates the parameters of a deployment.
func (d *deployer) seed(t *testing.T) {
	t.Helper()
	seedTables(t, "")
	var secret fernet.Key
	must(t, secret.Generate())
	for name, value := range map[string]string{
		names.EnvAWSRegion: emulator.Region, names.EnvPort: "5001", names.EnvStore: names.StoreDynamoDB,
		names.EnvUsersTable: names.UsersTable, names.EnvAccountsTable: names.AccountsTable,
		names.EnvPasswordsTable: names.PasswordsTable, names.EnvSessionsTable: names.SessionsTable,
		names.EnvVaultsTable: names.VaultsTable, names.EnvEventsTable: names.EventsTable, names.EnvRegistration: names.RegistrationOpen,
		names.SiteAddress: "localhost", names.EnvSessionSecret: secret.Encode(),
	} {
		d.put(t, name, value)
	}
}

func (d *deployer) put(t *testing.T, name, value string) {
	t.Helper()
	putParameter(t, names.ParameterPath+name, value, types.ParameterTypeSecureString)
}

func putParameter(t *testing.T, name, value string, kind types.ParameterType) {
	t.Helper()
	_, err := ssm.NewFromConfig(emulator.Config(t)).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: &name, Value: &value, Type: kind, Overwrite: aws.Bool(true),
	})
	must(t, err)
}

// settings writes the host's settings.
func (d *deployer) settings(t *testing.T, more ...string) {
	t.Helper()
	d.writeSettings(t, settingsFile, append([]string{"HOME_DIRECTORY=" + names.HostDirectory}, more...)...)
	program := output(t, filepath.Join(root, "scripts/python-tool.sh"), "path", "aws")
	must(t, errors.Join(os.MkdirAll("/etc/sudoers.d", 0o755),
		os.WriteFile("/etc/sudoers.d/path", []byte("Defaults secure_path="+filepath.Dir(program)+":"+os.Getenv("PATH")+"\n"), 0o440)))
}

// writeSettings writes the settings of a host, including addresses and credentials that AWS would provide. Later settings win.
func (h *host) writeSettings(t *testing.T, file string, more ...string) {
	t.Helper()
	var lines []string
	for _, entry := range slices.Concat(h.account(t), h.env, []string{"REPOSITORY=" + repository, "AWS_MAX_ATTEMPTS=1"}, more) {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "AWS_") || slices.Contains([]string{
			"DOCKER_HOST", "DOCKER_CONFIG", "HOME_DIRECTORY", "REPOSITORY", "PARAMETER_PATH", "RELEASE_PARAMETER", "WATCH_SECONDS", "READY_TRIES",
			"READY_INTERVAL",
		}, name) {
			lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, name+"=") })
			lines = append(lines, entry)
		}
	}
	must(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
}

// deploy runs deploy.sh and returns its last line.
func (d *deployer) deploy(env []string, args ...string) (code int, said string) {
	cmd := exec.Command(filepath.Join(root, "scripts/deploy.sh"), args...)
	cmd.Env = append(slices.Clone(d.env), env...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		return -1, err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return cmd.ProcessState.ExitCode(), lines[len(lines)-1]
}

func testDeployGood(d *deployer, t *testing.T, current string) string {
	for range 6 {
		begin := time.Now()
		current = d.release(t, "vaultsphere")
		built := time.Since(begin)
		code, said := d.deploy(nil, current)
		if want := "deploy.sh: " + digest(current) + " serves at " + site + " after "; code != 0 || !strings.HasPrefix(said, want) {
			t.Fatalf("exit %d: %s", code, said)
		}
		t.Logf("made in %s, deployed in %s", built.Round(time.Millisecond), (time.Since(begin) - built).Round(time.Millisecond))
		d.serves(t, current)
	}
	if code, said := d.deploy(nil, current); code != 0 || !strings.Contains(said, "serves") {
		t.Errorf("the same again: exit %d: %s", code, said)
	}
	if got := d.current(t); got != digest(current) {
		t.Errorf("a new host would serve %s, not %s", got, digest(current))
	}
	code, said := d.deploy(nil, "--status")
	if code != 0 || !strings.HasPrefix(said, "previous") {
		t.Errorf("--status: exit %d: %s", code, said)
	}
	return current
}

// current returns the digest that a new host would serve.
func (d *deployer) current(t *testing.T) string {
	t.Helper()
	got, err := ssm.NewFromConfig(emulator.Config(t)).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(releaseParameter)})
	must(t, err)
	return *got.Parameter.Value
}

func testDeployBack(d *deployer, t *testing.T, _ string) string {
	before := repository + "@" + d.state(t, "previous")
	begin := time.Now()
	code, said := d.deploy(nil, "--back")
	took := time.Since(begin)
	t.Logf("back after %s", took.Round(time.Millisecond))
	if code != 0 || !strings.HasPrefix(said, "deploy.sh: the previous release serves at ") {
		t.Errorf("exit %d after %s: %s", code, took, said)
	}
	if got := d.current(t); got != digest(before) {
		t.Errorf("a new host would serve %s, not %s", got, digest(before))
	}
	return before
}

// testDeploySecret rotates the secret. The load's sessions must survive it.
func testDeploySecret(d *deployer, t *testing.T, current string) string {
	before := d.secret(t)
	for _, step := range []string{"--add", "--use"} {
		cmd := exec.Command(filepath.Join(root, "scripts/seed-secrets.sh"), step)
		cmd.Env = d.account(t)
		if out, err := cmd.CombinedOutput(); err != nil || bytes.Contains(out, []byte(before)) {
			t.Fatalf("%s: %v: %s", step, err, out)
		}
		if code, said := d.deploy(nil, current); code != 0 {
			t.Fatalf("after %s: exit %d: %s", step, code, said)
		}
	}
	if keys := strings.Split(d.secret(t), ","); len(keys) != 2 || keys[1] != before || keys[0] == before {
		t.Errorf("there are %d keys", len(keys))
	}
	return current
}

func (d *deployer) secret(t *testing.T) string {
	t.Helper()
	got, err := ssm.NewFromConfig(emulator.Config(t)).GetParameter(t.Context(), &ssm.GetParameterInput{
		Name: aws.String(names.ParameterPath + names.EnvSessionSecret), WithDecryption: aws.Bool(true),
	})
	must(t, err)
	return *got.Parameter.Value
}

// testDeployUnsigned deploys working releases without a valid signature. The host must not even pull them.
func testDeployUnsigned(d *deployer, t *testing.T, current string) string {
	unsigned, forged, copied := d.host.release(t, "vaultsphere"), d.host.release(t, "vaultsphere"), d.host.release(t, "vaultsphere")
	signing.Attach(t, forged, signing.NewKey(t).Sign(t, forged))
	signing.Attach(t, copied, d.key.Sign(t, current))
	for image, want := range map[string]string{
		unsigned: unsigned + " is not signed",
		forged:   "the signature of " + forged + " is not accepted: it is not by the key in " + names.HostDirectory + "/signing-key.pem",
		copied:   "the signature of " + copied + " is not accepted: it is for " + digest(current),
	} {
		if code, said := d.deploy(nil, image); code != 1 || said != "deploy.sh: error: the host has not taken the release: start-release: error: "+want {
			t.Errorf("exit %d: %s, want %s", code, said, want)
		}
		d.serves(t, current)
		if err := d.command("docker", "image", "inspect", image).Run(); err == nil {
			t.Errorf("%s was pulled", image)
		}
	}
	return current
}

func testDeployBad(d *deployer, t *testing.T, current string) string {
	// The host must not use the files of a release that does not serve.
	silent := d.release(t, "faulty", "ENV FAULT=silent")
	missing := repository + "@sha256:" + strings.Repeat("0", 64)
	signing.Attach(t, missing, d.key.Sign(t, missing))
	d.image(t, "strange", 0, map[string]string{"go.mod": filepath.Join(root, "go.mod")}, `ENTRYPOINT ["/go.mod"]`)
	scripts, err := os.Stat(filepath.Join(d.home, "deploy"))
	must(t, err)
	for _, c := range []struct{ image, want string }{
		{silent, "deploy.sh: error: the host has not taken the release: rollout.sh: error: " + silent + " does not serve: not ready in 2 s"},
		{missing, "deploy.sh: error: the host has not taken the release: start-release: error: cannot pull "},
		{d.release(t, "strange"), "has no /deploy: it is not a release"},
	} {
		if code, said := d.deploy(nil, c.image); code != 1 || !strings.Contains(said, c.want) {
			t.Errorf("exit %d: %s, want %s", code, said, c.want)
		}
		d.serves(t, current)
	}
	after, err := os.Stat(filepath.Join(d.home, "deploy"))
	must(t, err)
	if !os.SameFile(scripts, after) {
		t.Error("the host uses the files of a release that never served")
	}
	return current
}

// testDeployWithoutSettings makes the settings unavailable. This must change neither the settings nor the release.
func testDeployWithoutSettings(d *deployer, t *testing.T, current string) string {
	file := filepath.Join(d.home, ".env")
	before, err := os.ReadFile(file)
	must(t, err)
	next := d.release(t, "vaultsphere")
	parameters := ssm.NewFromConfig(emulator.Config(t))
	for _, c := range []struct {
		name, want string
		begin, end func()
	}{
		{"SSM is away", "fetch-env.sh: error: AWS does not answer: check the network and the region",
			func() { d.settings(t, "AWS_ENDPOINT_URL_SSM=http://127.0.0.1:1") }, func() { d.settings(t) }},
		{"a parameter is missing", "fetch-env.sh: error: missing: " + names.ParameterPath + names.EnvPort,
			func() {
				_, err := parameters.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String(names.ParameterPath + names.EnvPort)})
				must(t, err)
			}, func() { d.put(t, names.EnvPort, "5001") }},
		{"a setting is wrong", "STORE must be",
			func() { d.put(t, names.EnvStore, "paper") }, func() { d.put(t, names.EnvStore, names.StoreDynamoDB) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.begin()
			defer c.end()
			if code, said := d.deploy(nil, next); code != 1 || !strings.Contains(said, c.want) {
				t.Errorf("exit %d: %s, want %s", code, said, c.want)
			}
			d.serves(t, current)
			if c.want == "STORE must be" {
				return // the new settings are written; only the release rejects them
			}
			if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, before) {
				t.Errorf("the settings have changed: %v", err)
			}
		})
	}
	if code, said := d.deploy(nil, next); code != 0 {
		t.Errorf("the next deployment: exit %d: %s", code, said)
	}
	return next
}

// testDeployElsewhere checks that deploy.sh rejects a host with another key.
func testDeployElsewhere(d *deployer, t *testing.T, current string) string {
	_, other, _ := strings.Cut(d.env[slices.IndexFunc(d.env, func(e string) bool { return strings.HasPrefix(e, "OTHER_HOSTS=") })], "=")
	for _, c := range []struct {
		env        []string
		code       int
		args, want string
	}{
		{[]string{"KNOWN_HOSTS=" + other}, 1, current, "deploy.sh: error: no connection to 127.0.0.1, or it broke: Host key verification failed."},
		{[]string{"DEPLOY_PORT=1"}, 1, current, "deploy.sh: error: no connection to 127.0.0.1, or it broke: ssh: connect to host 127.0.0.1 port 1: Connection refused"},
		{[]string{"KNOWN_HOSTS="}, 2, current, "deploy.sh: error: KNOWN_HOSTS is not set: it names the file with the host's key"},
		{[]string{"DEPLOY_HOST=-oProxyCommand=id"}, 2, current, "deploy.sh: error: DEPLOY_HOST is '-oProxyCommand=id', not a host"},
		{[]string{"DEPLOY_USER=a;b"}, 2, current, "deploy.sh: error: DEPLOY_USER is 'a;b', not a user's name"},
		{[]string{"SITE_URL=http://x"}, 2, current, "deploy.sh: error: SITE_URL is 'http://x', not https:// and a host"},
		{nil, 2, "password-manager:latest", "deploy.sh: error: 'password-manager:latest' is not IMAGE@sha256:DIGEST"},
	} {
		if code, said := d.deploy(c.env, c.args); code != c.code || said != c.want {
			t.Errorf("%v %s: exit %d: %s, want %d: %s", c.env, c.args, code, said, c.code, c.want)
		}
	}
	return current
}

// testHollow deploys a release that is ready but serves no one.
func testHollow(d *deployer, t *testing.T, _ *load, current string) {
	hollow := d.release(t, "faulty", "ENV FAULT=hollow")
	code, said := d.deploy(nil, hollow)
	if code != 1 || !strings.HasPrefix(said, "deploy.sh: error: "+site+" does not answer: ") || !strings.HasSuffix(said, "; the host went back to the previous release") {
		t.Errorf("exit %d: %s", code, said)
	}
	d.serves(t, current)
	if got := d.current(t); got != digest(current) {
		t.Errorf("a new host would serve %s, not %s", got, digest(current))
	}
}

// testReplaced empties the host and starts the release as on a first boot.
func testReplaced(d *deployer, t *testing.T, l *load, current string) {
	d.docker(t, "rm", "--force", "vaultsphere-proxy", "vaultsphere-blue", "vaultsphere-green")
	d.docker(t, "volume", "prune", "--force")
	d.docker(t, "image", "rm", "--force", current)
	d.home = newHome(t)
	d.install(t)
	begin := time.Now()
	output(t, "sudo", "-n", filepath.Join(d.home, "bin/start-release"))
	t.Logf("it serves after %s", time.Since(begin).Round(time.Millisecond))
	d.serves(t, current)
	l.browser = client(d.authority(t), true) // a new host has a new authority
	l.readBack(t)
}
