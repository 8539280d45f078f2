//go:build integration

package rollout_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/fernet/fernet-go"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/registry"
	"github.com/vaultsphere/vaultsphere/internal/testenv/signing"
)

// platform is what outlives a host: the address, the bucket, the parameters, the registry.
type platform struct {
	*elastic
	*authority
	bucket string
	key    signing.Key
}

// member is a host of a platform, with what its first boot writes to the disk.
type member struct {
	*host
	platform *platform
	ip       string // its own address
}

// hostPrograms are those of infra/host, by their name on a host, beside those that bring a release.
var hostPrograms = []string{"close-metadata", "instance-metadata", "keep-certificates"}

// TestReplacement is the story of a host that another one replaces.
func TestReplacement(t *testing.T) {
	emulator.Reset(t)
	registry.Serve(t, registryAddress, t.TempDir())
	p := &platform{elastic: newElastic(t), authority: newAuthority(t), bucket: names.CertificatesBucket(emulator.Account, emulator.Region),
		key: signing.NewKey(t)}
	p.aws(t, "s3api", "create-bucket", "--bucket", p.bucket)
	p.aws(t, "s3api", "put-bucket-versioning", "--bucket", p.bucket, "--versioning-configuration", "Status=Enabled")
	one, two := p.newMember(t), p.newMember(t)
	one.serverImages(t)
	release := one.release(t, "vaultsphere")
	signing.Attach(t, release, p.key.Sign(t, release))
	settings(t, release)

	for _, part := range []struct {
		name string
		test func(t *testing.T, one, two *member)
	}{
		{"the proxy cannot reach the host's role", testMetadata},
		{"without a certificate the proxy waits for the address", testFirstHost},
		{"certificates are copied when they have changed", testSave},
		{"a copy that is not whole is refused", testRefusedCopies},
		{"a host that asks before it has the address serves nobody", testAskedTooEarly},
		{"a host that restores serves at once", testRestored},
		{"an authority that refuses stops nothing", testRefusal},
	} {
		begin := time.Now()
		ok := t.Run(part.name, func(t *testing.T) { part.test(t, one, two) })
		noted("replacing the host: "+part.name, map[bool]string{true: "ok", false: "FAILED"}[ok], time.Since(begin), 0)
		if !ok {
			return // what comes next begins with what this leaves behind
		}
	}
}

func (p *platform) aws(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(output(t, filepath.Join(root, "scripts/python-tool.sh"), "path", "aws"), args...)
	cmd.Env = emulator.Env(t)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// settings puts the parameters there that a deployment makes, but for the address: a stack knows that once its first host is ready.
func settings(t *testing.T, release string) {
	t.Helper()
	var secret fernet.Key
	must(t, secret.Generate())
	for name, value := range map[string]string{
		names.EnvAWSRegion: emulator.Region, names.EnvPort: "5001", names.EnvStore: "sqlite:", names.EnvSessionSecret: secret.Encode(),
		names.SiteAddress: elasticAddress, names.Release: digest(release), "ACME_DIRECTORY": acmeDirectory,
	} {
		putParameter(t, names.ParameterPath+name, value, types.ParameterTypeString)
	}
}

// newMember is a host that was just made: its metadata service is closed before Docker starts for the first time.
func (p *platform) newMember(t *testing.T) *member {
	t.Helper()
	m := &member{host: newMachine(t, t.TempDir()), platform: p}
	m.ip = m.ownNetwork(t)
	m.env = slices.Concat(m.env, m.account(t), []string{
		"HOME_DIRECTORY=" + m.home, "SETTINGS_FILE=", "REPOSITORY=" + repository, "RELEASE_PARAMETER=" + names.ParameterPath + names.Release,
		"SITE_PARAMETER=" + names.ParameterPath + names.SiteAddress, "ADDRESS_PARAMETER=" + names.HostAddress,
		"CERTIFICATES_BUCKET=" + p.bucket, "CERTIFICATES_KEY=" + names.CertificatesKey,
	})
	m.scripts(t)
	p.key.WritePublic(t, filepath.Join(m.home, "signing-key.pem"))
	for _, name := range hostPrograms {
		copyFile(t, filepath.Join(root, "infra/host", name+".sh"), filepath.Join(m.home, "bin", name))
	}
	m.must(t, "close-metadata")
	m.startEngine(t)
	m.proxyImage(t, map[string]string{"etc/ssl/certs/ca-certificates.crt": p.certificate})
	return m
}

// run runs a program of the host, and returns what it said.
func (m *member) run(env []string, program string, args ...string) (said string, code int) {
	cmd := m.command(filepath.Join(m.home, "bin", program), args...)
	cmd.Env = slices.Concat(m.env, env)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		return err.Error(), -1
	}
	return strings.TrimSpace(string(out)), cmd.ProcessState.ExitCode()
}

