package dynamo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// readTries is how often a read is tried while the vault keeps changing.
const readTries = 12

// upToDateUser rolls a pending change forward and reads the user's row. A user being deleted is not found.
func (s *Store) upToDateUser(ctx context.Context, name vault.Username) (userRow, error) {
	return upToDate(ctx, s, func() (userRow, *redoLog, error) {
		u, err := s.userRow(ctx, name)
		if err == nil && u.Deleting {
			err = fmt.Errorf("user: %w", vault.ErrNotFound)
		}
		if err != nil || u.Pending == nil {
			return u, nil, err
		}
		log := s.redoLog(u)
		return u, &log, nil
	})
}

// state says which state of a vault a row has: that of a user for format 1, that of a head for format 2.
type state struct {
	partition string // of the records
	revision  int64
	rows      int // of the newest change, in the indexes
}

// delta reads the records of a vault that changed above a revision.
type delta struct {
	*Store
	since  int64
	newest func(ctx context.Context) (state, error) // rolls a pending change forward
	begin  func() error                             // of what newest read last
	record func(r recordRow) error
}

// maxSnapshotBytes limits the records that are read into memory together. A larger vault is streamed.
const maxSnapshotBytes = 2 << 20

var errLarge = errors.New("larger than a snapshot")

// Changes implements vault.Store.
func (s *Store) Changes(ctx context.Context, name vault.Username, since int64, w vault.ChangeWriter) error {
	var u userRow
	return delta{
		Store: s, since: max(since, 0),
		newest: func(ctx context.Context) (_ state, err error) {
			u, err = s.upToDateUser(ctx, name)
			return state{u.ID, u.Revision, u.HeadRecords}, err
		},
		begin:  func() error { return w.Begin(vault.Head{Revision: u.Revision, Manifest: u.Manifest}) },
		record: func(r recordRow) error { return w.Write(r.record(s.kindOf(r.table))) },
	}.read(ctx)
}

// read passes on one consistent state.
//
// A query is not a snapshot: it may see only some rows of a change, even after the user's row shows its revision, because
// DynamoDB makes the rows of a transaction visible one by one. A small vault is read again until the result is consistent. A
// large one does not fit into memory: it is passed on while it is read, and the read fails if the vault changes.
func (d delta) read(ctx context.Context) error {
	rows, err := d.snapshot(ctx)
	if errors.Is(err, errLarge) {
		return d.stream(ctx)
	}
	if err != nil {
		return err
	}
	if err := d.begin(); err != nil {
		return err
	}
	for _, r := range rows {
		if err := d.pass(r); err != nil {
			return err
		}
	}
	return nil
}

func (d delta) pass(r recordRow) error {
	if d.since == 0 && r.Deleted {
		return nil
	}
	return d.record(r)
}

// snapshot reads the rows until the newest state did not change during the read and all records of the newest change are there;
// the state has their number. Older changes are complete by then, because each change is based on an answer of this
// function or on a change that was acknowledged. It returns errLarge if the vault is too large.
func (d delta) snapshot(ctx context.Context) ([]recordRow, error) {
	at, err := d.newest(ctx)
	if err != nil {
		return nil, err
	}
	records := map[recordPlace]recordRow{}
	from := d.since
	for try := 1; d.since < at.revision; try++ {
		if err := d.readInto(ctx, records, at.partition, from); err != nil {
			return nil, err
		}
		before := at
		if at, err = d.newest(ctx); err != nil {
			return nil, err
		}
		if at.partition != before.partition {
			return nil, fmt.Errorf("user: %w", vault.ErrNotFound)
		}
		if at.revision == before.revision && isWhole(records, at) {
			break
		}
		if try == readTries {
			return nil, errMoves
		}
		// Read the newest revision of the last round again: it may have been incomplete.
		from = max(d.since, before.revision-1)
		if err := pause(ctx, min(try, 2)); err != nil {
			return nil, err
		}
	}
	return slices.SortedFunc(maps.Values(records), byRevision), nil
}

var errMoves = fmt.Errorf("%w: the vault changes faster than it can be read", vault.ErrStoreUnavailable)

func byRevision(a, b recordRow) int {
	return cmp.Or(cmp.Compare(a.Revision, b.Revision), cmp.Compare(a.table, b.table), cmp.Compare(a.RecordID, b.RecordID))
}

// stream passes the records on as it reads them, merging both tables in the order of revisions.
func (d delta) stream(ctx context.Context) error {
	at, err := d.whole(ctx)
	if err != nil {
		return err
	}
	if err := d.begin(); err != nil {
		return err
	}
	accounts, passwords := d.cursor(d.table.Accounts, at.partition, d.since), d.cursor(d.table.Passwords, at.partition, d.since)
	for {
		if err := errors.Join(accounts.fill(ctx), passwords.fill(ctx)); err != nil {
			return err
		}
		from := accounts
		if len(from.page) == 0 || len(passwords.page) > 0 && byRevision(passwords.page[0], from.page[0]) < 0 {
			from = passwords
		}
		if len(from.page) == 0 {
			break
		}
		r := from.page[0]
		from.page = from.page[1:]
		if r.Revision > at.revision {
			return errMoves // the record that it replaced is gone, or was passed on already
		}
		if err := d.pass(r); err != nil {
			return err
		}
	}
	now, err := d.newest(ctx)
	if err != nil {
		return err
	}
	if now.partition != at.partition || now.revision != at.revision {
		return errMoves
	}
	return nil
}

