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
	exitFindings = 3 // success with findings: weak passwords, items that could not be imported, people and members with other keys
)

// exitStatus ends the program with this status and prints nothing more.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// program is one run of the command line. All input and output goes through its fields, except for the terminal and the state
// directory.
type program struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	cost     byte // of the key derivation for new passwords

	server        string // --server
	vault         string // --vault
	passwordFile  string // --password-file
	passwordStdin bool   // --password-stdin
	noCache       bool   // --no-cache
	rotating      bool   // the command seals the records of earlier epochs again
	cached        string // --cache

	interrupts
	lines   *bufio.Reader // reads in: one line for each secret, in the order in which they are needed
	started bool          // the arguments are valid; later errors are not usage errors
}

func (p *program) run(ctx context.Context, args []string) int {
	p.lines = bufio.NewReader(p.in)
	root := p.root()
	root.SetArgs(protectIDs(root, args))
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	if !p.started {
		err = suggestion(&usageError{err: err, command: cmd.CommandPath()})
	}
	return p.report(err)
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "vaultsphere",
		Short: "A password manager whose server cannot read your passwords",
		Long: `A password manager whose server cannot read your passwords.

Create a vault with "vaultsphere register", or sign in to one with "vaultsphere login".
Then "vaultsphere add" adds an item and "vaultsphere get" prints its password.

Secrets are read from the terminal, from standard input or from a file, never from
arguments or environment variables, which other programs can see.

Data goes to standard output, everything else to standard error. The exit status is
0 for success, 1 for a failure, 2 for a usage error, and 3 for success with findings
(health, import, export, alarm, people, members).`,
		Version:       "vaultsphere " + ownVersion(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagError(err) })
	f := root.PersistentFlags()
	f.StringVar(&p.server, "server", "", "`URL` of the server (default: $VAULTSPHERE_SERVER, then the server of the last sign-in)")
	f.StringVar(&p.passwordFile, "password-file", "", "read the master password from `FILE`")
	f.BoolVar(&p.passwordStdin, "password-stdin", false, "read the master password from a line of standard input")
	root.MarkFlagsMutuallyExclusive("password-file", "password-stdin")
	f.BoolVar(&p.noCache, "no-cache", false, "delete the cache of the vault on this device and do not write a new one (also: $"+envNoCache+"=1)")
	group(root, "Account", p.registerCommand(), p.loginCommand(), p.logoutCommand(), p.recoverCommand(), p.rotateCommand(), p.statusCommand(), p.alarmCommand(),
		p.eventsCommand(), p.logCommand(), p.cacheCommand())
	group(root, "Items", p.listCommand(), p.getCommand(), p.addCommand(), p.editCommand(), p.totpCommand(), p.attachCommand(),
		p.attachmentCommand(), p.tagCommand(), p.archiveCommand(), p.unarchiveCommand(), p.trashCommand(), p.rmCommand(), p.historyCommand(), p.restoreCommand())
	group(root, "Vaults", p.vaultsCommand(), p.membersCommand(), p.joinCommand(), p.leaveCommand())
	group(root, "Passwords", p.generateCommand(), p.healthCommand(), p.runCommand())
	group(root, "People", p.fingerprintCommand(), p.verifyCommand(), p.peopleCommand())
	group(root, "Server", p.inviteCommand(), p.invitationsCommand(), p.adminCommand())
	group(root, "Import and export", p.importCommand(), p.exportCommand(), p.formatsCommand())
	return root
}

// group adds commands under a heading of the help.
func group(root *cobra.Command, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title + ":"})
	for _, c := range commands {
		c.GroupID = title
	}
	root.AddCommand(commands...)
}

// action runs do once the arguments are valid.
func (p *program) action(do func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		p.started = true
		return do(cmd, args)
	}
}

// version is set by the linker. "go install" leaves it empty.
var version string

func ownVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(version unknown)"
}
