//go:build integration

package jenkins_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

func property(t *testing.T, name string) string {
	t.Helper()
	match := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + `=(\S+)$`).FindStringSubmatch(read(t, "../sonar-project.properties"))
	if match == nil {
		t.Fatalf("sonar-project.properties lacks %s", name)
	}
	return match[1]
}

func TestSonarReadsTheReportsOfTheTests(t *testing.T) {
	t.Parallel()
	makefile := read(t, "../Makefile")
	for _, name := range []string{"sonar.go.coverage.reportPaths", "sonar.go.tests.reportPaths"} {
		if report := property(t, name); !strings.Contains(makefile, strings.Replace(report, "go-test.", "go-test$(1).", 1)) {
			t.Errorf("%s is %s, which the Makefile does not write", name, report)
		}
	}
	if report := property(t, "sonar.javascript.lcov.reportPaths"); report != "reports/lcov.info" || !strings.Contains(read(t, "../app/web/coverage.mjs"), "lcov.info") {
		t.Errorf("TypeScript's coverage is %s, which app/web/coverage.mjs does not write", report)
	}
}

func TestTestsUseThePinnedSonarQube(t *testing.T) {
	t.Parallel()
	pinned := regexp.MustCompile(`image: sonarqube:([0-9.]+)-community`).FindStringSubmatch(read(t, "docker-compose.yml"))
	installed := regexp.MustCompile(`(?s)<artifactId>sonar-application</artifactId>\s*<version>([0-9.]+)</version>`).
		FindStringSubmatch(read(t, "../internal/testenv/sonarqube/pom.xml"))
	if pinned == nil || installed == nil || pinned[1] != installed[1] {
		t.Errorf("jenkins/docker-compose.yml runs SonarQube %q, the tests run %q", pinned, installed)
	}
}

// scanner replaces the Java of the scanner: it records its call and its files, and writes a report.
const scanner = `#!/usr/bin/env bash
set -euo pipefail
echo "$*" >>"$RECORD/arguments"
echo "$SONAR_SCANNER_JSON_PARAMS" >>"$RECORD/settings"
echo "$SONAR_TOKEN $SONAR_HOST_URL" >>"$RECORD/environment"
find . -path ./.git -prune -o -type f -print >"$RECORD/files"
cat app.txt >>"$RECORD/contents"
[ -z "${SCAN_FAILS:-}" ] || exit 1
mkdir .scannerwork
printf 'serverUrl=%s\nceTaskId=1\n' "$SONAR_HOST_URL" >.scannerwork/report-task.txt
`

// server replaces SonarQube: it keeps analyses by project and commit, and records POST requests.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	analyses map[string][]string
	dates    map[string]string // last analysis by project
	posts    []string
	record   string
}

func newServer(t *testing.T, record string) *server {
	t.Helper()
	s := &server{analyses: map[string][]string{}, dates: map[string]string{}, record: record}
	s.Server = httptest.NewServer(http.HandlerFunc(s.answer))
	t.Cleanup(s.Close)
	return s
}

func (s *server) answer(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if user, _, _ := r.BasicAuth(); user != token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	type object = map[string]any
	var answer any = object{}
	switch project := r.FormValue("project"); r.URL.Path {
	case "/api/project_analyses/search":
		known, ok := s.analyses[project]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		list := []object{}
		for _, commit := range known {
			list = append(list, object{"key": "of-" + commit[:4], "revision": commit})
		}
		answer = object{"analyses": list}
	case "/api/ce/task":
		// The analysis with the scanner's last project and version is finished.
		settings, err := os.ReadFile(filepath.Join(s.record, "settings"))
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		lines := strings.Split(strings.TrimSpace(string(settings)), "\n")
		var last map[string]string
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		key := last["sonar.projectKey"]
		commit := last["sonar.projectVersion"] + strings.Repeat("0", 28)
		for _, full := range s.analyses["commits"] {
			if strings.HasPrefix(full, last["sonar.projectVersion"]) {
				commit = full
			}
		}
		s.analyses[key] = append([]string{commit}, s.analyses[key]...)
		answer = object{"task": object{"status": "SUCCESS"}}
	case "/api/components/search_projects":
		list := []object{}
		for key := range s.analyses {
			project := object{"key": key}
			if date, ok := s.dates[key]; ok {
				project["analysisDate"] = date
			}
			list = append(list, project)
		}
		answer = object{"paging": object{"total": len(list)}, "components": list}
	case "/api/projects/delete":
		delete(s.analyses, project)
		fallthrough
	default:
		form, _ := url.QueryUnescape(r.PostForm.Encode())
		s.posts = append(s.posts, r.URL.Path[len("/api/"):]+" "+form)
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		panic(err)
	}
}

