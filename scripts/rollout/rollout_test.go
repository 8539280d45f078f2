//go:build integration

// Package rollout_test rolls out releases on a real Docker engine, behind the real proxy, under load.
package rollout_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/executables"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

func TestRolloutRejectsInvalidReleases(t *testing.T) {
	h := &host{env: append(os.Environ(), "HOME_DIRECTORY="+t.TempDir())}
	zeros := strings.Repeat("0", 64)
	for _, c := range []struct {
		args []string
		want string // after "rollout.sh: error: "
	}{
		{nil, "expected one argument, IMAGE@DIGEST or an option, got 0: see --help"},
		{[]string{"a@sha256:" + zeros, "b"}, "expected one argument, IMAGE@DIGEST or an option, got 2: see --help"},
		{[]string{""}, "'' has no digest: a tag can change, IMAGE@sha256:… cannot"},
		{[]string{"registry:5000/password-manager:latest"}, "'registry:5000/password-manager:latest' has no digest: a tag can change, IMAGE@sha256:… cannot"},
		{[]string{"password-manager@sha256:" + zeros[1:]}, "'password-manager@sha256:" + zeros[1:] + "' is not IMAGE@sha256:DIGEST"},
		{[]string{"pass word@sha256:" + zeros}, "'pass word@sha256:" + zeros + "' is not IMAGE@sha256:DIGEST"},
		{[]string{"$(id)@sha256:" + zeros}, "'$(id)@sha256:" + zeros + "' is not IMAGE@sha256:DIGEST"},
		{[]string{"--force"}, "unknown option '--force': see --help"},
	} {
		if r := h.rollout(nil, c.args...); r.code != 2 || r.said != "rollout.sh: error: "+c.want {
			t.Errorf("%q: exit %d: %s", c.args, r.code, r.said)
		}
	}
	if r := h.rollout([]string{"WATCH_SECONDS=soon"}, "--back"); r.code != 2 || r.said != "rollout.sh: error: WATCH_SECONDS is 'soon', not a number of at most five digits" {
		t.Errorf("exit %d: %s", r.code, r.said)
	}
	if r := h.rollout(nil, "--help"); r.code != 0 || !strings.HasPrefix(r.said, "Usage: rollout.sh IMAGE@DIGEST ") {
		t.Errorf("exit %d: %s", r.code, r.said)
	}
}

// TestRollout runs all parts on one host, because starting an engine is slow. Each part continues with the state of the last.
func TestRollout(t *testing.T) {
	h := newHost(t)
	t.Run("compose up serves localhost without a setting", h.testComposeUp)
	h.write(t, ".env", "AUTH_RATE='1000000'\nREGISTRATION='open'\n")
	current := h.release(t, "vaultsphere")
	if r := h.rollout(nil, "--back"); r.code != 1 || r.said != "rollout.sh: error: there is no previous release" {
		t.Errorf("--back on a new host: exit %d: %s", r.code, r.said)
	}
	first := h.mustServe(t, current)
	t.Logf("the first release serves after %s", first.took.Round(time.Millisecond))
	l := startLoad(t, site, h.authority(t), readers)

	// Each part receives the current release and returns the new one.
	for _, part := range []struct {
		name string
		test func(*host, *testing.T, string) string
	}{
		{"six good releases", testGoodReleases},
		{"rollback", testBack},
		// Now blue is idle. The proxy would prefer it if it could reach it.
		{"releases that do not serve", testBadReleases},
		{"two concurrent rollouts", testTwoAtOnce},
		{"killed at each step", testKilled},
		{"the engine restarts", func(h *host, t *testing.T, current string) string { return testEngineRestarts(h, l, t, current) }},
	} {
		ok := t.Run(part.name, func(t *testing.T) {
			begin := time.Now()
			current = part.test(h, t, current)
			h.serves(t, current)
			l.check(t, "embedded store: "+part.name, begin)
		})
		if !ok && current == "" {
			return
		}
	}
	l.stop()
	t.Run("no write is lost", l.readBack)
	t.Run("changed settings restart the same release", func(t *testing.T) { h.testSettings(t, l, current) })
	t.Run("--proxy applies the proxy's settings", func(t *testing.T) { h.testProxy(t, current) })
}

