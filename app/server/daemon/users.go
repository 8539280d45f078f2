package daemon

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

// UserChanges are what the operator can do to a user, by the word for it on the command line.
var UserChanges = map[string]func(context.Context, vault.Store, vault.Username, vault.UserID) error{
	"suspend": vault.Suspend, "resume": vault.Resume, "remove": vault.Remove, "promote": vault.Promote, "demote": vault.Demote,
}

// ChangeUser does one of UserChanges. Servers may keep running.
func (c Config) ChangeUser(ctx context.Context, change, username string) error {
	name, err := vault.CanonicalUsername(username)
	if err != nil {
		return err
	}
	return c.withStore(ctx, func(s vault.Store) error {
		if err := UserChanges[change](ctx, s, name, ""); err != nil {
			return fmt.Errorf("%s %s: %w", change, name, err)
		}
		return nil
	})
}

// ListUsers writes a table of all users.
func (c Config) ListUsers(ctx context.Context, out io.Writer) error {
	return c.withStore(ctx, func(s vault.Store) error {
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "USERNAME\tROLE\tSTATE\tCREATED\tLAST SEEN\tTWO-FACTOR\tITEMS\tBYTES")
		const page = 100
		for after := vault.Username(""); ; {
			list, err := s.Directory(ctx, after, page)
			if err != nil {
				return err
			}
			for _, l := range list {
				fmt.Fprintln(table, row(l))
				after = l.User.Username
			}
			if len(list) < page {
				return table.Flush()
			}
		}
	})
}

func row(l vault.Listed) string {
	role, state, factor := "user", "active", "off"
	if l.User.Standing.Administrator {
		role = "administrator"
	}
	switch {
	case l.User.Deleting:
		state = "half removed"
	case l.User.Standing.Suspended:
		state = "suspended"
	}
	if l.User.TOTPSecret != "" {
		factor = "on"
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d", l.User.Username, role, state, l.User.Created.Format(time.DateOnly),
		l.LastSeen.Format(time.DateOnly), factor, l.Items, l.Bytes)
}
