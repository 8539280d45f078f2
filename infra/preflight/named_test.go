//go:build integration

package preflight_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vaultsphere/vaultsphere/infra/preflight"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
)

// The names outlive their stack when it is deleted and retains them.
func TestLeftovers(t *testing.T) {
	w := newWorld(t)
	resources := object{"Users": table("PasswordManager-Users"), "Images": repository("password-manager"), "Log": logGroup("/password-manager/vault"),
		"Certificates": bucket(object{"Fn::Join": []any{"-", []any{"certificates", object{"Ref": "AWS::AccountId"}}}}),
		"Key":          signingKey(), "Alias": alias("alias/password-manager")}
	w.deploy("leftovers", template(resources))
	// The emulator's CloudFormation makes no vault.
	_, err := backup.NewFromConfig(w.account).CreateBackupVault(t.Context(), &backup.CreateBackupVaultInput{BackupVaultName: aws.String("PasswordManager")})
	w.must(err)
	resources["Copies"] = backupVault("PasswordManager")
	// As far as the emulator tells, no stack owns what another stack made.
	dir := assembly(t, map[string]object{data: template(resources)})
	adopt := " already exists outside stack PasswordManager-Data: adopt it with 'infra/node_modules/.bin/cdk deploy --app " + dir +
		" --import-existing-resources PasswordManager-Data'"
	want := []string{
		"backup vault PasswordManager" + adopt,
		"DynamoDB table PasswordManager-Users" + adopt,
		"ECR repository password-manager" + adopt,
		"key alias alias/password-manager" + adopt,
		"log group /password-manager/vault already exists outside stack PasswordManager-Data: delete it, " +
			"or give it DeletionPolicy Retain in the app so that it can be adopted",
		"bucket certificates-" + emulator.Account + adopt,
	}
	w.expect(dir, preflight.Options{}, want...)
	w.deploy(data, template(object{"Port": parameter(port, "5001")}))
	w.expect(dir, preflight.Options{}, want...)
}

func TestOwnTablesAreNoProblem(t *testing.T) {
	w := newWorld(t)
	resources := object{"Users": table("PasswordManager-Users"), "Images": repository("password-manager"), "Log": logGroup("/password-manager/vault"),
		"Key": signingKey(), "Alias": alias("alias/password-manager")}
	w.deploy(data, template(resources))
	w.expect(assembly(t, map[string]object{data: template(resources)}), preflight.Options{})
}

// A table of the newer type is one to DynamoDB as well; a log group is another when only its beginning is the same.
func TestNamesAreComparedWhole(t *testing.T) {
	w := newWorld(t)
	w.deploy("leftovers", template(object{"Users": table("PasswordManager-Users"), "Log": logGroup("/password-manager/vault-old")}))
	global := table("PasswordManager-Users")
	global["Type"] = "AWS::DynamoDB::GlobalTable"
	got := w.run(assembly(t, map[string]object{data: template(object{"Users": global, "Log": logGroup("/password-manager/vault")})}), preflight.Options{})
	if len(got) != 1 || !strings.HasPrefix(got[0], "DynamoDB table PasswordManager-Users already exists") {
		t.Errorf("the preflight says %q", got)
	}
}

func TestTableOfAnotherStack(t *testing.T) {
	w := newWorld(t)
	w.deploy("Legacy", template(object{"Users": table("PasswordManager-Users")}))
	answer := func(status string) {
		w.answers["DescribeStackResources"] = func(string, int, string) (int, string) {
			return 200, "<DescribeStackResourcesResponse><DescribeStackResourcesResult><StackResources><member>" +
				"<StackName>Legacy</StackName><LogicalResourceId>Users</LogicalResourceId><PhysicalResourceId>PasswordManager-Users</PhysicalResourceId>" +
				"<ResourceType>AWS::DynamoDB::Table</ResourceType><ResourceStatus>" + status + "</ResourceStatus>" +
				"</member></StackResources></DescribeStackResourcesResult></DescribeStackResourcesResponse>"
		}
	}
	dir := assembly(t, map[string]object{data: template(object{"Users": table("PasswordManager-Users")})})
	answer("CREATE_COMPLETE")
	w.expect(dir, preflight.Options{}, "DynamoDB table PasswordManager-Users belongs to stack Legacy, so stack PasswordManager-Data cannot make it: "+
		"take it out of that stack first")
	answer("DELETE_SKIPPED")
	if got := w.run(dir, preflight.Options{}); len(got) != 1 || !strings.Contains(got[0], "adopt it with") {
		t.Errorf("of a table that its stack let go of, the preflight says %q", got)
	}
}

func TestTableDeletedByHand(t *testing.T) {
	w := newWorld(t)
	resources := template(object{"Users": table("PasswordManager-Users")})
	w.deploy(data, resources)
	_, err := dynamodb.NewFromConfig(w.account).DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("PasswordManager-Users")})
	w.must(err)
	w.expect(assembly(t, map[string]object{data: resources}), preflight.Options{},
		"DynamoDB table PasswordManager-Users of stack PasswordManager-Data was deleted by hand, and no deploy makes it again: restore it under that name")
}

// The vault of another deployment, or of somebody else's, is none of ours.
func TestVaultsAreComparedWhole(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"PasswordManager-Staging", "Default"} {
		_, err := backup.NewFromConfig(w.account).CreateBackupVault(t.Context(), &backup.CreateBackupVaultInput{BackupVaultName: &name})
		w.must(err)
	}
	dir := assembly(t, map[string]object{data: template(object{"Copies": backupVault("PasswordManager")})})
	w.expect(dir, preflight.Options{})
	w.deny("ListBackupVaults")
	w.expect(dir, preflight.Options{}, "arn:aws:sts::123456789012:user/moto may not call backup:ListBackupVaults, which the preflight needs: allow it")
}

// AWS gives out log groups in pages, and not always the shortest name first.
func TestLogGroupOnALaterPage(t *testing.T) {
	w := newWorld(t)
	w.deploy("leftovers", template(object{"Log": logGroup("/password-manager/vault")}))
	w.answers["DescribeLogGroups"] = func(request string, _ int, _ string) (int, string) {
		if strings.Contains(request, `"nextToken":"two"`) {
			return http.StatusOK, `{"logGroups":[{"logGroupName":"/password-manager/vault"}]}`
		}
		return http.StatusOK, `{"logGroups":[{"logGroupName":"/password-manager/vault-old"}],"nextToken":"two"}`
	}
	got := w.run(assembly(t, map[string]object{data: template(object{"Log": logGroup("/password-manager/vault")})}), preflight.Options{})
	if len(got) != 1 {
		t.Errorf("the preflight says %q", got)
	}
}
