// Package preflight compares a synthesized CDK app with the AWS account it is about to change, so that a deploy that
// would fail halfway, or replace something by surprise, is refused before it has changed anything. It only reads.
package preflight

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/vaultsphere/vaultsphere/infra/release"
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
	"ecs:DescribeServices",
	"ecs:DescribeTaskDefinition",
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
	// Release is the digest of the image that the ECS service shall run; "" for the one that it runs.
	Release string
}

// Plan is the deploy that nothing speaks against.
type Plan struct {
	// Stacks are the names of the stacks to deploy, and LeftOut those that have no release to run yet.
	Stacks, LeftOut []string
	// Releases are the digests to run by stack, for those stacks whose template asks.
	Releases map[string]string
}

// arguments are those of "cdk deploy".
func (p Plan) arguments() []string {
	arguments := slices.Clone(p.Stacks)
	for _, name := range slices.Sorted(maps.Keys(p.Releases)) {
		arguments = append(arguments, "--parameters", name+":"+release.Parameter+"="+p.Releases[name])
	}
	return arguments
}

// Problems are the reasons not to deploy. Each is one sentence that says what to do, on one line.
type Problems []string

func (p Problems) Error() string { return strings.Join(p, "\n") }

// Run reads the cloud assembly in dir and compares it with the account that cfg has credentials for. All that speaks
// against a deploy comes back together, as Problems, in an order that does not change from run to run.
func Run(ctx context.Context, cfg aws.Config, dir string, o Options) (Plan, error) {
	all, err := readAssembly(dir, cfg.Region)
	if err != nil {
		return Plan{}, Problems{err.Error()}
	}
	who, err := identify(ctx, cfg, all[0].region)
	if err != nil {
		return Plan{}, problems(err, identity{})
	}
	// Against another account every further answer would mislead.
	if err := checkAccounts(all, who); err != nil {
		return Plan{}, problems(err, who)
	}
	outputs := collectOutputs(all, who)
	found := make([]error, 2+len(all))
	found[0] = readRefusals(dir)
	checks := make([]*check, len(all))
	var wg sync.WaitGroup
	wg.Go(func() { found[1] = checkBootstrap(ctx, cfg, all, who) })
	for i, s := range all {
		c := &check{
			stack: s, dir: dir, options: o, clients: clientsFor(cfg, s.region), who: who,
			repositories: repositories(all), scope: newScope(s, who),
		}
		c.scope.outputs = outputs
		checks[i] = c
		wg.Go(func() { found[2+i] = c.run(ctx) })
	}
	wg.Wait()
	p := plan(checks)
	if o.Release != "" && len(p.Releases) == 0 {
		found = append(found, errors.New("no stack runs a release that a deploy gives it: with topology ec2, make release brings it to the host"))
	}
	return p, problems(errors.Join(found...), who)
}

func plan(checks []*check) Plan {
	p := Plan{Releases: map[string]string{}}
	for _, c := range checks {
		switch {
		case !c.takesRelease():
		case c.release == "":
			p.LeftOut = append(p.LeftOut, c.name)
			continue
		default:
			p.Releases[c.name] = c.release
		}
		p.Stacks = append(p.Stacks, c.name)
	}
	return p
}

// check is the comparison of one stack.
type check struct {
	*stack
	dir          string
	options      Options
	clients      clients
	who          identity
	release      string            // the digest that the stack's service shall run
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
	if c.takesRelease() {
		if c.release, err = c.chooseRelease(ctx); err != nil || c.release == "" {
			return err
		}
	}
	if c.parameters, err = getParameters(ctx, c.clients.ssm, c.parameterNames()); err != nil {
		return err
	}
	c.takeParameters()
	return errors.Join(c.checkParameters(ctx), c.checkNamed(ctx), c.checkScanning(ctx), c.checkHost(), c.checkService(ctx),
		c.checkShared(ctx))
}
