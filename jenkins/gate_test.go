//go:build integration

package jenkins_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/loopback"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sonarqube"
)

// gate is a SonarQube that scripts/sonar-setup.sh has set up, with its webhook to a local port.
type gate struct {
	url, secrets, port string
}

func freePort(t *testing.T) string {
	t.Helper()
	port, err := loopback.FreePort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(port)
}

func newGate(t *testing.T) gate {
	t.Helper()
	g := gate{url: sonarqube.URL(t), secrets: t.TempDir(), port: freePort(t)}
	// All tests share one SonarQube, and so the password of admin.
	write(t, filepath.Join(g.secrets, "SONAR_ADMIN_PASSWORD"), "Aa1-the-password-of-the-test\n", 0o600)
	g.setUp(t)
	return g
}

func (g gate) setUp(t *testing.T) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "../scripts/sonar-setup.sh", "--secrets", g.secrets,
		"--webhook", "http://127.0.0.1:"+g.port+"/sonarqube-webhook/")
	cmd.Env = append(os.Environ(), "SONAR_HOST_URL="+g.url)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func (g gate) secret(t *testing.T, name string) string {
	t.Helper()
	return strings.TrimSpace(read(t, filepath.Join(g.secrets, name)))
}

// api calls SonarQube as admin. With fields it sends a POST.
func (g gate) api(t *testing.T, path string, fields url.Values, into any) {
	t.Helper()
	method, body := http.MethodGet, io.Reader(nil)
	if fields != nil {
		method, body = http.MethodPost, strings.NewReader(fields.Encode())
	}
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, g.url+"/api/"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("admin", g.secret(t, "SONAR_ADMIN_PASSWORD"))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode/100 != 2 {
		t.Fatalf("%s: %s %v %s", path, res.Status, err, content)
	}
	if into != nil {
		if err := json.Unmarshal(content, into); err != nil {
			t.Fatalf("%s: %v: %s", path, err, content)
		}
	}
}

// projects returns the keys of all projects.
func (g gate) projects(t *testing.T) (keys []string) {
	t.Helper()
	var list struct{ Components []struct{ Key string } }
	g.api(t, "projects/search?ps=500", nil, &list)
	for _, c := range list.Components {
		keys = append(keys, c.Key)
	}
	return keys
}

func (g gate) measures(t *testing.T, project string, metrics ...string) map[string]string {
	t.Helper()
	var answer struct {
		Component struct {
			Measures []struct {
				Metric, Value string
				Period        struct{ Value string }
			}
		}
	}
	g.api(t, "measures/component?component="+url.QueryEscape(project)+"&metricKeys="+strings.Join(metrics, ","), nil, &answer)
	values := map[string]string{}
	for _, m := range answer.Component.Measures {
		values[m.Metric] = m.Value + m.Period.Value
	}
	return values
}

func git(t *testing.T, directory string, arguments ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", directory, "-c", "user.name=t", "-c", "user.email=t@t"}, arguments...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %s", arguments, out)
	}
	return strings.TrimSpace(string(out))
}

// sample creates a small repository with the Jenkinsfile, the scripts and settings for SonarQube, and a Go module. Its first commit is
// the baseline.
func sample(t *testing.T) (b *build, push func(branch, message string)) {
	t.Helper()
	need(t, "go", "curl", "jq", "mvn")
	b = newBuild(t)
	if err := os.CopyFS(b.workspace, os.DirFS("testdata/sample")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sonar-project.properties", "scripts/sonar.sh", "scripts/sonar-api.sh"} {
		write(t, filepath.Join(b.workspace, name), read(t, "../"+name), 0o755)
	}
	for _, directory := range []string{"infra", "internal", "bench", "jenkins", "docs/model", "attack"} {
		write(t, filepath.Join(b.workspace, directory, ".keep"), "", 0o644)
	}
	write(t, filepath.Join(b.workspace, "go.mod"), "module example.org/sample\n\ngo 1.26\n", 0o644)
	write(t, filepath.Join(b.workspace, ".gitignore"), "/reports/\n/coverage.xml\n/image.json\n/.scannerwork/\n", 0o644)
	origin := filepath.Join(t.TempDir(), "origin.git")
	git(t, ".", "init", "--quiet", "--bare", "--initial-branch=main", origin)
	git(t, b.workspace, "branch", "--move", "main")
	git(t, b.workspace, "remote", "add", "origin", origin)
	push = func(branch, message string) {
		t.Helper()
		git(t, b.workspace, "add", ".")
		git(t, b.workspace, "commit", "--quiet", "--message", message)
		git(t, b.workspace, "push", "--quiet", "origin", "HEAD:refs/heads/"+branch)
	}
	b.env = append(b.env, "REAL_SONAR=yes")
	// SonarQube counts a line as new if its commit is at least a second newer than the baseline.
	t.Setenv("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z")
	push("main", "what landed")
	landed := git(t, b.workspace, "rev-parse", "HEAD")
	if err := os.Unsetenv("GIT_COMMITTER_DATE"); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(b.workspace, "sonar-baseline"), landed+"\n", 0o644)
	push("main", "the baseline")
	return b, push
}

