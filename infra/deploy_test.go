//go:build integration

package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
)

const ec2Data = "PasswordManager-Data PasswordManager-Host PasswordManager-Pipeline"

// TestFromAnEmptyAccountAndBack follows docs/operations.md against an emulated AWS. It runs the documented commands in their order, from
// an empty account to a running vault, and between them other tasks of an engineer. It asks each service for its resources, because the
// emulator reports a stack as complete even if it does not support a resource.
func TestFromAnEmptyAccountAndBack(t *testing.T) {
	e := newEngineer(t)
	steps := []struct {
		name string
		run  func(*engineer)
	}{
		{"bad options are refused", refuseOptions},
		{"a host without SSH access is refused", refuseClosedHost},
		{"sign in", func(e *engineer) { e.follow("aws sts get-caller-identity") }},
		{"choose the options", func(e *engineer) { e.follow("ssh-keygen") }},
		{"an account without bootstrap is refused", refuseWithoutBootstrap},
		{"bootstrap", func(e *engineer) { e.follow("make bootstrap") }},
		{"a bootstrap without its boundary is refused", refuseWithoutBoundary},
		{"a parameter that another owner created is refused", refuseForeignParameter},
		{"an option from the command line is refused", refuseOptionOfTheCommandLine},
		{"a diff shows what a deploy would create", diffBefore},
		{"deploy", deployHost},
		{"every resource exists", checkHostResources},
		{"every role has its boundary", checkBoundaries},
		{"the address for the domain", findAddress},
		{"the first release", releaseToHost},
		{"the test follows every documented step", func(e *engineer) {
			if len(e.walk.blocks) > 0 {
				e.t.Errorf("docs/operations.md continues with %q", e.walk.blocks)
			}
		}},
		{"the server runs on the tables", serveAndStore},
		{"a second deploy changes nothing", deployAgain},
		{"a diff after a deploy shows no difference", diffAfter},
		{"the next version keeps the data", deployNextVersion},
		{"another image of the host is refused", refuseAnotherImage},
		{"a parameter changed by hand is refused", refuseChangedParameter},
		{"a newer image replaces the host", patch},
		{"the host moves to the other zone and back", move},
		{"a failed replacement keeps the image and the zone", failedReplacement},
		{"fargate without a release leaves the service out", deployWithoutImage},
		{"fargate without its image is refused", refuseMissingImage},
		{"the first release on fargate", releaseToService},
		{"every resource of the service exists", checkServiceResources},
		{"every role of both topologies has its boundary", checkBoundaries},
		{"the second release on fargate, and a rollback", releaseAndRollBack},
		{"a deploy after a rollback keeps the release", deployAfterRollback},
		{"the tasks restart", restartTasks},
		{"staging runs beside production", deployStaging},
		{"destroy keeps the data", destroyAll},
	}
	for _, step := range steps {
		if !t.Run(step.name, func(t *testing.T) { step.run(e.at(t)) }) {
			t.FailNow() // the next step needs this one
		}
	}
}

// refused checks that a deploy fails with exactly one error and changes nothing.
func (e *engineer) refused(want string, args ...string) {
	e.t.Helper()
	stacks, parameters := e.stacks(), e.parameters()
	out, code := e.try("make", append([]string{"deploy"}, args...)...)
	var messages []string
	for line := range strings.Lines(out) {
		if strings.Contains(line, ": error: ") {
			messages = append(messages, strings.TrimSpace(line))
		}
	}
	if code == 0 || len(messages) != 1 || !regexp.MustCompile(want).MatchString(messages[0]) {
		e.t.Errorf("exit %d, want one error that matches %q: %s", code, want, out)
	}
	if now := e.stacks(); now != stacks {
		e.t.Errorf("the stacks changed from %q to %q", stacks, now)
	}
	if now := e.parameters(); !maps.Equal(now, parameters) {
		e.t.Errorf("the parameters changed from %q to %q", parameters, now)
	}
}

