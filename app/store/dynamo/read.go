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
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// readTries is how often a read is tried while the vault keeps changing.
const readTries = 12

// upToDateUser rolls a pending change forward and reads the user's row. A user being deleted is not found.
func (s *Store) upToDateUser(ctx context.Context, name vault.Username) (userRow, error) {
	for try := 1; ; try++ {
		u, err := s.userRow(ctx, name)
		switch {
		case err != nil:
			return userRow{}, err
		case u.Deleting:
			return userRow{}, fmt.Errorf("user: %w", vault.ErrNotFound)
		case u.Pending == nil:
			return u, nil
		case try == readTries:
			return userRow{}, fmt.Errorf("%w: large changes follow each other too quickly", vault.ErrStoreUnavailable)
		}
		if err := s.rollForward(ctx, u); err != nil {
			return userRow{}, err
		}
	}
}

// maxSnapshotBytes limits the tokens that are read into memory together. A larger vault is streamed.
const maxSnapshotBytes = 2 << 20

var errLarge = errors.New("larger than a snapshot")

// Changes implements vault.Store.
//
// A query is not a snapshot: it may see only some rows of a change, even after the user's row shows its revision, because
// DynamoDB makes the rows of a transaction visible one by one. A small vault is read again until the result is consistent. A
// large one does not fit into memory: it is passed on while it is read, and the read fails if the vault changes.
func (s *Store) Changes(ctx context.Context, name vault.Username, since int64, w vault.ChangeWriter) error {
	since = max(since, 0)
	u, records, err := s.snapshot(ctx, name, since)
	if errors.Is(err, errLarge) {
		return s.stream(ctx, name, since, w)
	}
	if err != nil {
		return err
	}
	if err := w.Begin(vault.Head{Revision: u.Revision, Manifest: u.Manifest}); err != nil {
		return err
	}
	for _, r := range records {
		if err := writeRecord(w, r, since); err != nil {
			return err
		}
	}
	return nil
}

func writeRecord(w vault.ChangeWriter, r protocol.Record, since int64) error {
	if since == 0 && r.Deleted {
		return nil
	}
	return w.Write(r)
}

// snapshot reads the rows until the user's row did not change during the read and all records of the newest change are there;
// the user's row has their number. Older changes are complete by then, because each change is based on an answer of this
// function or of Apply. It returns errLarge if the vault is too large.
func (s *Store) snapshot(ctx context.Context, name vault.Username, since int64) (userRow, []protocol.Record, error) {
	u, err := s.upToDateUser(ctx, name)
	if err != nil {
		return userRow{}, nil, err
	}
	records := map[protocol.Place]protocol.Record{}
	from := since
	for try := 1; since < u.Revision; try++ {
		if err := s.readInto(ctx, records, u.ID, from); err != nil {
			return userRow{}, nil, err
		}
		before := u
		if u, err = s.upToDateUser(ctx, name); err != nil {
			return userRow{}, nil, err
		}
		if u.ID != before.ID {
			return userRow{}, nil, fmt.Errorf("user: %w", vault.ErrNotFound)
		}
		if u.Revision == before.Revision && isWhole(records, u) {
			break
		}
		if try == readTries {
			return userRow{}, nil, errMoves
		}
		// Read the newest revision of the last round again: it may have been incomplete.
		from = max(since, before.Revision-1)
		if err := pause(ctx, min(try, 2)); err != nil {
			return userRow{}, nil, err
		}
	}
	return u, slices.SortedFunc(maps.Values(records), byRevision), nil
}

var errMoves = fmt.Errorf("%w: the vault changes faster than it can be read", vault.ErrStoreUnavailable)

func byRevision(a, b protocol.Record) int {
	return cmp.Or(cmp.Compare(a.Revision, b.Revision), cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.ItemID, b.ItemID), cmp.Compare(a.Version, b.Version))
}

// stream passes the records on as it reads them, merging both tables in the order of revisions.
func (s *Store) stream(ctx context.Context, name vault.Username, since int64, w vault.ChangeWriter) error {
	u, err := s.wholeUser(ctx, name)
	if err != nil {
		return err
	}
	if err := w.Begin(vault.Head{Revision: u.Revision, Manifest: u.Manifest}); err != nil {
		return err
	}
	overviews, details := s.cursor(protocol.KindOverview, u.ID, since), s.cursor(protocol.KindDetails, u.ID, since)
	for {
		if err := errors.Join(overviews.fill(ctx), details.fill(ctx)); err != nil {
			return err
		}
		from := overviews
		if len(from.page) == 0 || len(details.page) > 0 && byRevision(details.page[0], from.page[0]) < 0 {
			from = details
		}
		if len(from.page) == 0 {
			break
		}
		r := from.page[0]
		from.page = from.page[1:]
		if r.Revision > u.Revision {
			return errMoves // the record that it replaced is gone, or was passed on already
		}
		if err := writeRecord(w, r, since); err != nil {
			return err
		}
	}
	now, err := s.userRow(ctx, name)
	if err != nil {
		return err
	}
	if now.ID != u.ID || now.Revision != u.Revision {
		return errMoves
	}
	return nil
}

