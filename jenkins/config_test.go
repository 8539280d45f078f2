//go:build integration

package jenkins_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// controller is the content of jenkins.yaml, read by a YAML parser.
type controller struct {
	Jenkins struct {
		NumExecutors          *int `yaml:"numExecutors"`
		Nodes                 []node
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

type node struct {
	Permanent struct {
		Name         string
		LabelString  string `yaml:"labelString"`
		Mode         string
		NumExecutors int    `yaml:"numExecutors"`
		RemoteFS     string `yaml:"remoteFS"`
		Launcher     struct {
			SSH struct {
				Host         string
				Port         int
				Credential   string `yaml:"credentialsId"`
				Verification struct {
					Manually struct{ Key string } `yaml:"manuallyProvidedKeyVerificationStrategy"`
				} `yaml:"sshHostKeyVerificationStrategy"`
			}
		}
		Properties []struct {
			JobRestriction struct {
				Restriction struct {
					Name struct {
						Pattern string `yaml:"regexExpression"`
					} `yaml:"regexNameRestriction"`
				} `yaml:"jobRestriction"`
			} `yaml:"jobRestrictionProperty"`
		} `yaml:"nodeProperties"`
	}
}

// jobs returns the pattern of the jobs whose builds the agent accepts.
func (n node) jobs() string {
	if len(n.Permanent.Properties) != 1 {
		return ""
	}
	return n.Permanent.Properties[0].JobRestriction.Restriction.Name.Pattern
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

// reported returns the double's lines about jenkins.yaml that begin with a word, without that word.
func reported(t *testing.T, word string) (lines []string) {
	t.Helper()
	for _, line := range script(t, os.Environ(), "--check").lines {
		if rest, ok := strings.CutPrefix(line, word+"\t"); ok {
			lines = append(lines, rest)
		}
	}
	return lines
}

func TestDoubleReadsJenkinsYAMLLikeAParser(t *testing.T) {
	t.Parallel()
	c, credentials := configuration(t)
	var want, got []string
	for id, kind := range credentials {
		want = append(want, "SYSTEM\t"+id+"\t"+kind+"\tSYSTEM")
	}
	for _, line := range reported(t, "credential") {
		if strings.HasPrefix(line, "SYSTEM\t") {
			got = append(got, line)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the double finds the system credentials %q, want %q", got, want)
	}
	want = nil
	for _, node := range c.Jenkins.Nodes {
		want = append(want, node.Permanent.Name+"\t"+node.Permanent.LabelString+"\t"+node.jobs())
	}
	if got := reported(t, "agent"); len(want) != 3 || !slices.Equal(got, want) {
		t.Errorf("the double finds the agents %q, want %q", got, want)
	}
}

// A branch's Jenkinsfile can use all credentials of its folder, so the host's key is not there, and no credential is global.
func TestFoldersHaveSeparateCredentials(t *testing.T) {
	t.Parallel()
	const inBoth = "sonar-token\tstring sonar-webhook\tstring git-ssh\tbasicSSHUserPrivateKey github-app\tgitHubApp"
	folders := map[string]string{}
	for _, line := range reported(t, "credential") {
		w := strings.Split(line, "\t")
		folders[w[0]] = strings.TrimSpace(folders[w[0]] + " " + w[1] + "\t" + w[2])
		if w[0] == "SYSTEM" && w[3] != "SYSTEM" {
			t.Errorf("every job can use %s", w[1])
		}
	}
	if folders["branches"] != inBoth || folders["release"] != "ec2-ssh\tbasicSSHUserPrivateKey "+inBoth || len(folders) != 3 {
		t.Errorf("the folders have %q", folders)
	}
	if got, want := strings.Join(reported(t, "job"), ", "), "branches/vaultsphere\tJenkinsfile, release/vaultsphere\tJenkinsfile, release/patch\tjenkins/Jenkinsfile.patch"; got != want {
		t.Errorf("the jobs are %q, want %q", got, want)
	}
}

func TestControllerNeedsLoginAndBuildsNothing(t *testing.T) {
	t.Parallel()
	c, _ := configuration(t)
	if open, ok := c.Jenkins.AuthorizationStrategy["loggedInUsersCanDoAnything"]["allowAnonymousRead"]; !ok || open {
		t.Error("anonymous users can read")
	}
	if c.Jenkins.NumExecutors == nil || *c.Jenkins.NumExecutors != 0 {
		t.Error("the controller builds")
	}
	for _, node := range c.Jenkins.Nodes {
		n := node.Permanent
		if n.NumExecutors != 1 || n.Mode != "EXCLUSIVE" {
			t.Errorf("%s has %d executors and the mode %s, but two builds must not deploy at the same time", n.Name, n.NumExecutors, n.Mode)
		}
		if key := n.Launcher.SSH.Verification.Manually.Key; key != "${HOST_KEY_"+strings.ToUpper(n.Name)+".pub}" {
			t.Errorf("%s is verified by the host key %q", n.Name, key)
		}
		// An invalid pattern would admit every job.
		if _, err := regexp.Compile(node.jobs()); err != nil || node.jobs() == "" {
			t.Errorf("%s accepts builds of %q: %v", n.Name, node.jobs(), err)
		}
	}
	if n := len(c.Unclassified.Sonar.Installations); n != 1 {
		t.Fatalf("%d SonarQube servers, want 1", n)
	}
	if server := c.Unclassified.Sonar.Installations[0]; server["credentialsId"] != "sonar-token" || server["webhookSecretId"] != "sonar-webhook" {
		t.Errorf("SonarQube has the credentials %v", server)
	}
	var keys []string
	for _, v := range c.Jenkins.GlobalNodeProperties[0].EnvVars.Env {
		keys = append(keys, v.Key)
	}
	for _, key := range []string{"AWS_REGION", "NOTIFY_EMAIL"} {
		if !slices.Contains(keys, key) {
			t.Errorf("builds lack %s", key)
		}
	}
	// make would use these variables in every stage and in the tests. Options belong in platform.json.
	makefile := read(t, "../Makefile")
	for _, key := range keys {
		if regexp.MustCompile(`(^|[^$])\$[({]` + key + `\b|(?m)^` + key + `\s*\?=`).MatchString(makefile) {
			t.Errorf("every make target would use %s from jenkins.yaml", key)
		}
	}
	for _, word := range []string{"computedFolderWebHookTrigger", "spec('H H(2-4) 1 * *')"} {
		if len(c.Jobs) != 1 || !strings.Contains(c.Jobs[0].Script, word) {
			t.Errorf("the jobs lack %s", word)
		}
	}
}

func TestConfigurationHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	secret := regexp.MustCompile(`(?m)\b(password|secret|privateKey|secretBytes|passphrase|sonar|key)(?:: *|\()([^\s,\])]+)`)
	found := 0
	for _, match := range secret.FindAllStringSubmatch(read(t, "jenkins.yaml"), -1) {
		found++
		if !regexp.MustCompile(`^(''|"AWS_REGION"|"NOTIFY_EMAIL"|of\.(sonar|key)|("|'{3})\$\{[^:}]+(:/run/secrets/\w+)?\}("|'{3}))$`).MatchString(match[2]) {
			t.Errorf("%s is %s", match[1], match[2])
		}
	}
	if found < 14 {
		t.Errorf("found only %d secrets", found)
	}
}

type service struct {
	Image, Restart, User string
	Build                struct{ Context, Target string }
	Environment          map[string]string
	Secrets, Ports       []string
	Volumes              []string
	Networks             networks
	NetworkMode          string   `yaml:"network_mode"`
	CapDrop              []string `yaml:"cap_drop"`
	CapAdd               []string `yaml:"cap_add"`
	SecurityOpt          []string `yaml:"security_opt"`
	Privileged           bool
	Healthcheck          struct{ Test []string }
	Logging              struct{ Options map[string]string }
}

// networks is a list, or a map of names to settings.
type networks []string

func (n *networks) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.SequenceNode {
		return node.Decode((*[]string)(n))
	}
	var named map[string]any
	err := node.Decode(&named)
	*n = slices.Sorted(maps.Keys(named))
	return err
}

type project struct {
	Services map[string]service
	Secrets  map[string]struct{ File string }
	Networks map[string]struct {
		DriverOpts map[string]string `yaml:"driver_opts"`
		EnableIPv6 bool              `yaml:"enable_ipv6"`
	}
	Volumes map[string]any
}

func compose(t *testing.T) (p project) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, "docker-compose.yml")), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// optional settings have a default, or are one of the two ways to name the repository, or exist only after the first deploy.
var optional = []string{"SMTP_PORT", "GIT_URL", "GITHUB_REPOSITORY", "GITHUB_APP_ID", "BRANCH_ROLE"}

