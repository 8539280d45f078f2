//go:build integration

package jenkins_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The author of a branch controls its Jenkinsfile, which may ask for anything. Jenkins limits what its job gets.
func TestBranchCannotGetMoreThanItsJobMay(t *testing.T) {
	t.Parallel()
	const bind = "withCredentials([sshUserPrivateKey(credentialsId: 'ec2-ssh', keyFileVariable: 'KEY')]) { sh 'make release' }"
	waits := func(label string) string {
		return "no agent with the label " + label + " accepts builds of branches/vaultsphere/feature: it would wait until the timeout"
	}
	for _, c := range []struct{ name, label, steps, result, log string }{
		{"the trusted agent", "trusted", "sh 'make deploy'", "ABORTED", waits("trusted")},
		{"the agent of main", "main", "sh 'make deploy'", "ABORTED", waits("main")},
		{"the controller", "built-in", "sh 'make deploy'", "", "no agent of jenkins.yaml has the label built-in"},
		{"the host's key", "unprivileged", "sshagent(['ec2-ssh']) { sh 'make release' }", "FAILURE", "Could not find credentials entry with ID 'ec2-ssh'"},
		{"the host's key in a file", "unprivileged", bind, "FAILURE", "Could not find credentials entry with ID 'ec2-ssh'"},
		{"the key of the agents", "unprivileged", "sshagent(['agent-ssh-root']) { sh 'make release' }", "FAILURE", "Could not find credentials entry with ID 'agent-ssh-root'"},
		{"SonarQube's token", "unprivileged", "withSonarQubeEnv(installationName: 'sonar-local', credentialsId: 'sonar-token') { sh 'make sonar' }", "SUCCESS", "token: ****"},
		{"a container with the engine's socket", "unprivileged' }\n    agent { docker 'x", "sh 'docker ps'", "", "agent appears twice"},
		{"a container", "', docker: 'golang:1", "sh 'docker ps'", "", "agent"},
		{"main's job", "unprivileged", "build '/release/patch'", "", "no such step: build"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBuild(t)
			write(t, filepath.Join(b.workspace, "Jenkinsfile"), "pipeline {\n    agent { label '"+c.label+"' }\n    stages { stage('Theft') { steps { "+c.steps+" } } }\n}\n", 0o644)
			o := b.run(t, "feature")
			if !strings.Contains(o.log, c.log) || c.result != "" && !o.has("result\t"+c.result) || c.result == "" && (o.status != 1 || strings.Contains(strings.Join(o.lines, "\n"), "result")) {
				t.Errorf("exit %d, %q, want %s and %q\n%s", o.status, o.lines, c.result, c.log, o.log)
			}
			if slices.Contains(o.targets, "deploy") || slices.Contains(o.targets, "release") {
				t.Errorf("the build ran make %q", o.targets)
			}
			if _, err := os.Stat(filepath.Join(b.record, "keys")); err == nil || strings.Contains(o.log, branchToken) || strings.Contains(o.log, token) {
				t.Errorf("the build got a key or logs a token: %v\n%s", err, o.log)
			}
		})
	}
}

// The author also chooses the name of a branch. None must match main's jobs.
func TestNoBranchNamePassesForMain(t *testing.T) {
	t.Parallel()
	for _, branch := range []string{"release/vaultsphere/main", "../release/vaultsphere/main", "main ", "Main", "mainx", "part of release", "release/patch"} {
		b := newBuild(t)
		write(t, filepath.Join(b.workspace, "Jenkinsfile"), "pipeline {\n    agent { label 'trusted' }\n    stages { stage('Theft') { steps { sh 'make deploy' } } }\n}\n", 0o644)
		if o := b.run(t, branch); !o.has("result\tABORTED") || len(o.targets) > 0 {
			t.Errorf("%q: exit %d, ran make %q", branch, o.status, o.targets)
		}
	}
}
