package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// Exit statuses of run if the command cannot be run or is killed, as in shells (POSIX.1-2024 XCU 2.8.2).
const (
	exitCannotRun = 126
	exitNoCommand = 127
	exitSignal    = 128
)

func (p *program) runCommand() *cobra.Command {
	var pairs, files []string
	cmd := &cobra.Command{
		Use:                   "run --env NAME=ITEM[#FIELD] -- COMMAND [ARGUMENT...]",
		DisableFlagsInUseLine: true,
		Short:                 "Run a command with secrets in its environment",
		Long: `Run a command with secrets in its environment, and only there: not on a disk, not in
arguments, not in the environment of the shell.

The variable NAME gets the password of ITEM, or its FIELD as in get --field. ITEM is an id
or an exact title. A file for --env-file has one NAME=ITEM[#FIELD] per line; empty lines and
lines that begin with # are ignored.

The vault is locked before the command starts. The exit status is that of the command, 127
if the command does not exist, 126 if it cannot be run, and 128 plus the number of the
signal that killed it.`,
		Example: `  vaultsphere run --env PGPASSWORD=Database --env API_KEY='Shop#api key' -- psql -h db.example.org`,
		Args:    takes(1, math.MaxInt),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			wanted, err := wantedVariables(pairs, files)
			if err != nil {
				return usage(cmd.CommandPath(), "%w", err)
			}
			return p.runWith(cmd.Context(), wanted, args)
		}),
	}
	cmd.Flags().SetInterspersed(false) // flags after COMMAND belong to the command
	cmd.Flags().StringArrayVar(&pairs, "env", nil, "set a variable to a secret: `NAME=ITEM[#FIELD]` (repeatable)")
	cmd.Flags().StringArrayVar(&files, "env-file", nil, "read variables from `FILE` (repeatable)")
	p.cacheFlag(cmd)
	return cmd
}

// variable is an environment variable and the field for its value.
type variable struct{ name, reference string }

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func wantedVariables(pairs, files []string) ([]variable, error) {
	for _, path := range files {
		more, err := pairsOf(path)
		if err != nil {
			return nil, fmt.Errorf("read --env-file: %w", err)
		}
		pairs = append(pairs, more...)
	}
	if len(pairs) == 0 {
		return nil, errors.New("--env or --env-file is required")
	}
	var wanted []variable
	seen := map[string]bool{}
	for _, pair := range pairs {
		name, reference, ok := strings.Cut(pair, "=")
		switch {
		case !ok || !variableName.MatchString(name):
			return nil, fmt.Errorf("%q is not NAME=ITEM, where NAME is a variable name", pair)
		case reference == "":
			return nil, fmt.Errorf("%s= has no item", name)
		case seen[name]:
			return nil, fmt.Errorf("%s occurs twice", name)
		}
		seen[name] = true
		wanted = append(wanted, variable{name, reference})
	}
	return wanted, nil
}

func pairsOf(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var pairs []string
	lines := bufio.NewScanner(withoutBOM(f))
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" && line[0] != '#' {
			pairs = append(pairs, line)
		}
	}
	return pairs, lines.Err()
}

func (p *program) runWith(ctx context.Context, wanted []variable, command []string) error {
	// Fail for a mistyped command before asking for the password.
	path, err := exec.LookPath(command[0])
	if err != nil {
		return p.notRun(command[0], err)
	}
	environment, err := p.environment(ctx, wanted)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), path, command[1:]...) // #nosec G204 -- running the user's command is the purpose
	cmd.Args[0] = command[0]
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stdout, cmd.Stderr = p.out, p.err
	if err := p.connectStdin(cmd); err != nil {
		return err
	}
	// Forward signals to the command from here on. The terminal itself sends it SIGINT.
	signals := make(chan os.Signal, 8)
	defer p.divert(func(s os.Signal) { signals <- s })()
	if ctx.Err() != nil {
		return ctx.Err() // interrupted just before
	}
	if err := cmd.Start(); err != nil {
		return p.notRun(command[0], err)
	}
	if isTerminal(p.in) {
		defer p.leaveToTerminal()()
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if s != os.Interrupt || !isTerminal(p.in) {
				_ = cmd.Process.Signal(s) // it may have ended already
			}
		case err := <-done:
			return commandStatus(err)
		}
	}
}

// rest is the rest of standard input: the stream itself if nothing is buffered.
func (p *program) rest() io.Reader {
	if p.lines.Buffered() == 0 {
		return p.in
	}
	return p.lines
}

// connectStdin gives the command the rest of standard input. If that takes a copying goroutine, the command can end before the input
// does.
func (p *program) connectStdin(cmd *exec.Cmd) error {
	rest := p.rest()
	if rest == p.in {
		cmd.Stdin = rest
		return nil
	}
	to, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("pass on standard input: %w", err)
	}
	go func() {
		_, _ = io.Copy(to, rest) // the command may stop reading
		_ = to.Close()
	}()
	return nil
}

func (p *program) notRun(command string, err error) error {
	cause := err
	if inner := errors.Unwrap(err); inner != nil {
		cause = inner // without the path, which repeats the command
	}
	p.note("error: run %s: %v", command, cause)
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
		return exitStatus(exitNoCommand)
	}
	return exitStatus(exitCannotRun)
}

func commandStatus(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitStatus(exitSignal + int(status.Signal()))
	}
	return exitStatus(exit.ExitCode())
}

// environment opens the vault, reads the secrets and locks the vault again.
func (p *program) environment(ctx context.Context, wanted []variable) ([]string, error) {
	c, err := p.unlocked(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Lock()
	var out []string
	for _, v := range wanted {
		value, err := c.resolve(v.reference)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.name, err)
		}
		if strings.ContainsRune(value, 0) {
			return nil, fmt.Errorf("%s: the secret contains a NUL character, which a variable cannot hold", v.name)
		}
		out = append(out, v.name+"="+value)
	}
	return out, nil
}

// resolve returns the value of ITEM or ITEM#FIELD. A title that contains a # wins over a field.
func (c *connection) resolve(reference string) (string, error) {
	field := "password"
	it, err := c.open(reference)
	if at := strings.LastIndexByte(reference, '#'); errors.Is(err, client.ErrNotFound) && at >= 0 {
		field = reference[at+1:]
		it, err = c.open(reference[:at])
	}
	if err != nil {
		return "", err
	}
	value, ok := fieldOf(it, field)
	if !ok {
		return "", noField(it, field)
	}
	return value, nil
}
