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

var roleWords = []protocol.Role{protocol.RoleReader, protocol.RoleEditor, protocol.RoleManager, protocol.RoleOwner}

func (p *program) membersCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "members",
		Short: "Show and change the members of a shared vault",
		Long: `Show and change the members of a shared vault:

  reader   reads everything in the vault
  editor   also changes items
  manager  also adds and removes readers and editors
  owner    may do everything

What changed since you last looked is shown before anything is signed: every member gets the keys
of the vault.`,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.membersListCommand(), p.membersAddCommand(), p.membersRemoveCommand(), p.membersRoleCommand(), p.membersRotateCommand())
	return cmd
}

func (p *program) membersListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list VAULT",
		Short: "List the members of a shared vault, and what changed since you last looked",
		Long: `List the members of a shared vault with their fingerprints, and how you verified them:

  compared    you compared the fingerprint
  link        by an invitation link
  introduced  by somebody whom you had verified
  no          not verified; "no, by NAME" if somebody whom you verified added the member
  WRONG KEYS  not the person whom you verified under this name

What changed since you last looked goes to standard error. The exit status is 3 if a member has wrong keys.`,
		Args:              takes(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.withVault(cmd.Context(), args[0], func(c *connection, id string) error {
				m, err := c.Members(cmd.Context(), id)
				if err != nil {
					return err
				}
				return p.listMembers(cmd.Context(), c, m, asJSON)
			})
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// withVault opens the shared vault with a name or an id.
func (p *program) withVault(ctx context.Context, name string, do func(c *connection, id string) error) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	id, err := c.FindVault(name)
	if err != nil {
		return err
	}
	return do(c, id)
}

func (p *program) listMembers(ctx context.Context, c *connection, m client.Members, asJSON bool) error {
	p.noteChanges(m.News)
	if m.RotationDue {
		p.note("warning: somebody who left this vault, or whose keys were replaced, may still have its keys: vaultsphere members rotate changes them")
	}
	var err error
	if asJSON {
		err = p.printJSON(m)
	} else {
		err = p.write(membersTable(m.Members))
	}
	if err == nil {
		err = c.NoteShown(ctx, m.Vault, m.Shown)
	}
	if err == nil && slices.ContainsFunc(m.Members, client.VaultMember.Alarming) {
		return exitStatus(exitFindings)
	}
	return err
}

func membersTable(list []client.VaultMember) string {
	var b strings.Builder
	b.WriteString("USERNAME\tROLE\tVERIFIED\tADDED\tBY\tFINGERPRINT\n")
	for _, m := range list {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%s\t%s\n", printable(m.Username, ""), m.Role, memberVerified(m), m.Since.Local().Format(time.DateOnly),
			printable(m.By, ""), m.Fingerprint)
	}
	return aligned(b.String())
}

func memberVerified(m client.VaultMember) string {
	switch {
	case m.Self:
		return "you"
	case m.Alarming():
		return "WRONG KEYS"
	case m.How != "":
		return m.How
	case m.Standing == string(directory.Older):
		return "older keys"
	case m.Introduced:
		return "no, by " + printable(m.By, "")
	}
	return "no"
}

// noteChanges shows what changed among the members of a vault.
func (p *program) noteChanges(list []client.MemberChange) {
	for _, c := range list {
		p.note("%s", describeChange(c))
	}
}

func describeChange(c client.MemberChange) string {
	who, by := printable(c.Username, ""), printable(c.Author, "")
	what := ""
	switch {
	case c.Username == "":
		what = map[string]string{"rotate": "changed the keys", "policy": "changed the policy", "close": "closed the vault"}[c.Op]
	case c.Op == "leave":
		what = "left"
	case c.Op == "create":
		what = "created the vault"
	case c.Before == "":
		what = fmt.Sprintf("added %s as %s, with the fingerprint %s", who, c.After, c.Fingerprint)
	case c.After == "":
		what = "removed " + who
	case c.NewCard:
		what = fmt.Sprintf("gave %s new keys, with the fingerprint %s", who, c.Fingerprint)
	default:
		what = fmt.Sprintf("made %s %s, who was %s", who, c.After, c.Before)
	}
	return fmt.Sprintf("%s: %s %s", c.Time.Local().Format(time.DateTime), by, what)
}

