package main

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// maxLogLimit bounds --limit. Each write is read from the server.
const maxLogLimit = 100_000

func (p *program) logCommand() *cobra.Command {
	var limit int
	var asJSON, deleted bool
	cmd := &cobra.Command{
		Use:   "log",
		Short: "Show the history of the vault",
		Long: `Show the history of the vault, the newest change first: the revision, the time, who made it, and
the items that it added, changed or deleted. Entries of the vault's log, such as a new master
password, have no own revision.

A change may bring another history of the vault together with this one, after an alarm. It names
the digest with which the other one ended, as "vaultsphere status" showed it then.

The history is checked against the newest revision. The time is that of the author's clock.
The author is "unknown" if nobody is proven to have signed the change.

--deleted lists the items that were deleted permanently and that "vaultsphere restore" can
still bring back, with the last revision that has them. The server keeps what was changed or
deleted for 30 days.

Columns are separated by single tabs if the output is not a terminal.`,
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			switch {
			case limit < 1 || limit > maxLogLimit:
				return usage(cmd.CommandPath(), "--limit must be 1 to %d", maxLogLimit)
			case deleted:
				return p.deletedItems(cmd.Context(), asJSON)
			}
			return p.log(cmd.Context(), limit, asJSON)
		}),
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "show the newest `N` changes")
	cmd.Flags().BoolVar(&deleted, "deleted", false, "list the deleted items that can be restored")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array")
	cmd.MarkFlagsMutuallyExclusive("limit", "deleted")
	return cmd
}

func (p *program) log(ctx context.Context, limit int, asJSON bool) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	lines, more, err := c.Log(ctx, limit)
	if err != nil {
		return err
	}
	if asJSON {
		return p.printJSON(append([]client.LogLine{}, lines...))
	}
	rows := [][]string{{"REVISION", "TIME", "AUTHOR", "CHANGE"}}
	for _, l := range lines {
		revision := strconv.FormatInt(l.Revision, 10)
		if l.Entry != "" {
			revision = ""
		}
		rows = append(rows, []string{revision, shortTime(l.Time), author(l.Author), changeOf(l)})
	}
	if err := p.printRows(rows); err != nil {
		return err
	}
	if more && isTerminal(p.out) {
		p.note("older changes are not shown: --limit")
	}
	return nil
}

func (p *program) deletedItems(ctx context.Context, asJSON bool) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	items, err := c.Deleted(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return p.printJSON(items)
	}
	rows := [][]string{{"ID", "TITLE", "REVISION", "DELETED", "AUTHOR"}}
	for _, it := range items {
		rows = append(rows, []string{it.ID, it.Title, strconv.FormatInt(it.Revision, 10), shortTime(it.Time), author(it.Author)})
	}
	return p.printRows(rows)
}

// printRows prints columns. Only a terminal gets the first row, the heading.
func (p *program) printRows(rows [][]string) error {
	onTerminal := isTerminal(p.out)
	if !onTerminal || len(rows) == 1 {
		rows = rows[1:]
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(printable(cell, ""))
		}
		b.WriteByte('\n')
	}
	if onTerminal {
		return p.write(aligned(b.String()))
	}
	return p.write(b.String())
}

func author(name string) string { return cmp.Or(name, "unknown") }

// shortTime returns a time in the time zone of this device.
func shortTime(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }

// entryTexts say what an entry of the log did.
var entryTexts = map[string]string{
	"create": "vault created", "add": "members added", "remove": "members removed", "leave": "member left", "role": "role changed",
	"recard": "identity of a member changed", "rotate": "new key", "policy": "policy changed", "close": "vault closed",
	"account": "password, recovery phrase or keys changed",
}

// changeOf says what a write or a log entry did.
func changeOf(l client.LogLine) string {
	if l.Entry != "" {
		return entryTexts[l.Entry]
	}
	var parts []string
	for _, change := range []client.Changed{client.ItemAdded, client.ItemChanged, client.ItemDeleted} {
		var titles []string
		for _, it := range l.Items {
			if it.Change == change {
				titles = append(titles, titleOr(it.Title, it.ID))
			}
		}
		if len(titles) > shownTitles {
			titles = append(titles[:shownTitles], fmt.Sprintf("%d more", len(titles)-shownTitles))
		}
		if len(titles) > 0 {
			parts = append(parts, string(change)+" "+strings.Join(titles, ", "))
		}
	}
	if l.Branch != "" {
		parts = append([]string{"brought together with the history that ended in " + l.Branch}, parts...)
	}
	if l.Resealed > 0 {
		parts = append(parts, count(l.Resealed, "record")+" encrypted with a newer key")
	}
	if len(parts) == 0 {
		return "other data changed"
	}
	return strings.Join(parts, "; ")
}

// shownTitles bounds a line of the log. --json has all.
const shownTitles = 8

// titleOr returns the title of an item, or its id if the title is not known.
func titleOr(title, id string) string { return cmp.Or(title, "item "+id) }
