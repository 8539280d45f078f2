package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsbackup"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

const (
	backupVault = "PasswordManager" // in production, in both regions
	// keepBackupsDays is as long as point-in-time recovery reaches back. Deleting a table ends its recovery, but not its backups.
	keepBackupsDays = 35
	// lockDays is the shortest retention that the lock accepts. It is below keepBackupsDays because nobody can lower it once the
	// lock is in compliance mode.
	lockDays = 30
	// lockGraceDays is how long a lock in compliance mode can still be removed.
	lockGraceDays = 14
)

// newBackups copies the tables once a day into a locked vault. Permission to delete a table does not cover its backups.
func newBackups(stack awscdk.Stack, c config) {
	vault := newBackupVault(stack, c)
	into := []*string{vault.BackupVaultArn()}
	var copies []*awsbackup.BackupPlanCopyActionProps
	if c.backupRegion != "" {
		there := arnIn(stack, c.backupRegion, "backup", "backup-vault:"+named(stack, backupVault))
		into = append(into, there)
		copies = append(copies, &awsbackup.BackupPlanCopyActionProps{
			DestinationBackupVault: awsbackup.BackupVault_FromBackupVaultArn(stack, jsii.String("SecondRegion"), there),
			DeleteAfter:            days(keepBackupsDays),
		})
	}
	plan := awsbackup.NewBackupPlan(stack, jsii.String("Backups"), &awsbackup.BackupPlanProps{
		BackupPlanName: jsii.String(named(stack, backupVault)),
		BackupVault:    vault,
		BackupPlanRules: &[]awsbackup.BackupPlanRule{awsbackup.NewBackupPlanRule(&awsbackup.BackupPlanRuleProps{
			RuleName:           jsii.String("daily"),
			ScheduleExpression: awsevents.Schedule_Cron(&awsevents.CronOptions{Hour: jsii.String("3"), Minute: jsii.String("0")}),
			// A short window: the four jobs start close together.
			StartWindow: awscdk.Duration_Hours(jsii.Number(1)),
			DeleteAfter: days(keepBackupsDays),
			CopyActions: &copies,
		})},
	})
	var tableARNs []*string
	var resources []awsbackup.BackupResource
	for _, t := range everyTable() {
		table := tableARN(stack, t)
		tableARNs = append(tableARNs, table)
		resources = append(resources, awsbackup.BackupResource_FromArn(table))
	}
	plan.AddSelection(jsii.String("Tables"), &awsbackup.BackupSelectionOptions{
		Resources: &resources, Role: newBackupRole(stack, c, tableARNs, into), DisableDefaultBackupPolicy: jsii.Bool(true),
	})
}

func newBackupVault(stack awscdk.Stack, c config) awsbackup.BackupVault {
	lock := &awsbackup.LockConfiguration{MinRetention: days(lockDays)}
	if c.backups == backupsCompliance {
		lock.ChangeableFor = days(lockGraceDays)
	}
	vault := awsbackup.NewBackupVault(stack, jsii.String("BackupVault"), &awsbackup.BackupVaultProps{
		BackupVaultName: jsii.String(named(stack, backupVault)), LockConfiguration: lock, RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
	})
	accept(vault, finding{"CKV_AWS_166", sealedByClients})
	return vault
}

// newBackupRole makes the role that AWS Backup assumes. The managed policy for it can read every data store in the account.
func newBackupRole(stack awscdk.Stack, c config, tables, vaults []*string) awsiam.Role {
	role := awsiam.NewRole(stack, jsii.String("BackupRole"), &awsiam.RoleProps{
		Description: jsii.String("VaultSphere backups"),
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("backup.amazonaws.com"), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": stack.Account()}},
		}),
	})
	points := arn(stack, "backup", "recovery-point:*")
	grant(role,
		allow("CopyTables", []string{"dynamodb:DescribeTable", "dynamodb:ListTagsOfResource", "dynamodb:StartAwsBackupJob"}, tables...),
		allow("CopyIntoVaults", []string{"backup:CopyIntoBackupVault", "backup:DescribeBackupVault"}, vaults...),
		allow("TagCopies", []string{"backup:TagResource"}, points),
	)
	if c.backupRegion != "" {
		grant(role, allow("CopyToSecondRegion", []string{"backup:CopyFromBackupVault"}, points))
	}
	accept(role.Node().FindChild(jsii.String("DefaultPolicy")), finding{"AwsSolutions-IAM5", "a recovery point has no name until AWS Backup creates it"})
	return role
}

// newSecondRegionStack makes the vault of the second region. CloudFormation only creates resources in its own region, so the vault
// needs a separate stack.
func newSecondRegionStack(app awscdk.App, c config) awscdk.Stack {
	there := c
	there.region = c.backupRegion
	stack := newStack(app, there, "SecondRegion", "VaultSphere: backups of the tables, retained when the platform is destroyed", true)
	newBackupVault(stack, there)
	return stack
}

func days(n float64) awscdk.Duration { return awscdk.Duration_Days(jsii.Number(n)) }
