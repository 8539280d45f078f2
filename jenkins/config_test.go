//go:build integration

package jenkins_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// controller is what jenkins.yaml says, as a YAML parser reads it.
type controller struct {
	Jenkins struct {
		NumExecutors          int `yaml:"numExecutors"`
		SecurityRealm         map[string]map[string]any
		AuthorizationStrategy map[string]map[string]bool `yaml:"authorizationStrategy"`
		GlobalNodeProperties  []struct {
			EnvVars struct{ Env []struct{ Key, Value string } } `yaml:"envVars"`
		} `yaml:"globalNodeProperties"`
	}
	Credentials struct {
		System struct {
			DomainCredentials []struct {
				Credentials []map[string]map[string]any
			} `yaml:"domainCredentials"`
		}
	}
	Unclassified struct {
		Sonar struct {
			Installations []map[string]any
		} `yaml:"sonarGlobalConfiguration"`
	}
	Jobs []struct{ Script string }
}

func configuration(t *testing.T) (c controller, credentials map[string]string) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, "jenkins.yaml")), &c); err != nil {
		t.Fatal(err)
	}
	credentials = map[string]string{}
	for _, domain := range c.Credentials.System.DomainCredentials {
		for _, credential := range domain.Credentials {
			for kind, fields := range credential {
				id, ok := fields["id"].(string)
				if !ok || credentials[id] != "" {
					t.Errorf("%s has the id %v", kind, fields["id"])
				}
				credentials[id] = kind
			}
		}
	}
	return c, credentials
}

func TestTheDoubleReadsJenkinsYAMLAsAParserDoes(t *testing.T) {
	t.Parallel()
	_, want := configuration(t)
	got := map[string]string{}
	for _, line := range script(t, os.Environ(), "--check").lines {
		if w := strings.Split(line, "\t"); w[0] == "credential" {
			got[w[1]] = w[2]
		}
	}
	if len(got) != len(want) {
		t.Errorf("the double knows %d credentials, want %d", len(got), len(want))
	}
	for id, kind := range want {
		if got[id] != kind {
			t.Errorf("the double takes %s for %q, want %s", id, got[id], kind)
		}
	}
}

func TestTheControllerIsClosedAndHasWhatThePipelineNeeds(t *testing.T) {
	t.Parallel()
	c, credentials := configuration(t)
	if open, ok := c.Jenkins.AuthorizationStrategy["loggedInUsersCanDoAnything"]["allowAnonymousRead"]; !ok || open {
		t.Error("who is not logged in can read")
	}
	if c.Jenkins.NumExecutors != 1 {
		t.Errorf("%d executors: two branches could deploy at once", c.Jenkins.NumExecutors)
	}
	for id, kind := range map[string]string{
		"ec2-ssh": "basicSSHUserPrivateKey", "git-ssh": "basicSSHUserPrivateKey", "github-app": "gitHubApp",
	} {
		if credentials[id] != kind {
			t.Errorf("the credential %s is %q, want %s", id, credentials[id], kind)
		}
	}
	if n := len(c.Unclassified.Sonar.Installations); n != 1 {
		t.Fatalf("%d SonarQube servers, want 1", n)
	}
	server := c.Unclassified.Sonar.Installations[0]
	for _, key := range []string{"credentialsId", "webhookSecretId"} {
		if id, _ := server[key].(string); credentials[id] != "string" {
			t.Errorf("SonarQube's %s is %v, which is no secret text", key, server[key])
		}
	}
	var keys []string
	for _, v := range c.Jenkins.GlobalNodeProperties[0].EnvVars.Env {
		keys = append(keys, v.Key)
	}
	for _, key := range []string{"AWS_REGION", "NOTIFY_EMAIL"} {
		if !slices.Contains(keys, key) {
			t.Errorf("builds have no %s", key)
		}
	}
	// What make takes from the environment would reach every stage, and the tests. Options stand in platform.json.
	makefile := read(t, "../Makefile")
	for _, key := range keys {
		if regexp.MustCompile(`(^|[^$])\$[({]` + key + `\b|(?m)^` + key + `\s*\?=`).MatchString(makefile) {
			t.Errorf("every make target would have %s of jenkins.yaml", key)
		}
	}
	for _, word := range []string{"multibranchPipelineJob", "scriptPath('Jenkinsfile')", "computedFolderWebHookTrigger",
		"credentialsId('github-app')", "credentialsId('git-ssh')",
		"pipelineJob('vaultsphere-patch')", "spec('H H(2-4) 1 * *')", "scriptPath('jenkins/Jenkinsfile.patch')"} {
		if len(c.Jobs) != 1 || !strings.Contains(c.Jobs[0].Script, word) {
			t.Errorf("the jobs have no %s", word)
		}
	}
}

