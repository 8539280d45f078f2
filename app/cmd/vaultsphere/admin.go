package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

func (p *program) inviteCommand() *cobra.Command {
	administrator := false
	cmd := &cobra.Command{
		Use:   "invite",
		Short: "Print a link with which one person can register",
		Long: `Print a link with which one person can register on this server within seven days. You must be
an administrator. The link is a secret: the first to use it can register. Send it over a
channel that you trust. "vaultsphere admin invitations" lists the open ones.

With --admin, the person becomes an administrator. That asks for your master password.`,
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			c, err := p.signedIn(cmd.Context())
			if err != nil {
				return err
			}
			invite := c.Invite
			if administrator {
				invite = func(ctx context.Context) (protocol.JoinSecret, error) { return p.inviteAdministrator(ctx, c) }
			}
			secret, err := invite(cmd.Context())
			if err != nil {
				return err
			}
			return p.write(strings.TrimSuffix(c.session.Server, "/") + secret.JoinLink() + "\n")
		}),
	}
	cmd.Flags().BoolVar(&administrator, "admin", false, "invite an administrator")
	return cmd
}

func (p *program) inviteAdministrator(ctx context.Context, c *connection) (protocol.JoinSecret, error) {
	password, err := p.proving(ctx, c)
	if err != nil {
		return protocol.JoinSecret{}, err
	}
	defer c.Lock()
	return c.InviteAdministrator(ctx, password)
}

// proving asks for the master password and unlocks the vault with it, since the server wants it proven again. The caller locks the vault.
func (p *program) proving(ctx context.Context, c *connection) (string, error) {
	password, err := p.masterPassword(ctx)
	if err != nil {
		return "", err
	}
	opened, err := c.Unlock(ctx, password)
	if err == nil && opened.Offline {
		c.Lock()
		err = client.ErrOffline
	}
	return password, err
}

func (p *program) adminCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "admin",
		Short: "Administer the users and invitations of the server",
		Long: `Administer the users and invitations of the server. You must be an administrator, who can end
access to the server but cannot read anybody's vault.`,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.adminUsersCommand(), p.adminInvitationsCommand(), p.adminRevokeCommand())
	for _, c := range userChanges {
		cmd.AddCommand(p.adminChangeCommand(c))
	}
	return cmd
}

// userChange is one of the commands that change a user.
type userChange struct {
	word, short, long string
	change            client.UserChange
	confirmed         bool // the terminal asks before
}

var userChanges = []userChange{
	{"suspend", "End a user's access at once", `End all sessions of a user at once, and refuse new ones until "vaultsphere admin resume". The
vault stays as it is.`, client.SuspendUser, false},
	{"resume", "Let a suspended user sign in again", "Let a suspended user sign in again.", client.ResumeUser, false},
	{"remove", "Delete a user with the vault", `Delete a user with the vault and all sessions, after confirmation. Nobody can bring the vault
back. "vaultsphere admin suspend" ends access and keeps the vault.`, client.RemoveUser, true},
	{"promote", "Make a user an administrator", "Make a user an administrator.", client.PromoteUser, false},
	{"demote", "Make an administrator a plain user", "Make an administrator a plain user. One administrator must remain.", client.DemoteUser, false},
}

