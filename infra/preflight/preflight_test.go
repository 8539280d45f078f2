//go:build integration

package preflight_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/infra/preflight"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
)

const (
	bootstrapVersion = "/cdk-bootstrap/pwmanager/version"
	deployer         = "cdk-pwmanager-cfn-exec-role"
	data             = "PasswordManager-Data"
	host             = "PasswordManager-Host"
	service          = "PasswordManager-Service"
)

type object = map[string]any

// world is an AWS account behind a proxy that can change its responses to the code under test.
type world struct {
	t       *testing.T
	cfg     aws.Config // of the code under test
	account aws.Config // of the test
	answers map[string]answer
}

// answer replaces a response of the account.
type answer func(request string, status int, body string) (int, string)

// newWorld returns a bootstrapped account that is otherwise empty.
func newWorld(t *testing.T) *world {
	w := &world{t: t, account: emulator.Config(t), answers: map[string]answer{}}
	w.wipe()
	w.cfg = emulator.Proxy(t, w.answer)
	w.put(bootstrapVersion, "27", ssmtypes.ParameterTypeString)
	w.bootstrap(names.DeploymentBoundary + emulator.Region)
	return w
}

// wipe deletes everything that these tests create. The emulator's reset would take seconds each time.
func (w *world) wipe() {
	w.t.Helper()
	ctx := w.t.Context()
	stacks := cloudformation.NewFromConfig(w.account)
	described, err := stacks.DescribeStacks(ctx, nil)
	w.must(err)
	for _, s := range described.Stacks {
		_, err := stacks.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: s.StackName})
		w.must(err)
	}
	tables := dynamodb.NewFromConfig(w.account)
	listed, err := tables.ListTables(ctx, nil)
	w.must(err)
	for _, name := range listed.TableNames {
		_, err := tables.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &name})
		w.must(err)
	}
	registry := ecr.NewFromConfig(w.account)
	repositories, err := registry.DescribeRepositories(ctx, nil)
	w.must(err)
	for _, r := range repositories.Repositories {
		_, err := registry.DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: r.RepositoryName, Force: true})
		w.must(err)
	}
	store := s3.NewFromConfig(w.account)
	buckets, err := store.ListBuckets(ctx, nil)
	w.must(err)
	for _, b := range buckets.Buckets {
		_, err := store.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: b.Name})
		w.must(err)
	}
	logs := cloudwatchlogs.NewFromConfig(w.account)
	groups, err := logs.DescribeLogGroups(ctx, nil)
	w.must(err)
	for _, g := range groups.LogGroups {
		_, err := logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: g.LogGroupName})
		w.must(err)
	}
	keys := kms.NewFromConfig(w.account)
	aliases, err := keys.ListAliases(ctx, nil)
	w.must(err)
	for _, a := range aliases.Aliases {
		if strings.HasPrefix(aws.ToString(a.AliasName), "alias/aws/") {
			continue
		}
		_, err := keys.DeleteAlias(ctx, &kms.DeleteAliasInput{AliasName: a.AliasName})
		w.must(err)
	}
	vaults := backup.NewFromConfig(w.account)
	listedVaults, err := vaults.ListBackupVaults(ctx, nil)
	w.must(err)
	for _, v := range listedVaults.BackupVaultList {
		_, err := vaults.DeleteBackupVault(ctx, &backup.DeleteBackupVaultInput{BackupVaultName: v.BackupVaultName})
		w.must(err)
	}
	for pages := ssm.NewDescribeParametersPaginator(ssm.NewFromConfig(w.account), nil); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		w.must(err)
		for _, p := range page.Parameters {
			w.delete(aws.ToString(p.Name))
		}
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) answer(r *http.Request, body string, status int, content string) (int, string) {
	action := emulator.Action(r, body)
	if action != "sts:GetCallerIdentity" && !slices.Contains(preflight.Actions, action) {
		w.t.Errorf("the preflight calls %s, which is not in Actions", action)
	}
	_, call, _ := strings.Cut(action, ":")
	if change, ok := w.answers[call]; ok {
		return change(body, status, content)
	}
	return status, content
}

// deny makes AWS deny a call, as without a policy that allows it.
func (w *world) deny(operation string) { w.fail(operation, "AccessDenied") }

func (w *world) fail(operation, code string) {
	w.answers[operation] = func(request string, _ int, _ string) (int, string) {
		if strings.Contains(request, "Action=") {
			return http.StatusForbidden, "<ErrorResponse><Error><Type>Sender</Type><Code>" + code + "</Code><Message>no</Message></Error></ErrorResponse>"
		}
		if operation == "ListBucket" {
			return http.StatusForbidden, "<Error><Code>" + code + "</Code><Message>no</Message></Error>"
		}
		return http.StatusBadRequest, `{"__type":"` + code + `Exception","message":"no"}`
	}
}