func (m *member) must(t *testing.T, program string, args ...string) string {
	t.Helper()
	said, code := m.run(nil, program, args...)
	if code != 0 {
		t.Fatalf("%s %s: exit %d: %s", program, strings.Join(args, " "), code, said)
	}
	return said
}

// empty makes the host one that was just made.
func (m *member) empty(t *testing.T) {
	t.Helper()
	for _, container := range strings.Fields(m.docker(t, "ps", "--all", "--quiet")) {
		m.docker(t, "rm", "--force", container)
	}
	for _, volume := range strings.Fields(m.docker(t, "volume", "ls", "--quiet")) {
		m.docker(t, "volume", "rm", volume)
	}
	must(t, errors.Join(os.RemoveAll(filepath.Join(m.home, "state")), os.RemoveAll(filepath.Join(m.home, "deploy"))))
}

// held says whether the proxy is kept from starting.
func (m *member) held() bool {
	_, err := os.Stat(filepath.Join(m.home, "state/proxy-held"))
	return err == nil
}

func (m *member) data(t *testing.T) string {
	t.Helper()
	return m.docker(t, "volume", "inspect", "--format", "{{.Mountpoint}}", "vaultsphere_certificates")
}

func (m *member) proxyLog(t *testing.T) string {
	t.Helper()
	out, err := m.command("docker", "logs", "vaultsphere-proxy").CombinedOutput()
	must(t, err)
	return string(out)
}

// served shakes hands at an address as a browser does, and returns the certificate's number.
func (p *platform) served(address string) (string, error) {
	dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: 5 * time.Second}, Config: &tls.Config{RootCAs: p.roots, ServerName: elasticAddress}}
	conn, err := dialer.Dial("tcp", net.JoinHostPort(address, "443"))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String(), nil
}

// answers says whether something of a container's network reaches the metadata service.
func (m *member) answers(t *testing.T, container string) bool {
	t.Helper()
	pid := m.docker(t, "inspect", "--format", "{{.State.Pid}}", "vaultsphere-"+container)
	cmd := exec.Command("nsenter", "--net=/proc/"+pid+"/ns/net", "curl", "--noproxy", "*", "--fail", "--silent", "--max-time", "5", "--request", "PUT",
		"--header", "X-aws-ec2-metadata-token-ttl-seconds: 60", "http://"+metadataAddress+"/latest/api/token")
	out, err := cmd.Output()
	return err == nil && len(out) > 0
}

func testMetadata(t *testing.T, _, two *member) {
	defer two.empty(t)
	two.must(t, "start-release")
	reached := func(when string, proxy bool) {
		t.Helper()
		if got := two.answers(t, "proxy"); got != proxy {
			t.Errorf("%s: the proxy reaches the metadata service: %v", when, got)
		}
		if !two.answers(t, "blue") {
			t.Errorf("%s: the slot does not reach the metadata service", when)
		}
	}
	reached("as it starts", false)
	two.restartEngine(t)
	reached("after Docker has restarted", false)
	rules := func() string {
		out, err := two.command("iptables", "--list-rules", "DOCKER-USER").Output()
		must(t, err)
		return string(out)
	}
	before := rules()
	two.must(t, "close-metadata")
	if after := rules(); after != before {
		t.Errorf("a second run has changed the rules from %s to %s", before, after)
	}
	must(t, two.command("iptables", "--flush", "DOCKER-USER").Run())
	reached("without the rule", true)
	two.must(t, "close-metadata")
	reached("with the rule again", false)
}

