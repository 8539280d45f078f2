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

// breachService is fixed: a service named by the vault's server would learn the five digits.
const breachService = "https://api.pwnedpasswords.com"

func (p *program) healthCommand() *cobra.Command {
	var breaches, asJSON bool
	var breachURL string
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Find weak, reused, old and breached passwords",
		Long: `Find passwords that are weak, reused, older than two years, sent without encryption (http://
outside the local network) or known from breaches, and logins without an authenticator key.
The check runs on this device.

Each line has the finding, the id, title and username of the item, and a detail. Columns are
separated by single tabs if the output is not a terminal.

--breaches looks passwords up at --breach-url, a service with the range API of Have I Been
Pwned. The service learns the first five of the forty digits of each password's SHA-1, and
nothing else.

The exit status is 0 if all logins are sound and 3 if there are findings. A login without an
authenticator key still counts as sound, and so does one whose findings are ignored in the
browser; --json lists those in "ignored".`,
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			if !breaches {
				breachURL = ""
			}
			return p.health(cmd.Context(), breachURL, asJSON)
		}),
	}
	cmd.Flags().BoolVar(&breaches, "breaches", false, "look passwords up in known breaches")
	cmd.Flags().StringVar(&breachURL, "breach-url", breachService, "`URL` of the service for --breaches")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	p.cacheFlag(cmd)
	return cmd
}

type healthReport struct {
	Score int `json:"score"`
	health.Report
}

// health looks passwords up at breachURL unless it is empty.
func (p *program) health(ctx context.Context, breachURL string, asJSON bool) error {
	var ranges *httptransport.Ranges
	if breachURL != "" {
		var err error
		if ranges, err = httptransport.NewRanges(breachURL); err != nil {
			return fmt.Errorf("--breach-url: %w", err)
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
	report, err := c.Health(ctx, judge, p.progress("passwords checked"))
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
		line("no-totp", id, "")
	}
	ignored := ""
	if len(r.Ignored) > 0 {
		ignored = fmt.Sprintf("; %s ignored", count(len(r.Ignored), "finding"))
	}
	p.note("%d of %d logins are sound; score %d of 100%s", r.Sound, r.Logins, r.Score(), ignored)
	if isTerminal(p.out) {
		return p.write(aligned(b.String()))
	}
	return p.write(b.String())
}
