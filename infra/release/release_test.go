//go:build integration

package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
)

const stack = "PasswordManager-Service"

const registry = "123456789012.dkr.ecr.us-east-1.amazonaws.com/password-manager"

// Digests of releases, in their order.
var first, second, third = digest("1"), digest("2"), digest("3")

func digest(digit string) string { return "sha256:" + strings.Repeat(digit, 64) }

// world is an AWS account with a service, behind a proxy that can change its responses to the code under test.
type world struct {
	t       *testing.T
	cfg     aws.Config // of the code under test
	account aws.Config // of the test
	answers map[string]func(body string) string
	calls   map[string]int
}

func newWorld(t *testing.T) *world {
	emulator.Reset(t)
	w := &world{t: t, account: emulator.Config(t), answers: map[string]func(string) string{}, calls: map[string]int{}}
	w.cfg = emulator.Proxy(t, w.answer)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) answer(r *http.Request, _ string, status int, content string) (int, string) {
	_, call, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	w.calls[call]++
	if change, ok := w.answers[call]; ok {
		content = change(content)
	}
	return status, content
}

// template returns the part of the service's stack that these tests need.
func template(image any) string {
	content, err := json.Marshal(map[string]any{
		"Parameters": map[string]any{Parameter: map[string]any{"Type": "String"}},
		"Resources": map[string]any{
			"Cluster": map[string]any{"Type": "AWS::ECS::Cluster"},
			"Task": map[string]any{"Type": "AWS::ECS::TaskDefinition", "UpdateReplacePolicy": "Retain", "Properties": map[string]any{
				"Family": "vault", "ContainerDefinitions": []any{map[string]any{"Name": "server", "Image": image, "Memory": 512}},
			}},
			"Service": map[string]any{"Type": "AWS::ECS::Service", "Properties": map[string]any{
				"Cluster": map[string]any{"Ref": "Cluster"}, "TaskDefinition": map[string]any{"Ref": "Task"},
			}},
		},
	})
	if err != nil {
		panic(err)
	}
	return string(content)
}

var byDigest = template(map[string]any{"Fn::Join": []any{"", []any{registry + "@", map[string]any{"Ref": Parameter}}}})

func release(digest string) []cftypes.Parameter {
	return []cftypes.Parameter{{ParameterKey: aws.String(Parameter), ParameterValue: &digest}}
}

// create creates the stack.
func (w *world) create(template, digest string) *Service {
	w.t.Helper()
	_, err := cloudformation.NewFromConfig(w.account).CreateStack(w.t.Context(), &cloudformation.CreateStackInput{
		StackName: aws.String(stack), TemplateBody: &template, Parameters: release(digest),
	})
	w.must(err)
	s, err := find(w.t.Context(), w.cfg, "", true)
	w.must(err)
	s.pollInterval = time.Millisecond
	return s
}

// deploy updates the stack with another release and finishes the release.
func (w *world) deploy(s *Service, digest string) {
	w.t.Helper()
	_, err := cloudformation.NewFromConfig(w.account).UpdateStack(w.t.Context(), &cloudformation.UpdateStackInput{
		StackName: aws.String(stack), TemplateBody: &byDigest, Parameters: release(digest),
	})
	w.must(err)
	w.must(s.Run(w.t.Context(), digest))
}

// expect checks the digest and the task definition that the service runs.
func (w *world) expect(s *Service, digest, definition string) {
	w.t.Helper()
	live, got, err := s.serving(w.t.Context())
	w.must(err)
	if name := lastPart(aws.ToString(live.TaskDefinition)); got != digest || name != definition {
		w.t.Errorf("the service runs %s by %s, want %s by %s", got, name, digest, definition)
	}
}

func (w *world) recorded() string {
	w.t.Helper()
	digest, err := Recorded(w.t.Context(), ssm.NewFromConfig(w.account), "")
	w.must(err)
	return digest
}

// refused checks the message of an error.
func (w *world) refused(err error, want string) {
	w.t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		w.t.Errorf("the error is %v, want %q", err, want)
	}
}

