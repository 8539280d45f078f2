package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
)

func (p *program) loginCommand() *cobra.Command {
	var codeStdin bool
	cmd := &cobra.Command{
		Use:   "login [USERNAME]",
		Short: "Sign in on this device",
		Long: `Sign in on this device. The session is kept until vaultsphere logout; it lets this
device fetch the sealed vault, and the master password is still needed to open it.
There is one session at a time: an earlier one is ended.

Without USERNAME the last one is used. Lines of standard input are taken in this
order: the master password (--password-stdin), the code (--code-stdin).
The code may have spaces in it, as authenticators show it.`,
		Args: cobra.MaximumNArgs(1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.login(cmd.Context(), args, codeStdin)
		}),
	}
	cmd.Flags().BoolVar(&codeStdin, "code-stdin", false, "read the code of the second factor as one line of standard input")
	return cmd
}

func (p *program) login(ctx context.Context, args []string, codeStdin bool) error {
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	username, err := p.username(ctx, args, c.session.Username)
	if err != nil {
		return err
	}
	password, err := p.masterPassword(ctx)
	if err != nil {
		return err
	}
	c.wire.SetBearer("") // log-in makes a session of its own
	name, err := c.Login(ctx, username, password, "", device())
	if errors.Is(err, client.ErrTOTPRequired) {
		var code string
		if code, err = p.code(ctx, codeStdin); err != nil {
			return err
		}
		name, err = c.Login(ctx, username, password, code, device())
	}
	if err != nil {
		return err
	}
	return p.keep(ctx, c, name)
}

// username is the argument, or the one that is remembered, or what a person answers.
func (p *program) username(ctx context.Context, args []string, remembered string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	if remembered != "" {
		return remembered, nil
	}
	t, err := openTerminal()
	if err != nil {
		return "", withHint(fmt.Errorf("user name: %w", err), "give the user name as an argument")
	}
	defer t.close()
	return t.line(ctx, "User name")
}

// code reads the code of the second factor. It may be seen: it works once.
func (p *program) code(ctx context.Context, fromStdin bool) (string, error) {
	if fromStdin {
		return p.stdinSecret("the code")
	}
	t, err := openTerminal()
	if err != nil {
		return "", withHint(fmt.Errorf("%w: %w", client.ErrTOTPRequired, err), "use --code-stdin")
	}
	defer t.close()
	return t.line(ctx, "Code from the authenticator")
}
