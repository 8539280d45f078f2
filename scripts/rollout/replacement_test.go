//go:build integration

package rollout_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/registry"
	"github.com/vaultsphere/vaultsphere/internal/testenv/signing"
)

// TestReplacement replaces a host with another one.
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
		{"a damaged copy is rejected", testRefusedCopies},
		{"a host that requests a certificate too early serves no one", testAskedTooEarly},
		{"a host that restores certificates serves immediately", testRestored},
		{"a failing authority does not stop the host", testRefusal},
	} {
		begin := time.Now()
		ok := t.Run(part.name, func(t *testing.T) { part.test(t, one, two) })
		noted("replacing the host: "+part.name, map[bool]string{true: "ok", false: "FAILED"}[ok], time.Since(begin), 0)
		if !ok {
			return // the next part depends on this one
		}
	}
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

// wait starts the unit that waits for the address. It returns a function that waits until the unit has printed a text, or, for "",
// until the unit has ended.
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

// testFirstHost checks that the host of a new platform reports that it is ready, although it serves no one before it has the address.
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

func testSave(t *testing.T, one, two *member) {
	p := one.platform
	if said := two.must(t, "keep-certificates", "save"); said != "" || p.versions(t) != "0" {
		t.Errorf("a host without certificates: %s", said)
	}
	if said, code := one.run([]string{"AWS_ENDPOINT_URL_S3=http://127.0.0.1:1"}, "keep-certificates", "save"); code != 1 ||
		!strings.HasPrefix(said, "keep-certificates: error: not saved to s3://"+p.bucket) || strings.Contains(said, "\n") {
		t.Errorf("while S3 is unreachable: exit %d: %s", code, said)
	}
	if said := one.must(t, "keep-certificates", "save"); said != "keep-certificates: saved to s3://"+p.bucket+"/"+names.CertificatesKey {
		t.Errorf("save: %s", said)
	}
	if said := one.must(t, "keep-certificates", "save"); said != "" || p.versions(t) != "1" {
		t.Errorf("unchanged: %s, and there are %s versions", said, p.versions(t))
	}
}

// testAskedTooEarly shows what happens if a host does not wait for the address.
func testAskedTooEarly(t *testing.T, one, two *member) {
	p := two.platform
	defer two.empty(t)
	defer p.move(one.ip)
	two.must(t, "start-release")
	await.Until(t, "a failed order", func() bool { return strings.Contains(two.proxyLog(t), "will retry") })
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

// watch connects to the platform continuously and counts the connections by certificate.
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