// whole reads the newest state, and waits until all records of the newest change are visible.
func (d delta) whole(ctx context.Context) (state, error) {
	for try := 1; ; try++ {
		at, err := d.newest(ctx)
		if err != nil {
			return state{}, err
		}
		newest, err := d.countAbove(ctx, at.partition, at.revision-1)
		switch {
		case err != nil:
			return state{}, err
		case newest == at.rows:
			return at, nil
		case try == readTries:
			return state{}, errMoves
		}
		if err := pause(ctx, min(try, 2)); err != nil {
			return state{}, err
		}
	}
}

// recordTables are the tables with records and an index by revision.
func (s *Store) recordTables() []string { return []string{s.table.Accounts, s.table.Passwords} }

func (s *Store) countAbove(ctx context.Context, partition string, revision int64) (count int, err error) {
	for _, table := range s.recordTables() {
		query := above(table, partition, revision)
		query.Select = types.SelectCount
		for pages := dynamodb.NewQueryPaginator(s.db, query); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return 0, storeError(err)
			}
			count += int(page.Count)
		}
	}
	return count, nil
}

// cursor reads the rows of one table above a revision, one page at a time.
type cursor struct {
	table string
	pages *dynamodb.QueryPaginator
	page  []recordRow
}

func (s *Store) cursor(table, partition string, revision int64) *cursor {
	return &cursor{table: table, pages: dynamodb.NewQueryPaginator(s.db, above(table, partition, revision))}
}

// fill reads the next page if this one is used up; an empty page is the end.
func (c *cursor) fill(ctx context.Context) error {
	for len(c.page) == 0 && c.pages.HasMorePages() {
		page, err := c.pages.NextPage(ctx)
		if err != nil {
			return storeError(err)
		}
		if c.page, err = decodeAll[recordRow](page.Items); err != nil {
			return err
		}
		for i := range c.page {
			c.page[i].table = c.table
		}
	}
	return nil
}

func above(table, partition string, revision int64) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName: &table, IndexName: aws.String(names.RevisionIndex), ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("user_id = :id AND revision > :above"),
		ExpressionAttributeValues: item{":id": str(partition), ":above": num(revision)},
	}
}

// smallRecords is the maximum number of records in a table that count as small.
const smallRecords = 100

// Small implements vault.Store.
func (s *Store) Small(ctx context.Context, name vault.Username, since, limit int64) (bool, error) {
	u, err := s.userRow(ctx, name)
	switch {
	case errors.Is(err, vault.ErrNotFound):
		return true, nil
	case err != nil || since >= u.Revision:
		return err == nil, err
	}
	return s.small(ctx, u.ID, since, limit)
}

func (s *Store) small(ctx context.Context, partition string, since, limit int64) (bool, error) {
	for _, table := range s.recordTables() {
		query := above(table, partition, since)
		query.Limit = aws.Int32(smallRecords)
		page, err := s.db.Query(ctx, query)
		if err != nil {
			return false, storeError(err)
		}
		rows, err := decodeAll[recordRow](page.Items)
		if err != nil {
			return false, err
		}
		for _, r := range rows {
			limit -= int64(len(r.Token))
		}
		if len(page.LastEvaluatedKey) > 0 || limit < 0 {
			return false, nil
		}
	}
	return true, nil
}

// recordPlace is where a row is, in the partition of a vault.
type recordPlace struct{ table, recordID string }

// isWhole reports whether records, read from below at.revision, are the complete state at that revision.
func isWhole(records map[recordPlace]recordRow, at state) bool {
	head := 0
	for _, r := range records {
		if r.Revision > at.revision {
			return false
		}
		if r.Revision == at.revision {
			head++
		}
	}
	return head == at.rows
}

// readInto adds all rows above a revision to records; a newer row of a place replaces an older one.
func (s *Store) readInto(ctx context.Context, records map[recordPlace]recordRow, partition string, above int64) error {
	tables := s.recordTables()
	lists := make([][]recordRow, len(tables))
	g, ctx := errgroup.WithContext(ctx)
	for i, table := range tables {
		g.Go(func() (err error) { lists[i], err = s.query(ctx, table, partition, above); return err })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, r := range slices.Concat(lists...) {
		place := recordPlace{r.table, r.RecordID}
		if old, ok := records[place]; !ok || old.Revision <= r.Revision {
			records[place] = r
		}
	}
	return nil
}

// query reads all rows of a table above a revision. It returns errLarge if they exceed maxSnapshotBytes.
func (s *Store) query(ctx context.Context, table, partition string, above int64) ([]recordRow, error) {
	var records []recordRow
	size := 0
	c := s.cursor(table, partition, above)
	for {
		c.page = nil
		if err := c.fill(ctx); err != nil || len(c.page) == 0 {
			return records, err
		}
		for _, r := range c.page {
			size += len(r.Token) + vault.RecordWeight // in format 2, each save leaves a tombstone
		}
		if size > maxSnapshotBytes {
			return nil, errLarge
		}
		records = append(records, c.page...)
	}
}
