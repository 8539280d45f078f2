package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/jsii-runtime-go"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// Untagged images are leftovers of a push. keepReleases tagged ones stay available for a rollback. A signature is an image with its
// own tag, and is kept longer than the release that it signs.
const (
	keepReleases     = 50
	keepSignatures   = 4 * keepReleases
	keepUntaggedDays = 7
)

const sealedByClients = "encrypted with the AWS managed key; clients seal the content before they send it"

// A certificate is valid for six days.
const keepOldCertificatesDays = 7

// newDataStack makes everything that outlives the platform: images, tables, settings, certificates and logs.
func newDataStack(app awscdk.App, c config) awscdk.Stack {
	stack := newStack(app, c, "Data", "VaultSphere: images, tables, settings, certificates and logs, retained when the platform is destroyed", true)
	// All deployments share production's repository and signing key, so production gets the very image that staging served.
	if c.deployment == "" {
		output(stack, "RepositoryUri", "repository that the pipeline pushes images to", newRepository(stack).RepositoryUri())
		newSigningKey(stack)
	}
	if c.imageScanning == scansEnhanced {
		newEnhancedScanning(stack)
	}
	newTables(stack)
	if c.backups != backupsOff {
		newBackups(stack, c)
	}
	newCertificates(stack)
	for _, s := range settings() {
		awsssm.NewStringParameter(stack, jsii.String("Setting"+s.name), &awsssm.StringParameterProps{
			ParameterName: jsii.String(named(stack, names.ParameterPath) + s.name),
			StringValue:   jsii.String(s.value(c)),
			Description:   jsii.String(s.meaning),
		}).ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN)
	}
	logs := awslogs.NewLogGroup(stack, jsii.String("Logs"), &awslogs.LogGroupProps{
		LogGroupName:  jsii.String(named(stack, names.LogGroup)),
		Retention:     logRetention,
		RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
	})
	accept(logs, finding{"CKV_AWS_158", "encrypted with the service's key; the server logs no secrets"})
	countRequests(stack, logs)
	if c.monthlyBudget > 0 {
		newBudget(stack, c)
	}
	output(stack, "Region", "AWS region of the platform", jsii.String(c.region))
	return stack
}

func newRepository(stack awscdk.Stack) awsecr.Repository {
	repository := awsecr.NewRepository(stack, jsii.String("Repository"), &awsecr.RepositoryProps{
		RepositoryName:     jsii.String(names.Repository),
		ImageScanOnPush:    jsii.Bool(true),
		Encryption:         awsecr.RepositoryEncryption_KMS(),
		ImageTagMutability: awsecr.TagMutability_IMMUTABLE_WITH_EXCLUSION,
		ImageTagMutabilityExclusionFilters: &[]awsecr.ImageTagMutabilityExclusionFilter{
			awsecr.ImageTagMutabilityExclusionFilter_Wildcard(jsii.String("latest")),
		},
		LifecycleRules: &[]*awsecr.LifecycleRule{
			{
				RulePriority: jsii.Number(1),
				Description:  jsii.String("leftovers of a push"),
				TagStatus:    awsecr.TagStatus_UNTAGGED,
				MaxImageAge:  awscdk.Duration_Days(jsii.Number(keepUntaggedDays)),
			},
			{
				RulePriority:   jsii.Number(2),
				Description:    jsii.String("signatures"),
				TagStatus:      awsecr.TagStatus_TAGGED,
				TagPatternList: jsii.Strings("sha256-*.sig"),
				MaxImageCount:  jsii.Number(keepSignatures),
			},
			{
				// The count includes signatures, but those that rule 2 matches are left to it. The images of the single
				// platforms are untagged and expire with their release.
				RulePriority:   jsii.Number(3),
				Description:    jsii.String("releases to roll back to, each with its signature"),
				TagStatus:      awsecr.TagStatus_TAGGED,
				TagPatternList: jsii.Strings("*"),
				MaxImageCount:  jsii.Number(2 * keepReleases),
			},
		},
		RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
	})
	accept(repository, finding{"CKV_AWS_51", "every tag is immutable except latest, which names the newest push; releases are deployed by digest"})
	return repository
}

// newSigningKey makes the key that signs releases. IAM policies decide who may sign. The key policy denies the actions that would
// block every release, so they cannot happen by accident.
func newSigningKey(stack awscdk.Stack) {
	all := jsii.Strings("*")
	key := awskms.NewKey(stack, jsii.String("SigningKey"), &awskms.KeyProps{
		Description: jsii.String("VaultSphere: signs releases; hosts run only signed ones"),
		KeySpec:     awskms.KeySpec_ECC_NIST_P256,
		KeyUsage:    awskms.KeyUsage_SIGN_VERIFY,
		Policy: awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &[]awsiam.PolicyStatement{
			awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
				Sid: jsii.String("PoliciesOfTheAccount"), Actions: jsii.Strings("kms:*"), Resources: all,
				Principals: &[]awsiam.IPrincipal{awsiam.NewAccountRootPrincipal()},
			}),
			awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
				Sid: jsii.String("NotByAccident"), Effect: awsiam.Effect_DENY, Resources: all,
				Actions:    jsii.Strings("kms:DeleteAlias", "kms:DisableKey", "kms:ScheduleKeyDeletion", "kms:UpdateAlias"),
				Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()},
			}),
		}}),
		RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
	})
	awskms.NewAlias(stack, jsii.String("SigningKeyAlias"), &awskms.AliasProps{
		AliasName: jsii.String(names.SigningKey), TargetKey: key, RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
	})
}

