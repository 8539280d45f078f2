package main

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// tableActions are the actions that app/store/dynamo calls. A transaction needs the permissions of its parts.
var tableActions = []string{
	"dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem",
	"dynamodb:Query", "dynamodb:UpdateItem",
}

// tables are those without which the server cannot answer.
var tables = []string{names.UsersTable, names.AccountsTable, names.PasswordsTable, names.SessionsTable, names.VaultsTable}

// eventsActions are those of tableActions that the audit trail needs: the server cannot delete an event.
var eventsActions = []string{"dynamodb:Query", "dynamodb:UpdateItem"}

// everyTable adds the table of the audit trail.
func everyTable() []string { return append(slices.Clone(tables), names.EventsTable) }

var indexedTables = []string{names.AccountsTable, names.PasswordsTable}

// arn returns the ARN of a resource in the stack's account and region.
func arn(stack awscdk.Stack, service, resource string) *string {
	return arnIn(stack, *stack.Region(), service, resource)
}

// arnIn is arn for another region.
func arnIn(stack awscdk.Stack, region, service, resource string) *string {
	return stack.FormatArn(&awscdk.ArnComponents{
		Service: jsii.String(service), Region: jsii.String(region), Resource: jsii.String(resource), ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME,
	})
}

// deploymentsInAccount are the deployments that the pipeline's role can reach.
var deploymentsInAccount = []names.Deployment{"", names.Staging}

// parameterARN returns the ARN of a parameter under names.ParameterPath; "*" matches all of them.
func parameterARN(stack awscdk.Stack, name string) *string {
	return arn(stack, "ssm", "parameter"+named(stack, names.ParameterPath)+name)
}

// everyParameterARN returns the parameter's ARN in each deployment.
func everyParameterARN(stack awscdk.Stack, name string) []*string {
	var all []*string
	for _, d := range deploymentsInAccount {
		all = append(all, arn(stack, "ssm", "parameter"+d.Name(names.ParameterPath)+name))
	}
	return all
}

// certificatesBucket returns the name of the deployment's bucket of certificates.
func certificatesBucket(stack awscdk.Stack) string {
	return named(stack, names.CertificatesBucket(*stack.Account(), *stack.Region()))
}

// bucketARN returns the ARN of a bucket, or of a key in one.
func bucketARN(stack awscdk.Stack, name string) *string {
	return stack.FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("s3"), Region: jsii.String(""), Account: jsii.String(""), ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME,
		Resource: &name,
	})
}

// tableARN returns the ARN of a table in the deployment of the stack.
func tableARN(stack awscdk.Stack, name string) *string {
	return arn(stack, "dynamodb", "table/"+named(stack, name))
}

// stackARNs returns the pattern of all stacks of the app in each region that has one.
func stackARNs(stack awscdk.Stack, c config) []*string {
	const all = "stack/" + names.StackPrefix + "*"
	arns := []*string{arn(stack, "cloudformation", all)}
	if c.backupRegion != "" {
		arns = append(arns, arnIn(stack, c.backupRegion, "cloudformation", all))
	}
	return arns
}

func repositoryARN(stack awscdk.Stack) *string {
	return arn(stack, "ecr", "repository/"+names.Repository)
}

// tableStatements allow the server to use its tables. Principals make them statements of a resource policy.
func tableStatements(stack awscdk.Stack, principals ...awsiam.IPrincipal) []awsiam.PolicyStatement {
	var ofTables, ofIndexes []*string
	for _, t := range tables {
		ofTables = append(ofTables, tableARN(stack, t))
	}
	for _, t := range indexedTables {
		ofIndexes = append(ofIndexes, tableARN(stack, t+"/index/"+names.RevisionIndex))
	}
	statements := []awsiam.PolicyStatement{
		allow("Tables", tableActions, ofTables...),
		allow("Indexes", []string{"dynamodb:Query"}, ofIndexes...),
		allow("Events", eventsActions, tableARN(stack, names.EventsTable)),
	}
	for _, s := range statements {
		s.AddPrincipals(principals...)
	}
	return statements
}

// pullStatements allow pulling images from the repository. A registry token cannot be limited to one repository.
func pullStatements(stack awscdk.Stack) []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		allow("RegistryToken", []string{"ecr:GetAuthorizationToken"}, jsii.String("*")),
		allow("PullImages", []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
			repositoryARN(stack)),
	}
}

// signingKeyStatement allows actions with the key that signs releases, which only its alias identifies.
func signingKeyStatement(stack awscdk.Stack, sid string, actions ...string) awsiam.PolicyStatement {
	return allowIf(map[string]any{"ForAnyValue:StringEquals": map[string]any{"kms:ResourceAliases": names.SigningKey}},
		sid, actions, arn(stack, "kms", "key/*"))
}

func allow(sid string, actions []string, resources ...*string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String(sid), Actions: jsii.Strings(actions...), Resources: &resources,
	})
}

// allowIf is allow with a condition, such as {"StringEquals": {"cloudwatch:namespace": "…"}}.
func allowIf(condition map[string]any, sid string, actions []string, resources ...*string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String(sid), Actions: jsii.Strings(actions...), Resources: &resources, Conditions: &condition,
	})
}

// grant adds the statements to the role's inline policy.
func grant(role awsiam.Role, statements ...awsiam.PolicyStatement) {
	for _, s := range statements {
		role.AddToPolicy(s)
	}
}

// service returns the principal of an AWS service, such as "ec2".
func service(name string) awsiam.IPrincipal {
	return awsiam.NewServicePrincipal(jsii.String(name+".amazonaws.com"), nil)
}