// wait runs the unit that waits for the address. The function that it returns waits until it has said something; "" until it
// has ended.
func (m *member) wait(t *testing.T) func(what string) {
	t.Helper()
	output, err := os.Create(filepath.Join(t.TempDir(), "wait"))
	must(t, err)
	cmd := m.command(filepath.Join(m.home, "bin/keep-certificates"), "wait")
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	must(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); output.Close() })
	return func(what string) {
		t.Helper()
		if what == "" {
			must(t, <-ended)
			return
		}
		await.Until(t, what, func() bool {
			said, err := os.ReadFile(output.Name())
			return err == nil && strings.Contains(string(said), "keep-certificates: "+what+"\n")
		})
	}
}

// testFirstHost: the host of a new platform serves nothing outside before it has the address, and says that it is ready all the same.
func testFirstHost(t *testing.T, one, _ *member) {
	p := one.platform
	if said := one.must(t, "keep-certificates", "restore"); strings.Count(said, "\n") != 1 || !strings.Contains(said, "no certificates from s3://"+p.bucket) ||
		!strings.Contains(said, "the proxy starts once this host has the platform's address") {
		t.Errorf("restore: %s", said)
	}
	if said := one.must(t, "start-release"); !strings.Contains(said, " is up") {
		t.Errorf("start-release: %s", said)
	}
	says := one.wait(t)
	says("waiting for the platform's address: cannot read " + names.HostAddress)
	putParameter(t, names.HostAddress, elasticAddress, types.ParameterTypeString)
	says("waiting for the platform's address: this host has " + one.ip + ", the platform " + elasticAddress)
	if got := one.docker(t, "ps", "--all", "--format", "{{.Names}}"); got != "vaultsphere-blue" {
		t.Errorf("there are the containers %q", got)
	}
	p.move(one.ip)
	says("this host has " + elasticAddress)
	says("")
	await.Until(t, "a certificate", func() bool { _, err := p.served(elasticAddress); return err == nil })
	if got := p.ordersOf(one.ip); got != 1 {
		t.Errorf("%d orders, want one", got)
	}
	if said := one.must(t, "keep-certificates", "wait"); said != "" || one.held() {
		t.Errorf("with the proxy started: %s", said)
	}
}

func (p *platform) versions(t *testing.T) string {
	t.Helper()
	return p.aws(t, "s3api", "list-object-versions", "--bucket", p.bucket, "--query", "length(Versions || `[]`)")
}

func testSave(t *testing.T, one, two *member) {
	p := one.platform
	if said := two.must(t, "keep-certificates", "save"); said != "" || p.versions(t) != "0" {
		t.Errorf("a host without certificates: %s", said)
	}
	if said, code := one.run([]string{"AWS_ENDPOINT_URL_S3=http://127.0.0.1:1"}, "keep-certificates", "save"); code != 1 ||
		!strings.HasPrefix(said, "keep-certificates: error: not saved to s3://"+p.bucket) || strings.Contains(said, "\n") {
		t.Errorf("while S3 is away: exit %d: %s", code, said)
	}
	if said := one.must(t, "keep-certificates", "save"); said != "keep-certificates: saved to s3://"+p.bucket+"/"+names.CertificatesKey {
		t.Errorf("save: %s", said)
	}
	if said := one.must(t, "keep-certificates", "save"); said != "" || p.versions(t) != "1" {
		t.Errorf("unchanged: %s, and there are %s versions", said, p.versions(t))
	}
}

// archive makes one as save does, of files by their path.
func archive(t *testing.T, files map[string]string, more ...*tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content := files[name]
		must(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Size: int64(len(content))}))
		_, err := w.Write([]byte(content))
		must(t, err)
	}
	for _, header := range more {
		must(t, w.WriteHeader(header))
	}
	must(t, w.Close())
	return b.Bytes()
}

func sum(content []byte) string {
	s := sha256.Sum256(content)
	return hex.EncodeToString(s[:])
}

func (p *platform) copied(t *testing.T, content []byte, sum string) {
	t.Helper()
	_, err := s3.NewFromConfig(emulator.Config(t)).PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: &p.bucket, Key: aws.String(names.CertificatesKey), Body: bytes.NewReader(content), Metadata: map[string]string{"sha256": sum},
	})
	must(t, err)
}

