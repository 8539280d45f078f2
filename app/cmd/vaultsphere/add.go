package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/item"
)

func (p *program) addCommand() *cobra.Command {
	var e edits
	var note, noPassword, asJSON bool
	cmd := &cobra.Command{
		Use:   "add --title TITLE",
		Short: "Add an item",
		Long: `Add an item and print its id.

The password of a login is asked for on the terminal, or taken from standard input if
that is a pipe or a file, unless --generate makes one or --no-password leaves it out.
` + secretOrder,
		Args: cobra.NoArgs,
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("title") {
				return usage(cmd.CommandPath(), "--title is missing")
			}
			typ := item.TypeLogin
			if note {
				typ = item.TypeNote
			}
			e.changed = cmd.Flags().Changed
			e.password = !note && !noPassword && !e.generate
			return p.add(cmd.Context(), typ, e, asJSON)
		}),
	}
	e.flags(cmd)
	cmd.Flags().BoolVar(&noPassword, "no-password", false, "save it without a password")
	cmd.Flags().BoolVar(&note, "note", false, "make it a note, which has no password")
	cmd.Flags().BoolVar(&asJSON, "json", false, "write the saved item as JSON, without its secrets")
	cmd.MarkFlagsMutuallyExclusive("password", "generate", "no-password", "note")
	return cmd
}

func (p *program) add(ctx context.Context, typ item.Type, e edits, asJSON bool) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	it, err := p.apply(ctx, item.Item{Type: typ}, e)
	if err != nil {
		return err
	}
	return p.save(ctx, c, it, asJSON)
}

// save stores the item and answers with what a script goes on with. The secrets are not repeated.
func (p *program) save(ctx context.Context, c *connection, it item.Item, asJSON bool) error {
	saved, err := c.Save(ctx, it)
	var field *item.FieldError
	if errors.As(err, &field) {
		return withHint(err, "nothing was saved")
	}
	if err == nil {
		err = p.noteWaiting(c)
	}
	if err != nil {
		return err
	}
	if !asJSON {
		return p.write(saved.ID + "\n")
	}
	return p.printJSON(savedItem{saved.ID, saved.Type, saved.Title, saved.Username, saved.URLs, saved.Tags})
}

type savedItem struct {
	ID       string    `json:"id"`
	Type     item.Type `json:"type"`
	Title    string    `json:"title"`
	Username string    `json:"username,omitempty"`
	URLs     []string  `json:"urls,omitempty"`
	Tags     []string  `json:"tags,omitempty"`
}
