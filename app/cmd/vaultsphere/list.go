package main

import (
	"context"
	"fmt"
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
		Long: `List all items by title, or the items that match QUERY, best match first. The search covers
titles, usernames, URLs and tags, then notes, names of attachments, custom fields and the
texts of cards, identities and so on. Of hidden values it covers only the last four
characters of numbers. Items in the archive and the trash are not listed without their flag.

All words of QUERY must match. "two words" in quotation marks must be adjacent, and -word
excludes items. Operators narrow the search, also with a "-" before them:

  type:card                 one of the types of --type
  tag:work tag:"two words"
  title: username: url:     text in that field (site: is url:)
  has:totp                  attachment, field, note, password, tag, totp, url, username
  is:weak                   archived, exposed, favourite, old, reused, trashed, weak

The words weak, reused, exposed and old also find items with that finding of
"vaultsphere health". is:exposed needs --breaches of that command, so it finds nothing here.

Each line has the id, title, username and first URL of an item, with control characters
escaped. If the output is not a terminal, there is no heading, and columns are separated by
single tabs. --json prints exact values.`,
		Args: takes(0, 1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			if q.Type = item.Type(kind); kind != "" && !q.Type.Known() {
				return usage(cmd.CommandPath(), "--type must be %s", item.TypeList())
			}
			switch by {
			case "title":
			case string(client.SortChanged), string(client.SortCreated):
				q.Sort = client.Sort(by)
			default:
				return usage(cmd.CommandPath(), "--sort must be title, changed or created")
			}
			if len(args) > 0 {
				q.Text = args[0]
			}
			if page != "" && q != (client.Query{}) {
				return usage(cmd.CommandPath(), "--page can be combined only with --json")
			}
			return p.list(cmd.Context(), q, page, asJSON)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&kind, "type", "", "only items of this `TYPE`: "+item.TypeList())
	f.StringVar(&q.Tag, "tag", "", "only items with this `TAG`")
	f.BoolVar(&q.Favourite, "favourite", false, "only favourites")
	f.BoolVar(&q.Archive, "archived", false, "only items in the archive")
	f.BoolVar(&q.Trash, "trash", false, "only items in the trash")
	f.BoolVar(&q.Reverse, "reverse", false, "reverse --sort")
	f.StringVar(&by, "sort", "title", "`ORDER` of equally good matches: title, changed or created (newest first)")
	f.StringVar(&page, "page", "", "only items that belong to the web page at `URL`, by their match rules")
	f.BoolVar(&asJSON, "json", false, "print a JSON array")
	cmd.MarkFlagsMutuallyExclusive("archived", "trash")
	complete(cmd, "type", item.Types...)
	complete(cmd, "sort", "title", "changed", "created")
	p.cacheFlag(cmd)
	p.vaultFlag(cmd, "only items in this `VAULT`, by name or id")
	return cmd
}

// list prints the items that q selects, or those for page if it is not empty.
func (p *program) list(ctx context.Context, q client.Query, page string, asJSON bool) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	q.Vault = c.vault
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
	if q.Text == "" {
		return c.Search(q)
	}
	if err := c.Index(ctx, nil); err != nil {
		return nil, err
	}
	hints, err := c.Hints(q)
	if err != nil {
		return nil, err
	}
	for _, h := range hints {
		if err := p.heed(ctx, c, h); err != nil {
			return nil, err
		}
	}
	found, err := c.Search(q)
	if err == nil && len(found) == 0 {
		p.noteClosest(c, q)
	}
	return found, err
}

// heed acts on a remark about a query.
func (p *program) heed(ctx context.Context, c *connection, h client.Hint) error {
	switch h.Code {
	case client.HintValue:
		name, value, _ := strings.Cut(h.Word, ":")
		return withHint(fmt.Errorf("the search operator %s: has no value %q", name, value),
			`vaultsphere list --help names the values; put text with a colon in quotation marks: '"`+h.Word+`"'`)
	case client.HintOperator:
		p.note("%q is not a search operator, so it was searched as text", h.Word)
	case client.HintUnjudged:
		_, err := c.Health(ctx, judge, p.progress("passwords checked"))
		return err
	case client.HintUnchecked:
		p.note("passwords were not looked up in breaches: vaultsphere health --breaches")
	}
	return nil
}

// noteClosest helps with a typing error.
func (p *program) noteClosest(c *connection, q client.Query) {
	closest, err := c.Closest(q)
	if err != nil || len(closest) == 0 {
		return
	}
	var titles []string
	for _, s := range closest {
		titles = append(titles, printable(s.Title, ""))
	}
	p.note("nothing found; the closest titles: %s", strings.Join(titles, ", "))
}

// table has one line per item. On a terminal, it has a heading and aligned columns.
func table(items []client.Summary, onTerminal bool) string {
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
	if onTerminal {
		row("ID", "TITLE", "USERNAME", "URL")
	}
	for _, s := range items {
		title := s.Title
		if s.Unreadable != "" {
			title = "(cannot be read)"
		}
		row(s.ID, title, s.Username, s.URL)
	}
	if !onTerminal {
		return b.String()
	}
	return aligned(b.String())
}

// aligned pads the cells between tabs to columns.
func aligned(lines string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = w.Write([]byte(lines)) // a strings.Builder never fails
	_ = w.Flush()
	return b.String()
}
