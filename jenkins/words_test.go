//go:build integration

package jenkins_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestInvalidJenkinsfilesAreRejected(t *testing.T) {
	t.Parallel()
	good := read(t, jenkinsfile)
	var cases = []struct{ name, old, new, want string }{
		{"section", "    agent none\n", "    agents none\n", `"agents" is unknown in pipeline`},
		{"no agent", "    agent none\n", "", "pipeline has no agent"},
		{"agent", "agent none", "agent some", "agent must be any, none or a block"},
		{"agent without a label", "agent { label 'unprivileged' }", "agent any", "agent any matches no agent: use a label of jenkins.yaml"},
		{"unknown label", "label 'unprivileged'", "label 'privileged'", "no agent of jenkins.yaml has the label privileged"},
		{"computed label", "label 'unprivileged'", "label env.LABEL", "the label of an agent must be a string"},
		{"kind of agent", "agent { label 'unprivileged' }", "agent { docker 'golang:1' }", "this double does not support an agent with docker"},
		{"step without an agent", "            agent { label 'unprivileged' }\n", "", "step sh needs an agent, but no enclosing stage has one"},
		{"beforeAgent", "beforeAgent true", "beforeAgent 'yes'", "beforeAgent takes true or false"},
		{"a branch on the trusted agent", "label 'unprivileged'", "label 'trusted'", "no agent with the label trusted accepts builds of branches/vaultsphere, so they would wait forever"},
		{"a condition after the agent", "                beforeAgent true\n", "", "no agent with the label trusted accepts builds of branches/vaultsphere, so they would wait forever"},
		{"a stage for every branch", "                anyOf {\n                    branch 'main'\n                    branch 'master'\n                }\n            }\n            agent",
			"                anyOf {\n                    branch 'main'\n                    branch 'feature'\n                }\n            }\n            agent",
			"no agent with the label trusted accepts builds of branches/vaultsphere, so they would wait forever"},
		{"a credential of main on a branch", "withSonarQubeEnv('sonar-local') {", "sshagent(['ec2-ssh']) {", "builds of branches/vaultsphere cannot use the credential ec2-ssh"},
		{"a credential of the controller", "['ec2-ssh']", "['agent-ssh']", "builds of release/vaultsphere cannot use the credential agent-ssh"},
		{"the step that starts other jobs", "sh 'make audit'", "build job: '/release/patch'", "no such step: build"},
		{"stash without a name", "stash name: 'reports', includes", "stash includes", "step stash needs the parameter name"},
		{"section twice", "agent none", "agent none\n    agent none", "agent appears twice in pipeline"},
		{"no stages", "    stages {", "    stage {", `"stage" is unknown in pipeline`},
		{"option", "timestamps()", "timestamp()", `"timestamp" is unknown in options`},
		{"option of the pipeline in a stage", "options { timeout(time: 10, unit: 'MINUTES') }", "options { disableConcurrentBuilds() }",
			`"disableConcurrentBuilds" is unknown in options of a stage`},
		{"parameter of an option", "timeout(time: 4, unit", "timeout(hours: 4, unit", "option timeout has no parameter hours"},
		{"option without a required parameter", "timeout(time: 4, unit: 'HOURS')", "timeout(unit: 'HOURS')", "option timeout needs the parameter time"},
		{"unit", "unit: 'HOURS'", "unit: 'WEEKS'", "option timeout: unit is not of type Unit"},
		{"type", "time: 4,", "time: '4',", "option timeout: time is not of type int"},
		{"build discarder", "logRotator(numToKeepStr", "logRotator(numToKeep", "logRotator has no parameter numToKeep"},
		{"directive of a stage", "                    steps {\n                        checkout scm", "                    step {\n                        checkout scm",
			`"step" is unknown in stage "Checkout"`},
		{"step outside steps", "                    steps {\n                        sh 'make setup'\n                    }", "                    sh 'make setup'",
			`"sh" is unknown in stage "Setup"`},
		{"stage without steps", "                    steps {\n                        sh 'make setup'\n                    }", "",
			`stage "Setup" needs exactly one of steps, stages, parallel or matrix, and has 0`},
		{"steps without a step", "                        sh 'make setup'\n", "", "steps has no steps"},
		{"stage without a name", "stage('Setup')", "stage()", "a stage needs a name"},
		{"duplicate stage", "stage('Setup')", "stage('Checkout')", `two stages are named "Checkout"`},
		{"step", "junit testResults", "jUnit testResults", "no such step: jUnit"},
		{"parameter of a step", "allowEmptyResults", "allowEmpty", "step junit has no parameter allowEmpty"},
		{"parameter without its name", "recordCoverage tools: [[parser: 'COBERTURA', pattern: 'coverage.xml']], enabledForFailure: true", "recordCoverage 'coverage.xml'", "step recordCoverage needs a name for its argument"},
		{"parser of coverage", "parser: 'COBERTURA'", "parser: 'Cobertura'", "step recordCoverage: tools is not of type CoverageTools"},
		{"step without a required parameter", "subject: ", "title: ", "step mail needs the parameter subject"},
		{"step without its block", "withSonarQubeEnv('sonar-local') {\n                            sh 'make sonar'\n                        }",
			"withSonarQubeEnv('sonar-local')", "withSonarQubeEnv needs a block of steps"},
		{"block on a step without one", "sh 'make setup'", "sh('make setup') { echo 'x' }", "step sh takes no block"},
		{"Groovy among steps", "sh 'make setup'", "def x = 1", "expected a step"},
		{"method call among steps", "sh 'make setup'", "'make setup'.execute()", "method calls on objects not allowed"},
		{"condition", "branch 'main'", "branches 'main'", `"branches" is unknown in anyOf`},
		{"empty condition", "                    when {\n                        expression { sh(script: 'make topology', returnStdout: true).trim() != 'fargate' }\n", "                    when {\n",
			"when needs at least one condition"},
		{"two conditions in not", "                        not {", "                        not {\n                            branch 'x'", "not takes exactly one condition"},
		{"expression that is always true", "returnStdout: true).trim() == 'fargate'", "returnStdout: true).trim()", "expression must compare one step with a constant"},
		{"expression of something else", "sh(script: 'make topology', returnStdout: true).trim() == 'fargate'", "env.TOPOLOGY == 'fargate'",
			"expression must compare the result of a step sh"},
		{"parameter of a step in an expression", "(script: 'make topology', returnStdout", "(script: 'make topology', stdout", "step sh has no parameter stdout"},
		{"post condition", "        fixed {", "        recovered {", `"recovered" is unknown in post`},
		{"credential", "['ec2-ssh']", "['ec2']", "no credential has the id ec2 in jenkins.yaml"},
		{"kind of a credential", "sshagent(['ec2-ssh']) {", "withCredentials([file(credentialsId: 'ec2-ssh', variable: 'KEY')]) {",
			"the credential ec2-ssh is a basicSSHUserPrivateKey, not a file"},
		{"binding", "sshagent(['ec2-ssh']) {", "withCredentials([files(credentialsId: 'ec2-ssh', variable: 'KEY')]) {",
			"step withCredentials: bindings is not of type Bindings"},
		{"SonarQube server", "'sonar-local'", "'sonar'", "no SonarQube server is named sonar in jenkins.yaml"},
		{"second block", "pipeline {", "echo 'x'\npipeline {", "a Jenkinsfile is one pipeline block"},
		{"syntax", "stages {", "stages", "line "},
	}
	arguments := []string{"--check"}
	folder := t.TempDir()
	for i, c := range cases {
		broken := strings.Replace(good, c.old, c.new, 1)
		if broken == good {
			t.Errorf("%s: the Jenkinsfile has no %q", c.name, c.old)
		}
		name := filepath.Join(folder, fmt.Sprint(i))
		write(t, name, broken, 0o644)
		arguments = append(arguments, name)
	}
	o := script(t, os.Environ(), arguments...)
	if o.status != 1 {
		t.Errorf("exit %d", o.status)
	}
	for i, c := range cases {
		pattern := regexp.QuoteMeta("run-pipeline.sh: error: "+filepath.Join(folder, fmt.Sprint(i))) + `: line \d+: .*`
		messages := regexp.MustCompile(pattern).FindAllString(o.log, -1)
		if !strings.Contains(strings.Join(messages, "\n"), c.want) {
			t.Errorf("%s: want %q, got %q", c.name, c.want, messages)
		}
	}
	if t.Failed() {
		t.Log(o.log)
	}
}