func (b *build) change(t *testing.T, name string) {
	t.Helper()
	write(t, filepath.Join(b.workspace, "app", "counter", name), read(t, "testdata/changes/"+name), 0o644)
}

// runWith runs the pipeline with a real SonarQube.
func (b *build) runWith(t *testing.T, g gate, branch string) outcome {
	t.Helper()
	write(t, filepath.Join(b.record, "targets"), "", 0o644)
	for _, name := range []string{"SONAR_TOKEN", "SONAR_BRANCHES_TOKEN", "SONAR_WEBHOOK_SECRET"} {
		write(t, filepath.Join(b.secrets, name), g.secret(t, name)+"\n", 0o600)
	}
	saved := b.env
	defer func() { b.env = saved }()
	b.env = append(b.env, "SONAR_URL="+g.url)
	o := b.run(t, branch, "--webhook", g.port)
	for _, name := range []string{"SONAR_TOKEN", "SONAR_BRANCHES_TOKEN", "SONAR_WEBHOOK_SECRET"} {
		if strings.Contains(o.log, g.secret(t, name)) {
			t.Errorf("the log shows %s", name)
		}
	}
	return o
}

func TestQualityGateStopsBugs(t *testing.T) {
	g := newGate(t)
	t.Cleanup(func() {
		for _, key := range g.projects(t) {
			g.api(t, "projects/delete", url.Values{"project": {key}}, nil)
		}
	})
	token := g.secret(t, "SONAR_TOKEN")
	g.setUp(t)
	if g.secret(t, "SONAR_TOKEN") != token {
		t.Error("a second setup created another token")
	}
	attackMain(t, g) // a branch may be built before main
	b, push := sample(t)

	b.change(t, "clean.go")
	push("main", "a clean change")
	clean := git(t, b.workspace, "rev-parse", "HEAD")
	b.runWith(t, g, "main").want(t, "SUCCESS", released, "gate\tOK")

	b.change(t, "bugs.go")
	push("main", "two bugs")
	o := b.runWith(t, g, "main")
	o.want(t, "FAILURE", checked, "gate\tERROR", "stage\tQuality Gate\tFAILURE\t", "stage\tRelease\tSKIPPED\tan earlier stage")
	if got := g.measures(t, "vaultsphere", "new_bugs", "new_lines"); got["new_bugs"] != "2" {
		t.Errorf("SonarQube found %v, want two new bugs", got)
	}

	// The branch starts at the clean commit. A key cannot contain its name.
	git(t, b.workspace, "checkout", "--quiet", "-B", "work", clean)
	const branch = `fix/"quoted"-Zählung';$(x)`
	b.change(t, "bugs.go")
	push(branch, "two bugs on a branch")
	o = b.runWith(t, g, branch)
	o.want(t, "FAILURE", checked, "gate\tERROR", "stage\tQuality Gate\tFAILURE\t")
	keys := g.projects(t)
	if len(keys) != 2 {
		t.Errorf("the projects are %q, want main's and the branch's", keys)
	}

	// The second push of the branch reuses its baseline.
	if err := os.Remove(filepath.Join(b.workspace, "app", "counter", "bugs.go")); err != nil {
		t.Fatal(err)
	}
	push(branch, "no bugs")
	o = b.runWith(t, g, branch)
	o.want(t, "SUCCESS", branchTargets, "gate\tOK")
	if strings.Contains(o.log, "analysing the baseline") {
		t.Error("the baseline was analysed a second time")
	}

	attackMain(t, g)

	// Fix main and delete the branch.
	git(t, b.workspace, "push", "--quiet", "origin", ":refs/heads/"+branch)
	git(t, b.workspace, "checkout", "--quiet", "-B", "repaired", "refs/remotes/origin/main")
	if err := os.Remove(filepath.Join(b.workspace, "app", "counter", "bugs.go")); err != nil {
		t.Fatal(err)
	}
	push("main", "repaired")
	b.runWith(t, g, "main").want(t, "SUCCESS", released, "gate\tOK")
	if keys := g.projects(t); fmt.Sprint(keys) != "[vaultsphere]" {
		t.Errorf("the projects are %q, want only main's", keys)
	}
}

