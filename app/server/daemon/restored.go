package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

// A restored store waits: servers take only reads, and what devices send again, until the operator opens it. So nobody signs in with a
// password that was changed since the backup, and nobody writes on top of a state that devices are about to lead further.

// Close makes a restored store wait for Open. Restore does it too; DynamoDB tables are restored by AWS. It writes to report who can
// come in again.
func (c Config) Close(ctx context.Context, report io.Writer) error {
	return c.withStore(ctx, func(s vault.Store) error {
		if err := s.SetWaiting(ctx, true); err != nil {
			return fmt.Errorf("close the store: %w", err)
		}
		return revived(ctx, s, report)
	})
}

// Open opens a store that waits. Servers may keep running.
func (c Config) Open(ctx context.Context) error {
	return c.withStore(ctx, func(s vault.Store) error {
		waits, err := s.Waiting(ctx)
		switch {
		case err != nil:
			return err
		case !waits:
			return errors.New("the server is open already")
		}
		return s.SetWaiting(ctx, false)
	})
}

func (c Config) withStore(ctx context.Context, use func(vault.Store) error) (err error) {
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return use(store)
}

// revived lists the users and sessions of a restored store, some of which may have been removed or ended since the backup, and revokes
// all invitations.
func revived(ctx context.Context, s vault.Store, report io.Writer) error {
	now := time.Now()
	users, sessions := 0, 0
	var out []byte
	err := s.Users(ctx, func(u vault.User) error {
		users++
		list, err := s.Sessions(ctx, u.ID, now)
		if err != nil {
			return err
		}
		sessions += len(list)
		standing := ""
		if u.Standing.Administrator {
			standing = ", administrator"
		}
		if u.Standing.Suspended {
			standing += ", suspended"
		}
		out = fmt.Appendf(out, "%s\tregistered %s, %s%s\n", u.Username, u.Created.Format(time.DateOnly), plural(len(list), "session"), standing)
		for _, session := range list {
			out = fmt.Appendf(out, "\t%q, signed in %s, last used %s\n", session.Device, session.Created.Format(time.DateTime), session.LastSeen.Format(time.DateTime))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list users and sessions: %w", err)
	}
	revoked, err := revokeAll(ctx, s, now)
	if err != nil {
		return fmt.Errorf("revoke invitations: %w", err)
	}
	if revoked > 0 {
		out = fmt.Appendf(out, "%s revoked: make new ones once the server is open.\n", plural(revoked, "open invitation"))
	}
	_, err = fmt.Fprintf(report, "The backup brings back %s with %s. Look for users who were deleted, suspended or demoted, and sessions that were ended, since then.\n%s"+
		"The server takes only what devices send again until you run: vaultsphered open\n", plural(users, "user"), plural(sessions, "session"), out)
	return err
}

// revokeAll revokes all invitations, some of which may have been used since the backup, and counts them.
func revokeAll(ctx context.Context, s vault.Store, now time.Time) (int, error) {
	open, err := s.Invitations(ctx, now)
	for _, i := range open {
		if err := s.DeleteInvitation(ctx, i.ID); err != nil && !errors.Is(err, vault.ErrNoInvitation) {
			return 0, err
		}
	}
	return len(open), err
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