func refuseOptions(e *engineer) {
	for _, c := range []struct {
		options map[string]any
		want    string
	}{
		{map[string]any{"topology": "lambda"}, `platform\.json: topology is "lambda", but must be one of ec2, fargate`},
		{map[string]any{"region": "mars-north-1"}, `platform\.json: region is "mars-north-1", which is not an AWS region`},
		{map[string]any{"sshCidr": "203.0.113.0"}, `platform\.json: sshCidr is "203.0.113.0", but must be an IPv4 range`},
		{map[string]any{"topology": "fargate"}, `certificateArn is required with topology fargate: .* set its ARN`},
		{map[string]any{"toplogy": "fargate"}, `platform\.json: toplogy is not an option: docs/operations\.md lists the options`},
	} {
		e.with(c.options, func() { e.refused(c.want) })
	}
	file := filepath.Join(e.dir, optionsFile)
	must(e.t, os.WriteFile(file, []byte(`{"topology": "ec2", "topology": "fargate"}`), 0o644))
	e.refused(`platform\.json: topology is set twice`)
	must(e.t, os.Remove(file))
	e.refused(`platform\.json is missing: `)
	e.options(nil)
}

func refuseClosedHost(e *engineer) {
	e.do("make", "bootstrap")
	e.refused(`platform\.json sets neither sshPublicKey nor sshCidr, so no release could reach the host`)
	emulator.Reset(e.t)
}

func refuseOptionOfTheCommandLine(e *engineer) {
	e.refused(`alarmEmail is "other@example.org" on the command line or in cdk\.json, but platform\.json has "night@example.org"`,
		"ARGS=-c alarmEmail=other@example.org")
}

func diffBefore(e *engineer) {
	if out := e.follow("make diff"); !strings.Contains(out, "[+] AWS::EC2::Instance Instance") || !strings.Contains(out, "dynamodb:ConditionCheckItem") {
		e.t.Errorf("a diff in an empty account: %s", out)
	}
	if got := e.stacks(); got != "" {
		e.t.Errorf("a diff created %q", got)
	}
}

func diffAfter(e *engineer) {
	if out := e.do("make", "diff"); !strings.Contains(out, "Number of stacks with differences: 0") {
		e.t.Errorf("a diff after a deploy: %s", out)
	}
}

func refuseWithoutBootstrap(e *engineer) {
	e.refused(`account 123456789012 is not bootstrapped .* in ` + region + `: .*make bootstrap`)
}

// refuseWithoutBoundary removes the boundary, as a plain cdk bootstrap does. The next make bootstrap restores it.
func refuseWithoutBoundary(e *engineer) {
	role := "cdk-pwmanager-cfn-exec-role-" + emulator.Account + "-" + region
	e.do("aws", "iam", "delete-role-permissions-boundary", "--role-name", role)
	e.refused(`role ` + role + `, which CloudFormation deploys with, lacks the boundary password-manager-deployment-` + region + `, .*: run 'AWS_REGION=` + region + ` make bootstrap'`)
	e.do("aws", "iam", "put-role-permissions-boundary", "--role-name", role, "--permissions-boundary", boundaryARN(names.DeploymentBoundary))
	e.do("make", "bootstrap")
	e.compare([]answer{
		{"iam get-role --role-name " + role, "Role.PermissionsBoundary.PermissionsBoundaryArn", boundaryARN(names.DeploymentBoundary)},
		{"cloudformation describe-stacks", "sort(Stacks[].StackName)", "VaultSphereBoundary VaultSphereToolkit"},
	})
}

func boundaryARN(name string) string {
	return "arn:aws:iam::" + emulator.Account + ":policy/" + name + region
}

func checkBoundaries(e *engineer) {
	roles := strings.Fields(e.aws("iam list-roles", "Roles[?starts_with(RoleName, 'PasswordManager-')].RoleName"))
	if len(roles) < 4 {
		e.t.Errorf("roles are %q", roles)
	}
	for _, role := range roles {
		e.compare([]answer{{"iam get-role --role-name " + role, "Role.PermissionsBoundary.PermissionsBoundaryArn", boundaryARN(names.RolesBoundary)}})
	}
}

func refuseForeignParameter(e *engineer) {
	e.do("aws", "ssm", "put-parameter", "--name", names.ParameterPath+names.EnvPort, "--value", "8080", "--type", "String")
	e.refused(`/password-manager/PORT .*8080.*5001`)
	e.do("aws", "ssm", "delete-parameter", "--name", names.ParameterPath+names.EnvPort)
}