var errNothingSigned = errors.New("nothing was changed")

// signing calls do again with the changes that the user was shown, and confirmed on a terminal.
func (p *program) signing(ctx context.Context, do func(shown int64) error) error {
	err := do(0)
	for {
		var unseen *client.UnseenMembersError
		if !errors.As(err, &unseen) {
			return err
		}
		p.note("the members of this vault changed since you last looked:")
		p.noteChanges(unseen.Changes)
		t, noTerminal := openTerminal()
		if noTerminal != nil {
			return err
		}
		answer, asked := t.line(ctx, `Type "yes" to go on with these members`)
		t.close()
		if asked != nil {
			return asked
		}
		if answer != "yes" {
			return errNothingSigned
		}
		err = do(unseen.Shown)
	}
}

func (p *program) membersAddCommand() *cobra.Command {
	role := string(protocol.RoleReader)
	cmd := &cobra.Command{
		Use:   "add VAULT USERNAME…",
		Short: "Add people to a shared vault",
		Long: `Add people to a shared vault. You must have verified them, with vaultsphere verify or by an invitation
link. Somebody whom a person you verified has added to another vault of yours can become a reader or
an editor. They join with vaultsphere join.`,
		Example:           `  vaultsphere members add Accounting anna bob --role editor`,
		Args:              takes(2, 100),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			r, err := parseRole(cmd, role)
			if err != nil {
				return err
			}
			var people []client.NewMember
			for _, name := range args[1:] {
				people = append(people, client.NewMember{Username: name, Role: r})
			}
			return p.withVault(cmd.Context(), args[0], func(c *connection, id string) error {
				return p.signing(cmd.Context(), func(shown int64) error { return c.AddMembers(cmd.Context(), id, shown, people...) })
			})
		}),
	}
	cmd.Flags().StringVar(&role, "role", role, "`ROLE` of the new members: reader, editor, manager or owner")
	complete(cmd, "role", roleWords...)
	return cmd
}

func parseRole(cmd *cobra.Command, word string) (protocol.Role, error) {
	if !slices.Contains(roleWords, protocol.Role(word)) {
		return "", usage(cmd.CommandPath(), "a role is reader, editor, manager or owner")
	}
	return protocol.Role(word), nil
}

func (p *program) membersRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove VAULT USERNAME…",
		Short: "Remove members from a shared vault, and change its keys",
		Long: `Remove members from a shared vault, by username or by the id that "vaultsphere members list --json" shows.
The keys of the vault change, so that they read nothing that is written afterwards. Change the
passwords that they could read.`,
		Args:              takes(2, 100),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.withVault(cmd.Context(), args[0], func(c *connection, id string) error {
				users, err := c.memberIDs(cmd.Context(), id, args[1:])
				if err != nil {
					return err
				}
				err = p.signing(cmd.Context(), func(shown int64) error { return c.RemoveMembers(cmd.Context(), id, shown, users...) })
				if err != nil {
					return err
				}
				return p.reseal(cmd.Context(), c)
			})
		}),
	}
}

// memberIDs returns the ids of the members with these usernames or ids.
func (c *connection) memberIDs(ctx context.Context, vault string, names []string) ([]string, error) {
	m, err := c.Members(ctx, vault)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, name := range names {
		i := slices.IndexFunc(m.Members, func(m client.VaultMember) bool { return m.UserID == name || strings.EqualFold(m.Username, name) })
		if i < 0 {
			return nil, withHint(fmt.Errorf("%s is not a member of this vault", printable(name, "")), "vaultsphere members list shows them")
		}
		out = append(out, m.Members[i].UserID)
	}
	return out, nil
}

func (p *program) membersRoleCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "role VAULT USERNAME ROLE",
		Short: "Give a member of a shared vault another role",
		Args:  takes(3, 3),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) != 2 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var words []cobra.Completion
			for _, r := range roleWords {
				words = append(words, string(r))
			}
			return words, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			role, err := parseRole(cmd, args[2])
			if err != nil {
				return err
			}
			return p.withVault(cmd.Context(), args[0], func(c *connection, id string) error {
				users, err := c.memberIDs(cmd.Context(), id, args[1:2])
				if err != nil {
					return err
				}
				return p.signing(cmd.Context(), func(shown int64) error { return c.SetMemberRole(cmd.Context(), id, shown, users[0], role) })
			})
		}),
	}
}

