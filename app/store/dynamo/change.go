package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Limits of one transaction: DynamoDB allows 100 items and 4 MB, including the names of attributes.
const (
	maxTransactItems = 90
	maxTransactBytes = 3_500_000
	rowOverhead      = 300 // of a row without its token, well above the real size
)

// Apply implements vault.Store. A change that fits is one transaction, whose first item advances the user's revision; a
// larger one goes through the redo log.
func (s *Store) Apply(ctx context.Context, name vault.Username, c vault.Change) (int64, error) {
	u, err := s.upToDateUser(ctx, name)
	if err != nil {
		return 0, err
	}
	if u.Revision != c.Base {
		return 0, revisionConflict(u.Revision, c.Base)
	}
	if c.Quota != (vault.Quota{}) {
		if u.usageRow, err = s.grant(ctx, u, c); err != nil {
			return 0, err
		}
	}
	if fits(c) {
		err = s.applySmall(ctx, u, c)
	} else {
		err = s.applyStaged(ctx, u, c)
	}
	if err != nil {
		return 0, err
	}
	return c.Base + 1, nil
}

func revisionConflict(at, base int64) error {
	return fmt.Errorf("%w: at %d, the change is for %d", vault.ErrRevisionConflict, at, base)
}

func fits(c vault.Change) bool {
	n := len(c.Puts) + len(c.Deletes)
	size := n*rowOverhead + len(c.Manifest)
	for _, p := range c.Puts {
		size += len(p.Token)
	}
	return n <= maxTransactItems && size <= maxTransactBytes
}

// moveRevision returns the write that commits a change: it advances the user's row from base to base+1, unless a change is
// pending.
func (s *Store) moveRevision(u userRow, c vault.Change, next *pending) write {
	head := headRow{
		Revision: c.Base + 1, Manifest: c.Manifest, HeadRecords: len(c.Puts) + len(c.Deletes), Pending: next, usageRow: u.usageRow,
	}
	return update(s.table.Users, userKey(vault.Username(u.Username)), head, expression.UpdateBuilder{},
		isUser(vault.UserID(u.ID)).And(attribute("revision").Equal(value(c.Base)), attribute("pending").AttributeNotExists()))
}

func (s *Store) applySmall(ctx context.Context, u userRow, c vault.Change) error {
	writes := []write{s.moveRevision(u, c, nil)}
	for _, p := range c.Puts {
		var when []condition
		if p.Kind == protocol.KindDetails {
			when = append(when, isNew(names.RecordsSortKey))
		}
		writes = append(writes, put(s.tableOf(p.Kind), putRow(u.ID, p, c.Base+1), when...))
	}
	for _, p := range c.Deletes {
		live := attribute("version").Equal(value(p.Version)).And(attribute("token").AttributeExists())
		writes = append(writes, put(s.tableOf(p.Kind), tombstone(u.ID, p, c.Base+1), live))
	}
	return changeError(s.transact(ctx, writes...), u, c)
}

// applyStaged makes a change through the redo log.
func (s *Store) applyStaged(ctx context.Context, u userRow, c vault.Change) error {
	if err := s.checkRows(ctx, u, c); err != nil {
		return err
	}
	rows, err := s.stagedRows(u, c)
	if err != nil {
		return err
	}
	return s.applyLarge(ctx, s.redoLog(u), rows, func(p *pending) error { return s.commit(ctx, u, c, p) })
}

func (s *Store) commit(ctx context.Context, u userRow, c vault.Change, p *pending) error {
	return changeError(s.transact(ctx, s.moveRevision(u, c, p)), u, c)
}

// redoLog returns the redo log of a user, with the pending change if there is one.
func (s *Store) redoLog(u userRow) redoLog {
	log := redoLog{table: s.table.Users, key: userKey(vault.Username(u.Username)), partition: u.ID}
	if u.Pending != nil {
		log.pending = *u.Pending
	}
	return log
}

// changeError explains why the transaction of a change failed. It looks at the user's row first: at another revision, the
// other conditions mean nothing.
func changeError(err error, u userRow, c vault.Change) error {
	var r *refused
	if errors.Is(err, errBusy) {
		return fmt.Errorf("%w: %w", vault.ErrRevisionConflict, err)
	}
	if !errors.As(err, &r) {
		return err
	}
	if old, ok := r.at(0); ok {
		var now userRow
		if err := decode(old, &now); err != nil {
			return err
		}
		if now.ID != u.ID || now.Deleting {
			return fmt.Errorf("user: %w", vault.ErrNotFound)
		}
		return revisionConflict(now.Revision, c.Base)
	}
	for i, p := range c.Puts {
		if _, ok := r.at(1 + i); ok {
			return vault.PlaceUsed(p.Place)
		}
	}
	for i, p := range c.Deletes {
		if _, ok := r.at(1 + len(c.Puts) + i); ok {
			return vault.PlaceNotLive(p)
		}
	}
	return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
}
