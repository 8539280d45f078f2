package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// contextDeployment is the context key for the deployment of a stack.
const contextDeployment = "vaultsphere:deployment"

// named translates a name of production to the deployment of the construct.
func named(c constructs.IConstruct, production string) string {
	deployment, _ := c.Node().TryGetContext(jsii.String(contextDeployment)).(string)
	return names.Deployment(deployment).Name(production)
}

// newStack makes a stack in the configured region, and in the account that deploys it. Without an account in Env the CDK does not look
// up availability zones, so a synth needs no credentials and is reproducible.
func newStack(app awscdk.App, c config, name, description string, protected bool) awscdk.Stack {
	stack := awscdk.NewStack(app, jsii.String(c.deployment.Name(names.StackPrefix+name)), &awscdk.StackProps{
		Env:                   &awscdk.Environment{Region: jsii.String(c.region)},
		Description:           jsii.String(description),
		TerminationProtection: jsii.Bool(protected),
	})
	stack.Node().SetContext(jsii.String(contextDeployment), string(c.deployment))
	awscdk.Tags_Of(stack).Add(jsii.String("Application"), jsii.String("VaultSphere"), nil)
	return stack
}

// output makes a stack output with exactly this name, which the pipeline reads.
func output(stack awscdk.Stack, name, description string, value *string) {
	awscdk.NewCfnOutput(stack, jsii.String(name), &awscdk.CfnOutputProps{Description: jsii.String(description), Value: value})
}

// finding is a rule of cdk-nag (AwsSolutions-…) or checkov (CKV…) that a resource violates on purpose.
type finding struct{ rule, reason string }

// accept adds findings to the metadata of the resource, where both tools and a reviewer see them.
func accept(c constructs.IConstruct, findings ...finding) {
	resource, ok := c.(awscdk.CfnResource)
	if !ok {
		resource = c.Node().DefaultChild().(awscdk.CfnResource)
	}
	var nag, checkov []map[string]string
	for _, f := range findings {
		if f.rule[:3] == "CKV" {
			checkov = append(checkov, map[string]string{"id": f.rule, "comment": f.reason})
		} else {
			nag = append(nag, map[string]string{"id": f.rule, "reason": f.reason})
		}
	}
	if nag != nil {
		resource.AddMetadata(jsii.String("cdk_nag"), map[string]any{"rules_to_suppress": nag})
	}
	if checkov != nil {
		resource.AddMetadata(jsii.String("checkov"), map[string]any{"skip": checkov})
	}
}