func (p *program) membersRotateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rotate VAULT",
		Short: "Change the keys of a shared vault",
		Long: `Change the keys of a shared vault. People who have only the earlier keys read nothing that is written
afterwards.
"vaultsphere members list" says when it is due: after a member left.`,
		Args:              takes(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.withVault(cmd.Context(), args[0], func(c *connection, id string) error {
				return p.rotateVault(cmd.Context(), c, id)
			})
		}),
	}
}

// rotateVault changes the keys of a shared vault. If the user has a new card, that comes first, and for managers and owners changes the keys too.
func (p *program) rotateVault(ctx context.Context, c *connection, id string) error {
	outdated, err := c.OutdatedVaults()
	if err != nil {
		return err
	}
	err = p.signing(ctx, func(shown int64) error {
		if slices.Contains(outdated, id) {
			return c.RecardVault(ctx, id, shown)
		}
		return c.RotateMembers(ctx, id, shown)
	})
	if err != nil {
		return err
	}
	return p.reseal(ctx, c)
}

func (p *program) leaveCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "leave VAULT",
		Short: "Leave a shared vault",
		Long: `Leave a shared vault. Its items are deleted from this device, and the others keep the vault. Only a
manager or an owner can add you again.`,
		Args:              takes(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.withVault(cmd.Context(), args[0], func(c *connection, id string) error {
				if !yes {
					if err := p.confirmLeaving(cmd.Context(), args[0]); err != nil {
						return err
					}
				}
				return c.LeaveVault(cmd.Context(), id)
			})
		}),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for confirmation")
	return cmd
}

var errNotLeft = errors.New("you did not leave the vault")

func (p *program) confirmLeaving(ctx context.Context, vault string) error {
	t, err := openTerminal()
	if err != nil {
		return withHint(fmt.Errorf("%w: %w", errNotLeft, err), "use --yes to leave without confirmation")
	}
	defer t.close()
	answer, err := t.line(ctx, fmt.Sprintf("Leave %s? [y/N]", printable(vault, "")))
	if err != nil {
		return err
	}
	if a := strings.ToLower(answer); a != "y" && a != "yes" {
		return errNotLeft
	}
	return nil
}

func (p *program) joinCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "join [VAULT]",
		Short: "Join a shared vault to which somebody has added you",
		Long: `Without an argument, list the shared vaults to which somebody has added you and that you have not
joined. Join one by the id in this list. You must have verified the person who added you: the server
could list a vault that somebody else reads.`,
		Args:              takes(0, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			c, err := p.unlocked(cmd.Context())
			if err != nil {
				return err
			}
			defer c.Lock()
			if len(args) == 1 {
				return p.joinVault(cmd.Context(), c, args[0])
			}
			list, err := c.VaultInvitations(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return p.printJSON(struct {
					Vaults []client.VaultInvitation `json:"vaults"`
				}{list})
			}
			return p.write(joinableTable(list))
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (p *program) joinVault(ctx context.Context, c *connection, id string) error {
	v, err := c.JoinVault(ctx, id)
	if errors.Is(err, client.ErrNotInvited) {
		return withHint(err, "vaultsphere join shows who has; compare fingerprints with vaultsphere verify first")
	}
	if err == nil {
		p.note("you are %s of %s", v.Role, printable(v.Name, v.ID))
	}
	return err
}

func joinableTable(list []client.VaultInvitation) string {
	var b strings.Builder
	b.WriteString("VAULT\tROLE\tMEMBERS\tADDED BY\tVERIFIED\tFINGERPRINT\n")
	for _, i := range list {
		fmt.Fprintf(&b, "%s\t%s\t%d\t%s\t%s\t%s\n", i.Vault, i.Role, i.Members, printable(i.By, ""), map[bool]string{true: "yes", false: "NO"}[i.Verified], i.Fingerprint)
	}
	return aligned(b.String())
}
