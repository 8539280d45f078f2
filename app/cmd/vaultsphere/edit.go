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
		Args: cobra.ExactArgs(1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			e.changed = cmd.Flags().Changed
			change := p.changes(e)
			if !e.any() {
				change = p.editText
			}
			return p.edit(cmd.Context(), args[0], change, asJSON)
		}),
	}
	e.flags(cmd)
	cmd.Flags().StringArrayVar(&e.drop, "remove-field", nil, "remove the custom field `NAME` (repeatable)")
	cmd.Flags().StringArrayVar(&e.detach, "remove-attachment", nil, "remove the attachment `NAME` (repeatable)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the saved item as JSON, without its secrets")
	cmd.MarkFlagsMutuallyExclusive("password", "generate")
	return cmd
}

// any reports whether a flag asks for a change.
func (e *edits) any() bool {
	for _, flag := range []string{"title", "username", "url", "tag", "favourite", "notes-file"} {
		if e.changed(flag) {
			return true
		}
	}
	return e.password || e.generate || e.totp || len(e.ask) > 0 || len(e.drop) > 0 || len(e.detach) > 0
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