// newEnhancedScanning lets Amazon Inspector scan the images. It finds the modules that are linked into a program; basic scanning only
// finds distribution packages, and the image has none. An account has one such configuration per region, and repositories that no
// rule matches are no longer scanned. It is not retained, so turning the option off removes it.
func newEnhancedScanning(stack awscdk.Stack) {
	awsecr.NewCfnRegistryScanningConfiguration(stack, jsii.String("EnhancedScanning"), &awsecr.CfnRegistryScanningConfigurationProps{
		ScanType: jsii.String("ENHANCED"),
		Rules: []any{&awsecr.CfnRegistryScanningConfiguration_ScanningRuleProperty{
			ScanFrequency: jsii.String("CONTINUOUS_SCAN"),
			RepositoryFilters: []any{&awsecr.CfnRegistryScanningConfiguration_RepositoryFilterProperty{
				Filter:     jsii.String(names.Repository),
				FilterType: jsii.String("WILDCARD"),
			}},
		}},
	})
}

// newCertificates makes the bucket for the copy of the proxy's certificates.
func newCertificates(stack awscdk.Stack) {
	bucket := awss3.NewBucket(stack, jsii.String("Certificates"), &awss3.BucketProps{
		BucketName:        jsii.String(certificatesBucket(stack)),
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		EnforceSSL:        jsii.Bool(true),
		Versioned:         jsii.Bool(true),
		RemovalPolicy:     awscdk.RemovalPolicy_RETAIN,
		LifecycleRules: &[]*awss3.LifecycleRule{{
			NoncurrentVersionExpiration:         awscdk.Duration_Days(jsii.Number(keepOldCertificatesDays)),
			AbortIncompleteMultipartUploadAfter: awscdk.Duration_Days(jsii.Number(1)),
		}},
	})
	bucket.Policy().ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN)
	accept(bucket,
		finding{"AwsSolutions-S1", "it holds one object, which only the host's role reads and writes"},
		finding{"CKV_AWS_18", "it holds one object, which only the host's role reads and writes"})
}

// newTables makes the tables of app/store/dynamo.
func newTables(stack awscdk.Stack) {
	newTable(stack, "Users", names.UsersTable, names.UsersKey, "", false)
	newRecordsTable(stack, "Accounts", names.AccountsTable)
	newRecordsTable(stack, "Passwords", names.PasswordsTable)
	newTable(stack, "Sessions", names.SessionsTable, names.SessionsKey, "", true)
	newTable(stack, "Vaults", names.VaultsTable, names.VaultsPartitionKey, names.VaultsSortKey, true)
	newTable(stack, "Events", names.EventsTable, names.EventsPartitionKey, names.EventsSortKey, true)
}

func newRecordsTable(stack awscdk.Stack, id, name string) {
	newTable(stack, id, name, names.RecordsPartitionKey, names.RecordsSortKey, true).AddLocalSecondaryIndex(
		&awsdynamodb.LocalSecondaryIndexProps{
			IndexName:      jsii.String(names.RevisionIndex),
			SortKey:        attribute(names.RevisionAttribute, awsdynamodb.AttributeType_NUMBER),
			ProjectionType: awsdynamodb.ProjectionType_ALL,
		})
}

// newTable makes a table. It has no sort key if sort is empty.
func newTable(stack awscdk.Stack, id, name, partition, sort string, expires bool) awsdynamodb.Table {
	props := &awsdynamodb.TableProps{
		TableName:          jsii.String(named(stack, name)),
		PartitionKey:       attribute(partition, awsdynamodb.AttributeType_STRING),
		BillingMode:        awsdynamodb.BillingMode_PAY_PER_REQUEST,
		Encryption:         awsdynamodb.TableEncryption_AWS_MANAGED,
		DeletionProtection: jsii.Bool(true),
		RemovalPolicy:      awscdk.RemovalPolicy_RETAIN,
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: jsii.Bool(true),
		},
	}
	if sort != "" {
		props.SortKey = attribute(sort, awsdynamodb.AttributeType_STRING)
	}
	if expires {
		props.TimeToLiveAttribute = jsii.String(names.TTLAttribute)
	}
	table := awsdynamodb.NewTable(stack, jsii.String(id), props)
	accept(table, finding{"CKV_AWS_119", sealedByClients})
	return table
}

func attribute(name string, t awsdynamodb.AttributeType) *awsdynamodb.Attribute {
	return &awsdynamodb.Attribute{Name: jsii.String(name), Type: t}
}
