package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
)

func (p *program) logoutCommand() *cobra.Command {
	var local, discard bool
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "Sign out on this device",
		Long: `Sign out on this device and delete the cache of the vault. It is not an error if you are
already signed out. The server, the username and the newest verified state of the vault stay
remembered. While the outbox has changes, logout fails unless you use --discard.`,
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			return p.logout(cmd.Context(), local, discard)
		}),
	}
	cmd.Flags().BoolVar(&local, "local", false, "sign out without contacting the server, where the session stays valid until it expires")
	cmd.Flags().BoolVar(&discard, "discard", false, "discard the changes in the outbox")
	return cmd
}

func (p *program) logout(ctx context.Context, local, discard bool) error {
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	if c.session.Token == "" {
		if c.elsewhere != "" {
			return c.notSignedIn(ctx) // success would suggest that no session is left
		}
		return nil
	}
	leave := c.Logout
	if local {
		leave = c.LogoutHere
	}
	err = leave(ctx, discard)
	if errors.Is(err, client.ErrOffline) {
		return withHint(err, "you are still signed in; vaultsphere logout --local signs out without contacting the server")
	}
	if err != nil {
		return err
	}
	c.session.Token = ""
	if list, _ := c.Copies(ctx); len(list) > 0 {
		p.note("this device still has %s of ended sessions: see vaultsphere cache", count(len(list), "cache"))
	}
	return c.state.setSession(c.session)
}
