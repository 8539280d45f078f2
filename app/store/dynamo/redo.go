package dynamo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// A change too large for one transaction goes through a redo log:
//
//  1. stage: store the rows, packed into segments, in the passwords table, under separate sort keys and without a
//     revision, so no sync sees them. If the writer dies here, the vault is unchanged, and TTL deletes the segments.
//  2. commit: with one conditional update of the user's row, advance the revision and mark the change as pending. From
//     here on, the change counts.
//  3. roll forward: write the rows to their places, in transactions that require the change to be still pending, so a
//     straggler cannot write over a newer change or after a deletion.
//  4. finish: remove the mark and the segments.
//
// A reader or writer that finds a pending change first does steps 3 and 4; repeated or concurrent runs write the same rows.
// The rows are checked before the commit and cannot change in between: every change of a row advances the revision, and the
// commit requires the revision of the check.

// pending identifies a committed change whose rows may not be in their places yet.
type pending struct {
	Change   string `dynamodbav:"change"`
	Segments int    `dynamodbav:"chunks"`
}

type stagedRow struct {
	Kind stagedKind `dynamodbav:"kind"`
	Row  recordRow  `dynamodbav:"row"`
}

// stagedKind is how staged rows spell a protocol.Kind. Releases that share the tables finish each other's changes, and older
// ones know only this spelling.
type stagedKind string

const (
	stagedOverview stagedKind = "account"
	stagedDetails  stagedKind = "password"
)

func stagedAs(k protocol.Kind) stagedKind {
	if k == protocol.KindOverview {
		return stagedOverview
	}
	return stagedDetails
}

func (k stagedKind) kind() protocol.Kind {
	if k == stagedOverview {
		return protocol.KindOverview
	}
	return protocol.KindDetails
}

type segmentRow struct {
	UserID    string      `dynamodbav:"user_id"`
	SegmentID string      `dynamodbav:"record_id"`
	Rows      []stagedRow `dynamodbav:"rows"`
	TTL       int64       `dynamodbav:"expires_at"`
}

const (
	// maxSegmentBytes leaves room below DynamoDB's 400 KB per item.
	maxSegmentBytes = 350_000
	// stageLife is how long a segment waits to be rolled forward. A committed change must keep its rows even if the vault is
	// not read for a long time, so it equals the life of a tombstone. Orphaned segments are small and rare.
	stageLife = vault.TombstoneDays * 24 * time.Hour
)

func segmentID(change string, n int) string { return fmt.Sprintf("stage#%s#%03d", change, n) }

func (s *Store) applyLarge(ctx context.Context, u userRow, c vault.Change) error {
	if err := s.checkRows(ctx, u, c); err != nil {
		return err
	}
	staged, err := s.stage(ctx, u, c, rand.Text())
	if err != nil {
		return err
	}
	if err := s.commit(ctx, u, c, staged); err != nil {
		// Without a definite rejection, the commit may have succeeded, and then the segments are the only copy of the change.
		if errors.Is(err, vault.ErrRevisionConflict) || errors.Is(err, vault.ErrNotFound) {
			return errors.Join(err, s.dropSegments(ctx, u.ID, staged))
		}
		return err
	}
	// The change is committed. If rolling it forward fails here, the next reader or writer does it.
	u.Revision, u.Pending = c.Base+1, &staged
	_ = s.rollForward(ctx, u)
	return nil
}

// checkRows makes the checks that a small change leaves to the conditions of its transaction.
func (s *Store) checkRows(ctx context.Context, u userRow, c vault.Change) error {
	type wanted struct {
		place protocol.Place
		live  bool
	}
	for _, kind := range []protocol.Kind{protocol.KindOverview, protocol.KindDetails} {
		var keys []item
		want := map[string]wanted{}
		add := func(p protocol.Place, live bool) {
			keys = append(keys, recordKey(u.ID, p))
			want[recordID(p)] = wanted{p, live}
		}
		for _, p := range c.Puts {
			if p.Kind == kind && kind == protocol.KindDetails {
				add(p.Place, false)
			}
		}
		for _, p := range c.Deletes {
			if p.Kind == kind {
				add(p, true)
			}
		}
		rows, err := getAll[recordRow](ctx, s, s.tableOf(kind), keys, "record_id, version, deleted")
		if err != nil {
			return err
		}
		for _, r := range rows {
			w := want[r.RecordID]
			if !w.live {
				return vault.PlaceUsed(w.place)
			}
			if r.Version == w.place.Version && !r.Deleted {
				delete(want, r.RecordID)
			}
		}
		for _, w := range want {
			if w.live {
				return vault.PlaceNotLive(w.place)
			}
		}
	}
	return nil
}

