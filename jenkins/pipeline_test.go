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
	// The make targets of every build, up to the quality gate.
	checked = "setup lint test sonar"
	// All make targets of a branch.
	branchTargets = checked + " audit diff image"
	// The make targets of main up to each stage.
	audited  = checked + " audit"
	tested   = audited + " setup integration"
	ifStaged = " topology:staging topology:staging topology:staging"
	pushed   = tested + ifStaged + " deploy push audit-image"
	staged   = pushed + ifStaged
	released = staged + " topology release topology"
)

// stagingStages are the stages that only run with staging.
var stagingStages = []string{"Shared by Staging", "CDK Deploy to Staging", "Staging on EC2", "Staging on Fargate", "CDK Deploy after Staging"}

// skippedStages returns the stages that a build of main without staging skips: those of branches, of staging, and of the other topology.
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

func TestBranchIsCheckedAndChangesNothing(t *testing.T) {
	t.Parallel()
	o := newBuild(t).run(t, "feature/main")
	o.want(t, "SUCCESS", branchTargets, always, clean, "gate\tOK", "junit\t1\t2\t0", "coverage\tcoverage.xml",
		"archived\tcoverage.xml", "archived\treports/junit.xml", "agent\tbranches\tunprivileged")
	if strings.Contains(o.log, branchToken) || !strings.Contains(o.log, "token: **** at http://sonarqube:9000") {
		t.Error("the log shows the branches' token for SonarQube, or make sonar had none")
	}
	if slices.ContainsFunc(o.lines, func(line string) bool { return strings.HasPrefix(line, "status\t") }) {
		t.Error("a build outside of GitHub reported the commit's status")
	}
	if skipped := o.stages("SKIPPED"); !slices.Equal(skipped, []string{"Release"}) {
		t.Errorf("skipped %q", skipped)
	}
	if !strings.Contains(o.log, "the last commit") {
		t.Error("the log does not show the last commit")
	}
	if strings.Contains(strings.Join(o.lines, "\n"), "mail\t") {
		t.Error("a successful build after a successful one sent a mail")
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
				t.Errorf("skipped %q", skipped)
			}
			key := read(t, filepath.Join(b.secrets, keyName+".pub"))
			if got := read(t, filepath.Join(b.record, "keys")); got != key {
				t.Errorf("the agent had the keys %q, want %q", got, key)
			}
			if strings.Contains(o.log, token) || !strings.Contains(o.log, "token: **** at http://sonarqube:9000") {
				t.Error("the log shows SonarQube's token, or make sonar had none")
			}
		})
	}
}

func TestReleaseToFargateUsesNoSSH(t *testing.T) {
	t.Parallel()
	b := newBuild(t)
	b.env = append(b.env, "TOPOLOGY=fargate")
	o := b.run(t, "main")
	o.want(t, "SUCCESS", staged+" topology topology release", always, clean, "archived\timage.json")
	if skipped := o.stages("SKIPPED"); !slices.Equal(skipped, skippedStages("Deploy to EC2")) {
		t.Errorf("skipped %q", skipped)
	}
	if _, err := os.Stat(filepath.Join(b.record, "keys")); err == nil {
		t.Error("make release had SSH keys")
	}
}

func TestFailureEndsThePipelineAndSendsMail(t *testing.T) {
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
		{"deploy", "CDK Deploy", tested + ifStaged + " deploy", []string{"FAILING=deploy"}, nil, "FAILURE"},
		{"push", "Docker Build & Push", tested + ifStaged + " deploy push", []string{"FAILING=push"}, nil, "FAILURE"},
		{"rollout", "Deploy to EC2", staged + " topology release", []string{"FAILING=release"}, nil, "FAILURE"},
		{"rollout on Fargate", "Deploy to Fargate", staged + " topology topology release", []string{"FAILING=release", "TOPOLOGY=fargate"}, nil, "FAILURE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBuild(t)
			b.env = append(b.env, c.env...)
			o := b.run(t, "main", c.arguments...)
			o.want(t, c.result, c.targets, always, clean, "post\tLint & Tests\talways", "post\tpipeline\tunsuccessful", mail("main", ": "+c.result))
			// The stage and its parent.
			if stages := o.stages(c.result); len(stages) != 2 || stages[0] != c.stage {
				t.Errorf("the stages with the result %s are %q, want only %s", c.result, stages, c.stage)
			}
		})
	}
}

func TestStatusOfACommitIsReportedToGitHub(t *testing.T) {
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
			var reported []string
			for _, line := range o.lines {
				if status, ok := strings.CutPrefix(line, "status\t"); ok {
					reported = append(reported, status)
				}
			}
			if want := []string{"pending", c.status}; !slices.Equal(reported, want) {
				t.Errorf("the reported status is %q, want %q", reported, want)
			}
		})
	}
}

// Any name that git accepts is only a value, and never part of a command.
func TestBranchNamesAreNeverExecuted(t *testing.T) {
	t.Parallel()
	for _, branch := range []string{"feature/a/b", "it's \"quoted\"", "$(touch pwned)", "`touch pwned`", "a;touch pwned", "two words", "-n", "ümläut", "main/../x", "main "} {
		t.Run(branch, func(t *testing.T) {
			t.Parallel()
			b := newBuild(t)
			o := b.run(t, branch)
			o.want(t, "SUCCESS", branchTargets, always, clean)
			for _, dir := range []string{b.workspace, b.record, "."} {
				if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
					t.Errorf("the name of the branch was executed in %s", dir)
				}
			}
		})
	}
}

func TestFixedBuildSendsMail(t *testing.T) {
	t.Parallel()
	newBuild(t).run(t, "main", "--previous", "FAILURE").want(t, "SUCCESS", released,
		"post\tpipeline\tfixed", mail("main", ": fixed"))
}

func TestStageEndsAtItsTimeout(t *testing.T) {
	t.Parallel()
	b := newBuild(t)
	b.env = append(b.env, "SLOW=yes")
	short := strings.Replace(read(t, jenkinsfile), "timeout(time: 20, unit: 'MINUTES')", "timeout(time: 10, unit: 'SECONDS')", 1) // make starts within it
	write(t, filepath.Join(b.workspace, "Jenkinsfile"), short, 0o644)
	o := b.run(t, "main")
	o.want(t, "ABORTED", "setup", always, clean, "stage\tSetup\tABORTED\t", mail("main", ": ABORTED"))
	process := "/proc/" + strings.TrimSpace(read(t, filepath.Join(b.record, "sleeper")))
	await.Until(t, "the end of the process that make started", func() bool {
		_, err := os.Stat(process)
		return err != nil
	})
}

func TestMissingSecretIsNamed(t *testing.T) {
	t.Parallel()
	b := newBuild(t)
	if err := os.Remove(filepath.Join(b.secrets, keyName)); err != nil {
		t.Fatal(err)
	}
	o := b.run(t, "main")
	if want := "run-pipeline.sh: error: jenkins.yaml needs the secret " + keyName; o.status != 1 || !strings.Contains(o.log, want) {
		t.Errorf("exit %d, want %q in\n%s", o.status, want, o.log)
	}
}

func TestUsageErrorsAreReported(t *testing.T) {
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
		{[]string{"--branch", "main", "--workspace", "no/such"}, 1, "no/such is not a directory"},
	} {
		if o := script(t, os.Environ(), c.arguments...); o.status != c.status || !strings.HasPrefix(o.log, "run-pipeline.sh: error: "+c.want+"\n") {
			t.Errorf("%q: exit %d: %s", c.arguments, o.status, o.log)
		}
	}
}
