//go:build integration

package rollout_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	"github.com/vaultsphere/vaultsphere/internal/testenv/engine"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// Variables and files that outside passes to the tests.
const (
	outsideEnv  = "REHEARSAL_ENV_" // with a number appended: one variable of the build's environment
	outsidePort = "REHEARSAL_PORT"
	listenerFD  = 3
)

// outside runs in the machine's own network, before the tests. A build needs the internet, so its engine runs there, and so does the
// port that it pushes to, which forwards to the registry in the rehearsal's network. It returns variables and open files for the
// process of the tests, and a function to call when that process has ended.
func outside() (env []string, files []*os.File, after func(), err error) {
	builder, err := engine.Find()
	if err != nil {
		return nil, nil, nil, err
	}
	config, err := os.MkdirTemp("", "rehearsal")
	if err != nil {
		return nil, nil, nil, err
	}
	all, err := builder.Environ(config)
	if err != nil {
		return nil, nil, nil, err
	}
	build, err := builder.Build(all)
	if err != nil {
		return nil, nil, nil, err
	}
	for i, entry := range append(build, "DOCKER_HOST="+builder.Host, "DOCKER_CONFIG="+config, "BUILDER=default", "PLATFORMS=linux/"+architecture()) {
		env = append(env, outsideEnv+strconv.Itoa(i)+"="+entry)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, nil, err
	}
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		return nil, nil, nil, err
	}
	listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	return append(env, outsidePort+"="+strconv.Itoa(port)), []*os.File{file}, func() { file.Close(); os.RemoveAll(config) }, nil
}

func architecture() string {
	out, err := exec.Command("go", "env", "GOARCH").Output()
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(out))
}

// forward forwards each connection to address.
func forward(listener net.Listener, address string) {
	for {
		from, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer from.Close()
			to, err := net.Dial("tcp", address)
			if err != nil {
				return
			}
			defer to.Close()
			join(from, to)
		}()
	}
}

