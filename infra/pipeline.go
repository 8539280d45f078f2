package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// newPipelineStack makes the roles that Jenkins uses for main and for branches. No long-lived credentials are involved: they come from
// the machine that Jenkins runs on, or in exchange for a token that Jenkins signs for one job. The stack refers to resources by name
// and imports nothing, so it deploys in any order or alone.
func newPipelineStack(app awscdk.App, c config) awscdk.Stack {
	stack := newStack(app, c, "Pipeline", "VaultSphere: roles for Jenkins", false)
	var issuer *string
	trusted := service("ec2")
	if c.jenkins == jenkinsWithOIDC {
		issuer = newIssuer(stack, c)
		trusted = jobPrincipal(c, issuer, c.oidc.subject)
	}
	role := awsiam.NewRole(stack, jsii.String("Jenkins"), &awsiam.RoleProps{
		AssumedBy: trusted, Description: jsii.String("VaultSphere pipeline"),
	})
	grant(role, pullStatements(stack)...)
	grant(role, signingKeyStatement(stack, "SignImages", "kms:GetPublicKey", "kms:Sign"))
	grant(role, seedStatements(stack)...)
	grant(role, preflightStatements(stack, c)...)
	grant(role, hostStatements(stack)...)
	grant(role, imageStatements(stack)...)
	grant(role, serviceStatements(stack)...)
	// Last and without a wildcard: the CDK moves what exceeds the size limit into a managed policy, where no finding can be accepted.
	grant(role,
		allow("PushImages", []string{
			"ecr:CompleteLayerUpload", "ecr:DescribeImages", "ecr:DescribeRepositories", "ecr:InitiateLayerUpload", "ecr:PutImage",
			"ecr:UploadLayerPart",
		}, repositoryARN(stack)),
		allow("Deploy", []string{"sts:AssumeRole"}, bootstrapRoles(stack, c)...))
	if principal := branchPrincipal(c, role, issuer); principal != nil {
		branches := newBranchRole(stack, c, principal)
		if c.jenkins == jenkinsOnEC2 {
			grant(role, allow("TakeBranchRole", []string{"sts:AssumeRole"}, branches.RoleArn()))
		}
	}
	accept(role.Node().FindChild(jsii.String("DefaultPolicy")), finding{"AwsSolutions-IAM5",
		"ecr:GetAuthorizationToken, ecr:GetRegistryScanningConfiguration, backup:ListBackupVaults, ec2:Describe actions and ECS " +
			"actions on task definitions do not support resources, and finding the stack that owns a name means asking about all stacks; " +
			"the other wildcards match the stacks and parameters of this app, the names of log groups, what a statement denies, and " +
			"hosts and sessions that a condition limits by tag"})
	output(stack, "JenkinsRole", "ARN of the role that Jenkins deploys with", role.RoleArn())
	if c.jenkins == jenkinsOnEC2 {
		profile := awsiam.NewCfnInstanceProfile(stack, jsii.String("JenkinsProfile"), &awsiam.CfnInstanceProfileProps{
			Roles: &[]any{role.RoleName()},
		})
		output(stack, "JenkinsInstanceProfile", "instance profile for the machine that Jenkins runs on", profile.Ref())
	}
	return stack
}

// newIssuer makes IAM trust the tokens that Jenkins signs, and returns the ARN of the identity provider.
func newIssuer(stack awscdk.Stack, c config) *string {
	return awsiam.NewCfnOIDCProvider(stack, jsii.String("Issuer"), &awsiam.CfnOIDCProviderProps{
		Url: jsii.String(c.oidc.issuer), ClientIdList: jsii.Strings(c.oidc.audience),
	}).AttrArn()
}

// jobPrincipal returns the principal of the jobs with this subject; a final * makes it a prefix. Without both conditions, anyone with
// an account at the issuer could assume the role.
func jobPrincipal(c config, issuer *string, subject string) awsiam.IPrincipal {
	claims := strings.TrimPrefix(c.oidc.issuer, "https://")
	conditions := map[string]any{
		"StringEquals": map[string]any{claims + ":aud": c.oidc.audience, claims + ":sub": subject},
	}
	if strings.HasSuffix(subject, "*") {
		conditions = map[string]any{
			"StringEquals": map[string]any{claims + ":aud": c.oidc.audience},
			"StringLike":   map[string]any{claims + ":sub": subject},
		}
	}
	return awsiam.NewWebIdentityPrincipal(issuer, &conditions)
}

