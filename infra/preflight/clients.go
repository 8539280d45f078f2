package preflight

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// clients are the clients of one region.
type clients struct {
	config         aws.Config
	backup         *backup.Client
	cloudformation *cloudformation.Client
	dynamodb       *dynamodb.Client
	ecr            *ecr.Client
	iam            *iam.Client
	kms            *kms.Client
	logs           *cloudwatchlogs.Client
	s3             *s3.Client
	ssm            *ssm.Client
}

func clientsFor(cfg aws.Config, region string) clients {
	cfg.Region = region
	return clients{
		config:         cfg,
		backup:         backup.NewFromConfig(cfg),
		cloudformation: cloudformation.NewFromConfig(cfg),
		dynamodb:       dynamodb.NewFromConfig(cfg),
		ecr:            ecr.NewFromConfig(cfg),
		iam:            iam.NewFromConfig(cfg),
		kms:            kms.NewFromConfig(cfg),
		logs:           cloudwatchlogs.NewFromConfig(cfg),
		s3:             s3.NewFromConfig(cfg),
		ssm:            ssm.NewFromConfig(cfg),
	}
}
