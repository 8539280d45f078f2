//go:build integration

package preflight_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/vaultsphere/vaultsphere/infra/preflight"
)

const (
	secret   = "/password-manager/SESSION_SECRET"
	released = "/password-manager/RELEASE"
)

func taskTemplate(image any) object {
	return template(object{"Task": object{"Type": "AWS::ECS::TaskDefinition", "Properties": object{
		"ContainerDefinitions": []any{object{"Name": "vault", "Image": image}},
	}}})
}

// releaseTemplate returns the template of a service that takes its image as a parameter.
func releaseTemplate() object {
	t := template(object{
		"Cluster": object{"Type": "AWS::ECS::Cluster"},
		"Task": object{"Type": "AWS::ECS::TaskDefinition", "Properties": object{"Family": "vault", "ContainerDefinitions": []any{object{
			"Name": "vault", "Memory": 512,
			"Image": object{"Fn::Join": []any{"", []any{"123456789012.dkr.ecr.us-east-1.amazonaws.com/password-manager@", object{"Ref": "Release"}}}},
		}}}},
		"Service": object{"Type": "AWS::ECS::Service", "Properties": object{"Cluster": object{"Ref": "Cluster"}, "TaskDefinition": object{"Ref": "Task"}}},
	})
	t["Parameters"] = object{"Release": object{"Type": "String"}}
	return t
}

// deployRelease creates the stack of the service with a release.
func (w *world) deployRelease(digest string) {
	w.t.Helper()
	_, err := cloudformation.NewFromConfig(w.account).CreateStack(w.t.Context(), &cloudformation.CreateStackInput{
		StackName: aws.String(service), TemplateBody: aws.String(encode(w.t, releaseTemplate())),
		Parameters: []cftypes.Parameter{{ParameterKey: aws.String("Release"), ParameterValue: &digest}},
	})
	w.must(err)
}