// join copies data between two connections in both directions, until the second one ends.
func join(from, to net.Conn) {
	go func() {
		_, _ = io.Copy(to, from)
		_ = to.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(from, to)
}

// rehearsal is a team with a repository, a Jenkins, an account and a host.
type rehearsal struct {
	deployer
	workspace string
	env       []string
	publicKey string
	staging   *stagingHost
}

// report is the summary of the rehearsal: each step with its result, duration and limit.
var report struct {
	sync.Mutex
	lines [][4]string
}

// noted adds a line to the report. Exceeding the limit does not fail the test, because a busy machine takes longer.
func noted(what, how string, took, limit time.Duration) {
	report.Lock()
	defer report.Unlock()
	line := [4]string{what, how, took.Round(100 * time.Millisecond).String()}
	if limit > 0 {
		line[3] = "wanted within " + limit.String()
		if took > limit {
			line[3] += ": TOO SLOW"
		}
	}
	report.lines = append(report.lines, line)
	fmt.Fprintf(os.Stderr, "%s: %s\n", what, how)
}

// The longest that a team should wait.
const (
	pushLimit = 3 * time.Minute
	backLimit = 10 * time.Second
)

// TestPipeline deploys to an empty account and releases through the real Jenkinsfile.
func TestPipeline(t *testing.T) {
	r := &rehearsal{}
	r.host = *newHost(t)
	r.scripts(t)
	ssh := r.startSSH(t)
	i := slices.IndexFunc(ssh, func(e string) bool { return strings.HasPrefix(e, "DEPLOY_KEY=") })
	r.checkout(t, strings.TrimPrefix(ssh[i], "DEPLOY_KEY=")+".pub")
	r.staging = newStaging(t, strings.TrimPrefix(ssh[i], "DEPLOY_KEY=")+".pub")
	r.environment(t, ssh)

	r.make(t, "bootstrap")
	seedTables(t, "")
	seedTables(t, names.Staging)
	r.settings(t)
	older := strings.Fields(r.aws(t, "ec2", "describe-images", "--filters", "Name=architecture,Values=arm64", "--query", "Images[].ImageId"))[0]
	r.aws(t, "ssm", "put-parameter", "--name", names.ParameterPath+names.HostImage+"ARM64", "--type", "String", "--value", older)
	begin := time.Now()
	r.pipeline(t, "first deployment", "main", "SUCCESS", "")
	first := repository + "@" + r.current(t)
	noted("from a bootstrapped account to staging and production", "ok", time.Since(begin), 0)
	r.serves(t, first)
	r.staging.serves(t, first)

	l, staged := startLoad(t, site, r.authority(t), readers), startLoad(t, stagingSite, r.staging.authority(t), stagingReaders)
	current := first
	// pipeline runs the pipeline and counts the failed requests of users.
	pipeline := func(what, branch, result, failed string, limit time.Duration, options ...string) {
		t.Helper()
		took := r.pipeline(t, what, branch, result, failed, options...)
		if limit > 0 {
			if current = repository + "@" + r.current(t); current == first {
				t.Errorf("%s has not changed the release", what)
			}
		}
		failures := append(l.take(t), staged.take(t)...)
		for _, f := range failures {
			t.Errorf("%s: %s", what, f.what)
		}
		if failed != "" {
			result += " at " + failed
		}
		noted(what, fmt.Sprintf("%s, %d requests failed", result, len(failures)), took, limit)
		r.serves(t, current)
		r.staging.serves(t, current)
	}

	r.commit(t, "app/cmd/vaultsphered/rehearsal.go", "package main\n\nconst rehearsed = \"once\"\n\nvar _ = rehearsed\n")
	pipeline("a push to main: to staging, then to production", "main", "SUCCESS", "", pushLimit)
	pipeline("a branch", "feature", "SUCCESS", "", 0)
	r.commit(t, "app/vault/rehearsal_test.go", "package vault\n\nimport \"testing\"\n\nfunc TestRehearsal(t *testing.T) { t.Fatal(\"on purpose\") }\n")
	pipeline("a test fails", "main", "FAILURE", "Lint & Tests", 0)
	r.remove(t, "app/vault/rehearsal_test.go")
	r.replacements(t, older, pipeline)
	pipeline("the quality gate fails", "main", "FAILURE", "Quality Gate", 0, "--gate", "ERROR")
	const entry = `ENTRYPOINT ["/vaultsphered"]`
	const broken = `ENTRYPOINT ["/vaultsphered", "nonsense"]`
	r.replace(t, "Dockerfile", entry, broken)
	pipeline("a release that does not start in staging: production is not touched", "main", "FAILURE", "Staging on EC2", 0)
	r.replace(t, "Dockerfile", broken, entry)

	begin = time.Now()
	if code, said := r.deploy(nil, "--back"); code != 0 {
		t.Errorf("--back: exit %d: %s", code, said)
	}
	took := time.Since(begin)
	l.check(t, "rollback", begin)
	noted("rollback: time", "ok", took, backLimit)
	r.serves(t, first)
	r.stagingOnFargate(t, current, l, staged)
	for _, each := range []*load{l, staged} {
		each.stop()
		each.readBack(t)
	}
}

// replacements replaces the serving host twice: with the monthly job, and with a move to the other zone. In the emulated account,
// another instance takes the address. The real host here stays the same and must keep serving.
func (r *rehearsal) replacements(t *testing.T, older string, pipeline func(what, branch, result, failed string, limit time.Duration, options ...string)) {
	t.Helper()
	host := func(query string) string {
		return strings.TrimSpace(r.aws(t, "ec2", "describe-instances", "--filters", "Name=instance-state-name,Values=running",
			"Name=tag:Name,Values=password-manager", "--query", "Reservations[].Instances[]."+query))
	}
	if now := host("ImageId"); now != older {
		t.Errorf("the host's image is %s, want %s", now, older)
	}
	pipeline("the monthly patch", "main", "SUCCESS", "", 0, "--jenkinsfile", filepath.Join(r.workspace, "jenkins/Jenkinsfile.patch"))
	if now := host("ImageId"); now == older {
		t.Error("the monthly patch did not change the host's image")
	}
	zone := host("Placement.AvailabilityZone")
	begin := time.Now()
	r.make(t, "move")
	output(t, "git", "-C", r.workspace, "commit", "--quiet", "--all", "--message", "rehearsal: another zone")
	if now := host("Placement.AvailabilityZone"); now == zone {
		t.Errorf("the host is still in %s", now)
	}
	noted("another zone", "ok", time.Since(begin), 0)
}

// aws runs the AWS command line on the emulated account.
func (r *rehearsal) aws(t *testing.T, arguments ...string) string {
	t.Helper()
	cmd := exec.Command("env", append(append([]string{"aws"}, arguments...), "--output", "text")...) // env finds aws in the PATH of cmd.Env
	cmd.Env = r.env
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("aws %s: %v: %s", strings.Join(arguments, " "), err, &said)
	}
	return string(out)
}