// checkout is a repository with a remote, in which scripts/sonar.sh runs with the recording scanner.
type checkout struct {
	root, origin, record string
	sonarqube            *server
	env                  []string
}

func newCheckout(t *testing.T) *checkout {
	t.Helper()
	need(t, "git", "tar", "jq", "curl")
	c := &checkout{root: filepath.Join(t.TempDir(), "checkout"), origin: filepath.Join(t.TempDir(), "origin.git"), record: t.TempDir()}
	c.sonarqube = newServer(t, c.record)
	for _, name := range []string{"scripts/sonar.sh", "scripts/sonar-api.sh"} {
		write(t, filepath.Join(c.root, name), read(t, "../"+name), 0o755)
	}
	write(t, filepath.Join(c.root, ".gitignore"), "/reports/\n/.env\n/.scannerwork/\n", 0o644)
	write(t, filepath.Join(c.root, ".env"), "SESSION_SECRET=x\n", 0o600)
	c.reports(t)
	write(t, filepath.Join(c.root, "app.txt"), "landed\n", 0o644)
	write(t, filepath.Join(c.root, "gone.txt"), "", 0o644)
	git(t, ".", "init", "--quiet", "--bare", "--initial-branch=main", c.origin)
	git(t, ".", "init", "--quiet", "--initial-branch=main", c.root)
	git(t, c.root, "remote", "add", "origin", c.origin)
	c.commit(t, "what landed")
	write(t, filepath.Join(c.root, "sonar-baseline"), c.head(t)+"\n", 0o644)
	write(t, filepath.Join(c.root, "app.txt"), "committed\n", 0o644)
	c.commit(t, "the baseline")
	git(t, c.root, "push", "--quiet", "origin", "main")
	cache := filepath.Join(c.record, "cache")
	write(t, filepath.Join(cache, "vaultsphere", "sonar-scanner", pinnedScanner(t)+".jar"), "jar", 0o644)
	write(t, filepath.Join(c.record, "bin", "java"), scanner, 0o755)
	c.env = append(os.Environ(), "PATH="+filepath.Join(c.record, "bin")+":"+os.Getenv("PATH"), "RECORD="+c.record, "XDG_CACHE_HOME="+cache,
		"SONAR_HOST_URL="+c.sonarqube.URL, "SONAR_TOKEN=", "SONAR_AUTH_TOKEN="+token, "BRANCH_NAME=")
	return c
}

func (c *checkout) reports(t *testing.T) {
	t.Helper()
	write(t, filepath.Join(c.root, "reports", "cover.out"), "mode: set\n", 0o644)
	write(t, filepath.Join(c.root, "reports", "lcov.info"), "TN:\n", 0o644)
}

func pinnedScanner(t *testing.T) string {
	t.Helper()
	match := regexp.MustCompile(`(?m)^scanner=(\S+)$`).FindStringSubmatch(read(t, "../scripts/sonar.sh"))
	if match == nil {
		t.Fatal("scripts/sonar.sh does not pin a scanner")
	}
	return match[1]
}

func (c *checkout) head(t *testing.T) string {
	t.Helper()
	return git(t, c.root, "rev-parse", "HEAD")
}

func (c *checkout) commit(t *testing.T, message string) {
	t.Helper()
	git(t, c.root, "add", ".")
	git(t, c.root, "commit", "--quiet", "--message", message)
	c.sonarqube.analyses["commits"] = append(c.sonarqube.analyses["commits"], c.head(t))
}

func (c *checkout) run(t *testing.T, env []string, arguments ...string) outcome {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(c.root, "scripts", "sonar.sh"), arguments...)
	cmd.Env = append(slices.Clone(c.env), env...)
	out, _ := cmd.CombinedOutput()
	return outcome{status: cmd.ProcessState.ExitCode(), log: string(out)}
}

