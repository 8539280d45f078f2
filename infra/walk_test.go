//go:build integration

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/executables"
	"github.com/vaultsphere/vaultsphere/internal/testenv/proxy"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sessionmanager"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sshd"
)

// site is the address of the vault in docs/operations.md.
const site = "vault.example.org"

// walk is a section of docs/operations.md: the commands that remain, and the exports of those that ran.
type walk struct{ blocks, exports []string }

func newWalk(t *testing.T, heading string) *walk {
	t.Helper()
	docs, err := os.ReadFile("../docs/operations.md")
	must(t, err)
	at := regexp.MustCompile(`(?m)^##+ ` + regexp.QuoteMeta(heading) + `$`).FindIndex(docs)
	if at == nil {
		t.Fatalf("docs/operations.md has no section %q", heading)
	}
	section, _, _ := strings.Cut(string(docs[at[1]:]), "\n##")
	w := &walk{}
	for _, match := range regexp.MustCompile("(?ms)^ *```sh\n(.*?)^ *```$").FindAllStringSubmatch(section, -1) {
		w.blocks = append(w.blocks, strings.TrimSpace(regexp.MustCompile(`(?m)^   `).ReplaceAllString(match[1], "")))
	}
	return w
}

// follow runs the next block of documented commands. One of its lines must begin with command.
func (e *engineer) follow(command string) string {
	e.t.Helper()
	if len(e.walk.blocks) == 0 || !strings.Contains("\n"+e.walk.blocks[0], "\n"+command) {
		e.t.Fatalf("docs/operations.md continues with %q, want %s", e.walk.blocks, command)
	}
	block := e.walk.blocks[0]
	e.walk.blocks = e.walk.blocks[1:]
	out := e.do("bash", "-euo", "pipefail", "-c", strings.Join(append(slices.Clone(e.walk.exports), block), "\n"))
	for line := range strings.Lines(block) {
		if strings.HasPrefix(line, "export ") {
			e.walk.exports = append(e.walk.exports, strings.TrimSpace(line))
		}
	}
	return out
}

func findAddress(e *engineer) {
	if got, want := strings.TrimSpace(e.follow("jq -r ")), e.aws("ec2 describe-addresses", "Addresses[].PublicIp"); got != want {
		e.t.Errorf("the domain would point at %q, but the host is at %q", got, want)
	}
}

// fakePush replaces make push, which needs a Docker engine and a registry; scripts/image tests it. Like make push it requires a
// checkout without changes.
const fakePush = `#!/usr/bin/env bash
set -euo pipefail
if [ "$*" != push ]; then exec %s "$@"; fi
changed=$(git status --porcelain)
[ -z "$changed" ] || { echo "make push: error: the checkout has changes: $changed" >&2; exit 1; }
echo '{"image": "%s"}' >image.json
`

// releaseToHost makes a release with the real deploy.sh, AWS CLI and Session Manager plugin. An SSH server stands in for the host, and
// the server of this commit runs with the settings that the deploy wrote to SSM.
func releaseToHost(e *engineer) {
	e.do("go", "build", "-o", "bin/", "./app/cmd/vaultsphered", "./app/cmd/vaultsphere")
	key, err := os.ReadFile(filepath.Join(e.dir, "pipeline-key.pub"))
	must(e.t, err)
	id := e.aws("ec2 describe-instances --filters Name=instance-state-name,Values=running", "Reservations[].Instances[].InstanceId")
	dir := e.t.TempDir()
	received := filepath.Join(dir, "received")
	host := sshd.Start(e.t, "#!/bin/sh\necho \"$SSH_ORIGINAL_COMMAND\" >"+received+"\n", string(key))
	double := sessionmanager.Start(e.t, emulator.Endpoint(e.t), map[string]sessionmanager.Node{id: {SSH: host.Address}})
	program, err := exec.LookPath("make")
	must(e.t, err)
	image := e.aws("ecr describe-repositories", "repositories[0].repositoryUri") + "@" + testDigest
	must(e.t, executables.WriteFile(filepath.Join(dir, "make"), fmt.Appendf(nil, fakePush, program, image), 0o755))
	me, err := user.Current()
	must(e.t, err)
	engineer := *e
	engineer.env = append(slices.Clone(e.env), "AWS_ENDPOINT_URL_SSM="+double.URL, "CURL_HOME="+dir, "DEPLOY_USER="+me.Username,
		"PATH="+dir+":"+sessionmanager.Plugin(e.t)+":"+e.path)
	if out, code := engineer.try("scripts/deploy.sh", image); code != 1 || !strings.Contains(out, "deploy.sh: error: "+id+" has not told EC2 its SSH key") {
		e.t.Errorf("a host without the tag: exit %d: %s", code, out)
	}
	// What host/tag-host-key.sh does.
	kind, rest, _ := strings.Cut(host.HostKey, " ")
	e.do("aws", "ec2", "create-tags", "--resources", id, "--tags", "Key="+names.HostKeyTag+",Value="+kind+" "+strings.Fields(rest)[0])
	e.vault(func(address string) {
		inFront(e.t, dir, address, func() bool { _, err := os.Stat(received); return err == nil })
		out := engineer.follow("make push")
		if !strings.Contains(out, "deploy.sh: "+testDigest+" serves at https://"+site+" after ") {
			e.t.Errorf("the release: %s", out)
		}
	})
	command, err := os.ReadFile(received)
	if want := "sudo -n /opt/password-manager/bin/start-release " + testDigest + "\n"; err != nil || string(command) != want {
		e.t.Errorf("the host received %q, %v, want %q", command, err, want)
	}
}

// inFront serves the site over HTTPS like the host's proxy, once released returns true. It writes a .curlrc to dir that makes curl
// connect to it.
func inFront(t *testing.T, dir, address string, released func() bool) {
	t.Helper()
	vault, err := url.Parse(address)
	must(t, err)
	forward := proxy.To(vault)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !released() {
			http.Error(w, "no release yet", http.StatusServiceUnavailable)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a test"}, DNSNames: []string{site},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	authority := filepath.Join(dir, "authority.pem")
	must(t, os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, ".curlrc"), fmt.Appendf(nil, "connect-to = \"%s:443:%s\"\ncacert = \"%s\"\nnoproxy = \"*\"\n",
		site, server.Listener.Addr(), authority), 0o600))
}