// bootstrapRoles returns the roles of `cdk bootstrap` that the CDK CLI assumes. Their policies decide what a deploy may do.
func bootstrapRoles(stack awscdk.Stack, c config) []*string {
	var roles []*string
	for _, arn := range []*string{
		awscdk.DefaultStackSynthesizer_DEFAULT_DEPLOY_ROLE_ARN(),
		awscdk.DefaultStackSynthesizer_DEFAULT_FILE_ASSET_PUBLISHING_ROLE_ARN(),
		awscdk.DefaultStackSynthesizer_DEFAULT_IMAGE_ASSET_PUBLISHING_ROLE_ARN(),
		awscdk.DefaultStackSynthesizer_DEFAULT_LOOKUP_ROLE_ARN(),
	} {
		roles = append(roles, bootstrapped(stack, c, arn)...)
	}
	return roles
}

// bootstrapped returns the ARN of a bootstrap role in each region that has a stack.
func bootstrapped(stack awscdk.Stack, c config, template *string) []*string {
	arn := qualify(stack, template)
	all := []*string{awscdk.Fn_Sub(arn, nil)}
	if c.backupRegion != "" {
		all = append(all, awscdk.Fn_Sub(jsii.String(strings.ReplaceAll(*arn, "${AWS::Region}", c.backupRegion)), nil))
	}
	return all
}

// qualify inserts the bootstrap qualifier into one of the default synthesizer's templates.
func qualify(stack awscdk.Stack, template *string) *string {
	return jsii.String(strings.ReplaceAll(*template, "${Qualifier}", *stack.Synthesizer().BootstrapQualifier()))
}

// seedStatements allow creating the secret, but neither replacing it, which would end all sessions, nor reading it, which could put it
// into a build log.
func seedStatements(stack awscdk.Stack) []awsiam.PolicyStatement {
	secrets := everyParameterARN(stack, names.EnvSessionSecret)
	return []awsiam.PolicyStatement{
		allow("SeedSecret", []string{"ssm:GetParameters", "ssm:PutParameter"}, secrets...),
		denyIf(map[string]any{"StringEquals": map[string]any{"ssm:Overwrite": "true"}},
			"KeepSecret", []string{"ssm:PutParameter"}, secrets...),
		denyIf(map[string]any{"StringEquals": map[string]any{"kms:EncryptionContext:PARAMETER_ARN": secrets}},
			"KeepSecretSealed", []string{"kms:Decrypt"}, arn(stack, "kms", "key/*")),
	}
}

// preflightStatements allow infra/preflight to inspect the account before a deploy.
func preflightStatements(stack awscdk.Stack, c config) []awsiam.PolicyStatement {
	var bucketARNs []*string
	for _, d := range deploymentsInAccount {
		bucketARNs = append(bucketARNs, bucketARN(stack, d.Name(names.CertificatesBucket(*stack.Account(), *stack.Region()))))
	}
	boundaries := append(bootstrapped(stack, c, awscdk.DefaultStackSynthesizer_DEFAULT_CLOUDFORMATION_ROLE_ARN()),
		awscdk.Fn_Sub(jsii.String("arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/"+names.RolesBoundary+"${AWS::Region}"), nil))
	bootstrapVersion := qualify(stack, awscdk.DefaultStackSynthesizer_DEFAULT_BOOTSTRAP_STACK_VERSION_SSM_PARAMETER())
	settings := append(everyParameterARN(stack, "*"), arn(stack, "ssm", "parameter"+*bootstrapVersion))
	if c.backupRegion != "" {
		settings = append(settings, arnIn(stack, c.backupRegion, "ssm", "parameter"+*bootstrapVersion))
	}
	return []awsiam.PolicyStatement{
		allow("ReadSettings", []string{"ssm:GetParameter", "ssm:GetParameters"}, settings...),
		allow("ReadStacks", []string{"cloudformation:DescribeStacks", "cloudformation:GetTemplate", "cloudformation:ListStackResources"},
			stackARNs(stack, c)...),
		allow("InspectAccount", []string{"backup:ListBackupVaults", "cloudformation:DescribeStackResources", "ecr:GetRegistryScanningConfiguration"}, jsii.String("*")),
		allow("ReadTables", []string{"dynamodb:DescribeTable"}, arn(stack, "dynamodb", "table/"+names.StackPrefix+"*")),
		allow("ReadBuckets", []string{"s3:ListBucket"}, bucketARNs...),
		allow("ReadLogGroups", []string{"logs:DescribeLogGroups"}, arn(stack, "logs", "log-group:*")),
		allow("ReadBoundaries", []string{"iam:GetPolicy", "iam:GetRole"}, boundaries...),
	}
}