// inState makes CloudFormation report this state for every stack.
func (w *world) inState(state string) {
	w.answers["DescribeStacks"] = func(_ string, status int, body string) (int, string) {
		return status, strings.ReplaceAll(body, "CREATE_COMPLETE", state)
	}
}

func (w *world) put(name, value string, kind ssmtypes.ParameterType) {
	w.t.Helper()
	_, err := ssm.NewFromConfig(w.account).PutParameter(w.t.Context(), &ssm.PutParameterInput{
		Name: &name, Value: &value, Type: kind, Overwrite: aws.Bool(true),
	})
	w.must(err)
}

func (w *world) delete(name string) {
	w.t.Helper()
	_, err := ssm.NewFromConfig(w.account).DeleteParameter(w.t.Context(), &ssm.DeleteParameterInput{Name: &name})
	w.must(err)
}

func (w *world) deploy(name string, template object) {
	w.t.Helper()
	_, err := cloudformation.NewFromConfig(w.account).CreateStack(w.t.Context(), &cloudformation.CreateStackInput{
		StackName: &name, TemplateBody: aws.String(encode(w.t, template)),
	})
	w.must(err)
}

// expect runs the preflight and compares its problems.
func (w *world) expect(dir string, o preflight.Options, want ...string) {
	w.t.Helper()
	got := w.run(dir, o)
	if !slices.Equal(got, want) {
		w.t.Errorf("the preflight says:\n\t%s\nwant:\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func (w *world) run(dir string, o preflight.Options) []string {
	w.t.Helper()
	_, err := preflight.Run(w.t.Context(), w.cfg, dir, o)
	if err == nil {
		return nil
	}
	found, ok := errors.AsType[preflight.Problems](err)
	if !ok {
		w.t.Fatalf("%T: %v", err, err)
	}
	return found
}

// assembly writes a cloud assembly like `cdk synth`, with stacks for any account.
func assembly(t *testing.T, stacks map[string]object) string {
	t.Helper()
	return assemblyFor(t, "aws://unknown-account/unknown-region", stacks)
}

func assemblyFor(t *testing.T, environment string, stacks map[string]object) string {
	t.Helper()
	dir := t.TempDir()
	artifacts := object{"Tree": object{"type": "cdk:tree", "properties": object{"file": "tree.json"}}}
	for name, template := range stacks {
		file := name + ".template.json"
		write(t, filepath.Join(dir, file), encode(t, template))
		artifacts[name] = object{
			"type": "aws:cloudformation:stack", "environment": environment,
			"properties": object{
				"templateFile": file, "requiresBootstrapStackVersion": 6, "bootstrapStackVersionSsmParameter": bootstrapVersion,
				"cloudFormationExecutionRoleArn": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/" + deployer + "-${AWS::AccountId}",
			},
		}
	}
	write(t, filepath.Join(dir, "manifest.json"), encode(t, object{"version": "54.0.0", "artifacts": artifacts}))
	return dir
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func template(resources object) object { return object{"Resources": resources} }

func parameter(name string, value any) object {
	return object{"Type": "AWS::SSM::Parameter", "Properties": object{"Name": name, "Type": "String", "Value": value}}
}

func table(name string) object {
	return object{"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain", "Properties": object{
		"TableName": name, "BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": []any{object{"AttributeName": "id", "AttributeType": "S"}},
		"KeySchema":            []any{object{"AttributeName": "id", "KeyType": "HASH"}},
	}}
}

func repository(name string) object {
	return object{"Type": "AWS::ECR::Repository", "DeletionPolicy": "Retain", "Properties": object{"RepositoryName": name}}
}

func bucket(name any) object {
	return object{"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": object{"BucketName": name}}
}

func alias(name string) object {
	key := object{"Fn::GetAtt": []any{"Key", "Arn"}}
	return object{"Type": "AWS::KMS::Alias", "DeletionPolicy": "Retain", "Properties": object{"AliasName": name, "TargetKeyId": key}}
}

func signingKey() object {
	return object{"Type": "AWS::KMS::Key", "Properties": object{"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "KeyPolicy": object{}}}
}

func backupVault(name string) object {
	return object{"Type": "AWS::Backup::BackupVault", "DeletionPolicy": "Retain", "Properties": object{"BackupVaultName": name}}
}

func logGroup(name string) object {
	return object{"Type": "AWS::Logs::LogGroup", "Properties": object{"LogGroupName": name}}
}

// with returns a copy of a resource with changed properties; nil removes one.
func with(resource object, properties object) object {
	changed := object{}
	for k, v := range resource["Properties"].(object) {
		changed[k] = v
	}
	for k, v := range properties {
		if changed[k] = v; v == nil {
			delete(changed, k)
		}
	}
	copied := object{"Properties": changed}
	for k, v := range resource {
		if k != "Properties" {
			copied[k] = v
		}
	}
	return copied
}
