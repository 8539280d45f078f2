package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// newPipelineStack makes the roles that Jenkins works with, that of main and that of branches. No key of them has to be kept:
// short-lived ones come with the machine that Jenkins runs on, or for a token that Jenkins signs for one job. The role names what it may touch and imports nothing, so
// that this stack can go first, last or alone.
func newPipelineStack(app awscdk.App, c config) awscdk.Stack {
	stack := newStack(app, c, "Pipeline", "VaultSphere: the role that Jenkins deploys with", false)
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
	// Without a star and last: what makes the policy too long goes into a managed one, which no finding can be accepted on.
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
		"ecr:GetAuthorizationToken, ecr:GetRegistryScanningConfiguration, backup:ListBackupVaults, what EC2 describes and what ECS " +
			"says of task definitions know no resources, and which stack owns a name is a question to all stacks; the other stars are this application's stacks and parameters, the names of log groups, what a statement " +
			"denies, and the hosts and sessions that a condition on their tags picks"})
	output(stack, "JenkinsRole", "ARN of the role that Jenkins deploys with", role.RoleArn())
	if c.jenkins == jenkinsOnEC2 {
		profile := awsiam.NewCfnInstanceProfile(stack, jsii.String("JenkinsProfile"), &awsiam.CfnInstanceProfileProps{
			Roles: &[]any{role.RoleName()},
		})
		output(stack, "JenkinsInstanceProfile", "give this instance profile to the machine that Jenkins runs on", profile.Ref())
	}
	return stack
}

// newIssuer makes AWS believe the tokens that Jenkins signs, and returns the ARN of that.
func newIssuer(stack awscdk.Stack, c config) *string {
	return awsiam.NewCfnOIDCProvider(stack, jsii.String("Issuer"), &awsiam.CfnOIDCProviderProps{
		Url: jsii.String(c.oidc.issuer), ClientIdList: jsii.Strings(c.oidc.audience),
	}).AttrArn()
}

// jobPrincipal is the job with this subject, or the jobs whose subjects begin so if it ends in a star. Without both conditions,
// whoever has an account with the issuer could take the role.
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

// bootstrapRoles are the roles of `cdk bootstrap` that the CDK CLI works with. What a deploy may do stands in them.
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

// bootstrapped is the ARN of a role of the bootstrap, in each region that a stack goes to.
func bootstrapped(stack awscdk.Stack, c config, template *string) []*string {
	arn := qualify(stack, template)
	all := []*string{awscdk.Fn_Sub(arn, nil)}
	if c.backupRegion != "" {
		all = append(all, awscdk.Fn_Sub(jsii.String(strings.ReplaceAll(*arn, "${AWS::Region}", c.backupRegion)), nil))
	}
	return all
}

// qualify fills the name of the bootstrap into one of the default synthesizer's templates.
func qualify(stack awscdk.Stack, template *string) *string {
	return jsii.String(strings.ReplaceAll(*template, "${Qualifier}", *stack.Synthesizer().BootstrapQualifier()))
}

// seedStatements let the secret be put where there is none. Neither to replace it nor to read it is the pipeline's business:
// the first would end all sessions, the second would bring it into a build log one day.
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

// preflightStatements let infra/preflight look at what a deploy would meet.
func preflightStatements(stack awscdk.Stack, c config) []awsiam.PolicyStatement {
	var tableARNs, bucketARNs []*string
	for _, d := range deploymentsInAccount {
		bucketARNs = append(bucketARNs, bucketARN(stack, d.Name(names.CertificatesBucket(*stack.Account(), *stack.Region()))))
		for _, t := range tables {
			tableARNs = append(tableARNs, arn(stack, "dynamodb", "table/"+d.Name(t)))
		}
	}
	boundaries := append(bootstrapped(stack, c, awscdk.DefaultStackSynthesizer_DEFAULT_CLOUDFORMATION_ROLE_ARN()),
		awscdk.Fn_Sub(jsii.String("arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/"+names.RolesBoundary+"${AWS::Region}"), nil))
	bootstrapVersion := qualify(stack, awscdk.DefaultStackSynthesizer_DEFAULT_BOOTSTRAP_STACK_VERSION_SSM_PARAMETER())
	settings := append(everyParameterARN(stack, "*"), arn(stack, "ssm", "parameter"+*bootstrapVersion))
	stacks := []*string{arn(stack, "cloudformation", "stack/"+names.StackPrefix+"*")}
	if c.backupRegion != "" {
		settings = append(settings, arnIn(stack, c.backupRegion, "ssm", "parameter"+*bootstrapVersion))
		stacks = append(stacks, arnIn(stack, c.backupRegion, "cloudformation", "stack/"+names.StackPrefix+"*"))
	}
	return []awsiam.PolicyStatement{
		allow("ReadSettings", []string{"ssm:GetParameter", "ssm:GetParameters"}, settings...),
		allow("ReadStacks", []string{"cloudformation:DescribeStacks", "cloudformation:GetTemplate", "cloudformation:ListStackResources"},
			stacks...),
		allow("LookAround", []string{"backup:ListBackupVaults", "cloudformation:DescribeStackResources", "ecr:GetRegistryScanningConfiguration"}, jsii.String("*")),
		allow("ReadTables", []string{"dynamodb:DescribeTable"}, tableARNs...),
		allow("ReadBuckets", []string{"s3:ListBucket"}, bucketARNs...),
		allow("ReadLogGroups", []string{"logs:DescribeLogGroups"}, arn(stack, "logs", "log-group:*")),
		allow("ReadBoundaries", []string{"iam:GetPolicy", "iam:GetRole"}, boundaries...),
	}
}

// hostStatements let SSH reach the host through Session Manager, and nothing else: the document check keeps out
// SSM-SessionManagerRunShell, which is a shell for whoever may start a session at all. It has to stand in every statement that
// allows ssm:StartSession. SSH still wants the key of a user of the host.
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
		// Only the token that StartSession hands out opens a channel. A session is not told by its id here: an assumed role's
		// begins with the role session's name, which ${aws:userid} does not.
		allow("OpenSession", []string{"ssmmessages:OpenDataChannel"}, sessions),
		allowIf(map[string]any{"StringLike": map[string]any{"ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}*"}},
			"EndOwnSessions", []string{"ssm:ResumeSession", "ssm:TerminateSession"}, sessions),
		allow("FindHost", []string{"ec2:DescribeInstances"}, jsii.String("*")),
	}
}

// serviceStatements let the ECS service run another of its task definitions, and say why one does not serve. What a task
// definition holds is CloudFormation's business.
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

// imageStatements let scripts/replace-host.sh look up the newest image, write down which one the host boots from, and find out
// whether another zone has the host's type.
func imageStatements(stack awscdk.Stack) []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		allow("NewestImage", []string{"ssm:GetParameter"}, stack.FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("ssm"), Account: jsii.String(""), Resource: jsii.String("parameter/aws/service/ami-amazon-linux-latest/*"),
			ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME,
		})),
		allow("RememberImage", []string{"ssm:PutParameter"}, everyParameterARN(stack, names.HostImage+"*")...),
		allow("LookAtImages", []string{"ec2:DescribeImages", "ec2:DescribeInstanceTypeOfferings", "ec2:DescribeSubnets"}, jsii.String("*")),
	}
}

// denyIf is allowIf that forbids, whatever else allows.
func denyIf(condition map[string]any, sid string, actions []string, resources ...*string) awsiam.PolicyStatement {
	s := allowIf(condition, sid, actions, resources...)
	s.SetEffect(awsiam.Effect_DENY)
	return s
}
