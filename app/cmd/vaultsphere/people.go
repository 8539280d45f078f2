package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
)

func (p *program) fingerprintCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "fingerprint",
		Short: "Show your fingerprint, for others to verify you",
		Long: `Show your fingerprint: twelve groups of digits that no server can imitate. Somebody who wants to
verify you runs "vaultsphere verify" with your username and compares the digits with you, on the
phone or face to face. It changes when you change your encryption keys.`,
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			c, err := p.unlocked(cmd.Context())
			if err != nil {
				return err
			}
			defer c.Lock()
			own, err := c.OwnCard()
			if err != nil {
				return err
			}
			if asJSON {
				return p.printJSON(own)
			}
			return p.write(own.Fingerprint + "\n")
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (p *program) verifyCommand() *cobra.Command {
	var digits string
	cmd := &cobra.Command{
		Use:   "verify USERNAME",
		Short: "Verify that a user of this server is the person you know",
		Long: `Show the fingerprint that this server shows for a user, and ask whether the digits are those that the
person reads to you from "vaultsphere fingerprint". Compare over a channel that the server has no
part in. If you confirm, your vault remembers the person, on all your devices, and a server that
shows another identity under this name is found out.

--fingerprint takes the digits that you got from the person, and asks nothing.`,
		Example: `  vaultsphere verify anna
  vaultsphere verify anna --fingerprint "60625 97666 37938 65752 94054 15681 97280 41614 28581 42515 65210 72646"`,
		Args:              takes(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("fingerprint") && strings.TrimSpace(digits) == "" {
				return usage(cmd.CommandPath(), "--fingerprint is empty")
			}
			return p.verify(cmd.Context(), args[0], digits)
		}),
	}
	cmd.Flags().StringVar(&digits, "fingerprint", "", "compare with these `DIGITS`, and do not ask")
	return cmd
}

func (p *program) verify(ctx context.Context, username, digits string) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	f, err := c.FindPerson(ctx, username)
	if err != nil {
		return err
	}
	if s := f.Standing; s == directory.Older || s == directory.Unsure {
		return s.Err()
	}
	p.noteStanding(f)
	if digits != "" {
		err = f.Check(digits)
	} else {
		err = p.confirmFingerprint(ctx, f)
	}
	if err != nil {
		return err
	}
	if err := c.VerifyPerson(ctx, f); err != nil {
		return err
	}
	p.note("%s is verified", f.Username)
	return nil
}

// noteStanding says what was verified under this name before.
func (p *program) noteStanding(f *client.FoundPerson) {
	for _, known := range f.Known {
		p.note("you verified %s on %s, with the fingerprint %s", known.Username, known.Since.Local().Format(time.DateOnly), known.Fingerprint)
	}
	switch f.Standing {
	case directory.Parted:
		p.note("warning: the server shows keys that do not follow from those: one of them is forged")
	case directory.OtherUser:
		p.note("warning: the server shows another account under this name")
	case directory.Renewed:
		p.note("the keys were changed since, signed by those that you verified")
	}
}

var errNotVerified = errors.New("nobody was verified")

func (p *program) confirmFingerprint(ctx context.Context, f *client.FoundPerson) error {
	t, err := openTerminal()
	if err != nil {
		return withHint(fmt.Errorf("%w: %w", errNotVerified, err), `use --fingerprint with the digits that "vaultsphere fingerprint" shows to the person`)
	}
	defer t.close()
	groups := strings.Fields(f.Fingerprint)
	t.say("Fingerprint of %s:\n\n  %s\n  %s\n\n", printable(f.Username, ""), strings.Join(groups[:len(groups)/2], " "), strings.Join(groups[len(groups)/2:], " "))
	t.say("Ask %s to run \"vaultsphere fingerprint\" and to read it to you.\n", printable(f.Username, ""))
	answer, err := t.line(ctx, `Type "yes" if all digits are the same`)
	if err != nil {
		return err
	}
	if answer != "yes" {
		return errNotVerified
	}
	return nil
}

