package preflight

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// deployed is the current state of a stack in CloudFormation.
type deployed struct {
	scope     scope
	previous  map[string]string // values of the template's parameters, which cdk deploy passes again
	resources map[string]string // physical id by logical id
}

// readDeployed returns nil for a stack that is not deployed, or that the CDK will delete and recreate. A state that blocks a deploy is
// an error.
func (c *check) readDeployed(ctx context.Context) (*deployed, error) {
	described, err := describeStack(ctx, c.clients.cloudformation, c.name)
	if err != nil || described == nil {
		return nil, err
	}
	if exists, err := c.usable(described.StackStatus); err != nil || !exists {
		return nil, err
	}
	live := &deployed{previous: map[string]string{}}
	live.scope = newScope(c.stack, c.who)
	live.scope.parameters = map[string]string{}
	for _, p := range described.Parameters {
		key := aws.ToString(p.ParameterKey)
		live.scope.parameters[key] = aws.ToString(p.ParameterValue)
		if p.ResolvedValue != nil {
			live.scope.parameters[key] = *p.ResolvedValue
		}
		live.previous[key] = aws.ToString(p.ParameterValue)
	}
	if live.scope.template, err = c.readTemplate(ctx); err != nil {
		return nil, err
	}
	live.resources, err = c.listResources(ctx)
	return live, err
}

// describeStack returns nil for a stack that does not exist.
func describeStack(ctx context.Context, client *cloudformation.Client, name string) (*types.Stack, error) {
	answer, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	switch {
	case hasCode(err, "ValidationError") && strings.Contains(err.Error(), "does not exist"):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("describe stack %s: %w", name, err)
	case len(answer.Stacks) != 1:
		return nil, fmt.Errorf("describe stack %s: %d stacks have that name", name, len(answer.Stacks))
	}
	return &answer.Stacks[0], nil
}

// usable reports whether a deploy would update a stack in this state. A state that blocks a deploy is an error.
func (c *check) usable(status types.StackStatus) (bool, error) {
	state := fmt.Sprintf("stack %s is in state %s", c.name, status)
	switch status {
	case types.StackStatusDeleteComplete, types.StackStatusRollbackComplete, types.StackStatusReviewInProgress:
		return false, nil
	case types.StackStatusDeleteFailed, types.StackStatusRollbackFailed:
		return false, fmt.Errorf("%s: find the reason in its events, and delete it with %s", state,
			c.command("cloudformation delete-stack --stack-name "+c.name))
	case types.StackStatusUpdateRollbackFailed:
		return false, fmt.Errorf("%s: find the reason in its events, and continue with %s", state,
			c.command("cloudformation continue-update-rollback --stack-name "+c.name))
	case types.StackStatusCreateFailed, types.StackStatusUpdateFailed:
		return false, fmt.Errorf("%s: roll it back with %s", state, c.command("cloudformation rollback-stack --stack-name "+c.name))
	}
	if strings.HasSuffix(string(status), "_IN_PROGRESS") {
		return false, fmt.Errorf("%s, so another deploy is changing it: wait until that has finished", state)
	}
	if strings.HasSuffix(string(status), "_FAILED") {
		return false, fmt.Errorf("%s: find the reason in its events, and repair it first", state)
	}
	return true, nil
}

func (c *check) readTemplate(ctx context.Context) (*template, error) {
	answer, err := c.clients.cloudformation.GetTemplate(ctx, &cloudformation.GetTemplateInput{
		StackName: &c.name, TemplateStage: types.TemplateStageOriginal,
	})
	if err != nil {
		return nil, fmt.Errorf("get the template of stack %s: %w", c.name, err)
	}
	t := new(template)
	if err := json.Unmarshal([]byte(aws.ToString(answer.TemplateBody)), t); err != nil {
		return nil, fmt.Errorf("stack %s has a template that the CDK did not write, so something else deployed it: "+
			"find out what did, and delete it or rename it (%w)", c.name, err)
	}
	return t, nil
}

func (c *check) listResources(ctx context.Context) (map[string]string, error) {
	resources := map[string]string{}
	pages := cloudformation.NewListStackResourcesPaginator(c.clients.cloudformation, &cloudformation.ListStackResourcesInput{StackName: &c.name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the resources of stack %s: %w", c.name, err)
		}
		for _, r := range page.StackResourceSummaries {
			if !gone(r.ResourceStatus) {
				resources[aws.ToString(r.LogicalResourceId)] = aws.ToString(r.PhysicalResourceId)
			}
		}
	}
	return resources, nil
}

// gone reports whether a listed resource no longer belongs to its stack, because the stack deleted or retained it.
func gone(status types.ResourceStatus) bool {
	return status == types.ResourceStatusDeleteComplete || status == types.ResourceStatusDeleteSkipped
}

// checkOwner returns why an existing resource with the name of id in the new template would make the deploy fail. It returns nil if the
// stack already owns the resource as id, and errUnowned if no stack owns it.
func (c *check) checkOwner(ctx context.Context, id, what, name string) error {
	if c.live != nil {
		if c.live.resources[id] == name {
			return nil
		}
		for other, physical := range c.live.resources {
			if physical == name && c.live.scope.template.Resources[other].Type == c.template.Resources[id].Type {
				return fmt.Errorf("%s %s is in stack %s as %s, and this deploy would create it again as %s before it deletes the old one: "+
					"keep the logical id", what, name, c.name, other, id)
			}
		}
	}
	owner, err := c.owner(ctx, name, c.template.Resources[id].Type)
	switch {
	case err != nil:
		return err
	case owner != "":
		return fmt.Errorf("%s %s belongs to stack %s, so stack %s cannot create it: remove it from that stack first", what, name, owner, c.name)
	}
	return errUnowned
}

var errUnowned = errors.New("it belongs to no stack")

// adopt returns the advice to import a resource without a stack into this one. CloudFormation can do that during a deploy if the
// resource has a literal name and the DeletionPolicy Retain (user guide, "Import AWS resources into a CloudFormation stack
// automatically"). `cdk import` does not work here, because it rejects all other changes.
func (c *check) adopt() string {
	return fmt.Sprintf("adopt it with 'infra/node_modules/.bin/cdk deploy --app %s --import-existing-resources %s'", c.dir, c.name)
}

// owner returns the stack that owns a resource, or "".
func (c *check) owner(ctx context.Context, name, kind string) (string, error) {
	answer, err := c.clients.cloudformation.DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{PhysicalResourceId: &name})
	if hasCode(err, "ValidationError") {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for the stack of %s: %w", name, err)
	}
	for _, r := range answer.StackResources {
		if aws.ToString(r.PhysicalResourceId) == name && aws.ToString(r.ResourceType) == kind && !gone(r.ResourceStatus) {
			return aws.ToString(r.StackName), nil
		}
	}
	return "", nil
}

// command formats a command of the AWS CLI for the region of the stack.
func (c *check) command(line string) string {
	return fmt.Sprintf("'aws %s --region %s'", line, c.region)
}
