package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// maxTrashDays is a hundred years. More is a typing error.
const maxTrashDays = 36_500

func (p *program) trashCommand() *cobra.Command {
	var days int
	var empty, yes bool
	cmd := &cobra.Command{
		Use:   "trash ITEM... | trash --empty",
		Short: "Move items to the trash, or empty it",
		Long: `Move items to the trash, where list and get do not find them. "vaultsphere restore" moves them
back. After --days they are deleted permanently. If one of the items is not found, nothing
changes. ITEM is an id or an exact title.

--empty permanently deletes everything in the trash with its history, after confirmation.`,
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			switch {
			case empty != (len(args) == 0):
				return usage(cmd.CommandPath(), "name items or use --empty, but not both")
			case days < 0 || days > maxTrashDays:
				return usage(cmd.CommandPath(), "--days must be 0 to %d", maxTrashDays)
			case empty:
				return p.emptyTrash(cmd.Context(), yes)
			}
			return p.trash(cmd.Context(), args, days)
		}),
	}
	cmd.Flags().IntVar(&days, "days", 30, "delete them permanently after `N` days; 0: not before the trash is emptied")
	cmd.Flags().BoolVar(&empty, "empty", false, "permanently delete everything in the trash")
	cmd.Flags().BoolVar(&yes, "yes", false, "with --empty: do not ask for confirmation")
	cmd.MarkFlagsMutuallyExclusive("days", "empty")
	p.vaultFlag(cmd, "look only in this `VAULT`")
	cmd.MarkFlagsMutuallyExclusive("empty", "vault")
	return cmd
}

func (p *program) trash(ctx context.Context, args []string, days int) error {
	keep := time.Duration(days) * 24 * time.Hour
	return p.editFound(ctx, client.Query{}, args, (*names).exactly,
		func(c *client.Client, ctx context.Context, ids []string, progress func(done, total int)) ([]string, error) {
			return c.Trash(ctx, ids, keep, progress)
		})
}

func (p *program) emptyTrash(ctx context.Context, yes bool) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	trashed, err := c.Search(client.Query{Trash: true})
	if err != nil || len(trashed) == 0 {
		return err
	}
	var titles []string
	for _, s := range trashed {
		titles = append(titles, label(s))
	}
	if !yes {
		if err := p.confirmDeletion(ctx, titles); err != nil {
			return err
		}
	}
	if err := c.EmptyTrash(ctx, nil); err != nil {
		return err
	}
	return p.noteOutbox(c)
}