func TestReleasesAndRollbacks(t *testing.T) {
	w := newWorld(t)
	s := w.create(byDigest, first)
	w.must(s.Run(t.Context(), first))
	if w.calls["UpdateService"] > 0 || w.recorded() != first {
		t.Errorf("%d updates of a service that already runs the release; recorded is %s", w.calls["UpdateService"], w.recorded())
	}
	_, err := s.Back(t.Context())
	w.refused(err, "there is no release before "+first)
	w.expect(s, first, "vault:1")

	w.deploy(s, second)
	w.expect(s, second, "vault:2")
	back := func(digest, definition string) {
		t.Helper()
		got, err := s.Back(t.Context())
		w.must(err)
		if got != digest || w.recorded() != digest {
			t.Errorf("the rollback returned %s and recorded %s, want %s", got, w.recorded(), digest)
		}
		w.expect(s, digest, definition)
	}
	back(first, "vault:1")
	back(second, "vault:2") // forward again
	back(first, "vault:1")

	// The stack still has the second release, so a deploy would change nothing. Run must switch the service itself.
	w.must(s.Run(t.Context(), second))
	w.expect(s, second, "vault:2")
	back(first, "vault:1")

	// A good release, a bad one, a rollback, then a third: a rollback of that returns to the good one.
	w.deploy(s, third)
	w.expect(s, third, "vault:3")
	back(first, "vault:1")

	w.refused(s.Run(t.Context(), digest("9")), "no task definition of the service has "+digest("9")+": run make release")
	w.expect(s, first, "vault:1")
}

// A deploy after a rollback registers another task definition of the same release, with the current settings.
func TestNewestTaskDefinitionIsUsed(t *testing.T) {
	w := newWorld(t)
	s := w.create(byDigest, first)
	w.must(s.Run(t.Context(), first))
	w.deploy(s, second)
	w.deploy(s, first)
	w.expect(s, first, "vault:3")
	w.deploy(s, third)
	_, err := s.Back(t.Context())
	w.must(err)
	w.expect(s, first, "vault:3")
}

// Releases that a host served before the platform moved have no task definition.
func TestRollbackSkipsReleasesOfAHost(t *testing.T) {
	w := newWorld(t)
	s := w.create(byDigest, first)
	w.must(s.record(t.Context(), first))
	w.must(s.record(t.Context(), digest("8")))
	w.deploy(s, second)
	got, err := s.Back(t.Context())
	w.must(err)
	if got != first {
		t.Errorf("the rollback returned %s, want %s", got, first)
	}
}

