//go:build integration

package jenkins_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
)

const (
	always = "post\tpipeline\talways"
	clean  = "clean"
	// What every build asks make for, up to the quality gate.
	checked = "setup lint test sonar"
	// And after it, on a branch and on main.
	tried    = checked + " audit diff image"
	audited  = checked + " audit"
	tested   = audited + " setup integration"
	asked    = " topology:staging topology:staging topology:staging"
	pushed   = tested + asked + " deploy push audit-image"
	staged   = pushed + asked
	released = staged + " topology release topology"
)

// stagingStages are those of a build where there is staging.
var stagingStages = []string{"Shared by Staging", "CDK Deploy to Staging", "Staging on EC2", "Staging on Fargate", "CDK Deploy after Staging"}

// skippedStages are those of a build of main without staging: what branches do, staging's, and those of the other topology.
func skippedStages(other string) []string {
	return slices.Concat([]string{"CDK Diff", "Docker Build"}, stagingStages, []string{other})
}

func mail(branch, what string) string {
	folder := "branches"
	if branch == "main" || branch == "master" {
		folder = "release"
	}
	return "mail\t" + mailTo + "\t" + folder + " » vaultsphere » " + branch + " #2" + what
}

func TestABranchIsCheckedAndChangesNothing(t *testing.T) {
	t.Parallel()
	o := newBuild(t).run(t, "feature/main")
	o.want(t, "SUCCESS", tried, always, clean, "gate\tOK", "junit\t1\t2\t0", "coverage\tcoverage.xml",
		"archived\tcoverage.xml", "archived\treports/junit.xml", "agent\tbranches\tunprivileged")
	if strings.Contains(o.log, branchToken) || !strings.Contains(o.log, "token: **** at http://sonarqube:9000") {
		t.Error("the branches' token for SonarQube is in the log, or make sonar had none")
	}
	if slices.ContainsFunc(o.lines, func(line string) bool { return strings.HasPrefix(line, "status\t") }) {
		t.Error("a repository that is not on GitHub was told the commit's status")
	}
	if skipped := o.stages("SKIPPED"); !slices.Equal(skipped, []string{"Release"}) {
		t.Errorf("skipped were %q", skipped)
	}
	if !strings.Contains(o.log, "the last commit") {
		t.Error("the log does not show the last commit")
	}
	if strings.Contains(strings.Join(o.lines, "\n"), "mail\t") {
		t.Error("a good build after a good one wrote a mail")
	}
}

func TestMainAndMasterAreReleased(t *testing.T) {
	t.Parallel()
	for _, branch := range []string{"main", "master"} {
		t.Run(branch, func(t *testing.T) {
			t.Parallel()
			b := newBuild(t)
			o := b.run(t, branch)
			o.want(t, "SUCCESS", released, always, clean, "archived\timage.json", "junit\t1\t1\t0", "archived\treports/junit-integration.xml",
				"agent\tmain\tunprivileged", "agent\ttrusted\ttrusted")
			if skipped := o.stages("SKIPPED"); !slices.Equal(skipped, skippedStages("Deploy to Fargate")) {
				t.Errorf("skipped were %q", skipped)
			}
			key := read(t, filepath.Join(b.secrets, keyName+".pub"))
			if got := read(t, filepath.Join(b.record, "keys")); got != key {
				t.Errorf("the agent had the keys %q, want %q", got, key)
			}
			if strings.Contains(o.log, token) || !strings.Contains(o.log, "token: **** at http://sonarqube:9000") {
				t.Error("SonarQube's token is in the log, or make sonar had none")
			}
		})
	}
}

func TestMainIsReleasedToFargateWithoutSSH(t *testing.T) {
	t.Parallel()
	b := newBuild(t)
	b.env = append(b.env, "TOPOLOGY=fargate")
	o := b.run(t, "main")
	o.want(t, "SUCCESS", staged+" topology topology release", always, clean, "archived\timage.json")
	if skipped := o.stages("SKIPPED"); !slices.Equal(skipped, skippedStages("Deploy to EC2")) {
		t.Errorf("skipped were %q", skipped)
	}
	if _, err := os.Stat(filepath.Join(b.record, "keys")); err == nil {
		t.Error("make release had the keys of a host")
	}
}

func TestAFailureEndsThePipelineAndIsTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, stage, targets string
		env, arguments       []string
		result               string
	}{
		{"lint", "Lint & Tests", "setup lint", []string{"FAILING=lint"}, nil, "FAILURE"},
		{"tests", "Lint & Tests", "setup lint test", []string{"FAILING=test"}, nil, "FAILURE"},
		{"a report with a failure", "Lint & Tests", "setup lint test", []string{"JUNIT=<failure/>"}, nil, "UNSTABLE"},
		{"integration tests", "Integration Tests", tested, []string{"FAILING=integration"}, nil, "FAILURE"},
		{"a failure in the integration tests", "Integration Tests", tested, []string{"JUNIT_INTEGRATION=<failure/>"}, nil, "UNSTABLE"},
		{"no analysis", "Quality Gate", checked, []string{"UNANALYSED=yes"}, nil, "FAILURE"},
		{"quality gate", "Quality Gate", checked, nil, []string{"--gate", "ERROR"}, "FAILURE"},
		{"no webhook", "Quality Gate", checked, nil, []string{"--gate", "NONE"}, "ABORTED"},
		{"a known vulnerability", "Audit", audited, []string{"FAILING=audit"}, nil, "FAILURE"},
		{"a vulnerable image", "Audit Image", pushed, []string{"FAILING=audit-image"}, nil, "FAILURE"},
		{"deploy", "CDK Deploy", tested + asked + " deploy", []string{"FAILING=deploy"}, nil, "FAILURE"},
		{"push", "Docker Build & Push", tested + asked + " deploy push", []string{"FAILING=push"}, nil, "FAILURE"},
		{"rollout", "Deploy to EC2", staged + " topology release", []string{"FAILING=release"}, nil, "FAILURE"},
		{"rollout on Fargate", "Deploy to Fargate", staged + " topology topology release", []string{"FAILING=release", "TOPOLOGY=fargate"}, nil, "FAILURE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBuild(t)
			b.env = append(b.env, c.env...)
			o := b.run(t, "main", c.arguments...)
			o.want(t, c.result, c.targets, always, clean, "post\tLint & Tests\talways", "post\tpipeline\tunsuccessful", mail("main", ": "+c.result))
			// The stage, and the one that it is in.
			if ended := o.stages(c.result); len(ended) != 2 || ended[0] != c.stage {
				t.Errorf("%s ended %q, want %s alone", c.result, ended, c.stage)
			}
		})
	}
}

func TestGitHubIsToldTheStatusOfACommit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ env, result, status string }{
		{"FAILING=none", "SUCCESS", "success"}, {"JUNIT=<failure/>", "UNSTABLE", "failure"}, {"FAILING=test", "FAILURE", "error"},
	} {
		t.Run(c.result, func(t *testing.T) {
			t.Parallel()
			b := newBuild(t)
			b.env = append(b.env, "GITHUB_REPOSITORY=team/vaultsphere", c.env)
			o := b.run(t, "feature/x")
			if !o.has("result\t" + c.result) {
				t.Errorf("the result is not %s: %s", c.result, o.log)
			}
			var told []string
			for _, line := range o.lines {
				if status, ok := strings.CutPrefix(line, "status\t"); ok {
					told = append(told, status)
				}
			}
			if want := []string{"pending", c.status}; !slices.Equal(told, want) {
				t.Errorf("GitHub was told %q, want %q", told, want)
			}
		})
	}
}

// A branch may have any name that git takes: it is a value, and no part of a command.
func TestABranchOfAnyNameIsOnlyAName(t *testing.T) {
	t.Parallel()
	for _, branch := range []string{"feature/a/b", "it's \"quoted\"", "$(touch pwned)", "`touch pwned`", "a;touch pwned", "two words", "-n", "ümläut", "main/../x", "main "} {
		t.Run(branch, func(t *testing.T) {
			t.Parallel()
			b := newBuild(t)
			o := b.run(t, branch)
			o.want(t, "SUCCESS", tried, always, clean)
			for _, dir := range []string{b.workspace, b.record, "."} {
				if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
					t.Errorf("the branch's name was run as a command in %s", dir)
				}
			}
		})
	}
}

func TestRecoveryIsTold(t *testing.T) {
	t.Parallel()
	newBuild(t).run(t, "main", "--previous", "FAILURE").want(t, "SUCCESS", released,
		"post\tpipeline\tfixed", mail("main", " works again"))
}

func TestAStageThatTakesTooLongIsEnded(t *testing.T) {
	t.Parallel()
	b := newBuild(t)
	b.env = append(b.env, "SLOW=yes")
	short := strings.Replace(read(t, jenkinsfile), "timeout(time: 20, unit: 'MINUTES')", "timeout(time: 1, unit: 'SECONDS')", 1)
	write(t, filepath.Join(b.workspace, "Jenkinsfile"), short, 0o644)
	o := b.run(t, "main")
	o.want(t, "ABORTED", "setup", always, clean, "stage\tSetup\tABORTED\t", mail("main", ": ABORTED"))
	process := "/proc/" + strings.TrimSpace(read(t, filepath.Join(b.record, "sleeper")))
	await.Until(t, "the end of what make had started", func() bool {
		_, err := os.Stat(process)
		return err != nil
	})
}

func TestASecretThatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	b := newBuild(t)
	if err := os.Remove(filepath.Join(b.secrets, keyName)); err != nil {
		t.Fatal(err)
	}
	o := b.run(t, "main")
	if want := "run-pipeline.sh: error: jenkins.yaml wants the secret " + keyName; o.status != 1 || !strings.Contains(o.log, want) {
		t.Errorf("exit %d, want %q in\n%s", o.status, want, o.log)
	}
}

func TestAWrongCallIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		arguments []string
		status    int
		want      string
	}{
		{[]string{"--branch", "main"}, 2, "--workspace is missing"},
		{[]string{"--workspace", "."}, 2, "--branch is missing"},
		{[]string{"--branch"}, 2, "--branch needs a value"},
		{[]string{"--gate", "GREEN"}, 2, "--gate is GREEN"},
		{[]string{"--previous", "GOOD"}, 2, "--previous is GOOD"},
		{[]string{"--fast"}, 2, "unknown option: --fast"},
		{[]string{"--branch", "main", "--workspace", "no/such"}, 1, "no/such is no directory"},
	} {
		if o := script(t, os.Environ(), c.arguments...); o.status != c.status || !strings.HasPrefix(o.log, "run-pipeline.sh: error: "+c.want+"\n") {
			t.Errorf("%q: exit %d: %s", c.arguments, o.status, o.log)
		}
	}
}
