package preflight

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/vaultsphere/vaultsphere/infra/release"
)

const usage = `Usage: preflight [--replace-host] [--seeding] [--release DIGEST] DIR

Compares the cloud assembly in DIR with the AWS account, without changing it.
Prints the arguments for "cdk deploy", or the reasons not to deploy.

  --replace-host    allow a deploy that replaces or stops the EC2 host
  --seeding         SESSION_SECRET will be created before the deploy
  --release DIGEST  image for the ECS service; default: the image it runs now,
                    or else the image that a host serves
`

// Main runs the command. It prints the arguments for "cdk deploy" to stdout, or one line per problem to stderr, and returns the exit
// status.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o Options
	flags := flag.NewFlagSet("preflight", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&o.ReplaceHost, "replace-host", false, "")
	flags.BoolVar(&o.Seeding, "seeding", false, "")
	flags.StringVar(&o.Release, "release", "", "")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "preflight: error: %v\n%s", err, usage)
		return 2
	case flags.NArg() != 1:
		fmt.Fprintf(stderr, "preflight: error: expected one cloud assembly directory\n%s", usage)
		return 2
	case o.Release != "" && !release.IsDigest(o.Release):
		fmt.Fprintf(stderr, "preflight: error: --release is %q, which is not a digest, sha256:…\n%s", o.Release, usage)
		return 2
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		fmt.Fprintf(stderr, "preflight: error: read the AWS configuration: %v\n", err)
		return 1
	}
	plan, err := Run(ctx, cfg, flags.Arg(0), o)
	found, ok := errors.AsType[Problems](err)
	if err != nil && !ok {
		found = Problems{err.Error()}
	}
	for _, problem := range found {
		fmt.Fprintf(stderr, "preflight: error: %s\n", problem)
	}
	if len(found) > 0 {
		return 1
	}
	for _, name := range plan.LeftOut {
		fmt.Fprintf(stderr, "preflight: leaving out stack %s, because there is no image yet: run make push, then make release\n", name)
	}
	fmt.Fprintln(stdout, strings.Join(plan.arguments(), " "))
	return 0
}
