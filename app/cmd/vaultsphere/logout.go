package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
)

func (p *program) logoutCommand() *cobra.Command {
	var local, discard bool
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "End the session of this device",
		Long: `End the session of this device and drop the sealed copy of the vault on it. Signing out
twice is no error. The server, the user name and the newest state of the vault that was
seen stay remembered. While changes wait here for the server, it refuses.`,
		Args: cobra.NoArgs,
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			return p.logout(cmd.Context(), local, discard)
		}),
	}
	cmd.Flags().BoolVar(&local, "local", false, "forget the session here without telling the server, where it lives on until it runs out")
	cmd.Flags().BoolVar(&discard, "discard", false, "give up the changes that wait on this device")
	return cmd
}

func (p *program) logout(ctx context.Context, local, discard bool) error {
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	if c.session.Token == "" {
		if c.elsewhere != "" {
			return c.notSignedIn(ctx) // success would let somebody believe that no session is left
		}
		return nil
	}
	leave := c.Logout
	if local {
		leave = c.LogoutHere
	}
	err = leave(ctx, discard)
	if errors.Is(err, client.ErrOffline) {
		return withHint(err, "still signed in; vaultsphere logout --local forgets the session on this device alone")
	}
	if err != nil {
		return err
	}
	c.session.Token = ""
	if list, _ := c.Copies(ctx); len(list) > 0 {
		p.note("%s on this device: vaultsphere copies", staysHere(len(list)))
	}
	return c.state.setSession(c.session)
}

func staysHere(n int) string {
	if n == 1 {
		return "1 sealed copy of an ended session stays"
	}
	return fmt.Sprintf("%d sealed copies of ended sessions stay", n)
}