func deployHost(e *engineer) {
	if out := e.follow("make deploy"); !strings.Contains(out, "make deploy: platform.json is not committed, so the pipeline would deploy without your changes to it\n") {
		e.t.Errorf("no reminder to commit the options: %s", out)
	}
	if got := e.stacks(); got != ec2Data {
		e.t.Errorf("stacks are %q", got)
	}
	var outputs map[string]map[string]string
	content, err := os.ReadFile(filepath.Join(e.dir, "cdk-outputs.json"))
	must(e.t, err)
	must(e.t, json.Unmarshal(content, &outputs))
	for stack, want := range map[string][]string{
		"PasswordManager-Data":     {"Region", "RepositoryUri"},
		"PasswordManager-Host":     {"HostAddress", "HostRole", "InstanceId", "SiteUrl"},
		"PasswordManager-Pipeline": {"JenkinsInstanceProfile", "JenkinsRole"},
	} {
		for _, name := range want {
			if outputs[stack][name] == "" {
				e.t.Errorf("cdk-outputs.json lacks %s of %s: %s", name, stack, content)
			}
		}
	}
	if image, newest := e.hosts("ImageId"), e.aws("ssm get-parameter --name "+newestImage, "Parameter.Value"); image != newest || e.parameters()[chosenImage] != newest {
		e.t.Errorf("the host's image is %s, the recorded one %s, the newest %s", image, e.parameters()[chosenImage], newest)
	}
}

const storedPassword = "correct horse battery staple"

func serveAndStore(e *engineer) {
	must(e.t, os.WriteFile(filepath.Join(e.dir, "password"), []byte("a master password of some length 7\n"), 0o600))
	e.vault(func(url string) {
		e.client(url, "", "register", "anna", "--password-file", "password", "--phrase-file", "phrase")
		e.client(url, storedPassword+"\n", "add", "--title", "Example", "--username", "anna@example.org", "--password-file", "password")
	})
	e.findStored()
}

// findStored starts another server and reads the item that serveAndStore added.
func (e *engineer) findStored() {
	e.t.Helper()
	e.vault(func(url string) {
		must(e.t, os.RemoveAll(filepath.Join(e.dir, "state")))
		e.client(url, "", "login", "anna", "--password-file", "password")
		if got := e.client(url, "", "get", "Example", "--password-file", "password"); got != storedPassword+"\n" {
			e.t.Errorf("the stored password is now %q", got)
		}
	})
}

func deployAgain(e *engineer) {
	events, parameters, host := e.events(), e.parameters(), e.aws("ec2 describe-instances", "Reservations[].Instances[].InstanceId")
	out := e.do("make", "deploy")
	if strings.Contains(out, "not committed") {
		e.t.Errorf("a reminder to commit options that are committed: %s", out)
	}
	if got := strings.Count(out, "(no changes)"); got != 3 {
		e.t.Errorf("%d stacks without changes, want 3: %s", got, out)
	}
	if now := e.events(); now != events {
		e.t.Errorf("the stacks had %s events and have %s", events, now)
	}
	if now := e.parameters(); !maps.Equal(now, parameters) {
		e.t.Errorf("the parameters changed: %d before, %d after", len(parameters), len(now))
	}
	if now := e.aws("ec2 describe-instances", "Reservations[].Instances[].InstanceId"); now != host {
		e.t.Errorf("the host changed from %s to %s", host, now)
	}
}