// hostStatements allow SSH to the host through Session Manager, and nothing else. The document check excludes
// SSM-SessionManagerRunShell, which would open a shell without a key. Every statement that allows ssm:StartSession needs it. SSH itself
// still requires the key of a user on the host.
func hostStatements(stack awscdk.Stack) []awsiam.PolicyStatement {
	var hosts []string
	for _, d := range deploymentsInAccount {
		hosts = append(hosts, d.Name(hostTag))
	}
	documentCheck := map[string]any{"ssm:SessionDocumentAccessCheck": "true"}
	start := []string{"ssm:StartSession"}
	sessions := arn(stack, "ssm", "session/*")
	return []awsiam.PolicyStatement{
		allowIf(map[string]any{
			"BoolIfExists": documentCheck, "StringEquals": map[string]any{"ssm:resourceTag/Name": hosts},
		}, "ReachHost", start, arn(stack, "ec2", "instance/*")),
		allowIf(map[string]any{"BoolIfExists": documentCheck}, "ReachHostBySSH", start, stack.FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("ssm"), Account: jsii.String(""), Resource: jsii.String("document/AWS-StartSSHSession"),
			ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME,
		})),
		// A channel opens only with the token from StartSession. A condition on the session id is not possible here: for an assumed
		// role the id begins with the role session's name, and ${aws:userid} does not.
		allow("OpenSession", []string{"ssmmessages:OpenDataChannel"}, sessions),
		allowIf(map[string]any{"StringLike": map[string]any{"ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}*"}},
			"EndOwnSessions", []string{"ssm:ResumeSession", "ssm:TerminateSession"}, sessions),
		allow("FindHost", []string{"ec2:DescribeInstances"}, jsii.String("*")),
	}
}

// serviceStatements allow switching the ECS service to another of its task definitions, and finding out why one fails. Only
// CloudFormation registers task definitions.
func serviceStatements(stack awscdk.Stack) []awsiam.PolicyStatement {
	of := func(kind string) []*string {
		var all []*string
		for _, d := range deploymentsInAccount {
			all = append(all, arn(stack, "ecs", kind+"/"+d.Name(names.StackPrefix+"Service-*")))
		}
		return all
	}
	return []awsiam.PolicyStatement{
		allow("ChangeRelease", []string{"ecs:DescribeServices", "ecs:UpdateService"}, of("service")...),
		allow("ReadReleases", []string{"ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions"}, jsii.String("*")),
		allow("ReadTasks", []string{"ecs:DescribeTasks"}, of("task")...),
		allowIf(map[string]any{"ArnLike": map[string]any{"ecs:cluster": of("cluster")}}, "FindTasks", []string{"ecs:ListTasks"}, jsii.String("*")),
		allow("RecordRelease", []string{"ssm:GetParameterHistory", "ssm:PutParameter"}, everyParameterARN(stack, names.Release)...),
	}
}

// imageStatements allow scripts/replace-host.sh to look up the newest image, record the image that the host boots from, and check
// whether another zone offers the instance type.
func imageStatements(stack awscdk.Stack) []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		allow("NewestImage", []string{"ssm:GetParameter"}, stack.FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("ssm"), Account: jsii.String(""), Resource: jsii.String("parameter/aws/service/ami-amazon-linux-latest/*"),
			ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME,
		})),
		allow("RecordImage", []string{"ssm:PutParameter"}, everyParameterARN(stack, names.HostImage+"*")...),
		allow("DescribeImages", []string{"ec2:DescribeImages", "ec2:DescribeInstanceTypeOfferings", "ec2:DescribeSubnets"}, jsii.String("*")),
	}
}

// denyIf is allowIf with the effect Deny.
func denyIf(condition map[string]any, sid string, actions []string, resources ...*string) awsiam.PolicyStatement {
	s := allowIf(condition, sid, actions, resources...)
	s.SetEffect(awsiam.Effect_DENY)
	return s
}