// pushImage adds an image to the repository and returns its digest.
func (w *world) pushImage(repository, tag string) string {
	w.t.Helper()
	answer, err := ecr.NewFromConfig(w.account).PutImage(w.t.Context(), &ecr.PutImageInput{
		RepositoryName: &repository, ImageTag: &tag,
		ImageManifest: aws.String(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}`),
	})
	w.must(err)
	return aws.ToString(answer.Image.ImageId.ImageDigest)
}

// The release of a service is not an option: a deploy keeps the current one.
func TestDeployKeepsTheRelease(t *testing.T) {
	w := newWorld(t)
	w.put(secret, "hunter2", ssmtypes.ParameterTypeSecureString)
	repositories := template(object{"Images": repository("password-manager")})
	w.deploy(data, repositories)
	pushed := w.pushImage("password-manager", "abc")
	missing := "sha256:" + strings.Repeat("0", 64)
	dir := assembly(t, map[string]object{data: repositories, service: releaseTemplate()})
	expect := func(dir string, o preflight.Options, release string, problems ...string) {
		t.Helper()
		plan, err := preflight.Run(t.Context(), w.cfg, dir, o)
		found, _ := errors.AsType[preflight.Problems](err)
		if !slices.Equal(found, problems) {
			t.Errorf("the preflight says %q, want %q", found, problems)
		}
		if plan.Releases[service] != release || (release == "") == slices.Contains(plan.Stacks, service) {
			t.Errorf("the plan is %+v, want %q", plan, release)
		}
	}
	notPushed := "the image 123456789012.dkr.ecr.us-east-1.amazonaws.com/password-manager@" + missing +
		", which stack PasswordManager-Service needs, is not in ECR: push the image first"
	expect(dir, preflight.Options{}, "")
	expect(dir, preflight.Options{Release: pushed}, pushed)
	expect(dir, preflight.Options{Release: missing}, missing, notPushed)

	// The service takes over the release of a host.
	w.put(released, missing, ssmtypes.ParameterTypeString)
	expect(dir, preflight.Options{}, missing, notPushed)
	w.put(released, pushed, ssmtypes.ParameterTypeString)
	expect(dir, preflight.Options{}, pushed)
	w.put(released, "latest", ssmtypes.ParameterTypeString)
	expect(dir, preflight.Options{}, "", `SSM parameter /password-manager/RELEASE is "latest", which is not the digest of an image: delete it`)
	w.delete(released)

	w.deployRelease(missing)
	expect(dir, preflight.Options{}, missing, notPushed)
	expect(dir, preflight.Options{Release: pushed}, pushed)
	// A rollback bypasses CloudFormation.
	client := ecs.NewFromConfig(w.account)
	registered, err := client.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("vault"), ContainerDefinitions: []ecstypes.ContainerDefinition{{
			Name: aws.String("vault"), Memory: aws.Int32(512), Image: aws.String("123456789012.dkr.ecr.us-east-1.amazonaws.com/password-manager@" + pushed),
		}},
	})
	w.must(err)
	serviceARN := w.physicalID(service, "Service")
	_, err = client.UpdateService(t.Context(), &ecs.UpdateServiceInput{
		Cluster: aws.String(strings.Split(serviceARN, "/")[1]), Service: &serviceARN, TaskDefinition: registered.TaskDefinition.TaskDefinitionArn,
	})
	w.must(err)
	expect(dir, preflight.Options{}, pushed)
	expect(assembly(t, map[string]object{data: repositories}), preflight.Options{Release: pushed}, "",
		"no stack takes a release from a deploy: with topology ec2, use make release")
}

func TestServiceNeedsItsSecret(t *testing.T) {
	w := newWorld(t)
	dir := assembly(t, map[string]object{service: taskTemplate("example.org/vault:1")})
	w.expect(dir, preflight.Options{},
		"SSM parameter /password-manager/SESSION_SECRET does not exist: create it with 'scripts/seed-secrets.sh --region us-east-1'")
	w.expect(dir, preflight.Options{Seeding: true})
	w.put(secret, "hunter2", ssmtypes.ParameterTypeString)
	w.expect(dir, preflight.Options{Seeding: true},
		"SSM parameter /password-manager/SESSION_SECRET is a String, not a SecureString: "+
			"delete it with 'aws ssm delete-parameter --name /password-manager/SESSION_SECRET --region us-east-1' "+
			"and create it again with 'scripts/seed-secrets.sh --region us-east-1'")
	w.delete(secret)
	w.put(secret, "hunter2", ssmtypes.ParameterTypeSecureString)
	w.expect(dir, preflight.Options{})
	// A host reads its secret when it starts a release, so a deploy does not need it.
	w.delete(secret)
	w.expect(assembly(t, map[string]object{host: hostTemplate(nil)}), preflight.Options{})
}

func TestServiceNeedsItsImage(t *testing.T) {
	const registry = "123456789012.dkr.ecr.us-east-1.amazonaws.com/"
	repositories := template(object{"Images": repository("password-manager")})
	w := newWorld(t)
	w.put(secret, "hunter2", ssmtypes.ParameterTypeSecureString)
	expect := func(image any, want ...string) {
		t.Helper()
		dir := assembly(t, map[string]object{data: repositories, service: taskTemplate(image)})
		for i := range want {
			want[i] = strings.ReplaceAll(want[i], "DIR", dir)
		}
		w.expect(dir, preflight.Options{}, want...)
	}
	missing := func(image string) string {
		return "the image " + image + ", which stack PasswordManager-Service needs, is not in ECR: push the image first"
	}
	expect(registry+"password-manager:abc", "ECR repository password-manager, from which stack PasswordManager-Service needs the image "+
		registry+"password-manager:abc, does not exist yet: create it with "+
		"'infra/node_modules/.bin/cdk deploy --app DIR PasswordManager-Data' and push the image first")
	w.deploy(data, repositories)
	digest := w.pushImage("password-manager", "abc")
	other := "sha256:" + strings.Repeat("0", 64)
	expect(registry + "password-manager:abc")
	expect(registry + "password-manager@" + digest)
	expect(registry + "password-manager:gone@" + digest)
	expect(registry+"password-manager:def", missing(registry+"password-manager:def"))
	expect(registry+"password-manager@"+other, missing(registry+"password-manager@"+other))
	expect(registry+"password-manager", missing(registry+"password-manager"))
	for _, elsewhere := range []string{
		"public.ecr.aws/vault:1",
		registry + "cdk-hnb659fds-container-assets-123456789012-us-east-1:abc",
		"210987654321.dkr.ecr.us-east-1.amazonaws.com/password-manager:def",
	} {
		expect(elsewhere)
	}
	expect(object{"Fn::GetAtt": []any{"Build", "Image"}})
}

// The CDK writes the URI of a repository in one of these forms: from its name, or from an export or an output of another stack.
func TestImageURIsOfTheCDKAreResolved(t *testing.T) {
	repositories := template(object{"Images": repository("password-manager")})
	repositories["Outputs"] = object{
		"ExportsOutputArn": object{"Value": object{"Fn::GetAtt": []any{"Images", "Arn"}}, "Export": object{"Name": "PasswordManager-Data:ExportsOutputArn"}},
		"ExportsOutputRef": object{"Value": object{"Ref": "Images"}, "Export": object{"Name": "PasswordManager-Data:ExportsOutputRef"}},
	}
	join := func(parts ...any) object { return object{"Fn::Join": []any{"", parts}} }
	part := func(i int, arn any) object {
		return object{"Fn::Select": []any{i, object{"Fn::Split": []any{":", arn}}}}
	}
	suffix := object{"Ref": "AWS::URLSuffix"}
	imported := func(name string) object { return object{"Fn::ImportValue": "PasswordManager-Data:" + name} }
	output := func(name string) object {
		return object{"Fn::GetStackOutput": object{"StackName": data, "Region": object{"Ref": "AWS::Region"}, "OutputName": name}}
	}
	w := newWorld(t)
	w.put(secret, "hunter2", ssmtypes.ParameterTypeSecureString)
	w.deploy(data, repositories)
	for name, image := range map[string]object{
		"name": join(object{"Ref": "AWS::AccountId"}, ".dkr.ecr.", object{"Ref": "AWS::Region"}, ".", suffix, "/password-manager:def"),
		"export": join(part(4, imported("ExportsOutputArn")), ".dkr.ecr.", part(3, imported("ExportsOutputArn")), ".", suffix, "/",
			imported("ExportsOutputRef"), ":def"),
		"output": join(part(4, output("ExportsOutputArn")), ".dkr.ecr.", part(3, output("ExportsOutputArn")), ".", suffix, "/",
			output("ExportsOutputRef"), ":def"),
	} {
		t.Run(name, func(t *testing.T) {
			w.expect(assembly(t, map[string]object{data: repositories, service: taskTemplate(image)}), preflight.Options{},
				"the image 123456789012.dkr.ecr.us-east-1.amazonaws.com/password-manager:def, which stack PasswordManager-Service needs, is not in ECR: push the image first")
		})
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	w := newWorld(t)
	w.put(secret, "hunter2", ssmtypes.ParameterTypeSecureString)
	w.put(port, "hunter2", ssmtypes.ParameterTypeSecureString)
	resources := taskTemplate("example.org/vault:1")
	resources["Resources"].(object)["Port"] = parameter(port, "5001")
	resources["Resources"].(object)["Secret"] = parameter(secret, "x")
	all := strings.Join(w.run(assembly(t, map[string]object{service: resources}), preflight.Options{}), "\n")
	if !strings.Contains(all, "as a SecureString") {
		t.Errorf("the preflight does not mention the secrets: %s", all)
	}
	for _, form := range []string{"hunter2", base64.StdEncoding.EncodeToString([]byte("hunter2")), "kms:"} {
		if strings.Contains(all, form) {
			t.Errorf("the preflight prints a secret: %s", all)
		}
	}
}
