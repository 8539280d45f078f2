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

const aboutMoments = `TIME is a date such as 2026-01-31, a date and time such as 2026-01-31T09:26:53Z, or a number of
days or hours ago such as 7d or 12h.`

func (p *program) adminEventsCommand() *cobra.Command {
	cmd, f := p.auditCommand(client.ServerTrail)
	cmd.Short = "Show the audit trail of the server"
	cmd.Long = `Show the audit trail of the server, the newest event first: sign-ins, failed ones, changes of
passwords and keys, invitations, and what administrators and the operator did. Titles are sealed.

` + aboutMoments + `

Failed sign-ins of an hour are one event for each user, with their number and the address of
the last one. Sign-ins with a name that nobody has are one event without the name: it may be
a password in the wrong field.

Columns are separated by single tabs if the output is not a terminal.`
	cmd.Flags().StringVar(&f.user, "user", "", "only events by or about the user `NAME`")
	return cmd
}

func (p *program) eventsCommand() *cobra.Command {
	cmd, _ := p.auditCommand(client.AccountTrail)
	cmd.Short = "Show the security log of your account"
	cmd.Long = `Show the security log of your account, the newest event first: sign-ins, failed ones, sessions,
changes of the password, the phrase, the keys and the second factor, and what administrators did
to your account.

` + aboutMoments + `

Failed sign-ins of an hour are one event, with their number and the address of the last one.
The server keeps this log, and could leave an event out. "vaultsphere log" shows the signed
history of your vault.

Columns are separated by single tabs if the output is not a terminal.`
	return cmd
}

// auditCommand returns a command that lists events, without its help.
func (p *program) auditCommand(trail client.Trail) (*cobra.Command, *auditFlags) {
	var f auditFlags
	cmd := &cobra.Command{
		Use:  "events",
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			filter, err := f.filter(time.Now())
			if err != nil {
				return usage(cmd.CommandPath(), "%v", err)
			}
			return p.auditEvents(cmd.Context(), trail, filter, f)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.since, "since", "", "only events from `TIME` on")
	flags.StringVar(&f.until, "until", "", "only events before `TIME`")
	flags.StringVar(&f.kind, "kind", "", "only events of this `KIND`, such as signed_in")
	flags.IntVar(&f.limit, "limit", 100, "show the newest `N` events")
	flags.BoolVar(&f.asJSON, "json", false, "print JSON")
	complete(cmd, "kind", protocol.AuditKinds...)
	return cmd, &f
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

func (p *program) auditEvents(ctx context.Context, trail client.Trail, filter client.AuditFilter, f auditFlags) error {
	c, err := p.signedIn(ctx)
	if err != nil {
		return err
	}
	events, more, err := c.AuditEvents(ctx, trail, filter, f.limit)
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
