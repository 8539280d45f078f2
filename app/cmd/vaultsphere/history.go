package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
)

func (p *program) historyCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "history ITEM",
		Short: "Show the earlier versions of an item",
		Long: `Show the versions of an item, the newest first: the revision, the time, who saved it, and the
fields that changed. "vaultsphere restore --at REVISION ITEM" restores one. The server keeps
versions for 30 days; of older ones, only the revision, the time and the author are known.

ITEM is an id or an exact title. Items in the trash are found too, and items that were deleted
permanently as long as "vaultsphere log --deleted" lists them.`,
		Args: takes(1, 1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.history(cmd.Context(), args[0], asJSON)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array, without secrets")
	return cmd
}

func (p *program) history(ctx context.Context, name string, asJSON bool) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	found, err := c.findEver(ctx, name)
	if err != nil {
		return err
	}
	h, err := c.Versions(ctx, found.ID)
	if err != nil {
		return err
	}
	if asJSON {
		return p.printJSON(h.Versions)
	}
	rows := [][]string{{"REVISION", "TIME", "AUTHOR", "CHANGE"}}
	for _, v := range h.Versions {
		change := string(v.Change)
		if len(v.Fields) > 0 {
			change += " " + strings.Join(v.Fields, ", ")
		}
		if !v.Available && v.Change != client.ItemDeleted {
			change += " (no longer kept)"
		}
		rows = append(rows, []string{strconv.FormatInt(v.Revision, 10), shortTime(v.Time), author(v.Author), change})
	}
	if err := p.printRows(rows); err != nil {
		return err
	}
	if h.More && isTerminal(p.out) {
		p.note("older versions were not looked for")
	}
	return nil
}

// findEver finds an item by its id or exact title: in the vault, in the trash, or among those that were deleted permanently.
func (c *connection) findEver(ctx context.Context, name string) (client.Summary, error) {
	found, err := find(c, name)
	if !errors.Is(err, client.ErrNotFound) {
		return found, err
	}
	trash, trashErr := c.names(client.Query{Trash: true})
	if trashErr != nil {
		return client.Summary{}, trashErr
	}
	if found, err := trash.exactly(name); !errors.Is(err, client.ErrNotFound) {
		return found, err
	}
	deleted, deletedErr := c.Deleted(ctx)
	if deletedErr != nil {
		return client.Summary{}, deletedErr
	}
	all := make([]client.Summary, len(deleted))
	for i, d := range deleted {
		all[i] = client.Summary{ID: d.ID, Title: d.Title, Username: d.Subtitle, Type: d.Type}
	}
	gone, nameErr := newNames(all, client.Query{}, nil).titled(name)
	switch {
	case nameErr != nil:
		return client.Summary{}, nameErr
	case len(gone) > 0:
		return only(gone, name, nil)
	case isID(name):
		return client.Summary{ID: name}, nil
	}
	return client.Summary{}, withHint(fmt.Errorf("%w: %q", client.ErrNotFound, name), "vaultsphere log --deleted lists deleted items that can be restored")
}

func isID(text string) bool {
	_, err := chain.ParseID(text)
	return err == nil
}
