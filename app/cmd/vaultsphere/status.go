package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/strictjson"
)

func (p *program) statusCommand() *cobra.Command {
	var asJSON bool
	var at int64
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the server, the user and the state of the vault",
		Long: `Show the server, the user and the state of the vault. The vault is not opened.

  revision, items  as the server reports them; omitted while it cannot be reached
  verified         what this device verified when it last opened the vault; two devices
                   with the same revision but different digests were shown different
                   histories by the server
  outbox           changes that the server does not have yet
  alarm            why the vault is read-only: see vaultsphere alarm

--at opens the vault and shows its digest at a revision, as twelve groups of digits. Two
people, or two devices, who have the same digits at the same revision were shown the same
history up to there. Compare them over a channel that the server has no part in.`,
		Example: `  vaultsphere status
  vaultsphere status --at 120`,
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("at") {
				return p.statusAt(cmd.Context(), at, asJSON)
			}
			return p.status(cmd.Context(), asJSON)
		}),
	}
	cmd.Flags().Int64Var(&at, "at", 0, "open the vault and show its digest at `REVISION`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// statusAt prints the digest of the vault at a revision.
func (p *program) statusAt(ctx context.Context, revision int64, asJSON bool) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	digest, newest, err := c.Digest(ctx, revision)
	if err != nil {
		return err
	}
	if asJSON {
		return p.printJSON(struct {
			Revision int64  `json:"revision"`
			Digest   string `json:"digest"`
			Groups   string `json:"groups"` // of digits, to compare
			Newest   int64  `json:"newest"`
		}{revision, digest.String(), digest.Groups(), newest})
	}
	return p.write(fmt.Sprintf("revision %d: %s\nnewest:     %d\n", revision, digest.Groups(), newest))
}

type status struct {
	Server       string        `json:"server"`
	Username     string        `json:"username,omitempty"`
	SignedIn     bool          `json:"signed_in"`
	Offline      bool          `json:"offline,omitempty"` // revision and items are unknown
	SecondFactor bool          `json:"second_factor"`
	Admin        bool          `json:"administrator"`
	Revision     int64         `json:"revision"`
	Items        int           `json:"items"`
	Verified     *verified     `json:"verified,omitempty"`
	Outbox       int           `json:"outbox,omitempty"` // changes
	Alarm        *client.Alarm `json:"alarm,omitempty"`
}

// verified is the state of the vault that this device remembers.
type verified struct {
	Revision int64  `json:"revision"`
	Digest   string `json:"digest"` // hash of the newest write
}

func (p *program) status(ctx context.Context, asJSON bool) error {
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	s, err := statusOf(ctx, c)
	if err != nil {
		return err
	}
	if asJSON {
		return p.printJSON(s)
	}
	return p.write(s.text())
}

func statusOf(ctx context.Context, c *connection) (status, error) {
	s := status{Server: c.session.Server, Username: c.session.Username}
	if c.session.Token == "" {
		return s, nil
	}
	state, _, err := c.Resume(ctx)
	if err != nil || state == client.SignedOut {
		return s, err
	}
	account, err := c.Account(ctx)
	if err != nil {
		return s, err
	}
	s.SignedIn, s.Offline, s.Username, s.SecondFactor, s.Admin = true, account.Offline, account.Username, account.TOTPEnabled, account.Administrator
	if !s.Offline {
		if s.Revision, s.Items, err = sealedVault(ctx, c, account.Vault); err != nil {
			return s, err
		}
	}
	if s.Outbox, err = c.Unsent(ctx); err != nil {
		return s, err
	}
	remembered, err := c.memory.Load(account.UserID)
	if revision, digest := remembered.Head(); digest != "" {
		s.Verified = &verified{revision, digest}
	}
	if a := remembered.Alarm(); !a.IsZero() {
		s.Alarm = &a
	}
	return s, err
}

// maxSealedVault bounds the response that counts the items, in bytes.
const maxSealedVault = 512 << 20

// sealedVault asks the server for the revision and counts the items, without a key. It verifies and stores nothing.
func sealedVault(ctx context.Context, c *connection, id string) (revision int64, items int, err error) {
	path := strings.Replace(protocol.PathVault, "{vault}", id, 1)
	answer, err := c.wire.Do(ctx, client.Request{Method: http.MethodGet, Path: path + "?since=0&after=-1&revision=0", Limit: maxSealedVault})
	if errors.Is(err, client.ErrIntercepted) {
		return 0, 0, err
	}
	if err != nil {
		return 0, 0, fmt.Errorf("%w: %w", client.ErrOffline, err)
	}
	var vault protocol.VaultAnswer
	if answer.Status != http.StatusOK {
		return 0, 0, fmt.Errorf("count items: server answered %d", answer.Status)
	}
	if err := (strictjson.Form{Name: "the vault"}).Unmarshal(answer.Body, &vault); err != nil {
		return 0, 0, &client.AnswerError{Path: path, Err: err}
	}
	for _, r := range vault.Records {
		if r.Kind == protocol.RecordOverview && !r.Deleted {
			items++
		}
	}
	if len(vault.Writes) > 0 {
		b, err := base64.RawURLEncoding.DecodeString(vault.Writes[0])
		if err != nil {
			return 0, 0, &client.AnswerError{Path: path, Err: err}
		}
		newest, err := chain.ParseWrite(b)
		if err != nil {
			return 0, 0, &client.AnswerError{Path: path, Err: err}
		}
		revision = newest.Revision
	}
	return revision, items, nil
}

func (s status) text() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-15s%s\n", name+":", printable(fmt.Sprintf(format, args...), ""))
	}
	line("server", "%s", s.Server)
	if s.Username != "" {
		line("username", "%s", s.Username)
	}
	if !s.SignedIn {
		line("signed in", "no")
		return b.String()
	}
	line("signed in", "yes")
	line("two-factor", "%s", map[bool]string{true: "on", false: "off"}[s.SecondFactor])
	if s.Admin {
		line("role", "administrator")
	}
	if s.Offline {
		line("reachable", "no")
	} else {
		line("revision", "%d", s.Revision)
		line("items", "%d", s.Items)
	}
	if s.Verified == nil {
		line("verified", "nothing yet")
	} else {
		line("verified", "revision %d, digest %s", s.Verified.Revision, s.Verified.Digest)
	}
	if s.Outbox > 0 {
		line("outbox", "%s", count(s.Outbox, "change"))
	}
	if s.Alarm != nil {
		line("alarm", "%s", describeAlarm(*s.Alarm))
		line("what to do", "%s", "vaultsphere alarm checks again and shows the ways out")
	}
	return b.String()
}
