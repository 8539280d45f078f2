package main

import (
	"context"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
)

func (p *program) listCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list [QUERY]",
		Aliases: []string{"ls"},
		Short:   "List items",
		Long: `List items: all by title, or those that QUERY finds, the best match first.

A line is the id, title, user name and first address. To a pipe they are separated by
single tabs, without a heading, and control characters are escaped; --json is exact.`,
		Args: cobra.MaximumNArgs(1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.list(cmd.Context(), args, asJSON)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write a JSON array")
	return cmd
}

func (p *program) list(ctx context.Context, args []string, asJSON bool) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	var q client.Query
	if len(args) > 0 {
		q.Text = args[0]
	}
	items, err := c.Search(q)
	if err != nil {
		return err
	}
	if asJSON {
		listed := make([]listedItem, len(items)) // no array is null
		for i, s := range items {
			if s.Tags == nil {
				s.Tags = []string{}
			}
			listed[i] = listedItem(s)
		}
		return p.printJSON(listed)
	}
	return p.write(table(items, isTerminal(p.out)))
}

// listedItem is client.Summary with the names of the worker protocol.
type listedItem struct {
	ID         string    `json:"id"`
	Type       item.Type `json:"type"`
	Title      string    `json:"title"`
	Username   string    `json:"username"`
	URL        string    `json:"url"`
	Tags       []string  `json:"tags"`
	Favourite  bool      `json:"favourite"`
	Modified   time.Time `json:"modified,omitzero"`
	Trashed    time.Time `json:"trashed,omitzero"`
	Purge      time.Time `json:"purge,omitzero"`
	Pending    bool      `json:"pending,omitempty"` // a change of it waits for the server
	Unreadable string    `json:"unreadable,omitempty"`
}

// table is one line an item, for a person in aligned columns and with a heading.
func table(items []client.Summary, forPerson bool) string {
	if len(items) == 0 {
		return ""
	}
	var b strings.Builder
	row := func(cells ...string) {
		for i, cell := range cells {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(printable(cell, ""))
		}
		b.WriteByte('\n')
	}
	if forPerson {
		row("ID", "TITLE", "USER NAME", "ADDRESS")
	}
	for _, s := range items {
		title := s.Title
		if s.Unreadable != "" {
			title = "(cannot be read)"
		}
		row(s.ID, title, s.Username, s.URL)
	}
	if !forPerson {
		return b.String()
	}
	return aligned(b.String())
}

// aligned turns the tabs between cells into columns.
func aligned(lines string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = w.Write([]byte(lines)) // a strings.Builder takes everything
	_ = w.Flush()
	return b.String()
}
