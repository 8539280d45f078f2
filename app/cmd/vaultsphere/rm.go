package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
)

func (p *program) rmCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "rm ITEM...",
		Short: "Delete items permanently",
		Long: `Delete items and their history permanently, after confirmation. Use "vaultsphere trash" if you
may want to restore them. If one of the items is not found, nothing is deleted. For 30 days,
"vaultsphere log --deleted" lists them and "vaultsphere restore --at" brings them back.

ITEM is an id, an exact title, or words that match exactly one item. With --yes, it is an id
or an exact title.`,
		Args: takes(1, math.MaxInt),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.rm(cmd.Context(), args, yes)
		}),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for confirmation")
	p.vaultFlag(cmd, "look only in this `VAULT`")
	return cmd
}

var errNotDeleted = errors.New("nothing was deleted")

func (p *program) rm(ctx context.Context, args []string, yes bool) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	find := (*names).roughly // the user confirms the titles
	if yes {
		find = (*names).exactly
	}
	ids, titles, err := c.findAll(client.Query{}, args, find)
	if err != nil {
		return err
	}
	if !yes {
		if err := p.confirmDeletion(ctx, titles); err != nil {
			return err
		}
	}
	if err := c.Delete(ctx, ids); err != nil {
		return err
	}
	return p.noteOutbox(c)
}

// findAll finds an item for each name, without repetitions. If a name is not found, it returns an error.
func (c *connection) findAll(q client.Query, args []string, find func(*names, string) (client.Summary, error)) (ids, titles []string, err error) {
	n, err := c.names(q)
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	for _, name := range args {
		found, err := find(n, name)
		if err != nil {
			return nil, nil, err
		}
		if !seen[found.ID] {
			seen[found.ID] = true
			ids, titles = append(ids, found.ID), append(titles, label(found))
		}
	}
	return ids, titles, nil
}

func (p *program) confirmDeletion(ctx context.Context, titles []string) error {
	t, err := openTerminal()
	if err != nil {
		return withHint(fmt.Errorf("%w: %w", errNotDeleted, err), "use --yes to delete without confirmation")
	}
	defer t.close()
	for _, title := range titles {
		t.say("  %s\n", printable(title, ""))
	}
	answer, err := t.line(ctx, fmt.Sprintf("Permanently delete %s, with history? [y/N]", count(len(titles), "item")))
	if err != nil {
		return err
	}
	if a := strings.ToLower(answer); a != "y" && a != "yes" {
		return errNotDeleted
	}
	return nil
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok && !strings.HasSuffix(stem, "a") {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
