package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// tableActions is what app/store/dynamo does. A transaction needs the rights of its parts.
var tableActions = []string{
	"dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem",
	"dynamodb:Query", "dynamodb:UpdateItem",
}

var tables = []string{names.UsersTable, names.AccountsTable, names.PasswordsTable, names.SessionsTable}

var indexedTables = []string{names.AccountsTable, names.PasswordsTable}

// arn makes the ARN of something in this stack's own account and region.
func arn(stack awscdk.Stack, service, resource string) *string {
	return arnIn(stack, *stack.Region(), service, resource)
}

// arnIn is arn for another region.
func arnIn(stack awscdk.Stack, region, service, resource string) *string {
	return stack.FormatArn(&awscdk.ArnComponents{
		Service: jsii.String(service), Region: jsii.String(region), Resource: jsii.String(resource), ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME,
	})
}

// deploymentsInAccount are those whose names the pipeline's role knows.
var deploymentsInAccount = []names.Deployment{"", names.Staging}

// parameterARN is the ARN of the parameter name under names.ParameterPath; with "*" all of them.
func parameterARN(stack awscdk.Stack, name string) *string {
	return arn(stack, "ssm", "parameter"+named(stack, names.ParameterPath)+name)
}

// everyParameterARN is parameterARN in each deployment.
func everyParameterARN(stack awscdk.Stack, name string) []*string {
	var all []*string
	for _, d := range deploymentsInAccount {
		all = append(all, arn(stack, "ssm", "parameter"+d.Name(names.ParameterPath)+name))
	}
	return all
}

// certificatesBucket is the name of the deployment's own.
func certificatesBucket(stack awscdk.Stack) string {
	return named(stack, names.CertificatesBucket(*stack.Account(), *stack.Region()))
}

// bucketARN is that of a bucket, or of a key in one.
func bucketARN(stack awscdk.Stack, name string) *string {
	return stack.FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("s3"), Region: jsii.String(""), Account: jsii.String(""), ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME,
		Resource: &name,
	})
}

func repositoryARN(stack awscdk.Stack) *string {
	return arn(stack, "ecr", "repository/"+names.Repository)
}

// tableStatements allow what the server does with its tables. With principals they are those of a resource's policy.
func tableStatements(stack awscdk.Stack, principals ...awsiam.IPrincipal) []awsiam.PolicyStatement {
	var ofTables, ofIndexes []*string
	for _, t := range tables {
		ofTables = append(ofTables, arn(stack, "dynamodb", "table/"+named(stack, t)))
	}
	for _, t := range indexedTables {
		ofIndexes = append(ofIndexes, arn(stack, "dynamodb", "table/"+named(stack, t)+"/index/"+names.RevisionIndex))
	}
	statements := []awsiam.PolicyStatement{
		allow("Tables", tableActions, ofTables...),
		allow("Indexes", []string{"dynamodb:Query"}, ofIndexes...),
	}
	for _, s := range statements {
		s.AddPrincipals(principals...)
	}
	return statements
}

// pullStatements allow to pull images of the one repository. A token for the registry cannot be had for less than all.
func pullStatements(stack awscdk.Stack) []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		allow("RegistryToken", []string{"ecr:GetAuthorizationToken"}, jsii.String("*")),
		allow("PullImages", []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
			repositoryARN(stack)),
	}
}

// signingKeyStatement allows actions with the key that releases are signed with, which is known by its alias.
func signingKeyStatement(stack awscdk.Stack, sid string, actions ...string) awsiam.PolicyStatement {
	return allowIf(map[string]any{"ForAnyValue:StringEquals": map[string]any{"kms:ResourceAliases": names.SigningKey}},
		sid, actions, arn(stack, "kms", "key/*"))
}

func allow(sid string, actions []string, resources ...*string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String(sid), Actions: jsii.Strings(actions...), Resources: &resources,
	})
}

// allowIf is allow under a condition, such as {"StringEquals": {"cloudwatch:namespace": "…"}}.
func allowIf(condition map[string]any, sid string, actions []string, resources ...*string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String(sid), Actions: jsii.Strings(actions...), Resources: &resources, Conditions: &condition,
	})
}

// grant gives the role exactly these statements, in a policy of its own.
func grant(role awsiam.Role, statements ...awsiam.PolicyStatement) {
	for _, s := range statements {
		role.AddToPolicy(s)
	}
}

// service is the AWS service name, such as "ec2", as a principal.
func service(name string) awsiam.IPrincipal {
	return awsiam.NewServicePrincipal(jsii.String(name+".amazonaws.com"), nil)
}
