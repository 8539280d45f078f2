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
	cmd.AddCommand(p.adminUsersCommand(), p.adminInvitationsCommand(), p.adminRevokeCommand(), p.adminEventsCommand())
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
	{"resume", "Let a suspended or removed user sign in again", "Let a suspended or removed user sign in again.", client.ResumeUser, false},
	{"remove", "Delete a user in 30 days", `End all sessions of a user at once, refuse new ones, and delete the user with the vault after 30
days. Until then, "vaultsphere admin resume" takes it back, and nobody else can have the username.`, client.RemoveUser, false},
	{"delete", "Delete a user with the vault at once", `Delete a user with the vault and all sessions at once, after confirmation. Nobody can bring the
vault back. "vaultsphere admin remove" leaves 30 days to take it back.`, client.DeleteUser, true},
	{"unthrottle", "Let a user try to sign in again at once", `Forget the wrong passwords that make a user wait before the next sign-in. Devices on which the user
signed in before do not wait for them.`, client.UnthrottleUser, false},
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

var errNobodyDeleted = errors.New("nobody was deleted")

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
		if err := p.confirmUserDeletion(ctx, user); err != nil {
			return err
		}
	}
	password, err := p.proving(ctx, c)
	if err != nil {
		return err
	}
	defer c.Lock()
	if err := c.ChangeUser(ctx, u.change, user, password); err != nil || !asJSON || u.change == client.DeleteUser {
		return err
	}
	if user, err = c.FindUser(ctx, username); err != nil {
		return err
	}
	return p.printJSON(user)
}

func (p *program) confirmUserDeletion(ctx context.Context, u protocol.AdminUser) error {
	t, err := openTerminal()
	if err != nil {
		return withHint(fmt.Errorf("%w: %w", errNobodyDeleted, err), "use --yes to delete without confirmation")
	}
	defer t.close()
	answer, err := t.line(ctx, fmt.Sprintf("Delete %s with a vault of %s? Type the username to confirm", printable(u.Username, ""), count(int(u.Items), "item")))
	if err != nil {
		return err
	}
	if answer != u.Username {
		return errNobodyDeleted
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
		row(u.Username, one(u.Administrator, "administrator", "user"), stateOf(u), u.Created.Format(time.DateOnly),
			u.LastSeen.Format(time.DateOnly), one(u.TOTPEnabled, "on", "off"), strconv.FormatInt(u.Items, 10), strconv.FormatInt(u.Bytes, 10))
	}
	return aligned(b.String())
}

func stateOf(u protocol.AdminUser) string {
	switch {
	case !u.Deletion.IsZero():
		return "deleted on " + u.Deletion.Format(time.DateOnly)
	case u.Suspended:
		return "suspended"
	}
	return "active"
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
		Use:   "revoke INVITATION",
		Short: "Revoke an open invitation",
		Long: `Revoke an open invitation by its ID: see "vaultsphere admin invitations". Its link is then worthless. Your
vault forgets the link first, so that no answer to it counts, whatever the server does.`,
		Args:              takes(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			c, err := p.unlocked(cmd.Context())
			if err != nil {
				return err
			}
			defer c.Lock()
			return c.RevokeInvitation(cmd.Context(), args[0])
		}),
	}
}
