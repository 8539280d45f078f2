//go:build integration

package rollout_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/names"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

const (
	stagingOptions = "platform.staging.json"
	stagingDomain  = "staging.example.org"
	stagingSite    = "https://" + stagingDomain
)

// stagingHost is the host of staging, in a separate network.
type stagingHost struct {
	*host
	ip, knownHosts, certificate string
}

// newStaging creates the host of staging, which admits the given key.
func newStaging(t *testing.T, publicKey string) *stagingHost {
	t.Helper()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	s := &stagingHost{host: newMachine(t, path("home")), knownHosts: path("known_hosts"), certificate: path("authority.pem")}
	s.ip = s.ownNetwork(t)
	hosts, err := os.OpenFile("/etc/hosts", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	must(t, err)
	_, err = fmt.Fprintf(hosts, "\n%s %s\n", s.ip, stagingDomain)
	must(t, err)
	must(t, hosts.Close())
	s.scripts(t)
	s.startEngine(t)
	s.proxyImage(t, nil)
	s.writeSettings(t, path("settings"), "PARAMETER_PATH="+names.Staging.Name(names.ParameterPath), "RELEASE_PARAMETER="+names.Staging.Name(releaseParameter))

	output(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "host", "-f", path("key"))
	key, err := os.ReadFile(path("key.pub"))
	must(t, err)
	must(t, os.WriteFile(s.knownHosts, append([]byte(s.ip+" "), key...), 0o600))
	copyFile(t, publicKey, path("authorized_keys"))
	// Sessions on this host see its files in the usual places.
	must(t, os.WriteFile(settingsFile, nil, 0o600))
	there := fmt.Sprintf(`mount --bind %s %s; mount --bind %s %s; exec "$@"`, s.home, names.HostDirectory, path("settings"), settingsFile)
	serveSSH(t, append(s.within, "unshare", "--mount", "bash", "-euc", there, "host"), s.ip, path("key"), path("authorized_keys"))
	s.trust(t, s.certificate)
	return s
}

// env returns the variables for the pipeline to reach staging.
func (s *stagingHost) env() []string {
	return []string{"STAGING_HOME=" + s.home, "STAGING_HOST=" + s.ip, "STAGING_KNOWN_HOSTS=" + s.knownHosts, "STAGING_SITE=" + stagingSite,
		"STAGING_AUTHORITY=" + s.certificate}
}

// stagingOnFargate moves staging to Fargate, where the next release must serve before production's host gets it. The emulator starts
// no tasks: the old host still answers at staging's domain, and only the image in the service's task definition can be checked.
func (r *rehearsal) stagingOnFargate(t *testing.T, before string, loads ...*load) {
	t.Helper()
	certificate := strings.TrimSpace(r.aws(t, "acm", "request-certificate", "--domain-name", stagingDomain, "--query", "CertificateArn"))
	r.options(t, stagingOptions, map[string]string{"registration": names.RegistrationOpen, "topology": "fargate", "siteAddress": stagingDomain, "certificateArn": certificate})
	step := func(what string, do func(), wanted func() string) {
		t.Helper()
		begin := time.Now()
		do()
		took, failed := time.Since(begin), 0
		for _, l := range loads {
			for _, f := range l.take(t) {
				t.Errorf("%s: %s", what, f.what)
				failed++
			}
		}
		how := "ok"
		if got, want := r.serviceRuns(t), wanted(); got != want {
			t.Errorf("%s: the service runs %s, want %s", what, got, want)
			how = "FAILED"
		}
		noted(what, fmt.Sprintf("%s, %d requests failed", how, failed), took, 0)
	}
	same := func() string { return digest(before) }
	step("staging moves to fargate: a service with the same release", func() { r.make(t, "deploy", "DEPLOYMENT=staging") }, same)
	r.commit(t, "app/cmd/vaultsphered/rehearsal.go", "package main\n\nconst rehearsed = \"twice\"\n\nvar _ = rehearsed\n")
	const push = "a push to main: to the service of staging, then to production's host"
	step(push, func() { r.pipeline(t, push, "main", "SUCCESS", "") }, func() string { return r.current(t) })
	if current := repository + "@" + r.current(t); current == before {
		t.Errorf("%s has not changed the release", push)
	} else {
		r.serves(t, current)
	}
	step("going back on fargate: the task definition before", func() {
		cmd := exec.Command(filepath.Join(r.workspace, "scripts/deploy.sh"), "--back")
		cmd.Env = slices.Concat(r.env, []string{"DEPLOYMENT=staging", "SITE_URL=" + stagingSite, "CURL_CA_BUNDLE=" + r.staging.certificate})
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("--back: %v: %s", err, out)
		}
	}, same)
}

// serviceRuns returns the image digest in the task definition of staging's service.
func (r *rehearsal) serviceRuns(t *testing.T) string {
	t.Helper()
	ask := func(query string, arguments ...string) string {
		return strings.TrimSpace(r.aws(t, append(append([]string{"ecs"}, arguments...), "--query", query)...))
	}
	cluster := ask("clusterArns[0]", "list-clusters")
	service := ask("serviceArns[0]", "list-services", "--cluster", cluster)
	definition := ask("services[0].taskDefinition", "describe-services", "--cluster", cluster, "--services", service)
	return digest(ask("taskDefinition.containerDefinitions[0].image", "describe-task-definition", "--task-definition", definition))
}