func TestNoSecretStandsInTheConfiguration(t *testing.T) {
	t.Parallel()
	secret := regexp.MustCompile(`(?m)^\s*(password|secret|privateKey|secretBytes|passphrase): *(.*)$`)
	found := 0
	for _, match := range secret.FindAllStringSubmatch(read(t, "jenkins.yaml"), -1) {
		found++
		if !regexp.MustCompile(`^"\$\{[^:}]+(:/run/secrets/\w+)?\}"$`).MatchString(match[2]) {
			t.Errorf("%s is %s", match[1], match[2])
		}
	}
	if found < 6 {
		t.Errorf("%d secrets were looked at", found)
	}
}

type service struct {
	Image, Build, Restart string
	Environment           map[string]string
	Secrets, Ports        []string
	Healthcheck           struct{ Test []string }
	Logging               struct{ Options map[string]string }
}

// mayBeMissing has a default, or is one of the two ways to name the repository, of which jenkins.yaml wants one.
var mayBeMissing = []string{"SMTP_PORT", "GIT_URL", "GITHUB_REPOSITORY", "GITHUB_APP_ID"}

func TestComposeKeepsItsServicesRunning(t *testing.T) {
	t.Parallel()
	var project struct {
		Services map[string]service
		Secrets  map[string]struct{ File string }
	}
	if err := yaml.Unmarshal([]byte(read(t, "docker-compose.yml")), &project); err != nil {
		t.Fatal(err)
	}
	if len(project.Services) != 4 {
		t.Errorf("%d services, want 4", len(project.Services))
	}
	for name, s := range project.Services {
		if s.Restart != "unless-stopped" || len(s.Healthcheck.Test) == 0 || s.Logging.Options["max-size"] == "" {
			t.Errorf("%s has no restart policy, health check or cap on its log", name)
		}
		if s.Build == "" && !regexp.MustCompile(`:\d+\.\d+[\w.-]*$`).MatchString(s.Image) {
			t.Errorf("%s runs %s, which is no version", name, s.Image)
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s publishes %s to everybody", name, port)
			}
		}
		// Compose asks for what has no safe default.
		for variable, value := range s.Environment {
			if strings.HasPrefix(value, "${") && !strings.Contains(value, ":?") && !slices.Contains(mayBeMissing, variable) {
				t.Errorf("%s: %s is %s, and may be missing", name, variable, value)
			}
			if strings.Contains(variable, "PASSWORD") && !strings.HasPrefix(value, "${SONAR_DB_PASSWORD:?") {
				t.Errorf("%s: %s is %s", name, variable, value)
			}
		}
	}
	// What jenkins.yaml reads is what the container has: a secret of the same name, or a variable.
	jenkins := project.Services["jenkins"]
	for _, match := range regexp.MustCompile(`\$\{(?:\w+:)?(?:/run/secrets/)?(\w+)\}`).FindAllStringSubmatch(read(t, "jenkins.yaml"), -1) {
		if _, variable := jenkins.Environment[match[1]]; match[1] != "NAME" && !variable && !slices.Contains(jenkins.Secrets, match[1]) {
			t.Errorf("jenkins.yaml reads %s, which the container has not", match[1])
		}
	}
	for _, name := range jenkins.Secrets {
		if project.Secrets[name].File != "secrets/"+name {
			t.Errorf("the secret %s comes from %q", name, project.Secrets[name].File)
		}
	}
}

func TestTheControllerHasTheToolsOfTheImage(t *testing.T) {
	t.Parallel()
	dockerfile := read(t, "Dockerfile")
	for _, line := range regexp.MustCompile(`(?m)^ARG (GO|NODE)_IMAGE=.*$`).FindAllString(read(t, "../Dockerfile"), -1) {
		if !strings.Contains(dockerfile, line+"\n") {
			t.Errorf("the controller has not %q", line)
		}
	}
	// The plugin that is built in the image and by hand is built with the Go of everything else.
	toolchain := regexp.MustCompile(`(?m)^toolchain go\S+$`).FindString(read(t, "../go.mod"))
	if toolchain == "" || !strings.Contains(read(t, "session-manager-plugin/go.mod"), "\n"+toolchain+"\n") {
		t.Errorf("session-manager-plugin/go.mod has not %q", toolchain)
	}
	if !strings.Contains(dockerfile, "COPY --from=session-manager-plugin /out/session-manager-plugin /usr/local/bin/\n") {
		t.Error("the controller has no session-manager-plugin, through which make release reaches the host")
	}
	// A build does not wait for what was missing.
	for _, match := range regexp.MustCompile(`(?m)^\s*(?:need \S+ |missing\+=\()([a-z][\w .-]*)`).FindAllStringSubmatch(read(t, "../scripts/setup.sh"), -1) {
		for _, name := range strings.Fields(match[1]) {
			// Java is Jenkins's own.
			if !strings.HasPrefix(name, "openjdk") && !regexp.MustCompile(`[ \n]`+regexp.QuoteMeta(name)+`[ \n]`).MatchString(dockerfile) {
				t.Errorf("the controller has no %s", name)
			}
		}
	}
}
