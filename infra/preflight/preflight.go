// Package preflight compares a synthesized CDK app with the AWS account it is about to change, so that a deploy that
// would fail halfway, or replace something by surprise, is refused before it has changed anything. It only reads.
package preflight

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Actions are the IAM actions that Run needs, besides those that need no permission.
var Actions = []string{
	"cloudformation:DescribeStackResources",
	"cloudformation:DescribeStacks",
	"cloudformation:GetTemplate",
	"cloudformation:ListStackResources",
	"dynamodb:DescribeTable",
	"ecr:DescribeImages",
	"ecr:DescribeRepositories",
	"ecr:GetRegistryScanningConfiguration",
	"kms:GetPublicKey",
	"logs:DescribeLogGroups",
	"s3:ListBucket",
	"ssm:GetParameters",
}

// Options are what the caller intends, so that it is no problem.
type Options struct {
	// ReplaceHost allows a deploy that replaces or stops an EC2 instance.
	ReplaceHost bool
	// Seeding says that SESSION_SECRET will be made in this run, after the preflight and before the deploy.
	Seeding bool
}

// Problems are the reasons not to deploy. Each is one sentence that says what to do, on one line.
type Problems []string

func (p Problems) Error() string { return strings.Join(p, "\n") }

// Run reads the cloud assembly in dir and compares it with the account that cfg has credentials for. All that speaks
// against a deploy comes back together, as Problems, in an order that does not change from run to run.
func Run(ctx context.Context, cfg aws.Config, dir string, o Options) error {
	all, err := readAssembly(dir, cfg.Region)
	if err != nil {
		return Problems{err.Error()}
	}
	who, err := identify(ctx, cfg, all[0].region)
	if err != nil {
		return problems(err, identity{})
	}
	// Against another account every further answer would mislead.
	if err := checkAccounts(all, who); err != nil {
		return problems(err, who)
	}
	outputs := collectOutputs(all, who)
	found := make([]error, 2+len(all))
	found[0] = readRefusals(dir)
	var wg sync.WaitGroup
	wg.Go(func() { found[1] = checkBootstrap(ctx, cfg, all, who) })
	for i, s := range all {
		c := &check{
			stack: s, dir: dir, options: o, clients: clientsFor(cfg, s.region), who: who,
			repositories: repositories(all), scope: newScope(s, who),
		}
		c.scope.outputs = outputs
		wg.Go(func() { found[2+i] = c.run(ctx) })
	}
	wg.Wait()
	return problems(errors.Join(found...), who)
}

// check is the comparison of one stack.
type check struct {
	*stack
	dir          string
	options      Options
	clients      clients
	who          identity
	repositories map[string]string // the ECR repositories of the whole assembly by name, with their stacks
	scope        scope             // of the new template
	live         *deployed
	parameters   map[string]parameter // what SSM holds now, by name
}

func (c *check) run(ctx context.Context) error {
	var err error
	if c.live, err = c.readDeployed(ctx); err != nil {
		return err
	}
	if c.parameters, err = getParameters(ctx, c.clients.ssm, c.parameterNames()); err != nil {
		return err
	}
	c.takeParameters()
	return errors.Join(c.checkParameters(ctx), c.checkNamed(ctx), c.checkScanning(ctx), c.checkHost(), c.checkService(ctx))
}
