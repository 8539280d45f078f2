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

// Retained resources keep their names after their stack is deleted.
func TestLeftoversCanBeAdopted(t *testing.T) {
	w := newWorld(t)
	resources := object{"Users": table("PasswordManager-Users"), "Images": repository("password-manager"), "Log": logGroup("/password-manager/vault"),
		"Certificates": bucket(object{"Fn::Join": []any{"-", []any{"certificates", object{"Ref": "AWS::AccountId"}}}}),
		"Key":          signingKey(), "Alias": alias("alias/password-manager")}
	w.deploy("leftovers", template(resources))
	// The emulator's CloudFormation does not create backup vaults.
	_, err := backup.NewFromConfig(w.account).CreateBackupVault(t.Context(), &backup.CreateBackupVaultInput{BackupVaultName: aws.String("PasswordManager")})
	w.must(err)
	resources["Copies"] = backupVault("PasswordManager")
	// In the emulator, resources of other stacks have no owner.
	dir := assembly(t, map[string]object{data: template(resources)})
	adopt := " already exists outside stack PasswordManager-Data: adopt it with 'infra/node_modules/.bin/cdk deploy --app " + dir +
		" --import-existing-resources PasswordManager-Data'"
	want := []string{
		"backup vault PasswordManager" + adopt,
		"DynamoDB table PasswordManager-Users" + adopt,
		"ECR repository password-manager" + adopt,
		"key alias alias/password-manager" + adopt,
		"log group /password-manager/vault already exists outside stack PasswordManager-Data: delete it, " +
			"or set its DeletionPolicy to Retain in the app, so it can be adopted",
		"bucket certificates-" + emulator.Account + adopt,
	}
	w.expect(dir, preflight.Options{}, want...)
	w.deploy(data, template(object{"Port": parameter(port, "5001")}))
	w.expect(dir, preflight.Options{}, want...)
}

func TestOwnResourcesPass(t *testing.T) {
	w := newWorld(t)
	resources := object{"Users": table("PasswordManager-Users"), "Images": repository("password-manager"), "Log": logGroup("/password-manager/vault"),
		"Key": signingKey(), "Alias": alias("alias/password-manager")}
	w.deploy(data, template(resources))
	w.expect(assembly(t, map[string]object{data: template(resources)}), preflight.Options{})
}

// DynamoDB tables and global tables share their names. A log group with the same prefix is another one.
func TestNamesMustMatchExactly(t *testing.T) {
	w := newWorld(t)
	w.deploy("leftovers", template(object{"Users": table("PasswordManager-Users"), "Log": logGroup("/password-manager/vault-old")}))
	global := table("PasswordManager-Users")
	global["Type"] = "AWS::DynamoDB::GlobalTable"
	got := w.run(assembly(t, map[string]object{data: template(object{"Users": global, "Log": logGroup("/password-manager/vault")})}), preflight.Options{})
	if len(got) != 1 || !strings.HasPrefix(got[0], "DynamoDB table PasswordManager-Users already exists") {
		t.Errorf("the preflight says %q", got)
	}
}

func TestTableOfAnotherStackIsRefused(t *testing.T) {
	w := newWorld(t)
	w.deploy("Legacy", template(object{"Users": table("PasswordManager-Users")}))
	ownedWith := func(status string) {
		w.answers["DescribeStackResources"] = func(string, int, string) (int, string) {
			return 200, "<DescribeStackResourcesResponse><DescribeStackResourcesResult><StackResources><member>" +
				"<StackName>Legacy</StackName><LogicalResourceId>Users</LogicalResourceId><PhysicalResourceId>PasswordManager-Users</PhysicalResourceId>" +
				"<ResourceType>AWS::DynamoDB::Table</ResourceType><ResourceStatus>" + status + "</ResourceStatus>" +
				"</member></StackResources></DescribeStackResourcesResult></DescribeStackResourcesResponse>"
		}
	}
	dir := assembly(t, map[string]object{data: template(object{"Users": table("PasswordManager-Users")})})
	ownedWith("CREATE_COMPLETE")
	w.expect(dir, preflight.Options{}, "DynamoDB table PasswordManager-Users belongs to stack Legacy, so stack PasswordManager-Data cannot create it: "+
		"remove it from that stack first")
	ownedWith("DELETE_SKIPPED")
	if got := w.run(dir, preflight.Options{}); len(got) != 1 || !strings.Contains(got[0], "adopt it with") {
		t.Errorf("for a retained table, the preflight says %q", got)
	}
}

func TestTableDeletedByHandIsReported(t *testing.T) {
	w := newWorld(t)
	resources := template(object{"Users": table("PasswordManager-Users")})
	w.deploy(data, resources)
	_, err := dynamodb.NewFromConfig(w.account).DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("PasswordManager-Users")})
	w.must(err)
	w.expect(assembly(t, map[string]object{data: resources}), preflight.Options{},
		"DynamoDB table PasswordManager-Users of stack PasswordManager-Data was deleted by hand, and no deploy would create it again: restore it under that name")
}

// Vaults of another deployment or owner must not match.
func TestVaultNamesMustMatchExactly(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"PasswordManager-Staging", "Default"} {
		_, err := backup.NewFromConfig(w.account).CreateBackupVault(t.Context(), &backup.CreateBackupVaultInput{BackupVaultName: &name})
		w.must(err)
	}
	dir := assembly(t, map[string]object{data: template(object{"Copies": backupVault("PasswordManager")})})
	w.expect(dir, preflight.Options{})
	w.deny("ListBackupVaults")
	w.expect(dir, preflight.Options{}, "arn:aws:sts::123456789012:user/moto lacks the permission backup:ListBackupVaults, which the preflight needs: add it")
}

// AWS returns log groups in pages, and not always in alphabetical order.
func TestLogGroupOnALaterPageIsFound(t *testing.T) {
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