func plugins(t *testing.T) map[string]string {
	t.Helper()
	known := map[string]string{}
	for line := range strings.Lines(read(t, "plugins.txt")) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, version, ok := strings.Cut(line, ":")
		if !ok || !regexp.MustCompile(`^\d[\w.]*$`).MatchString(version) {
			t.Errorf("%q lacks a version", line)
		}
		if _, duplicate := known[name]; duplicate {
			t.Errorf("%s is listed twice", name)
		}
		known[name] = version
	}
	return known
}

func TestEveryStepHasItsPlugin(t *testing.T) {
	t.Parallel()
	config := t.TempDir()
	write(t, filepath.Join(config, "plugins.txt"), "", 0o644)
	write(t, filepath.Join(config, "jenkins.yaml"), read(t, "jenkins.yaml"), 0o644)
	o := script(t, os.Environ(), "--check", "--config", config)
	known, wanted := plugins(t), map[string]bool{}
	for _, match := range regexp.MustCompile(`comes with the plugin (\S+), which`).FindAllStringSubmatch(o.log, -1) {
		wanted[match[1]] = true
		if _, ok := known[match[1]]; !ok {
			t.Errorf("plugins.txt lacks %s", match[1])
		}
	}
	for _, name := range []string{"sonar", "junit", "coverage", "ssh-agent", "ws-cleanup", "mailer", "timestamper"} {
		if !wanted[name] {
			t.Errorf("the double does not require %s for the Jenkinsfile", name)
		}
	}
	for _, name := range []string{"git", "github-branch-source", "ssh-slaves", "job-restrictions"} {
		if !wanted[name] {
			t.Errorf("the double does not require %s for jobs and agents", name)
		}
	}
	// With pipeline-build-step, which others depend on, a branch could start the jobs that deploy.
	for _, name := range []string{"pipeline-build-step", "workflow-aggregator", "parameterized-trigger", "pipeline-aws"} {
		if _, ok := known[name]; ok {
			t.Errorf("plugins.txt has %s, which gives branches too much", name)
		}
	}
	// For jenkins.yaml and the pipeline as a whole.
	for _, name := range []string{"configuration-as-code", "job-dsl", "git", "workflow-multibranch", "ssh-slaves", "job-restrictions",
		"pipeline-model-definition", "credentials-binding", "plain-credentials", "ssh-credentials", "multibranch-scan-webhook-trigger",
		"github-branch-source"} {
		if _, ok := known[name]; !ok {
			t.Errorf("plugins.txt lacks %s", name)
		}
	}
}

