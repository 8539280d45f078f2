package release

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/vaultsphere/vaultsphere/app/names"
)

const usage = `Usage: release DIR               print the digest of the image that the service runs
       release --run DIGEST DIR  run an image that a task definition has
       release --back DIR        run the previous release, by its task definition
       release --why DIGEST DIR  print why tasks of an image stopped in the last hour

The service is in stack STACK, in the region of the cloud assembly DIR. --run
and --back wait until the new tasks serve, and print the digest.
`

// Main runs the command for a deployment. region returns the region of a cloud assembly.
func Main(ctx context.Context, d names.Deployment, region func(dir string) (string, error), args []string, stdout, stderr io.Writer) int {
	stack := stackOf(d)
	run, why, back := "", "", false
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&run, "run", "", "")
	flags.StringVar(&why, "why", "", "")
	flags.BoolVar(&back, "back", false, "")
	err := flags.Parse(args)
	digest := run + why
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, strings.ReplaceAll(usage, "STACK", stack))
		return 0
	case err == nil && flags.NArg() != 1:
		err = errors.New("expected one cloud assembly directory")
	case err == nil && flags.NFlag() > 1:
		err = errors.New("use only one of --run, --back and --why")
	case err == nil && digest != "" && !IsDigest(digest):
		err = fmt.Errorf("%q is not a digest, sha256:…", digest)
	}
	if err != nil {
		fmt.Fprintf(stderr, "release: error: %v\n%s", err, strings.ReplaceAll(usage, "STACK", stack))
		return 2
	}
	output, err := perform(ctx, d, region, flags.Arg(0), run, why, back)
	if err != nil {
		fmt.Fprintf(stderr, "release: error: %s\n", strings.ReplaceAll(err.Error(), "\n", " "))
		return 1
	}
	if output != "" {
		fmt.Fprintln(stdout, output)
	}
	return 0
}

func stackOf(d names.Deployment) string { return d.Name(names.StackPrefix + "Service") }

func perform(ctx context.Context, d names.Deployment, region func(string) (string, error), dir, run, why string, back bool) (string, error) {
	place, err := region(dir)
	if err != nil {
		return "", err
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(place))
	if err != nil {
		return "", fmt.Errorf("read the AWS configuration: %w", err)
	}
	service, err := find(ctx, cfg, d, back || run != "")
	switch {
	case err != nil:
		return "", err
	case back:
		return service.Back(ctx)
	case run != "":
		return run, service.Run(ctx, run)
	case why != "":
		return service.Failure(ctx, why)
	}
	return service.Digest(ctx)
}

// find returns the service of a deployment. With toChange, it fails while a deploy is changing the stack.
func find(ctx context.Context, cfg aws.Config, d names.Deployment, toChange bool) (*Service, error) {
	stack := stackOf(d)
	client := cloudformation.NewFromConfig(cfg)
	answer, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if err != nil && strings.Contains(err.Error(), "does not exist") {
		return nil, fmt.Errorf("there is no stack %s, and so no service: run make release", stack)
	}
	if err != nil {
		return nil, fmt.Errorf("describe stack %s: %w", stack, err)
	}
	if status := string(answer.Stacks[0].StackStatus); toChange && strings.HasSuffix(status, "_IN_PROGRESS") {
		return nil, fmt.Errorf("stack %s is in state %s, so another deploy is running: wait until it has finished", stack, status)
	}
	pages := cloudformation.NewListStackResourcesPaginator(client, &cloudformation.ListStackResourcesInput{StackName: &stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the resources of stack %s: %w", stack, err)
		}
		for _, r := range page.StackResourceSummaries {
			if aws.ToString(r.ResourceType) == "AWS::ECS::Service" && r.ResourceStatus != types.ResourceStatusDeleteComplete {
				return ServiceOf(cfg, d, aws.ToString(r.PhysicalResourceId))
			}
		}
	}
	return nil, fmt.Errorf("stack %s has no service: run make release", stack)
}