// testDocumentedBackup runs the documented commands for a store in containers.
func (h *host) testDocumentedBackup(t *testing.T, c *http.Client, token string) {
	t.Helper()
	docs, err := os.ReadFile(filepath.Join(root, "docs/operations.md"))
	must(t, err)
	block := regexp.MustCompile("(?s)```sh\n(mkdir -p backups .*?)```").FindSubmatch(docs)
	if block == nil {
		t.Fatal("docs/operations.md does not say how to back up the store of containers")
	}
	file, err := filepath.Abs(filepath.Join(root, "docker-compose.yml"))
	must(t, err)
	cmd := h.command("bash", "-euo", "pipefail", "-c", string(block[1]))
	cmd.Dir, cmd.Env = t.TempDir(), append(h.env, "COMPOSE_FILE="+file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", block[1], err, out)
	}
	await.Until(t, "the vault after a restore", func() bool {
		return request(c, http.MethodGet, site+protocol.PathAccount, token, nil, nil) == ""
	})
}

// testComposeUp needs only the Compose file and its images.
func (h *host) testComposeUp(t *testing.T) {
	compose := func(args ...string) {
		cmd := h.command("docker", append([]string{"compose", "--progress", "quiet"}, args...)...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("docker compose %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	compose("up", "--detach", "--no-build")
	defer compose("down", "--volumes")
	c := client(h.authority(t), true)
	await.Until(t, "an answer of the vault", func() bool { return request(c, http.MethodGet, site+protocol.PathHealth, "", nil, nil) == "" })
	res, err := c.Get(site)
	must(t, err)
	res.Body.Close()
	if got := res.Header.Get("Alt-Svc"); !strings.Contains(got, `h3=":443"`) {
		t.Errorf("HTTP/3 is not offered: Alt-Svc is %q", got)
	}
	if got := res.Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("this would force HTTPS on all servers of localhost: %s", got)
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err = c.Get("http://localhost/x")
	must(t, err)
	res.Body.Close()
	if got := res.Header.Get("Location"); res.StatusCode != http.StatusPermanentRedirect || got != site+"/x" {
		t.Errorf("http: %s to %s", res.Status, got)
	}
	// The first user behind a proxy needs an invitation.
	_, reg := testvault.NewPerson("first").Registration()
	if got := request(c, http.MethodPost, site+protocol.PathUsers, "", reg, nil); !strings.Contains(got, "invitation_required") {
		t.Errorf("the first user without an invitation: %q", got)
	}
	_, secret, ok := protocol.ParseJoinLink(h.docker(t, "exec", "vaultsphere-blue", names.ServerProgram, "invite", "--admin", site))
	invitation := secret.Invitation()
	reg.Invitation = &invitation
	var session protocol.UserSession
	if got := request(c, http.MethodPost, site+protocol.PathUsers, "", reg, &session); !ok || got != "" {
		t.Errorf("the first user with one: %v, %q", ok, got)
	}
	for _, container := range []string{"proxy", "blue"} {
		got := h.docker(t, "inspect", "--format",
			"{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.CapAdd}} {{.HostConfig.SecurityOpt}} "+
				"{{.HostConfig.LogConfig.Type}} {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}",
			"vaultsphere-"+container)
		differs := map[string][2]string{"proxy": {"[NET_BIND_SERVICE]", "268435456"}, "blue": {"[]", "402653184"}}[container]
		want := "true [ALL] " + differs[0] + " [no-new-privileges:true] local unless-stopped " + differs[1] + " 256"
		if strings.ReplaceAll(got, "CAP_", "") != want {
			t.Errorf("%s: %s, want %s", container, got, want)
		}
	}
	h.testDocumentedBackup(t, c, session.Token)
}

func testGoodReleases(h *host, t *testing.T, _ string) string {
	for range 5 {
		r := h.mustServe(t, h.release(t, "vaultsphere"))
		t.Logf("a release serves, and the old one has left, after %s", r.took.Round(time.Millisecond))
	}
	account := h.account(t)
	current := h.release(t, "vaultsphere")
	h.mustServe(t, current, account...)
	if r := h.mustServe(t, current, account...); !strings.Contains(r.said, " serves already, in ") {
		t.Error(r.said)
	}
	// A new host would serve the release in the parameter.
	got, err := ssm.NewFromConfig(emulator.Config(t)).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(releaseParameter)})
	must(t, err)
	if *got.Parameter.Value != digest(current) || got.Parameter.Version != 1 {
		t.Errorf("%s is %s after %d changes, want %s after one", releaseParameter, *got.Parameter.Value, got.Parameter.Version, digest(current))
	}
	images := h.docker(t, "image", "ls", "--quiet", repository)
	if n := len(strings.Fields(images)); n != 2 {
		t.Errorf("the host has %d releases, want the current and the previous one", n)
	}
	return current
}

const releaseParameter = names.ParameterPath + names.Release

// account returns the environment of a host with an AWS account.
func (h *host) account(t *testing.T) []string {
	t.Helper()
	program, err := exec.Command(filepath.Join(root, "scripts/python-tool.sh"), "path", "aws").Output()
	if err != nil {
		t.Fatalf("the AWS command line: %v: scripts/python-tool.sh install aws", err)
	}
	return append(emulator.Env(t), "AWS_MAX_ATTEMPTS=1", "RELEASE_PARAMETER="+releaseParameter,
		"PATH="+filepath.Dir(string(program))+":"+os.Getenv("PATH"))
}

func testBadReleases(h *host, t *testing.T, current string) string {
	absent := repository + "@sha256:" + strings.Repeat("0", 64)
	for _, c := range []struct {
		name, image, want string
		env               []string
	}{
		{"never ready", h.release(t, "faulty", "ENV FAULT=silent"), "does not serve: not ready in 2 s: /ready does not answer", nil},
		{"500 on ready", h.release(t, "faulty", "ENV FAULT=broken"), "does not serve: not ready in 2 s: /ready answers 500", nil},
		{"dies", h.release(t, "faulty", "ENV FAULT=dies"), "does not serve: it was ready, but then: it ended with status 3: the store is gone",
			[]string{"WATCH_SECONDS=8"}},
		{"wrong settings", h.release(t, "vaultsphere", "ENV STORE=paper"), "does not serve: it ended with status 1: vaultsphered: error: STORE must be ", nil},
		{"no program", h.release(t, "vaultsphere", `ENTRYPOINT ["/nothing"]`), "no such file or directory", nil},
		{"no SSM", h.release(t, "vaultsphere"), "cannot write " + releaseParameter + ": ",
			append(h.account(t), "AWS_ENDPOINT_URL=http://127.0.0.1:1")},
		{"no image", absent, "cannot pull " + absent, nil},
	} {
		r := h.rollout(c.env, c.image)
		if r.code != 1 || strings.Contains(r.said, "\n") || !strings.HasPrefix(r.said, "rollout.sh: error: ") || !strings.Contains(r.said, c.want) {
			t.Errorf("%s: exit %d: %s", c.name, r.code, r.said)
		}
		h.serves(t, current)
		if left := h.docker(t, "ps", "--all", "--quiet", "--filter", "ancestor="+c.image); left != "" {
			t.Errorf("%s: the container still exists", c.name)
		}
	}
	return current
}

func testBack(h *host, t *testing.T, current string) string {
	before := repository + "@" + h.state(t, "previous")
	r := h.rollout(nil, "--back")
	t.Logf("back after %s", r.took.Round(time.Millisecond))
	if r.code != 0 {
		t.Errorf("exit %d after %s: %s", r.code, r.took, r.said)
	}
	if before == current || h.state(t, "previous") != digest(current) {
		t.Errorf("rolled back from %s to %s, and the previous release is now %s", current, before, h.state(t, "previous"))
	}
	return before
}

func (h *host) state(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(h.home, "state", name))
	must(t, err)
	return strings.TrimSpace(string(b))
}

