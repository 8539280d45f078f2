package main

import (
	"context"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/net/publicsuffix"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
)

func (p *program) listCommand() *cobra.Command {
	var q client.Query
	var page, kind, by string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list [QUERY]",
		Aliases: []string{"ls", "search"},
		Short:   "List items, or search them",
		Long: `List items: all by title, or those that QUERY finds, the best match first. It is looked for in
titles, user names, addresses and tags, then in notes, custom fields that are not hidden, names of
files, cards (holder, brand, last four digits) and identities.

A line is the id, title, user name and first address. To a pipe they are separated by
single tabs, without a heading, and control characters are escaped; --json is exact.`,
		Args: cobra.MaximumNArgs(1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			if q.Type = item.Type(kind); kind != "" && !q.Type.Known() {
				return usage(cmd.CommandPath(), "--type is %s", item.TypeList())
			}
			switch by {
			case "title":
			case string(client.SortChanged), string(client.SortCreated):
				q.Sort = client.Sort(by)
			default:
				return usage(cmd.CommandPath(), "--sort is title, changed or created")
			}
			if len(args) > 0 {
				q.Text = args[0]
			}
			if page != "" && q != (client.Query{}) {
				return usage(cmd.CommandPath(), "--page goes with nothing but --json")
			}
			return p.list(cmd.Context(), q, page, asJSON)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&kind, "type", "", "only items of the `TYPE` "+item.TypeList())
	f.StringVar(&q.Tag, "tag", "", "only items with the tag `TAG`")
	f.BoolVar(&q.Favourite, "favourite", false, "only favourites")
	f.BoolVar(&q.Trash, "trash", false, "what is in the trash")
	f.StringVar(&by, "sort", "title", "`ORDER` of what is found equally well: title, changed or created, the newest first")
	f.StringVar(&page, "page", "", "only items for the page at `URL`, by the rules of their own addresses")
	f.BoolVar(&asJSON, "json", false, "write a JSON array")
	complete(cmd, "type", item.Types...)
	complete(cmd, "sort", "title", "changed", "created")
	p.copyFlag(cmd)
	return cmd
}

// list shows what belongs to page, if that is not empty.
func (p *program) list(ctx context.Context, q client.Query, page string, asJSON bool) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	items, err := p.listed(ctx, c, q, page)
	if err != nil {
		return err
	}
	if asJSON {
		return p.printJSON(append([]client.Summary{}, items...)) // an empty list is not null
	}
	return p.write(table(items, isTerminal(p.out)))
}

func (p *program) listed(ctx context.Context, c *connection, q client.Query, page string) ([]client.Summary, error) {
	if page != "" {
		return c.ForPage(page, publicsuffix.EffectiveTLDPlusOne)
	}
	if q.Text != "" {
		if err := c.Index(ctx, nil); err != nil {
			return nil, err
		}
	}
	return c.Search(q)
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
