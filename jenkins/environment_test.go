//go:build integration

package jenkins_test

import (
	"maps"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// documented returns the example of jenkins/.env in docs/jenkins.md.
func documented(t *testing.T) map[string]string {
	t.Helper()
	_, rest, found := strings.Cut(read(t, "../docs/jenkins.md"), "in `jenkins/.env`")
	_, rest, began := strings.Cut(rest, "```sh\n")
	block, _, ended := strings.Cut(rest, "```")
	values := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^\s*([A-Z_]+)=(?:"(.*)"|(\S*))`).FindAllStringSubmatch(block, -1) {
		values[match[1]] = match[2] + match[3]
	}
	if !found || !began || !ended || len(values) < 5 {
		t.Fatalf("docs/jenkins.md lacks an example of jenkins/.env: %q", values)
	}
	return values
}

// environment returns the environment of a build step: from the container, from Jenkins, and from jenkins.yaml.
func environment(t *testing.T) []string {
	t.Helper()
	settings := documented(t)
	// The controller's and the trusted agent's variables; a build has fewer.
	declared := compose(t).Services["jenkins"].Environment
	maps.Copy(declared, compose(t).Services["agent-trusted"].Environment)
	container := map[string]string{}
	for name, value := range declared {
		container[name] = regexp.MustCompile(`\$\{(\w+)(?::?[?-]([^}]*))?\}`).ReplaceAllStringFunc(value, func(reference string) string {
			match := regexp.MustCompile(`\$\{(\w+)(?::?-([^}]*))?`).FindStringSubmatch(reference)
			if setting, ok := settings[match[1]]; ok {
				return setting
			}
			return match[2]
		})
	}
	all := map[string]string{
		"BRANCH_NAME": "main", "BRANCH_IS_PRIMARY": "true", "BUILD_DISPLAY_NAME": "#7", "BUILD_ID": "7", "BUILD_NUMBER": "7",
		"BUILD_TAG": "jenkins-release-vaultsphere-main-7", "BUILD_URL": settings["JENKINS_URL"] + "job/release/job/vaultsphere/job/main/7/", "CI": "true",
		"EXECUTOR_NUMBER": "0", "GIT_BRANCH": "main", "GIT_COMMIT": strings.Repeat("0", 40), "GIT_URL": settings["GIT_URL"],
		"HUDSON_HOME": "/var/jenkins_home", "JENKINS_HOME": "/var/jenkins_home", "JOB_BASE_NAME": "main", "JOB_NAME": "release/vaultsphere/main",
		"NODE_LABELS": "trusted", "NODE_NAME": "trusted", "STAGE_NAME": "Lint & Tests", "WORKSPACE": "/home/agent/workspace/x",
		"WORKSPACE_TMP": "/home/agent/workspace/x@tmp", "JAVA_OPTS": "-Djenkins.install.runSetupWizard=false",
		"CASC_JENKINS_CONFIG": "/usr/share/jenkins/jenkins.yaml",
	}
	maps.Copy(all, container)
	c, _ := configuration(t)
	for _, variable := range c.Jenkins.GlobalNodeProperties[0].EnvVars.Env {
		all[variable.Key] = regexp.MustCompile(`\$\{(\w+)\}`).ReplaceAllStringFunc(variable.Value, func(reference string) string {
			return container[strings.Trim(reference, "${}")]
		})
	}
	// Variables that make adds when it starts the tests, and that users may have set for other programs.
	all["MAKEFLAGS"], all["MAKELEVEL"] = "w -- PACKAGES=./... ARGS=-c\\ siteAddress=vault.example.org", "1"
	all["ARGS"], all["STACKS"], all["IMAGE"], all["VERSION"] = "-c siteAddress=vault.example.org", "PasswordManager-Data", "elsewhere/vault", "9"
	var entries []string
	for name, value := range all {
		entries = append(entries, name+"="+value)
	}
	return environ.Outside(entries...)
}

// The selected tests start make, the CDK, the AWS CLI, servers and this pipeline. A build's environment must not affect them.
func TestSuitePassesInTheEnvironmentOfABuild(t *testing.T) {
	t.Parallel()
	for _, part := range []struct{ folder, tests string }{
		{"./infra", "TestMakeReadsOptionsFromTheFile|TestBadOptions|TestMissingRegion|TestGoldenTemplates"},
		{"./infra/preflight", "TestCommand"},
		{"./scripts", "TestFetchEnvRequires|TestSeedMakes|TestSeedSays"},
		{"./app/cmd/vaultsphered", "."},
		{"./internal/testenv/environ", "."},
		{"./jenkins", "TestBranchIsChecked|TestMainAndMaster|TestSonarReportsWhatIsMissing"},
	} {
		cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-tags", "integration", "-v", "-run", part.tests, part.folder)
		cmd.Dir, cmd.Env = "..", environment(t)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s in the environment of a build: %v\n%s", part.folder, err, out)
		}
		if passed := strings.Count(string(out), "\n--- PASS: "); passed == 0 {
			t.Errorf("%s ran no test %s: %s", part.folder, part.tests, out)
		}
	}
}