func testTwoAtOnce(h *host, t *testing.T, _ string) string {
	next := h.release(t, "vaultsphere")
	var runs [2]run
	var both sync.WaitGroup
	for i := range runs {
		both.Go(func() { runs[i] = h.rollout(nil, next) })
	}
	both.Wait()
	first, second := runs[0], runs[1]
	if strings.Contains(first.said, "\n") {
		first, second = second, first
	}
	if first.code != 0 || !strings.HasPrefix(first.said, "rollout.sh: "+digest(next)+" serves, in ") {
		t.Errorf("the first: exit %d: %s", first.code, first.said)
	}
	if second.code != 0 || !strings.HasPrefix(second.said, "rollout.sh: another rollout is running: waiting for it\nrollout.sh: "+digest(next)+" serves already, in ") {
		t.Errorf("the second: exit %d: %s", second.code, second.said)
	}
	return next
}

// testKilled kills the rollout and its children at each step that leaves state behind. If the next run must finish or roll back, it
// runs immediately; otherwise, the next killed rollout starts from that state.
func testKilled(h *host, t *testing.T, current string) string {
	bin := t.TempDir()
	for _, name := range []string{"docker", "mv"} {
		program, err := exec.LookPath(name)
		must(t, err)
		must(t, executables.WriteFile(filepath.Join(bin, name), fmt.Appendf(nil, `#!/usr/bin/env bash
case "%s $*" in
  $KILL_AT)
    [ "$KILL_WHEN" != before ] || kill -KILL 0
    if [ "$KILL_WHEN" = during ]; then %s "$@" & sleep 1; kill -KILL 0; fi
    %[2]s "$@"
    kill -KILL 0 ;;
esac
exec %[2]s "$@"
`, name, program), 0o755))
	}
	next := h.release(t, "vaultsphere")
	for _, step := range []struct {
		when, at string
		again    bool
	}{
		{"after", "docker pull *", false},
		{"after", "mv * */compose.env", false},
		{"after", "docker compose * create *", false},
		{"after", "docker network disconnect *", false},
		{"after", "docker start *", false},
		{"after", "docker update --restart unless-stopped *", false},
		{"after", "docker network connect *", true},
		{"before", "mv * */current", true},
		{"after", "mv * */current", true},
		{"during", "docker stop *", true},
		{"after", "docker stop *", false},
	} {
		r := h.rollout([]string{"PATH=" + bin + ":" + os.Getenv("PATH"), "KILL_WHEN=" + step.when, "KILL_AT=" + step.at}, next)
		if r.code != -1 {
			t.Fatalf("%s %q: not killed: exit %d: %s", step.when, step.at, r.code, r.said)
		}
		if step.again {
			h.mustServe(t, next)
			current, next = next, h.release(t, "vaultsphere")
		}
	}
	return h.afterLastKill(t, current, next)
}