// deployNextVersion deploys a version of the app with a new setting, and another option.
func deployNextVersion(e *engineer) {
	e.with(map[string]any{"siteAddress": "vault2.example.org"}, nil)
	e.do("make", "synth")
	file := filepath.Join(e.dir, "cdk.out", "PasswordManager-Data.template.json")
	content, err := os.ReadFile(file)
	must(e.t, err)
	const added = `"Resources": {
  "SettingNew": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Name": "/password-manager/LOG_LEVEL", "Value": "warn"}},`
	must(e.t, os.WriteFile(file, []byte(strings.Replace(string(content), `"Resources": {`, added, 1)), 0o644))
	// The assembly names templates by their checksums, and the CDK does not publish the same name twice.
	assets, err := filepath.Glob(filepath.Join(e.dir, "cdk.out", "*.assets.json"))
	must(e.t, err)
	for _, path := range append(assets, filepath.Join(e.dir, "cdk.out", "manifest.json")) {
		content, err := os.ReadFile(path)
		must(e.t, err)
		must(e.t, os.WriteFile(path, regexp.MustCompile(`[0-9a-f]{64}`).ReplaceAllFunc(content, func(sum []byte) []byte {
			return append([]byte("00000000"), sum[8:]...)
		}), 0o644))
	}
	e.do("bin/infra", "preflight", "cdk.out")
	e.do("infra/node_modules/.bin/cdk", "deploy", "--app", "cdk.out", "--all", "--require-approval", "never")
	parameters := e.parameters()
	if parameters["LOG_LEVEL"] != "warn" || parameters[names.SiteAddress] != "vault2.example.org" {
		e.t.Errorf("the next version did not arrive: %q", parameters)
	}
	e.findStored()
}

func refuseAnotherImage(e *engineer) {
	e.with(map[string]any{"hostImage": testImage}, func() { e.refused(`(?i)replace.*ImageId.*ami-[0-9a-f]+.*` + testImage) })
}

func refuseChangedParameter(e *engineer) {
	e.do("aws", "ssm", "put-parameter", "--overwrite", "--name", names.ParameterPath+names.EnvPort, "--value", "5002", "--type", "String")
	e.refused(`/password-manager/PORT .*5002.*5001`)
	e.do("aws", "ssm", "put-parameter", "--overwrite", "--name", names.ParameterPath+names.EnvPort, "--value", "5001", "--type", "String")
}

// onFargate switches to the other topology.
func (e *engineer) onFargate() {
	e.t.Helper()
	e.with(map[string]any{"topology": "fargate", "siteAddress": site,
		"certificateArn": e.aws("acm request-certificate --domain-name "+site, "CertificateArn")}, nil)
}

// deployWithoutImage deploys fargate for the first time, which only creates what a push of an image needs.
func deployWithoutImage(e *engineer) {
	e.onFargate()
	if out := e.do("make", "deploy"); !strings.Contains(out, "preflight: leaving out stack PasswordManager-Service, because there is no image yet") {
		e.t.Errorf("a deploy without an image: %s", out)
	}
	if got := e.stacks(); got != ec2Data {
		e.t.Errorf("stacks are %q, want no service", got)
	}
}

// image writes the image.json of a push, and returns the digest.
func (e *engineer) image(digest string) string {
	e.t.Helper()
	image := e.aws("ecr describe-repositories", "repositories[0].repositoryUri") + "@" + digest
	must(e.t, os.WriteFile(filepath.Join(e.dir, "image.json"), fmt.Appendf(nil, "{\"image\": %q, \"tag\": \"a\"}\n", image), 0o644))
	return digest
}

func refuseMissingImage(e *engineer) {
	e.image(testDigest)
	out, code := e.try("make", "release")
	want := "\ndeploy.sh: error: the service has not taken the release: preflight: error: the image .*@" + testDigest + ", .* is not in ECR: push the image first\n"
	if code == 0 || !regexp.MustCompile(want).MatchString(out) {
		e.t.Errorf("exit %d, want %q: %s", code, want, out)
	}
	if out, code := e.try("scripts/deploy.sh", "--back"); code != 1 || !strings.Contains(out, "there is no stack PasswordManager-Service, and so no service") {
		e.t.Errorf("a rollback without a service: exit %d: %s", code, out)
	}
	if got := e.stacks(); got != ec2Data {
		e.t.Errorf("stacks are %q, want no service", got)
	}
}

// released returns the digest that the service runs.
func (e *engineer) released() string {
	e.t.Helper()
	return strings.TrimSpace(e.read("scripts/deploy.sh", "--status"))
}