func TestSourceOfTheJobNeedsItsCredential(t *testing.T) {
	t.Parallel()
	config := t.TempDir()
	write(t, filepath.Join(config, "plugins.txt"), read(t, "plugins.txt"), 0o644)
	write(t, filepath.Join(config, "jenkins.yaml"), strings.Replace(read(t, "jenkins.yaml"), `credentialsId('github-app')`, `credentialsId('git-ssh')`, 1), 0o644)
	o := script(t, os.Environ(), "--check", "--config", config)
	want := "run-pipeline.sh: error: jenkins.yaml: the source github of the job needs a gitHubApp, but its credential is git-ssh\n"
	if o.status != 1 || o.log != want {
		t.Errorf("exit %d: %s, want %s", o.status, o.log, want)
	}
}

func TestEveryCommandIsAMakeTarget(t *testing.T) {
	t.Parallel()
	o := script(t, os.Environ(), "--check")
	if o.status != 0 {
		t.Fatal(o.log)
	}
	makefile, found := read(t, "../Makefile"), 0
	for _, line := range o.lines {
		command, ok := strings.CutPrefix(line, "sh\t")
		if !ok || command == "git --no-pager log -1 --stat" {
			continue
		}
		targets, ok := strings.CutPrefix(command, "make ")
		if !ok {
			t.Errorf("%q is not a make target", command)
		}
		for _, target := range strings.Fields(targets) {
			if strings.HasPrefix(target, "DEPLOYMENT=") {
				continue
			}
			found++
			if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(target) + `:([^=]|$)`).MatchString(makefile) {
				t.Errorf("the Makefile lacks the target %s", target)
			}
		}
	}
	if found != 28 {
		t.Errorf("the Jenkinsfile names %d targets, want 28", found)
	}
}

