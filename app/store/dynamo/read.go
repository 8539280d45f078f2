package dynamo

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"golang.org/x/sync/errgroup"

	"github.com/vaultsphere/vaultsphere/app/api"
	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// readTries is how often Changes reads on after a vault that moves while it is read.
const readTries = 12

// settledUser reads the row of a user who is not being deleted, after rolling a pending change forward.
func (s *Store) settledUser(ctx context.Context, name vault.Username) (userRow, error) {
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
			return userRow{}, fmt.Errorf("%w: large changes follow each other too fast", vault.ErrStoreUnavailable)
		}
		if err := s.rollForward(ctx, u); err != nil {
			return userRow{}, err
		}
	}
}

// Changes implements vault.Store.
//
// A query is no snapshot: it may see some rows of a change and miss others, even a little after the user's row shows
// its revision, since DynamoDB makes the rows of a transaction visible one by one. So the rows are read until nothing
// moved between two reads of the user's row and the newest change is there with all its records, which the user's row
// counts. Older changes are whole by then: a change is made by someone who had an answer of this function, or of Apply,
// for the one before.
func (s *Store) Changes(ctx context.Context, name vault.Username, since int64) (api.VaultResponse, error) {
	u, err := s.settledUser(ctx, name)
	if err != nil {
		return api.VaultResponse{}, err
	}
	since = max(since, 0)
	records := map[api.Place]api.Record{}
	from := since
	for try := 1; since < u.Revision; try++ {
		if err := s.readInto(ctx, records, u.ID, from); err != nil {
			return api.VaultResponse{}, err
		}
		before := u
		if u, err = s.settledUser(ctx, name); err != nil {
			return api.VaultResponse{}, err
		}
		if u.ID != before.ID {
			return api.VaultResponse{}, fmt.Errorf("user: %w", vault.ErrNotFound)
		}
		if u.Revision == before.Revision && isWhole(records, u) {
			break
		}
		if try == readTries {
			return api.VaultResponse{}, fmt.Errorf("%w: the vault changes faster than it can be read", vault.ErrStoreUnavailable)
		}
		// The newest revision of the last round is read again, for it may have been seen in part.
		from = max(since, before.Revision-1)
		if err := pause(ctx, min(try, 2)); err != nil {
			return api.VaultResponse{}, err
		}
	}
	r := api.VaultResponse{Revision: u.Revision, Manifest: u.Manifest, Records: make([]api.Record, 0, len(records))}
	for _, rec := range records {
		if since > 0 || !rec.Deleted {
			r.Records = append(r.Records, rec)
		}
	}
	slices.SortFunc(r.Records, func(a, b api.Record) int {
		return cmp.Or(cmp.Compare(a.Revision, b.Revision), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.Version, b.Version))
	})
	return r, nil
}

// isWhole tells whether records, read from below u.Revision on, are the state at u.Revision.
func isWhole(records map[api.Place]api.Record, u userRow) bool {
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

// readInto adds all rows above revision to records; a newer row of a record replaces an older one. Accounts lie under
// version 0, since all their versions are one record.
func (s *Store) readInto(ctx context.Context, records map[api.Place]api.Record, userID string, above int64) error {
	var accounts, passwords []api.Record
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { accounts, err = s.query(ctx, api.KindAccount, userID, above); return err })
	g.Go(func() (err error) { passwords, err = s.query(ctx, api.KindPassword, userID, above); return err })
	if err := g.Wait(); err != nil {
		return err
	}
	for _, list := range [][]api.Record{accounts, passwords} {
		for _, r := range list {
			key := recordOf(r.Place)
			if old, ok := records[key]; !ok || old.Revision <= r.Revision {
				records[key] = r
			}
		}
	}
	return nil
}

func recordOf(p api.Place) api.Place {
	if p.Kind == api.KindAccount {
		p.Version = 0
	}
	return p
}

func (s *Store) query(ctx context.Context, kind api.Kind, userID string, above int64) ([]api.Record, error) {
	var records []api.Record
	pages := dynamodb.NewQueryPaginator(s.db, &dynamodb.QueryInput{
		TableName: aws.String(s.tableOf(kind)), IndexName: aws.String(names.RevisionIndex), ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("user_id = :id AND revision > :above"),
		ExpressionAttributeValues: item{":id": str(userID), ":above": num(above)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, storeError(err)
		}
		for _, row := range page.Items {
			var r recordRow
			if err := decode(row, &r); err != nil {
				return nil, err
			}
			records = append(records, r.record(kind))
		}
	}
	return records, nil
}
