package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
)

func (p *program) copiesCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "copies",
		Short: "List the sealed copies of vaults on this device",
		Long: `List the sealed copies of vaults on this device. They are read without the server, by the
master password that was valid when the copy was made: list, get, totp, health, run and
export take --copy.

A session that is ended elsewhere, or by the server, leaves its copy here, with the changes
that wait. Signing in again sends them. Otherwise the copy is deleted after 30 days on
which VaultSphere was used on this device.`,
		Args: cobra.NoArgs,
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			return p.copies(cmd.Context(), asJSON)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	var yes bool
	remove := &cobra.Command{
		Use:   "delete COPY",
		Short: "Delete a copy, and the changes that wait in it",
		Long:  "Delete a copy, and the changes that wait in it. COPY is a user name or an id from vaultsphere copies.",
		Args:  cobra.ExactArgs(1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.deleteCopy(cmd.Context(), args[0], yes)
		}),
	}
	remove.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.AddCommand(remove)
	return cmd
}

// copyFlag lets a command that reads take a copy on this device in place of the vault.
func (p *program) copyFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.copy, "copy", "", "read `COPY` on this device without asking the server: a user name or an id from vaultsphere copies")
}

type copied struct {
	ID       string    `json:"id"`
	Username string    `json:"username"`
	Since    time.Time `json:"since,omitzero"` // when the session ended
	Changes  int       `json:"changes"`        // that wait
	DaysLeft int       `json:"days_left,omitempty"`
}

func (p *program) copies(ctx context.Context, asJSON bool) error {
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	list, err := c.Copies(ctx)
	if err != nil && len(list) == 0 {
		return err
	}
	if asJSON {
		out := []copied{}
		for _, l := range list {
			out = append(out, copied{l.ID, l.Username, l.Since, l.Changes, l.DaysLeft})
		}
		return p.printJSON(out)
	}
	var b strings.Builder
	for _, l := range list {
		fmt.Fprintf(&b, "%s\t%s\t%s\n", l.ID, printable(l.Username, ""), describeCopy(l))
	}
	return p.write(b.String())
}

func describeCopy(c client.Copy) string {
	var parts []string
	if c.Since.IsZero() {
		parts = append(parts, "signed in")
	} else {
		parts = append(parts, "session ended "+c.Since.Local().Format(time.DateOnly))
	}
	if c.Changes > 0 {
		parts = append(parts, waits(c.Changes))
	}
	if c.DaysLeft > 0 {
		parts = append(parts, "deleted after "+count(c.DaysLeft, "more day")+" of use")
	}
	return strings.Join(parts, ", ")
}

// findCopy finds a copy by its id, or by its user name if that is enough.
func (c *connection) findCopy(ctx context.Context, name string) (client.Copy, error) {
	list, err := c.Copies(ctx)
	var found []client.Copy
	for _, l := range list {
		if l.ID == name {
			return l, nil
		}
		if strings.EqualFold(l.Username, name) {
			found = append(found, l)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return client.Copy{}, withHint(fmt.Errorf("this device has %d copies of %q", len(found), name), "name one by its id: vaultsphere copies")
	case err != nil:
		return client.Copy{}, err
	}
	return client.Copy{}, withHint(fmt.Errorf("%w: %q", client.ErrNoCopy, name), "vaultsphere copies lists them")
}

// openCopy unlocks the copy that --copy names. The caller locks it.
func (p *program) openCopy(ctx context.Context) (*connection, error) {
	c, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	found, err := c.findCopy(ctx, p.copy)
	if err != nil {
		return nil, err
	}
	password, err := p.masterPassword(ctx)
	if err != nil {
		return nil, err
	}
	opened, err := c.OpenCopy(ctx, found.ID, password)
	if err != nil {
		return nil, err
	}
	p.note("this is the copy of %s on this device; the server was not asked", printable(opened.Username, ""))
	if opened.Partial {
		p.note("warning: a part of this copy is damaged; what can be read is shown")
	}
	return c, nil
}

func (p *program) deleteCopy(ctx context.Context, name string, yes bool) error {
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	found, err := c.findCopy(ctx, name)
	if err != nil {
		return err
	}
	if !yes {
		if err := p.confirmCopyDeletion(ctx, found); err != nil {
			return err
		}
	}
	return c.DeleteCopy(ctx, found.ID)
}

func (p *program) confirmCopyDeletion(ctx context.Context, c client.Copy) error {
	t, err := openTerminal()
	if err != nil {
		return withHint(fmt.Errorf("%w: %w", errNotDeleted, err), "--yes deletes without asking")
	}
	defer t.close()
	t.say("  %s, %s\n", printable(c.Username, ""), describeCopy(c))
	answer, err := t.line(ctx, "Delete this copy, with the changes that wait in it? [y/N]")
	if err != nil {
		return err
	}
	if a := strings.ToLower(answer); a != "y" && a != "yes" {
		return errNotDeleted
	}
	return nil
}

// signedOut says that there is no session, and how to get at the copies on this device if there are any.
func (c *connection) signedOut(ctx context.Context, why string) error {
	err := fmt.Errorf("%s: %s%w", c.session.Server, why, client.ErrSignedOut)
	if list, _ := c.Copies(ctx); len(list) > 0 {
		return withHint(err, "sign in with vaultsphere login; vaultsphere list --copy "+printable(list[0].Username, "")+" reads the copy on this device")
	}
	return err
}