// scans returns the settings of each analysis.
func (c *checkout) scans(t *testing.T) (list []map[string]string) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(read(t, filepath.Join(c.record, "settings"))), "\n") {
		var settings map[string]string
		if err := json.Unmarshal([]byte(line), &settings); err != nil {
			t.Fatal(err)
		}
		list = append(list, settings)
	}
	return list
}

func TestMainIsComparedWithTheBaseline(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	landed, head := git(t, c.root, "rev-parse", "HEAD^"), c.head(t)
	write(t, filepath.Join(c.root, "app.txt"), "edited\n", 0o644)
	if err := os.Remove(filepath.Join(c.root, "gone.txt")); err != nil {
		t.Fatal(err)
	}
	if o := c.run(t, nil); o.status != 0 {
		t.Fatal(o.log)
	}
	scans := c.scans(t)
	if len(scans) != 2 || scans[0]["sonar.projectVersion"] != landed[:12] || scans[1]["sonar.projectVersion"] != head[:12] ||
		scans[0]["sonar.projectDate"] == "" || scans[1]["sonar.projectDate"] != "" || scans[1]["sonar.projectKey"] != "vaultsphere" {
		t.Errorf("the analyses were %v", scans)
	}
	if want := "new_code_periods/set project=vaultsphere&type=SPECIFIC_ANALYSIS&value=of-" + landed[:4]; !slices.Contains(c.sonarqube.posts, want) {
		t.Errorf("SonarQube received %q, want %q", c.sonarqube.posts, want)
	}
	if got := read(t, filepath.Join(c.record, "contents")); got != "landed\nedited\n" {
		t.Errorf("the scanner read %q", got)
	}
	files := strings.Fields(read(t, filepath.Join(c.record, "files")))
	for name, want := range map[string]bool{
		"./scripts/sonar.sh": true, "./reports/cover.out": true, "./.env": false, "./gone.txt": false,
	} {
		if slices.Contains(files, name) != want {
			t.Errorf("the scanner got %s: %v, want %v", name, !want, want)
		}
	}
	if strings.Contains(read(t, filepath.Join(c.record, "arguments")), token) {
		t.Error("the token is an argument")
	}
	if got := read(t, filepath.Join(c.record, "environment")); got != strings.Repeat(token+" "+c.sonarqube.URL+"\n", 2) {
		t.Errorf("the environment of the scanner has %q", got)
	}
	if got := read(t, filepath.Join(c.root, ".scannerwork", "report-task.txt")); !strings.Contains(got, "ceTaskId=1\n") {
		t.Errorf("the report is %q", got)
	}
	if o := c.run(t, nil); o.status != 0 || len(c.scans(t)) != 3 {
		t.Errorf("a second run made %d analyses, want one more: %s", len(c.scans(t)), o.log)
	}
}

func TestMainUsesTheLastAnalysisBeforeTheBaseline(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	older, head := git(t, c.root, "rev-parse", "HEAD^"), c.head(t)
	if o := c.run(t, nil, "--landed"); o.status != 0 {
		t.Fatal(o.log)
	}
	c.commit(t, "another landing")
	c.sonarqube.analyses["vaultsphere"] = []string{c.head(t), older}
	if o := c.run(t, nil); o.status != 0 || len(c.scans(t)) != 1 {
		t.Errorf("exit %d: %s", o.status, o.log)
	}
	if want := "new_code_periods/set project=vaultsphere&type=SPECIFIC_ANALYSIS&value=of-" + older[:4]; !slices.Contains(c.sonarqube.posts, want) {
		t.Errorf("SonarQube received %q, want %q", c.sonarqube.posts, want)
	}
	c.sonarqube.analyses["vaultsphere"] = []string{c.head(t)}
	o := c.run(t, nil)
	if want := "sonar.sh: error: SonarQube has analyses of vaultsphere, but none of the baseline " + head; o.status != 1 || !strings.HasPrefix(o.log, want) {
		t.Errorf("exit %d: %s", o.status, o.log)
	}
}