func (p *program) peopleCommand() *cobra.Command {
	var asJSON, check bool
	cmd := &cobra.Command{
		Use:   "people",
		Short: "List the people whom you have verified",
		Long: `List the people whom you have verified, with their fingerprints and how they were verified:

  compared    you compared the fingerprint
  link        by an invitation link
  introduced  by somebody whom you had verified

--check asks the server for their cards. New keys that are signed by the verified ones are taken
over. The exit status is 3 if the server shows keys that are not.`,
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			c, err := p.unlocked(cmd.Context())
			if err != nil {
				return err
			}
			defer c.Lock()
			if check {
				return p.checkPeople(cmd.Context(), c, asJSON)
			}
			return p.listPeople(c, asJSON)
		}),
	}
	cmd.Flags().BoolVar(&check, "check", false, "ask the server for their cards")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	p.cacheFlag(cmd)
	cmd.AddCommand(p.forgetCommand())
	return cmd
}

func (p *program) listPeople(c *connection, asJSON bool) error {
	list, err := c.People()
	if err != nil {
		return err
	}
	p.noteUnreadable(list.Unreadable)
	if asJSON {
		return p.printJSON(list)
	}
	var b strings.Builder
	b.WriteString("USERNAME\tVERIFIED\tSINCE\tFINGERPRINT\n")
	for _, v := range list.People {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", printable(v.Username, ""), howVerified(v), v.Since.Local().Format(time.DateOnly), v.Fingerprint)
	}
	return p.write(aligned(b.String()))
}

func howVerified(v client.VerifiedPerson) string {
	if v.Conflict {
		return "CONFLICT"
	}
	return v.How
}

func (p *program) noteUnreadable(n int) {
	if n > 0 {
		p.note("warning: %s of verified people cannot be read; use the newest version of vaultsphere", count(n, "record"))
	}
}

func (p *program) checkPeople(ctx context.Context, c *connection, asJSON bool) error {
	list, err := c.CheckPeople(ctx, p.progress("people checked"))
	if err != nil {
		return err
	}
	if asJSON {
		err = p.printJSON(struct {
			People []client.CheckedPerson `json:"people"`
		}{list})
	} else {
		err = p.write(aligned(checkedTable(list)))
	}
	if err == nil && slices.ContainsFunc(list, func(v client.CheckedPerson) bool { return v.Alarming() }) {
		return exitStatus(exitFindings)
	}
	return err
}

var standings = map[string]string{
	string(directory.Verified): "unchanged", string(directory.Renewed): "new keys, taken over", client.StandingGone: "not on the server",
	string(directory.Older): "NEWEST KEYS WITHHELD", string(directory.Parted): "KEYS DO NOT MATCH", string(directory.OtherUser): "ANOTHER ACCOUNT",
	client.StandingInvalid: "KEYS NOT VALID",
}

func checkedTable(list []client.CheckedPerson) string {
	var b strings.Builder
	b.WriteString("USERNAME\tSERVER\tFINGERPRINT\n")
	for _, v := range list {
		fmt.Fprintf(&b, "%s\t%s\t%s\n", printable(v.Username, ""), standings[v.Standing], v.Fingerprint)
	}
	return b.String()
}

func (p *program) forgetCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "forget USERNAME",
		Short: "Forget that you verified a person",
		Long: `Forget that you verified a person, by username or by the id that "vaultsphere people --json" shows.
Afterwards the server can show anybody under this name.`,
		Args:              takes(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			c, err := p.unlocked(cmd.Context())
			if err != nil {
				return err
			}
			defer c.Lock()
			id, err := c.verifiedID(args[0])
			if err != nil {
				return err
			}
			return c.ForgetPerson(cmd.Context(), id)
		}),
	}
}

var errNotKnown = errors.New("you have not verified anybody with this name")

// verifiedID returns the id of the verified person with a username or id.
func (c *connection) verifiedID(name string) (string, error) {
	list, err := c.People()
	if err != nil {
		return "", err
	}
	found := list.Find(name)
	switch len(found) {
	case 0:
		return "", withHint(errNotKnown, "vaultsphere people lists them")
	case 1:
		return found[0], nil
	}
	return "", withHint(fmt.Errorf("you have verified several people as %s", name), `use the id that "vaultsphere people --json" shows`)
}
