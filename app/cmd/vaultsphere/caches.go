package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
)

func (p *program) cacheCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "cache",
		Short: "List the cached vaults on this device",
		Long: `List the cached vaults on this device. A cache is an encrypted copy of a vault that is used
while the server cannot be reached.

If another device or the server ends the session, the cache stays, with the changes in its
outbox. Sign in again to send them. Until then, list, get, totp, health, run and export read
the cache with --cache, with the master password of the time when it was written. The cache
is deleted after 30 days on which you use VaultSphere on this device.

Each line has the id and the username of a cache, and its state.`,
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			return p.caches(cmd.Context(), asJSON)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	var yes bool
	remove := &cobra.Command{
		Use:   "delete CACHE",
		Short: "Delete a cache and the changes in its outbox",
		Long:  "Delete a cache and the changes in its outbox. CACHE is an id or a username from vaultsphere cache.",
		Args:  takes(1, 1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.deleteCache(cmd.Context(), args[0], yes)
		}),
	}
	remove.Flags().BoolVar(&yes, "yes", false, "do not ask for confirmation")
	cmd.AddCommand(remove)
	return cmd
}

// cacheFlag adds --cache to a command that only reads.
func (p *program) cacheFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.cached, "cache", "", "read this `CACHE` (id or username, see vaultsphere cache) without contacting the server")
}

type cachedVault struct {
	ID       string    `json:"id"`
	Username string    `json:"username"`
	Since    time.Time `json:"since,omitzero"` // end of the session
	Outbox   int       `json:"outbox"`         // changes
	DaysLeft int       `json:"days_left,omitempty"`
}

func (p *program) caches(ctx context.Context, asJSON bool) error {
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	list, err := c.Copies(ctx)
	if err != nil && len(list) == 0 {
		return err
	}
	if asJSON {
		out := []cachedVault{}
		for _, l := range list {
			out = append(out, cachedVault{l.ID, l.Username, l.Since, l.Changes, l.DaysLeft})
		}
		return p.printJSON(out)
	}
	var b strings.Builder
	for _, l := range list {
		fmt.Fprintf(&b, "%s\t%s\t%s\n", l.ID, printable(l.Username, ""), describeCache(l))
	}
	return p.write(b.String())
}

func describeCache(c client.Copy) string {
	var parts []string
	if c.Since.IsZero() {
		parts = append(parts, "signed in")
	} else {
		parts = append(parts, "session ended "+c.Since.Local().Format(time.DateOnly))
	}
	if c.Changes > 0 {
		parts = append(parts, count(c.Changes, "change")+" in the outbox")
	}
	if c.DaysLeft > 0 {
		parts = append(parts, "will be deleted after "+count(c.DaysLeft, "more day")+" of use")
	}
	return strings.Join(parts, ", ")
}

// findCache finds a cache by its id, or by a username that only one cache has.
func (c *connection) findCache(ctx context.Context, name string) (client.Copy, error) {
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
		return client.Copy{}, withHint(fmt.Errorf("this device has %d caches of %q", len(found), name), "use the id of one of them, from vaultsphere cache")
	case err != nil:
		return client.Copy{}, err
	}
	return client.Copy{}, withHint(fmt.Errorf("this device has no cache of %q", name), "vaultsphere cache lists the caches")
}

// openCache unlocks the cache that --cache names. The caller locks it.
func (p *program) openCache(ctx context.Context) (*connection, error) {
	c, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	found, err := c.findCache(ctx, p.cached)
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
	p.note("reading the cache of %s; the server was not contacted", printable(opened.Username, ""))
	if opened.Partial {
		p.note("warning: a part of this cache is damaged; only the readable items are shown")
	}
	return c, nil
}

func (p *program) deleteCache(ctx context.Context, name string, yes bool) error {
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	found, err := c.findCache(ctx, name)
	if err != nil {
		return err
	}
	if !yes {
		if err := p.confirmCacheDeletion(ctx, found); err != nil {
			return err
		}
	}
	return c.DeleteCopy(ctx, found.ID)
}

func (p *program) confirmCacheDeletion(ctx context.Context, c client.Copy) error {
	t, err := openTerminal()
	if err != nil {
		return withHint(fmt.Errorf("%w: %w", errNotDeleted, err), "use --yes to delete without confirmation")
	}
	defer t.close()
	t.say("  %s, %s\n", printable(c.Username, ""), describeCache(c))
	answer, err := t.line(ctx, "Delete this cache and the changes in its outbox? [y/N]")
	if err != nil {
		return err
	}
	if a := strings.ToLower(answer); a != "y" && a != "yes" {
		return errNotDeleted
	}
	return nil
}

// signedOut returns the error for a missing session. Its hint names a cache on this device, if there is one.
func (c *connection) signedOut(ctx context.Context, why string) error {
	err := fmt.Errorf("%s: %s%w", c.session.Server, why, client.ErrSignedOut)
	if c.session.Username == "" {
		return withHint(err, signInHint+", or create an account with vaultsphere register")
	}
	if list, _ := c.Copies(ctx); len(list) > 0 {
		return withHint(err, signInHint+"; vaultsphere list --cache "+printable(list[0].Username, "")+" reads the cache on this device")
	}
	return err
}
