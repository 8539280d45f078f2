package dynamo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// A change too large for one transaction goes through a redo log:
//
//  1. stage: store the rows, packed into segments, in the passwords table, under separate sort keys and without a
//     revision, so no sync sees them. If the writer dies here, the vault is unchanged, and TTL deletes the segments.
//  2. commit: with one conditional update of the vault's head, advance the revision and mark the change as pending. From
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
	Segments int    `dynamodbav:"segments"`
}

// redoLog is one change of a vault in the redo log.
type redoLog struct {
	vault chain.ID
	pending
}

// stagedRow is a row of a vault after a change.
type stagedRow struct {
	table string
	row   item // of a row that the change deletes, only the key
	gone  bool
	keeps *keptRow // of a record that the change deletes or replaces: its token moves there
}

func (r stagedRow) write() write {
	if r.gone {
		return remove(r.table, r.row)
	}
	return put(r.table, r.row)
}

// size is well above the size of the row as DynamoDB counts it.
func (r stagedRow) size() int {
	n := rowOverhead
	if r.keeps != nil {
		n += rowOverhead
	}
	for _, v := range r.row {
		switch v := v.(type) {
		case *types.AttributeValueMemberS:
			n += len(v.Value)
		case *types.AttributeValueMemberB:
			n += len(v.Value)
		}
	}
	return n
}

// stagedTable is how staged rows spell a table. Releases that share the tables finish each other's changes, so it never changes.
type stagedTable string

const (
	stagedAccounts  stagedTable = "account"
	stagedPasswords stagedTable = "password"
	stagedVaults    stagedTable = "vault"
)

func (s *Store) stagedAs(table string) stagedTable {
	switch table {
	case s.table.Accounts:
		return stagedAccounts
	case s.table.Passwords:
		return stagedPasswords
	}
	return stagedVaults
}

func (s *Store) stagedIn(t stagedTable) string {
	switch t {
	case stagedAccounts:
		return s.table.Accounts
	case stagedPasswords:
		return s.table.Passwords
	}
	return s.table.Vaults
}

// Limits of one transaction: DynamoDB allows 100 items and 4 MB, including the names of attributes.
const (
	maxTransactItems = 90
	rowOverhead      = 300 // of a row without its token, well above the real size
)

const segmentRows = "rows" // the attribute of a segment with its rows

func (s *Store) encodeStaged(r stagedRow) types.AttributeValue {
	encoded := item{"kind": str(string(s.stagedAs(r.table))), "row": &types.AttributeValueMemberM{Value: r.row}}
	if r.gone {
		encoded["gone"] = &types.AttributeValueMemberBOOL{Value: true}
	}
	if r.keeps != nil {
		encoded["keeps"] = &types.AttributeValueMemberM{Value: item{
			"row": str(r.keeps.Row), "deleted_at": num(r.keeps.Deleted), "expires_at": num(r.keeps.TTL),
		}}
	}
	return &types.AttributeValueMemberM{Value: encoded}
}

func (s *Store) decodeSegment(segment item) ([]stagedRow, error) {
	list, ok := segment[segmentRows].(*types.AttributeValueMemberL)
	if !ok {
		return nil, errSegment
	}
	rows := make([]stagedRow, len(list.Value))
	for i, v := range list.Value {
		encoded, _ := v.(*types.AttributeValueMemberM)
		if encoded == nil {
			return nil, errSegment
		}
		kind, _ := encoded.Value["kind"].(*types.AttributeValueMemberS)
		row, _ := encoded.Value["row"].(*types.AttributeValueMemberM)
		if kind == nil || row == nil {
			return nil, errSegment
		}
		rows[i] = stagedRow{table: s.stagedIn(stagedTable(kind.Value)), row: row.Value, gone: encoded.Value["gone"] != nil}
		if keeps, ok := encoded.Value["keeps"].(*types.AttributeValueMemberM); ok {
			rows[i].keeps = &keptRow{Vault: textOf(row.Value, names.RecordsPartitionKey), Row: textOf(keeps.Value, "row")}
			if err := errors.Join(
				attributevalue.Unmarshal(keeps.Value["deleted_at"], &rows[i].keeps.Deleted),
				attributevalue.Unmarshal(keeps.Value["expires_at"], &rows[i].keeps.TTL),
			); err != nil {
				return nil, fmt.Errorf("%w: %w", errSegment, err)
			}
		}
	}
	return rows, nil
}

var errSegment = fmt.Errorf("%w: unreadable row in the redo log", vault.ErrStoreUnavailable)

const (
	// maxSegmentBytes leaves room below DynamoDB's 400 KB per item.
	maxSegmentBytes = 350_000
	// stageLife is how long a segment waits to be rolled forward. A committed change must keep its rows even if the vault is
	// not read for a long time, so it equals the life of a tombstone. Orphaned segments are small and rare.
	stageLife = vault.TombstoneDays * 24 * time.Hour
)

func segmentID(change string, n int) string { return fmt.Sprintf("stage#%s#%03d", change, n) }

func segmentKey(id chain.ID, change string, n int) item {
	return recordKey(id.String(), segmentID(change, n))
}

// applyLarge makes a change through the redo log. commit is the transaction that marks the change as pending.
func (s *Store) applyLarge(ctx context.Context, id chain.ID, rows []stagedRow, commit func(*pending) error) error {
	p, err := s.stage(ctx, id, rand.Text(), rows)
	if err != nil {
		return err
	}
	log := redoLog{id, p}
	if err := commit(&log.pending); err != nil {
		// Without a definite rejection, the commit may have succeeded, and then the segments are the only copy of the change.
		if slices.ContainsFunc(rejections, func(r error) bool { return errors.Is(err, r) }) {
			return errors.Join(err, s.dropSegments(ctx, log))
		}
		return err
	}
	// The change is committed. If rolling it forward fails here, the next reader or writer does it.
	_ = s.rollForward(ctx, log)
	return nil
}