func (p *program) adminChangeCommand(u userChange) *cobra.Command {
	yes, asJSON := !u.confirmed, false
	cmd := &cobra.Command{
		Use:               u.word + " USERNAME",
		Short:             u.short,
		Long:              u.long,
		Args:              takes(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.changeUser(cmd.Context(), u, args[0], yes, asJSON)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the user, as it is then, as JSON")
	if u.confirmed {
		cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for confirmation")
	}
	return cmd
}

var errNotRemoved = errors.New("nobody was removed")

func (p *program) changeUser(ctx context.Context, u userChange, username string, yes, asJSON bool) error {
	c, err := p.signedIn(ctx)
	if err != nil {
		return err
	}
	user, err := c.FindUser(ctx, username)
	if err != nil {
		return err
	}
	if !yes {
		if err := p.confirmRemoval(ctx, user); err != nil {
			return err
		}
	}
	password, err := p.proving(ctx, c)
	if err != nil {
		return err
	}
	defer c.Lock()
	if err := c.ChangeUser(ctx, u.change, user, password); err != nil || !asJSON || u.change == client.RemoveUser {
		return err
	}
	if user, err = c.FindUser(ctx, username); err != nil {
		return err
	}
	return p.printJSON(user)
}

func (p *program) confirmRemoval(ctx context.Context, u protocol.AdminUser) error {
	t, err := openTerminal()
	if err != nil {
		return withHint(fmt.Errorf("%w: %w", errNotRemoved, err), "use --yes to remove without confirmation")
	}
	defer t.close()
	answer, err := t.line(ctx, fmt.Sprintf("Delete %s with a vault of %s? Type the username to confirm", printable(u.Username, ""), count(int(u.Items), "item")))
	if err != nil {
		return err
	}
	if answer != u.Username {
		return errNotRemoved
	}
	return nil
}

func (p *program) adminUsersCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "users",
		Short: "List the users of the server",
		Long: `List the users of the server: role, state, when they registered and were last seen, whether
they have a second factor, the number of items and the bytes of their vaults. Titles are sealed.`,
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			c, err := p.signedIn(cmd.Context())
			if err != nil {
				return err
			}
			list, err := c.Users(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return p.printJSON(struct {
					Users []protocol.AdminUser `json:"users"`
				}{list})
			}
			return p.write(usersTable(list))
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func usersTable(list []protocol.AdminUser) string {
	var b strings.Builder
	row := func(cells ...string) {
		for i, cell := range cells {
			cells[i] = printable(cell, "")
		}
		b.WriteString(strings.Join(cells, "\t") + "\n")
	}
	row("USERNAME", "ROLE", "STATE", "CREATED", "LAST SEEN", "TWO-FACTOR", "ITEMS", "BYTES")
	one := func(is bool, yes, no string) string {
		if is {
			return yes
		}
		return no
	}
	for _, u := range list {
		row(u.Username, one(u.Administrator, "administrator", "user"), one(u.Suspended, "suspended", "active"), u.Created.Format(time.DateOnly),
			u.LastSeen.Format(time.DateOnly), one(u.TOTPEnabled, "on", "off"), strconv.FormatInt(u.Items, 10), strconv.FormatInt(u.Bytes, 10))
	}
	return aligned(b.String())
}

func (p *program) adminInvitationsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "invitations",
		Short: "List the open invitations",
		Long:  "List the invitations that were not used, have not expired and were not revoked. Their links cannot be shown again.",
		Args:  takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			c, err := p.signedIn(cmd.Context())
			if err != nil {
				return err
			}
			list, err := c.Invitations(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return p.printJSON(protocol.InvitationsResponse{Invitations: list})
			}
			return p.write(invitationsTable(list))
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func invitationsTable(list []protocol.OpenInvitation) string {
	var b strings.Builder
	b.WriteString("ID\tEXPIRES\tBY\tFOR\n")
	for _, i := range list {
		by, what := i.By, "user"
		if by == "" {
			by = "(on the host)"
		}
		if i.Administrator {
			what = "administrator"
		}
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", printable(i.ID, ""), i.Expires.Format(time.DateTime), printable(by, ""), what)
	}
	return aligned(b.String())
}

func (p *program) adminRevokeCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "revoke INVITATION",
		Short:             "Revoke an open invitation",
		Long:              `Revoke an open invitation by its ID: see "vaultsphere admin invitations". Its link is then worthless.`,
		Args:              takes(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			c, err := p.signedIn(cmd.Context())
			if err != nil {
				return err
			}
			return c.RevokeInvitation(cmd.Context(), args[0])
		}),
	}
}