// afterLastKill checks that the new release already serves alone, and that the next rollout reports this.
func (h *host) afterLastKill(t *testing.T, current, next string) string {
	t.Helper()
	if r := h.mustServe(t, next); !strings.HasSuffix(r.said, " serves already, in blue") && !strings.HasSuffix(r.said, " serves already, in green") {
		t.Errorf("after %s: %s", current, r.said)
	}
	return next
}

func testEngineRestarts(h *host, l *load, t *testing.T, current string) string {
	begin := time.Now()
	h.restartEngine(t)
	h.serves(t, current)
	served := time.Now()
	// When Docker starts, it removes its firewall rules and refuses new connections until it has added them again.
	failures := l.take(t)
	noted("embedded store: Docker itself restarts", fmt.Sprintf("%d new connections refused", len(failures)), time.Since(begin), 0)
	for _, f := range failures {
		if !strings.HasSuffix(f.what, "connect: connection refused") || f.at.After(served) {
			t.Error(f)
		}
	}
	next := h.release(t, "vaultsphere")
	h.mustServe(t, next)
	return next
}

// testSettings rolls out the same release with a lower log-in rate, which a client cannot bypass with forwarding headers.
func (h *host) testSettings(t *testing.T, l *load, current string) {
	h.write(t, ".env", "AUTH_RATE='5'\n")
	if r := h.mustServe(t, current); strings.Contains(r.said, "already") {
		t.Error("the new settings have no effect")
	}
	throttled := 0
	for i := range 12 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, site+protocol.PathPrelogin, strings.NewReader(`{"username":"user0"}`))
		must(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Forwarded-For", "198.51.100."+strconv.Itoa(i))
		res, err := l.browser.Do(req)
		must(t, err)
		res.Body.Close()
		if res.StatusCode == http.StatusTooManyRequests {
			throttled++
		}
	}
	if throttled < 6 {
		t.Errorf("of 12 log-ins by one client under twelve addresses, %d were refused", throttled)
	}
}

// testProxy checks that a release never restarts the proxy, which would interrupt connections, but says if a restart is due.
func (h *host) testProxy(t *testing.T, current string) {
	const hint = "rollout.sh: hint: the proxy runs with older settings: rollout.sh --proxy restarts it"
	started := func() string {
		return h.docker(t, "inspect", "--format", "{{.State.StartedAt}}", "vaultsphere-proxy")
	}
	before := started()
	h.write(t, ".env", "AUTH_RATE='5'\nHTTP_PORT='8080'\n")
	if r := h.mustServe(t, current); !strings.Contains(r.said, hint) || started() != before {
		t.Errorf("other settings: %s", r.said)
	}
	if r := h.rollout(nil, "--proxy"); r.code != 0 || r.said != "" {
		t.Errorf("--proxy: exit %d: %s", r.code, r.said)
	}
	h.serves(t, current)
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	await.Until(t, "the proxy at its new port", func() bool {
		res, err := c.Get("http://localhost:8080/")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusPermanentRedirect
	})
	if r := h.mustServe(t, current); strings.Contains(r.said, "hint") {
		t.Errorf("after it: %s", r.said)
	}
}
