//go:build integration

package rollout_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	"github.com/vaultsphere/vaultsphere/internal/testenv/engine"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/proxy"
)

const (
	// elasticAddress is the platform's address (TEST-NET-3, RFC 5737).
	elasticAddress  = "203.0.113.7"
	metadataAddress = "169.254.169.254"
	acmePort        = "14000"
	acmeDirectory   = "https://" + address + ":" + acmePort + "/dir"
)

// elastic simulates an Elastic IP address. It belongs to one host at a time, and AWS translates it to that host's own address.
type elastic struct {
	mu   sync.Mutex
	host string // its own address
	open map[net.Conn]bool
}

func newElastic(t *testing.T) *elastic {
	t.Helper()
	e := &elastic{open: map[net.Conn]bool{}}
	addAddress(t, elasticAddress)
	for _, port := range []string{"80", "443"} {
		listener := listen(t, elasticAddress+":"+port)
		go e.serve(listener, port)
	}
	addAddress(t, metadataAddress)
	serve(t, &http.Server{Handler: http.HandlerFunc(e.metadata)}, listen(t, metadataAddress+":80"))
	return e
}

func addAddress(t *testing.T, address string) {
	t.Helper()
	output(t, "ip", "address", "replace", address+"/32", "dev", "lo")
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	return listener
}

func serve(t *testing.T, server *http.Server, listener net.Listener) {
	t.Helper()
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
}

func (e *elastic) serve(listener net.Listener, port string) {
	for {
		from, err := listener.Accept()
		if err != nil {
			return
		}
		e.mu.Lock()
		host := e.host
		e.open[from] = true
		e.mu.Unlock()
		go func() {
			defer e.forget(from)
			to, err := net.DialTimeout("tcp", net.JoinHostPort(host, port), 5*time.Second)
			if err != nil {
				return
			}
			defer to.Close()
			join(from, to)
		}()
	}
}

func (e *elastic) forget(conn net.Conn) {
	conn.Close()
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.open, conn)
}

// move assigns the address to a host immediately, closes open connections, and returns the time.
func (e *elastic) move(host string) time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.host = host
	for conn := range e.open {
		conn.Close()
	}
	return time.Now()
}

// metadata answers each host as the instance metadata service does (IMDSv2).
func (e *elastic) metadata(w http.ResponseWriter, r *http.Request) {
	const token = "a token of this host"
	switch from, _, _ := net.SplitHostPort(r.RemoteAddr); {
	case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token" && r.Header.Get("X-aws-ec2-metadata-token-ttl-seconds") != "":
		fmt.Fprint(w, token)
	case r.Header.Get("X-aws-ec2-metadata-token") != token:
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path == "/latest/meta-data/public-ipv4":
		e.mu.Lock()
		defer e.mu.Unlock()
		if from == e.host {
			from = elasticAddress
		}
		fmt.Fprint(w, from)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// authority is Pebble, an ACME server that issues certificates to hosts that prove control of an address.
type authority struct {
	certificate string // file with the self-signed certificate of the ACME server
	roots       *x509.CertPool
	refusing    atomic.Bool

	mu     sync.Mutex
	orders map[string]int // by client address
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	dir := t.TempDir()
	a := &authority{certificate: filepath.Join(dir, "server.crt"), orders: map[string]int{}}
	key, config := filepath.Join(dir, "server.key"), filepath.Join(dir, "pebble.json")
	crt, private := selfSigned(t, address, time.Now().Add(time.Hour))
	settings, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": "127.0.0.1:14001", "managementListenAddress": "127.0.0.1:15000", "certificate": a.certificate, "privateKey": key,
		"httpPort": 80, "tlsPort": 443, "keyAlgorithm": "ecdsa",
		"profiles": map[string]any{"shortlived": map[string]any{"description": "six days", "validityPeriod": 6 * 24 * 60 * 60}},
	}})
	must(t, err)
	for name, content := range map[string][]byte{a.certificate: crt, key: private, config: settings} {
		must(t, os.WriteFile(name, content, 0o600))
	}
	var log bytes.Buffer
	cmd := exec.Command(engine.Program(t, "pebble"), "-config", config)
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", "PEBBLE_AUTHZREUSE=0")
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	must(t, cmd.Start())
	t.Cleanup(func() {
		_, _ = cmd.Process.Kill(), cmd.Wait()
		if t.Failed() {
			t.Logf("Pebble: %s", log.String())
		}
	})
	trusting := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool(t, crt), ServerName: address}}
	var root []byte
	await.Until(t, "Pebble", func() bool {
		res, err := (&http.Client{Transport: trusting}).Get("https://127.0.0.1:15000/roots/0")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		root, err = io.ReadAll(res.Body)
		return err == nil && res.StatusCode == http.StatusOK
	})
	a.roots = pool(t, root)

	pebble := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "https", Host: "127.0.0.1:14001"}) //nolint:forbidigo // wrapped below
	pebble.Transport = trusting
	pair, err := tls.X509KeyPair(crt, private)
	must(t, err)
	serve(t, &http.Server{Handler: a.before(proxy.Whole(pebble))},
		tls.NewListener(listen(t, net.JoinHostPort(address, acmePort)), &tls.Config{Certificates: []tls.Certificate{pair}}))
	return a
}