func TestComposeKeepsItsServicesRunning(t *testing.T) {
	t.Parallel()
	project := compose(t)
	if len(project.Services) != 10 {
		t.Errorf("%d services, want 10", len(project.Services))
	}
	for name, s := range project.Services {
		if s.Restart != "unless-stopped" || len(s.Healthcheck.Test) == 0 || s.Logging.Options["max-size"] == "" {
			t.Errorf("%s lacks a restart policy, a health check or a limit on its log", name)
		}
		if s.Build.Context == "" && !regexp.MustCompile(`:v?\d+\.\d+[\w.-]*$`).MatchString(s.Image) {
			t.Errorf("%s runs %s, which does not name a version", name, s.Image)
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s publishes %s on all addresses", name, port)
			}
		}
		// Compose must require settings without a safe default.
		for variable, value := range s.Environment {
			if strings.HasPrefix(value, "${") && !strings.Contains(value, ":?") && !slices.Contains(optional, variable) {
				t.Errorf("%s: %s is %s, which may be empty", name, variable, value)
			}
			if strings.Contains(variable, "PASSWORD") && !strings.HasPrefix(value, "${SONAR_DB_PASSWORD:?") {
				t.Errorf("%s: %s is %s", name, variable, value)
			}
		}
	}
	// The container must have all that jenkins.yaml reads, as a secret or a variable.
	jenkins := project.Services["jenkins"]
	for _, match := range regexp.MustCompile(`\$\{(?:\w+:)?(?:/run/secrets/)?([\w.]+)\}`).FindAllStringSubmatch(read(t, "jenkins.yaml"), -1) {
		if _, variable := jenkins.Environment[match[1]]; match[1] != "NAME" && !variable && !slices.Contains(jenkins.Secrets, match[1]) {
			t.Errorf("jenkins.yaml reads %s, which the container lacks", match[1])
		}
	}
	for name, secret := range project.Secrets {
		if secret.File != "secrets/"+name {
			t.Errorf("the secret %s comes from %q", name, secret.File)
		}
	}
}

