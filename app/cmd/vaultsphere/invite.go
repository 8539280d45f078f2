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
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

func (p *program) inviteCommand() *cobra.Command {
	var terms client.InvitationTerms
	var vaults []string
	administrator := false
	cmd := &cobra.Command{
		Use:   "invite",
		Short: "Print a link with which one person can register",
		Long: `Print a link with which one person can register on this server within seven days, or fewer with
--days. You must be an administrator. The link is a secret: the first to use it can register. Send it over a
channel that you trust. "vaultsphere admin invitations" lists the open ones of all administrators.

The link verifies both of you: the new user's vault remembers your fingerprint, and "vaultsphere
invitations" shows you who used the link. "vaultsphere invite accept" remembers that person.

With --admin, the new user becomes an administrator. With --vault, the new user becomes a member of
shared vaults of yours when you accept the person. The server has no say in which, or in the role.`,
		Example: `  vaultsphere invite --for "Anna from accounting" --vault Accounting=editor --vault Lunch
  vaultsphere invite accept bzpcCbpqc_eGgW-C3l2Qyw`,
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			if !directory.ValidInvitee(terms.Invitee) {
				return usage(cmd.CommandPath(), "--for must be at most %d bytes of visible text on one line", directory.MaxInvitee)
			}
			if terms.Days < 1 || terms.Days > protocol.MaxInvitationDays {
				return usage(cmd.CommandPath(), "--days must be between 1 and %d", protocol.MaxInvitationDays)
			}
			given, err := parseInvited(cmd, vaults)
			if err != nil {
				return err
			}
			terms.Vaults = given
			return p.invite(cmd.Context(), terms, administrator)
		}),
	}
	cmd.Flags().BoolVar(&administrator, "admin", false, "invite an administrator")
	cmd.Flags().StringVar(&terms.Invitee, "for", "", "note for `WHOM` the link is; the server does not see it")
	cmd.Flags().IntVar(&terms.Days, "days", protocol.MaxInvitationDays, "let the link expire after `N` days")
	cmd.Flags().StringArrayVar(&vaults, "vault", nil, "add the new user to this shared vault: `NAME[=ROLE]`, as a reader unless you give a role; can be repeated")
	cmd.AddCommand(p.acceptCommand())
	return cmd
}

// parseInvited reads the values of --vault, with names in place of ids.
func parseInvited(cmd *cobra.Command, values []string) ([]client.InvitedVault, error) {
	var out []client.InvitedVault
	for _, v := range values {
		name, role := v, string(protocol.RoleReader)
		if i := strings.LastIndexByte(v, '='); i >= 0 {
			name, role = v[:i], v[i+1:]
		}
		r, err := parseRole(cmd, role)
		if err != nil {
			return nil, err
		}
		out = append(out, client.InvitedVault{Vault: name, Role: r})
	}
	return out, nil
}

func (p *program) invite(ctx context.Context, terms client.InvitationTerms, administrator bool) error {
	c, err := p.signedIn(ctx)
	if err != nil {
		return err
	}
	password, err := p.proving(ctx, c)
	if err != nil {
		return err
	}
	defer c.Lock()
	if len(terms.Vaults) > 0 {
		if _, err := c.Sync(ctx); err != nil {
			return err
		}
	}
	for i := range terms.Vaults {
		if terms.Vaults[i].Vault, err = c.FindVault(terms.Vaults[i].Vault); err != nil {
			return err
		}
	}
	var secret protocol.JoinSecret
	if administrator {
		secret, err = c.InviteAdministrator(ctx, terms, password)
	} else {
		secret, err = c.InvitePerson(ctx, terms)
	}
	if err != nil {
		return err
	}
	return p.write(strings.TrimSuffix(c.session.Server, "/") + secret.JoinLink() + "\n")
}