func testRefusedCopies(t *testing.T, one, two *member) {
	p := two.platform
	good, name := map[string]string{}, ""
	must(t, filepath.WalkDir(one.data(t), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		path, _ = filepath.Rel(one.data(t), path)
		if good[path] = string(content); strings.HasSuffix(path, ".crt") {
			name = strings.TrimSuffix(path, ".crt")
		}
		return err
	}))
	// with is the good copy with other content; none leaves a file out.
	with := func(changes ...string) map[string]string {
		files := maps.Clone(good)
		for change := range slices.Chunk(changes, 2) {
			if files[change[0]] = change[1]; change[1] == "" {
				delete(files, change[0])
			}
		}
		return files
	}
	strange, strangeKey := selfSigned(t, elasticAddress, time.Now().Add(time.Hour))
	expired, expiredKey := selfSigned(t, elasticAddress, time.Now().Add(-time.Minute))
	whole := archive(t, good)
	defer p.copied(t, whole, sum(whole))
	pem := good[name+".crt"]
	for _, c := range []struct {
		name, want string
		copy       []byte
		sum        string // of the copy, unless it is given
		env        string
	}{
		{"S3 is away", "no certificates from s3://", whole, "", "AWS_ENDPOINT_URL_S3=http://127.0.0.1:1"},
		{"cut in half", "its SHA-256 is another", whole[:len(whole)/2], sum(whole), ""},
		{"cut in half, and sealed", "the archive is broken", whole[:len(whole)/2/512*512+100], "", ""},
		{"without a certificate", "it holds no certificate", archive(t, map[string]string{"caddy/acme/account": "x"}), "", ""},
		{"without a sum", "its SHA-256 is another", whole, "none", ""},
		{"no archive", "the archive is broken", []byte("certificates"), "", ""},
		{"a key of another certificate", "do not belong together", archive(t, with(name+".key", string(strangeKey))), "", ""},
		{"a certificate of another key", "do not belong together", archive(t, with(name+".crt", string(strange))), "", ""},
		{"half a certificate", "has no whole certificate", archive(t, with(name+".crt", pem[:len(pem)/4])), "", ""},
		{"a certificate without its key", "do not belong together", archive(t, with(name+".key", "")), "", ""},
		{"a key without its certificate", "has no whole certificate", archive(t, with(name+".crt", "")), "", ""},
		{"a way out of the folder", "the archive holds something else: ", archive(t, with("caddy/../../evil", "x")), "", ""},
		{"a file elsewhere", "the archive holds something else: ", archive(t, with("/etc/evil", "x")), "", ""},
		{"a link", "the archive holds something else: ", archive(t, good, &tar.Header{Typeflag: tar.TypeSymlink, Name: "caddy/link", Linkname: "/etc"}), "", ""},
		{"too much", "its SHA-256 is another", archive(t, with("caddy/large", strings.Repeat("x", 5<<20))), "", ""},
		{"expired", "a certificate has expired and is left out: " + elasticAddress + ".crt",
			archive(t, with(name+".crt", string(expired), name+".key", string(expiredKey))), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer two.empty(t)
			if c.sum == "" {
				c.sum = sum(c.copy)
			}
			p.copied(t, c.copy, c.sum)
			said, code := two.run([]string{c.env, "AWS_MAX_ATTEMPTS=1"}, "keep-certificates", "restore")
			lines := strings.Split(said, "\n")
			if i := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, c.want) }); code != 0 || i < 0 {
				t.Errorf("exit %d: %s", code, said)
			}
			if !two.held() || !strings.HasPrefix(lines[len(lines)-1], "keep-certificates: no certificate for "+elasticAddress+": ") {
				t.Errorf("the proxy would start: %s", said)
			}
			left, err := os.ReadDir(two.data(t))
			must(t, err)
			if c.name == "expired" {
				// The account with the authority is as good as before.
				if _, err := os.Stat(filepath.Join(two.data(t), "caddy/acme")); err != nil || len(lines) != 3 {
					t.Errorf("%v: %s", err, said)
				}
			} else if len(left) > 0 || len(lines) != 2 {
				t.Errorf("%v is left behind: %s", left, said)
			}
		})
	}
}

// testAskedTooEarly is what a host did that did not wait.
func testAskedTooEarly(t *testing.T, one, two *member) {
	p := two.platform
	defer two.empty(t)
	defer p.move(one.ip)
	two.must(t, "start-release")
	await.Until(t, "an order in vain", func() bool { return strings.Contains(two.proxyLog(t), "will retry") })
	p.move(two.ip)
	for i := range 50 {
		if _, err := p.served(elasticAddress); err == nil {
			t.Fatalf("it serves after %d handshakes", i)
		}
	}
	if log := two.proxyLog(t); !strings.Contains(log, `"retrying_in":60`) {
		t.Errorf("it does not pause: %s", log)
	}
}