// attackMain tries to change main's project with the token of branches.
func attackMain(t *testing.T, g gate) {
	t.Helper()
	for _, path := range []string{"projects/delete", "ce/submit"} {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		report, err := form.CreateFormFile("report", "report.zip")
		if err == nil {
			_, err = report.Write([]byte("no report"))
		}
		if err := errors.Join(err, form.WriteField("project", "vaultsphere"), form.WriteField("projectKey", "vaultsphere"), form.Close()); err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+"/api/"+path, &body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", form.FormDataContentType())
		req.SetBasicAuth(g.secret(t, "SONAR_BRANCHES_TOKEN"), "")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("%s of main's project with the token of branches returns %s", path, res.Status)
		}
	}
}

// The test needs the reports of "make test", and compares with the commit in sonar-baseline.
func TestRepositoryPassesTheQualityGate(t *testing.T) {
	g := newGate(t)
	t.Cleanup(func() { g.api(t, "projects/delete", url.Values{"project": {"vaultsphere"}}, nil) })
	cmd := exec.CommandContext(t.Context(), "../scripts/sonar.sh")
	cmd.Env = append(os.Environ(), "BRANCH_NAME=main", "SONAR_HOST_URL="+g.url, "SONAR_TOKEN="+g.secret(t, "SONAR_TOKEN"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	task := regexp.MustCompile(`(?m)^ceTaskId=(\S+)$`).FindStringSubmatch(read(t, "../.scannerwork/report-task.txt"))
	if task == nil {
		t.Fatal("the report does not name a task")
	}
	var answer struct{ Task struct{ Status string } }
	await.Until(t, "the analysis in SonarQube", func() bool {
		g.api(t, "ce/task?id="+task[1], nil, &answer)
		return answer.Task.Status != "PENDING" && answer.Task.Status != "IN_PROGRESS"
	})
	var gate struct {
		ProjectStatus struct {
			Status     string
			Conditions []struct{ MetricKey, Status, ActualValue string }
		}
	}
	g.api(t, "qualitygates/project_status?projectKey=vaultsphere", nil, &gate)
	if answer.Task.Status != "SUCCESS" || gate.ProjectStatus.Status != "OK" {
		t.Errorf("the analysis is %s, the gate %s: %+v", answer.Task.Status, gate.ProjectStatus.Status, gate.ProjectStatus.Conditions)
		var issues struct {
			Issues []struct {
				Rule, Component, Message string
				Line                     int
			}
		}
		g.api(t, "issues/search?componentKeys=vaultsphere&inNewCodePeriod=true&resolved=false&ps=100", nil, &issues)
		for _, i := range issues.Issues {
			t.Errorf("%s:%d: %s (%s)", strings.TrimPrefix(i.Component, "vaultsphere:"), i.Line, i.Message, i.Rule)
		}
	}
	got := g.measures(t, "vaultsphere", "bugs", "vulnerabilities", "code_smells", "reliability_rating", "security_rating", "sqale_rating",
		"coverage", "duplicated_lines_density", "ncloc", "new_lines", "new_coverage")
	for metric, want := range map[string]string{
		"bugs": "0", "vulnerabilities": "0", "reliability_rating": "1.0", "security_rating": "1.0", "sqale_rating": "1.0",
	} {
		if got[metric] != want {
			t.Errorf("%s is %s, want %s", metric, got[metric], want)
		}
	}
	if share, err := strconv.ParseFloat(got["duplicated_lines_density"], 64); err != nil || share >= 1 {
		t.Errorf("%s %% of the lines are duplicates", got["duplicated_lines_density"])
	}
	t.Log(got)
}
