package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// maxAuditLimit bounds --limit.
const maxAuditLimit = 100_000

type auditFlags struct {
	since, until, user, kind string
	limit                    int
	asJSON                   bool
}

func (p *program) adminEventsCommand() *cobra.Command {
	var f auditFlags
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Show the audit trail of the server",
		Long: `Show the audit trail of the server, the newest event first: sign-ins, failed ones, changes of
passwords and keys, invitations, and what administrators and the operator did. Titles are sealed.

TIME is a date such as 2026-01-31, a date and time such as 2026-01-31T09:26:53Z, or a number of
days or hours ago such as 7d or 12h.

Failed sign-ins of an hour are one event for each user, with their number and the address of
the last one. Sign-ins with a name that nobody has are one event without the name: it may be
a password in the wrong field.

Columns are separated by single tabs if the output is not a terminal.`,
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			filter, err := f.filter(time.Now())
			if err != nil {
				return usage(cmd.CommandPath(), "%v", err)
			}
			return p.auditEvents(cmd.Context(), filter, f)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.since, "since", "", "only events from `TIME` on")
	flags.StringVar(&f.until, "until", "", "only events before `TIME`")
	flags.StringVar(&f.user, "user", "", "only events by or about the user `NAME`")
	flags.StringVar(&f.kind, "kind", "", "only events of this `KIND`, such as signed_in")
	flags.IntVar(&f.limit, "limit", 100, "show the newest `N` events")
	flags.BoolVar(&f.asJSON, "json", false, "print JSON")
	complete(cmd, "kind", protocol.AuditKinds...)
	return cmd
}

func (f auditFlags) filter(now time.Time) (client.AuditFilter, error) {
	if f.limit < 1 || f.limit > maxAuditLimit {
		return client.AuditFilter{}, fmt.Errorf("--limit must be 1 to %d", maxAuditLimit)
	}
	since, err := parseMoment(f.since, now)
	if err != nil {
		return client.AuditFilter{}, fmt.Errorf("--since %w", err)
	}
	until, err := parseMoment(f.until, now)
	if err != nil {
		return client.AuditFilter{}, fmt.Errorf("--until %w", err)
	}
	return client.AuditFilter{Since: since, Until: until, User: f.user, Kind: protocol.AuditKind(f.kind)}, nil
}

var errMoment = errors.New("must be a date such as 2026-01-31, a time such as 2026-01-31T09:26:53Z, or a time ago such as 7d or 12h")

// parseMoment reads a time. A date is the midnight in which it begins, in the time zone of this device. It returns the zero time for "".
func parseMoment(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	const maxAgo = 100_000
	digits := text[:len(text)-1]
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || n > maxAgo {
		return time.Time{}, errMoment
	}
	switch text[len(text)-1] {
	case 'd':
		return now.AddDate(0, 0, -n), nil
	case 'h':
		return now.Add(-time.Duration(n) * time.Hour), nil
	}
	return time.Time{}, errMoment
}

func (p *program) auditEvents(ctx context.Context, filter client.AuditFilter, f auditFlags) error {
	c, err := p.signedIn(ctx)
	if err != nil {
		return err
	}
	events, more, err := c.AuditEvents(ctx, filter, f.limit)
	if err != nil {
		return err
	}
	if f.asJSON {
		return p.printJSON(struct {
			Events []protocol.AuditEvent `json:"events"`
			More   bool                  `json:"more"`
		}{append([]protocol.AuditEvent{}, events...), more})
	}
	rows := [][]string{{"TIME", "EVENT", "WHO", "WHOM", "ADDRESS", "DEVICE"}}
	for _, e := range events {
		rows = append(rows, []string{shortTime(e.Last), eventText(e), whoOf(e), e.Whom, e.Address, e.Device})
	}
	if err := p.printRows(rows); err != nil {
		return err
	}
	if more && isTerminal(p.out) {
		p.note("older events are not shown: --limit")
	}
	return nil
}

// eventText is the kind of an event in words, with the number of events that it counts.
func eventText(e protocol.AuditEvent) string {
	text := strings.ReplaceAll(string(e.Kind), "_", " ")
	if e.Count > 1 {
		text += fmt.Sprintf(" (%d times)", e.Count)
	}
	return text
}

func whoOf(e protocol.AuditEvent) string {
	if e.Host {
		return "(on the host)"
	}
	return cmp.Or(e.Who, "(unknown)")
}