// before counts the orders, and refuses them if refusing is set.
func (a *authority) before(pebble http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/order-plz" {
			from, _, _ := net.SplitHostPort(r.RemoteAddr)
			a.mu.Lock()
			a.orders[from]++
			a.mu.Unlock()
			if a.refusing.Load() {
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(http.StatusTooManyRequests)
				fmt.Fprint(w, `{"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many certificates", "status": 429}`)
				return
			}
		}
		pebble.ServeHTTP(w, r)
	})
}

func (a *authority) ordersOf(host string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.orders[host]
}

func pool(t *testing.T, certificate []byte) *x509.CertPool {
	t.Helper()
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(certificate) {
		t.Fatalf("no certificate: %s", certificate)
	}
	return p
}

// selfSigned creates a certificate of an IP address, and its key.
func selfSigned(t *testing.T, ip string, until time.Time) (certificate, private []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: ip}, IPAddresses: []net.IP{net.ParseIP(ip)},
		NotBefore: until.Add(-24 * time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

var networks int

// ownNetwork gives the host a separate network, as a real machine has, and returns its address there. The test's network is its
// internet. The host reaches the registry and AWS on its own loopback.
func (h *host) ownNetwork(t *testing.T) string {
	t.Helper()
	networks++
	gateway, own := fmt.Sprintf("198.51.100.%d", 4*networks+1), fmt.Sprintf("198.51.100.%d", 4*networks+2)
	holder := exec.Command("sleep", "infinity")
	holder.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	must(t, holder.Start())
	t.Cleanup(func() { _, _ = holder.Process.Kill(), holder.Wait() })
	pid, link := strconv.Itoa(holder.Process.Pid), fmt.Sprintf("host%d", networks)
	network := "/proc/" + pid + "/ns/net"
	h.within = []string{"nsenter", "--net=" + network}
	for _, line := range []string{
		"ip link add " + link + " type veth peer name eth0 netns " + pid,
		"ip address add " + gateway + "/30 dev " + link,
		"ip link set " + link + " up",
		"nsenter --net=" + network + " ip link set lo up",
		"nsenter --net=" + network + " ip address add " + own + "/30 dev eth0",
		"nsenter --net=" + network + " ip link set eth0 up",
		"nsenter --net=" + network + " ip route add default via " + gateway,
	} {
		words := strings.Fields(line)
		output(t, words[0], words[1:]...)
	}
	aws, err := url.Parse(emulator.Endpoint(t))
	must(t, err)
	for _, address := range []string{registryAddress, aws.Host} {
		go forward(listenWithin(t, network, address), address)
	}
	return own
}

// listenWithin listens in another network. A socket stays in the network where it was created.
func listenWithin(t *testing.T, network, address string) net.Listener {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	own, err := os.Open("/proc/thread-self/ns/net")
	must(t, err)
	defer own.Close()
	other, err := os.Open(network)
	must(t, err)
	defer other.Close()
	must(t, unix.Setns(int(other.Fd()), unix.CLONE_NEWNET))
	listener, err := net.Listen("tcp", address)
	// The thread must not end: the processes that it has started would be killed (Pdeathsig).
	if back := unix.Setns(int(own.Fd()), unix.CLONE_NEWNET); back != nil {
		panic(back)
	}
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	return listener
}
