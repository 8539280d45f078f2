//go:build integration

package rollout_test

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/fernet/fernet-go"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/signing"
)

// platform has the parts that outlive a host: the address, the bucket, the parameters, the registry.
type platform struct {
	*elastic
	*authority
	bucket string
	key    signing.Key
}

// member is a host of a platform, with the files of its first boot.
type member struct {
	*host
	platform *platform
	ip       string // its own address
}

// hostPrograms lists more programs of infra/host, by their names on a host.
var hostPrograms = []string{"close-metadata", "instance-metadata", "keep-certificates"}

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

// settings creates the parameters of a deployment, except the host's address, which a stack knows only when its first host is ready.
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

// newMember returns a new host. close-metadata runs before Docker first starts.
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

// run runs a program of the host and returns its output.
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

// empty deletes the containers, the volumes and the state of the host.
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

// held reports whether the proxy is prevented from starting.
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

// served connects to an address as a browser does and returns the serial number of the certificate.
func (p *platform) served(address string) (string, error) {
	dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: 5 * time.Second}, Config: &tls.Config{RootCAs: p.roots, ServerName: elasticAddress}}
	conn, err := dialer.Dial("tcp", net.JoinHostPort(address, "443"))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String(), nil
}

// answers reports whether a program in a container's network can reach the metadata service.
func (m *member) answers(t *testing.T, container string) bool {
	t.Helper()
	pid := m.docker(t, "inspect", "--format", "{{.State.Pid}}", "vaultsphere-"+container)
	cmd := exec.Command("nsenter", "--net=/proc/"+pid+"/ns/net", "curl", "--noproxy", "*", "--fail", "--silent", "--max-time", "5", "--request", "PUT",
		"--header", "X-aws-ec2-metadata-token-ttl-seconds: 60", "http://"+metadataAddress+"/latest/api/token")
	out, err := cmd.Output()
	return err == nil && len(out) > 0
}

func (p *platform) versions(t *testing.T) string {
	t.Helper()
	return p.aws(t, "s3api", "list-object-versions", "--bucket", p.bucket, "--query", "length(Versions || `[]`)")
}
