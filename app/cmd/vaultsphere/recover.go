package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/seal"
)

func (p *program) recoverCommand() *cobra.Command {
	var phraseFile string
	var removeTOTP bool
	cmd := &cobra.Command{
		Use:   "recover [USERNAME]",
		Short: "Set a new master password with the recovery phrase",
		Long: `Set a new master password with the recovery phrase, and sign in. All other sessions end. The
phrase stays valid. Two-factor authentication stays on unless you use --remove-totp.

Secrets on standard input are one line each, in this order: the recovery phrase (unless
--phrase-file is used), the new master password (--password-stdin).`,
		Args: takes(0, 1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.recover(cmd.Context(), args, phraseFile, removeTOTP)
		}),
	}
	cmd.Flags().StringVar(&phraseFile, "phrase-file", "", "read the recovery phrase from `FILE`")
	cmd.Flags().BoolVar(&removeTOTP, "remove-totp", false, "turn off two-factor authentication, if the authenticator is lost too")
	return cmd
}

func (p *program) recover(ctx context.Context, args []string, phraseFile string, removeTOTP bool) error {
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	username, err := p.username(ctx, args, c.session.Username)
	if err != nil {
		return err
	}
	phrase, err := p.phrase(ctx, phraseFile)
	if err != nil {
		return err
	}
	password, err := p.newMasterPassword(ctx)
	if err != nil {
		return err
	}
	p.warnIfWeak(password, username)
	c.wire.SetBearer("")
	name, err := c.Recover(ctx, username, phrase, password, removeTOTP, device())
	if err != nil {
		return err
	}
	return p.startSession(ctx, c, name)
}

func (p *program) phrase(ctx context.Context, file string) (string, error) {
	const what = "the recovery phrase"
	var phrase string
	var err error
	switch {
	case file != "":
		phrase, err = secretFile(file, what)
	case !isTerminal(p.in):
		phrase, err = p.stdinSecret(what)
	default:
		phrase, err = p.askSecret(ctx, "Recovery phrase (24 words on one line)", false)
	}
	if errors.Is(err, errNoTerminal) {
		err = withHint(fmt.Errorf("read %s: %w", what, err), "use --phrase-file, or pipe it to standard input")
	}
	if err != nil {
		return "", err
	}
	// Report a mistyped word before asking for the new password.
	if _, err := seal.ParseRecoveryPhrase(phrase); err != nil {
		return "", err
	}
	return phrase, nil
}
