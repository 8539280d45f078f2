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

Compares the cloud assembly in DIR with the AWS account of the environment, and
says what speaks against deploying it. It changes nothing. When nothing does, it
prints the arguments of "cdk deploy".

  --replace-host    replacing or stopping the EC2 host is intended
  --seeding         SESSION_SECRET will be made before the deploy
  --release DIGEST  the image that the ECS service shall run; else what it runs
                    now, or what a host serves
`

// Main is the command: the arguments of "cdk deploy" on stdout when nothing speaks against a deploy, else one line for each
// problem on stderr. It returns the exit status.
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
		fmt.Fprintf(stderr, "preflight: error: one cloud assembly directory is needed\n%s", usage)
		return 2
	case o.Release != "" && !release.IsDigest(o.Release):
		fmt.Fprintf(stderr, "preflight: error: --release is %q, which is no digest, sha256:…\n%s", o.Release, usage)
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
		fmt.Fprintf(stderr, "preflight: stack %s is left out, as there is no image yet for it to run: make push, then make release\n", name)
	}
	fmt.Fprintln(stdout, strings.Join(plan.arguments(), " "))
	return 0
}