func TestBranchIsComparedWithItsMergeBase(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	fork := c.head(t)
	const branch = `fix/"quoted"-Zählung'`
	git(t, c.root, "checkout", "--quiet", "-b", branch)
	write(t, filepath.Join(c.root, "app.txt"), "changed\n", 0o644)
	c.commit(t, "on the branch")
	if o := c.run(t, nil); o.status != 0 {
		t.Fatal(o.log)
	}
	scans := c.scans(t)
	if len(scans) != 2 || scans[0]["sonar.projectVersion"] != fork[:12] || scans[1]["sonar.projectVersion"] != c.head(t)[:12] ||
		scans[1]["sonar.projectName"] != "VaultSphere "+branch {
		t.Fatalf("the analyses were %v", scans)
	}
	// A rebase moves the baseline, so the project starts over.
	git(t, c.root, "checkout", "--quiet", "main")
	write(t, filepath.Join(c.root, "other.txt"), "", 0o644)
	c.commit(t, "main goes on")
	git(t, c.root, "push", "--quiet", "origin", "main")
	git(t, c.root, "checkout", "--quiet", branch)
	git(t, c.root, "rebase", "--quiet", "main")
	if o := c.run(t, nil); o.status != 0 || len(c.scans(t)) != 4 {
		t.Errorf("exit %d: %s", o.status, o.log)
	}
	if want := "projects/delete project=" + scans[0]["sonar.projectKey"]; !slices.Contains(c.sonarqube.posts, want) {
		t.Errorf("SonarQube received %q, want %q", c.sonarqube.posts, want)
	}
}

func TestBranchesHaveUniqueKeys(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	valid := regexp.MustCompile(`^vaultsphere:[A-Za-z0-9_.-]{1,73}$`)
	seen := map[string]string{}
	for _, branch := range []string{"a/b", "a-b", "a_b", "a'b", `a"b`, "a b", "ä", "ö", "v1.0", strings.Repeat("x", 100), strings.Repeat("x", 101), "$(id)", "-D"} {
		if o := c.run(t, []string{"BRANCH_NAME=" + branch}); o.status != 0 {
			t.Fatalf("%s: %s", branch, o.log)
		}
		scans := c.scans(t)
		key := scans[len(scans)-1]["sonar.projectKey"]
		if !valid.MatchString(key) {
			t.Errorf("the branch %s has the key %s", branch, key)
		}
		if other, taken := seen[key]; taken {
			t.Errorf("the branches %s and %s have the key %s", branch, other, key)
		}
		seen[key] = branch
	}
}

func TestProjectsOfDeletedBranchesAreDeleted(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	if o := c.run(t, []string{"BRANCH_NAME=feature/existing"}); o.status != 0 {
		t.Fatal(o.log)
	}
	existing := c.scans(t)[0]["sonar.projectKey"]
	git(t, c.root, "push", "--quiet", "origin", "HEAD:refs/heads/feature/existing")
	c.sonarqube.analyses["vaultsphere:gone-0123456789ab"] = nil
	c.sonarqube.analyses["vaultsphere-other"] = nil
	deleted := func() (list []string) {
		for _, post := range c.sonarqube.posts {
			if strings.HasPrefix(post, "projects/delete") {
				list = append(list, post)
			}
		}
		return list
	}
	git(t, c.root, "remote", "set-url", "origin", filepath.Join(c.record, "no-such.git"))
	if o := c.run(t, nil); o.status != 0 || len(deleted()) != 0 || !strings.Contains(o.log, "warning: git could not list the branches of origin") {
		t.Errorf("without a remote: exit %d, %q: %s", o.status, deleted(), o.log)
	}
	git(t, c.root, "remote", "set-url", "origin", c.origin)
	if o := c.run(t, nil); o.status != 0 || fmt.Sprint(deleted()) != "[projects/delete project=vaultsphere:gone-0123456789ab]" {
		t.Errorf("exit %d: deleted %q, must keep %s: %s", o.status, deleted(), existing, o.log)
	}

	// If the remote needs credentials that only the checkout had, the fetched branches count.
	git(t, c.root, "fetch", "--quiet", "origin")
	git(t, c.root, "remote", "set-url", "origin", filepath.Join(c.record, "no-such.git"))
	c.sonarqube.posts = nil
	for key, age := range map[string]time.Duration{"vaultsphere:gone-0123456789ab": time.Hour, "vaultsphere:new-0123456789ab": -time.Hour} {
		c.sonarqube.analyses[key] = nil
		c.sonarqube.dates[key] = time.Now().Add(-age).In(time.FixedZone("", 5*60*60)).Format("2006-01-02T15:04:05-0700")
	}
	if o := c.run(t, nil); o.status != 0 || fmt.Sprint(deleted()) != "[projects/delete project=vaultsphere:gone-0123456789ab]" {
		t.Errorf("with fetched branches: exit %d: deleted %q, must keep %s: %s", o.status, deleted(), existing, o.log)
	}
}

