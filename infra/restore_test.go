//go:build integration

package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/executables"
)

// TestRestoringTheTables follows the documented commands after a user was deleted, up to restored tables with the same names. Like AWS,
// the emulator copies keys, indexes and items, and turns on no options in a restored table.
func TestRestoringTheTables(t *testing.T) {
	emulator.Reset(t)
	e := newTerminal(t)
	e.walk = newWalk(t, "Restoring the tables")
	if out, err := exec.Command("go", "build", "-o", filepath.Join(e.dir, "bin")+"/", "../app/cmd/vaultsphered", "../app/cmd/vaultsphere").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	template, err := filepath.Abs("testdata/ec2-minimal/PasswordManager-Data.json")
	must(t, err)
	e.do("aws", "ssm", "put-parameter", "--type", "String", "--name", "/cdk-bootstrap/pwmanager/version", "--value", "30")
	e.do("aws", "cloudformation", "create-stack", "--stack-name", "PasswordManager-Data", "--template-body", "file://"+template)
	e.do("aws", "ssm", "put-parameter", "--type", "SecureString", "--name", names.ParameterPath+names.EnvSessionSecret,
		"--value", strings.Repeat("A", 42)+"8=")
	serveAndStore(e)

	e.follow("export at=")
	e.do("aws", "dynamodb", "delete-item", "--table-name", names.UsersTable, "--key", `{"username": {"S": "anna"}}`)
	e.follow("for t in $tables; do\n  arn=$(aws dynamodb create-backup")
	e.follow("for t in $tables; do\n  aws dynamodb update-table --table-name PasswordManager-$t --no-deletion-protection-enabled")
	e.follow("for t in $tables; do\n  aws dynamodb update-table --table-name PasswordManager-$t --deletion-protection-enabled")
	for _, table := range tables {
		expires := "ENABLED " + names.TTLAttribute
		if table == names.UsersTable {
			expires = "DISABLED None"
		}
		of := " --table-name " + table
		e.compare([]answer{
			{"dynamodb describe-table" + of, "Table.[TableStatus, DeletionProtectionEnabled]", "ACTIVE True"},
			{"dynamodb describe-continuous-backups" + of, "ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus", "ENABLED"},
			{"dynamodb describe-time-to-live" + of, "TimeToLiveDescription.[TimeToLiveStatus, AttributeName]", expires},
		})
	}
	e.findStored()
	e.follow("for t in $tables; do\n  arn=$(aws dynamodb list-backups")
	if count := e.aws("dynamodb list-tables", "length(TableNames)"); count != "6" {
		t.Errorf("%s tables remain, want 6", count)
	}
	if len(e.walk.blocks) > 0 {
		t.Errorf("docs/operations.md continues with %q", e.walk.blocks)
	}
}

// TestDeletingTheData runs the documented commands that delete everything a deploy retains.
func TestDeletingTheData(t *testing.T) {
	emulator.Reset(t)
	e := newTerminal(t)
	e.walk = newWalk(t, "And back")
	e.walk.blocks = e.walk.blocks[1:] // after make destroy
	// The emulator does not support termination protection.
	dir := t.TempDir()
	must(t, executables.WriteFile(filepath.Join(dir, "aws"), []byte("#!/bin/sh\ncase \"$*\" in *update-termination-protection*) exit ;; esac\nPATH="+e.path+" exec aws \"$@\"\n"), 0o755))
	e.env = append(e.env, "PATH="+dir+":"+e.path)
	template, err := filepath.Abs("testdata/ec2-minimal/PasswordManager-Data.json")
	must(t, err)
	e.do("aws", "ssm", "put-parameter", "--type", "String", "--name", "/cdk-bootstrap/pwmanager/version", "--value", "30")
	e.do("aws", "cloudformation", "create-stack", "--stack-name", "PasswordManager-Data", "--template-body", "file://"+template)
	for _, name := range []string{names.EnvSessionSecret, names.Release, chosenImage, "LOG_LEVEL"} {
		e.do("aws", "ssm", "put-parameter", "--type", "String", "--name", names.ParameterPath+name, "--value", "x")
	}
	bucket := names.CertificatesBucket(emulator.Account, region)
	for range 2 {
		e.do("aws", "s3api", "put-object", "--bucket", bucket, "--key", names.CertificatesKey)
	}
	e.follow("for t in Users")
	e.compare([]answer{
		{"cloudformation list-stacks --stack-status-filter CREATE_COMPLETE UPDATE_COMPLETE", "length(StackSummaries)", "0"},
		{"dynamodb list-tables", "length(TableNames)", "0"},
		{"ecr describe-repositories", "length(repositories)", "0"},
		{"kms list-aliases", "length(Aliases[?starts_with(AliasName, 'alias/password-manager')])", "0"},
		{"logs describe-log-groups", "length(logGroups)", "0"},
		{"s3api list-buckets", "length(Buckets)", "0"},
		{"ssm get-parameters-by-path --recursive --path " + names.ParameterPath, "length(Parameters)", "0"},
	})
}
