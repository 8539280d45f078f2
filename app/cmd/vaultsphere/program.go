package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Exit statuses.
const (
	exitOK       = 0
	exitFailure  = 1
	exitUsage    = 2
	exitFindings = 3 // done, but not all is well: passwords that are not sound, entries that could not be taken
)

// exitStatus ends the program with a status of its own. All there is to say has been said.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// program is one run of the command line. Everything it reads and writes, the terminal and the state directory apart,
// comes in through its fields.
type program struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string

	server        string // --server
	passwordFile  string // --password-file
	passwordStdin bool   // --password-stdin
	noCache       bool   // --no-cache
	copy          string // --copy

	interrupts
	lines   *bufio.Reader // over in: secrets are taken from it one line at a time, in the order they are needed
	started bool          // the arguments were understood; what fails from here on is not a usage error
}

func (p *program) run(ctx context.Context, args []string) int {
	p.lines = bufio.NewReader(p.in)
	root := p.root()
	root.SetArgs(itemsAreNoFlags(root, args))
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	if !p.started {
		err = &usageError{err: err, command: cmd.CommandPath()}
	}
	return p.report(err)
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "vaultsphere",
		Short: "Keep passwords in a vault that only you can open",
		Long: `Keep passwords in a vault that only you can open.

Secrets are asked for on the terminal, or read from standard input or a file.
They are never taken from arguments or the environment, which other programs can see.

Standard output carries data only. The exit status is 1 for a failure, 2 for a command
that was not understood, and 3 if it was done but not all is well.`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("{{.Version}}\n")
	f := root.PersistentFlags()
	f.StringVar(&p.server, "server", "", "`URL` of the server (default $VAULTSPHERE_SERVER, else the one signed in to last)")
	f.StringVar(&p.passwordFile, "password-file", "", "read the master password from `FILE`")
	f.BoolVar(&p.passwordStdin, "password-stdin", false, "read the master password as one line of standard input")
	root.MarkFlagsMutuallyExclusive("password-file", "password-stdin")
	f.BoolVar(&p.noCache, "no-cache", false, "keep no sealed copy of the vault on this device, and drop the one there is (default $"+envNoCache+")")
	root.AddCommand(
		p.registerCommand(), p.loginCommand(), p.logoutCommand(), p.recoverCommand(), p.statusCommand(), p.copiesCommand(),
		p.listCommand(), p.getCommand(), p.addCommand(), p.editCommand(), p.rmCommand(),
		p.attachCommand(), p.attachmentCommand(),
		p.trashCommand(), p.restoreCommand(),
		p.generateCommand(), p.totpCommand(), p.healthCommand(), p.runCommand(),
		p.importCommand(), p.exportCommand(), p.formatsCommand(),
	)
	return root
}

// action marks the point where parsing ends and work begins.
func (p *program) action(do func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		p.started = true
		return do(cmd, args)
	}
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "vaultsphere (version unknown)"
	}
	return fmt.Sprintf("vaultsphere %s", info.Main.Version)
}
