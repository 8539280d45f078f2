// Package preflight compares a synthesized CDK app with the AWS account. It refuses a deploy that would fail halfway or replace the host
// unexpectedly before anything has changed. It only reads.
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

// Actions lists the IAM actions that Run needs. Some calls need no permission.
var Actions = []string{
	"backup:ListBackupVaults",
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
	"iam:GetPolicy",
	"iam:GetRole",
	"kms:GetPublicKey",
	"logs:DescribeLogGroups",
	"s3:ListBucket",
	"ssm:GetParameters",
}

// Options describe what the caller intends.
type Options struct {
	// ReplaceHost allows a deploy that replaces or stops an EC2 instance.
	ReplaceHost bool
	// Seeding means that SESSION_SECRET will be created between the preflight and the deploy.
	Seeding bool
	// Release is the digest of the image for the ECS service; "" keeps the current one.
	Release string
}

// Plan is a deploy without problems.
type Plan struct {
	// Stacks are the names of the stacks to deploy. LeftOut are stacks that have no release to run yet.
	Stacks, LeftOut []string
	// Releases maps stacks whose template has the parameter to the digest of their release.
	Releases map[string]string
}

// arguments returns the arguments for "cdk deploy".
func (p Plan) arguments() []string {
	arguments := slices.Clone(p.Stacks)
	for _, name := range slices.Sorted(maps.Keys(p.Releases)) {
		arguments = append(arguments, "--parameters", name+":"+release.Parameter+"="+p.Releases[name])
	}
	return arguments
}

// Problems are the reasons not to deploy. Each is one line, and says what to do.
type Problems []string

func (p Problems) Error() string { return strings.Join(p, "\n") }

// Run compares the cloud assembly in dir with the account of the credentials in cfg. It returns all reasons not to deploy as Problems,
// in a stable order.
func Run(ctx context.Context, cfg aws.Config, dir string, o Options) (Plan, error) {
	all, err := readAssembly(dir, cfg.Region)
	if err != nil {
		return Plan{}, Problems{err.Error()}
	}
	who, err := identify(ctx, cfg, all[0].region)
	if err != nil {
		return Plan{}, problems(err, identity{})
	}
	// In another account, further results would be misleading.
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
		found = append(found, errors.New("no stack takes a release from a deploy: with topology ec2, use make release"))
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

// check compares one stack with the account.
type check struct {
	*stack
	dir          string
	options      Options
	clients      clients
	who          identity
	release      string            // digest of the image for the stack's service
	repositories map[string]string // stacks of all ECR repositories in the assembly, by name of the repository
	scope        scope             // of the new template
	live         *deployed
	parameters   map[string]parameter // current SSM parameters by name
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
	c.setParameters()
	return errors.Join(c.checkParameters(ctx), c.checkNamed(ctx), c.checkScanning(ctx), c.checkHost(), c.checkService(ctx),
		c.checkShared(ctx))
}
