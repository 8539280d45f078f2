// Command audit reports known vulnerabilities and incompatible licences in everything that the project links, installs and ships.
// It prints nothing if there are none.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const usage = `Usage: audit COMMAND [OPTION...] [ARGUMENT...]

  code        report vulnerabilities that the Go code of this module reaches
  npm         report vulnerabilities of the packages in every package-lock.json
  image       report vulnerabilities of the packages in a pushed image's SBOM
  licences    check the licences of linked and bundled packages
  notices     write the texts of their licences, to ship with our programs

audit COMMAND --help lists the options. internal/audit/accepted.json lists
accepted vulnerabilities, each with a reason and a last day.
`

// errUsage marks invalid arguments, which lead to exit status 2.
var errUsage = errors.New("wrong usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	commands := map[string]func(context.Context, *flag.FlagSet, []string, io.Writer) error{
		"code": runCode, "npm": runNPM, "image": runImage, "licences": runLicences,
		"notices": runNotices,
	}
	switch {
	case len(args) > 0 && commands[args[0]] != nil:
	case len(args) == 1 && (args[0] == "--help" || args[0] == "-h"):
		fmt.Fprint(stdout, usage)
		return 0
	default:
		fmt.Fprintf(stderr, "audit: error: %q is not a command\n%s", strings.Join(args, " "), usage)
		return 2
	}
	flags := flag.NewFlagSet("audit "+args[0], flag.ContinueOnError)
	flags.SetOutput(stderr)
	err := commands[args[0]](ctx, flags, args[1:], stderr)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(stderr, "audit %s: error: %s\n", args[0], strings.TrimSuffix(line, "\n"))
	}
	return 1
}

// parse reads the flags. At most the given number of arguments may follow; -1 means any number.
func parse(flags *flag.FlagSet, args []string, most int) error {
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return errUsage
	}
	if most >= 0 && flags.NArg() > most {
		fmt.Fprintf(flags.Output(), "%s: error: unknown argument: %s\n", flags.Name(), flags.Arg(most))
		return errUsage
	}
	return nil
}

// parseWithAccepted is parse for commands that report vulnerabilities. It also returns the accepted ones.
func parseWithAccepted(flags *flag.FlagSet, args []string, most int) ([]acceptance, error) {
	file := flags.String("accepted", "internal/audit/accepted.json", "`file` of the accepted vulnerabilities")
	if err := parse(flags, args, most); err != nil {
		return nil, err
	}
	return readAccepted(*file, today())
}

func today() time.Time { return time.Now().UTC().Truncate(24 * time.Hour) }
