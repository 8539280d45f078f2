package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// userChange is what the operator can do to a user.
type userChange struct {
	do   func(context.Context, vault.Store, vault.Username, vault.UserID) error
	kind protocol.AuditKind
}

var userChanges = map[string]userChange{
	"suspend": {vault.Suspend, protocol.AuditSuspended}, "resume": {vault.Resume, protocol.AuditResumed},
	"remove": {vault.Remove(time.Now), protocol.AuditRemoved}, "delete": {vault.Delete, protocol.AuditDeleted},
	"unthrottle": {vault.Unthrottle, protocol.AuditUnthrottled}, "promote": {vault.Promote, protocol.AuditPromoted},
	"demote": {vault.Demote, protocol.AuditDemoted},
}

// IsUserChange reports whether ChangeUser knows the word.
func IsUserChange(word string) bool { return userChanges[word].do != nil }

// ChangeUser changes a user, and records it in the audit trail. Servers may keep running.
func (c Config) ChangeUser(ctx context.Context, change, username string) error {
	name, err := vault.CanonicalUsername(username)
	if err != nil {
		return err
	}
	return c.withStore(ctx, func(s vault.Store) error {
		u, err := s.User(ctx, name)
		if err == nil || errors.Is(err, vault.ErrNotFound) {
			err = userChanges[change].do(ctx, s, name, u.ID)
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", change, name, err)
		}
		return c.record(ctx, s, vault.Event{Kind: userChanges[change].kind, Whom: name, WhomID: u.ID})
	})
}

// record stores an event of the operator.
func (c Config) record(ctx context.Context, s vault.Store, e vault.Event) error {
	if err := vault.RecordOnHost(ctx, s, c.auditLife(), e, time.Now()); err != nil {
		return fmt.Errorf("it was done, but is missing in the audit trail: %w", err)
	}
	return nil
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
		state = "half deleted"
	case l.User.Standing.Removed != 0:
		state = "removed"
	case l.User.Standing.Suspended:
		state = "suspended"
	}
	if l.User.TOTPSecret != "" {
		factor = "on"
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d", l.User.Username, role, state, l.User.Created.Format(time.DateOnly),
		l.LastSeen.Format(time.DateOnly), factor, l.Items, l.Bytes)
}