// wholeUser reads a user's row, and waits until all records of the newest change are visible.
func (s *Store) wholeUser(ctx context.Context, name vault.Username) (userRow, error) {
	for try := 1; ; try++ {
		u, err := s.upToDateUser(ctx, name)
		if err != nil {
			return userRow{}, err
		}
		newest, err := s.countAbove(ctx, u.ID, u.Revision-1)
		switch {
		case err != nil:
			return userRow{}, err
		case newest == u.HeadRecords:
			return u, nil
		case try == readTries:
			return userRow{}, errMoves
		}
		if err := pause(ctx, min(try, 2)); err != nil {
			return userRow{}, err
		}
	}
}

func (s *Store) countAbove(ctx context.Context, userID string, revision int64) (count int, err error) {
	for _, kind := range []protocol.Kind{protocol.KindOverview, protocol.KindDetails} {
		query := s.above(kind, userID, revision)
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
	kind  protocol.Kind
	pages *dynamodb.QueryPaginator
	page  []protocol.Record
}

func (s *Store) cursor(kind protocol.Kind, userID string, above int64) *cursor {
	return &cursor{kind: kind, pages: dynamodb.NewQueryPaginator(s.db, s.above(kind, userID, above))}
}

// fill reads the next page if this one is used up; an empty page is the end.
func (c *cursor) fill(ctx context.Context) error {
	for len(c.page) == 0 && c.pages.HasMorePages() {
		page, err := c.pages.NextPage(ctx)
		if err != nil {
			return storeError(err)
		}
		rows, err := decodeAll[recordRow](page.Items)
		if err != nil {
			return err
		}
		for _, r := range rows {
			c.page = append(c.page, r.record(c.kind))
		}
	}
	return nil
}

func (s *Store) above(kind protocol.Kind, userID string, revision int64) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName: aws.String(s.tableOf(kind)), IndexName: aws.String(names.RevisionIndex), ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("user_id = :id AND revision > :above"),
		ExpressionAttributeValues: item{":id": str(userID), ":above": num(revision)},
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
	for _, kind := range []protocol.Kind{protocol.KindOverview, protocol.KindDetails} {
		query := s.above(kind, u.ID, since)
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

// isWhole reports whether records, read from below u.Revision, are the complete state at u.Revision.
func isWhole(records map[protocol.Place]protocol.Record, u userRow) bool {
	head := 0
	for _, r := range records {
		if r.Revision > u.Revision {
			return false
		}
		if r.Revision == u.Revision {
			head++
		}
	}
	return head == u.HeadRecords
}

// readInto adds all rows above a revision to records; a newer row of a record replaces an older one. The key of an overview
// has version 0, because all versions are one record.
func (s *Store) readInto(ctx context.Context, records map[protocol.Place]protocol.Record, userID string, above int64) error {
	var overviews, details []protocol.Record
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { overviews, err = s.query(ctx, protocol.KindOverview, userID, above); return err })
	g.Go(func() (err error) { details, err = s.query(ctx, protocol.KindDetails, userID, above); return err })
	if err := g.Wait(); err != nil {
		return err
	}
	for _, list := range [][]protocol.Record{overviews, details} {
		for _, r := range list {
			key := recordOf(r.Place)
			if old, ok := records[key]; !ok || old.Revision <= r.Revision {
				records[key] = r
			}
		}
	}
	return nil
}

func recordOf(p protocol.Place) protocol.Place {
	if p.Kind == protocol.KindOverview {
		p.Version = 0
	}
	return p
}

// query reads all rows of a table above a revision. It returns errLarge if they exceed maxSnapshotBytes.
func (s *Store) query(ctx context.Context, kind protocol.Kind, userID string, above int64) ([]protocol.Record, error) {
	var records []protocol.Record
	size := 0
	c := s.cursor(kind, userID, above)
	for {
		c.page = nil
		if err := c.fill(ctx); err != nil || len(c.page) == 0 {
			return records, err
		}
		for _, r := range c.page {
			size += len(r.Token)
		}
		if size > maxSnapshotBytes {
			return nil, errLarge
		}
		records = append(records, c.page...)
	}
}
