package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// newBranchRole makes the role of builds that deploy nothing: it shows what a deploy would change, and may do what `make diff`
// does. A branch's build runs whatever its author wrote, so the role reads templates, which hold no secret, and no data, no
// parameter, and takes no other role: the CDK's lookup role could read the tables.
func newBranchRole(stack awscdk.Stack, c config, trusted awsiam.IPrincipal) awsiam.Role {
	role := awsiam.NewRole(stack, jsii.String("Branches"), &awsiam.RoleProps{
		AssumedBy: trusted, Description: jsii.String("VaultSphere branches"),
	})
	stacks := []*string{arn(stack, "cloudformation", "stack/"+names.StackPrefix+"*")}
	if c.backupRegion != "" {
		stacks = append(stacks, arnIn(stack, c.backupRegion, "cloudformation", "stack/"+names.StackPrefix+"*"))
	}
	grant(role, allow("ReadTemplates", []string{"cloudformation:DescribeStacks", "cloudformation:GetTemplate"}, stacks...))
	accept(role.Node().FindChild(jsii.String("DefaultPolicy")), finding{"AwsSolutions-IAM5", "the star is this application's stacks"})
	output(stack, "BranchRole", "ARN of the role that a branch's build compares with", role.RoleArn())
	return role
}

// branchPrincipal is who may take the branch role: the pipeline's own role, on behalf of a build, or the tokens of the jobs of
// branches. It is nil where these have no subject.
func branchPrincipal(c config, pipeline awsiam.Role, issuer *string) awsiam.IPrincipal {
	switch {
	case c.jenkins == jenkinsOnEC2:
		return pipeline
	case c.oidc.branchSubject == "":
		return nil
	}
	return jobPrincipal(c, issuer, c.oidc.branchSubject)
}

// jobOfProject takes the subject of a job in a multibranch project of Jenkins apart, which may be in folders: the address of Jenkins,
// the project's name and the job's.
var jobOfProject = regexp.MustCompile(`^(https://[^/*?$]+(?:/[^/*?$]+)*?)/job/(?:[^/*?$]+/job/)*([^/*?$]+)/job/([^/?$]+?)/?$`)

// subjects checks whose tokens the roles are for. IAM reads * and ? as wildcards, and ${…} as what the token itself says.
func (p *parser) subjects(o oidc) {
	if strings.Contains(o.audience, "$") {
		p.bad(optOIDCAudience, fmt.Sprintf("is %q, but must be one audience, without a dollar sign", o.audience))
	}
	// With a wildcard, a job of the same beginning could take the role: that of a branch whose name somebody chose for it.
	if strings.ContainsAny(o.subject, "*?$") {
		p.bad(optOIDCSubject, fmt.Sprintf("is %q, but must name one job, main's, without wildcards: a branch must not take the role", o.subject))
		return
	}
	main, branch := jobOfProject.FindStringSubmatch(o.subject), jobOfProject.FindStringSubmatch(o.branchSubject)
	switch {
	case o.branchSubject == "":
	case o.branchSubject == o.subject:
		p.bad(optOIDCBranches, fmt.Sprintf("is %q, which is main's", o.branchSubject))
	case !strings.ContainsAny(o.branchSubject, "*?$"):
	case main == nil:
		p.bad(optOIDCBranches, fmt.Sprintf("is %q, but must name one job without wildcards, as %s is not that of a job in a project, …/job/PROJECT/job/main/",
			o.branchSubject, optOIDCSubject))
	case branch == nil || branch[1] != main[1] || branch[2] != main[2] || !strings.HasSuffix(o.branchSubject, "/job/*"):
		p.bad(optOIDCBranches, fmt.Sprintf("is %q, but a wildcard must be the whole name of a job in a project %[2]s of %[3]s, …/job/%[2]s/job/*: "+
			"jobs of other projects must not take the role", o.branchSubject, main[2], main[1]))
	}
}
