package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

func (p *program) tagCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "tag",
		Aliases: []string{"tags"},
		Short:   "List, rename, merge or delete tags",
		Long: `List, rename, merge or delete the tags of all items, including those in the trash. "edit --tag"
changes the tags of one item.`,
		Args: cobra.NoArgs,
		RunE: p.action(func(cmd *cobra.Command, _ []string) error { return p.listTags(cmd.Context()) }),
	}
	p.cacheFlag(cmd)
	cmd.AddCommand(p.tagListCommand(), p.tagRenameCommand(), p.tagDeleteCommand())
	return cmd
}

func (p *program) tagListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the tags with the number of their items",
		Long: `List the tags with the number of their items outside the trash. Columns are separated by single
tabs if the output is not a terminal.`,
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error { return p.listTags(cmd.Context()) }),
	}
	p.cacheFlag(cmd)
	return cmd
}

func (p *program) tagRenameCommand() *cobra.Command {
	var merge bool
	cmd := &cobra.Command{
		Use:   "rename TAG NEW",
		Short: "Rename a tag for all its items",
		Long: `Rename a tag for all its items. If there is a tag NEW already, --merge is needed, which gives NEW
to all items with TAG.`,
		Args: takes(2, 2),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.renameTag(cmd.Context(), args[0], args[1], merge)
		}),
	}
	cmd.Flags().BoolVar(&merge, "merge", false, "merge TAG into the existing tag NEW")
	return cmd
}

func (p *program) tagDeleteCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "delete TAG",
		Short: "Remove a tag from all its items",
		Long:  `Remove a tag from all its items. The items stay.`,
		Args:  takes(1, 1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.deleteTag(cmd.Context(), args[0])
		}),
	}
}

func (p *program) listTags(ctx context.Context) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	tags, err := c.Tags()
	if err != nil {
		return err
	}
	var b strings.Builder
	names := slices.SortedFunc(maps.Keys(tags), collate.New(language.Und, collate.Numeric, collate.IgnoreCase).CompareString)
	for _, name := range names {
		fmt.Fprintf(&b, "%s\t%d\n", printable(name, ""), tags[name])
	}
	if isTerminal(p.out) {
		return p.write(aligned(b.String()))
	}
	return p.write(b.String())
}

func (p *program) renameTag(ctx context.Context, from, to string, merge bool) error {
	to = strings.TrimSpace(to)
	if to == "" {
		return errors.New("the new name of a tag must not be empty")
	}
	return p.retag(ctx, from, []string{to}, func(tags map[string]int) error {
		if _, exists := tags[to]; exists && to != from && !merge {
			return withHint(fmt.Errorf("there is a tag %q already", to), "--merge gives it to all items with the other tag")
		}
		return nil
	})
}

func (p *program) deleteTag(ctx context.Context, tag string) error {
	return p.retag(ctx, tag, nil, func(map[string]int) error { return nil })
}

// retag replaces a tag if check agrees.
func (p *program) retag(ctx context.Context, tag string, by []string, check func(map[string]int) error) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	tags, err := c.Tags()
	if err != nil {
		return err
	}
	if _, exists := tags[tag]; !exists {
		return withHint(fmt.Errorf("no item has the tag %q", tag), "vaultsphere tag list shows all tags")
	}
	if err := check(tags); err != nil {
		return err
	}
	ids, err := c.Tagged(tag)
	if err != nil {
		return err
	}
	changed, err := c.Retag(ctx, ids, by, []string{tag}, p.progress("items changed"))
	if err != nil {
		return err
	}
	p.note("%s changed", count(len(changed), "item"))
	return p.noteOutbox(c)
}
