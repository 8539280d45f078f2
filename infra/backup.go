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
	// The copies of a day are kept as long as point-in-time recovery reaches back. It goes with its table; they do not.
	keepBackupsDays = 35
	// A lock keeps out copies that would be kept for less. It is below keepBackupsDays, because in compliance mode nobody can
	// lower it any more.
	lockDays = 30
	// lockGraceDays are left to change one's mind before a lock in compliance mode is for ever.
	lockGraceDays = 14
)

// newBackups copies the tables once a day into a vault that is locked: whoever may delete tables may not delete the copies.
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
			// The four begin close together.
			StartWindow: awscdk.Duration_Hours(jsii.Number(1)),
			DeleteAfter: days(keepBackupsDays),
			CopyActions: &copies,
		})},
	})
	var tableARNs []*string
	var resources []awsbackup.BackupResource
	for _, t := range tables {
		table := arn(stack, "dynamodb", "table/"+named(stack, t))
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
	accept(vault, finding{"CKV_AWS_166", "encrypted with the AWS managed key; what is in it the clients have sealed already"})
	return vault
}

// newBackupRole is what AWS Backup works with, in place of its managed policy, which may read every store of the account.
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
		allow("IntoVaults", []string{"backup:CopyIntoBackupVault", "backup:DescribeBackupVault"}, vaults...),
		allow("TagCopies", []string{"backup:TagResource"}, points),
	)
	if c.backupRegion != "" {
		grant(role, allow("ToTheSecondRegion", []string{"backup:CopyFromBackupVault"}, points))
	}
	accept(role.Node().FindChild(jsii.String("DefaultPolicy")), finding{"AwsSolutions-IAM5", "a copy has its name when it is made"})
	return role
}

// newSecondRegionStack makes the vault that the copies are copied to. It is a stack, as CloudFormation makes things in its own
// region alone.
func newSecondRegionStack(app awscdk.App, c config) awscdk.Stack {
	there := c
	there.region = c.backupRegion
	stack := newStack(app, there, "SecondRegion", "VaultSphere: copies of the tables, kept when the rest goes", true)
	newBackupVault(stack, there)
	return stack
}

func days(n float64) awscdk.Duration { return awscdk.Duration_Days(jsii.Number(n)) }