func TestDigestOfATaskDefinition(t *testing.T) {
	w := newWorld(t)
	registryOf := ecr.NewFromConfig(w.account)
	_, err := registryOf.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String("password-manager")})
	w.must(err)
	put, err := registryOf.PutImage(t.Context(), &ecr.PutImageInput{
		RepositoryName: aws.String("password-manager"), ImageTag: aws.String("0123456789ab"),
		ImageManifest: aws.String(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}`),
	})
	w.must(err)
	s := w.create(template("unset"), first)
	client := ecs.NewFromConfig(w.account)
	for image, want := range map[string]string{
		registry + ":0123456789ab":          aws.ToString(put.Image.ImageId.ImageDigest),
		registry + "@" + first:              first,
		registry + ":gone@" + second:        second,
		registry + ":gone":                  "look up the digest of " + registry + ":gone",
		registry:                            `has the image "` + registry + `", which is not REGISTRY/NAME@DIGEST`,
		"amazon/amazon-ecs-sample@sha256:1": `which is not REGISTRY/NAME@DIGEST`,
	} {
		answer, err := client.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
			Family: aws.String("other"), ContainerDefinitions: []ecstypes.ContainerDefinition{{Name: aws.String("server"), Image: &image, Memory: aws.Int32(512)}},
		})
		w.must(err)
		got, err := s.digestOf(t.Context(), aws.ToString(answer.TaskDefinition.TaskDefinitionArn))
		if err != nil {
			got = err.Error()
		}
		if got != want && (err == nil || !strings.Contains(got, want)) {
			t.Errorf("%s: %s, want %s", image, got, want)
		}
	}
}

// stopTask starts and stops a task of a deployment, with a reason.
func (w *world) stopTask(s *Service, definition, deployment, reason string) string {
	w.t.Helper()
	client := ecs.NewFromConfig(w.account)
	ran, err := client.RunTask(w.t.Context(), &ecs.RunTaskInput{
		Cluster: &s.cluster, TaskDefinition: &definition, LaunchType: ecstypes.LaunchTypeFargate, StartedBy: &deployment,
	})
	w.must(err)
	_, err = client.StopTask(w.t.Context(), &ecs.StopTaskInput{Cluster: &s.cluster, Task: ran.Tasks[0].TaskArn, Reason: &reason})
	w.must(err)
	return lastPart(aws.ToString(ran.Tasks[0].TaskArn))
}

// In the emulator a new release serves immediately, so the proxy changes the state of its deployment.
func TestFailedReleaseIsExplained(t *testing.T) {
	const health = "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/Vault/1)"
	inState := func(state string) func(string) string {
		return func(body string) string { return strings.ReplaceAll(body, `"COMPLETED"`, `"`+state+`"`) }
	}
	for _, c := range []struct {
		name    string
		reasons []string
		answer  func(deployment string) func(body string) string
		want    string
	}{
		{"tasks that stop", []string{health, health, "Scaling activity initiated by (deployment ecs-svc/1)"},
			func(string) func(string) string { return inState("FAILED") },
			second + " does not serve, and the previous tasks keep serving: task TASK, TASK stopped: " + health},
		{"no stopped tasks", nil, func(string) func(string) string { return inState("FAILED") },
			second + " does not serve, and the previous tasks keep serving: ECS deployment"},
		{"another deployment", nil,
			func(deployment string) func(string) string {
				return func(body string) string { return strings.ReplaceAll(body, deployment, "ecs-svc/other") }
			},
			"another deployment changed the service to vault:1 before " + second + " served"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			s := w.create(byDigest, second)
			w.must(s.Run(t.Context(), second))
			w.deploy(s, first)
			live, err := s.describe(t.Context())
			w.must(err)
			deployment := aws.ToString(primary(live).Id)
			var tasks []string
			for _, reason := range c.reasons {
				tasks = append(tasks, w.stopTask(s, "vault:1", deployment, reason))
			}
			w.answers["UpdateService"] = func(body string) string {
				w.answers["DescribeServices"] = c.answer(deployment)
				return inState("IN_PROGRESS")(body)
			}
			err = s.Run(t.Context(), second)
			if err == nil {
				t.Fatal("the release serves")
			}
			got := err.Error()
			for _, task := range tasks {
				got = strings.ReplaceAll(got, task, "TASK")
			}
			if !strings.Contains(got, c.want) || strings.Contains(got, "\n") {
				t.Errorf("the error is %q, want %q", got, c.want)
			}
			if got := w.recorded(); got != first {
				t.Errorf("recorded is %s", got)
			}
		})
	}
}

func TestRunningDeploymentIsNotInterrupted(t *testing.T) {
	w := newWorld(t)
	s := w.create(byDigest, first)
	w.must(s.Run(t.Context(), first))
	w.deploy(s, second)
	w.answers["DescribeServices"] = func(body string) string { return strings.ReplaceAll(body, `"COMPLETED"`, `"IN_PROGRESS"`) }
	_, err := s.Back(t.Context())
	w.refused(err, "is changing to vault:")
	w.refused(err, ": wait until that has finished")
	delete(w.answers, "DescribeServices")
	w.expect(s, second, "vault:2")

	w.answers[""] = func(body string) string { return strings.ReplaceAll(body, "UPDATE_COMPLETE", "UPDATE_IN_PROGRESS") }
	_, err = find(t.Context(), w.cfg, "", true)
	w.refused(err, "stack PasswordManager-Service is in state UPDATE_IN_PROGRESS, so another deploy is running: wait until it has finished")
	_, err = find(t.Context(), w.cfg, "", false)
	w.must(err)
}

func TestFailureExplainsStoppedTasks(t *testing.T) {
	w := newWorld(t)
	s := w.create(byDigest, first)
	task := w.stopTask(s, "vault:1", "ecs-svc/1", "CannotPullContainerError:\npull access denied")
	got, err := s.Failure(t.Context(), first)
	w.must(err)
	if want := "task " + task + " stopped: CannotPullContainerError: pull access denied"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, err := s.Failure(t.Context(), second); got != "" || err != nil {
		t.Errorf("another image: %q, %v", got, err)
	}
}

func TestReasonOfAStoppedTask(t *testing.T) {
	const ended = "Essential container in task exited"
	for _, c := range []struct {
		container ecstypes.Container
		want      string
	}{
		{ecstypes.Container{}, ended},
		{ecstypes.Container{ExitCode: aws.Int32(0)}, ended},
		{ecstypes.Container{ExitCode: aws.Int32(2)}, ended + " with exit status 2"},
		{ecstypes.Container{ExitCode: aws.Int32(137), Reason: aws.String("OutOfMemoryError: Container killed due to memory usage")},
			ended + ": OutOfMemoryError: Container killed due to memory usage"},
	} {
		if got := reasonOf(ecstypes.Task{StoppedReason: aws.String(ended), Containers: []ecstypes.Container{c.container}}); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestCommandPrintsDigestOrError(t *testing.T) {
	w := newWorld(t)
	for _, entry := range emulator.Env(t) {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value)
		}
	}
	command := func(args ...string) (status int, stdout, stderr string) {
		var out, log bytes.Buffer
		status = Main(t.Context(), "", func(dir string) (string, error) {
			if dir != "cdk.out" {
				return "", errors.New("no assembly")
			}
			return emulator.Region, nil
		}, args, &out, &log)
		return status, out.String(), log.String()
	}
	expect := func(args, stdout, stderr string, status int) {
		t.Helper()
		got, out, log := command(strings.Fields(args)...)
		if got != status || out != stdout || !strings.HasPrefix(log, stderr) || status == 1 && strings.Count(log, "\n") != 1 {
			t.Errorf("release %s: exit %d, stdout %q, stderr %q; want %d, %q, %q", args, got, out, log, status, stdout, stderr)
		}
	}
	expect("cdk.out", "", "release: error: there is no stack PasswordManager-Service, and so no service: run make release\n", 1)
	expect("elsewhere", "", "release: error: no assembly\n", 1)
	s := w.create(byDigest, first)
	w.must(s.Run(t.Context(), first))
	w.deploy(s, second)
	expect("cdk.out", second+"\n", "", 0)
	expect("--back cdk.out", first+"\n", "", 0)
	expect("--run "+second+" cdk.out", second+"\n", "", 0)
	expect("--run "+third+" cdk.out", "", "release: error: no task definition of the service has "+third+": run make release\n", 1)
	expect("--why "+second+" cdk.out", "", "", 0)
	expect("--run latest cdk.out", "", "release: error: \"latest\" is not a digest, sha256:…\nUsage: ", 2)
	expect("--back --run "+first+" cdk.out", "", "release: error: use only one of --run, --back and --why\nUsage: ", 2)
	expect("", "", "release: error: expected one cloud assembly directory\nUsage: ", 2)
	expect("--forward cdk.out", "", "release: error: flag provided but not defined: -forward\nUsage: ", 2)
	if status, out, _ := command("--help"); status != 0 || !strings.Contains(out, "The service is in stack PasswordManager-Service") {
		t.Errorf("--help: exit %d: %s", status, out)
	}
	_, err := ssm.NewFromConfig(w.account).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String(parameterOf("")), Value: aws.String("latest"), Overwrite: aws.Bool(true),
	})
	w.must(err)
	expect("--run "+second+" cdk.out", "", "release: error: SSM parameter /password-manager/RELEASE is \"latest\", which is not the digest of an image: delete it\n", 1)
	w.answers["DescribeServices"] = func(body string) string { return strings.ReplaceAll(body, `"ACTIVE"`, `"INACTIVE"`) }
	_, err = s.Digest(t.Context())
	w.refused(err, " does not exist: run make deploy")
	if _, err := ServiceOf(w.cfg, "", "arn:aws:ecs:us-east-1:123456789012:cluster/vault"); err == nil {
		t.Error("the ARN of a cluster is accepted")
	}
}
