package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
)

type rotateFlags struct {
	newPassword     bool
	newPasswordFile string
	keepPhrase      bool
	phraseFile      string
	vault           bool
	resume          bool
}

func (p *program) rotateCommand() *cobra.Command {
	var f rotateFlags
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Change the encryption keys of the account",
		Long: `Change the encryption keys of the account. Do this if somebody may have copied them, for example
from a lost or stolen device, and use --new-password then. All other sessions end.

There is a new recovery phrase, which is shown once and confirmed before anything changes, unless
--keep-phrase is used. Then all items are sealed again under the new key. If that is
interrupted, --resume continues it. Attachments keep their keys.

Secrets on standard input are one line each, in this order: the master password
(--password-stdin), the recovery phrase (--keep-phrase, unless --phrase-file is used), the new
master password (--new-password, unless --new-password-file is used).`,
		Example: `  vaultsphere rotate --new-password
  vaultsphere rotate --keep-phrase`,
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			return p.rotate(cmd.Context(), f)
		}),
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.newPassword, "new-password", false, "set a new master password too")
	flags.StringVar(&f.newPasswordFile, "new-password-file", "", "read the new master password from `FILE`")
	flags.BoolVar(&f.keepPhrase, "keep-phrase", false, "keep the recovery phrase, which is asked for")
	flags.StringVar(&f.phraseFile, "phrase-file", "", "write the new recovery phrase to a new `FILE` with mode 0600 instead of showing it, or read the one to keep")
	flags.BoolVar(&f.vault, "vault", false, "change only the key of the vault: password, recovery phrase and sessions stay")
	flags.BoolVar(&f.resume, "resume", false, "only seal the items again that an interrupted run left")
	for _, other := range []string{"new-password", "new-password-file", "keep-phrase", "phrase-file"} {
		cmd.MarkFlagsMutuallyExclusive("vault", "resume", other)
	}
	return cmd
}

func (p *program) rotate(ctx context.Context, f rotateFlags) error {
	p.rotating = true
	c, err := p.signedIn(ctx)
	if err != nil {
		return err
	}
	password, err := p.masterPassword(ctx)
	if err != nil {
		return err
	}
	opened, err := c.Unlock(ctx, password)
	if err != nil {
		return err
	}
	defer c.Lock()
	if opened.Offline {
		return client.ErrOffline
	}
	if err := p.syncAgain(ctx, c, password); err != nil {
		return err
	}
	switch {
	case f.vault:
		err = c.RotateVault(ctx, password)
	case !f.resume:
		err = p.rotateAccount(ctx, c, password, f)
	}
	if err != nil {
		return err
	}
	return p.reseal(ctx, c)
}

// syncAgain is sync. If a rotation of an earlier run, whose answer was lost, was sent again, it unlocks the vault with the new key.
func (p *program) syncAgain(ctx context.Context, c *connection, password string) error {
	err := p.sync(ctx, c)
	if !errors.Is(err, client.ErrRekeyed) {
		return err
	}
	p.note("the change of the encryption keys that was interrupted is done")
	if _, err := c.Unlock(ctx, password); err != nil {
		return err
	}
	return p.sync(ctx, c)
}

func (p *program) rotateAccount(ctx context.Context, c *connection, password string, f rotateFlags) error {
	request := client.RotationRequest{Password: password}
	var err error
	if f.keepPhrase {
		if request.Phrase, err = p.phrase(ctx, f.phraseFile); err != nil {
			return err
		}
	}
	if f.newPassword || f.newPasswordFile != "" {
		if request.NewPassword, err = p.nextMasterPassword(ctx, f.newPasswordFile); err != nil {
			return err
		}
		p.warnIfWeak(request.NewPassword, c.session.Username)
	}
	r, err := c.PrepareRotation(ctx, request)
	if err != nil {
		return err
	}
	defer r.Forget()
	if err := p.savePhrase(ctx, r, f.phraseFile); err != nil {
		return err
	}
	rotated, err := c.Rotate(ctx, r)
	if err != nil {
		return p.notRotated(err, r, f.phraseFile)
	}
	if rotated.Passkeys > 0 {
		p.note("%s no longer open the account; register them again", count(rotated.Passkeys, "passkey"))
	}
	return p.recard(ctx, c)
}

// recard gives the user's new card to the shared vaults. One that cannot have it now is named: vaultsphere members rotate tries again.
func (p *program) recard(ctx context.Context, c *connection) error {
	outdated, err := c.OutdatedVaults()
	if err != nil {
		return err
	}
	for _, id := range outdated {
		if err := p.signing(ctx, func(shown int64) error { return c.RecardVault(ctx, id, shown) }); err != nil {
			p.note("warning: the shared vault %s still has your earlier keys: %v", id, err)
			p.note("hint: vaultsphere members rotate %s replaces them", id)
		}
	}
	return nil
}

// nextMasterPassword reads the password that replaces the current one.
func (p *program) nextMasterPassword(ctx context.Context, file string) (string, error) {
	const what = "the new master password"
	var password string
	var err error
	switch {
	case file != "":
		password, err = secretFile(file, what)
	case p.passwordStdin:
		password, err = p.stdinSecret(what)
	default:
		password, err = p.askSecret(ctx, "New master password", true)
	}
	if errors.Is(err, errNoTerminal) {
		err = withHint(err, "use --new-password-file")
	}
	if err == nil && password == "" {
		err = errors.New("the new master password is empty")
	}
	return password, err
}

// savePhrase shows a new phrase or writes it to a file, before the account has it.
func (p *program) savePhrase(ctx context.Context, r *client.Rotation, file string) error {
	switch words := r.Words(); {
	case words == nil:
		return nil
	case file == "":
		return p.confirmPhrase(ctx, words)
	default:
		return p.uninterrupted(func() error { return writePhrase(file, words) })
	}
}

// notRotated says which phrase is valid after an error. The file of the new phrase stays whatever the server answers: the signed change
// remains on this device, to be sent again, and a server can refuse it now and make it later.
func (p *program) notRotated(err error, r *client.Rotation, file string) error {
	if r.Words() == nil || file == "" {
		return err
	}
	return withHint(err, "the keys may have been changed: the next command finds out; until then keep the old recovery phrase and "+file)
}

func (p *program) reseal(ctx context.Context, c *connection) error {
	done, err := c.Reseal(ctx, p.progress("records sealed again"))
	if err != nil {
		return withHint(err, "the keys are changed; vaultsphere rotate --resume seals the rest of the items again")
	}
	if done.Unreadable > 0 {
		p.note("warning: %s cannot be read and stay as they are", count(done.Unreadable, "record"))
	}
	return nil
}
