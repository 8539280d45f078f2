package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/httptransport"
	"github.com/vaultsphere/vaultsphere/app/health"
	"github.com/vaultsphere/vaultsphere/app/strength"
)

// breachService is asked by default, and not what a server names: it would learn the five digits.
const breachService = "https://api.pwnedpasswords.com"

func (p *program) healthCommand() *cobra.Command {
	var breaches, asJSON bool
	var address string
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Say which passwords are weak, reused, old, sent in the clear or known from breaches",
		Long: `Say which passwords are weak, reused, old (two years), sent in the clear (http:// outside of one's own
network) or known from breaches, and which logins have no one-time code. All of it is found
here. A line is the finding, the id, title and user name of the item, and a detail, separated
by single tabs to a pipe.

--breaches asks the service at --breach-address, which has the range API of Have I Been Pwned.
It learns the first five of the forty digits of each password's SHA-1, and nothing else.

The exit status is 0 if all logins are sound, 3 if there are findings (a login without a
one-time code is none), and 1 for a failure.`,
		Args: cobra.NoArgs,
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			if !breaches {
				address = ""
			}
			return p.health(cmd.Context(), address, asJSON)
		}),
	}
	cmd.Flags().BoolVar(&breaches, "breaches", false, "look passwords up among those known from breaches")
	cmd.Flags().StringVar(&address, "breach-address", breachService, "service for --breaches: `URL`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "write the report as JSON")
	p.copyFlag(cmd)
	return cmd
}

type healthReport struct {
	Score int `json:"score"`
	health.Report
}

// health asks the service at breaches, if that is not empty.
func (p *program) health(ctx context.Context, breaches string, asJSON bool) error {
	var ranges *httptransport.Ranges
	if breaches != "" {
		var err error
		if ranges, err = httptransport.NewRanges(breaches); err != nil {
			return fmt.Errorf("--breach-address: %w", err)
		}
	}
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	if ranges != nil {
		if err := c.Breaches(ctx, ranges, p.progress("passwords looked up")); err != nil {
			return err
		}
	}
	report, err := c.Health(ctx, judge, p.progress("passwords judged"))
	if err != nil {
		return err
	}
	if asJSON {
		err = p.printJSON(healthReport{report.Score(), report})
	} else {
		err = p.printHealth(c, report)
	}
	if err == nil && report.Sound < report.Logins {
		err = exitStatus(exitFindings)
	}
	return err
}

func judge(_ context.Context, passwords []string) ([]bool, error) {
	weak := make([]bool, len(passwords))
	for i, password := range passwords {
		weak[i] = strength.Weak(password)
	}
	return weak, nil
}

func (p *program) printHealth(c *connection, r health.Report) error {
	items, err := c.Search(client.Query{})
	if err != nil {
		return err
	}
	byID := map[string]client.Summary{}
	for _, s := range items {
		byID[s.ID] = s
	}
	var b strings.Builder
	line := func(finding, id, detail string) {
		s := byID[id]
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%s\n", finding, id, printable(s.Title, ""), printable(s.Username, ""), printable(detail, ""))
	}
	for _, f := range r.Breached {
		line("breached", f.ID, fmt.Sprintf("seen %s", count(f.Times, "time")))
	}
	for _, id := range r.Weak {
		line("weak", id, "")
	}
	for i, group := range r.Reused {
		for _, id := range group {
			line("reused", id, fmt.Sprintf("password %d of %s", i+1, count(len(group), "login")))
		}
	}
	for _, f := range r.Insecure {
		line("insecure", f.ID, f.URL)
	}
	for _, f := range r.Old {
		line("old", f.ID, "since "+f.Since.Format(time.DateOnly))
	}
	for _, id := range r.SecondFactor {
		line("no-code", id, "")
	}
	p.note("sound logins: %d of %d, which is %d of 100", r.Sound, r.Logins, r.Score())
	if isTerminal(p.out) {
		return p.write(aligned(b.String()))
	}
	return p.write(b.String())
}