// releases runs a release or a rollback, and checks the digest that runs afterwards. The test serves the vault at its address.
func (e *engineer) releases(want string, command ...string) {
	e.t.Helper()
	dir := e.t.TempDir()
	engineer := *e
	engineer.env = append(slices.Clone(e.env), "CURL_HOME="+dir)
	e.vault(func(address string) {
		inFront(e.t, dir, address, func() bool { return true })
		if out := engineer.do(command[0], command[1:]...); !strings.Contains(out, " serves at https://"+site+" after ") {
			e.t.Errorf("%q: %s", command, out)
		}
	})
	if got := e.released(); got != want {
		e.t.Errorf("the service runs %s, want %s", got, want)
	}
	if got := e.parameters()[names.Release]; got != want {
		e.t.Errorf("%s is %s, want %s", names.Release, got, want)
	}
}

func releaseToService(e *engineer) {
	e.releases(e.image(e.putImage("0123456789ab")), "make", "release")
	if got := e.stacks(); got != ec2Data+" PasswordManager-Service" {
		e.t.Errorf("stacks are %q, want both topologies", got)
	}
	if out, code := e.try("scripts/deploy.sh", "--back"); code != 1 || !strings.Contains(out, "there is no release before sha256:") {
		e.t.Errorf("a rollback of the first release: exit %d: %s", code, out)
	}
	e.findStored()
}

func releaseAndRollBack(e *engineer) {
	first, second := e.released(), e.putImage("ba9876543210")
	e.releases(e.image(second), "make", "release")
	e.releases(first, "scripts/deploy.sh", "--back")
	e.releases(second, "scripts/deploy.sh", "--back")
	e.releases(first, "scripts/deploy.sh", "--back")
	// The stack already has the second release, so CloudFormation finds no changes.
	e.releases(second, "make", "release")
	e.releases(first, "scripts/deploy.sh", "--back")
}

// deployAfterRollback changes options, which must not deploy the bad release again.
func deployAfterRollback(e *engineer) {
	first := e.released()
	e.with(map[string]any{"minTasks": 3, "rateLimit": 2000, "monthlyBudget": 100}, func() { e.do("make", "deploy") })
	if got := e.released(); got != first {
		e.t.Errorf("the service runs %s, want %s", got, first)
	}
	if got := e.aws("cloudformation describe-stacks --stack-name PasswordManager-Service", "Stacks[0].Parameters[?ParameterKey=='Release'].ParameterValue"); got != first {
		e.t.Errorf("the stack has the release %s, want %s", got, first)
	}
}

// putImage adds an image to the repository, like a push of a commit, and returns its digest.
func (e *engineer) putImage(tag string) string {
	e.t.Helper()
	manifest := filepath.Join(e.t.TempDir(), "manifest.json")
	must(e.t, os.WriteFile(manifest, []byte(`{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
		"config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 2, "digest": "`+testDigest+`"},
		"layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": 2, "digest": "`+fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(tag)))+`"}]}`), 0o644))
	e.do("aws", "ecr", "put-image", "--repository-name", names.Repository, "--image-tag", tag, "--image-manifest", "file://"+manifest)
	return e.aws("ecr describe-images --repository-name "+names.Repository+" --image-ids imageTag="+tag, "imageDetails[0].imageDigest")
}

func destroyAll(e *engineer) {
	parameters := e.parameters()
	e.do("make", "destroy", "FORCE=yes")
	e.do("make", "destroy", "FORCE=yes", "ARGS=-c topology=ec2")
	if got := e.stacks(); got != "PasswordManager-Data PasswordManager-Staging-Data" {
		e.t.Errorf("stacks are %q", got)
	}
	e.compare([]answer{
		{"ec2 describe-instances", "Reservations[].Instances[].State.Name", "terminated( terminated)*"},
		{"iam list-roles", "length(Roles[?starts_with(RoleName, 'PasswordManager-')])", "0"},
		{"ecr describe-images --repository-name password-manager", "sort(imageDetails[].imageTags[])", "0123456789ab ba9876543210"},
		{"logs describe-log-groups --log-group-name-prefix " + names.LogGroup, "logGroups[].logGroupName", names.LogGroup},
	})
	for name, value := range e.parameters() {
		if name != names.SiteAddress && parameters[name] != value {
			e.t.Errorf("%s changed", name)
		}
	}
	e.findStored()
}
