package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// restoring is what the flags of restore ask for.
type restoring struct {
	at, undo         int64 // revisions; 0: not given
	all, yes, dryRun bool
	asJSON           bool
}

func (p *program) restoreCommand() *cobra.Command {
	var r restoring
	cmd := &cobra.Command{
		Use:   "restore ITEM... | restore --at REVISION (ITEM... | --all) | restore --undo REVISION",
		Short: "Restore items from the trash or from an earlier revision",
		Long: `Restore items from the trash. ITEM is an id, an exact title, or words that match exactly one
item in the trash. "vaultsphere list --trash" lists them.

With --at, restore items as they were at a revision, also items that were deleted permanently.
ITEM is an id or an exact title. --all restores the whole vault: items that were added since
are deleted. --undo restores what one change of the vault replaced or deleted, and deletes what
it added. "vaultsphere log" and "vaultsphere history" show the revisions.

--all and --undo list what will change, and ask. Nothing is lost: what a restoration replaces
or deletes can be restored in the same way. The server keeps earlier states for 30 days. An
item whose state is no longer kept stays as it is, and the exit status is 3.`,
		Example: `  vaultsphere restore Bank
  vaultsphere restore --at 41 Bank
  vaultsphere restore --at 41 --all --dry-run
  vaultsphere restore --undo 42`,
		Args: takes(0, math.MaxInt),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			if err := r.check(cmd, args); err != nil {
				return err
			}
			if !cmd.Flags().Changed("at") && !cmd.Flags().Changed("undo") {
				return p.editFound(cmd.Context(), client.Query{Trash: true}, args, (*names).roughly, (*client.Client).Restore)
			}
			return p.rewind(cmd.Context(), r, args)
		}),
	}
	f := cmd.Flags()
	f.Int64Var(&r.at, "at", 0, "restore the state at `REVISION`")
	f.Int64Var(&r.undo, "undo", 0, "restore the state before `REVISION`, of the items that it changed")
	f.BoolVar(&r.all, "all", false, "with --at: restore the whole vault")
	f.BoolVar(&r.dryRun, "dry-run", false, "only show what would change")
	f.BoolVar(&r.asJSON, "json", false, "print as JSON what changed")
	f.BoolVar(&r.yes, "yes", false, "do not ask for confirmation")
	cmd.MarkFlagsMutuallyExclusive("at", "undo")
	cmd.MarkFlagsMutuallyExclusive("all", "undo")
	return cmd
}

func (r restoring) check(cmd *cobra.Command, args []string) error {
	at, undo := cmd.Flags().Changed("at"), cmd.Flags().Changed("undo")
	switch {
	case at && r.at < 1, undo && r.undo < 1:
		return usage(cmd.CommandPath(), "a revision is a number from 1")
	case undo && len(args) > 0:
		return usage(cmd.CommandPath(), "--undo does not accept items")
	case at && r.all == (len(args) > 0):
		return usage(cmd.CommandPath(), "with --at, name items or use --all, but not both")
	case !at && !undo && (r.all || r.dryRun || r.asJSON || r.yes):
		return usage(cmd.CommandPath(), "--all, --dry-run, --json and --yes need --at or --undo")
	case !at && !undo && len(args) == 0:
		return usage(cmd.CommandPath(), "name items, or use --at or --undo")
	}
	return nil
}

func (p *program) rewind(ctx context.Context, r restoring, args []string) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	asked := client.Rewind{Revision: max(r.at, r.undo), Undo: r.undo > 0}
	for _, name := range args {
		found, err := c.findEver(ctx, name)
		if err != nil {
			return err
		}
		asked.IDs = append(asked.IDs, found.ID)
	}
	preview, err := c.PreviewRewind(ctx, asked, p.progress("items compared"))
	if err != nil {
		return err
	}
	if r.dryRun {
		return p.printRewound(preview, r.asJSON)
	}
	if len(args) == 0 && !r.yes && changing(preview) > 0 {
		if err := p.confirmRewind(ctx, preview); err != nil {
			return err
		}
	}
	asked.Seen = preview.Seen
	done, err := c.Rewind(ctx, asked, p.progress("items restored"))
	if err != nil && len(done.Items) > 0 {
		return withHint(fmt.Errorf("%s restored, then: %w", count(changing(done), "item"), err), "the same command continues the restoration")
	}
	if err == nil && r.asJSON {
		err = p.printRewound(done, true)
	}
	if err != nil {
		return err
	}
	return p.reportRewound(done)
}

var (
	errNotRestored = errors.New("nothing was restored")
	errOnlyWithYes = errors.New("the confirmation needs a terminal")
)

func (p *program) confirmRewind(ctx context.Context, preview client.Rewound) error {
	t, err := openTerminal()
	if err != nil {
		return withHint(fmt.Errorf("%w: %w: %w", errNotRestored, errOnlyWithYes, err), "use --yes to restore without confirmation, --dry-run to see what would change")
	}
	defer t.close()
	for _, it := range preview.Items {
		t.say("  %s\n", printable(rewoundText(it), ""))
	}
	answer, err := t.line(ctx, fmt.Sprintf("Change %s? [y/N]", count(changing(preview), "item")))
	if err != nil {
		return err
	}
	if a := strings.ToLower(answer); a != "y" && a != "yes" {
		return errNotRestored
	}
	return nil
}

// changing returns the number of items that a restoration changes.
func changing(r client.Rewound) (n int) {
	for _, it := range r.Items {
		if it.Problem == "" {
			n++
		}
	}
	return n
}

func (p *program) printRewound(r client.Rewound, asJSON bool) error {
	if asJSON {
		return p.printJSON(r)
	}
	rows := [][]string{{"ID", "CHANGE"}}
	for _, it := range r.Items {
		rows = append(rows, []string{it.ID, rewoundText(it)})
	}
	return p.printRows(rows)
}

// rewindProblems say why an item stays as it is.
var rewindProblems = map[client.RewindProblem]string{
	client.RewindExpired:    "the server no longer keeps that state",
	client.RewindAltered:    "the server sent something other than what was saved then",
	client.RewindUnreadable: "this version of VaultSphere cannot read that state",
	client.RewindAbsent:     "the item did not exist then",
	client.RewindWaiting:    "a change of the item is in the outbox",
	client.RewindChanged:    "another device changed the item in the meantime",
}

// rewoundText says what happens to an item.
func rewoundText(it client.RewoundItem) string {
	title := titleOr(it.Title, it.ID)
	text := string(it.Change) + " " + title
	switch {
	case it.Problem != "":
		return "unchanged " + title + ": " + rewindProblems[it.Problem]
	case it.Change == client.ItemAdded:
		text = "restored " + title
	case len(it.Fields) > 0:
		text += ": " + strings.Join(it.Fields, ", ")
	}
	return text
}

// reportRewound reports what stays as it is, and files that are lost.
func (p *program) reportRewound(r client.Rewound) error {
	restored, problems := changing(r), 0
	for _, it := range r.Items {
		if it.Problem != "" {
			p.note("%s: %s", titleOr(it.Title, it.ID), rewindProblems[it.Problem])
			problems++
		}
		for _, name := range it.LostFiles {
			p.note("%s: the server no longer keeps the attachment %s", titleOr(it.Title, it.ID), name)
			problems++
		}
	}
	switch {
	case restored == 0 && problems > 0:
		return errNotRestored
	case restored == 0:
		p.note("nothing differs from that revision")
	case problems > 0:
		return exitStatus(exitFindings)
	}
	return nil
}