func TestShallowCloneIsCompleted(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	shallow := filepath.Join(t.TempDir(), "shallow")
	git(t, ".", "clone", "--quiet", "--depth=1", "file://"+c.origin, shallow)
	c.root = shallow
	c.reports(t)
	git(t, shallow, "remote", "set-url", "origin", "file://"+filepath.Join(c.record, "no-such.git"))
	if o := c.run(t, nil); o.status != 1 || !strings.HasPrefix(o.log, "sonar.sh: error: this clone is shallow") {
		t.Errorf("exit %d: %s", o.status, o.log)
	}
	git(t, shallow, "remote", "set-url", "origin", "file://"+c.origin)
	if o := c.run(t, nil); o.status != 0 || len(c.scans(t)) != 2 {
		t.Errorf("exit %d: %s", o.status, o.log)
	}
}

func TestSonarReportsWhatIsMissing(t *testing.T) {
	t.Parallel()
	for _, s := range []struct {
		name, want string
		env        []string
		edit       func(c *checkout)
	}{
		{"no address", "SONAR_HOST_URL is not set", []string{"SONAR_HOST_URL="}, nil},
		{"no URL", "SONAR_HOST_URL is sonarqube, but must be an http or https URL", []string{"SONAR_HOST_URL=sonarqube"}, nil},
		{"no token", "SONAR_TOKEN is not set", []string{"SONAR_AUTH_TOKEN="}, nil},
		{"wrong token", "SonarQube refused project_analyses/search (401)", []string{"SONAR_AUTH_TOKEN=other"}, nil},
		{"no answer", "SonarQube does not answer at http://127.0.0.1:1", []string{"SONAR_HOST_URL=http://127.0.0.1:1"}, nil},
		{"no reports of Go", "reports/cover.out is missing: make test", nil, func(c *checkout) { remove(t, c.root, "reports/cover.out") }},
		{"no reports of the page", "reports/lcov.info is missing: make test", nil, func(c *checkout) { remove(t, c.root, "reports/lcov.info") }},
		{"no branch", "no branch is checked out", nil, func(c *checkout) { git(t, c.root, "checkout", "--quiet", "--detach") }},
		{"no baseline", "the file sonar-baseline is missing", nil, func(c *checkout) { remove(t, c.root, "sonar-baseline") }},
		{"half a hash", "sonar-baseline must hold the full hash", nil, func(c *checkout) { write(t, filepath.Join(c.root, "sonar-baseline"), "abc\n", 0o644) }},
		{"strange hash", "the commit " + strings.Repeat("a", 40) + " of sonar-baseline is not in the history", nil, func(c *checkout) {
			write(t, filepath.Join(c.root, "sonar-baseline"), strings.Repeat("a", 40)+"\n", 0o644)
		}},
		{"no main", "git could not fetch main", []string{"BRANCH_NAME=x"}, func(c *checkout) {
			git(t, c.root, "update-ref", "-d", "refs/remotes/origin/main")
			git(t, c.root, "remote", "set-url", "origin", filepath.Join(c.record, "no-such.git"))
		}},
		{"failed scan", "the scanner could not analyse the baseline", []string{"SCAN_FAILS=yes"}, nil},
	} {
		c := newCheckout(t)
		if s.edit != nil {
			s.edit(c)
		}
		o := c.run(t, s.env)
		last := strings.TrimPrefix(strings.Split(strings.TrimSpace(o.log), "\n")[strings.Count(strings.TrimSpace(o.log), "\n")], "sonar.sh: error: ")
		if o.status != 1 || !strings.HasPrefix(last, s.want) {
			t.Errorf("%s: exit %d: %s", s.name, o.status, o.log)
		}
		if _, err := os.Stat(filepath.Join(c.root, ".scannerwork")); err == nil {
			t.Errorf("%s: a report was written", s.name)
		}
	}
}

func remove(t *testing.T, root, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(root, name)); err != nil {
		t.Fatal(err)
	}
}
