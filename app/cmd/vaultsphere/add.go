package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/item"
)

func (p *program) addCommand() *cobra.Command {
	var e edits
	var note, noPassword, editor, asJSON bool
	var kind string
	cmd := &cobra.Command{
		Use:   "add --title TITLE",
		Short: "Add an item",
		Long: `Add an item and print its id.

The password of a login is asked for on the terminal, or read from standard input if that
is a pipe or a file. --generate makes a random one, --no-password adds none.

--editor opens the whole item as text in $VISUAL or $EDITOR. Use it for cards, identities
and SSH keys. The text is in a file in memory, not on a disk.
` + secretOrder,
		Example: `  vaultsphere add --title GitHub --username octocat --url https://github.com --generate
  vaultsphere add --editor --type card`,
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			typ := item.Type(kind)
			if note {
				typ = item.TypeNote
			}
			switch {
			case !typ.Known():
				return usage(cmd.CommandPath(), "--type must be %s", item.TypeList())
			case editor && e.any():
				return usage(cmd.CommandPath(), "--editor can be combined only with --type and --json: write the rest in the editor")
			case editor:
				return p.add(cmd.Context(), item.Item{Type: typ}, p.editText, asJSON)
			case !e.Changed("title"):
				return usage(cmd.CommandPath(), "--title is required")
			}
			e.password = typ == item.TypeLogin && !noPassword && !e.generate
			return p.add(cmd.Context(), item.Item{Type: typ}, p.changes(e), asJSON)
		}),
	}
	cmd.Flags().AddFlagSet(e.flags())
	cmd.Flags().BoolVar(&noPassword, "no-password", false, "add no password")
	cmd.Flags().BoolVar(&note, "note", false, "add a note, which has no password")
	cmd.Flags().StringVar(&kind, "type", string(item.TypeLogin), "`TYPE` of the item: "+item.TypeList())
	cmd.Flags().BoolVar(&editor, "editor", false, "write the item as text in an editor")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the saved item as JSON, without its secrets")
	cmd.MarkFlagsMutuallyExclusive("password", "generate", "no-password", "note", "editor")
	cmd.MarkFlagsMutuallyExclusive("note", "type")
	complete(cmd, "type", item.Types...)
	p.vaultFlag(cmd, "add to this `VAULT`, by name or id (default: the personal one)")
	return cmd
}

func (p *program) add(ctx context.Context, it item.Item, change changer, asJSON bool) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	return p.changeAndSave(ctx, c, it, change, asJSON)
}

// changer returns the item to save, made from the current one.
type changer func(context.Context, item.Item) (item.Item, error)

// changes applies the flags.
func (p *program) changes(e edits) changer {
	return func(ctx context.Context, it item.Item) (item.Item, error) { return p.apply(ctx, it, e) }
}

func (p *program) changeAndSave(ctx context.Context, c *connection, it item.Item, change changer, asJSON bool) error {
	it, err := change(ctx, it)
	if err != nil {
		return err
	}
	return p.save(ctx, c, it, asJSON)
}

// save saves the item and prints its id, or its JSON without secrets.
func (p *program) save(ctx context.Context, c *connection, it item.Item, asJSON bool) error {
	save := c.Save
	if it.ID == "" {
		save = func(ctx context.Context, it item.Item) (item.Item, error) { return c.SaveIn(ctx, c.vault, it) }
	}
	saved, err := save(ctx, it)
	var field *item.FieldError
	if errors.As(err, &field) {
		return withHint(err, "nothing was saved")
	}
	if err == nil {
		err = p.noteOutbox(c)
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