func (s *Store) stage(ctx context.Context, u userRow, c vault.Change, change string) (pending, error) {
	p := pending{Change: change}
	segment, size := segmentRow{}, 0
	flush := func() error {
		if len(segment.Rows) == 0 {
			return nil
		}
		segment.UserID, segment.SegmentID, segment.TTL = u.ID, segmentID(p.Change, p.Segments), ttl(time.Now().Add(stageLife))
		row, err := encode(segment)
		if err != nil {
			return err
		}
		if _, err := s.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table.Passwords, Item: row}); err != nil {
			return storeError(err)
		}
		p.Segments++
		segment, size = segmentRow{}, 0
		return nil
	}
	add := func(kind protocol.Kind, r recordRow) error {
		bytes := len(r.Token) + rowOverhead
		if size+bytes > maxSegmentBytes {
			if err := flush(); err != nil {
				return err
			}
		}
		segment.Rows = append(segment.Rows, stagedRow{stagedAs(kind), r})
		size += bytes
		return nil
	}
	for _, put := range c.Puts {
		if err := add(put.Kind, putRow(u.ID, put, c.Base+1)); err != nil {
			return p, err
		}
	}
	for _, place := range c.Deletes {
		if err := add(place.Kind, tombstone(u.ID, place, c.Base+1)); err != nil {
			return p, err
		}
	}
	return p, flush()
}

func (s *Store) commit(ctx context.Context, u userRow, c vault.Change, p pending) error {
	return changeError(s.transact(ctx, s.moveRevision(u, c, &p)), u, c)
}

// rollForward writes the pending change of u to its places and finishes it.
func (s *Store) rollForward(ctx context.Context, u userRow) error {
	for n := range u.Pending.Segments {
		finished, err := s.writeSegment(ctx, u, n)
		if finished || err != nil {
			return err
		}
	}
	return s.finish(ctx, u)
}

// isPending is the condition that the pending change of u is still pending.
func isPending(u userRow) condition {
	return attribute("user_id").Equal(value(u.ID)).And(attribute("pending.change").Equal(value(u.Pending.Change)))
}

// writeSegment writes the rows of one segment to their places. finished means that the change is no longer pending: another
// process finished it, or the user is being deleted.
func (s *Store) writeSegment(ctx context.Context, u userRow, n int) (finished bool, err error) {
	got, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table.Passwords, ConsistentRead: aws.Bool(true),
		Key: item{"user_id": str(u.ID), "record_id": str(segmentID(u.Pending.Change, n))},
	})
	if err != nil {
		return false, storeError(err)
	}
	if len(got.Item) == 0 { // segments are deleted only after the mark
		return s.isFinished(ctx, u)
	}
	var segment segmentRow
	if err := decode(got.Item, &segment); err != nil {
		return false, err
	}
	for rows := segment.Rows; len(rows) > 0; {
		batch := rows[:min(len(rows), maxTransactItems)]
		rows = rows[len(batch):]
		writes := []write{require(s.table.Users, userKey(vault.Username(u.Username)), isPending(u))}
		for _, r := range batch {
			writes = append(writes, put(s.tableOf(r.Kind.kind()), r.Row))
		}
		if finished, err := pendingError(s.transact(ctx, writes...)); finished || err != nil {
			return finished, err
		}
	}
	return false, nil
}

func (s *Store) isFinished(ctx context.Context, u userRow) (bool, error) {
	now, err := s.userRow(ctx, vault.Username(u.Username))
	if errors.Is(err, vault.ErrNotFound) {
		return true, nil
	}
	if err == nil && now.ID == u.ID && now.Pending != nil && now.Pending.Change == u.Pending.Change {
		err = fmt.Errorf("%w: rows of the committed revision %d are missing", vault.ErrStoreUnavailable, now.Revision)
	}
	return err == nil, err
}

// pendingError explains the outcome of a transaction conditional on isPending.
func pendingError(err error) (finished bool, _ error) {
	var r *refused
	switch {
	case errors.As(err, &r):
		return true, nil
	case errors.Is(err, errBusy):
		return false, fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
	}
	return false, err
}

func (s *Store) finish(ctx context.Context, u userRow) error {
	finished, err := pendingError(s.transact(ctx, update(s.table.Users, userKey(vault.Username(u.Username)), nil,
		expression.Remove(attribute("pending")), isPending(u))))
	if finished || err != nil {
		return err
	}
	return s.dropSegments(ctx, u.ID, *u.Pending)
}

// dropSegments deletes segments before their TTL does. If it fails, they only use storage for a while.
func (s *Store) dropSegments(ctx context.Context, userID string, p pending) error {
	keys := make([]item, p.Segments)
	for n := range keys {
		keys[n] = item{"user_id": str(userID), "record_id": str(segmentID(p.Change, n))}
	}
	return s.deleteRows(ctx, s.table.Passwords, keys)
}