// checkout clones the last commit of this repository, and links downloaded files, because this network has no internet.
func (r *rehearsal) checkout(t *testing.T, publicKey string) {
	t.Helper()
	r.workspace = filepath.Join(t.TempDir(), "workspace")
	here, err := filepath.Abs(root)
	must(t, err)
	output(t, "git", "clone", "--quiet", here, r.workspace)
	output(t, "git", "-C", r.workspace, "config", "user.name", "rehearsal")
	output(t, "git", "-C", r.workspace, "config", "user.email", "rehearsal@localhost")
	fetched := []string{"infra/node_modules", "app/web/node_modules", "scripts/node/node_modules", ".bin"}
	for _, name := range fetched {
		must(t, os.Symlink(filepath.Join(here, name), filepath.Join(r.workspace, name)))
		for _, list := range []string{"package.json", "package-lock.json"} {
			// The old date keeps make from installing the packages again, over those that other tests use.
			if err := os.Chtimes(filepath.Join(r.workspace, filepath.Dir(name), list), time.Time{}, time.Unix(0, 0)); !errors.Is(err, fs.ErrNotExist) {
				must(t, err)
			}
		}
	}
	exclude := strings.Join(fetched, "\n") + "\n.scannerwork\n"
	must(t, os.WriteFile(filepath.Join(r.workspace, ".git/info/exclude"), []byte(exclude), 0o600))
	key, err := os.ReadFile(publicKey)
	must(t, err)
	r.publicKey = strings.TrimSpace(string(key))
	r.options(t, "platform.json", map[string]string{"registration": names.RegistrationOpen, "siteAddress": "localhost", "sshPublicKey": r.publicKey})
	r.options(t, stagingOptions, map[string]string{"registration": names.RegistrationOpen, "siteAddress": stagingDomain, "sshPublicKey": r.publicKey})
}

// rehearsedMake runs the real make targets, with exceptions: there is no SonarQube here, this is an integration test, and of the unit
// tests only those of packages that a rehearsed commit changes run.
const rehearsedMake = `#!/usr/bin/env bash
set -euo pipefail
case "$*" in
  sonar) mkdir -p .scannerwork; echo taskId=rehearsal >.scannerwork/report-task.txt ;;
  integration) ;;
  # No vulnerability service is reachable, and this builder creates no SBOM.
  audit | audit-image) ;;
  # The emulator deploys by a method that "cdk diff" does not know.
  diff) CDK_METHOD=template exec %[1]s diff ;;
  # A new host reads the trusted key on its first boot.
  deploy) %[1]s deploy && HOME_DIRECTORY=%[2]s SIGNING_KEY=%[3]s exec %[2]s/bin/verify-release --fetch-key ;;
  "deploy DEPLOYMENT=staging") %[1]s "$@" && HOME_DIRECTORY=$STAGING_HOME SIGNING_KEY=%[3]s exec "$STAGING_HOME/bin/verify-release" --fetch-key ;;
  # Staging's host. On AWS it comes from cdk-outputs.staging.json.
  "release DEPLOYMENT=staging")
    DEPLOY_HOST=$STAGING_HOST KNOWN_HOSTS=$STAGING_KNOWN_HOSTS SITE_URL=$STAGING_SITE CURL_CA_BUNDLE=$STAGING_AUTHORITY exec %[1]s "$@" ;;
  # The images are in a real registry, and ECR knows of them.
  push)
    %[1]s push
    image=$(jq -r .image image.json)
    aws ecr put-image --repository-name password-manager --image-tag "$(jq -r .tag image.json)" --image-digest "${image#*@}" \
      --image-manifest "$(docker buildx imagetools inspect --raw "$image")" >/dev/null ;;
  "lint test") %[1]s lint-shell && exec %[1]s go-test PACKAGES="./app/vault ./app/protocol" ;;
  *) exec %[1]s "$@" ;;
esac
`

// environment sets the environment of Jenkins's controller, with its secrets in files.
func (r *rehearsal) environment(t *testing.T, ssh []string) {
	t.Helper()
	setting := func(name string) string {
		i := slices.IndexFunc(ssh, func(e string) bool { return strings.HasPrefix(e, name+"=") })
		return strings.TrimPrefix(ssh[i], name+"=")
	}
	dir := t.TempDir()
	secrets := filepath.Join(dir, "secrets")
	must(t, os.Mkdir(secrets, 0o700))
	copyFile(t, setting("DEPLOY_KEY"), filepath.Join(secrets, "EC2_SSH_KEY"))
	must(t, os.Chmod(filepath.Join(secrets, "EC2_SSH_KEY"), 0o600))
	for _, name := range []string{"SONAR_TOKEN", "SONAR_BRANCHES_TOKEN"} {
		must(t, os.WriteFile(filepath.Join(secrets, name), []byte("rehearsal\n"), 0o600))
	}
	program, err := exec.LookPath("make")
	must(t, err)
	bin := filepath.Join(dir, "bin")
	must(t, errors.Join(os.Mkdir(bin, 0o755), os.WriteFile(filepath.Join(bin, "make"), fmt.Appendf(nil, rehearsedMake, program, names.HostDirectory, names.SigningKey), 0o755)))

	port := os.Getenv(outsidePort)
	outer, err := net.FileListener(os.NewFile(listenerFD, "outside"))
	must(t, err)
	inner, err := net.Listen("tcp", "127.0.0.1:"+port)
	must(t, err)
	t.Cleanup(func() { inner.Close(); outer.Close() })
	go forward(outer, registryAddress)
	go forward(inner, registryAddress)

	certificate := filepath.Join(dir, "authority.pem")
	aws := filepath.Dir(output(t, filepath.Join(root, "scripts/python-tool.sh"), "path", "aws"))
	r.env = append(emulator.Env(t), "PATH="+bin+":"+aws+":"+os.Getenv("PATH"), "SECRETS="+secrets, "NOTIFY_EMAIL=team@example.org",
		"SONAR_URL=http://sonarqube:9000", "IMAGE=127.0.0.1:"+port+"/password-manager", "DEPLOY_HOST=127.0.0.1", "DEPLOY_USER=root", "KNOWN_HOSTS="+setting("KNOWN_HOSTS"), "SITE_URL="+site, "CURL_CA_BUNDLE="+certificate)
	r.env = append(r.env, r.staging.env()...)
	for i := 0; ; i++ {
		entry, ok := os.LookupEnv(outsideEnv + strconv.Itoa(i))
		if !ok {
			break
		}
		r.env = append(r.env, entry)
	}
	r.deployer.env = append(append(os.Environ(), ssh...), "CURL_CA_BUNDLE="+certificate)
	r.trust(t, certificate)
}

