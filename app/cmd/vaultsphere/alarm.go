package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
)

func (p *program) alarmCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "alarm",
		Short: "Check a vault whose server shows another history",
		Long: `Check the vault again, and show what is wrong. The exit status is 3 during an alarm.

A vault is in alarm when the server's history does not continue what this device verified:
the server lost changes, went back to a backup, or was taken over. What this device verified
stays open for reading, nothing of the server's is believed, and nothing can be changed.
Changes in the outbox stay there. The alarm ends when the server shows the vault again.

Until then you can

  export what this device verified    vaultsphere export --output FILE
  bring both histories together       vaultsphere alarm bring-together
  accept the server's, as the last    vaultsphere alarm accept DIGEST

Ask the server's operator first whether a backup was restored.`,
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			return p.showAlarm(cmd.Context(), asJSON)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	together := &cobra.Command{
		Use:   "bring-together",
		Short: "Bring the history of this device and the server's together",
		Long: `Add what this device changed since the last common state to the server's vault. Nothing is
deleted, and of an item that both sides changed both stay. Other devices with the history of
this one find their way back without an alarm. Changes in the outbox are sent afterwards.`,
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			return p.bringTogether(cmd.Context())
		}),
	}
	var yes bool
	accept := &cobra.Command{
		Use:   "accept DIGEST",
		Short: "Accept the server's history, and give up that of this device",
		Long: `Accept the server's history as it is, and give up what only this device has. This is a
roll-back with your consent: whatever the server lost is lost on this device too. Export the
vault first. DIGEST is that of the server's state in vaultsphere alarm, whose differences you
have read. The cache of the former state stays for 30 days: see vaultsphere cache.`,
		Args: takes(1, 1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.acceptServers(cmd.Context(), args[0], yes)
		}),
	}
	accept.Flags().BoolVar(&yes, "yes", false, "do not ask for confirmation")
	cmd.AddCommand(together, accept)
	return cmd
}

// alarmed opens the vault, and checks it again. It returns the password too.
func (p *program) alarmed(ctx context.Context) (c *connection, password string, err error) {
	if c, err = p.signedIn(ctx); err != nil {
		return nil, "", err
	}
	if password, err = p.masterPassword(ctx); err != nil {
		return nil, "", err
	}
	opened, err := c.Unlock(ctx, password)
	if err != nil {
		return nil, "", err
	}
	if err = p.sync(ctx, c); err != nil && c.Alarm().IsZero() || opened.Offline {
		c.Lock()
		return nil, "", errors.Join(err, offlineError(opened))
	}
	return c, password, nil
}

func offlineError(o client.Opened) error {
	if o.Offline {
		return client.ErrOffline
	}
	return nil
}

type alarmReport struct {
	Alarm   *client.Alarm      `json:"alarm"`
	Server  *client.OtherState `json:"server,omitempty"`
	Problem string             `json:"problem,omitempty"` // why Server is missing
}

func (p *program) showAlarm(ctx context.Context, asJSON bool) error {
	c, _, err := p.alarmed(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	var r alarmReport
	if a := c.Alarm(); !a.IsZero() {
		other, err := c.OtherState(ctx)
		if err != nil {
			r.Problem = err.Error()
		} else {
			r.Server = &other
		}
		a = c.Alarm()
		r.Alarm = &a
	}
	if asJSON {
		err = p.printJSON(r)
	} else {
		err = p.write(r.text())
	}
	if err == nil && r.Alarm != nil {
		err = exitStatus(exitFindings)
	}
	return err
}

func (r alarmReport) text() string {
	if r.Alarm == nil {
		return "no alarm: the server's history continues what this device verified\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "alarm:         %s\n", describeAlarm(*r.Alarm))
	if r.Server == nil {
		fmt.Fprintf(&b, "server:        refused: %s\n", printable(r.Problem, ""))
		return b.String()
	}
	fmt.Fprintf(&b, "this device:   revision %d\n", r.Server.Verified)
	fmt.Fprintf(&b, "server:        revision %d, digest %s\n", r.Server.Revision, r.Server.Head)
	b.WriteString(differences(r.Server.Differences))
	if r.Server.Mergeable {
		b.WriteString("to keep both:  vaultsphere alarm bring-together\n")
	} else {
		b.WriteString("to keep both:  not possible, because the logs of the vault have parted\n")
	}
	return b.String()
}

// maxDifferences bounds what is printed of a list.
const maxDifferences = 200

func differences(list []replica.Difference) string {
	if len(list) == 0 {
		return "differences:   none in items\n"
	}
	var b strings.Builder
	b.WriteString("differences:   what the server's has, compared with this device\n")
	for _, d := range list[:min(len(list), maxDifferences)] {
		title := d.Title
		if title == "" {
			title = d.ID
		}
		fmt.Fprintf(&b, "  %-9s%s\n", d.Kind, printable(title, ""))
	}
	if more := len(list) - maxDifferences; more > 0 {
		fmt.Fprintf(&b, "  and %d more\n", more)
	}
	return b.String()
}

// describeAlarm names what is wrong, and who it names as its author.
func describeAlarm(a client.Alarm) string {
	what := "the server shows another history of the vault"
	switch {
	case a.Object == string(chain.KindEntry):
		what = fmt.Sprintf("entry %d of the log", a.Number)
	case a.Object == string(chain.KindWrite):
		what = fmt.Sprintf("the write of revision %d", a.Number)
	}
	if a.Object != "" && a.Author != "" {
		what += fmt.Sprintf(", which names %s as its author,", printable(a.Author, ""))
	}
	if a.Object != "" {
		what += " does not continue what this device verified"
	}
	return fmt.Sprintf("%s (%s), since %s", what, a.Finding.Code, time.UnixMilli(a.Since).Local().Format(time.DateTime))
}

// noteAlarm warns that a command shows what this device verified, and not what the server has.
func (p *program) noteAlarm(a client.Alarm) {
	p.note("warning: the vault is in alarm and read-only: %s", describeAlarm(a))
	p.note("hint: vaultsphere alarm shows what differs and what you can do")
}

func (p *program) bringTogether(ctx context.Context) error {
	c, _, err := p.alarmed(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	done, err := c.BringTogether(ctx)
	if err != nil {
		return err
	}
	for _, id := range done.Unreadable {
		p.note("warning: item %s cannot be read, and was not brought along", id)
	}
	return p.write(differences(done.Differences))
}

var errNotAccepted = errors.New("the server's history was not accepted")

func (p *program) acceptServers(ctx context.Context, head string, yes bool) error {
	c, password, err := p.alarmed(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	other, err := c.OtherState(ctx)
	if err != nil {
		return err
	}
	if other.Head != head {
		return withHint(client.ErrOtherHead, "vaultsphere alarm lists the differences and the digest of what the server shows now")
	}
	if !yes {
		if err := p.confirmAccept(ctx, other); err != nil {
			return err
		}
	}
	return c.AcceptServers(ctx, password, head)
}

func (p *program) confirmAccept(ctx context.Context, other client.OtherState) error {
	t, err := openTerminal()
	if err != nil {
		return withHint(fmt.Errorf("%w: %w", errNotAccepted, err), "use --yes to accept without confirmation")
	}
	defer t.close()
	t.say("%s", differences(other.Differences))
	t.say("What only this device has will be gone. vaultsphere export --output FILE saves it first.\n")
	answer, err := t.line(ctx, fmt.Sprintf("Go back to revision %d of the server? [y/N]", other.Revision))
	if err != nil {
		return err
	}
	if a := strings.ToLower(answer); a != "y" && a != "yes" {
		return errNotAccepted
	}
	return nil
}
