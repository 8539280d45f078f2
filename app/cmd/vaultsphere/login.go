package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
)

func (p *program) loginCommand() *cobra.Command {
	var codeStdin, replaced, yes bool
	cmd := &cobra.Command{
		Use:   "login [USERNAME]",
		Short: "Sign in on this device",
		Long: `Sign in on this device. The session lasts until "vaultsphere logout". It lets this device
download the encrypted vault; each command still needs the master password to open it.
A device has one session: signing in ends the previous one.

USERNAME defaults to that of the last sign-in. Secrets on standard input are one line each,
in this order: the master password (--password-stdin), the two-factor code (--code-stdin).
The code may contain spaces.`,
		Args: takes(0, 1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.login(cmd.Context(), args, loginOptions{codeStdin, replaced, yes})
		}),
	}
	cmd.Flags().BoolVar(&replaced, "new-account", false, "sign in to another account with the username of one that is gone")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for confirmation")
	cmd.Flags().BoolVar(&codeStdin, "code-stdin", false, "read the two-factor code from a line of standard input")
	return cmd
}

type loginOptions struct {
	codeStdin bool
	replaced  bool // the account may be another one with the same username
	yes       bool // that needs no confirmation
}

func (p *program) login(ctx context.Context, args []string, o loginOptions) error {
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
	c.wire.SetBearer("") // do not send the token of the previous session
	if o.replaced {
		if err := p.acceptReplacement(ctx, c, username, o.yes); err != nil {
			return err
		}
	}
	name, err := c.Login(ctx, username, password, "", device())
	if errors.Is(err, client.ErrTOTPRequired) {
		var code string
		if code, err = p.code(ctx, o.codeStdin); err != nil {
			return err
		}
		name, err = c.Login(ctx, username, password, code, device())
	}
	p.noteResentBefore(ctx, c)
	if err != nil {
		return err
	}
	if err := p.startSession(ctx, c, name); err != nil {
		return err
	}
	if err := c.RaiseCost(ctx); err != nil { // the sign-in is complete
		p.note("warning: the protection of the master password could not be strengthened; the next sign-in tries again: %v", err)
	}
	return nil
}

var errNotSignedIn = errors.New("not signed in")

func (p *program) acceptReplacement(ctx context.Context, c *connection, username string, yes bool) error {
	if !yes {
		t, err := openTerminal()
		if err != nil {
			return withHint(fmt.Errorf("%w: %w", errNotSignedIn, err), "use --yes to sign in without confirmation")
		}
		defer t.close()
		t.say("Continue only if you know that the account that this device knows was deleted. A server that lies\n" +
			"could try to learn your master password this way. Nothing is deleted from this device.\n")
		answer, err := t.line(ctx, "Sign in to another account with this username? [y/N]")
		if err != nil {
			return err
		}
		if a := strings.ToLower(answer); a != "y" && a != "yes" {
			return errNotSignedIn
		}
	}
	return c.AcceptReplacement(ctx, username)
}

// username returns the argument, or the remembered username, or asks on the terminal.
func (p *program) username(ctx context.Context, args []string, remembered string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	if remembered != "" {
		return remembered, nil
	}
	t, err := openTerminal()
	if err != nil {
		return "", withHint(fmt.Errorf("read the username: %w", err), "pass the username as an argument")
	}
	defer t.close()
	return t.line(ctx, "Username")
}

// code reads the two-factor code. It is echoed, because it works only once.
func (p *program) code(ctx context.Context, fromStdin bool) (string, error) {
	if fromStdin {
		return p.stdinSecret("the two-factor code")
	}
	t, err := openTerminal()
	if err != nil {
		return "", withHint(fmt.Errorf("%w: %w", client.ErrTOTPRequired, err), "use --code-stdin")
	}
	defer t.close()
	return t.line(ctx, "Two-factor code")
}