// trust writes the authority of the host's proxy to a file, for clients to trust. The proxy creates it on its first start.
func (h *host) trust(t *testing.T, certificate string) {
	t.Helper()
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	go func() {
		for {
			if out, err := h.command("docker", "cp", "vaultsphere-proxy:/data/caddy/pki/authorities/local/root.crt", certificate).CombinedOutput(); err == nil {
				return
			} else if bytes.Contains(out, []byte("permission")) {
				return
			}
			select {
			case <-done:
				return
			case <-time.After(time.Second):
			}
		}
	}()
}

func (r *rehearsal) make(t *testing.T, arguments ...string) {
	t.Helper()
	cmd := exec.Command("make", arguments...)
	cmd.Dir, cmd.Env = r.workspace, r.env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
}

// pipeline builds a branch as Jenkins does and returns the duration. The build must have the given result. failed is the stage that
// must fail, or "".
func (r *rehearsal) pipeline(t *testing.T, what, branch, result, failed string, options ...string) time.Duration {
	t.Helper()
	begin := time.Now()
	cmd := exec.Command(filepath.Join(r.workspace, "jenkins/run-pipeline.sh"),
		append([]string{"--branch", branch, "--workspace", r.workspace}, options...)...)
	cmd.Env = r.env
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	_ = cmd.Run()
	took := time.Since(begin)
	said := out.String()
	got := ""
	for line := range strings.Lines(said) {
		// The fields of such a line: stage, its name, its result.
		if w := strings.Split(strings.TrimSpace(line), "\t"); w[0] == "stage" && w[2] == "FAILURE" && got == "" {
			got = w[1]
		}
	}
	if !strings.Contains(said, "result\t"+result+"\n") || got != failed {
		t.Fatalf("%s: the pipeline failed at %q, want %q and %s\n%s\n%s", what, got, failed, result, said, log.String())
	}
	return took
}

func (r *rehearsal) commit(t *testing.T, name, content string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(r.workspace, name), []byte(content), 0o644))
	output(t, "git", "-C", r.workspace, "add", name)
	output(t, "git", "-C", r.workspace, "commit", "--quiet", "--message", "rehearsal: "+name)
}

func (r *rehearsal) options(t *testing.T, name string, values map[string]string) {
	t.Helper()
	content, err := json.Marshal(values)
	must(t, err)
	r.commit(t, name, string(content)+"\n")
}

func (r *rehearsal) remove(t *testing.T, name string) {
	t.Helper()
	output(t, "git", "-C", r.workspace, "rm", "--quiet", name)
	output(t, "git", "-C", r.workspace, "commit", "--quiet", "--message", "rehearsal: without "+name)
}

func (r *rehearsal) replace(t *testing.T, name, old, replacement string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(r.workspace, name))
	must(t, err)
	if !bytes.Contains(content, []byte(old)) {
		t.Fatalf("%s has no %s", name, old)
	}
	r.commit(t, name, strings.Replace(string(content), old, replacement, 1))
}

// summary prints the report.
func summary(code int) {
	if len(report.lines) == 0 {
		return
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, line := range report.lines {
		fmt.Fprintln(w, strings.Join(line[:], "\t"))
	}
	w.Flush()
	how := "The rehearsal passed."
	if code != 0 {
		how = "The rehearsal FAILED."
	}
	fmt.Printf("\n%s\n%s\n", b.String(), how)
}