func TestAgentsHaveAllTools(t *testing.T) {
	t.Parallel()
	dockerfile := read(t, "Dockerfile")
	for _, line := range regexp.MustCompile(`(?m)^ARG (GO|NODE)_IMAGE=.*$`).FindAllString(read(t, "../Dockerfile"), -1) {
		if !strings.Contains(dockerfile, line+"\n") {
			t.Errorf("jenkins/Dockerfile lacks %q", line)
		}
	}
	// The plugin must be built with the same Go as everything else.
	toolchain := regexp.MustCompile(`(?m)^toolchain go\S+$`).FindString(read(t, "../go.mod"))
	if toolchain == "" || !strings.Contains(read(t, "session-manager-plugin/go.mod"), "\n"+toolchain+"\n") {
		t.Errorf("session-manager-plugin/go.mod lacks %q", toolchain)
	}
	if !strings.Contains(dockerfile, "COPY --from=session-manager-plugin /out/session-manager-plugin /usr/local/bin/\n") {
		t.Error("the agents lack session-manager-plugin, which make release needs to reach the host")
	}
	// Otherwise each build would install them.
	for _, match := range regexp.MustCompile(`(?m)^\s*(?:need \S+ |missing\+=\()([a-z][\w .-]*)`).FindAllStringSubmatch(read(t, "../scripts/setup.sh"), -1) {
		for _, name := range strings.Fields(match[1]) {
			// Java comes with Jenkins's image.
			if !strings.HasPrefix(name, "openjdk") && !regexp.MustCompile(`[ \n]`+regexp.QuoteMeta(name)+`[ \n]`).MatchString(dockerfile) {
				t.Errorf("the agents lack %s", name)
			}
		}
	}
}
