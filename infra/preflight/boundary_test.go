//go:build integration

package preflight_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/infra/preflight"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
)

const policies = "arn:aws:iam::" + emulator.Account + ":policy/"

// bootstrap creates the role that CloudFormation deploys with, with a boundary or, if it is empty, without.
func (w *world) bootstrap(boundary string) {
	w.t.Helper()
	client := iam.NewFromConfig(w.account)
	name := aws.String(deployer + "-" + emulator.Account)
	role := &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String("{}")}
	if boundary != "" {
		role.PermissionsBoundary = aws.String(policies + boundary)
	}
	_, err := client.DeleteRole(w.t.Context(), &iam.DeleteRoleInput{RoleName: name})
	if missing := (*iamtypes.NoSuchEntityException)(nil); !errors.As(err, &missing) {
		w.must(err)
	}
	_, err = client.CreateRole(w.t.Context(), role)
	w.must(err)
}

func boundedRole(boundary string) object {
	policy := object{"Fn::Join": []any{"", []any{"arn:aws:iam::", object{"Ref": "AWS::AccountId"}, ":policy/" + boundary}}}
	return object{"Type": "AWS::IAM::Role", "Properties": object{"PermissionsBoundary": policy}}
}

func TestMissingBoundariesAreRefused(t *testing.T) {
	roles := names.RolesBoundary + emulator.Region
	role := boundedRole(roles)
	dir := assembly(t, map[string]object{data: template(object{}), host: template(object{"Role": role, "Other": role})})
	w := newWorld(t)
	const run = "run 'AWS_REGION=us-east-1 make bootstrap'"
	w.expect(dir, preflight.Options{},
		"account 123456789012 lacks the policy password-manager-roles-us-east-1, the boundary of the roles in this deploy: "+run)

	client := iam.NewFromConfig(w.account)
	policy := &iam.CreatePolicyInput{PolicyName: &roles, PolicyDocument: aws.String(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}`)}
	_, err := client.CreatePolicy(t.Context(), policy)
	w.must(err)
	t.Cleanup(func() {
		if _, err := client.DeletePolicy(context.Background(), &iam.DeletePolicyInput{PolicyArn: aws.String(policies + roles)}); err != nil {
			t.Error(err)
		}
	})
	w.expect(dir, preflight.Options{})
	const deployerRole = "role cdk-pwmanager-cfn-exec-role-123456789012, which CloudFormation deploys with"
	for _, boundary := range []string{"", roles} {
		w.bootstrap(boundary)
		w.expect(dir, preflight.Options{}, deployerRole+", lacks the boundary password-manager-deployment-us-east-1, so it could create a role with any permission: "+run)
	}
	_, err = client.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: aws.String(deployer + "-" + emulator.Account)})
	w.must(err)
	w.expect(dir, preflight.Options{}, deployerRole+" in us-east-1, is missing: "+run)
	w.bootstrap("")
	w.deny("GetRole")
	w.expect(dir, preflight.Options{}, "arn:aws:sts::123456789012:user/moto lacks the permission iam:GetRole, which the preflight needs: add it")
	w.delete(bootstrapVersion)
	w.expect(dir, preflight.Options{}, "account 123456789012 is not bootstrapped for the CDK in us-east-1: "+run)
}
