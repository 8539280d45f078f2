package preflight

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/config"
)

const usage = `Usage: preflight [--replace-host] [--seeding] DIR

Compares the cloud assembly in DIR with the AWS account of the environment, and
says what speaks against deploying it. It changes nothing.

  --replace-host  replacing or stopping the EC2 host is intended
  --seeding       SESSION_SECRET will be made before the deploy
`

// Main is the command: quiet when nothing speaks against a deploy, else one line for each problem on stderr. It returns
// the exit status.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o Options
	flags := flag.NewFlagSet("preflight", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&o.ReplaceHost, "replace-host", false, "")
	flags.BoolVar(&o.Seeding, "seeding", false, "")
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
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		fmt.Fprintf(stderr, "preflight: error: read the AWS configuration: %v\n", err)
		return 1
	}
	err = Run(ctx, cfg, flags.Arg(0), o)
	found, ok := errors.AsType[Problems](err)
	if err != nil && !ok {
		found = Problems{err.Error()}
	}
	for _, problem := range found {
		fmt.Fprintf(stderr, "preflight: error: %s\n", problem)
	}
	return min(len(found), 1)
}
