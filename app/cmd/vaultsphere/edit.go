package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (p *program) editCommand() *cobra.Command {
	var e edits
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "edit ITEM",
		Short: "Change an item",
		Long: `Change an item and print its id. ITEM is an id or an exact title.

Flags change only what they name; an empty value clears it. Without such flags, the whole
item opens as text in $VISUAL or $EDITOR. The text is in a file in memory, not on a disk.
` + secretOrder,
		Example: `  vaultsphere edit GitHub --password
  vaultsphere edit GitHub --username hubot --tag work --tag code`,
		Args: takes(1, 1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			change := p.changes(e)
			if !e.any() {
				change = p.editText
			}
			return p.edit(cmd.Context(), args[0], change, asJSON)
		}),
	}
	changes := e.flags()
	changes.StringArrayVar(&e.drop, "remove-field", nil, "remove the custom field `NAME` (repeatable)")
	changes.StringArrayVar(&e.detach, "remove-attachment", nil, "remove the attachment `NAME` (repeatable)")
	cmd.Flags().AddFlagSet(changes)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the saved item as JSON, without its secrets")
	cmd.MarkFlagsMutuallyExclusive("password", "generate")
	p.vaultFlag(cmd, "look only in this `VAULT`")
	return cmd
}

func (p *program) edit(ctx context.Context, name string, change changer, asJSON bool) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	it, err := c.open(name)
	if err != nil {
		return err
	}
	return p.changeAndSave(ctx, c, it, change, asJSON)
}