// The tests in infra run the same commands as an engineer.
func TestMonthlyPatchIsValid(t *testing.T) {
	t.Parallel()
	o := script(t, os.Environ(), "--check", "Jenkinsfile.patch")
	if got := strings.Join(o.lines, "\n"); o.status != 0 || !strings.HasPrefix(got, "sh\tmake setup\nsh\tmake topology DEPLOYMENT=staging\n"+
		"sh\tmake patch DEPLOYMENT=staging\nsh\tmake topology\nsh\tmake patch\n") {
		t.Errorf("exit %d, %q: %s", o.status, got, o.log)
	}
}

func TestJenkinsfileHasNoAccountRegionOrAddress(t *testing.T) {
	t.Parallel()
	text := read(t, jenkinsfile) + read(t, "Jenkinsfile.patch")
	for what, pattern := range map[string]string{
		"an account":  `\b\d{12}\b`,
		"a region":    `\b(us|eu|ap|sa|ca|me|af|il|mx)(-gov)?-(north|south|east|west|central)+\w*-\d\b`,
		"an address":  `\b\d{1,3}(\.\d{1,3}){3}\b|\w+://|[\w.]+@[\w.]+`,
		"an AWS host": `amazonaws|\bi-[0-9a-f]{8,}|\barn:`,
	} {
		if found := regexp.MustCompile(pattern).FindString(text); found != "" {
			t.Errorf("the Jenkinsfile holds %s: %s", what, found)
		}
	}
}

// unusedFeatures uses features that the Jenkinsfile does not.
const unusedFeatures = `pipeline {
    agent { label 'unprivileged' }
    environment {
        WHO = 'pipeline'
        BOTH = "${WHO} on ${env.BRANCH_NAME}"
    }
    stages {
        stage('Outer') {
            stages {
                stage('Inner') {
                    environment { WHO = 'stage' }
                    when { branch 'release/*' }
                    steps {
                        withEnv(['WITH=1']) { sh 'echo "saw $WHO, $BOTH, $WITH" && env >inner.txt' }
                    }
                    post {
                        success { echo 'inner went well' }
                        failure { echo 'inner did not' }
                    }
                }
                stage('Deeper') {
                    when { branch pattern: 'release/.+/.+', comparator: 'REGEXP' }
                    steps { sh 'false' }
                }
            }
        }
        stage('After') {
            steps {
                sh 'test "$WHO" = pipeline && test -z "${WITH:-}"'
                error 'on purpose'
            }
        }
    }
    post {
        cleanup { echo 'last' }
        failure { archiveArtifacts 'no-such-file' }
        always { echo 'first' }
        changed { echo 'changed' }
        regression { echo 'regression' }
    }
}
`

func TestDoubleSupportsUnusedFeatures(t *testing.T) {
	t.Parallel()
	b := newBuild(t)
	write(t, filepath.Join(b.workspace, "Jenkinsfile"), unusedFeatures, 0o644)
	o := b.run(t, "release/1")
	o.want(t, "FAILURE", "", "stage\tInner\tSUCCESS\t", "stage\tDeeper\tSKIPPED\twhen", "stage\tOuter\tSUCCESS\t", "stage\tAfter\tFAILURE\t",
		"post\tInner\tsuccess")
	var conditions []string
	for _, line := range o.lines {
		if w := strings.Split(line, "\t"); w[0] == "post" && w[1] == "pipeline" {
			conditions = append(conditions, w[2])
		}
	}
	if got := strings.Join(conditions, " "); got != "always changed regression failure cleanup" {
		t.Errorf("the conditions were %s", got)
	}
	for _, want := range []string{"saw stage, pipeline on release/1, 1\n", "error: After: on purpose",
		`error when executing failure post condition: No artifacts found that match the file pattern "no-such-file"`} {
		if !strings.Contains(o.log, want) {
			t.Errorf("%q is missing in the log\n%s", want, o.log)
		}
	}
}
