package main

import (
	"context"
	"math"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
)

func (p *program) archiveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "archive ITEM...",
		Short: "Move items to the archive",
		Long: `Move items to the archive, where list does not find them. get, edit, trash and rm still find
them by id or exact title. "vaultsphere unarchive" moves them back. If one of the items is
not found, nothing changes. ITEM is an id or an exact title.`,
		Args: takes(1, math.MaxInt),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.editFound(cmd.Context(), client.Query{}, args, (*names).exactly, (*client.Client).Archive)
		}),
	}
}

func (p *program) unarchiveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "unarchive ITEM...",
		Short: "Take items out of the archive",
		Long: `Take items out of the archive. ITEM is an id, an exact title, or words that match exactly one
item in the archive. "vaultsphere list --archived" lists them.`,
		Args: takes(1, math.MaxInt),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.editFound(cmd.Context(), client.Query{Archive: true}, args, (*names).roughly, (*client.Client).Unarchive)
		}),
	}
}

// editFound applies an edit to the items that q selects and find finds.
func (p *program) editFound(ctx context.Context, q client.Query, args []string, find func(*names, string) (client.Summary, error),
	edit func(*client.Client, context.Context, []string, func(done, total int)) ([]string, error),
) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	ids, _, err := c.findAll(q, args, find)
	if err != nil {
		return err
	}
	if _, err := edit(c.Client, ctx, ids, nil); err != nil {
		return err
	}
	return p.noteOutbox(c)
}
