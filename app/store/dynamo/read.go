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

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// readTries is how often a read is tried while the vault keeps changing.
const readTries = 12

// delta reads the records of a vault that changed above a revision.
type delta struct {
	*Store
	vault chain.ID
	since int64
	to    vault.ChangeWriter
}

// Changes implements vault.Store.
func (s *Store) Changes(ctx context.Context, id chain.ID, since int64, w vault.ChangeWriter) error {
	return delta{s, id, max(since, 0), w}.read(ctx)
}

func (d delta) newest(ctx context.Context) (headRow, error) { return d.upToDateHead(ctx, d.vault) }

func (d delta) begin(at headRow) error {
	h, err := at.head()
	if err != nil {
		return err
	}
	return d.to.Begin(h)
}

// maxSnapshotBytes limits the records that are read into memory together. A larger vault is streamed.
const maxSnapshotBytes = 2 << 20

var errLarge = errors.New("larger than a snapshot")

// read passes on one consistent state.
//
// A query is not a snapshot: it may see only some rows of a change, even after the head shows its revision, because
// DynamoDB makes the rows of a transaction visible one by one. A small vault is read again until the result is consistent. A
// large one does not fit into memory: it is passed on while it is read, and the read fails if the vault changes.
func (d delta) read(ctx context.Context) error {
	at, rows, err := d.snapshot(ctx)
	if errors.Is(err, errLarge) {
		return d.stream(ctx)
	}
	if err != nil {
		return err
	}
	if err := d.begin(at); err != nil {
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
	o, err := operationOf(r.Operation)
	if err != nil {
		return err
	}
	if r.Deleted {
		o.Hash = chain.Hash{}
	}
	return d.to.Write(vault.Record{Line: o.Line, Revision: r.Revision, Token: r.Token, Deleted: r.Deleted})
}

// snapshot reads the rows until the head did not change during the read and all records of the newest change are there;
// the head has their number. Older changes are complete by then, because each change is based on an answer of this
// function or on a change that was acknowledged. It returns errLarge if the vault is too large.
func (d delta) snapshot(ctx context.Context) (headRow, []recordRow, error) {
	at, err := d.newest(ctx)
	if err != nil {
		return at, nil, err
	}
	records := map[recordPlace]recordRow{}
	from := d.since
	for try := 1; d.since < at.Revision; try++ {
		if err := d.readInto(ctx, records, at.Vault, from); err != nil {
			return at, nil, err
		}
		before := at
		if at, err = d.newest(ctx); err != nil {
			return at, nil, err
		}
		if at.Revision == before.Revision && isWhole(records, at) {
			break
		}
		if try == readTries {
			return at, nil, errMoves
		}
		// Read the newest revision of the last round again: it may have been incomplete.
		from = max(d.since, before.Revision-1)
		if err := pause(ctx, min(try, 2)); err != nil {
			return at, nil, err
		}
	}
	return at, slices.SortedFunc(maps.Values(records), byRevision), nil
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
	if err := d.begin(at); err != nil {
		return err
	}
	accounts, passwords := d.cursor(d.table.Accounts, at.Vault, d.since), d.cursor(d.table.Passwords, at.Vault, d.since)
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
		if r.Revision > at.Revision {
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
	if now.Revision != at.Revision {
		return errMoves
	}
	return nil
}

// whole reads the head, and waits until all records of the newest change are visible.
func (d delta) whole(ctx context.Context) (headRow, error) {
	for try := 1; ; try++ {
		at, err := d.newest(ctx)
		if err != nil {
			return headRow{}, err
		}
		newest, err := d.countAbove(ctx, at.Vault, at.Revision-1)
		switch {
		case err != nil:
			return headRow{}, err
		case newest == at.HeadRecords:
			return at, nil
		case try == readTries:
			return headRow{}, errMoves
		}
		if err := pause(ctx, min(try, 2)); err != nil {
			return headRow{}, err
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
		KeyConditionExpression:    aws.String(names.RecordsPartitionKey + " = :id AND revision > :above"),
		ExpressionAttributeValues: item{":id": str(partition), ":above": num(revision)},
	}
}

// smallRecords is the maximum number of records in a table that count as small.
const smallRecords = 100

// Small implements vault.Store.
func (s *Store) Small(ctx context.Context, id chain.ID, since, limit int64) (bool, error) {
	for _, table := range s.recordTables() {
		query := above(table, id.String(), since)
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

// isWhole reports whether records, read from below at.Revision, are the complete state at that head.
func isWhole(records map[recordPlace]recordRow, at headRow) bool {
	head := 0
	for _, r := range records {
		if r.Revision > at.Revision {
			return false
		}
		if r.Revision == at.Revision {
			head++
		}
	}
	return head == at.HeadRecords
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
			size += len(r.Token) + vault.RecordWeight // each save leaves a tombstone
		}
		if size > maxSnapshotBytes {
			return nil, errLarge
		}
		records = append(records, c.page...)
	}
}
