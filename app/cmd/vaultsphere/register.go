package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/strength"
)

// minStrength is the lowest zxcvbn score (0 to 4) of a master password without a warning. Below it are fewer than 10^10 guesses.
const minStrength = 4

type registerFlags struct {
	phraseFile      string
	invitationFile  string
	invitationStdin bool
}

func (p *program) registerCommand() *cobra.Command {
	var f registerFlags
	cmd := &cobra.Command{
		Use:   "register [USERNAME]",
		Short: "Create an account with a new vault",
		Long: `Create an account with a new vault, and sign in.

The recovery phrase is shown once, and you have to repeat some of its words. If you lose the
master password, only the phrase can open the vault: write it down on paper.

Most servers require an invitation: a link from an administrator (vaultsphere invite). It
contains the server's URL and works once. It is asked for on the terminal, or read from a file
or from standard input. Secrets on standard input are one line each, in this order: the
invitation (--invitation-stdin), the master password (--password-stdin).`,
		Example: `  vaultsphere register alice --server http://localhost:5001
  vaultsphere register alice --invitation-file link.txt`,
		Args: takes(0, 1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.register(cmd.Context(), args, f)
		}),
	}
	cmd.Flags().StringVar(&f.invitationFile, "invitation-file", "", "read the invitation link from `FILE`")
	cmd.Flags().BoolVar(&f.invitationStdin, "invitation-stdin", false, "read the invitation link from a line of standard input")
	cmd.MarkFlagsMutuallyExclusive("invitation-file", "invitation-stdin")
	cmd.Flags().StringVar(&f.phraseFile, "phrase-file", "", "write the recovery phrase to a new `FILE` with mode 0600 instead of showing it")
	return cmd
}

func (p *program) register(ctx context.Context, args []string, f registerFlags) (err error) {
	phraseFile := f.phraseFile
	invited, err := p.invitation(f)
	if err != nil {
		return err
	}
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	username, err := p.username(ctx, args, "")
	if err != nil {
		return err
	}
	if invited, err = p.admitted(ctx, c, username, invited); err != nil {
		return err
	}
	password, err := p.newMasterPassword(ctx)
	if err != nil {
		return err
	}
	p.warnIfWeak(password, username)
	c.wire.SetBearer("")
	reg, err := c.PrepareRegistration(password)
	if err != nil {
		return err
	}
	defer reg.Forget()
	reg.Invitation = invited
	// Save the phrase before the account exists, so that no account is without one.
	if phraseFile == "" {
		err = p.confirmPhrase(ctx, reg.Words())
	} else {
		err = p.uninterrupted(func() error { return writePhrase(phraseFile, reg.Words()) })
	}
	if err != nil {
		return err
	}
	name, err := c.Register(ctx, reg, username, device())
	if err != nil {
		if phraseFile == "" {
			return err
		}
		if refused(err) {
			return also(err, os.Remove(phraseFile))
		}
		return withHint(err, "the account may exist: try vaultsphere login; its recovery phrase is in "+phraseFile)
	}
	if err := p.startSession(ctx, c, name); err != nil {
		return err
	}
	p.noteInviter(reg)
	return nil
}

// refused reports whether the server rejected the request. After a lost response or a server error, the account may exist.
func refused(err error) bool {
	var server *client.ServerError
	return errors.As(err, &server) && server.Status/100 == 4
}

func (p *program) warnIfWeak(password, username string) {
	s := strength.Of(password, username)
	if s.Score >= minStrength {
		return
	}
	p.note("warning: anyone with a copy of the server's database could guess this master password")
	p.note("hint: vaultsphere generate --words 6 makes one that cannot be guessed")
}

// writePhrase creates a file with mode 0600. It never replaces one, which could hold the phrase of another vault.
func writePhrase(path string, words []string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return withHint(fmt.Errorf("write recovery phrase: %s already exists", path), "choose a new file")
	}
	if err != nil {
		return fmt.Errorf("write recovery phrase: %w", err)
	}
	if err := writeSynced(f, []byte(strings.Join(words, " ")+"\n")); err != nil {
		return also(fmt.Errorf("write recovery phrase: %w", err), os.Remove(path))
	}
	return nil
}
