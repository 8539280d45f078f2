package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
)

func (p *program) totpCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "totp ITEM",
		Short: "Print the one-time code of an item",
		Long: `Print the one-time code of an item, followed by a newline. The remaining validity is printed
to standard error. If the codes use a counter, each run uses the next one.

ITEM is an id or an exact title.`,
		Args: takes(1, 1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.totp(cmd.Context(), args[0], asJSON)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the code, its period and the seconds left as JSON")
	p.cacheFlag(cmd)
	return cmd
}

func (p *program) totp(ctx context.Context, name string, asJSON bool) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	found, err := find(c, name)
	if err != nil {
		return err
	}
	now := time.Now()
	code, err := c.Code(found.ID, now)
	if err == nil && code.Period == 0 {
		code, err = c.NextCode(ctx, found.ID, now)
	}
	if err != nil {
		return err
	}
	if asJSON {
		return p.printJSON(code)
	}
	p.noteValidity(code)
	return p.printValue(code.Code)
}

func (p *program) noteValidity(code client.OneTimeCode) {
	if code.Period > 0 {
		p.note("valid for %s", count(code.SecondsLeft, "second"))
	}
}