// watch shakes hands all the time.
type watch struct {
	mu      sync.Mutex
	numbers map[string]int
	failed  []time.Time // when each began
	stop    func()
}

func (p *platform) startWatch(t *testing.T) *watch {
	t.Helper()
	w := &watch{numbers: map[string]int{}}
	done := make(chan struct{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-done:
					return
				case <-tick.C:
				}
				begin := time.Now()
				number, err := p.served(elasticAddress)
				w.mu.Lock()
				if w.numbers[number]++; err != nil {
					w.failed = append(w.failed, begin)
				}
				w.mu.Unlock()
			}
		})
	}
	w.stop = sync.OnceFunc(func() { close(done); all.Wait() })
	t.Cleanup(w.stop)
	return w
}

func (w *watch) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, of := range w.numbers {
		n += of
	}
	return n
}

func testRestored(t *testing.T, one, two *member) {
	p := two.platform
	number, err := p.served(elasticAddress)
	must(t, err)
	w := p.startWatch(t)
	orders := p.ordersOf(two.ip)

	if said := two.must(t, "keep-certificates", "restore"); said != "keep-certificates: restored from s3://"+p.bucket+"/"+names.CertificatesKey || two.held() {
		t.Errorf("restore: %s", said)
	}
	two.must(t, "start-release")
	await.Until(t, "the certificate on the new host", func() bool { got, err := p.served(two.ip); return err == nil && got == number })
	versions := p.versions(t)
	if said := two.must(t, "keep-certificates", "save"); said != "keep-certificates: not saved: this host has "+two.ip+", the platform "+elasticAddress || p.versions(t) != versions {
		t.Errorf("two hosts at once: %s", said)
	}
	moved := p.move(two.ip)
	before := w.count()
	await.Until(t, "handshakes with the new host", func() bool { return w.count() > before+200 })
	w.stop()
	one.docker(t, "stop", "vaultsphere-proxy")
	res, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.roots}}}).Get("https://" + elasticAddress + "/health")
	must(t, err)
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("/health answers %s", res.Status)
	}

	late := slices.DeleteFunc(w.failed, func(begun time.Time) bool { return begun.Before(moved) })
	noted("replacing the host: the address moves", fmt.Sprintf("%d handshakes, %d failed that began after it", w.count(), len(late)), 0, 0)
	delete(w.numbers, "")
	if len(late) > 0 || len(w.numbers) != 1 || w.numbers[number] == 0 {
		t.Errorf("handshakes by certificate: %v; %d failed that began after the move", w.numbers, len(late))
	}
	if got := p.ordersOf(two.ip); got != orders {
		t.Errorf("%d orders of the new host", got-orders)
	}
	if said := two.must(t, "keep-certificates", "save"); !strings.HasPrefix(said, "keep-certificates: saved to s3://") {
		t.Errorf("save: %s", said)
	}
}

func testRefusal(t *testing.T, _, two *member) {
	p := two.platform
	two.empty(t)
	p.aws(t, "s3api", "delete-object", "--bucket", p.bucket, "--key", names.CertificatesKey)
	p.refusing.Store(true)
	defer p.refusing.Store(false)
	two.must(t, "keep-certificates", "restore")
	two.must(t, "start-release")
	two.must(t, "keep-certificates", "wait")
	await.Until(t, "a refusal in the log", func() bool {
		log := two.proxyLog(t)
		return strings.Contains(log, "too many certificates") && strings.Contains(log, "will retry")
	})
	if r := two.rollout(nil, "--status"); r.code != 0 || !strings.Contains(r.said, "serving "+repository) || !strings.Contains(r.said, "proxy    running") {
		t.Errorf("exit %d: %s", r.code, r.said)
	}
	p.refusing.Store(false)
	if r := two.rollout(nil, "--proxy"); r.code != 0 {
		t.Errorf("exit %d: %s", r.code, r.said)
	}
	await.Until(t, "a certificate", func() bool { _, err := p.served(elasticAddress); return err == nil })
}
