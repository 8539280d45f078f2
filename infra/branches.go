package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

// newBranchRole makes the role for builds of branches, which run `make diff` and deploy nothing. A branch's build runs any code that
// its author wrote, so the role reads only templates, which hold no secret: no data, no parameters. It assumes no other role,
// because the CDK's lookup role can read the tables.
func newBranchRole(stack awscdk.Stack, c config, trusted awsiam.IPrincipal) awsiam.Role {
	role := awsiam.NewRole(stack, jsii.String("Branches"), &awsiam.RoleProps{
		AssumedBy: trusted, Description: jsii.String("VaultSphere branches"),
	})
	grant(role, allow("ReadTemplates", []string{"cloudformation:DescribeStacks", "cloudformation:GetTemplate"}, stackARNs(stack, c)...))
	accept(role.Node().FindChild(jsii.String("DefaultPolicy")), finding{"AwsSolutions-IAM5", "the wildcard matches the stacks of this app"})
	output(stack, "BranchRole", "ARN of the role that branch builds run make diff with", role.RoleArn())
	return role
}

// branchPrincipal returns the principal that may assume the branch role: the pipeline's role on behalf of a build, or the tokens of
// branch jobs. It returns nil if no subject is set for these.
func branchPrincipal(c config, pipeline awsiam.Role, issuer *string) awsiam.IPrincipal {
	switch {
	case c.jenkins == jenkinsOnEC2:
		return pipeline
	case c.oidc.branchSubject == "":
		return nil
	}
	return jobPrincipal(c, issuer, c.oidc.branchSubject)
}

// jobOfProject splits the subject of a job in a multibranch project into the URL of Jenkins, the project, and the job. The project
// may be in folders.
var jobOfProject = regexp.MustCompile(`^(https://[^/*?$]+(?:/[^/*?$]+)*?)/job/(?:[^/*?$]+/job/)*([^/*?$]+)/job/([^/?$]+?)/?$`)

// subjects checks which tokens may assume the roles. IAM treats * and ? as wildcards and replaces ${…} by a value from the token.
func (p *parser) subjects(o oidc) {
	if strings.Contains(o.audience, "$") {
		p.bad(optOIDCAudience, fmt.Sprintf("is %q, but must be one audience, without a dollar sign", o.audience))
	}
	// A wildcard would let in the job of a branch whose name someone chose to match.
	if strings.ContainsAny(o.subject, "*?$") {
		p.bad(optOIDCSubject, fmt.Sprintf("is %q, but must name main's job, without wildcards: otherwise a branch could assume the role", o.subject))
		return
	}
	main, branch := jobOfProject.FindStringSubmatch(o.subject), jobOfProject.FindStringSubmatch(o.branchSubject)
	switch {
	case o.branchSubject == "":
	case o.branchSubject == o.subject:
		p.bad(optOIDCBranches, fmt.Sprintf("is %q, which is main's job", o.branchSubject))
	case !strings.ContainsAny(o.branchSubject, "*?$"):
	case main == nil:
		p.bad(optOIDCBranches, fmt.Sprintf("is %q, but must name one job without wildcards, because %s does not name a job in a project, …/job/PROJECT/job/main/",
			o.branchSubject, optOIDCSubject))
	case branch == nil || branch[1] != main[1] || branch[2] != main[2] || !strings.HasSuffix(o.branchSubject, "/job/*"):
		p.bad(optOIDCBranches, fmt.Sprintf("is %q, but a wildcard must be the whole name of a job in a project %[2]s of %[3]s, …/job/%[2]s/job/*: "+
			"otherwise jobs of other projects could assume the role", o.branchSubject, main[2], main[1]))
	}
}