// rejections are the errors that say that a change was not committed.
var rejections = []error{
	vault.ErrRevisionConflict, vault.ErrNotFound, vault.ErrConflict, vault.ErrItemQuota, vault.ErrRecordQuota, vault.ErrQuotaReached,
}

// upToDate reads a row. If a change of the row is pending, it first rolls the change forward.
func upToDate[R any](ctx context.Context, s *Store, read func() (R, *redoLog, error)) (R, error) {
	for try := 1; ; try++ {
		row, log, err := read()
		switch {
		case err != nil || log == nil:
			return row, err
		case try == readTries:
			return row, fmt.Errorf("%w: large changes follow each other too quickly", vault.ErrStoreUnavailable)
		}
		if err := s.rollForward(ctx, *log); err != nil {
			return row, err
		}
	}
}

// stage stores rows in segments.
func (s *Store) stage(ctx context.Context, id chain.ID, change string, rows []stagedRow) (pending, error) {
	p := pending{Change: change}
	var segment []types.AttributeValue
	size := 0
	flush := func() error {
		if len(segment) == 0 {
			return nil
		}
		row := segmentKey(id, p.Change, p.Segments)
		row[segmentRows] = &types.AttributeValueMemberL{Value: segment}
		row[names.TTLAttribute] = num(ttl(time.Now().Add(stageLife)))
		if _, err := s.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table.Passwords, Item: row}); err != nil {
			return storeError(err)
		}
		p.Segments++
		segment, size = nil, 0
		return nil
	}
	for _, r := range rows {
		if size+r.size() > maxSegmentBytes {
			if err := flush(); err != nil {
				return p, err
			}
		}
		segment = append(segment, s.encodeStaged(r))
		size += r.size()
	}
	return p, flush()
}

// rollForward writes the rows of a committed change to their places and finishes it.
func (s *Store) rollForward(ctx context.Context, log redoLog) error {
	for n := range log.Segments {
		finished, err := s.writeSegment(ctx, log, n)
		if finished || err != nil {
			return err
		}
	}
	return s.finish(ctx, log)
}

// isPending is the condition that the change is still pending. No two changes have the same name.
func (log redoLog) isPending() condition {
	return attribute("pending.change").Equal(value(log.Change))
}

// writeSegment writes the rows of one segment to their places. finished means that the change is no longer pending: another
// process finished it, or the vault is being deleted.
func (s *Store) writeSegment(ctx context.Context, log redoLog, n int) (finished bool, err error) {
	got, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table.Passwords, ConsistentRead: aws.Bool(true), Key: segmentKey(log.vault, log.Change, n),
	})
	if err != nil {
		return false, storeError(err)
	}
	if len(got.Item) == 0 { // segments are deleted only after the mark
		return s.isFinished(ctx, log)
	}
	rows, err := s.decodeSegment(got.Item)
	if err != nil {
		return false, err
	}
	for len(rows) > 0 {
		n := batchOf(rows)
		batch, err := s.withTokens(ctx, rows[:n])
		if errors.Is(err, errUnseen) { // a later write has these rows, unless this one is still pending
			return s.isFinished(ctx, log)
		}
		if err != nil {
			return false, err
		}
		rows = rows[n:]
		writes := []write{require(s.table.Vaults, headKey(log.vault), log.isPending())}
		for _, r := range batch {
			writes = append(writes, r.write())
		}
		if finished, err := pendingError(s.transact(ctx, writes...)); finished || err != nil {
			return finished, err
		}
	}
	return false, nil
}

// maxMoves keeps a transaction that moves tokens of protocol.MaxTokenBytes below DynamoDB's limit of 4 MB, beside the rows of a segment. A
// token counts where it was and where it goes.
const maxMoves = 26

// batchOf returns how many of the rows fit into one transaction.
func batchOf(rows []stagedRow) int {
	items, moves := 0, 0
	for i, r := range rows {
		items++
		if r.keeps != nil {
			items++
			moves++
		}
		if items > maxTransactItems || moves > maxMoves {
			return i
		}
	}
	return len(rows)
}

func (s *Store) isFinished(ctx context.Context, log redoLog) (bool, error) {
	var now struct {
		Pending *pending `dynamodbav:"pending"`
	}
	_, err := s.rowAt(ctx, s.table.Vaults, headKey(log.vault), &now)
	if err == nil && now.Pending != nil && now.Pending.Change == log.Change {
		err = fmt.Errorf("%w: rows of a committed change are missing", vault.ErrStoreUnavailable)
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

func (s *Store) finish(ctx context.Context, log redoLog) error {
	finished, err := pendingError(s.transact(ctx, update(s.table.Vaults, headKey(log.vault), nil, expression.Remove(attribute("pending")), log.isPending())))
	if finished || err != nil {
		return err
	}
	return s.dropSegments(ctx, log)
}

// dropSegments deletes segments before their TTL does. If it fails, they only use storage for a while.
func (s *Store) dropSegments(ctx context.Context, log redoLog) error {
	keys := make([]item, log.Segments)
	for n := range keys {
		keys[n] = segmentKey(log.vault, log.Change, n)
	}
	return s.deleteRows(ctx, s.table.Passwords, keys)
}
