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

// minStrength is the zxcvbn score (0 to 4) below which a new master password draws a warning: fewer than 10^10 guesses.
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
		Short: "Make a new vault",
		Long: `Make a new vault and sign in to it.

The recovery phrase is shown once, before the account is made, and some of its
words are asked for. It opens the vault when the master password is lost, and it
is the only thing that does: write it down on paper.

Most servers ask for an invitation: a link that whoever runs the server makes with
vaultsphered invite. It works once, so it is asked for on the terminal, or read from
a file or standard input (before the master password). It names the server, too.`,
		Args: cobra.MaximumNArgs(1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.register(cmd.Context(), args, f)
		}),
	}
	cmd.Flags().StringVar(&f.invitationFile, "invitation-file", "", "read the invitation link from `FILE`")
	cmd.Flags().BoolVar(&f.invitationStdin, "invitation-stdin", false, "read the invitation link as one line of standard input")
	cmd.MarkFlagsMutuallyExclusive("invitation-file", "invitation-stdin")
	cmd.Flags().StringVar(&f.phraseFile, "phrase-file", "", "write the recovery phrase to the new `FILE`, mode 0600, instead of showing it")
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
	// The phrase is safe before the account exists, so that no account is left without one.
	if phraseFile == "" {
		err = p.confirmPhrase(ctx, reg.Words())
	} else {
		err = writePhrase(phraseFile, reg.Words())
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
		return withHint(err, "the account may exist all the same: try vaultsphere login; its recovery phrase is in "+phraseFile)
	}
	return p.keep(ctx, c, name)
}

// refused reports that the server said no, in contrast to an answer that was lost or a failure half way.
func refused(err error) bool {
	var server *client.ServerError
	return errors.As(err, &server) && server.Status/100 == 4
}

func (p *program) warnIfWeak(password, username string) {
	s := strength.Of(password, username)
	if s.Score >= minStrength {
		return
	}
	p.note("warning: this master password can be guessed by whoever gets a copy of the server's database")
	p.note("hint: vaultsphere generate --words 6 makes one that cannot")
}

// writePhrase makes a new file that only its owner can read. It never replaces one: that could be another vault's phrase.
func writePhrase(path string, words []string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return withHint(fmt.Errorf("write recovery phrase: %s exists already", path), "name a file that does not exist")
	}
	if err != nil {
		return fmt.Errorf("write recovery phrase: %w", err)
	}
	if err := writeSynced(f, []byte(strings.Join(words, " ")+"\n")); err != nil {
		return also(fmt.Errorf("write recovery phrase: %w", err), os.Remove(path))
	}
	return nil
}
