//go:build system

package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/infra/preflight"
)

const (
	dataStack   = "PasswordManager-Data"
	secondStack = "PasswordManager-SecondRegion"
)

func TestBackupsAreAnOption(t *testing.T) {
	for deployment := range deployments {
		wanted := map[string]int{"ec2-full": 2, "fargate-full": 1}[deployment]
		vaults := 0
		for stack, tpl := range synth(t, deployment).templates {
			vaults += len(tpl.of("AWS::Backup::BackupVault"))
			if plans := len(tpl.of("AWS::Backup::BackupPlan")); plans > 0 && (stack != dataStack || wanted == 0) {
				t.Errorf("%s: %s has %d plans", deployment, stack, plans)
			}
		}
		if vaults != wanted {
			t.Errorf("%s: %d vaults, want %d", deployment, vaults, wanted)
		}
	}
}

// A lock in compliance mode can never be removed, so only the option may ask for it.
func TestOnlyComplianceLocksPermanently(t *testing.T) {
	for _, v := range []struct{ deployment, stack, want string }{
		{"fargate-full", dataStack, `{"MinRetentionDays":30}`},
		{"ec2-full", dataStack, `{"ChangeableForDays":14,"MinRetentionDays":30}`},
		{"ec2-full", secondStack, `{"ChangeableForDays":14,"MinRetentionDays":30}`},
	} {
		vault := synth(t, v.deployment).templates[v.stack].one(t, "AWS::Backup::BackupVault")
		if got := asJSON(t, vault.Properties["LockConfiguration"]); got != v.want {
			t.Errorf("%s: the lock of %s is %s, want %s", v.deployment, v.stack, got, v.want)
		}
		if vault.DeletionPolicy != "Retain" {
			t.Errorf("%s: deleting %s deletes its vault", v.deployment, v.stack)
		}
	}
}

// backupRule returns the only rule of a deployment's backup plan.
func backupRule(t *testing.T, deployment string) map[string]any {
	t.Helper()
	plan := synth(t, deployment).templates[dataStack].one(t, "AWS::Backup::BackupPlan")
	rules := plan.Properties["BackupPlan"].(map[string]any)["BackupPlanRule"].([]any)
	if len(rules) != 1 {
		t.Fatalf("%d rules", len(rules))
	}
	return rules[0].(map[string]any)
}

// AWS Backup fails a job whose retention is shorter than the lock's minimum.
func TestBackupRetentionSatisfiesTheLock(t *testing.T) {
	for _, deployment := range []string{"ec2-full", "fargate-full"} {
		rule := backupRule(t, deployment)
		lifecycles := []any{rule["Lifecycle"]}
		for _, c := range listOf(rule["CopyActions"]) {
			lifecycles = append(lifecycles, c.(map[string]any)["Lifecycle"])
		}
		for _, lifecycle := range lifecycles {
			if got := asJSON(t, lifecycle); got != `{"DeleteAfterDays":35}` {
				t.Errorf("%s: the lifecycle of a backup is %s", deployment, got)
			}
		}
	}
}

func TestBackupsCopyTheFourTablesDaily(t *testing.T) {
	rule := backupRule(t, "ec2-full")
	if rule["ScheduleExpression"] != "cron(0 3 * * ? *)" {
		t.Errorf("the schedule is %v", rule["ScheduleExpression"])
	}
	copies := listOf(rule["CopyActions"])
	if len(copies) != 1 || asText(copies[0].(map[string]any)["DestinationBackupVaultArn"]) != "arn:aws:backup:us-west-2:<AccountId>:backup-vault:PasswordManager" {
		t.Errorf("the copies go to %v", copies)
	}
	tpl := synth(t, "ec2-full").templates[dataStack]
	selection := tpl.one(t, "AWS::Backup::BackupSelection").Properties["BackupSelection"].(map[string]any)
	var copied []string
	for _, r := range listOf(selection["Resources"]) {
		copied = append(copied, asText(r))
	}
	slices.Sort(copied)
	if got := strings.Join(copied, "\n"); got != strings.Join(tablesOf("us-east-1"), "\n") {
		t.Errorf("the plan copies\n%s", got)
	}
	if name := asText(tpl.one(t, "AWS::Backup::BackupVault").Properties["BackupVaultName"]); name != "PasswordManager" {
		t.Errorf("the vault is called %s, but the copy action names PasswordManager", name)
	}
}

func tablesOf(region string) []string {
	var arns []string
	for _, table := range []string{"Accounts", "Events", "Passwords", "Sessions", "Users", "Vaults"} {
		arns = append(arns, "arn:aws:dynamodb:"+region+":<AccountId>:table/PasswordManager-"+table)
	}
	return arns
}

// The managed policy of AWS Backup can read every table, disk and bucket in the account.
func TestBackupRoleReachesOnlyTheTables(t *testing.T) {
	for deployment, region := range map[string]string{"ec2-full": "us-east-1", "fargate-full": "eu-central-1"} {
		points := " on arn:aws:backup:" + region + ":<AccountId>:recovery-point:*"
		want := []string{
			`Allow sts:AssumeRole by {"Service":"backup.amazonaws.com"} if {"StringEquals":{"aws:SourceAccount":{"Ref":"AWS::AccountId"}}}`,
			"Allow backup:CopyIntoBackupVault on <BackupVault3A9C5852.BackupVaultArn>",
			"Allow backup:DescribeBackupVault on <BackupVault3A9C5852.BackupVaultArn>",
			"Allow backup:TagResource" + points,
		}
		if deployment == "ec2-full" {
			there := " on arn:aws:backup:us-west-2:<AccountId>:backup-vault:PasswordManager"
			want = append(want, "Allow backup:CopyFromBackupVault"+points, "Allow backup:CopyIntoBackupVault"+there, "Allow backup:DescribeBackupVault"+there)
		}
		for _, table := range tablesOf(region) {
			for _, action := range []string{"DescribeTable", "ListTagsOfResource", "StartAwsBackupJob"} {
				want = append(want, "Allow dynamodb:"+action+" on "+table)
			}
		}
		got := synth(t, deployment).templates[dataStack].permissions(t, "BackupRoleF43CFD90")
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: the role may\n%s\nwant\n%s", deployment, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// The secret belongs in the region of the settings, whichever stack sorts first.
func TestSecondRegionGetsNoSecret(t *testing.T) {
	if region, err := preflight.Region(synth(t, "ec2-full").dir); err != nil || region != "us-east-1" {
		t.Errorf("the secret would be seeded in %s, %v", region, err)
	}
}

func TestPipelineDeploysCopyToSecondRegion(t *testing.T) {
	may := synth(t, "ec2-full").templates["PasswordManager-Pipeline"].permissions(t, "JenkinsB8F709CC")
	for _, want := range []string{
		"Allow sts:AssumeRole on arn:${AWS::Partition}:iam::${AWS::AccountId}:role/cdk-pwmanager-deploy-role-${AWS::AccountId}-us-west-2",
		"Allow ssm:GetParameter on arn:aws:ssm:us-west-2:<AccountId>:parameter/cdk-bootstrap/pwmanager/version",
		"Allow cloudformation:DescribeStacks on arn:aws:cloudformation:us-west-2:<AccountId>:stack/PasswordManager-*",
	} {
		if !slices.Contains(may, want) {
			t.Errorf("the pipeline's role lacks: %s", want)
		}
	}
}
