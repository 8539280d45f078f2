package vault

import (
	"context"
	"errors"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const removalLife = protocol.RemovalDays * 24 * time.Hour

// deletion returns when a removed user is deleted, the zero time for others.
func (s Standing) deletion() time.Time {
	if s.Removed == 0 {
		return time.Time{}
	}
	return time.UnixMilli(s.Removed).UTC().Add(removalLife)
}

// DeleteDue deletes the users who were removed protocol.RemovalDays ago. Every process calls it from time to time. It does nothing while a
// restored server waits: devices may still have to send again what the backup lacks, such as that a user was brought back.
func (s *Service) DeleteDue(ctx context.Context) error {
	waits, err := s.store.Waiting(ctx)
	if err != nil || waits {
		return err
	}
	var failed []error
	for after := Username(""); ; {
		list, err := s.store.Directory(ctx, after, protocol.MaxListedUsers)
		if err != nil {
			return errors.Join(append(failed, err)...)
		}
		for _, l := range list {
			after = l.User.Username
			if at := l.User.Standing.deletion(); !at.IsZero() && !s.now().Before(at) {
				failed = append(failed, s.deleteRemoved(ctx, l.User))
			}
		}
		if len(list) < protocol.MaxListedUsers {
			return errors.Join(failed...)
		}
	}
}

func (s *Service) deleteRemoved(ctx context.Context, u User) error {
	err := s.store.DeleteRemoved(ctx, u)
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) { // brought back, or deleted by another process
		return nil
	}
	s.watchers.changed(Change{Ended: u.ID})
	if err == nil {
		s.trail.record(ctx, Event{Kind: protocol.AuditDeleted, Host: true, Whom: u.Username, WhomID: u.ID})
	}
	return err
}