func (p *program) invitationsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "invitations",
		Short: "Show who used your invitation links",
		Long: `Show your invitation links that were not accepted, and who used them:

  open     nobody has used it
  expired  it is worthless
  joined   somebody who had the link registered: see the username and the fingerprint, and
           accept the person with vaultsphere invite accept
  FORGED   the server claims that somebody used it, without proof`,
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			c, err := p.unlocked(cmd.Context())
			if err != nil {
				return err
			}
			defer c.Lock()
			list, err := c.SentInvitations(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return p.printJSON(struct {
					Invitations []client.SentInvitation `json:"invitations"`
				}{list})
			}
			return p.write(sentTable(list))
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

var joinStates = map[client.JoinState]string{
	client.JoinOpen: "open", client.JoinExpired: "expired", client.JoinProven: "joined", client.JoinForged: "FORGED",
}

func sentTable(list []client.SentInvitation) string {
	var b strings.Builder
	b.WriteString("ID\tFOR\tEXPIRES\tSTATE\tUSERNAME\tFINGERPRINT\n")
	for _, s := range list {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, printable(s.Invitee, ""), s.Expires.Local().Format(time.DateTime), joinStates[s.State],
			printable(s.Username, ""), s.Fingerprint)
	}
	return aligned(b.String())
}

func (p *program) acceptCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "accept INVITATION",
		Short: "Remember the person who used your invitation link as verified",
		Long: `Show who used your invitation link, by the ID that "vaultsphere invitations" shows, and ask whether
your vault should remember that person as verified. Anybody who had the link can be that person:
accept nobody whom you did not send it to. The person becomes a member of the vaults of the link.`,
		Args:              takes(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.accept(cmd.Context(), args[0], yes)
		}),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for confirmation")
	return cmd
}

var errNobodyAccepted = errors.New("nobody was accepted")

func (p *program) accept(ctx context.Context, id string, yes bool) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	list, err := c.SentInvitations(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(s client.SentInvitation) bool { return s.ID == id })
	if i < 0 {
		return withHint(client.ErrNoInvitation, "vaultsphere invitations lists them")
	}
	s := &list[i]
	if s.State == client.JoinOpen || s.State == client.JoinExpired {
		return fmt.Errorf("nobody has used this link: it is %s", s.State)
	}
	if s.State == client.JoinProven && !yes {
		if err := p.confirmJoiner(ctx, s); err != nil {
			return err
		}
	}
	err = c.AcceptJoiner(ctx, s)
	var unseen *client.UnseenMembersError
	if errors.As(err, &unseen) {
		return withHint(err, "look at the members with vaultsphere members list "+unseen.Vault+", then accept again")
	}
	if err != nil {
		return err
	}
	p.note("%s is verified", s.Username)
	for _, v := range s.Vaults {
		p.note("%s is %s of %s", s.Username, v.Role, printable(v.Name, v.Vault))
	}
	return nil
}

func (p *program) confirmJoiner(ctx context.Context, s *client.SentInvitation) error {
	t, err := openTerminal()
	if err != nil {
		return withHint(fmt.Errorf("%w: %w", errNobodyAccepted, err), "use --yes to accept without confirmation")
	}
	defer t.close()
	whom := ""
	if s.Invitee != "" {
		whom = " for " + printable(s.Invitee, "")
	}
	t.say("The link%s was used by %s, with the fingerprint\n\n  %s\n\n", whom, printable(s.Username, ""), s.Fingerprint)
	for _, v := range s.Vaults {
		t.say("It adds this person as %s to %s.\n", v.Role, printable(v.Name, v.Vault))
	}
	answer, err := t.line(ctx, `Type "yes" if this is the person whom you sent the link`)
	if err != nil {
		return err
	}
	if answer != "yes" {
		return errNobodyAccepted
	}
	return nil
}

// noteInviter says who made the link with which the user has registered.
func (p *program) noteInviter(reg *client.Registration) {
	inviter, err := reg.Inviter()
	switch {
	case err != nil:
		p.note("warning: who invited you could not be remembered as verified: %v", err)
		p.note("hint: compare fingerprints with vaultsphere verify")
	case inviter != nil:
		p.note("%s invited you, and is verified by the link", inviter.Username)
	}
}
