package preflight

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// named lists the types with fixed names. A stack cannot create a resource whose name is in use, for example because a deleted stack
// retained it.
var named = []struct {
	kind, noun string
	exists     func(context.Context, clients, string) (bool, error)
}{
	{"AWS::Backup::BackupVault", "backup vault", vaultExists},
	{"AWS::DynamoDB::GlobalTable", "DynamoDB table", tableExists},
	{"AWS::DynamoDB::Table", "DynamoDB table", tableExists},
	{"AWS::ECR::Repository", "ECR repository", repositoryExists},
	{"AWS::KMS::Alias", "key alias", aliasExists},
	{"AWS::Logs::LogGroup", "log group", logGroupExists},
	{"AWS::S3::Bucket", "bucket", bucketExists},
}

func (c *check) checkNamed(ctx context.Context) error {
	var found []error
	for _, n := range named {
		for _, id := range c.template.ofType(n.kind) {
			name, ok := c.scope.text(c.template.Resources[id].Properties[nameProperty[n.kind]])
			if !ok {
				continue
			}
			exists, err := n.exists(ctx, c.clients, name)
			switch {
			case err != nil:
				found = append(found, fmt.Errorf("look for %s %s: %w", n.noun, name, err))
				continue
			case !exists && c.live != nil && c.live.resources[id] == name:
				found = append(found, fmt.Errorf("%s %s of stack %s was deleted by hand, and no deploy would create it again: restore it under that name", n.noun, name, c.name))
				continue
			case !exists:
				continue
			}
			if err = c.checkOwner(ctx, id, n.noun, name); errors.Is(err, errUnowned) {
				remedy := "delete it, or set its DeletionPolicy to Retain in the app, so it can be adopted"
				if c.template.Resources[id].retained() {
					remedy = c.adopt()
				}
				err = fmt.Errorf("%s %s already exists outside stack %s: %s", n.noun, name, c.name, remedy)
			}
			found = append(found, err)
		}
	}
	return errors.Join(found...)
}

func tableExists(ctx context.Context, c clients, name string) (bool, error) {
	_, err := c.dynamodb.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	return existence(err, "ResourceNotFoundException")
}

func repositoryExists(ctx context.Context, c clients, name string) (bool, error) {
	_, err := c.ecr.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{name}})
	return existence(err, "RepositoryNotFoundException")
}

// bucketExists lists the bucket, because S3 returns no error code for HeadBucket.
func bucketExists(ctx context.Context, c clients, name string) (bool, error) {
	_, err := c.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &name, MaxKeys: aws.Int32(1)})
	return existence(err, "NoSuchBucket")
}

func aliasExists(ctx context.Context, c clients, name string) (bool, error) {
	_, err := c.kms.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: &name})
	return existence(err, "NotFoundException")
}

// vaultExists lists all vaults, because AWS Backup denies access to a vault that does not exist.
func vaultExists(ctx context.Context, c clients, name string) (bool, error) {
	pages := backup.NewListBackupVaultsPaginator(c.backup, nil)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, err
		}
		for _, vault := range page.BackupVaultList {
			if aws.ToString(vault.BackupVaultName) == name {
				return true, nil
			}
		}
	}
	return false, nil
}

func existence(err error, missing string) (bool, error) {
	if hasCode(err, missing) {
		return false, nil
	}
	return err == nil, err
}

// logGroupExists lists all log groups with the prefix, because there is no call for a single one.
func logGroupExists(ctx context.Context, c clients, name string) (bool, error) {
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(c.logs, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, err
		}
		for _, group := range page.LogGroups {
			if aws.ToString(group.LogGroupName) == name {
				return true, nil
			}
		}
	}
	return false, nil
}
