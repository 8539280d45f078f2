package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// contextDeployment is the key under which a stack knows which deployment it is part of.
const contextDeployment = "vaultsphere:deployment"

// named is what production's name is in the deployment that the construct is part of.
func named(c constructs.IConstruct, production string) string {
	deployment, _ := c.Node().TryGetContext(jsii.String(contextDeployment)).(string)
	return names.Deployment(deployment).Name(production)
}

// newStack makes a stack in the region that was asked for and in whatever account deploys it. An account that is left open
// also keeps the CDK from looking availability zones up, so that a synth needs no credentials and is the same everywhere.
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

// output makes a value that the pipeline needs, under exactly this name.
func output(stack awscdk.Stack, name, description string, value *string) {
	awscdk.NewCfnOutput(stack, jsii.String(name), &awscdk.CfnOutputProps{Description: jsii.String(description), Value: value})
}

// finding is a rule of cdk-nag (AwsSolutions-…) or of checkov (CKV…) that a resource breaks on purpose.
type finding struct{ rule, reason string }

// accept writes findings beside the resource, where both tools and a reviewer read them.
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
