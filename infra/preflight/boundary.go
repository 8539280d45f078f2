package preflight

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// checkBoundaries checks the permissions boundaries that the bootstrap of a region creates. Without the boundary that the templates
// refer to, CloudFormation cannot create their roles. Without the boundary on its own role, it could create any role.
func checkBoundaries(ctx context.Context, cfg aws.Config, region string, all []*stack, who identity) error {
	client := clientsFor(cfg, region).iam
	policies, deployers := bounds(region, all, who)
	var found []error
	for _, policy := range policies {
		_, err := client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &policy})
		switch {
		case hasCode(err, "NoSuchEntity"):
			found = append(found, fmt.Errorf("account %s lacks the policy %s, the boundary of the roles in this deploy: run 'AWS_REGION=%s make bootstrap'",
				who.account, lastPart(policy), region))
		case err != nil:
			found = append(found, fmt.Errorf("look for policy %s: %w", policy, err))
		}
	}
	if len(found) > 0 {
		return errors.Join(found...)
	}
	for _, role := range deployers {
		found = append(found, checkDeployer(ctx, client, region, role))
	}
	return errors.Join(found...)
}

// bounds returns the ARNs of the permissions boundaries in the stacks of a region, and the names of the roles that CloudFormation
// deploys those stacks with.
func bounds(region string, all []*stack, who identity) (policies, deployers []string) {
	for _, s := range all {
		if s.region != region {
			continue
		}
		scope := newScope(s, who)
		for _, id := range s.template.ofType("AWS::IAM::Role") {
			if policy, ok := scope.text(s.template.Resources[id].Properties["PermissionsBoundary"]); ok {
				policies = append(policies, policy)
			}
		}
		if s.executionRole != "" {
			deployers = append(deployers, strings.ReplaceAll(s.executionRole, "${AWS::AccountId}", who.account))
		}
	}
	slices.Sort(policies)
	slices.Sort(deployers)
	return slices.Compact(policies), slices.Compact(deployers)
}

// checkDeployer checks the role that CloudFormation deploys with.
func checkDeployer(ctx context.Context, client *iam.Client, region, role string) error {
	answer, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &role})
	if hasCode(err, "NoSuchEntity") {
		return fmt.Errorf("role %s, which CloudFormation deploys with in %s, is missing: run 'AWS_REGION=%[2]s make bootstrap'", role, region)
	}
	if err != nil {
		return fmt.Errorf("look for role %s: %w", role, err)
	}
	want := names.DeploymentBoundary + region
	if b := answer.Role.PermissionsBoundary; b == nil || lastPart(aws.ToString(b.PermissionsBoundaryArn)) != want {
		return fmt.Errorf("role %s, which CloudFormation deploys with, lacks the boundary %s, so it could create a role with any permission: "+
			"run 'AWS_REGION=%s make bootstrap'", role, want, region)
	}
	return nil
}

// lastPart returns the name at the end of an ARN.
func lastPart(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
